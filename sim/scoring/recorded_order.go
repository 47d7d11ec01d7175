package scoring

import (
	"context"
	"fmt"
	"math"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// order asks how many questions put adjacent models in order, on all sources and on each.
func (m *Models) order(ctx context.Context, r *recordedExam, out *sim.Report) error {
	ranked := r.independent()
	o := &Order{Seed: m.Seed, Resamples: m.Resamples}
	columns := append([]string{"all sources"}, r.names...)
	needed := make([][]int, len(ranked)-1)
	err := sim.Parallel(ctx, len(needed), nil, func(i int) error {
		difference := make([]float64, len(r.items))
		for t := range difference {
			difference[t] = r.gains[ranked[i]][t] - r.gains[ranked[i+1]][t]
		}
		needed[i] = []int{o.needed(difference, uint64(100*i))}
		for d := range r.names {
			needed[i] = append(needed[i], o.needed(difference[d*r.each:(d+1)*r.each], uint64(100*i+d+1)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	table := sim.Table{
		Name: "questions", Title: "Questions for 95 % correct order of models next to each other (-1: not with 20,000, or the other one is better there)",
		Columns: append([]string{"better", "worse"}, columns...),
	}
	chart := figure.Figure{
		Name: "model-questions", Title: "Questions for 95 % correct order", Y: "questions", LogY: true,
		Caption: "Models next to each other in the order of their mean gain; 33 questions are a round. Where a point is missing a source alone does not tell.",
	}
	series := make([]figure.Series, len(columns))
	equal := 0
	for i, n := range needed {
		chart.Names = append(chart.Names, ranked[i]+" > "+ranked[i+1])
		row := []any{ranked[i], ranked[i+1]}
		for k := range columns {
			row = append(row, n[k])
			s := &series[k]
			s.Label, s.Kind = columns[k], figure.Points
			if n[k] > 0 {
				s.X, s.Y = append(s.X, float64(i)), append(s.Y, float64(n[k]))
			}
		}
		table.Add(row...)
		if n[0] < 0 || n[0] > untold {
			equal++
		}
	}
	for _, s := range series {
		if len(s.X) > 0 {
			chart.Series = append(chart.Series, s)
		}
	}
	out.Tables, out.Figures = append(out.Tables, table), append(out.Figures, chart)
	for i, most := range []float64{140, 14} { // the large models, and the better small one
		out.Numbers = append(out.Numbers, sim.Number{
			Name: "order-" + ranked[i] + "-" + ranked[i+1], About: "questions for 95 % correct order, all sources", Value: float64(needed[i][0]), Unit: "questions",
			AtLeast: sim.Bound(4), AtMost: sim.Bound(most),
		})
	}
	out.Numbers = append(out.Numbers, sim.Number{
		Name: "untold", About: fmt.Sprintf("of %d pairs of adjacent models those that %d questions do not put in order", len(needed), untold), Value: float64(equal),
		Unit: "pairs", AtMost: sim.Bound(float64(len(needed) - 3)),
	})
	out.Numbers = append(out.Numbers, r.fresh(ranked)...)
	return nil
}

// untold is from how many questions on two models count as equal.
const untold = 2000

// fresh compares the order on the last source with that on the others, for all pairs and for those that the others put in order for sure.
func (r *recordedExam) fresh(ranked []string) []sim.Number {
	last := (len(r.names) - 1) * r.each
	same, pairs, sureSame, sure := 0, 0, 0, 0
	for j := range ranked {
		for i := range j {
			difference := make([]float64, len(r.items))
			for t := range difference {
				difference[t] = r.gains[ranked[i]][t] - r.gains[ranked[j]][t]
			}
			books, noise := meanError(difference[:last])
			agrees := books*mean(difference[last:]) > 0
			clear := math.Abs(books) > 2*noise
			for _, c := range []struct {
				counts, of *int
				here       bool
			}{{&same, &pairs, true}, {&sureSame, &sure, clear}} {
				if c.here {
					*c.of++
					if agrees {
						*c.counts++
					}
				}
			}
		}
	}
	share := func(name, which string, counts, of int, least float64) sim.Number {
		return sim.Number{
			Name: name, About: fmt.Sprintf("part of the %d pairs of independent models%s that stand on fresh text in the order in which they stand on the books", of, which),
			Value: sim.Round(float64(counts) / float64(max(1, of))), AtLeast: sim.Bound(least), AtMost: sim.Bound(1),
		}
	}
	return []sim.Number{
		share("fresh-order", "", same, pairs, 0.58),
		share("fresh-order-clear", ", more than two standard errors apart on the books,", sureSame, sure, 0.75),
	}
}
