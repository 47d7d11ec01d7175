package scoring

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/sim"
)

// stage is a model whose holder cheats, or whom others copy, with two honest miners and what a weak attacker knows itself.
type stage struct {
	model, left, right, weak string
	blurred, agreed          disguise           // the best for this model
	most                     map[string]float64 // bounds of the cases' pay
}

// disguise is how far clones change answers, and the share of the weak model that they mix in, which brings back what the change costs.
type disguise struct{ depth, weak float64 }

func (m *Models) attacks(ctx context.Context, r *recordedExam, out *sim.Report, progress sim.Progress) error {
	a := &Attack{Seed: m.Seed, Rounds: m.Rounds}
	var cases []attackCase
	for _, s := range stages {
		some, err := r.cases(ctx, a, &s)
		if err != nil {
			return err
		}
		cases = append(cases, some...)
	}
	results := make([][2]outcome, len(cases))
	err := sim.Parallel(ctx, 2*len(cases), progress, func(i int) error {
		rule := score.Defaults()
		if i%2 == 1 {
			rule.Lead = 0
		}
		var err error
		results[i/2][i%2], err = a.outcome(ctx, r.exam, &cases[i/2], rule)
		return err
	})
	if err != nil {
		return err
	}
	table := sim.Table{Name: "attacks", Title: "Attacks on other models", Columns: []string{"case", "what it does", "pay", "pay without precedence", "bound", "victim keeps"}}
	chart := figure.Figure{
		Name: "model-attacks", Title: "Attacks on other models", Y: "pay, all uids of the attacker together",
		Caption: "Pay in units of what honest play with the same model would earn. Dots: without precedence.",
	}
	after, before := figure.Series{Label: "with precedence", Kind: figure.Bars}, figure.Series{Label: "without", Kind: figure.Points}
	for i, c := range cases {
		now, old := results[i][0], results[i][1]
		out.Numbers = append(out.Numbers, sim.Number{Name: c.name, About: "pay: " + c.about, Value: now.pay, Before: sim.Bound(old.pay), AtMost: sim.Bound(c.most)})
		kept := ""
		if c.victim >= 0 {
			kept = fmt.Sprintf("%.3f", now.keeps)
			out.Numbers = append(out.Numbers, sim.Number{
				Name: c.name + "-victim", About: "what the victim keeps: " + c.about, Value: now.keeps, Before: sim.Bound(old.keeps), AtLeast: sim.Bound(c.least),
			})
		}
		table.Add(c.name, c.about, fmt.Sprintf("%.3f", now.pay), fmt.Sprintf("%.3f", old.pay), c.most, kept)
		chart.Names = append(chart.Names, c.name)
		after.X, after.Y = append(after.X, float64(i)), append(after.Y, sim.Round(now.pay))
		before.X, before.Y = append(before.X, float64(i)), append(before.Y, sim.Round(old.pay))
	}
	chart.Series = []figure.Series{after, before}
	out.Tables, out.Figures = append(out.Tables, table), append(out.Figures, chart)
	return nil
}

// cases are the attacks on one model.
func (r *recordedExam) cases(ctx context.Context, a *Attack, s *stage) ([]attackCase, error) {
	m, err := r.bank.Model(s.model)
	if err != nil {
		return nil, err
	}
	c := &cast{best: r.gains[s.model], left: r.gains[s.left], right: r.gains[s.right], weak: r.gains[s.weak], says: m.Answers}
	var out []attackCase
	add := func(ac attackCase) {
		ac.most = s.most[ac.name]
		ac.name, ac.about = s.model+"-"+ac.name, s.model+": "+ac.about
		out = append(out, ac)
	}
	for _, lie := range []struct {
		name, about string
		says        []model.Prediction
	}{
		{"boaster", "probabilities to the third power", power(c.says, 3)},
		{"sharpened", "probabilities to the power 1.5", power(c.says, 1.5)},
		{"timid", "probabilities to the power 0.5", power(c.says, 0.5)},
		{"single-bytes", "only the next byte", singles(c.says)},
	} {
		gains, err := r.exam.gains(ctx, lie.says)
		if err != nil {
			return nil, err
		}
		add(c.solo(lie.name, lie.about, c.best, 0, func(_, item int) (float64, bool) { return gains[item], true }))
	}
	sure := make([]float64, len(c.says))
	for i := range sure {
		sure[i] = certainty(c.says[i])
	}
	median := slices.Sorted(slices.Values(sure))[len(sure)/2]
	add(c.solo("easy-items", "answers the half of the items that it is surest of", c.best, 0, func(_, i int) (float64, bool) { return c.best[i], sure[i] >= median }))

	clones := func(name, about string, gains [][]float64) {
		add(c.beside(attackCase{name: name, about: about, yardstick: c.best}, gains))
	}
	clones("copies-10", "10 exact copies of it", slices.Repeat([][]float64{c.best}, 10))
	for _, sigma := range []float64{0.3, 0.6, 1, 1.5} {
		gains, err := r.liars(ctx, a, 10, func(rng *rand.Rand) []model.Prediction { return noise(c.says, sigma, rng) })
		if err != nil {
			return nil, err
		}
		clones(fmt.Sprintf("noise-%02.0f", 10*sigma), fmt.Sprintf("10 copies of it with noise of %v nat on each log-probability", sigma), gains)
	}
	tuned, err := r.tuned(ctx, a, s, c)
	for _, ac := range tuned {
		add(ac)
	}
	return out, err
}

// beside is a case in which clones come at round 40 and the victim is there.
func (c *cast) beside(ac attackCase, gains [][]float64) attackCase {
	ac.players, ac.from, ac.least = c.players(), 60, 0.95
	for k, g := range gains {
		ac.owned = append(ac.owned, len(ac.players))
		ac.players = append(ac.players, always(fmt.Sprint(ac.name, k), 40, g))
	}
	return ac
}

// tuned are ten clones in the disguises that are best for a model, in honest pays of the model and in those of the same mixture without
// disguise, which is what its holder could answer honestly on one uid.
func (r *recordedExam) tuned(ctx context.Context, a *Attack, s *stage, c *cast) ([]attackCase, error) {
	blurred, err := r.liars(ctx, a, 10, func(rng *rand.Rand) []model.Prediction { return noise(c.says, s.blurred.depth, rng) })
	if err != nil {
		return nil, err
	}
	agreed := make([][]float64, 10)
	for k, says := range forgo(c.says, len(agreed), 2, s.agreed.depth, rand.New(rand.NewPCG(a.Seed, 100))) {
		if agreed[k], err = r.exam.gains(ctx, says); err != nil {
			return nil, err
		}
	}
	var out []attackCase
	for _, d := range []struct {
		name, about string
		disguise
		gains [][]float64
	}{
		{"diluted", fmt.Sprintf("10 copies of it with noise of %v nat", s.blurred.depth), s.blurred, blurred},
		{"agreed", fmt.Sprintf("10 copies of it, two of which say of each event that it is e^%v times less likely", s.agreed.depth), s.agreed, agreed},
	} {
		for k := range d.gains {
			d.gains[k] = mixed(c.weak, d.gains[k], 1-d.weak)
		}
		honest := mixed(c.weak, c.best, 1-d.weak)
		about := fmt.Sprintf("%s, and %.0f %% of %s mixed in", d.about, 100*d.weak, s.weak)
		mixture := c.solo(d.name+"-mixture", fmt.Sprintf("no clone, %.0f %% of %s mixed in, honestly", 100*d.weak, s.weak), c.best, 0,
			func(_, item int) (float64, bool) { return honest[item], true })
		out = append(out, mixture, c.beside(attackCase{name: d.name, about: about, yardstick: c.best}, d.gains),
			c.beside(attackCase{name: d.name + "-of-mixture", about: about + ", in honest pays of that mixture", yardstick: honest}, d.gains))
	}
	return out, nil
}

// stages are the models under attack: two transformers and a mixer of contexts. The networks that are smaller are paid too little for a
// yardstick. The disguises were found by a search over depth, share and the weak models of the bank, with three seeds.
var stages = []stage{
	{model: "smollm2", left: "gemma3", right: "gru-b", weak: "textgenrnn", blurred: disguise{1.2, 0.35}, agreed: disguise{4, 0.4}, most: map[string]float64{
		"boaster": 0.01, "sharpened": 0.57, "timid": 0.66, "single-bytes": 0.01, "easy-items": 0.35, "copies-10": 0.01,
		"noise-03": 0.1, "noise-06": 0.86, "noise-10": 5, "noise-15": 2.5,
		"diluted-mixture": 1.6, "diluted": 9.1, "diluted-of-mixture": 6.7,
		"agreed-mixture": 1.6, "agreed": 11.2, "agreed-of-mixture": 7.8,
	}},
	{model: "gemma3", left: "smollm2", right: "gru-b", weak: "textgenrnn", blurred: disguise{1.2, 0.25}, agreed: disguise{4, 0.35}, most: map[string]float64{
		"boaster": 0.03, "sharpened": 0.72, "timid": 0.66, "single-bytes": 0.01, "easy-items": 0.35, "copies-10": 0.01,
		"noise-03": 0.08, "noise-06": 0.52, "noise-10": 5, "noise-15": 3.1,
		"diluted-mixture": 1.4, "diluted": 8.4, "diluted-of-mixture": 6.6,
		"agreed-mixture": 1.4, "agreed": 9.9, "agreed-of-mixture": 7.7,
	}},
	{model: "mixer", left: "gru-b", right: "kn-6-b", weak: "textgenrnn", blurred: disguise{0.6, 0.4}, agreed: disguise{1.5, 0.35}, most: map[string]float64{
		"boaster": 0.01, "sharpened": 0.81, "timid": 0.06, "single-bytes": 0.01, "easy-items": 0.1, "copies-10": 0.05,
		"noise-03": 6, "noise-06": 2.2, "noise-10": 0.01, "noise-15": 0.01,
		"diluted-mixture": 2.6, "diluted": 18, "diluted-of-mixture": 6,
		"agreed-mixture": 2.6, "agreed": 18.8, "agreed-of-mixture": 6.3,
	}},
}
