package chain_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/yuma"
)

// played is a node whose subnet has had five epochs, at blocks 10, 20, ... 50.
func played(t *testing.T, change func(*fakenode.World)) (*fakenode.Node, *chain.Client) {
	t.Helper()
	return begin(t, chain.Options{}, func(w *fakenode.World) {
		require.NoError(t, w.Play(5, func(epoch int) { w.Neurons[0].Row[1].Value = uint16(10_000 * (epoch + 1)) }))
		if change != nil {
			change(w)
		}
	})
}

func TestEpochReadsWhatTheChainRan(t *testing.T) {
	_, c := played(t, nil)
	for _, tc := range []struct {
		ask    int64
		epoch  uint64
		height int64
	}{{-1, 4, 50}, {4, 4, 50}, {-5, 0, 10}, {0, 0, 10}, {2, 2, 30}, {-2, 3, 40}} {
		e, err := c.Epoch(bounded(t), 1, tc.ask)
		require.NoError(t, err)
		require.Equal(t, tc.epoch, e.Report.Epoch)
		require.Equal(t, tc.height, e.Report.Height)
		require.EqualValues(t, tc.height, e.Input.Block)
		require.Empty(t, e.Slashed)
		require.Empty(t, e.Replaced)
		out, err := yuma.Epoch(&e.Input)
		require.NoError(t, err)
		for n := range e.After.All() {
			require.Equal(t, n.Incentive, out.Incentive[n.UID])
			require.Equal(t, n.Dividends, out.Dividends[n.UID])
		}
		require.Equal(t, e.OwnerCut+e.Input.Emission, gotensor.Rao(e.Report.Drained))
		require.Equal(t, uint16(10_000*(tc.epoch+1)), e.Input.Weights[0].Values[1])
	}
}

func TestEpochThatIsNotThere(t *testing.T) {
	node, c := played(t, nil)
	_, err := c.Epoch(bounded(t), 1, 5)
	require.ErrorIs(t, err, chain.ErrNotEnded)
	_, err = c.Epoch(bounded(t), 1, -6)
	require.ErrorIs(t, err, chain.ErrNotFound)
	require.ErrorContains(t, err, "has had 5 epochs, 0 to 4")
	_, err = c.Epoch(bounded(t), 2, 0)
	require.ErrorIs(t, err, chain.ErrNotFound)

	node.Edit(func(w *fakenode.World) { w.Pruned = 39 })
	_, err = c.Epoch(bounded(t), 1, -1)
	require.NoError(t, err)
	for _, number := range []int64{0, 2, 3} { // the state before block 40 is gone
		_, err = c.Epoch(bounded(t), 1, number)
		require.ErrorIs(t, err, chain.ErrPruned)
		require.ErrorContains(t, err, `pruning = "nothing"`)
	}
}

// With periods of changing length the first guess is wrong, and bisection finds the boundary.
func TestEpochAfterAChangeOfTempo(t *testing.T) {
	_, c := played(t, func(w *fakenode.World) { w.Tempo = 20 })
	for number := range int64(5) {
		r, err := c.EpochReport(bounded(t), 1, number)
		require.NoError(t, err)
		require.Equal(t, 10*(number+1), r.Height)
	}
}

// What happens in the boundary's own block is told: stake that is slashed before the epoch, and uids that change hands after it.
func TestEpochInAnEventfulBlock(t *testing.T) {
	_, c := begin(t, chain.Options{}, func(w *fakenode.World) {
		require.NoError(t, w.Play(2, nil))
		w.Height -= 2 // the boundary's block itself
		w.Neurons[0].Stake -= gotensor.RaoPerTAO
		w.Neurons[2].Hotkey, w.Neurons[2].Registered = fakenode.Addr("newcomer"), w.Height
	})
	e, err := c.Epoch(bounded(t), 1, -1)
	require.NoError(t, err)
	require.Equal(t, []gotensor.UID{0}, e.Slashed)
	require.Equal(t, []gotensor.UID{2}, e.Replaced)
	require.Equal(t, 1009*gotensor.RaoPerTAO, e.Input.Alpha[0])
}

func TestFailedEpoch(t *testing.T) {
	_, c := played(t, func(w *fakenode.World) { w.Fail("emission: payouts are halted: supply") })
	_, err := c.Epoch(bounded(t), 1, -1)
	require.ErrorIs(t, err, chain.ErrUnpaid)
	require.ErrorContains(t, err, "epoch 4 of subnet 1 at block 50: emission: payouts are halted: supply; nobody was paid, and 10")
}

// A node that lies about the tempo gets no guess computed from it: the number of blocks of a period would overflow.
func TestEpochOfAnAbsurdTempo(t *testing.T) {
	node, c := played(t, nil)
	node.Edit(func(w *fakenode.World) { w.Tempo = math.MinInt64 })
	_, err := c.Epoch(bounded(t), 1, 0)
	require.ErrorIs(t, err, chain.ErrBadAnswer)
	require.ErrorContains(t, err, "tempo of subnet 1")
}
