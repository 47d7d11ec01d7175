package figure_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/figure"
)

func good() *figure.Figure {
	return &figure.Figure{
		Name: "a-b", Title: "T", Rules: []float64{1},
		Series: []figure.Series{{Kind: figure.Line, X: []float64{1, 2}, Y: []float64{1, 2}, Low: []float64{0.5, 1}, High: []float64{2, 2}}},
		Heat:   &figure.Heat{X1: 1, Y1: 1, Z: [][]float64{{1, 2}, {3, 4}}},
	}
}

func TestValidate(t *testing.T) {
	require.NoError(t, good().Validate())
	for name, tt := range map[string]struct {
		change func(*figure.Figure)
		want   string
	}{
		"a name with blanks":     {func(f *figure.Figure) { f.Name = "a b" }, `name "a b"`},
		"nothing":                {func(f *figure.Figure) { f.Series, f.Heat = nil, nil }, "shows nothing"},
		"an unknown kind":        {func(f *figure.Figure) { f.Series[0].Kind = "pie" }, `kind "pie"`},
		"a series without Y":     {func(f *figure.Figure) { f.Series[0].Y = nil }, "2 X, 0 Y"},
		"low without high":       {func(f *figure.Figure) { f.Series[0].High = nil }, "2 low, 0 high"},
		"not a number":           {func(f *figure.Figure) { f.Series[0].Y[1] = math.NaN() }, "the point 2, NaN"},
		"zero on a log axis":     {func(f *figure.Figure) { f.Heat, f.LogX, f.Series[0].X[0] = nil, true, 0 }, "the point 0, 1"},
		"an endless whisker":     {func(f *figure.Figure) { f.Series[0].High[0] = math.Inf(1) }, "from 0.5 to +Inf at 1"},
		"a band upside down":     {func(f *figure.Figure) { f.Series[0].Low[0] = 3 }, "from 3 to 2 at 1"},
		"a rule that is none":    {func(f *figure.Figure) { f.Rules[0] = math.NaN() }, "NaN as a rule"},
		"ends upside down":       {func(f *figure.Figure) { f.MinY, f.MaxY = new(float64), new(float64) }, "Y from 0 to 0"},
		"a map without rows":     {func(f *figure.Figure) { f.Heat.Z = nil }, "a heat map of 0 rows"},
		"a map without a width":  {func(f *figure.Figure) { f.Heat.X1 = 0 }, "from 0, 0 to 0, 1"},
		"a map on a log axis":    {func(f *figure.Figure) { f.LogY = true }, "linear axes"},
		"ragged rows":            {func(f *figure.Figure) { f.Heat.Z[1] = []float64{1} }, "have 2 and 1 columns"},
		"a hole in a map":        {func(f *figure.Figure) { f.Heat.Z[1][0] = math.NaN() }, "NaN in the heat map"},
		"a negative log Y bound": {func(f *figure.Figure) { f.Heat, f.LogY, f.Rules = nil, true, []float64{-1} }, "-1 as a rule"},
	} {
		t.Run(name, func(t *testing.T) {
			f := good()
			tt.change(f)
			err := f.Validate()
			require.ErrorIs(t, err, figure.ErrFigure)
			require.ErrorContains(t, err, tt.want)
		})
	}
}
