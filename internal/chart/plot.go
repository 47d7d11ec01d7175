package chart

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gotensor/gotensor/internal/figure"
)

// ruleRoom is kept free to the right of the plot for what its rules stand for.
const ruleRoom = vg.Length(34)

// slant of names that are too long to stand side by side, in radians.
const slant = 0.6

// drawPlot draws the axes and what is between them.
func (p *picture) drawPlot(c draw.Canvas) {
	f := p.f
	pl := plot.New()
	pl.BackgroundColor = nil
	x, y := spanX(f), spanY(f)
	axis(&pl.X, f.X, x, f.LogX)
	axis(&pl.Y, f.Y, y, f.LogY)
	if !f.LogY {
		pl.Y.Tick.Marker = linear(ticksY)
	}
	pl.Y.Width = 0
	pl.X.Tick.Label.XAlign, pl.X.Tick.Label.YAlign = text.XCenter, text.YTop
	pl.Y.Tick.Label.XAlign, pl.Y.Tick.Label.YAlign = text.XRight, text.YCenter
	if len(f.Rules) > 0 && f.Heat == nil {
		c.Max.X -= ruleRoom
	}
	if len(f.Names) > 0 {
		c.Min.X += p.nameAxis(pl, c)
	}
	if f.Heat != nil {
		pl.Add(&heat{f.Heat})
	} else {
		pl.Add(grid{})
	}
	pl.Add(&rules{f.Rules})
	p.addSeries(pl)
	pl.X.Min, pl.X.Max, pl.Y.Min, pl.Y.Max = x.min, x.max, y.min, y.max
	if f.Heat != nil {
		s, all := scaleOf(f.Heat), c
		c.Max.X -= s.width
		s.draw(all, pl.DataCanvas(c), f.Heat.Label)
	}
	pl.Draw(c)
}

func axis(a *plot.Axis, label string, s span, log bool) {
	a.Min, a.Max = s.min, s.max
	a.Label.Text = label
	a.Label.TextStyle = labelStyle
	a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign = text.XCenter, text.YBottom
	a.Label.Padding = 5
	a.Color, a.Width = quiet, 0.8
	a.Padding = 0
	a.Tick.Label = tickStyle
	a.Tick.Color, a.Tick.Width, a.Tick.Length = quiet, 0.8, 3
	a.Tick.Marker = linear(7)
	if log {
		a.Scale = plot.LogScale{}
		a.Tick.Marker = plot.TickerFunc(logarithmic)
	}
}

// nameAxis sets names below their places: in one line, in several, or slanting where they are too long for that. It returns what the first
// of them needs to the left of the axis.
func (p *picture) nameAxis(pl *plot.Plot, c draw.Canvas) vg.Length {
	room := (c.Max.X-c.Min.X-50)/vg.Length(pl.X.Max-pl.X.Min) - 6
	set := make([]string, len(p.f.Names))
	fits := true
	for i, n := range p.f.Names {
		lines := wrap(n, tickStyle, room)
		set[i] = strings.Join(lines, "\n")
		fits = fits && len(lines) <= 3 && tickStyle.Width(set[i]) <= room+4
	}
	pl.X.Tick.Color = paper // room, and nothing to see: a name is not a point
	if fits {
		pl.X.Tick.Marker = names(set)
		return 0
	}
	pl.X.Tick.Marker = names(p.f.Names)
	pl.X.Tick.Label.Rotation = slant
	pl.X.Tick.Label.XAlign, pl.X.Tick.Label.YAlign = text.XRight, text.YTop
	return max(0, tickStyle.Width(p.f.Names[0])*vg.Length(math.Cos(slant))-40-room/2)
}

// grid draws hairlines at the ticks of Y.
type grid struct{}

// Plot draws them.
func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		y := c.Y(p.Y.Norm(t.Value))
		if c.ContainsY(y) {
			c.StrokeLine2(draw.LineStyle{Color: rule, Width: 0.6}, c.Min.X, y, c.Max.X, y)
		}
	}
	if p.Y.Min < 0 && p.Y.Max > 0 && p.Y.Scale == (plot.LinearScale{}) {
		y := c.Y(p.Y.Norm(0))
		c.StrokeLine2(draw.LineStyle{Color: quiet, Width: 0.8}, c.Min.X, y, c.Max.X, y)
	}
}

// rules draws bounds and published figures, with their values to the right.
type rules struct{ at []float64 }

// Plot draws them.
func (r *rules) Plot(c draw.Canvas, p *plot.Plot) {
	style := draw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{1.5, 2.5}}
	label := tickStyle
	label.Color, label.YAlign = ink, text.YCenter
	var taken []vg.Length
	for _, v := range r.at {
		y := c.Y(p.Y.Norm(v))
		if !c.ContainsY(y) {
			continue
		}
		c.StrokeLine2(style, c.Min.X, y, c.Max.X, y)
		free := true
		for _, t := range taken {
			free = free && (y-t > 9 || t-y > 9)
		}
		if free {
			c.FillText(label, vg.Point{X: c.Max.X + 4, Y: y}, plain(v))
			taken = append(taken, y)
		}
	}
}

// addSeries draws bars first, then bands, lines and points, each in the figure's order.
func (p *picture) addSeries(pl *plot.Plot) {
	bars := 0
	for _, s := range p.f.Series {
		if s.Kind == figure.Bars {
			bars++
		}
	}
	place := 0
	for i := range p.f.Series {
		if p.f.Series[i].Kind == figure.Bars {
			pl.Add(&columns{s: &p.f.Series[i], m: p.marks[i], slot: slot(p.f, bars, place), values: p.sparse(bars)})
			place++
		}
	}
	for i := range p.f.Series {
		if s := &p.f.Series[i]; s.Kind == figure.Line || s.Kind == figure.Dashed {
			pl.Add(&band{s, p.marks[i]})
		}
	}
	for i := range p.f.Series {
		s := &p.f.Series[i]
		switch s.Kind {
		case figure.Line, figure.Dashed:
			pl.Add(&curve{s: s, m: p.marks[i], nth: i, of: len(p.f.Series), marked: p.marked(), halo: p.f.Heat != nil})
		case figure.Points:
			pl.Add(&dots{s, p.marks[i]})
		case figure.Bars:
		}
	}
}

// sparse tells whether there is room to print the values of bars.
func (p *picture) sparse(bars int) bool {
	n := len(p.f.Names)
	for _, s := range p.f.Series {
		n = max(n, len(s.X))
	}
	return n*bars <= 20
}
