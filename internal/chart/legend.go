package chart

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gotensor/gotensor/internal/figure"
)

const (
	swatch     = vg.Length(24) // the sample of a line
	dot        = vg.Length(10) // of bars and points
	swatchGap  = vg.Length(5)
	entryGap   = vg.Length(16)
	legendLine = vg.Length(14)
)

// entry is one series in the legend.
type entry struct {
	series int
	lines  []string
	sample vg.Length // width of what stands before the lines
	width  vg.Length
}

// legendRows sets the labels of the series one after the other, in rows that fit.
func (p *picture) legendRows(room vg.Length) [][]entry {
	var rows [][]entry
	var x vg.Length
	for i, s := range p.f.Series {
		if s.Label == "" {
			continue
		}
		e := entry{series: i, sample: swatch}
		if s.Kind == figure.Bars || s.Kind == figure.Points {
			e.sample = dot
		}
		e.lines = wrap(s.Label, legendStyle, room-e.sample-swatchGap)
		for _, l := range e.lines {
			e.width = max(e.width, legendStyle.Width(l))
		}
		e.width += e.sample + swatchGap
		if len(rows) == 0 || x+e.width > room {
			rows = append(rows, nil)
			x = 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		x += e.width + entryGap
	}
	return rows
}

func rowHeight(row []entry) vg.Length {
	n := 0
	for _, e := range row {
		n = max(n, len(e.lines))
	}
	return vg.Length(n) * legendLine
}

func (p *picture) legendHeight() vg.Length {
	var h vg.Length
	for _, row := range p.legend {
		h += rowHeight(row)
	}
	return h
}

func (p *picture) drawLegend(c draw.Canvas) {
	y := c.Max.Y
	for _, row := range p.legend {
		x := c.Min.X
		for _, e := range row {
			p.sample(c, e.series, x, y-legendLine/2)
			for k, l := range e.lines {
				c.FillText(legendStyle, vg.Point{X: x + e.sample + swatchGap, Y: y - vg.Length(k)*legendLine - 1.5}, l)
			}
			x += e.width + entryGap
		}
		y -= rowHeight(row)
	}
}

// sample draws how a series looks, its middle at y.
func (p *picture) sample(c draw.Canvas, i int, x, y vg.Length) {
	s, m := p.f.Series[i], p.marks[i]
	switch s.Kind {
	case figure.Bars:
		fill(c, m.color, x, y-5, x+dot, y+5)
	case figure.Points:
		c.DrawGlyphNoClip(m.glyph(), vg.Point{X: x + dot/2, Y: y})
	default:
		if len(s.Low) > 0 {
			fill(c, faint(m.color), x, y-4.5, x+swatch, y+4.5)
		}
		c.StrokeLine2(m.line(), x, y, x+swatch, y)
		if p.marked() {
			c.DrawGlyphNoClip(m.glyph(), vg.Point{X: x + swatch/2, Y: y})
		}
	}
}

// marked tells whether lines carry markers: a lone line needs none.
func (p *picture) marked() bool {
	lines := 0
	for _, s := range p.f.Series {
		if s.Kind == figure.Line || s.Kind == figure.Dashed {
			lines++
		}
	}
	return lines > 1
}

func fill(c draw.Canvas, col interface {
	RGBA() (r, g, b, a uint32)
}, x0, y0, x1, y1 vg.Length,
) {
	c.SetColor(col)
	c.Fill(vg.Rectangle{Min: vg.Point{X: x0, Y: y0}, Max: vg.Point{X: x1, Y: y1}}.Path())
}
