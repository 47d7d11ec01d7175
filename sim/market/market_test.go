package market

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/sim"
)

func TestBotsAndPeopleStayWithinBounds(t *testing.T) {
	report, err := Default().Run(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Broken())
	for _, f := range report.Figures {
		require.NoError(t, f.Validate())
	}
	for i := range report.Tables {
		require.NoError(t, report.Tables[i].CSV(&strings.Builder{}))
	}
}

func small(seed uint64) *Game {
	g := Default()
	g.Seed, g.Days, g.Games, g.Aims, g.Factors = seed, 5, 1, []float64{0.95}, []float64{1.1}
	return g
}

func TestTheSameAgain(t *testing.T) {
	run := func(g *Game) *sim.Report {
		r, err := g.Run(t.Context(), nil)
		require.NoError(t, err)
		return r
	}
	first := run(small(1))
	require.Equal(t, first, run(small(1)))
	require.NotEqual(t, first.Numbers, run(small(2)).Numbers)
}

func TestCurveIsTheChains(t *testing.T) {
	c := newCurve(72, 1.26, 1)
	c.sold(0)
	require.Equal(t, gotensor.Rao(1_260_000_000), c.now(0))
	require.InDelta(t, 0.63, c.price(72*60/blockSeconds), 1e-9)
	for n := 1; n < perInterval; n++ {
		require.True(t, c.open(n))
		c.sold(n)
	}
	require.False(t, c.open(interval-1), "six in an interval are the most")
	require.True(t, c.open(interval))
}

func TestWindowMovesByWhatWasSold(t *testing.T) {
	w := &window{tao: 1, length: 10, target: 2}
	for n := range 6 {
		require.True(t, w.open(n))
		w.sold(n)
	}
	require.False(t, w.open(7))
	require.InDelta(t, 1, w.price(9), 0)
	require.InDelta(t, 2, w.price(10), 1e-12, "three times the target doubles")
	require.True(t, w.open(10))
	require.InDelta(t, 1, w.price(20), 1e-12, "nothing sold halves")
	steady := &window{tao: 1, length: 10, target: 2, steady: true}
	require.InDelta(t, 1, steady.price(100), 0)
}

// The price does not run away: what is sold a day is what the curve is made for, whatever the value of a slot.
func TestFlow(t *testing.T) {
	g := small(3)
	g.Days = 10
	for _, value := range []float64{1, 50} {
		g.Value = value
		o := g.play(setup{rule: func() rule { return newCurve(g.HalfLife, g.Factor, value) }, skip: 5 * blocksPerDay, games: 1})
		perDay := float64(o.people.slots+o.bots.slots) / 5
		require.InDelta(t, flow(g.HalfLife, g.Factor), perDay, 6)
	}
	require.InDelta(t, 60, flow(72, math.Exp2(1.0/3)), 1e-9, "three sales a half-life")
}

func TestOrdersMakePeopleAsQuickAsBots(t *testing.T) {
	g := small(1)
	o := g.play(setup{rule: func() rule { return newCurve(g.HalfLife, g.Factor, g.Value) }, games: 1, orders: true})
	require.Positive(t, o.people.slots)
	require.InDelta(t, o.people.mean(), o.bots.mean(), 0.1)
}

func TestRefuses(t *testing.T) {
	for text, change := range map[string]func(*Game){
		"days is 2":            func(g *Game) { g.Days = 2 },
		"games is 0":           func(g *Game) { g.Games = 0 },
		"night is 2":           func(g *Game) { g.Night = 2 },
		"value is NaN":         func(g *Game) { g.Value = math.NaN() },
		"aims is empty":        func(g *Game) { g.Aims = nil },
		"aims is 3, want 0":    func(g *Game) { g.Aims = []float64{3} },
		"factors is 1, want 1": func(g *Game) { g.Factors = []float64{1} },
		"factors is empty":     func(g *Game) { g.Factors = []float64{} },
	} {
		g := Default()
		change(g)
		_, err := g.Run(t.Context(), nil)
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, text)
	}
}
