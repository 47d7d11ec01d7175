package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/chart"
	"github.com/gotensor/gotensor/internal/figure"
)

func wave(label string, kind figure.Kind, n int, height float64) figure.Series {
	s := figure.Series{Label: label, Kind: kind}
	for i := range n {
		s.X = append(s.X, float64(i))
		s.Y = append(s.Y, height*(1.2+math.Sin(float64(i)/6+height)))
	}
	return s
}

func whiskers(s figure.Series, part float64) figure.Series {
	for _, y := range s.Y {
		d := math.Abs(y) * part
		s.Low, s.High = append(s.Low, y-d), append(s.High, y+d)
	}
	return s
}

func hill(shift float64) *figure.Heat {
	h := &figure.Heat{Label: "gain of the honest", X1: 1, Y1: 1}
	for r := range 31 {
		row := make([]float64, 31)
		for k := range row {
			row[k] = math.Sin(float64(r)/9)*math.Cos(float64(k)/11) + shift
		}
		h.Z = append(h.Z, row)
	}
	return h
}

// samples are one figure of each kind that the package has to do with.
func samples() []*figure.Figure {
	end := 100.0
	lines := &figure.Figure{
		Name: "lines", Title: "Share of emission that each of five teams holds after an attack, with bands of 80 % of the runs and a title that needs two lines",
		X: "epoch", Y: "share, %", MinY: new(float64), MaxY: &end, Rules: []float64{40, 42},
	}
	for i, l := range []string{"honest", "cabal", "copiers", "late", "bribed"} {
		s := wave(l, figure.Line, 60, 8*float64(i+1))
		if i%2 == 1 {
			s.Kind = figure.Dashed
		} else {
			s = whiskers(s, 0.1)
		}
		lines.Series = append(lines.Series, s)
	}
	family := &figure.Figure{Name: "family", Title: "Eleven in order", X: "x", Y: "y, TAO"}
	for i := range 11 {
		family.Series = append(family.Series, wave("0."+strings.Repeat("5", i%3+1), figure.Line, 40, 1000*float64(i+1)))
	}
	bars := &figure.Figure{
		Name: "bars", Title: "Bars with names and whiskers", Y: "earned, TAO a day", Names: []string{"honest", "copy", "copy with a moving target", "sybil"},
		Series: []figure.Series{whiskers(wave("before", figure.Bars, 4, 3), 0.2), whiskers(wave("after", figure.Bars, 4, 2), 0.2)},
	}
	bars.Series[1].Y[2], bars.Series[1].Low[2], bars.Series[1].High[2] = -1.5, -2, -1
	many := &figure.Figure{Name: "many-names", Title: "Names that slant", Y: "answers", Series: []figure.Series{wave("", figure.Bars, 14, 900)}}
	for range 14 {
		many.Names = append(many.Names, "incomprehensibly-named")
	}
	log := &figure.Figure{
		Name: "log", Title: "Both axes logarithmic", X: "positions", Y: "error, nats", LogX: true, LogY: true,
		Series: []figure.Series{
			{Label: "measured", Kind: figure.Points, X: []float64{10, 100, 1000, 20000}, Y: []float64{1, 0.3, 0.11, 0.02}, Low: []float64{0.7, 0.2, 0.1, 0.01}, High: []float64{2, 0.4, 0.13, 0.03}},
			{Label: "square root", Kind: figure.Dashed, X: []float64{10, 20000}, Y: []float64{1, 0.0223}},
		},
	}
	return []*figure.Figure{
		lines, family, bars, many, log,
		{Name: "balance", Title: "Gains and losses", X: "W_H", Y: "W_C", Heat: hill(0), Series: []figure.Series{{Label: "contour", Kind: figure.Line, X: []float64{0.2, 0.8}, Y: []float64{0.1, 0.9}}}},
		{Name: "amount", Title: "One sign", X: "W_H", Y: "W_C", Heat: hill(2)},
		{Name: "point", Title: "A lone point", X: "x", Y: "y", Series: []figure.Series{{Kind: figure.Line, X: []float64{3}, Y: []float64{0}}}},
		{Name: "bare", Series: []figure.Series{wave("", figure.Line, 30, 1e9)}},
		{Name: "small", Series: []figure.Series{wave("", figure.Bars, 30, 1e-9)}},
	}
}

func TestDraw(t *testing.T) {
	for _, f := range samples() {
		t.Run(f.Name, func(t *testing.T) {
			var pic, vec, again bytes.Buffer
			require.NoError(t, chart.PNG(&pic, f, 2))
			require.NoError(t, chart.PNG(&again, f, 2))
			require.Equal(t, pic.Bytes(), again.Bytes(), "the same figure, the same bytes")
			again.Reset()
			require.NoError(t, chart.SVG(&vec, f))
			require.NoError(t, chart.SVG(&again, f))
			require.Equal(t, vec.Bytes(), again.Bytes(), "the same figure, the same bytes")
			if dir := os.Getenv("CHART_DIR"); dir != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name+".png"), pic.Bytes(), 0o600))
				require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name+".svg"), vec.Bytes(), 0o600))
			}
			texts := wellFormed(t, vec.Bytes())
			for _, s := range f.Series {
				for word := range strings.FieldsSeq(f.Title + " " + s.Label + " " + f.X + " " + f.Y) {
					require.Contains(t, texts, word)
				}
			}
			img, err := png.Decode(&pic)
			require.NoError(t, err)
			require.Equal(t, 1152, img.Bounds().Dx())
			require.GreaterOrEqual(t, img.Bounds().Dy(), 600)
		})
	}
}

// wellFormed returns the texts of an SVG.
func wellFormed(t *testing.T, data []byte) string {
	t.Helper()
	var texts strings.Builder
	for dec := xml.NewDecoder(bytes.NewReader(data)); ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return texts.String()
		}
		require.NoError(t, err)
		if c, ok := tok.(xml.CharData); ok {
			texts.Write(c)
			texts.WriteByte(' ')
		}
	}
}

func TestSheet(t *testing.T) {
	all := samples()
	var one, two bytes.Buffer
	require.NoError(t, chart.Sheet(&one, 1, all[2]))
	require.NoError(t, chart.Sheet(&two, 1, all[2], all[4]))
	a, err := png.DecodeConfig(&one)
	require.NoError(t, err)
	b, err := png.DecodeConfig(&two)
	require.NoError(t, err)
	require.Equal(t, a.Width, b.Width)
	require.Greater(t, b.Height, a.Height+300)
}

type full struct{}

var errFull = errors.New("disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestDrawFails(t *testing.T) {
	f := samples()[0]
	require.ErrorIs(t, chart.PNG(full{}, f, 1), errFull)
	require.ErrorIs(t, chart.SVG(full{}, f), errFull)
	bad := &figure.Figure{Name: "empty"}
	require.ErrorIs(t, chart.PNG(io.Discard, bad, 1), figure.ErrFigure)
	require.ErrorIs(t, chart.SVG(io.Discard, bad), figure.ErrFigure)
	require.ErrorIs(t, chart.Sheet(io.Discard, 1), figure.ErrFigure)
	for _, scale := range []float64{0, -1, math.NaN(), 9} {
		require.ErrorIs(t, chart.PNG(io.Discard, f, scale), figure.ErrFigure, "scale %v", scale)
	}
}
