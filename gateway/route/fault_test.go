package route_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/mechanism"
)

// What a caller gets where the first neuron fails before its first piece, and what the breaker makes of it.
func TestFaultsBeforeTheFirstPiece(t *testing.T) {
	for _, c := range []struct {
		name   string
		do     behaviour
		kind   string        // as counted
		took   time.Duration // until the caller has another neuron's answer
		tried  int
		opens  int    // failures in a row after which the breaker is open; 0: never
		alone  error  // what the caller gets where nobody else may be asked
		words  string // in that error
		hedged bool
	}{
		{name: "refused", do: refused, kind: "unreachable", took: 50 * time.Millisecond, tried: 2, opens: 2, alone: dendrite.ErrUnreachable, words: "uid 0: neuron is unreachable"},
		{name: "reset", do: reset, kind: "unreachable", took: 80 * time.Millisecond, tried: 2, opens: 2, alone: dendrite.ErrUnreachable},
		{name: "no room", do: busyFor(3 * time.Second), kind: "overloaded", took: 50 * time.Millisecond, tried: 2, alone: dendrite.ErrOverloaded, words: "try again in 3s"},
		{name: "an error of its own", do: breaks, kind: "failed", took: 80 * time.Millisecond, tried: 2, opens: 4, alone: mechanism.ErrUpstream},
		{name: "garbage", do: garbage, kind: "garbage", took: 80 * time.Millisecond, tried: 2, opens: 2, alone: mechanism.ErrBadAnswer, words: "two first pieces"},
		{name: "another key", do: wrong, kind: "impostor", took: 50 * time.Millisecond, tried: 2, opens: 2, alone: dendrite.ErrPin},
		{name: "not admitted", do: denies, kind: "denied", took: 50 * time.Millisecond, tried: 2, opens: 2, alone: dendrite.ErrNotPermitted},
		{name: "sealed", do: seals, kind: "sealed", took: 50 * time.Millisecond, tried: 2, alone: dendrite.ErrSealed, words: "no predictions at once"},
		{name: "rejected", do: rejects, kind: "rejected", took: 50 * time.Millisecond, tried: 2, alone: mechanism.ErrUpstream},
		{name: "too large", do: large, kind: "too_large", took: 50 * time.Millisecond, tried: 2, alone: dendrite.ErrTooLarge},
		{name: "hangs", do: hangs, kind: "lost", took: 1050 * time.Millisecond, tried: 2, opens: 2, alone: mechanism.ErrUpstream, words: "no first piece in time", hedged: true},
		{name: "slow", do: answers(3 * time.Second), kind: "lost", took: 1050 * time.Millisecond, tried: 2, hedged: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(60000, 5000)
				w.miners[0].set(c.do, nil)
				r := w.started(t, nil)

				begin := time.Now()
				got, lease, err := ask(t.Context(), r, generate)
				require.NoError(t, err)
				require.Equal(t, "piece", got)
				require.Equal(t, c.took, time.Since(begin))
				require.EqualValues(t, 1, lease.Peer().UID)
				require.Equal(t, c.tried, lease.Tried())
				require.Equal(t, 50*time.Millisecond, lease.FirstPiece())
				lease.Done(nil)
				synctest.Wait() // for the one that lost
				s := r.Stats()
				require.EqualValues(t, 1, s.Failures[c.kind], s.Failures)
				require.EqualValues(t, 1, s.Answers)
				require.Zero(t, s.Running)
				require.Equal(t, c.hedged, s.Hedges == 1)
				require.Equal(t, c.hedged, s.HedgeWins == 1)
				require.Equal(t, !c.hedged, s.Retries == 1)
				_, running := w.miners[0].counted()
				require.Zero(t, running, "a neuron that lost is cancelled at once")

				w.alone(t, r, c.opens, c.alone, c.words)
			})
		})
	}
}

// alone asks uid 0 and nobody else until its breaker opens.
func (w *world) alone(t *testing.T, r *route.Router, opens int, want error, words string) {
	t.Helper()
	time.Sleep(5 * time.Second) // what has no room may be asked again
	before := 0
	if s := stateOf(t, r, 0); s.Failed > 0 {
		before = 1 // from the call before
	}
	for i := range 20 {
		if opens > 0 && before+i >= opens {
			break
		}
		if opens > 0 {
			require.NotEqual(t, "down", stateOf(t, r, 0).State, "after %d failures", before+i)
		}
		_, lease, err := ask(t.Context(), r, only(0))
		if want == nil {
			require.NoError(t, err)
			lease.Done(nil)
			continue
		}
		require.ErrorIs(t, err, want)
		require.ErrorIs(t, err, mechanism.ErrUpstream)
		require.ErrorContains(t, err, words)
		require.NotContains(t, err.Error(), "10.0.0", "no address leaves the gateway")
		if errors.Is(err, dendrite.ErrOverloaded) {
			time.Sleep(30 * time.Second)
		}
	}
	if opens == 0 {
		require.NotEqual(t, "down", stateOf(t, r, 0).State)
		return
	}
	require.Equal(t, "down", stateOf(t, r, 0).State)
	calls, _ := w.miners[0].counted()
	_, _, err := ask(t.Context(), r, only(0))
	require.ErrorIs(t, err, mechanism.ErrNoNeuron)
	require.ErrorContains(t, err, "down")
	after, _ := w.miners[0].counted()
	require.Equal(t, calls, after, "a neuron that is down is not asked")
}

// After the first piece nobody else is asked.
func TestFaultsAfterTheFirstPiece(t *testing.T) {
	for _, c := range []struct {
		name  string
		end   func(t *testing.T, l mechanism.Lease, ctx context.Context)
		kind  string
		opens int
	}{
		{"hangs between pieces", func(t *testing.T, l mechanism.Lease, ctx context.Context) {
			t.Helper()
			begin := time.Now()
			for range 3 {
				time.Sleep(14 * time.Second)
				l.Touch()
			}
			<-ctx.Done()
			require.ErrorIs(t, context.Cause(ctx), mechanism.ErrStalled)
			require.Equal(t, (3*14+15)*time.Second, time.Since(begin))
			l.Done(&dendrite.Error{Kind: dendrite.ErrCanceled})
		}, "stalled", 2},
		{"reset", func(t *testing.T, l mechanism.Lease, _ context.Context) {
			t.Helper()
			l.Done(fmt.Errorf("read: %w", &dendrite.Error{Kind: dendrite.ErrUnreachable}))
		}, "unreachable", 2},
		{"garbage", func(t *testing.T, l mechanism.Lease, _ context.Context) {
			t.Helper()
			l.Done(fmt.Errorf("%w: usage before text", mechanism.ErrBadAnswer))
		}, "garbage", 2},
		{"an error of its own", func(t *testing.T, l mechanism.Lease, _ context.Context) {
			t.Helper()
			l.Done(&dendrite.Error{Kind: dendrite.ErrFailed})
		}, "failed", 4},
		{"the application's connection breaks", func(t *testing.T, l mechanism.Lease, _ context.Context) {
			t.Helper()
			l.Done(errors.New("write: broken pipe"))
		}, "ours", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(60000, 5000)
				r := w.started(t, nil)
				for i := range max(c.opens, 20) {
					if i == c.opens && c.opens > 0 {
						break
					}
					require.Equal(t, "up", stateOf(t, r, 0).State)
					var inner context.Context
					_, lease, err := r.Open(t.Context(), only(0), w.opener(&inner))
					require.NoError(t, err)
					require.NoError(t, inner.Err())
					c.end(t, lease, inner)
					require.Error(t, inner.Err(), "the context ends with the lease")
					lease.Done(nil) // only the first counts
					require.EqualValues(t, i+1, r.Stats().Failures[c.kind])
					require.Zero(t, r.Stats().Running)
				}
				want := "up"
				if c.opens > 0 {
					want = "down"
				}
				require.Equal(t, want, stateOf(t, r, 0).State)
				calls, _ := w.miners[1].counted()
				require.Zero(t, calls, "nobody else is asked after the first piece")
			})
		})
	}
}

func TestCallerWhoGoesAwayBlamesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(60000, 5000)
		w.miners[0].set(hangs, nil)
		w.miners[1].set(hangs, nil)
		r := w.started(t, nil)
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			_, _, err := ask(ctx, r, generate)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
		}
		synctest.Wait()
		require.Zero(t, r.Stats().Running)
		require.Equal(t, r.Stats().Tries, r.Stats().Failures["ours"])
		for uid := range w.miners {
			require.Equal(t, "up", stateOf(t, r, uid).State)
			_, running := w.miners[uid].counted()
			require.Zero(t, running)
		}
	})
}

// A neuron answers a moment before the caller's own deadline that it is too late: both knew that deadline.
func TestCallersDeadlineIsNotTheNeurons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		w.miners[0].set(fails(990*time.Millisecond, &dendrite.Error{Kind: dendrite.ErrDeadline}), nil)
		r := w.started(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := ask(ctx, r, only(0))
		require.ErrorIs(t, err, dendrite.ErrDeadline)
		require.EqualValues(t, 1, r.Stats().Failures["ours"])
		require.Zero(t, stateOf(t, r, 0).Failed)
	})
}

func TestForgottenLeasesAreFreed(t *testing.T) {
	for _, c := range []struct {
		name string
		ask  mechanism.Ask
		wait time.Duration
		stop bool
		kind string
	}{
		{"soon after the request", only(0), time.Second, true, "ours"},
		{"a stream that nobody reads", only(0), 15 * time.Second, false, "stalled"},
		{"a whole answer", mechanism.Ask{Model: "uid-0"}, 15 * time.Second, false, "ours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(1)
				r := w.started(t, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				_, lease, err := ask(ctx, r, c.ask)
				require.NoError(t, err)
				require.Equal(t, 1, r.Stats().Running)
				if c.stop {
					cancel()
				}
				time.Sleep(c.wait)
				synctest.Wait()
				require.Zero(t, r.Stats().Running)
				require.EqualValues(t, 1, r.Stats().Failures[c.kind])
				lease.Done(nil) // too late to count
				require.Zero(t, r.Stats().Answers)
				require.Zero(t, r.Stats().Running)
			})
		})
	}
}

func TestPanicReachesTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		w.miners[0].set(func(context.Context) (string, error) { panic("a bug") }, nil)
		r := w.started(t, nil)
		func() {
			defer func() { require.Contains(t, fmt.Sprint(recover()), "a bug") }()
			_, _, _ = ask(t.Context(), r, only(0))
			require.Fail(t, "no panic")
		}()
		require.Zero(t, r.Stats().Running)
		require.Zero(t, stateOf(t, r, 0).Failed)
	})
}
