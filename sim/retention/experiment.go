package retention

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// Name of the experiment.
func (r *Game) Name() string { return "retention" }

// About the experiment.
func (r *Game) About() string {
	return `What an honest majority keeps against a cabal

Two teams share validators, servers and stake. Honest validators put the weight W_H on honest servers and the rest on the
cabal's; the cabal puts W_C on its own. After one epoch of the network's consensus the honest team holds a share E_H of the
emission. The contour E_H = S_H, its share of the stake, parts what the majority must agree on to keep its share from where
the cabal grows; its largest W_H is the honest weight that is always enough.`
}

// key names a stake in reports: 0.60.
func key(stake float64) string { return strconv.FormatFloat(stake, 'f', 2, 64) }

// Run computes the map and its contours.
func (r *Game) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	m, err := r.Map(ctx, progress)
	if err != nil {
		return nil, err
	}
	out := &sim.Report{Name: r.Name(), Title: "Honest weight that keeps a majority's share of the emission", Params: r}
	all := map[string]Contour{}
	contours := make([]Contour, len(r.Stake))
	for s, stake := range r.Stake {
		contours[s] = m.Contour(s)
		all[key(stake)] = contours[s]
		out.Numbers = append(out.Numbers, r.number(stake, contours[s].Required))
	}
	out.More = map[string]any{"contours": all}
	out.Tables = []sim.Table{m.table(contours)}
	if f := contourFigure(r.Stake, contours); len(f.Series) > 0 {
		out.Figures = append(out.Figures, f)
	}
	s := 0
	for i, stake := range r.Stake { // the published case if it is among them
		if key(stake) == key(publishedStake) {
			s = i
		}
	}
	out.Figures = append(out.Figures, m.heat(s, contours[s]))
	return out, nil
}

// tolerance of a published figure, which has two digits: half of the last, and what the grid adds.
const tolerance = 0.011

func (r *Game) number(stake, required float64) sim.Number {
	n := sim.Number{
		Name: "required-" + strings.TrimPrefix(key(stake), "0."), Value: required,
		About: fmt.Sprintf("honest weight W_H that always keeps a stake of %s its share", key(stake)),
	}
	if want, ok := r.published(stake); ok {
		n.Published = sim.Bound(want)
		n.AtLeast, n.AtMost = sim.Bound(want-tolerance), sim.Bound(want+tolerance)
	}
	return n
}

// table has a row for each W_C and the W_H of the contour of each stake, a dash where no W_H is enough.
func (m *Map) table(contours []Contour) sim.Table {
	t := sim.Table{Name: "contours", Title: "W_H on the contour, for each stake S_H", Columns: []string{"W_C"}}
	next := make([]int, len(contours))
	for _, s := range m.Stake {
		t.Columns = append(t.Columns, "S_H "+key(s))
	}
	for c := range m.Steps {
		row := []any{m.at(c)}
		for s := range contours {
			if k := next[s]; k < len(contours[s].Points) && contours[s].Points[k][1] == m.at(c) {
				row = append(row, contours[s].Points[k][0])
				next[s]++
			} else {
				row = append(row, "-")
			}
		}
		t.Add(row...)
	}
	return t
}

func contourFigure(stake []float64, contours []Contour) figure.Figure {
	f := figure.Figure{
		Name: "retention-contours", Title: "Where an honest team's emission equals its stake",
		Caption: "To the right of its contour the honest team's share of the emission is at least its share of the stake S_H. The larger the stake, the less its validators must agree.",
		X:       "W_H, honest validators' weight on honest servers", Y: "W_C, cabal's weight on its own servers",
		MinY: sim.Bound(0), MaxY: sim.Bound(1),
	}
	for s, c := range contours {
		if len(c.Points) > 0 {
			f.Series = append(f.Series, c.series("S_H "+key(stake[s])))
		}
	}
	return f
}

func (c Contour) series(label string) figure.Series {
	out := figure.Series{Label: label, Kind: figure.Line}
	for _, p := range c.Points {
		out.X, out.Y = append(out.X, p[0]), append(out.Y, p[1])
	}
	return out
}

// heat shows what the honest team of one stake gains or loses.
func (m *Map) heat(s int, c Contour) figure.Figure {
	f := figure.Figure{
		Name: "retention-map", Title: "What an honest team with " + key(m.Stake[s]) + " of the stake gains and loses",
		Caption: "Below zero the cabal takes a part of the honest team's share of the emission.",
		X:       "W_H, honest validators' weight on honest servers", Y: "W_C, cabal's weight on its own servers",
		Heat: &figure.Heat{Label: "E_H \u2212 S_H, share of the emission", X1: 1, Y1: 1},
	}
	for k := range m.Steps {
		row := make([]float64, m.Steps)
		for h := range row {
			row[h] = m.Emission[s][k*m.Steps+h] - m.Stake[s]
		}
		f.Heat.Z = append(f.Heat.Z, row)
	}
	if len(c.Points) > 0 {
		f.Series = []figure.Series{c.series("E_H = S_H")}
	}
	return f
}
