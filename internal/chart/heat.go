package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gotensor/gotensor/internal/figure"
)

// shades is the number of colours of a map.
const shades = 60

// tones says which colour a value has.
type tones struct {
	span
	of ramp
}

// tonesOf are those of a map: with both signs zero has the colour in the middle and both sides the same length.
func tonesOf(h *figure.Heat) tones {
	s := nothing()
	for _, row := range h.Z {
		s.add(row...)
	}
	if s.min < 0 && s.max > 0 {
		m := math.Max(-s.min, s.max)
		return tones{span{-m, m}, balance}
	}
	return tones{s.open(false), amount}
}

// shade is the number of a value's colour.
func (t tones) shade(v float64) int {
	return min(max(int((v-t.min)/(t.max-t.min)*shades), 0), shades-1)
}

func (t tones) fill(c draw.Canvas, shade int, x0, y0, x1, y1 vg.Length) {
	fill(c, t.of.at((float64(shade)+0.5)/shades), x0, y0, x1, y1)
}

// heat is a map. Each value has a cell around its place, cut at the ends of the axes.
type heat struct{ h *figure.Heat }

// Plot draws it, from below and from the left, each run of one colour a little too large so that no paper shines through between two.
func (m *heat) Plot(c draw.Canvas, p *plot.Plot) {
	t := tonesOf(m.h)
	x, y := p.Transforms(&c)
	const over = vg.Length(0.6)
	rows := len(m.h.Z)
	for r, row := range m.h.Z {
		y0, y1 := cell(r, rows, m.h.Y0, m.h.Y1, y)
		from := 0
		for k := range row {
			if k+1 < len(row) && t.shade(row[k+1]) == t.shade(row[from]) {
				continue
			}
			x0, _ := cell(from, len(row), m.h.X0, m.h.X1, x)
			_, x1 := cell(k, len(row), m.h.X0, m.h.X1, x)
			t.fill(c, t.shade(row[from]), x0, y0, min(x1+over, c.Max.X), min(y1+over, c.Max.Y))
			from = k + 1
		}
	}
}

// cell is from where to where the i-th of n values from a to b has its cell.
func cell(i, n int, a, b float64, place func(float64) vg.Length) (from, to vg.Length) {
	if n == 1 {
		return place(a), place(b)
	}
	half := (b - a) / float64(n-1) / 2
	at := a + (b-a)*float64(i)/float64(n-1)
	return place(math.Max(a, at-half)), place(math.Min(b, at+half))
}

// Parts of the scale of a map, from the left.
const (
	scaleGap  = vg.Length(18)
	scaleBar  = vg.Length(14)
	scaleTick = vg.Length(5)
)

// scale is what stands beside a map: its colours and what they stand for.
type scale struct {
	tones
	ticks []plot.Tick
	width vg.Length
}

func scaleOf(h *figure.Heat) scale {
	s := scale{tones: tonesOf(h)}
	s.ticks = linear(7).Ticks(s.min, s.max)
	for _, k := range s.ticks {
		s.width = max(s.width, tickStyle.Width(k.Label))
	}
	s.width += scaleGap + scaleBar + scaleTick
	if h.Label != "" {
		s.width += 6 + labelStyle.Height(h.Label)
	}
	return s
}

// draw sets the scale at the right of the canvas, as high as the map itself.
func (s scale) draw(c, plotted draw.Canvas, name string) {
	y0, height := plotted.Min.Y, plotted.Max.Y-plotted.Min.Y
	x0 := c.Max.X - s.width + scaleGap
	x1 := x0 + scaleBar
	for i := range shades {
		from := y0 + height*vg.Length(i)/shades
		s.fill(c, i, x0, from, x1, min(from+height/shades+0.6, y0+height))
	}
	style := tickStyle
	style.YAlign = text.YCenter
	for _, k := range s.ticks {
		y := y0 + height*vg.Length((k.Value-s.min)/(s.max-s.min))
		c.StrokeLine2(draw.LineStyle{Color: quiet, Width: 0.8}, x1, y, x1+3, y)
		c.FillText(style, vg.Point{X: x1 + scaleTick, Y: y}, k.Label)
	}
	label := labelStyle
	label.Rotation = math.Pi / 2
	label.XAlign, label.YAlign = text.XCenter, text.YTop
	c.FillText(label, vg.Point{X: c.Max.X - labelStyle.Height(name), Y: y0 + height/2}, name)
}
