package scoring

import (
	"context"
	"fmt"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/sim"
)

// Attack is a family of ways to earn more than honest answers would, played on recorded gains of real models.
type Attack struct {
	Seed   uint64 `json:"seed" help:"seed of the order of questions, of noise and of groups"`
	Rounds int    `json:"rounds" help:"rounds of a validator, of 32 questions each"`

	family *family
}

// family is what is particular to an attack.
type family struct {
	name, title, about string
	price              bool // say at which price of a registration clones stop to pay
	cases              func(ctx context.Context, e *exam, a *Attack) ([]attackCase, error)
}

// attackCase is one strategy with its world.
type attackCase struct {
	name, about string
	players     []player
	owned       []int                 // the attacker's uids, indices of players
	victim      int                   // whose loss is looked at; -1: nobody's
	yardstick   []float64             // gains whose honest pay is 1; nil with shares
	from        int                   // pay counts from this round
	group       int                   // most uids that are compared; 0: all
	most        float64               // bound of the attacker's pay
	least       float64               // bound of what the victim keeps
	shares      bool                  // pay as share of a round's pot
	noisy       bool                  // a disguise by noise, with or without a weak model, of ten clones
	rule        func(*score.Settings) // changes the rule; nil: as it is
}

// Name of the experiment.
func (a *Attack) Name() string { return a.family.name }

// About the experiment.
func (a *Attack) About() string { return a.family.title + "\n\n" + a.family.about }

// Validate fails with sim.ErrConfig.
func (a *Attack) Validate() error {
	if a.Rounds < 80 || a.Rounds > 100_000 {
		return fmt.Errorf("%w: rounds is %d, want 80 to 100000", sim.ErrConfig, a.Rounds)
	}
	return nil
}

// outcome of a case under one rule.
type outcome struct{ pay, keeps float64 }

// Run plays every case with precedence and without.
func (a *Attack) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	e, err := theExam()
	if err != nil {
		return nil, err
	}
	cases, err := a.family.cases(ctx, e, a)
	if err != nil {
		return nil, err
	}
	results := make([][2]outcome, len(cases))
	err = sim.Parallel(ctx, 2*len(cases), progress, func(i int) error {
		rule := score.Defaults()
		if i%2 == 1 {
			rule.Lead = 0
		}
		var err error
		results[i/2][i%2], err = a.outcome(ctx, e, &cases[i/2], rule)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.report(cases, results), nil
}

func (a *Attack) outcome(ctx context.Context, e *exam, c *attackCase, rule score.Settings) (outcome, error) {
	if c.rule != nil {
		c.rule(&rule)
	}
	group := c.group
	if group == 0 {
		group = len(c.players) + 1
	}
	m, err := e.play(ctx, rule, a.Seed, a.Rounds, group, c.players)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{}
	if c.shares {
		for _, i := range c.owned {
			out.pay += m.shares[i]
		}
		return out, nil
	}
	players := []player{always("honest", c.players[c.owned[0]].from, c.yardstick)}
	if c.victim >= 0 {
		alone := c.players[c.victim]
		players = append(players, alone)
	}
	for i := range players { // alone on a board nobody is alike
		alone, err := e.play(ctx, rule, a.Seed, a.Rounds, group, players[i:i+1])
		if err != nil {
			return outcome{}, err
		}
		if i == 1 {
			out.keeps = relative(m.mean(c.victim, c.from), alone.mean(0, c.from))
			continue
		}
		for _, k := range c.owned {
			out.pay += relative(m.mean(k, c.from), alone.mean(0, c.from))
		}
	}
	return out, nil
}

func (a *Attack) report(cases []attackCase, results [][2]outcome) *sim.Report {
	out := &sim.Report{Name: a.Name(), Title: a.family.title, Params: a}
	table := sim.Table{
		Name: "cases", Title: a.family.title,
		Columns: []string{"case", "what it does", "pay", "pay without precedence", "bound", "victim keeps", "victim kept without precedence"},
	}
	bars := figure.Figure{
		Name: a.Name(), Title: a.family.title, X: "", Y: "pay, all uids of the attacker together",
		Caption: "Pay in units of what honest play with the same model would earn (memorisers: share of the pot). Dots: without precedence.",
	}
	after, before := figure.Series{Label: "with precedence", Kind: figure.Bars}, figure.Series{Label: "without", Kind: figure.Points}
	for i, c := range cases {
		r := results[i]
		n := sim.Number{Name: c.name, About: "pay: " + c.about, Value: r[0].pay, Before: sim.Bound(r[1].pay), AtMost: sim.Bound(c.most)}
		out.Numbers = append(out.Numbers, n)
		kept, keptBefore := "", ""
		if c.victim >= 0 && !c.shares {
			n := sim.Number{
				Name: c.name + "-victim", About: "what the victim keeps of its pay: " + c.about, Value: r[0].keeps, Before: sim.Bound(r[1].keeps),
				AtLeast: sim.Bound(c.least),
			}
			out.Numbers = append(out.Numbers, n)
			kept, keptBefore = fmt.Sprintf("%.3f", r[0].keeps), fmt.Sprintf("%.3f", r[1].keeps)
		}
		table.Add(c.name, c.about, fmt.Sprintf("%.3f", r[0].pay), fmt.Sprintf("%.3f", r[1].pay), c.most, kept, keptBefore)
		bars.Names = append(bars.Names, c.name)
		after.X, after.Y = append(after.X, float64(i)), append(after.Y, sim.Round(r[0].pay))
		before.X, before.Y = append(before.X, float64(i)), append(before.Y, sim.Round(r[1].pay))
	}
	if a.family.price {
		out.Numbers = append(out.Numbers,
			dearest(cases, results, "noisy", "what the best of ten clones' disguises by noise earns each, some of a weak model mixed in or not",
				func(c *attackCase) bool { return c.noisy }),
			dearest(cases, results, "break-even", "what the best of ten clones' disguises earns each: a registration that costs more than that over its life does not pay",
				func(c *attackCase) bool { return len(c.owned) == 10 }))
	}
	bars.Series = []figure.Series{after, before}
	out.Tables, out.Figures = []sim.Table{table}, []figure.Figure{bars}
	return out
}

// dearest is what a clone earns in an epoch in the best of some cases with ten clones: a registration has to cost more than that over its life.
func dearest(cases []attackCase, results [][2]outcome, name, about string, counts func(*attackCase) bool) sim.Number {
	n := sim.Number{Name: name, About: about, Unit: "honest pays per epoch", AtMost: sim.Bound(0.87), Before: new(float64)}
	for i := range cases {
		if counts(&cases[i]) {
			n.Value, *n.Before = max(n.Value, results[i][0].pay/10), max(*n.Before, results[i][1].pay/10)
		}
	}
	return n
}
