package route_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/mechanism"
)

// seeded is a source of random numbers that is the same in every run, as far as the order of its callers is.
func seeded(seed uint64) func() float64 {
	var mu sync.Mutex
	src := rand.New(rand.NewPCG(seed, 2))
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return src.Float64()
	}
}

// load opens n answers, one every pause, holds each for a time, and returns how many were not answered.
func load(ctx context.Context, r *route.Router, n int, pause, hold time.Duration) (lost int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range n {
		wg.Go(func() {
			_, lease, err := ask(ctx, r, generate)
			if err != nil {
				mu.Lock()
				lost++
				mu.Unlock()
				return
			}
			time.Sleep(hold)
			lease.Done(nil)
		})
		time.Sleep(pause)
	}
	wg.Wait()
	return lost
}

// parts is what each neuron got of the calls since before.
func (w *world) parts(before []int) (parts []float64, now []int) {
	sum := 0
	for _, m := range w.miners {
		calls, _ := m.counted()
		now = append(now, calls)
	}
	for i := range now {
		if before != nil {
			sum += now[i] - before[i]
		} else {
			sum += now[i]
		}
	}
	for i := range now {
		was := 0
		if before != nil {
			was = before[i]
		}
		parts = append(parts, float64(now[i]-was)/float64(sum))
	}
	return parts, now
}

func mixed(t *testing.T, w *world, change func(*route.Config), test func(t *testing.T, r *route.Router)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, w.started(t, func(c *route.Config) {
			c.Rand = seeded(1)
			if change != nil {
				change(c)
			}
		}))
	})
}

func TestMixByLatency(t *testing.T) {
	w := newWorld(20000, 20000, 20000)
	w.miners[0].set(answers(400*time.Millisecond), nil)
	w.miners[1].set(answers(50*time.Millisecond), nil)
	w.miners[2].set(answers(2*time.Second), nil)
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		require.Zero(t, load(t.Context(), r, 2000, 100*time.Millisecond, 0))
		parts, _ := w.parts(nil)
		assert.Greater(t, parts[1], 0.85, parts)
		assert.Greater(t, parts[0], parts[2], parts)
		assert.Greater(t, parts[2], 0.001, "the slow one is looked at now and then: %v", parts)
	})
}

func TestMixByScore(t *testing.T) {
	w := newWorld(40000, 20000, 5000, 0)
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		require.Zero(t, load(t.Context(), r, 2000, 100*time.Millisecond, 0))
		parts, _ := w.parts(nil)
		assert.True(t, slices.IsSortedFunc(parts, func(a, b float64) int { return int(1000 * (b - a)) }), parts)
		assert.InDelta(t, 0.6, parts[0], 0.06, parts)
		assert.InDelta(t, 0.3, parts[1], 0.06, parts)
		assert.Less(t, parts[3], 0.04, "a new one is tried, not more: %v", parts)
		assert.Positive(t, parts[3], parts)
	})
}

func TestMixSpreadsUnderLoad(t *testing.T) {
	w := newWorld(60000, 1000, 1000, 1000)
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		require.Zero(t, load(t.Context(), r, 200, time.Second, 0))
		calm, before := w.parts(nil)
		require.Greater(t, calm[0], 0.85, calm)
		require.Zero(t, load(t.Context(), r, 400, 5*time.Millisecond, 20*time.Second))
		busy, _ := w.parts(before)
		assert.Less(t, busy[0], 0.65, "the best is busy: %v", busy)
		for _, p := range busy[1:] {
			assert.Greater(t, p, 0.1, busy)
		}
	})
}

func TestMixKeepsLimits(t *testing.T) {
	w := newWorld(60000, 1000)
	for _, m := range w.miners {
		m.set(answers(time.Second), nil)
	}
	change := func(c *route.Config) { c.MaxRunning, c.HedgeShare, c.Patience = 5, -1, -1 }
	mixed(t, w, change, func(t *testing.T, r *route.Router) {
		t.Helper()
		errs := make(chan error, 20)
		for range 20 {
			go func() {
				_, lease, err := ask(t.Context(), r, generate)
				if err == nil {
					time.Sleep(time.Second)
					lease.Done(nil)
				}
				errs <- err
			}()
		}
		refused := 0
		for range 20 {
			err := <-errs
			if err == nil {
				continue
			}
			refused++
			require.ErrorIs(t, err, mechanism.ErrUpstream)
			e, ok := errors.AsType[*dendrite.Error](err)
			require.True(t, ok)
			require.ErrorIs(t, e, dendrite.ErrOverloaded)
			require.Positive(t, e.RetryAfter)
		}
		require.Equal(t, 10, refused)
		for _, m := range w.miners {
			require.Equal(t, 5, m.most)
		}
	})
}

// Half of the neurons die under load: nothing is lost. They come back: they are asked again.
func TestMixSurvivesTheDeathOfHalf(t *testing.T) {
	shares := make([]uint16, 20)
	for i := range shares {
		shares[i] = 3000
	}
	w := newWorld(shares...)
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		done := make(chan int, 1)
		go func() { done <- load(t.Context(), r, 6000, 5*time.Millisecond, 0) }()
		time.Sleep(10 * time.Second)
		_, before := w.parts(nil)
		gone := &dendrite.Error{Kind: dendrite.ErrUnreachable}
		for _, m := range w.miners[:10] {
			m.set(refused, gone)
		}
		require.Zero(t, <-done, "no request is lost")
		_, after := w.parts(before)
		for uid := range 10 {
			require.Equal(t, 0, int(stateOf(t, r, uid).Running))
			require.NotEqual(t, "up", stateOf(t, r, uid).State, "uid %d", uid)
			require.Less(t, after[uid]-before[uid], 20, "the dead are hardly asked")
		}
		for _, m := range w.miners[:10] {
			m.set(answers(50*time.Millisecond), nil)
		}
		time.Sleep(3 * time.Minute)
		for uid := range 10 {
			require.Equal(t, "up", stateOf(t, r, uid).State, "uid %d: it answers Axon.Info again", uid)
		}
		_, before = w.parts(nil)
		require.Zero(t, load(t.Context(), r, 4000, 5*time.Millisecond, 0))
		parts, _ := w.parts(before)
		for uid, p := range parts {
			require.Greater(t, p, 0.01, "uid %d came back: %v", uid, parts)
		}
	})
}

// A neuron whose backend fails answers Axon.Info all the time: only a call can show that it works again.
func TestOneCallTriesAfterAPause(t *testing.T) {
	w := newWorld(30000, 30000)
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		w.miners[0].set(breaks, nil)
		for range 4 {
			_, _, err := ask(t.Context(), r, only(0))
			require.Error(t, err)
		}
		require.Equal(t, "down", stateOf(t, r, 0).State)
		pause := time.Until(stateOf(t, r, 0).Back)
		require.InDelta(t, 1, pause.Seconds(), 0.2)
		time.Sleep(2 * time.Second)
		require.Equal(t, "trying", stateOf(t, r, 0).State)

		calls, _ := w.miners[0].counted()
		errs := make(chan error, 5)
		for range 5 {
			go func() {
				_, _, err := ask(t.Context(), r, only(0))
				errs <- err
			}()
		}
		for range 5 {
			require.Error(t, <-errs)
		}
		after, _ := w.miners[0].counted()
		require.Equal(t, 1, after-calls, "one call tries, the others do not wait for it")
		require.InDelta(t, 2*pause.Seconds(), time.Until(stateOf(t, r, 0).Back).Seconds(), 0.9, "pauses double")

		w.miners[0].set(answers(50*time.Millisecond), nil)
		time.Sleep(4 * time.Second)
		require.Zero(t, load(t.Context(), r, 2000, 20*time.Millisecond, 0))
		require.Equal(t, "up", stateOf(t, r, 0).State)
		parts, _ := w.parts(nil)
		require.Greater(t, parts[0], 0.1, parts)
	})
}

// A neuron that hangs is never slow by its own measure of the past: it loses to hedges, and then is asked no more.
func TestHangingNeuronIsLeft(t *testing.T) {
	w := newWorld(60000, 3000, 3000)
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		require.Zero(t, load(t.Context(), r, 200, 100*time.Millisecond, 0))
		require.Equal(t, 200*time.Millisecond, stateOf(t, r, 0).HedgeAfter, "the floor")
		w.miners[0].set(hangs, nil)
		_, before := w.parts(nil)
		require.Zero(t, load(t.Context(), r, 500, 100*time.Millisecond, 0))
		_, after := w.parts(before)
		require.Less(t, after[0]-before[0], 40)
	})
}

func TestHedgesAreBounded(t *testing.T) {
	w := newWorld(30000, 30000)
	for _, m := range w.miners {
		m.set(answers(10*time.Second), nil) // all are slow: hedges would only double the load
	}
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		require.Zero(t, load(t.Context(), r, 1000, 10*time.Millisecond, 0))
		s := r.Stats()
		require.LessOrEqual(t, s.Hedges, uint64(10+100))
		require.GreaterOrEqual(t, s.Hedges, uint64(10))
		require.Positive(t, s.Unhedged)
		require.Equal(t, s.Opens+s.Hedges+s.Retries, s.Tries)
	})
}

func TestOnceAsksOnce(t *testing.T) {
	w := newWorld(60000, 5000)
	w.miners[0].set(refused, nil)
	synctest.Test(t, func(t *testing.T) {
		r := w.started(t, nil)
		once := generate
		once.Once = true
		_, _, err := ask(t.Context(), r, once)
		require.ErrorIs(t, err, dendrite.ErrUnreachable)
		w.miners[0].set(answers(5*time.Second), nil)
		once.Model = "uid-0"
		_, lease, err := ask(t.Context(), r, once)
		require.NoError(t, err)
		lease.Done(nil)
		require.EqualValues(t, 2, r.Stats().Tries)
	})
}

// Neither failures nor hedges leave anything behind.
func TestNothingIsLeftBehind(t *testing.T) {
	w := newWorld(9000, 9000, 9000, 9000, 9000, 9000)
	for uid, do := range []behaviour{refused, breaks, garbage, answers(3 * time.Second), busyFor(time.Second)} {
		w.miners[uid].set(do, nil)
	}
	var at *route.Router
	mixed(t, w, func(c *route.Config) { c.HedgeShare = 1 }, func(t *testing.T, r *route.Router) {
		t.Helper()
		at = r
		base := goroutines()
		load(t.Context(), r, 10_000, time.Millisecond, time.Second)
		synctest.Wait()
		s := r.Stats()
		require.Positive(t, s.Hedges)
		require.Positive(t, s.Retries)
		require.EqualValues(t, 10_000, s.Opens)
		require.Zero(t, s.Running)
		require.Equal(t, base, goroutines(), "goroutines of this bubble")
	})
	// The bubble itself fails if a goroutine stays when its test ends.
	require.NotNil(t, at)
}
