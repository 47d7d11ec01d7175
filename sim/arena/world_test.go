package arena_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/arena"
)

func honest(seed uint64) arena.Config {
	return arena.Config{
		Params: arena.DefaultParams(), Seats: arena.Seats(8, 1000*arena.TAO, arena.Honest{}),
		Quality: arena.Levels(16, 1, 3), Noise: 0.2, Seed: seed,
	}
}

func play(t testing.TB, c arena.Config, epochs int) *arena.World {
	t.Helper()
	w, err := arena.New(c)
	require.NoError(t, err)
	require.NoError(t, w.Run(t.Context(), epochs))
	return w
}

func TestHonestValidatorsPayMinersFairly(t *testing.T) {
	c := honest(1)
	c.Noise = 0
	w := play(t, c, 20)
	require.Less(t, w.Past.Error(1, 20), 1e-3)
	for i := range 8 {
		require.InDelta(t, 1.0/8, w.Past.Dividends(1, 20, []int{i}), 1e-6)
	}
	require.Zero(t, w.Past.Dividends(0, 1, arena.UIDs(0, 8)), "rows of the first period are revealed in the second")
}

func TestTheSameAgain(t *testing.T) {
	first, again, other := play(t, honest(1), 10), play(t, honest(1), 10), play(t, honest(2), 10)
	require.Equal(t, first.Past, again.Past)
	require.NotEqual(t, first.Past.Incentive, other.Past.Incentive)
}

// recorder notes what it sees and may keep its commitments to itself.
type recorder struct {
	withhold map[int]bool // by period
	fresh    map[int]int  // how many rows it saw revealed when it was to reveal
}

func (r *recorder) Row(v *arena.View, row []float64) bool {
	clear(row)
	row[v.First+v.Epoch%4] = 1
	return true
}

func (r *recorder) Reveal(v *arena.View) bool {
	for _, f := range v.Fresh {
		if f {
			r.fresh[v.Epoch]++
		}
	}
	return !r.withhold[v.Epoch]
}

func TestOrderOfAPeriod(t *testing.T) {
	late, prompt := &recorder{fresh: map[int]int{}}, &recorder{fresh: map[int]int{}}
	c := honest(1)
	c.Seats[0] = arena.Seat{Stake: arena.TAO, Strategy: late, Late: true}
	c.Seats[1].Strategy = prompt
	play(t, c, 3)
	require.Equal(t, map[int]int{1: 7, 2: 7}, late.fresh, "the late see all others")
	require.Equal(t, map[int]int{}, prompt.fresh, "nobody of a lower uid is prompt")
}

func TestMissedReveal(t *testing.T) {
	for _, tt := range []struct {
		name   string
		missed arena.Missed
		rows   [6]int // uid that its row names at each boundary, -1: none
	}{
		{"drops", arena.Drops, [6]int{-1, 0, -1, 2, 3, 0}},
		{"keeps", arena.Keeps, [6]int{-1, 0, 0, 2, 3, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := honest(1)
			c.Missed = tt.missed
			c.Seats = c.Seats[:1]
			c.Seats[0].Strategy = &recorder{withhold: map[int]bool{2: true}, fresh: map[int]int{}}
			w := play(t, c, 6)
			for e, want := range tt.rows {
				for k := range 4 {
					got := w.Past.Incentive[e][1+k]
					if k == want {
						require.InDelta(t, 1, got, 1e-6, "epoch %d", e)
					} else {
						require.Zero(t, got, "epoch %d", e)
					}
				}
			}
		})
	}
}

func TestReplacedMinerStartsAnew(t *testing.T) {
	c := honest(1)
	c.Noise = 0
	c.Change = arena.Arrival(5, 8, 6)
	w := play(t, c, 10)
	require.Zero(t, w.Past.Incentive[5][8], "rows in force are older than its registration")
	require.InDelta(t, w.Past.Fair[6][8], w.Past.Incentive[6][8], 1e-3, "judged in period 5, paid in 6")
}

func TestRefuses(t *testing.T) {
	for text, change := range map[string]func(*arena.Config){
		"0 miners":            func(c *arena.Config) { c.Quality = nil },
		"seat 3":              func(c *arena.Config) { c.Seats[3].Strategy = nil },
		"quality -1":          func(c *arena.Config) { c.Quality[2] = -1 },
		"noise -0.5":          func(c *arena.Config) { c.Noise = -0.5 },
		"common share of the": func(c *arena.Config) { c.Common = 2 },
	} {
		c := honest(1)
		change(&c)
		_, err := arena.New(c)
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, text)
	}
}

// asker compares what it expects of an epoch with what it gets.
type asker struct {
	arena.Honest
	t    *testing.T
	want float64
}

func (a *asker) Reveal(v *arena.View) bool {
	a.want = v.WhatIf(v.Pending, 1)
	return true
}

func TestWhatIfIsWhatComes(t *testing.T) {
	c := honest(1)
	a := &asker{t: t}
	c.Seats[2] = arena.Seat{Stake: 3000 * arena.TAO, Strategy: a, Late: true}
	w := play(t, c, 9)
	require.InDelta(t, a.want, w.Past.Dividend[8][2], 1e-12)
}

func BenchmarkWorld(b *testing.B) {
	for b.Loop() {
		w, err := arena.New(arena.Config{
			Params: arena.DefaultParams(), Seats: arena.Seats(64, 1000*arena.TAO, arena.Honest{}),
			Quality: arena.Levels(256, 1, 3), Noise: 0.2, Seed: 1,
		})
		require.NoError(b, err)
		require.NoError(b, w.Run(b.Context(), 200))
	}
}

func ExampleWorld() {
	w, err := arena.New(arena.Config{
		Params: arena.DefaultParams(), Seats: arena.Seats(10, 1000*arena.TAO, arena.Honest{}),
		Quality: []float64{1, 3}, Seed: 1,
	})
	if err != nil {
		panic(err)
	}
	for range 3 {
		if err := w.Step(); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%.2f\n", w.Past.Incentive[2][10:])
	// Output: [0.25 0.75]
}
