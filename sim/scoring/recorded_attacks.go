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
	most                     map[string]float64 // bounds of the cases' pay
}

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
		ac := attackCase{name: name, about: about, players: c.players(), yardstick: c.best, from: 60, least: 0.9}
		for k, g := range gains {
			ac.owned = append(ac.owned, len(ac.players))
			ac.players = append(ac.players, always(fmt.Sprint(name, k), 40, g))
		}
		add(ac)
	}
	clones("copies-10", "10 exact copies of it", slices.Repeat([][]float64{c.best}, 10))
	for _, sigma := range []float64{0.3, 0.6, 1, 1.5} {
		gains, err := r.liars(ctx, a, 10, func(rng *rand.Rand) []model.Prediction { return noise(c.says, sigma, rng) })
		if err != nil {
			return nil, err
		}
		clones(fmt.Sprintf("noise-%02.0f", 10*sigma), fmt.Sprintf("10 copies of it with noise of %v nat on each log-probability", sigma), gains)
		if sigma == 1 {
			diluted := make([][]float64, len(gains))
			for k := range gains {
				diluted[k] = mixed(c.weak, gains[k], 0.8)
			}
			clones("diluted", "10 copies of it with noise of 1 nat, and a fifth of "+s.weak+" mixed in", diluted)
		}
	}
	return out, nil
}

// stages are the models under attack: a transformer and a recurrent network.
var stages = []stage{
	{model: "smollm2", left: "gemma3", right: "gru-a", weak: "kn-6-a", most: map[string]float64{
		"boaster": 0.1, "sharpened": 0.9, "timid": 0.9, "single-bytes": 0.2, "easy-items": 0.5,
		"copies-10": 0.05, "noise-03": 0.3, "noise-06": 1.5, "noise-10": 8, "noise-15": 5.5, "diluted": 7.5,
	}},
	{model: "gru-a", left: "gru-b", right: "kn-6-b", weak: "kn-5-a", most: map[string]float64{
		"boaster": 0.05, "sharpened": 0.95, "timid": 0.9, "single-bytes": 1, "easy-items": 0.4,
		"copies-10": 0.05, "noise-03": 0.8, "noise-06": 7.5, "noise-10": 2.5, "noise-15": 0.2, "diluted": 8.5,
	}},
}
