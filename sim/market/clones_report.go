package market

import (
	"context"
	"fmt"
	"math"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// Name of the experiment.
func (c *Clones) Name() string { return "clones" }

// About the experiment.
func (c *Clones) About() string {
	return `Farms of noisy clones against what their slots cost

One owner serves one model under many uids. Each adds noise of its own, so that copy detection does not see it, and is paid a share of its model's pay
(clone_pay, which experiment text-copies measures). Farms register 1, 10, 50 or 200 clones at once, or wait until the price is at its floor, or
register anew what was pruned; five farms compete, some of them wise: they count what a clone takes from their own uids and what the rule leaves. Each model
of a farm is as good as the best. Prices, caps and pruning are the chain's; so is upkeep (package price). Honest miners of mixed quality come, pay as much
as a slot is worth to them, and leave.

A registration is paid once and a uid that is not pruned earns for ever: in a subnet with room clones earn many times their price, and farms
fill it. No rule can tell a clone that earns 80 % of the best from an honest model that does, so what makes one poor makes the other poor. Compared are a
price that rises more steeply and without a limit, a price that is never below a hundred epochs of the best pay, leases of a hundred epochs at no less than 80
times that, and upkeep: a rent per uid and epoch, a share of the best pay, that goes back to the miners by what is left to them.

ratio is what clones earned over what their registrations cost; a farm's gain counts what they took from its honest uid.`
}

// game is one that is played.
type cloneGame struct {
	terms  terms
	tactic tactic
	full   bool
	of     *Clones
}

func (g cloneGame) play() books {
	a := g.of.FewADay
	if g.full {
		a = g.of.FullADay
	}
	return g.of.subnet(g.terms, g.tactic, g.full).play(a)
}

func upkeepOf(share int) terms { return terms{name: fmt.Sprint("upkeep ", share), upkeep: share} }

// rules that are compared; the first is the chain without upkeep, the last the one that numbers are about.
func (c *Clones) rules() []terms {
	out := []terms{
		{name: "none"},
		{name: "steep price", factor: 1.26, most: 1e6},
		{name: "floor of 100 pays", floor: 100, most: 1e6},
		{name: "leases", lease: 100, floor: 80, most: 1e6},
	}
	if c.Upkeep != 500 {
		out = append(out, upkeepOf(500))
	}
	return append(out, upkeepOf(c.Upkeep))
}

// plays lists the games: per rule and subnet one without farms, for each number of farms one in which they have only their honest uid, and
// the tactics; then clone_pays against upkeeps.
func (c *Clones) plays() []cloneGame {
	var out []cloneGame
	for _, t := range c.rules() {
		for _, full := range []bool{false, true} {
			for _, tac := range append([]tactic{{}, {farms: 1}, {farms: 5}}, c.tactics()...) {
				out = append(out, cloneGame{t, tac, full, c})
			}
		}
	}
	for _, pay := range c.ClonePays {
		of := *c
		of.ClonePay = pay
		for _, u := range c.Upkeeps {
			out = append(out, cloneGame{upkeepOf(u), c.trickle(), false, &of})
		}
	}
	return out
}

// Run plays all games.
func (c *Clones) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	games := c.plays()
	results := make([]books, len(games))
	err := sim.Parallel(ctx, len(games), progress, func(i int) error {
		results[i] = games[i].play()
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &sim.Report{Name: c.Name(), Title: "Farms of noisy clones", Params: c}
	found := cloneFinding{c: c, games: games, results: results}
	honest := found.honest()
	out.Tables = []sim.Table{found.table(), honest, found.search(out)}
	found.numbers(out)
	return out, nil
}

type cloneFinding struct {
	c       *Clones
	games   []cloneGame
	results []books
}

func (f cloneFinding) find(rule string, full bool, tac tactic) books {
	for i, g := range f.games {
		if g.of == f.c && g.terms.name == rule && g.full == full && g.tactic == tac {
			return f.results[i]
		}
	}
	return books{}
}

func place(full bool) string {
	if full {
		return "full"
	}
	return "room"
}

func (f cloneFinding) table() sim.Table {
	t := sim.Table{Name: "farms", Title: "What clones earn over what they cost", Columns: []string{"rule", "subnet", "farm", "clones bought"}}
	for _, d := range f.c.Days {
		t.Columns = append(t.Columns, fmt.Sprintf("ratio after %v days", d))
	}
	t.Columns = append(t.Columns, "farms' gain, share of pot", "clones' share of pot", "best honest keeps", "median honest keeps", "burned, TAO a day")
	for i, g := range f.games {
		if g.of != f.c || g.tactic.name == "" {
			continue
		}
		o := f.results[i]
		alone := f.find(g.terms.name, g.full, tactic{})
		row := []any{g.terms.name, place(g.full), g.tactic.name, o.bought}
		for d := range f.c.Days {
			row = append(row, sim.Round(ratio(o.farm[d], o.cost[d])))
		}
		t.Add(append(row, sim.Round(f.gain(g, o)), sim.Round(ratio(o.clones, o.pot)), sim.Round(ratio(o.top, alone.top)),
			sim.Round(ratio(o.median, alone.median)), sim.Round(o.burned/o.days))...)
	}
	return t
}

// gain is what farms have more by their clones, after what these took from the farms' honest uids, as a share of the pot.
func (f cloneFinding) gain(g cloneGame, o books) float64 {
	last := len(f.c.Days) - 1
	plain := f.find(g.terms.name, g.full, tactic{farms: g.tactic.farms})
	return ratio(o.total[last]-plain.total[last], o.pot)
}

// honest is what rules do where there are no farms.
func (f cloneFinding) honest() sim.Table {
	t := sim.Table{
		Name: "honest", Title: "Honest miners without farms",
		Columns: []string{
			"rule", "subnet", "best, TAO", "median, TAO", "last, TAO", "uids that are paid", "median payback of newcomers, epochs", "newcomers that never have it back", "burned, TAO a day",
		},
	}
	for i, g := range f.games {
		if g.of != f.c || g.tactic.farms > 0 {
			continue
		}
		o := f.results[i]
		t.Add(g.terms.name, place(g.full), sim.Round(o.top), sim.Round(o.median), sim.Round(o.worst), sim.Round(o.live/o.samples), o.medianPayback(),
			sim.Round(ratio(o.unpaid, o.newcomers)), sim.Round(o.burned/o.days))
	}
	return t
}

// medianPayback of those newcomers who had their price back.
func (b books) medianPayback() float64 {
	if len(b.payback) == 0 {
		return 0
	}
	return b.payback[len(b.payback)/2]
}

// search tells for each clone_pay what is left to a clone at each upkeep, and the least upkeep at which all of a farm earn less than they cost.
func (f cloneFinding) search(out *sim.Report) sim.Table {
	t := sim.Table{
		Name: "upkeep", Title: "Which upkeep which clones need: a farm that waits for the lowest price in a subnet with room",
		Columns: []string{"clone pay", "upkeep, thousandths", "ratio", "pay of a clone over that of the best honest miner", "share of pot"},
	}
	fig := figure.Figure{
		Name: "clones", Title: "What upkeep leaves to a clone", X: "upkeep, share of the best pay", Y: "pay of a clone / pay of the best",
		Caption: "Each line is a disguise, by what it earns without upkeep. An honest model of the same pay is on the same line.",
	}
	last := len(f.c.Days) - 1
	for p, pay := range f.c.ClonePays {
		least, line := math.NaN(), figure.Series{Label: fmt.Sprintf("%v of the pay", pay), Kind: figure.Line}
		for k, u := range f.c.Upkeeps {
			o := f.results[len(f.results)-len(f.c.ClonePays)*len(f.c.Upkeeps)+p*len(f.c.Upkeeps)+k]
			r := ratio(o.farm[last], o.cost[last])
			each := ratio(o.clones/float64(max(1, o.bought)), o.top)
			t.Add(pay, u, sim.Round(r), sim.Round(each), sim.Round(ratio(o.clones, o.pot)))
			line.X, line.Y = append(line.X, float64(u)/1000), append(line.Y, sim.Round(each))
			if r < 1 && math.IsNaN(least) {
				least = float64(u)
			} else if r >= 1 {
				least = math.NaN()
			}
		}
		fig.Series = append(fig.Series, line)
		if !math.IsNaN(least) {
			out.Numbers = append(out.Numbers, sim.Number{
				Name: fmt.Sprintf("upkeep-for-%v", 1000*pay), About: fmt.Sprintf("least upkeep tried under which clones paid %v of their model's pay earn less than they cost", pay),
				Unit: "thousandths", Value: least,
			})
		}
	}
	out.Figures = append(out.Figures, fig)
	return t
}

// worst is the largest of a measure over tactics in both subnets under a rule.
func (f cloneFinding) worst(rule string, of func(g cloneGame, b books) float64) float64 {
	most := math.Inf(-1)
	for i, g := range f.games {
		if g.of == f.c && g.terms.name == rule && g.tactic.name != "" {
			most = max(most, of(g, f.results[i]))
		}
	}
	return sim.Round(most)
}

func (f cloneFinding) numbers(out *sim.Report) {
	last := len(f.c.Days) - 1
	rule, five := upkeepOf(f.c.Upkeep).name, f.c.tactics()[len(f.c.Counts)+2]
	add := func(n sim.Number, of func(rule string) float64) {
		before := of("none")
		n.Value, n.Before = of(rule), &before
		out.Numbers = append(out.Numbers, n)
	}
	add(sim.Number{Name: "clone-ratio", About: "most that clones of any farm earn over what they cost", AtMost: sim.Bound(1)}, func(rule string) float64 {
		return f.worst(rule, func(_ cloneGame, b books) float64 { return ratio(b.farm[last], b.cost[last]) })
	})
	add(sim.Number{Name: "clone-share", About: "most that clones of any farms get of the pot", AtMost: sim.Bound(0.05)}, func(rule string) float64 {
		return f.worst(rule, func(_ cloneGame, b books) float64 { return ratio(b.clones, b.pot) })
	})
	add(sim.Number{Name: "best-keeps", About: "what clones of five farms leave to the best honest miner in a subnet with room, of its pay beside the farms' five models", AtLeast: sim.Bound(0.9)}, func(rule string) float64 {
		return sim.Round(ratio(f.find(rule, false, five).top, f.find(rule, false, tactic{farms: 5}).top))
	})
	add(sim.Number{Name: "best-over-median", About: "pay of the best honest miner over the median's, without farms; 0: the median is not paid"}, func(rule string) float64 {
		o := f.find(rule, false, tactic{})
		return sim.Round(ratio(o.top, o.median))
	})
	add(sim.Number{Name: "paid-uids", About: "honest uids that are paid in a subnet with room, without farms"}, func(rule string) float64 {
		o := f.find(rule, false, tactic{})
		return sim.Round(o.live / o.samples)
	})
	out.Numbers = append(out.Numbers, sim.Number{
		Name: "gain-needed", About: "least gain over the best miner's that is paid, where pay goes with the square", Value: sim.Round(math.Sqrt(float64(f.c.Upkeep) / 1000)),
	})
}
