package scoring

import (
	"cmp"
	"context"
	"fmt"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/sim"
)

// Relay plays miners that answer with what others answered, with the time that it takes.
type Relay struct {
	Seed         uint64 `json:"seed" help:"seed of the order of questions, of noise, of ways and of texts"`
	Rounds       int    `json:"rounds" help:"rounds of a validator, of 32 questions each"`
	HoldMs       int    `json:"hold_ms" help:"how long a sealed answer stays closed, half of the deadline, in milliseconds"`
	WayLeastMs   int    `json:"way_least_ms" help:"shortest way of a message between two nodes, one way, in milliseconds"`
	WayMostMs    int    `json:"way_most_ms" help:"longest way; ways are drawn evenly by their logarithm"`
	ThinkLeastMs int    `json:"think_least_ms" help:"least that a model takes to answer, in milliseconds"`
	ThinkMostMs  int    `json:"think_most_ms" help:"most that it takes, drawn evenly by its logarithm"`
}

// DefaultRelay is the experiment with the settings of a new network and ways as on the internet.
func DefaultRelay() *Relay {
	return &Relay{Seed: 1, Rounds: 160, HoldMs: 6000, WayLeastMs: 5, WayMostMs: 300, ThinkLeastMs: 20, ThinkMostMs: 2000}
}

// Name of the experiment.
func (g *Relay) Name() string { return "text-relay" }

const relayTitle = "Answers of other miners"

// About the experiment.
func (g *Relay) About() string {
	return relayTitle + `

A miner passes the question on to another one and answers with what that said: from its first round or after years of honest middling answers, now and
then, at the very moment in which the victim changes its model, with a better model in reserve, under ever new registrations, blurred, or mixed from
three miners; or it is there first and takes from a better newcomer. Messages take time, models too. Answers are sealed: a validator takes only what
a miner has committed itself to before the victim opens its answer to anybody, so a relay has nothing but its own model then. Pay is relative to the
honest pay of the victim, or of the model that the attacker gives up; "its own model" is what that alone would be paid. "Before" is without seals, or
for foreknown questions without the rule that they do not count; the table has the pay without precedence too.

Other ways to the victim's answer are played as well: a victim that opens to everybody at once; questions that come again, in a shard; texts about the
question, as people ask for them, with which a sampler corrects its own model as well as can be, and texts with the probabilities of their tokens. The
table "times" says which answers come in time under which rule, and what would break it.`
}

// Validate fails with sim.ErrConfig.
func (g *Relay) Validate() error {
	if err := cmp.Or([]error{
		sim.Within("rounds", 80, 100_000, float64(g.Rounds)),
		sim.Within("hold_ms", 1, 1_000_000, float64(g.HoldMs)),
		sim.Within("way_least_ms", 1, 1_000_000, float64(g.WayLeastMs)),
		sim.Within("way_most_ms", float64(g.WayLeastMs), 1_000_000, float64(g.WayMostMs)),
		sim.Within("think_least_ms", 1, 1_000_000, float64(g.ThinkLeastMs)),
		sim.Within("think_most_ms", float64(g.ThinkLeastMs), 1_000_000, float64(g.ThinkMostMs)),
	}...); err != nil {
		return err
	}
	return nil
}

// The rules that every case is played under: sealed, not sealed, and neither sealed nor with precedence.
const (
	sealedRule = iota
	openRule
	oldRule
	rulesPlayed
)

// relayOutcome is a case under the three rules, and what the attacker's own model is paid by itself.
type relayOutcome struct {
	by  [rulesPlayed]outcome
	own float64
}

// Run plays every case under every rule.
func (g *Relay) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	e, err := theExam()
	if err != nil {
		return nil, err
	}
	s, err := g.stage(ctx, e)
	if err != nil {
		return nil, err
	}
	var cases [rulesPlayed][]relayCase
	for rule := range cases {
		t := *s
		if t.d = (defence{sealed: true, reach: g.reach(true)}); rule != sealedRule {
			t.d = defence{reach: g.reach(false), foretold: g.halfKnown()}
		}
		cases[rule] = t.cases()
	}
	results := make([]relayOutcome, len(cases[0]))
	err = sim.Parallel(ctx, len(results)*rulesPlayed, progress, func(n int) error {
		i, played := n/rulesPlayed, n%rulesPlayed
		rule := score.Defaults()
		if played == oldRule {
			rule.Lead = 0
		}
		a, c := &Attack{Seed: g.Seed, Rounds: g.Rounds}, &cases[played][i]
		var err error
		if results[i].by[played], err = a.outcome(ctx, e, &c.attackCase, rule); err != nil || played != sealedRule {
			return err
		}
		results[i].own, err = g.ownPay(ctx, e, c, rule)
		return err
	})
	if err != nil {
		return nil, err
	}
	return g.report(cases[0], results), nil
}

// ownPay is what the attacker's own model is paid alone, in the units of the case.
func (g *Relay) ownPay(ctx context.Context, e *exam, c *relayCase, rule score.Settings) (float64, error) {
	p := c.players[c.owned[0]]
	var pay [2][]float64
	for i, gains := range [][]float64{c.own, c.yardstick} {
		alone := always("alone", p.from, gains)
		if alone.churn = p.churn; i == 1 {
			alone.churn = 0
		}
		m, err := e.play(ctx, rule, g.Seed, g.Rounds, 2, []player{alone})
		if err != nil {
			return 0, err
		}
		pay[i] = m.mean(0, c.from)
	}
	return relative(pay[0], pay[1]), nil
}

func (g *Relay) report(cases []relayCase, results []relayOutcome) *sim.Report {
	out := &sim.Report{Name: g.Name(), Title: relayTitle, Params: g}
	table := sim.Table{
		Name: "cases", Title: relayTitle,
		Columns: []string{"case", "what it does", "pay", "its own model", "pay without seals", "pay without precedence", "bound", "victim keeps", "victim kept without seals", "victim kept without precedence"},
	}
	bars := figure.Figure{
		Name: g.Name(), Title: relayTitle, Y: "pay",
		Caption: "Pay in units of what the victim's model, or the one that the attacker gives up, honestly earns. Dots: without seals.",
	}
	after, before := figure.Series{Label: "sealed", Kind: figure.Bars}, figure.Series{Label: "not sealed", Kind: figure.Points}
	text := func(x float64) string { return fmt.Sprintf("%.3f", x) }
	for i, c := range cases {
		r := results[i]
		now, open, old := r.by[sealedRule], r.by[openRule], r.by[oldRule]
		out.Numbers = append(out.Numbers,
			sim.Number{Name: c.name, About: "pay: " + c.about, Value: now.pay, Before: sim.Bound(open.pay), AtMost: sim.Bound(c.most)},
			sim.Number{Name: c.name + "-victim", About: "what the victim keeps of its pay: " + c.about, Value: now.keeps, Before: sim.Bound(open.keeps), AtLeast: sim.Bound(c.least)})
		table.Add(c.name, c.about, text(now.pay), text(r.own), text(open.pay), text(old.pay), c.most, text(now.keeps), text(open.keeps), text(old.keeps))
		if c.sampling != nil {
			continue // they have a figure of their own
		}
		bars.Names = append(bars.Names, c.name)
		x := float64(len(bars.Names) - 1)
		after.X, after.Y = append(after.X, x), append(after.Y, sim.Round(now.pay))
		before.X, before.Y = append(before.X, x), append(before.Y, sim.Round(open.pay))
	}
	bars.Series = []figure.Series{after, before}
	times, numbers := g.timing()
	out.Numbers = append(out.Numbers, numbers...)
	samples, lines := g.samplerReport(cases, results)
	out.Tables, out.Figures = []sim.Table{table, times, samples}, []figure.Figure{bars, lines}
	return out
}

// samplerReport shows pay over texts, and what they cost.
func (g *Relay) samplerReport(cases []relayCase, results []relayOutcome) (sim.Table, figure.Figure) {
	t := sim.Table{
		Name: "samplers", Title: "Pay by texts about each question, asked for while the answer is sealed",
		Columns: []string{"case", "texts per question", "texts per round", "texts per second", "pay", "its own model", "victim keeps"},
	}
	f := figure.Figure{
		Name: "text-relay-samplers", Title: t.Title, X: "texts per question", Y: "pay relative to the victim's",
		Caption: "A sampler asks the victim for texts about each of 32 questions and corrects its own model by them, with the weight that gains most. 0: without texts. What is refused is shown as if it were not.",
	}
	labels := map[string]string{
		"sampler": "weak model, texts", "equal-sampler": "model of half of the text, texts", "reader": "weak model, texts with probabilities (refused)", "prober": "the same with the likeliest tokens (refused)",
	}
	for i, c := range cases {
		w := c.sampling
		if w == nil {
			continue
		}
		shown := results[i].by[sealedRule]
		if w.shows.refused() {
			shown = results[i].by[openRule]
		}
		if n := len(f.Series); n == 0 || f.Series[n-1].Label != labels[w.kind] {
			f.Series = append(f.Series, figure.Series{Label: labels[w.kind], Kind: figure.Line, X: []float64{0}, Y: []float64{sim.Round(results[i].own)}})
		}
		line := &f.Series[len(f.Series)-1]
		line.X, line.Y = append(line.X, float64(w.texts)), append(line.Y, sim.Round(shown.pay))
		texts := w.texts * roundItems
		t.Add(c.name, w.texts, texts, sim.Round(float64(texts)*1000/float64(g.HoldMs)), sim.Round(shown.pay), sim.Round(results[i].own), sim.Round(shown.keeps))
	}
	return t, f
}
