// Package figure describes charts as data: series of numbers, a heat map, labels with units. Whoever measures or simulates
// returns figures without knowing how they are drawn; package internal/chart draws them as SVG and PNG.
//
// Start at Figure.
package figure

import (
	"errors"
	"fmt"
	"math"
	"regexp"
)

// ErrFigure says that a figure contradicts itself.
var ErrFigure = errors.New("invalid figure")

// Kind is how a series is drawn.
type Kind string

// The kinds of series.
const (
	Line   Kind = "line"
	Dashed Kind = "dashed"
	Points Kind = "points"
	Bars   Kind = "bars" // at X, which names the bars if Figure.Names is set
)

// Figure is one chart: series over common axes, or a heat map with series above it.
type Figure struct {
	Name    string    `json:"name"`    // of its files, without extension: a-z, 0-9 and hyphens
	Title   string    `json:"title"`   // above it
	Caption string    `json:"caption"` // below it in a document: what one should see
	X       string    `json:"x"`       // label of the axis, with its unit
	Y       string    `json:"y"`
	LogX    bool      `json:"log_x,omitempty"` // then all X are above 0
	LogY    bool      `json:"log_y,omitempty"`
	MinY    *float64  `json:"min_y,omitempty"` // ends of the Y axis; nil: from the numbers
	MaxY    *float64  `json:"max_y,omitempty"`
	Names   []string  `json:"names,omitempty"` // at X = 0, 1, ...: categories instead of numbers
	Series  []Series  `json:"series"`
	Heat    *Heat     `json:"heat,omitempty"`
	Rules   []float64 `json:"rules,omitempty"` // horizontal lines: bounds, published figures
}

// Series are points in drawing order. X, Y and, where there are any, Low and High have equal lengths.
type Series struct {
	Label string    `json:"label"` // in the legend; empty: not there
	Kind  Kind      `json:"kind"`
	X     []float64 `json:"x"`
	Y     []float64 `json:"y"`
	Low   []float64 `json:"low,omitempty"` // a band around a line, or whiskers of points and bars
	High  []float64 `json:"high,omitempty"`
}

// Heat is a map: Z[row][column], the first row at Y0, the last at Y1, columns from X0 to X1.
type Heat struct {
	Label string      `json:"label"` // of the colours, with their unit
	X0    float64     `json:"x0"`
	X1    float64     `json:"x1"`
	Y0    float64     `json:"y0"`
	Y1    float64     `json:"y1"`
	Z     [][]float64 `json:"z"`
}

var name = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Validate fails with ErrFigure and says what is wrong.
func (f *Figure) Validate() error {
	if !name.MatchString(f.Name) {
		return fmt.Errorf("%w: name %q, want a-z, 0-9 and hyphens", ErrFigure, f.Name)
	}
	if len(f.Series) == 0 && f.Heat == nil {
		return fmt.Errorf("%w: %s shows nothing", ErrFigure, f.Name)
	}
	for i := range f.Series {
		if err := f.series(i); err != nil {
			return err
		}
	}
	for _, y := range append(ends(f), f.Rules...) {
		if bad(y) || f.LogY && y <= 0 {
			return fmt.Errorf("%w: %s has %v as a rule or an end of Y", ErrFigure, f.Name, y)
		}
	}
	if f.MinY != nil && f.MaxY != nil && !(*f.MinY < *f.MaxY) {
		return fmt.Errorf("%w: %s: Y from %v to %v", ErrFigure, f.Name, *f.MinY, *f.MaxY)
	}
	if f.Heat != nil {
		return f.heat()
	}
	return nil
}

func ends(f *Figure) []float64 {
	var out []float64
	for _, e := range []*float64{f.MinY, f.MaxY} {
		if e != nil {
			out = append(out, *e)
		}
	}
	return out
}

func (f *Figure) series(i int) error {
	s := f.Series[i]
	n := len(s.X)
	switch {
	case s.Kind != Line && s.Kind != Dashed && s.Kind != Points && s.Kind != Bars:
		return fmt.Errorf("%w: %s: series %d (%q) is of the kind %q", ErrFigure, f.Name, i, s.Label, s.Kind)
	case n == 0 || len(s.Y) != n || len(s.Low) != len(s.High) || len(s.Low) != 0 && len(s.Low) != n:
		return fmt.Errorf("%w: %s: series %d (%q) has %d X, %d Y, %d low, %d high", ErrFigure, f.Name, i, s.Label, n, len(s.Y), len(s.Low), len(s.High))
	}
	for k := range n {
		if x, y := s.X[k], s.Y[k]; bad(x) || bad(y) || f.LogX && x <= 0 || f.LogY && y <= 0 {
			return fmt.Errorf("%w: %s: series %d (%q) has the point %v, %v", ErrFigure, f.Name, i, s.Label, x, y)
		}
		if len(s.Low) == 0 {
			continue
		}
		if low, high := s.Low[k], s.High[k]; bad(low) || bad(high) || low > high || f.LogY && low <= 0 {
			return fmt.Errorf("%w: %s: series %d (%q) goes from %v to %v at %v", ErrFigure, f.Name, i, s.Label, low, high, s.X[k])
		}
	}
	return nil
}

func (f *Figure) heat() error {
	h := f.Heat
	if f.LogX || f.LogY || len(h.Z) == 0 || bad(h.X0) || bad(h.X1) || bad(h.Y0) || bad(h.Y1) || !(h.X0 < h.X1) || !(h.Y0 < h.Y1) {
		return fmt.Errorf("%w: %s: a heat map of %d rows from %v, %v to %v, %v; it wants some, on linear axes", ErrFigure, f.Name, len(h.Z), h.X0, h.Y0, h.X1, h.Y1)
	}
	for _, row := range h.Z {
		if len(row) == 0 || len(row) != len(h.Z[0]) {
			return fmt.Errorf("%w: %s: rows of the heat map have %d and %d columns", ErrFigure, f.Name, len(h.Z[0]), len(row))
		}
		for _, z := range row {
			if bad(z) {
				return fmt.Errorf("%w: %s: %v in the heat map", ErrFigure, f.Name, z)
			}
		}
	}
	return nil
}

func bad(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
