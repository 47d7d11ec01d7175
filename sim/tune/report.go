package tune

import (
	"slices"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// leastRecommended is the score that the default search keeps: no worse than the chain's defaults.
const leastRecommended = 1.0

func (r *Search) report(all []candidate) *sim.Report {
	wanted := r.wanted()
	on := front(all, wanted)
	best := r.best(all, 1)[0]
	defaults := all[0]
	score, broken := r.score(all[best].worth, defaults.worth)
	out := &sim.Report{Name: r.Name(), Title: "Hyperparameters for what a subnet's owner wants", Params: r}
	beaten := 0
	for _, c := range all {
		if dominates(c.worth, defaults.worth, wanted) {
			beaten++
		}
	}
	_, brokenByDefaults := r.score(defaults.worth, defaults.worth)
	out.Numbers = []sim.Number{
		{
			Name: "score-recommended", About: "mean of the wanted worths of the recommended point over those of the defaults", Value: sim.Round(score),
			Before: sim.Bound(1),
		},
		{Name: "limits-broken", About: "by how much the recommended point breaks the limits, 0 if it keeps them", Value: sim.Round(broken), Before: sim.Bound(sim.Round(brokenByDefaults))},
		{Name: "front", About: "points that no other one beats in all that is wanted", Value: float64(len(on)), AtLeast: sim.Bound(1)},
		{Name: "defaults-beaten", About: "points that beat the chain's defaults in all that is wanted", Value: float64(beaten)},
		{
			Name: "defaults-slack", About: "by how much of itself every wanted worth of the defaults can be lowered at once",
			Value: sim.Round(slack(all, defaults.worth, wanted)),
		},
	}
	if brokenByDefaults == 0 { // then the defaults are a candidate that keeps the limits
		out.Numbers[0].AtMost, out.Numbers[1].AtMost = sim.Bound(leastRecommended), sim.Bound(0)
	}
	for g := range goals {
		out.Numbers = append(out.Numbers, sim.Number{
			Name: goalNames[g] + "-recommended", About: goalAbout[g], Value: all[best].worth[g], Before: sim.Bound(defaults.worth[g]),
		})
	}
	out.Tables = []sim.Table{r.table(all, on, best)}
	out.Figures = r.figures(all, on, best)
	out.More = map[string]any{"recommended": all[best].point.Settings(), "defaults": defaults.point.Settings()}
	return out
}

func (r *Search) table(all []candidate, on []int, best int) sim.Table {
	t := sim.Table{
		Name: "tune", Title: "The front, the recommended point and the chain's defaults",
		Columns: []string{
			"point", "on the front", "score", "limits broken", "tempo, minutes", "kappa", "bonds penalty", "bonds moving average", "yuma3", "liquid alpha", "alpha low",
			"alpha high", "retention", "copier", "recognition, hours", "ramp, hours", "cabal", "error", "luck",
		},
	}
	add := func(i int, name string) {
		c := all[i]
		score, broken := r.score(c.worth, all[0].worth)
		row := []any{
			name, slices.Contains(on, i), sim.Round(score), sim.Round(broken), c.point.Tempo, sim.Round(c.point.Kappa), sim.Round(c.point.BondsPenalty),
			sim.Round(c.point.BondsMovingAverage), c.point.Yuma3, c.point.Liquid, sim.Round(c.point.AlphaLow), sim.Round(c.point.AlphaHigh),
		}
		for _, x := range c.worth {
			row = append(row, x)
		}
		t.Add(row...)
	}
	add(0, "defaults")
	add(best, "recommended")
	for _, i := range on {
		if i != 0 && i != best {
			add(i, "front")
		}
	}
	return t
}

// figures show two wanted goals at a time, the first one against each other.
func (r *Search) figures(all []candidate, on []int, best int) []figure.Figure {
	wanted := r.wanted()
	if len(wanted) == 1 {
		wanted = append(wanted, (wanted[0]+1)%goals)
	}
	var out []figure.Figure
	for _, pair := range pairs(wanted) {
		f := figure.Figure{
			Name: "tune-" + goalNames[pair[0]] + "-" + goalNames[pair[1]], Title: "What can be had at once", X: goalAxis[pair[0]], Y: goalAxis[pair[1]],
			Caption: "Every point tried; less is better on both axes. The front is that of all that is wanted, so that points of it can lie behind others here.",
		}
		series := func(label string, indices []int) {
			s := figure.Series{Label: label, Kind: figure.Points}
			for _, i := range indices {
				s.X, s.Y = append(s.X, all[i].worth[pair[0]]), append(s.Y, all[i].worth[pair[1]])
			}
			f.Series = append(f.Series, s)
		}
		every := make([]int, len(all))
		for i := range every {
			every[i] = i
		}
		series("tried", every)
		series("front", on)
		series("defaults", []int{0})
		series("recommended", []int{best})
		out = append(out, f)
	}
	return out
}

// pairs of the first goals, three at most.
func pairs(wanted []int) [][2]int {
	var out [][2]int
	for i, a := range wanted {
		for _, b := range wanted[i+1:] {
			if len(out) < 3 {
				out = append(out, [2]int{a, b})
			}
		}
	}
	return out
}
