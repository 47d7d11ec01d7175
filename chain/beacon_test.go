package chain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/metagraph"
)

func TestBeacon(t *testing.T) {
	n, c := begin(t, chain.Options{}, nil) // block 12, in period 1 of 10 blocks
	beacon := func(height int64) [32]byte {
		n.Edit(func(w *fakenode.World) { w.Height = height })
		m, err := c.Metagraph(bounded(t), 1)
		require.NoError(t, err)
		b, err := c.Beacon(bounded(t), m)
		require.NoError(t, err)
		return b
	}
	first := beacon(12)
	require.NotZero(t, first)
	require.Equal(t, first, beacon(10), "from the boundary on")
	require.Equal(t, first, beacon(19), "to the end of the period")
	require.NotEqual(t, first, beacon(20))

	of := func(change func(*metagraph.Info)) (*metagraph.Metagraph, error) {
		info := metagraph.Info{NetUID: 1, Epoch: 1, LastBoundary: 10, NextBoundary: 20}
		change(&info)
		return metagraph.New(info, nil)
	}
	for name, change := range map[string]func(*metagraph.Info){
		"another subnet": func(i *metagraph.Info) { i.NetUID = 2 },
		"another period": func(i *metagraph.Info) { i.Epoch = 2 },
		"another block":  func(i *metagraph.Info) { i.LastBoundary = 11 },
	} {
		t.Run(name, func(t *testing.T) {
			m, err := of(change)
			require.NoError(t, err)
			other, err := c.Beacon(bounded(t), m)
			require.NoError(t, err)
			require.NotEqual(t, first, other)
		})
	}
	t.Run("the first period", func(t *testing.T) {
		m, err := of(func(i *metagraph.Info) { i.LastBoundary = 0 })
		require.NoError(t, err)
		_, err = c.Beacon(bounded(t), m)
		require.ErrorIs(t, err, chain.ErrNotFound)
	})
	t.Run("a block that the node lacks", func(t *testing.T) {
		m, err := of(func(i *metagraph.Info) { i.LastBoundary = 1000 })
		require.NoError(t, err)
		_, err = c.Beacon(bounded(t), m)
		require.ErrorContains(t, err, "block 1000")
	})
	t.Run("a broken hash", func(t *testing.T) {
		n.Break(func(f *fakenode.Faults) { f.ShortHash = true })
		m, err := of(func(*metagraph.Info) {})
		require.NoError(t, err)
		_, err = c.Beacon(bounded(t), m)
		require.ErrorIs(t, err, chain.ErrBadAnswer)
	})
}
