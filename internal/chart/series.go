package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gotensor/gotensor/internal/figure"
)

// points are where numbers stand on the canvas.
func points(c *draw.Canvas, p *plot.Plot, xs, ys []float64) []vg.Point {
	x, y := p.Transforms(c)
	out := make([]vg.Point, len(xs))
	for i := range xs {
		out[i] = vg.Point{X: x(xs[i]), Y: y(ys[i])}
	}
	return out
}

// band fills what lies between a line's low and high.
type band struct {
	s *figure.Series
	m mark
}

// Plot draws it.
func (b *band) Plot(c draw.Canvas, p *plot.Plot) {
	if len(b.s.Low) < 2 {
		return
	}
	low, high := points(&c, p, b.s.X, b.s.Low), points(&c, p, b.s.X, b.s.High)
	for i := len(low) - 1; i >= 0; i-- {
		high = append(high, low[i])
	}
	c.FillPolygon(faint(b.m.color), c.ClipPolygonXY(high))
}

// curve is a line, with markers where there are several lines.
type curve struct {
	s      *figure.Series
	m      mark
	nth    int
	of     int
	marked bool
	halo   bool // over a map: paper around it, so that it is seen on every colour
}

// markerRoom is the least distance of two markers of a line.
const markerRoom = vg.Length(42)

// Plot draws it.
func (l *curve) Plot(c draw.Canvas, p *plot.Plot) {
	all := points(&c, p, l.s.X, l.s.Y)
	clipped := c.ClipLinesXY(all)
	if l.halo {
		c.StrokeLines(draw.LineStyle{Color: paper, Width: 4}, clipped...)
	}
	c.StrokeLines(l.m.line(), clipped...)
	if !l.marked && len(all) > 1 {
		return
	}
	// Markers of different lines stand at different places, so that they do not hide each other.
	since := markerRoom * vg.Length(l.nth) / vg.Length(l.of)
	for i, at := range all {
		if i > 0 {
			since += vg.Length(math.Hypot(float64(at.X-all[i-1].X), float64(at.Y-all[i-1].Y)))
		}
		if c.Contains(at) && (since >= markerRoom || len(all) == 1) {
			c.DrawGlyphNoClip(l.m.glyph(), at)
			since = 0
		}
	}
}

// dots are points with whiskers.
type dots struct {
	s *figure.Series
	m mark
}

// Plot draws them.
func (d *dots) Plot(c draw.Canvas, p *plot.Plot) {
	for i, at := range points(&c, p, d.s.X, d.s.Y) {
		if !c.Contains(at) {
			continue
		}
		if len(d.s.Low) > 0 {
			whisker(c, p, at.X, d.s.Low[i], d.s.High[i], d.m)
		}
		c.DrawGlyphNoClip(d.m.glyph(), at)
	}
}

// columns are the bars of one series.
type columns struct {
	s      *figure.Series
	m      mark
	slot   span // of a bar, as distances from its X
	values bool // printed above
}

// slot is where the k-th of n series has its bar.
func slot(f *figure.Figure, n, k int) span {
	all := 0.78 * distance(f)
	one := all / float64(n)
	return span{-all/2 + one*float64(k) + one*0.04, -all/2 + one*float64(k+1) - one*0.04}
}

// Plot draws them.
func (b *columns) Plot(c draw.Canvas, p *plot.Plot) {
	foot := c.Y(p.Y.Norm(max(p.Y.Min, min(0, p.Y.Max))))
	label := tickStyle
	label.Color, label.XAlign, label.YAlign = ink, text.XCenter, text.YBottom
	for i, v := range b.s.Y {
		x0, x1 := c.X(p.X.Norm(b.s.X[i]+b.slot.min)), c.X(p.X.Norm(b.s.X[i]+b.slot.max))
		top := min(max(c.Y(p.Y.Norm(v)), c.Min.Y), c.Max.Y)
		fill(c, b.m.color, x0, min(foot, top), x1, max(foot, top))
		middle := (x0 + x1) / 2
		up := v >= 0
		edge := top
		if len(b.s.Low) > 0 {
			at := mark{color: ink}
			whisker(c, p, middle, b.s.Low[i], b.s.High[i], at)
			edge = max(edge, min(c.Y(p.Y.Norm(b.s.High[i])), c.Max.Y))
			if !up {
				edge = min(top, max(c.Y(p.Y.Norm(b.s.Low[i])), c.Min.Y))
			}
		}
		if s := short(v); b.values && label.Width(s) <= x1-x0+10 {
			if up {
				c.FillText(label, vg.Point{X: middle, Y: edge + 2}, s)
			} else {
				below := label
				below.YAlign = text.YTop
				c.FillText(below, vg.Point{X: middle, Y: edge - 2}, s)
			}
		}
	}
}

// whisker is a line from low to high with feet.
func whisker(c draw.Canvas, p *plot.Plot, x vg.Length, low, high float64, m mark) {
	y0, y1 := c.Y(p.Y.Norm(low)), c.Y(p.Y.Norm(high))
	y0, y1 = min(max(y0, c.Min.Y), c.Max.Y), min(max(y1, c.Min.Y), c.Max.Y)
	style := draw.LineStyle{Color: m.color, Width: 1}
	c.StrokeLine2(style, x, y0, x, y1)
	c.StrokeLine2(style, x-3, y0, x+3, y0)
	c.StrokeLine2(style, x-3, y1, x+3, y1)
}

// short prints about three figures.
func short(v float64) string {
	a := math.Abs(v)
	switch {
	case v == math.Trunc(v) || a >= 100:
		return number(v, 0)
	case a >= 10:
		return number(v, 1)
	case a >= 0.1:
		return number(v, 2)
	case a >= 0.001:
		return number(v, 4)
	default:
		return plain(v)
	}
}
