package chain_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/internal/logbook"
	"github.com/gotensor/gotensor/metagraph"
)

const (
	statusMethod    = "/gotensor.subnet.v1.Query/Status"
	metagraphMethod = "/gotensor.neuron.v1.Query/Metagraph"
)

var errSeen = errors.New("seen enough")

// TestFollow: each block is handed on once, in order, and a metagraph is read only for a new block.
func TestFollow(t *testing.T) {
	n, c := begin(t, chain.Options{}, nil)
	var heights []gotensor.Block
	err := c.Follow(bounded(t), 1, func(m *metagraph.Metagraph) error {
		heights = append(heights, m.Height)
		if len(heights) == 3 {
			return errSeen
		}
		polls := n.Calls(statusMethod)
		go func() { // a block after some polls that find none
			for n.Calls(statusMethod) < polls+3 && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
			n.Edit(func(w *fakenode.World) { w.Height += 2 })
		}()
		return nil
	})
	require.ErrorIs(t, err, errSeen)
	require.Equal(t, []gotensor.Block{12, 14, 16}, heights)
	require.Equal(t, 3, n.Calls(metagraphMethod))
}

// TestFollowNeverGoesBack: of several nodes behind one address some lag.
func TestFollowNeverGoesBack(t *testing.T) {
	n, c := begin(t, chain.Options{}, nil)
	var heights []gotensor.Block
	err := c.Follow(bounded(t), 1, func(m *metagraph.Metagraph) error {
		if heights = append(heights, m.Height); len(heights) == 2 {
			return errSeen
		}
		n.Edit(func(w *fakenode.World) { w.Height -= 5 })
		polls := n.Calls(statusMethod)
		go func() {
			for n.Calls(statusMethod) < polls+3 && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
			n.Edit(func(w *fakenode.World) { w.Height += 6 })
		}()
		return nil
	})
	require.ErrorIs(t, err, errSeen)
	require.Equal(t, []gotensor.Block{12, 13}, heights)
}

// TestFollowOutage: an outage is waited out with ever fewer tries, and the log hears of its begin and its end.
func TestFollowOutage(t *testing.T) {
	var log logbook.Book
	n, c := begin(t, chain.Options{Logger: log.Logger()}, nil)
	n.Break(func(f *fakenode.Faults) { f.Unavailable = 4 })
	began := time.Now()
	err := c.Follow(bounded(t), 1, func(*metagraph.Metagraph) error { return errSeen })
	require.ErrorIs(t, err, errSeen)
	require.Equal(t, 1, log.Count("waiting for the metagraph of subnet 1"))
	require.Equal(t, 1, log.Count("the node answers again"))
	require.Equal(t, 5, n.Calls(statusMethod))
	require.GreaterOrEqual(t, time.Since(began), (250+500+1000+2000)*time.Millisecond)
}

// TestFollowRestart: the node ends, and another starts at its address.
func TestFollowRestart(t *testing.T) {
	var log logbook.Book
	n, c := begin(t, chain.Options{Logger: log.Logger()}, nil)
	var heights []gotensor.Block
	err := c.Follow(bounded(t), 1, func(m *metagraph.Metagraph) error {
		if heights = append(heights, m.Height); len(heights) == 2 {
			return errSeen
		}
		n.Stop()
		w := fakenode.Sample()
		w.Height = 40
		again, err := fakenode.Start(n.Addr(), w)
		require.NoError(t, err)
		t.Cleanup(again.Stop)
		return nil
	})
	require.ErrorIs(t, err, errSeen)
	require.Equal(t, []gotensor.Block{12, 40}, heights)
	require.LessOrEqual(t, log.Count("waiting for"), 1)
}

func TestFollowMalformed(t *testing.T) {
	var log logbook.Book
	n, c := begin(t, chain.Options{Logger: log.Logger()}, nil)
	n.Break(func(f *fakenode.Faults) { f.ShortColumn = true })
	ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
	defer cancel()
	err := c.Follow(ctx, 1, func(*metagraph.Metagraph) error { return errSeen })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, log.Count("column incentive has 7 bytes, want 8 for 4 uids"))
}

func TestWaitReady(t *testing.T) {
	var log logbook.Book
	n, c := begin(t, chain.Options{Logger: log.Logger()}, nil)
	n.Break(func(f *fakenode.Faults) { f.Unavailable = 3 })
	s, err := c.WaitReady(bounded(t))
	require.NoError(t, err)
	require.Equal(t, "fake-1", s.ChainID)
	require.Equal(t, 100*time.Millisecond, s.TargetBlock)
	require.Equal(t, 1, log.Count("waiting for the node"))
	n.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = c.WaitReady(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestWaitHeight(t *testing.T) {
	n, c := begin(t, chain.Options{}, func(w *fakenode.World) { w.Ticks = true })
	n.Break(func(f *fakenode.Faults) { f.Unavailable = 2 })
	s, err := c.WaitHeight(bounded(t), 15)
	require.NoError(t, err)
	require.EqualValues(t, 15, s.Height)

	n.Edit(func(w *fakenode.World) { w.Ticks = false })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = c.WaitHeight(ctx, 1000)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "wait for block 1000, the chain is at 15")

	n.Stop()
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = c.WaitHeight(ctx, 1000)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, chain.ErrUnreachable)
}

// TestLatest: a reader gets the newest, is woken by a new one, and never sees one twice.
func TestLatest(t *testing.T) {
	at := func(height gotensor.Block) *metagraph.Metagraph {
		m, err := metagraph.New(metagraph.Info{NetUID: 1, Height: height}, nil)
		require.NoError(t, err)
		return m
	}
	var l chain.Latest
	require.Nil(t, l.Get())
	got := make(chan *metagraph.Metagraph)
	for range 2 {
		go func() {
			m, err := l.Next(t.Context(), nil)
			if err == nil {
				got <- m
			}
		}()
	}
	one, three := at(1), at(3)
	l.Set(one)
	require.Same(t, one, <-got)
	require.Same(t, one, <-got)
	l.Set(at(2))
	l.Set(three)
	m, err := l.Next(bounded(t), one)
	require.NoError(t, err)
	require.Same(t, three, m)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Next(stopped, three)
	require.ErrorIs(t, err, context.Canceled)
	require.Same(t, three, l.Get())
}
