package keeper

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/x/weights/types"
)

// Export in mid-stream (a commitment open, one revealed, bonds written), import, export: the same bytes, and both chains go
// on alike.
func TestExportImportExport(t *testing.T) {
	c := start(t, 3, 5)
	c.until(1)
	open, done := c.hide(0, 1, 3), c.hide(2, 0, 1, 1, 2)
	require.NoError(t, c.commit(open))
	require.NoError(t, c.commit(done))
	c.until(2)
	require.NoError(t, c.reveal(done))
	later := c.hide(2, 1, 2)
	require.NoError(t, c.commit(later))
	require.NoError(t, c.SetBonds(c.ctx, netuid, c.neurons, [][]types.Entry{{{UID: 1, Value: 5}}, nil, {{UID: 0, Value: 7}}}))
	c.next()

	first, err := c.ExportGenesis(c.ctx)
	require.NoError(t, err)
	require.NoError(t, first.Validate())
	want, err := first.Marshal()
	require.NoError(t, err)

	d := start(t, 3, 5)
	d.clock, d.ctx, d.neurons = c.clock, d.ctx.WithBlockHeight(c.ctx.BlockHeight()), c.neurons
	require.NoError(t, d.InitGenesis(d.ctx, first))
	second, err := d.ExportGenesis(d.ctx)
	require.NoError(t, err)
	got, err := second.Marshal()
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, d.reveal(open))
	d.until(3)
	require.NoError(t, d.reveal(later))
	require.Equal(t, []types.Entry{{UID: 1, Value: 2}}, d.rowsInForce()[2])
}

func TestInitGenesisRefuses(t *testing.T) {
	row := types.Row{Uids: []byte{5, 0}, Values: []byte{1, 0}}
	tests := map[string]types.GenesisNeuronWeights{
		"not registered":       {Netuid: uint32(netuid), Hotkey: text(9)},
		"another registration": {Netuid: uint32(netuid), Hotkey: text(0), RegisteredHeight: 4},
		"weights beyond":       {Netuid: uint32(netuid), Hotkey: text(0), Weights: row},
		"bonds beyond":         {Netuid: uint32(netuid), Hotkey: text(0), Bonds: row},
		"malformed":            {Netuid: 0, Hotkey: text(0)},
	}
	for name, entry := range tests {
		t.Run(name, func(t *testing.T) {
			c := start(t, 2, 5)
			require.ErrorIs(t, c.InitGenesis(c.ctx, &types.GenesisState{Neurons: []types.GenesisNeuronWeights{entry}}), types.ErrGenesis)
		})
	}
}
