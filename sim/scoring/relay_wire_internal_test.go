package scoring

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// chain is a wire of one relay that asks a victim over so many helpers, all ways and thinking taking the same.
func chain(helpers int, way, think, hold span) *wire {
	n := 3 + helpers
	w := &wire{
		sealed: true, hold: hold, deadline: 2 * hold, way: make([][]span, n), think: make([]span, n),
		asked: make([]span, n), next: make([]int, n),
	}
	for i := range n {
		w.way[i], w.think[i] = make([]span, n), think
		for k := range n {
			w.way[i][k] = way
		}
		if i >= 1 && i < n-1 {
			w.next[i] = i + 1
		}
	}
	return w
}

func TestWhatBreaksSeals(t *testing.T) {
	const ms = millisecond
	for name, c := range map[string]struct {
		change func(w *wire)
		source int // whose answer the validator takes from the relay
	}{
		"sealed":                       {func(*wire) {}, 0},
		"no way takes time":            {func(w *wire) { *w = *chain(0, 0, 0, 6000*ms) }, 0},
		"not sealed":                   {func(w *wire) { w.sealed = false }, 2},
		"not sealed, and too slow":     {func(w *wire) { w.sealed, w.think[2] = false, w.deadline }, 0},
		"the victim answers at once":   {func(w *wire) { w.atOnce = []bool{false, false, true} }, 2},
		"at once, but too slowly":      {func(w *wire) { w.atOnce, w.think[2] = []bool{false, false, true}, w.hold }, 0},
		"the clock starts at 40 ms":    {func(w *wire) { w.late = 40 * ms }, 0}, // four ways of 10 ms
		"the clock starts at 41 ms":    {func(w *wire) { w.late = 41 * ms }, 2},
		"the victim's clock is fast":   {func(w *wire) { w.fast = 0.01 }, 2}, // by 60 ms
		"by less than the ways":        {func(w *wire) { w.fast = 0.005 }, 0},
		"asked later by its own clock": {func(w *wire) { w.asked[1], w.late = second, second }, 0}, // it forwards no sooner than it is asked
	} {
		t.Run(name, func(t *testing.T) {
			w := chain(0, 10*ms, 50*ms, 6000*ms)
			c.change(w)
			require.Equal(t, c.source, w.play()[1])
		})
	}
	t.Run("a helper was asked a deadline before", func(t *testing.T) {
		w := chain(1, 10*ms, 50*ms, 6000*ms)
		w.next[1], w.next[2] = 3, 1
		w.asked[1], w.late = w.deadline, w.deadline
		require.Equal(t, 3, w.play()[1])
	})
}

// FuzzRelaysAreLate: whatever ways and models take, whoever asks whom over how many others, nobody has the answer of another in time.
func FuzzRelaysAreLate(f *testing.F) {
	f.Add(uint64(1), uint8(1), int64(6*second), uint8(30))
	f.Add(uint64(2), uint8(7), int64(1), uint8(0))
	f.Add(uint64(3), uint8(3), int64(math.MaxInt64), uint8(63))
	f.Fuzz(func(t *testing.T, seed uint64, relays uint8, hold int64, bits uint8) {
		if hold <= 0 {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		some := func() span { // 0, little, or as much as a duration holds
			return span(rng.Uint64() >> (1 + rng.IntN(63)) & (1<<(bits%63+1) - 1))
		}
		w := chain(int(relays%8), 0, 0, span(hold))
		for i := range w.way {
			w.think[i] = some()
			for k := range w.way[i] {
				w.way[i][k] = some()
			}
		}
		for i := 1; i < len(w.next)-1; i++ { // anybody that comes later in the line, or the own model
			if w.next[i] = i + 1 + rng.IntN(len(w.next)-1-i); i > 1 && rng.IntN(4) == 0 {
				w.next[i] = 0
			}
			if rng.IntN(3) == 0 {
				w.asked[i] = -1
			}
		}
		w.asked[1] = 0
		for node, source := range w.play() {
			require.Zero(t, source, "the validator takes from neuron %d what neuron %d answered", node, source)
		}
		w.atOnce = make([]bool, len(w.next))
		for i := range w.atOnce {
			w.atOnce[i] = true
		}
		for i := range w.way {
			w.think[i] = 0
			clear(w.way[i])
		}
		require.NotZero(t, w.play()[1], "a relay next to everybody has what is opened at once")
	})
}

func TestWireIsTheSameAgain(t *testing.T) {
	g := DefaultRelay()
	for _, p := range places() {
		a, b := g.draw(rand.New(rand.NewPCG(1, 1)), p, 2), g.draw(rand.New(rand.NewPCG(1, 1)), p, 2)
		require.Equal(t, a, b)
		for i := range a.way {
			for k, way := range a.way[i] {
				near := p.nearVictim && way == 0
				require.True(t, i == k || near || way >= 5*millisecond && way <= 300*millisecond, "%s: %v", p.name, way)
			}
			require.True(t, a.think[i] >= 20*millisecond && a.think[i] <= 2*second)
		}
	}
}

// TestShardIsSeen: one validator repeats itself only once it is through, many soon have asked everything.
func TestShardIsSeen(t *testing.T) {
	one, many := shard(1, 1), shard(1, 16)
	require.Zero(t, one[0])
	require.Zero(t, one[28])
	require.Greater(t, one[periodRounds-1], 0.5)
	require.Greater(t, many[5], 0.5)
	for _, x := range append(one, many...) {
		require.LessOrEqual(t, x, 0.75) // a quarter is from elsewhere
	}
}
