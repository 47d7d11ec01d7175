package market

import (
	"context"
	"fmt"
	"math"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// The curve of the chain the rule was taken from: what the burn price was here before.
const (
	peerHalfLife = 72
	peerFactor   = 1.26
)

// Name of the experiment.
func (g *Game) Name() string { return "registration-bots" }

// About the experiment.
func (g *Game) About() string {
	return `Registration bots against people under the burn price

People and bots wish for slots of one subnet: each wish comes at a random time, is worth an amount to its owner, the most that
is paid, and is given up after some days. Values are alike on both sides. People look at the price when they find the time, less
by night; bots look in every block and may wait until the price is below its mean of the last day; the tactics that is worst
for people counts. Who comes first in a block is chance. Rules: the chain's curve (it halves with time, jumps with each
registration), the curve with the parameters of the chain that it was taken from ("before"), a price that stands for 72 minutes and then moves
with the number sold, with a cap, as in the peers' first years, and a price that is too low and stays.

price-ratio is what a bot pays for what a person of the same value pays 1 for; fair-share is people's share of slots over their
share of wishes. Under a curve, looking often is worth little, because the price is the same for whoever comes first and moves by
little; a small factor with a long half-life sells as many slots and leaves less of a dip to wait for. Its price: when a
subnet becomes a hundred times as dear overnight, the price takes longer to follow (rush-hours), and more slots are sold cheap (rush-cheap), most of
them to bots. People still get a little less than their share, because they look when the price is high; with standing orders
(` + "`gotensor subnet register --burn --max-price TAO --wait`" + `, which registers once the price is at theirs) they get nearly all of it.

Proof of work is another matter. It is won by who hashes cheapest: work-share is people's share of the slots by work over their
share of wishes, against farms with cores times their hashes for the same money. No adjustment changes that, so an owner who
wants people can turn work off.`
}

// plays lists what a run plays, in the order of the report.
func (g *Game) plays() []setup {
	skip := g.Days * blocksPerDay / 5
	curveOf := func(halfLife, factor, start float64) func() rule {
		return func() rule { return newCurve(halfLife, factor, start) }
	}
	slots := flow(g.HalfLife, g.Factor)
	var out []setup
	for _, aim := range g.Aims {
		add := func(name string, rule func() rule) {
			out = append(out, setup{name: name, rule: rule, aim: aim, skip: skip, games: g.Games})
		}
		add("curve", curveOf(g.HalfLife, g.Factor, g.Value))
		add("before", curveOf(peerHalfLife, peerFactor, g.Value))
		target := max(1, int(math.Round(slots/20)))
		add("windows", func() rule { return &window{tao: g.Value, length: blocksPerDay / 20, target: target} })
		for _, f := range g.Factors {
			add(factorName(f), curveOf(flow(1, f)/slots, f, g.Value))
		}
	}
	// A price that stays, at a quarter of the value, with a cap of one slot at a time: as many a day as the curve sells.
	fixed := func() rule {
		return &window{tao: g.Value / 4, length: int(3 * blocksPerDay / slots), target: 1, steady: true}
	}
	out = append(out,
		setup{name: "fixed", rule: fixed, skip: skip, games: 1},
		setup{name: "orders", rule: curveOf(g.HalfLife, g.Factor, g.Value), skip: skip, games: g.Games, orders: true},
		setup{name: "rush", rule: curveOf(g.HalfLife, g.Factor, g.Value/100), games: 1},
		setup{name: "rush-before", rule: curveOf(peerHalfLife, peerFactor, g.Value/100), games: 1})
	return out
}

func factorName(f float64) string { return fmt.Sprintf("factor %.4g", f) }

// Run plays all rules and tactics.
func (g *Game) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	plays := g.plays()
	results := make([]outcome, len(plays))
	var w worked
	err := sim.Parallel(ctx, len(plays)+1, progress, func(i int) error {
		if i == len(plays) {
			w = g.work()
			return nil
		}
		results[i] = g.play(plays[i])
		return nil
	})
	if err != nil {
		return nil, err
	}
	found := finding{plays: plays, results: results}
	out := &sim.Report{Name: g.Name(), Title: "Registration bots against people", Params: g, Tables: []sim.Table{found.table()}}
	g.numbers(out, found, w)
	g.figures(out, found)
	return out, nil
}

// finding is what was played and how it went.
type finding struct {
	plays   []setup
	results []outcome
}

// worst is, over the tactics of bots, the least price ratio and the least fair share under a rule, and the outcome of the former.
func (f finding) worst(name string) (price, share float64, of outcome) {
	price, share = math.Inf(1), math.Inf(1)
	for i, s := range f.plays {
		if s.name != name {
			continue
		}
		o := f.results[i]
		if p := o.priceRatio(); p < price {
			price, of = p, o
		}
		share = min(share, o.fairShare())
	}
	return sim.Round(price), sim.Round(share), of
}

func (f finding) table() sim.Table {
	t := sim.Table{
		Name: "rules", Title: "People and bots under each rule",
		Columns: []string{"rule", "aim of bots", "slots of people", "their mean price, TAO", "slots of bots", "their mean price, TAO", "price ratio", "fair share"},
	}
	for i, s := range f.plays {
		o := f.results[i]
		t.Add(s.name, s.aim, o.people.slots, sim.Round(o.people.mean()), o.bots.slots, sim.Round(o.bots.mean()), sim.Round(o.priceRatio()), sim.Round(o.fairShare()))
	}
	return t
}

func (g *Game) numbers(out *sim.Report, f finding, w worked) {
	price, share, _ := f.worst("curve")
	oldPrice, oldShare, _ := f.worst("before")
	windowPrice, windowShare, _ := f.worst("windows")
	_, fixedShare, _ := f.worst("fixed")
	_, orders, _ := f.worst("orders")
	_, _, rush := f.worst("rush")
	_, _, oldRush := f.worst("rush-before")
	hours := func(o outcome) float64 { return sim.Round(float64(o.risen) / blocksPerHour) }
	work := ratio(float64(w.people), float64(w.people+w.bots)) * (g.PeoplePerDay + g.BotsPerDay) / g.PeoplePerDay
	out.Numbers = []sim.Number{
		{Name: "price-ratio", About: "what a bot pays over what a person of the same value pays", Value: price, Before: &oldPrice, AtLeast: sim.Bound(0.95), AtMost: sim.Bound(1.05)},
		{Name: "fair-share", About: "people's share of slots over their share of wishes", Value: share, Before: &oldShare, AtLeast: sim.Bound(0.85)},
		{Name: "fair-share-orders", About: "the same where people leave standing orders", Value: orders, Before: &share, AtLeast: sim.Bound(0.95)},
		{Name: "price-ratio-windows", About: "price-ratio where the price stands for 72 minutes", Value: windowPrice, AtMost: sim.Bound(0.9)},
		{Name: "fair-share-windows", About: "fair-share where the price stands for 72 minutes", Value: windowShare, AtMost: sim.Bound(0.9)},
		{Name: "fair-share-fixed", About: "fair-share where the price is too low and stays", Value: fixedShare, AtMost: sim.Bound(0.3)},
		{Name: "rush-hours", About: "until the price has followed when a slot's value is a hundred times the price", Unit: "hours", Value: hours(rush), Before: sim.Bound(hours(oldRush)), AtMost: sim.Bound(36)},
		{Name: "rush-cheap", About: "slots that were sold below half the value in that rush", Unit: "slots", Value: float64(rush.cheap), Before: sim.Bound(float64(oldRush.cheap)), AtMost: sim.Bound(150)},
		{Name: "rush-cheap-bots", About: "share of those that bots got", Value: sim.Round(ratio(float64(rush.cheapBots), float64(rush.cheap))), AtMost: sim.Bound(0.8)},
		{Name: "work-share", About: "people's share of slots by proof of work over their share of wishes", Value: sim.Round(work), AtMost: sim.Bound(0.5)},
		{Name: "work-cost", About: "what the work for a slot costs a person, over the slot's median value", Value: sim.Round(w.personal), AtLeast: sim.Bound(1)},
	}
}

func (g *Game) figures(out *sim.Report, f finding) {
	var price, share figure.Series
	price.Label, price.Kind = "price of bots / price of people", figure.Line
	share.Label, share.Kind = "people's slots / their share of wishes", figure.Dashed
	for _, factor := range g.Factors {
		p, s, _ := f.worst(factorName(factor))
		price.X, price.Y = append(price.X, factor), append(price.Y, p)
		share.X, share.Y = append(share.X, factor), append(share.Y, s)
	}
	out.Figures = append(out.Figures, figure.Figure{
		Name: "registration-bots", Title: "What looking in every block is worth", X: "factor of a registration", Y: "ratio",
		Caption: "Each factor has the half-life that sells as many slots; the bots' best tactics. A small factor leaves them less to wait for.",
		Series:  []figure.Series{price, share}, Rules: []float64{0.95},
	})
	prices := figure.Figure{
		Name: "registration-rush", Title: "A slot becomes worth a hundred times its price", X: "days", Y: "price, TAO", LogY: true,
		Caption: "Every six hours. A smaller factor follows more slowly.",
	}
	for _, c := range []struct{ name, label string }{{"rush", "this curve"}, {"rush-before", "before"}} {
		_, _, o := f.worst(c.name)
		s := figure.Series{Label: c.label, Kind: figure.Line}
		for i, p := range o.prices {
			s.X, s.Y = append(s.X, float64(i)/4), append(s.Y, sim.Round(p))
		}
		prices.Series = append(prices.Series, s)
	}
	out.Figures = append(out.Figures, prices)
}
