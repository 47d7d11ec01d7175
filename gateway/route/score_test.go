package route

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Unix(1_700_000_000, 0)

func TestMeanForgets(t *testing.T) {
	var m mean
	require.Equal(t, 0.0, m.seen(start))
	require.Equal(t, 3.0, m.estimate(3, start), "nothing is known")
	m.add(1, start)
	require.Equal(t, 2.0, m.estimate(3, start))
	for range 100 {
		m.add(1, start)
	}
	require.Equal(t, 1.0, m.value)
	require.Equal(t, mostWeight, m.seen(start), "old values fade behind new ones")
	require.InDelta(t, mostWeight/2, m.seen(start.Add(halfLife)), 1e-9)
	require.InDelta(t, 3, m.estimate(3, start.Add(30*halfLife)), 1e-6, "and with time")
	require.Equal(t, mostWeight, m.seen(start.Add(-time.Hour)), "a clock that was set back changes nothing")
}

func TestCost(t *testing.T) {
	for _, c := range []struct {
		name    string
		latency time.Duration
		success float64
		running int
		want    float64
	}{
		{"idle", time.Second, 1, 0, 1},
		{"eight under way double it", time.Second, 1, 8, 2},
		{"half of the answers fail", time.Second, 0.5, 0, 3},
		{"all fail", time.Second, 0, 0, 199},
		{"no latency is no free lunch", 0, 1, 0, 0.1},
		{"a count that is off by a moment", time.Second, 1, -1, 1},
	} {
		t.Run(c.name, func(t *testing.T) { require.InDelta(t, c.want, cost(c.latency, c.success, c.running), 1e-9) })
	}
}

func TestShareWeights(t *testing.T) {
	require.Empty(t, shareWeights(nil))
	require.Equal(t, []float64{0.5, 0.5}, shareWeights([]float64{0, 0}))
	require.InDeltaSlice(t, []float64{0.75, 0.25, 0, 0}, shareWeights([]float64{3, 1, 0, 0}), 1e-12)
}

func TestDraw(t *testing.T) {
	for _, c := range []struct {
		name    string
		weights []float64
		u       float64
		want    int
	}{
		{"nobody", nil, 0.5, -1},
		{"all zero", []float64{0, 0}, 0.5, -1},
		{"the first", []float64{0, 1, 3}, 0, 1},
		{"within", []float64{0, 1, 3}, 0.2499, 1},
		{"at the border", []float64{0, 1, 3}, 0.25, 2},
		{"the end", []float64{1, 3, 0}, 0.9999999, 1},
		{"rounding", []float64{1, 3, 0}, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, draw(c.weights, c.u)) })
	}
}

func TestHedgeDelay(t *testing.T) {
	ms := func(ms ...int) (out []time.Duration) {
		for _, m := range ms {
			out = append(out, time.Duration(m)*time.Millisecond)
		}
		return out
	}
	var rising []time.Duration
	for i := range recentPieces {
		rising = append(rising, time.Duration(i+1)*time.Second/10)
	}
	for _, c := range []struct {
		name   string
		recent []time.Duration
		want   time.Duration
	}{
		{"not known", ms(5000, 5000, 5000), time.Second},
		{"quick: the floor", ms(10, 20, 10, 20), leastHedge},
		{"slow", ms(700, 900, 800, 700), 900 * time.Millisecond},
		{"outliers are no measure", rising, 3 * time.Second},
		{"at most the timeout", ms(20000, 20000, 20000, 20000), 12 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, hedgeDelay(c.recent, time.Second, 12*time.Second)) })
	}
}

func TestRest(t *testing.T) {
	require.Equal(t, 100*time.Millisecond, restFor(0, 0))
	require.Equal(t, 800*time.Millisecond, restFor(10*time.Millisecond, 3), "a hint that does not help grows")
	require.Equal(t, 3*time.Second, restFor(3*time.Second, 0))
	require.Equal(t, mostRest, restFor(100*time.Hour, 1000), "no neuron takes itself out for long")
}

func TestBudget(t *testing.T) {
	var b budget
	b.set(0.25)
	for range mostSaved / oneHedge {
		require.True(t, b.has())
		b.spend()
	}
	for range 3 {
		b.earn()
		require.False(t, b.has())
	}
	b.earn()
	require.True(t, b.has())
	b.set(-1)
	b.saved.Store(0)
	b.earn()
	require.False(t, b.has())
}

func FuzzDraw(f *testing.F) {
	f.Add(1.0, 2.0, 0.0, 0.5)
	f.Fuzz(func(t *testing.T, a, b, c, u float64) {
		if !(u >= 0 && u < 1) || !(a >= 0 && a < 1e9) || !(b >= 0 && b < 1e9) || !(c >= 0 && c < 1e9) {
			return
		}
		weights := []float64{a, b, c}
		i := draw(weights, u)
		if a+b+c == 0 {
			require.Equal(t, -1, i)
			return
		}
		require.Positive(t, weights[i], "what weighs nothing is never drawn")
	})
}
