package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/subnet/types"
)

func TestNextSlotIsTheNextHeightOfTheRule(t *testing.T) {
	for _, netuid := range []gotensor.NetUID{1, 2, 7, 300} {
		for _, tempo := range []uint64{1, 2, 9, 360} {
			for above := int64(0); above < 800; above++ {
				want := above + 1
				for (uint64(want)+uint64(netuid)+1)%(tempo+1) != 0 {
					want++
				}
				require.Equal(t, want, types.NextSlot(netuid, above, tempo), "netuid %d, tempo %d, above %d", netuid, tempo, above)
			}
		}
	}
}

func TestClock(t *testing.T) {
	c := types.StartClock(1, 0, 9)
	require.Equal(t, types.Clock{NextBoundary: 8, Tempo: 9}, c, "(8 + 1 + 1) mod 10 = 0")
	require.Equal(t, c, types.StartClock(1, 1, 9), "block 1 is the first in either case")
	require.Equal(t, int64(8), types.StartClock(1, 8, 9).NextBoundary, "a chain that begins at 8 has its slot there")
	require.False(t, c.Due(7))
	require.True(t, c.Due(8))
	c = c.Advance(1, 8, 9)
	require.Equal(t, types.Clock{Epoch: 1, LastBoundary: 8, NextBoundary: 18, Tempo: 9}, c)
	c = c.Advance(1, 20, 4)
	require.Equal(t, types.Clock{Epoch: 2, LastBoundary: 20, NextBoundary: 23, Tempo: 4, PreviousBoundary: 8}, c, "late by two blocks, new tempo")
}

func TestClockValidate(t *testing.T) {
	good := []types.Clock{{}, {NextBoundary: 8, Tempo: 9}, {Epoch: 1, LastBoundary: 8, NextBoundary: 18, Tempo: 9}}
	for _, c := range good {
		require.NoError(t, c.Validate())
	}
	bad := map[string]types.Clock{
		"half set":       {Epoch: 1},
		"descending":     {Epoch: 1, LastBoundary: 8, NextBoundary: 8, Tempo: 9},
		"negative":       {NextBoundary: 8, PreviousBoundary: -1, Tempo: 9},
		"no tempo":       {NextBoundary: 8},
		"huge tempo":     {NextBoundary: 8, Tempo: types.MaxTempo + 1},
		"epoch too soon": {Epoch: 1, NextBoundary: 8, Tempo: 9},
	}
	for name, c := range bad {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, c.Validate(), types.ErrInvalidGenesis) })
	}
}
