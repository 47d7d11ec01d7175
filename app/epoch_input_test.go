package app_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/testnet"
	emissionkeeper "github.com/gotensor/gotensor/x/emission/keeper"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	weightskeeper "github.com/gotensor/gotensor/x/weights/keeper"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// TestEpochInputAndSlashing: what can be asked for the block before a boundary is what the epoch reads, but for the stake of a producer that
// is slashed in the boundary's own block; the column of the stake that the epoch saw has it, which is where clients read it.
func TestEpochInputAndSlashing(t *testing.T) {
	for _, slashed := range []bool{false, true} {
		k := newCast()
		c := testnet.New(t, k.spec())
		play(t, c, k)
		c.Blocks(int(c.Clock().NextBoundary - 1 - c.Height()))
		in, err := emissionkeeper.NewQueryServer(c.Emission).EpochInput(c.Context(), &emissiontypes.QueryEpochInputRequest{Netuid: 1})
		require.NoError(t, err)
		require.Equal(t, c.Height(), in.Height)
		require.NotEmpty(t, in.Bonds)
		// The last commitments were not revealed: the boundary itself takes the rows out of force, before the epoch.
		now, err := weightskeeper.NewQueryServer(c.Weights).Weights(c.Context(), &weightstypes.QueryWeightsRequest{Netuid: 1})
		require.NoError(t, err)
		require.NotEmpty(t, now.Rows)
		require.Empty(t, in.Weights)
		if slashed {
			signTwice(c, k.alice)
		}
		c.Block()
		report, err := c.Emission.Report(c.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, in.Height+1, report.Height)
		require.Equal(t, in.Epoch, report.Epoch)
		require.Empty(t, report.Error)
		columns, err := c.Neuron.Columns(c.Context(), 1)
		require.NoError(t, err)
		for uid, seen := range columns.Stake {
			before := binary.LittleEndian.Uint64(in.Stake[8*uid:])
			if slashed && uid == int(c.UID(k.aliceHot)) {
				require.Equal(t, before-before/20, uint64(seen), "5 % less")
				continue
			}
			require.Equal(t, before, uint64(seen))
		}
	}
}
