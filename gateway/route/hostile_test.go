package route_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/mechanism"
)

// A neuron that the chain pays nothing answers at once, with whatever: it gets what newcomers get, not the subnet's traffic.
func TestSpeedAloneEarnsNoTraffic(t *testing.T) {
	w := newWorld(30000, 20000, 10000, 0, 0)
	for uid, m := range w.miners {
		m.set(answers(time.Second), nil)
		if uid > 2 {
			m.set(answers(time.Millisecond), nil)
		}
	}
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		require.Zero(t, load(t.Context(), r, 3000, 100*time.Millisecond, 0))
		parts, _ := w.parts(nil)
		assert.Less(t, parts[3]+parts[4], 0.06, parts)
		assert.Positive(t, parts[3]+parts[4], parts)
	})
}

// Somebody pins a neuron and sends it what no neuron of its kind takes: the others' traffic to it stays.
func TestNonsenseForOneNeuronCostsItNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(30000, 30000)
		r := w.started(t, func(c *route.Config) { c.Rand = seeded(1) })
		w.miners[0].set(rejects, nil)
		for range 50 {
			_, _, err := ask(t.Context(), r, only(0))
			require.Error(t, err)
		}
		w.miners[0].set(answers(50*time.Millisecond), nil)
		s := stateOf(t, r, 0)
		require.NotEqual(t, "down", s.State)
		_, now := w.parts(nil)
		require.Zero(t, load(t.Context(), r, 400, 10*time.Millisecond, 0))
		parts, _ := w.parts(now)
		assert.InDelta(t, 0.5, parts[0], 0.1, parts)
	})
}

// A neuron refuses what every other takes: that is its own failure, and it is asked less.
func TestRefusingWhatOthersTakeCosts(t *testing.T) {
	w := newWorld(30000, 30000)
	w.miners[0].set(rejects, nil)
	mixed(t, w, nil, func(t *testing.T, r *route.Router) {
		t.Helper()
		require.Zero(t, load(t.Context(), r, 1000, 100*time.Millisecond, 0))
		parts, _ := w.parts(nil)
		assert.Less(t, parts[0], 0.1, parts)
		assert.NotEqual(t, "down", stateOf(t, r, 0).State)
	})
}

// A neuron begins at once and drips until the request runs out of time: the Front's verdict counts, although the caller's context is over.
func TestDrippingUntilTheDeadlineCosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(30000)
		r := w.started(t, nil)
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			_, lease, err := ask(ctx, r, only(0))
			require.NoError(t, err)
			<-ctx.Done()
			synctest.Wait()
			lease.Done(mechanism.ErrStalled)
			cancel()
		}
		require.EqualValues(t, 2, r.Stats().Failures["stalled"])
		require.Equal(t, "down", stateOf(t, r, 0).State)
	})
}

// One request that no model can stand reaches three of them, and closes none for the others however often it comes.
func TestARequestThatNoModelStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shares := make([]uint16, 20)
		for i := range shares {
			shares[i] = 1000
		}
		w := newWorld(shares...)
		r := w.started(t, func(c *route.Config) { c.Rand = seeded(1) })
		for _, m := range w.miners {
			m.set(fails(30*time.Millisecond, &dendrite.Error{Kind: dendrite.ErrFailed}), nil)
		}
		_, _, err := ask(t.Context(), r, generate)
		require.Error(t, err)
		require.EqualValues(t, 3, r.Stats().Tries)
		for range 3 { // it comes again
			_, _, err = ask(t.Context(), r, generate)
			require.Error(t, err)
		}
		require.Zero(t, r.Stats().States["down"])
	})
}
