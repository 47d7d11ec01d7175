package chart

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/gotensor/gotensor/internal/figure"
)

// Sizes in points. A picture is as high as its title and legend need; the plot has always the same height.
const (
	width      = vg.Length(576)
	plotHeight = vg.Length(300)
	margin     = vg.Length(14)
	gap        = vg.Length(8)
)

// MaxScale bounds the pixels for each point of a PNG.
const MaxScale = 8

// SVG draws a figure. It fails with figure.ErrFigure if the figure contradicts itself.
func SVG(w io.Writer, f *figure.Figure) error {
	if err := f.Validate(); err != nil {
		return err
	}
	p := newPicture(f)
	c := vgsvg.New(width, p.height())
	p.draw(draw.New(c))
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return fmt.Errorf("draw %s: %w", f.Name, err)
	}
	// Where Liberation Sans is missing, these have letters of the same widths.
	fonts := bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arimo,Arial,Helvetica,sans-serif;"))
	if _, err := w.Write(fonts); err != nil {
		return fmt.Errorf("write %s: %w", f.Name, err)
	}
	return nil
}

// PNG draws a figure with so many pixels for each point, above 0 and at most MaxScale; 2 gives a picture 1,152 pixels wide. It
// fails with figure.ErrFigure if the figure contradicts itself or the scale is out of range.
func PNG(w io.Writer, f *figure.Figure, scale float64) error { return Sheet(w, scale, f) }

// Sheet draws figures as one PNG, the first above.
func Sheet(w io.Writer, scale float64, figures ...*figure.Figure) error {
	if !(scale > 0 && scale <= MaxScale) {
		return fmt.Errorf("%w: scale %v, want above 0 and at most %d", figure.ErrFigure, scale, MaxScale)
	}
	if len(figures) == 0 {
		return fmt.Errorf("%w: a sheet without figures", figure.ErrFigure)
	}
	pictures := make([]*picture, len(figures))
	var height vg.Length
	for i, f := range figures {
		if err := f.Validate(); err != nil {
			return err
		}
		pictures[i] = newPicture(f)
		height += pictures[i].height()
	}
	c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(int(math.Round(72*scale))), vgimg.UseBackgroundColor(paper))
	all := draw.New(c)
	top := all.Max.Y
	for _, p := range pictures {
		part := all
		part.Max.Y = top
		top -= p.height()
		part.Min.Y = top
		p.draw(part)
	}
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(w); err != nil {
		return fmt.Errorf("write %s: %w", figures[0].Name, err)
	}
	return nil
}

// picture is a figure that is laid out: title, legend, plot, from above.
type picture struct {
	f      *figure.Figure
	title  []string
	legend [][]entry // rows
	marks  []mark    // of each series
}

func newPicture(f *figure.Figure) *picture {
	p := &picture{f: f, marks: marksOf(f)}
	p.title = wrap(f.Title, titleStyle, width-2*margin)
	p.legend = p.legendRows(width - 2*margin)
	return p
}

func (p *picture) height() vg.Length {
	h := 2*margin + plotHeight
	if len(p.title) > 0 {
		h += vg.Length(len(p.title))*titleLine + gap
	}
	if len(p.legend) > 0 {
		h += p.legendHeight() + gap
	}
	return h
}

func (p *picture) draw(c draw.Canvas) {
	c.SetColor(paper)
	c.Fill(c.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	for _, line := range p.title {
		c.FillText(titleStyle, vg.Point{X: c.Min.X, Y: c.Max.Y}, line)
		c.Max.Y -= titleLine
	}
	if len(p.title) > 0 {
		c.Max.Y -= gap
	}
	if len(p.legend) > 0 {
		p.drawLegend(c)
		c.Max.Y -= p.legendHeight() + gap
	}
	p.drawPlot(c)
}
