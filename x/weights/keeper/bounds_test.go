package keeper

import (
	"testing"

	"github.com/stretchr/testify/require"

	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	"github.com/gotensor/gotensor/x/weights/types"
)

// TestNobodyCanSpoilAReveal: what others may change between a commitment and its reveal does not make the reveal impossible.
func TestNobodyCanSpoilAReveal(t *testing.T) {
	for name, spoil := range map[string]func(c *chain){
		"the owner asks for more entries": func(c *chain) { c.hyper.MinAllowedWeights = 4 },
		"the owner allows fewer entries":  func(c *chain) { c.hyper.MaxAllowedUIDs, c.hyper.MinAllowedWeights = 2, 2 },
		"somebody registers": func(c *chain) {
			c.neurons = append(c.neurons, neurontypes.Neuron{Uid: 4, Hotkey: text(4), RegisteredHeight: c.ctx.BlockHeight()})
			c.permits = append(c.permits, false)
		},
		"a weighed uid changes hands": func(c *chain) { c.replace(1, 7) },
		"the permit is lost":          func(c *chain) { c.permits[0] = false },
		"the chain is exported and imported": func(c *chain) {
			state, err := c.ExportGenesis(c.ctx)
			require.NoError(t, err)
			d := start(t, 4, 5)
			d.clock, d.neurons, d.permits, d.ctx = c.clock, c.neurons, c.permits, d.ctx.WithBlockHeight(c.ctx.BlockHeight())
			require.NoError(t, d.InitGenesis(d.ctx, state))
			d.hyper.MinAllowedWeights = 4
			*c = *d
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, 4, 5)
			c.hyper.MinAllowedWeights = 3
			if name == "somebody registers" {
				c.hyper.MinAllowedWeights = 5 // more than there are: all of them will do
			}
			c.until(1)
			h := c.hide(0, 0, 0, 1, 5, 2, 6)
			if name == "somebody registers" {
				h = c.hide(0, 0, 0, 1, 5, 2, 6, 3, 0)
			}
			require.NoError(t, c.commit(h))
			c.until(2)
			spoil(c)
			require.NoError(t, c.reveal(h))
			c.until(3)
			require.Empty(t, c.events(missedEvent))
			require.Len(t, c.rowsInForce()[0], h.row.Len())
		})
	}
}

// TestBoundsOfAnOldCommitment: a commitment without bounds, of a chain that did not note them, is judged by the present ones.
func TestBoundsOfAnOldCommitment(t *testing.T) {
	c := start(t, 4, 5)
	c.until(1)
	h := c.hide(0, 1, 5, 2, 6)
	require.NoError(t, c.commit(h))
	state, err := c.ExportGenesis(c.ctx)
	require.NoError(t, err)
	noted := &state.Neurons[0].Commitments[0]
	require.Equal(t, []uint32{1, 256}, []uint32{noted.LeastEntries, noted.MostEntries})

	noted.LeastEntries = 257
	require.ErrorIs(t, state.Validate(), types.ErrGenesis)
	noted.LeastEntries, noted.MostEntries = 0, types.MaxEntries+1
	require.ErrorIs(t, state.Validate(), types.ErrGenesis)
	noted.MostEntries = 0
	require.NoError(t, c.InitGenesis(c.ctx, state))
	c.until(2)
	c.hyper.MinAllowedWeights = 3
	require.ErrorContains(t, c.reveal(h), "at least 3")
	c.hyper.MinAllowedWeights = 2
	require.NoError(t, c.reveal(h))
}
