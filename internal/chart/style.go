package chart

import (
	"image/color"
	"math"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gotensor/gotensor/internal/figure"
)

// Ground and ink, as docs/design.md has them.
var (
	paper = rgb(0xfffdf7)
	ink   = rgb(0x1b201e)
	quiet = rgb(0x555a53)
	rule  = rgb(0xd8d1bf)
)

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

func faint(c color.NRGBA) color.NRGBA {
	c.A = 45
	return c
}

// Types of letters: Liberation Sans, which gonum brings along.
var (
	titleStyle  = letters(13, ink, true)
	labelStyle  = letters(10, quiet, false)
	tickStyle   = letters(9, quiet, false)
	legendStyle = letters(9.5, ink, false)
)

const titleLine = vg.Length(17)

func letters(size vg.Length, c color.Color, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return text.Style{Color: c, Font: f, XAlign: text.XLeft, YAlign: text.YTop, Handler: plot.DefaultTextHandler}
}

// wrap breaks a text between words into lines that fit; a word alone may be longer. No text is no line.
func wrap(s string, style text.Style, room vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && style.Width(longer) > room {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// mark is how a series looks: its colour, and the shape of its points.
type mark struct {
	color  color.NRGBA
	shape  shape
	dashed bool
}

var shapes = []shape{
	{}, {corners: square}, {corners: upward}, {corners: diamond}, {hollow: true}, {corners: square, hollow: true}, {corners: downward}, {corners: diamond, hollow: true},
}

// marksOf gives each series its look. Up to eight have colours of their own; more are taken to be a family in order, from dark to light.
func marksOf(f *figure.Figure) []mark {
	out := make([]mark, len(f.Series))
	for i, s := range f.Series {
		out[i] = mark{color: hues[i%len(hues)], shape: shapes[i%len(shapes)], dashed: s.Kind == figure.Dashed}
		if len(f.Series) > len(hues) {
			out[i].color = family.at(float64(i) / float64(len(f.Series)-1))
		}
		if f.Heat != nil && len(f.Series) == 1 {
			out[i].color = ink // stands out from any colour of a map
		}
	}
	return out
}

func (m mark) line() draw.LineStyle {
	s := draw.LineStyle{Color: m.color, Width: 1.8}
	if m.dashed {
		s.Dashes = []vg.Length{6, 3.5}
	}
	return s
}

func (m mark) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: m.color, Radius: 3, Shape: m.shape}
}

// shape is a polygon, or a disc if it has no corners, filled or with paper inside.
type shape struct {
	corners []vg.Point // for radius 1
	hollow  bool
}

var (
	square   = []vg.Point{{X: -0.9, Y: -0.9}, {X: 0.9, Y: -0.9}, {X: 0.9, Y: 0.9}, {X: -0.9, Y: 0.9}}
	upward   = []vg.Point{{X: -1.1, Y: -0.8}, {X: 1.1, Y: -0.8}, {X: 0, Y: 1.2}}
	downward = []vg.Point{{X: -1.1, Y: 0.8}, {X: 0, Y: -1.2}, {X: 1.1, Y: 0.8}}
	diamond  = []vg.Point{{X: -1.25, Y: 0}, {X: 0, Y: -1.25}, {X: 1.25, Y: 0}, {X: 0, Y: 1.25}}
)

// DrawGlyph draws it.
func (s shape) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.SetColor(style.Color)
	c.Fill(s.path(at, style.Radius))
	if s.hollow {
		c.SetColor(paper)
		c.Fill(s.path(at, style.Radius*0.55))
	}
}

func (s shape) path(at vg.Point, radius vg.Length) vg.Path {
	var p vg.Path
	if len(s.corners) == 0 {
		p.Move(vg.Point{X: at.X + radius, Y: at.Y})
		p.Arc(at, radius, 0, 2*math.Pi)
	}
	for i, k := range s.corners {
		to := vg.Point{X: at.X + radius*k.X, Y: at.Y + radius*k.Y}
		if i == 0 {
			p.Move(to)
		} else {
			p.Line(to)
		}
	}
	p.Close()
	return p
}
