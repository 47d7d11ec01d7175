package route_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
)

// crowd asks so many times at once and holds each answer for a while; it returns how many calls failed and how long all took.
func crowd(t *testing.T, r *route.Router, n int, hold time.Duration) (failed int, took time.Duration) {
	t.Helper()
	began := time.Now()
	errs := make(chan error, n)
	for range n {
		go func() {
			_, lease, err := ask(t.Context(), r, generate)
			if err == nil {
				time.Sleep(hold)
				lease.Done(nil)
			}
			errs <- err
		}()
	}
	for range n {
		if <-errs != nil {
			failed++
		}
	}
	return failed, time.Since(began)
}

// Where all places are taken for a moment, calls wait for one, but no longer than the patience.
func TestMixWaitsForRoom(t *testing.T) {
	for _, tc := range []struct {
		name   string
		calls  int
		failed int
	}{{"a little too many", 20, 0}, {"far too many", 100, 40}} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(60000, 1000)
			for _, m := range w.miners {
				m.set(answers(10*time.Millisecond), nil)
			}
			change := func(c *route.Config) { c.MaxRunning, c.HedgeShare = 5, -1 }
			mixed(t, w, change, func(t *testing.T, r *route.Router) {
				t.Helper()
				failed, took := crowd(t, r, tc.calls, time.Second)
				require.InDelta(t, tc.failed, failed, 10)
				require.Less(t, took, 7*time.Second)
			})
		})
	}
}

// A burst of refusals is one refusal: the neuron is asked again after the pause that it named.
func TestMixRefusedBurst(t *testing.T) {
	w := newWorld(1000)
	change := func(c *route.Config) { c.HedgeShare, c.Patience = -1, -1 }
	mixed(t, w, change, func(t *testing.T, r *route.Router) {
		t.Helper()
		w.miners[0].set(fails(10*time.Millisecond, &dendrite.Error{Kind: dendrite.ErrOverloaded, RetryAfter: 100 * time.Millisecond}), nil)
		failed, _ := crowd(t, r, 32, 0)
		require.Equal(t, 32, failed)
		w.miners[0].set(answers(time.Millisecond), nil)
		time.Sleep(150 * time.Millisecond)
		failed, _ = crowd(t, r, 32, 0)
		require.Zero(t, failed)
	})
}
