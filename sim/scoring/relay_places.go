package scoring

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/sim"
)

// place says where a relay stands: its ways to its victims, and to the validator, may take no time at all.
type place struct {
	name              string
	nearVictim, nearV bool
}

func places() []place {
	return []place{{"anywhere", false, false}, {"next to the victim", true, false}, {"next to the victim and the validator", true, true}}
}

// draw makes a wire of one relay (node 1), hops-1 helpers that it asks through, and the victim (the last node), with ways and thinking drawn
// evenly by their logarithm. Helpers stand where the relay does.
func (g *Relay) draw(rng *rand.Rand, p place, hops int) *wire {
	n := 2 + hops
	ms := func(least, most int) span {
		x := math.Exp(math.Log(float64(least)) + rng.Float64()*math.Log(float64(most)/float64(least)))
		return span(x * float64(millisecond))
	}
	w := &wire{
		sealed: true, hold: span(g.HoldMs) * millisecond, deadline: 2 * span(g.HoldMs) * millisecond,
		way: make([][]span, n), think: make([]span, n), asked: make([]span, n), next: make([]int, n),
	}
	for i := range n {
		w.way[i], w.think[i] = make([]span, n), ms(g.ThinkLeastMs, g.ThinkMostMs)
		for k := range n {
			w.way[i][k] = ms(g.WayLeastMs, g.WayMostMs)
			relay := i != validator && k != validator && (i <= hops || k <= hops)
			if p.nearVictim && relay || p.nearV && (i == validator && k <= hops || k == validator && i <= hops) {
				w.way[i][k] = 0
			}
		}
	}
	for i := range n {
		if i > 1 && i <= hops { // helpers are no neurons, or in other groups
			w.asked[i] = -1
		}
		if i >= 1 && i <= hops {
			w.next[i] = i + 1
		}
	}
	return w
}

// reach tells for each round whether a relay had all victims' answers in time: each is asked by itself, from next to it.
func (g *Relay) reach(sealed bool) []bool {
	rng, out := rand.New(rand.NewPCG(g.Seed, 200)), make([]bool, g.Rounds)
	for r := range out {
		out[r] = true
		for range 3 {
			w := g.draw(rng, places()[1], 1)
			w.sealed = sealed
			out[r] = w.play()[1] != 0 && out[r]
		}
	}
	return out
}

// rule is a way in which validators and miners may keep time.
type rule struct {
	name, about string
	hops        int
	change      func(w *wire)
	number      string // of the report, the most over all places; "": none
	least, most float64
}

// rules are the one that is built, what went before, and what would break it.
func rules() []rule {
	return []rule{
		{name: "not sealed", hops: 1, number: "in-time-not-sealed", about: "share of relayed answers that count where predictions are not sealed", least: 0.99, most: 1, change: func(w *wire) { w.sealed = false }},
		{name: "sealed", hops: 1, number: "in-time", about: "share of relayed answers that count where predictions are sealed", change: func(*wire) {}},
		{name: "sealed, over three relays", hops: 3, number: "in-time-three-hops", about: "the same over three relays", change: func(*wire) {}},
		{name: "sealed, but the victim answers everybody at once", hops: 1, number: "in-time-at-once", about: "the same where the victim answers everybody at once", least: 0.99, most: 1, change: func(w *wire) { w.atOnce = slices.Repeat([]bool{true}, len(w.next)) }},
		{name: "sealed, but groups are asked one after another, and a helper in the first one", hops: 2, number: "in-time-in-turn", about: "the same where groups are asked one after another and a helper is in the first one", least: 0.99, most: 1, change: func(w *wire) {
			// The helper is asked at 0 and tells the relay, which asks the victim; the validator asks the relay a deadline later.
			w.next[1], w.next[2] = 3, 1
			w.asked[2], w.asked[1], w.late = 0, w.deadline, w.deadline
		}},
		{name: "sealed, but the validator's clock starts a second late", hops: 1, number: "in-time-late-clock", about: "the same where the validator's clock for seals starts a second after it began to send", least: 0.99, most: 1, change: func(w *wire) { w.late = second }},
		{name: "sealed, but it starts a tenth of a second late", hops: 1, change: func(w *wire) { w.late = 100 * millisecond }},
		{name: "sealed, but the victim's clock is fast by a thousandth", hops: 1, number: "in-time-fast-clock", about: "the same where the victim's clock is fast by a thousandth, for a relay to whom all ways take no time", least: 0.99, most: 1, change: func(w *wire) { w.fast = 0.001 }},
	}
}

// timing plays every rule from every place.
func (g *Relay) timing() (sim.Table, []sim.Number) {
	const tries = 500
	t := sim.Table{Name: "times", Title: "Share of relayed answers that count, by where the relay stands", Columns: []string{"rule"}}
	for _, p := range places() {
		t.Columns = append(t.Columns, p.name)
	}
	var numbers []sim.Number
	for k, r := range rules() {
		row, most := []any{r.name}, 0.0
		for _, p := range places() {
			rng, n := rand.New(rand.NewPCG(g.Seed, uint64(300+k))), 0
			for range tries {
				w := g.draw(rng, p, r.hops)
				r.change(w)
				if w.play()[1] != 0 {
					n++
				}
			}
			share := sim.Round(float64(n) / tries)
			row, most = append(row, share), max(most, share)
		}
		t.Add(row...)
		if r.number != "" {
			numbers = append(numbers, sim.Number{Name: r.number, About: r.about, Value: most, AtLeast: sim.Bound(r.least), AtMost: sim.Bound(r.most)})
		}
	}
	return t, numbers
}
