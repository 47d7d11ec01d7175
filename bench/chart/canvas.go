package chart

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Colours as docs/design.md has them: dark ink on warm paper, one hue for each series.
var (
	paper  = rgb(0xfffdf7)
	ink    = rgb(0x1b201e)
	quiet  = rgb(0x555a53)
	rule   = rgb(0xd8d1bf)
	series = []color.RGBA{
		rgb(0x0c6a60), rgb(0xb3361b), rgb(0x2f5d9b), rgb(0x80550a), rgb(0x7a3b78), rgb(0x4f6d1f), rgb(0x9b2f55), rgb(0x3f4a54),
	}
)

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

func seriesColor(i int) color.RGBA { return series[i%len(series)] }

// Sizes of text in pixels.
const (
	small = 14
	large = 22
)

// align says which part of a text stands at the point that was named.
type align int

const (
	left align = iota
	middle
	right
)

// canvas is a picture to draw on; (0, 0) is its upper left corner.
type canvas struct {
	img   *image.RGBA
	faces map[int]font.Face
}

func newCanvas(width, height int) (*canvas, error) {
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, width, height)), faces: map[int]font.Face{}}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	for _, size := range []int{small, large} {
		if c.faces[size], err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull}); err != nil {
			return nil, fmt.Errorf("prepare the font: %w", err)
		}
	}
	return c, nil
}

// text writes one line whose base begins, ends or has its middle at (x, y).
func (c *canvas) text(x, y float64, s string, size int, at align, col color.RGBA) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: c.faces[size]}
	width := float64(d.MeasureString(s)) / 64
	switch at {
	case middle:
		x -= width / 2
	case right:
		x -= width
	case left:
	}
	d.Dot = fixed.P(int(math.Round(x)), int(math.Round(y)))
	d.DrawString(s)
}

// box fills a rectangle.
func (c *canvas) box(x0, y0, x1, y1 float64, col color.RGBA) {
	r := image.Rect(int(math.Round(x0)), int(math.Round(y0)), int(math.Round(x1)), int(math.Round(y1)))
	draw.Draw(c.img, r, image.NewUniform(col), image.Point{}, draw.Src)
}

// point is a place on the canvas.
type point struct{ x, y float64 }

// lines draws straight lines from point to point, so many pixels thick, with round corners.
func (c *canvas) lines(points []point, thick float64, col color.RGBA) {
	size := c.img.Bounds().Size()
	r := vector.NewRasterizer(size.X, size.Y)
	h := thick / 2
	for i, p := range points {
		disc(r, p, h)
		if i == 0 {
			continue
		}
		q := points[i-1]
		length := math.Hypot(p.x-q.x, p.y-q.y)
		if length == 0 {
			continue
		}
		nx, ny := (q.y-p.y)/length*h, (p.x-q.x)/length*h
		outline(r, []point{{q.x - nx, q.y - ny}, {p.x - nx, p.y - ny}, {p.x + nx, p.y + ny}, {q.x + nx, q.y + ny}})
	}
	r.Draw(c.img, c.img.Bounds(), image.NewUniform(col), image.Point{})
}

// disc adds a circle, turning the same way as the lines so that they do not cancel out where they overlap.
func disc(r *vector.Rasterizer, at point, radius float64) {
	const corners = 12
	around := make([]point, corners)
	for i := range around {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		around[i] = point{at.x + radius*cos, at.y + radius*sin}
	}
	outline(r, around)
}

func outline(r *vector.Rasterizer, points []point) {
	r.MoveTo(float32(points[0].x), float32(points[0].y))
	for _, p := range points[1:] {
		r.LineTo(float32(p.x), float32(p.y))
	}
	r.ClosePath()
}
