package chart

import "image/color"

// hues tell series apart. Each has at least 3:1 against the paper, and any two of them differ for every kind of colour sense; a test
// computes both.
var hues = []color.NRGBA{
	rgb(0x0c6a60), rgb(0xd1451f), rgb(0x2f6fc4), rgb(0xb8860b), rgb(0x7a2f78), rgb(0x1b201e), rgb(0x8a8a80), rgb(0xc06a9c),
}

// ramp is a row of colours at equal distances.
type ramp []color.NRGBA

var (
	// family is for series that are in an order.
	family = ramp{rgb(0x2a1a4a), rgb(0x28508c), rgb(0x0c7a78), rgb(0x4f9a3f), rgb(0xb99000)}
	// amount is for maps of what has one sign: more is darker.
	amount = ramp{rgb(0xf6f1e2), rgb(0xc5dccb), rgb(0x77b3a5), rgb(0x2f8579), rgb(0x0c5a55), rgb(0x08302f)}
	// balance is for maps of gains and losses: red below zero, paper at zero, verdigris above.
	balance = ramp{rgb(0x7a1e0c), rgb(0xb3361b), rgb(0xdb8a6a), rgb(0xf6f1e2), rgb(0x77b3a5), rgb(0x0c6a60), rgb(0x063b36)}
)

// at is the colour at x, 0 to 1.
func (r ramp) at(x float64) color.NRGBA {
	x = min(max(x, 0), 1) * float64(len(r)-1)
	i := min(int(x), len(r)-2)
	mix := func(a, b uint8) uint8 { return uint8(float64(a) + (x-float64(i))*(float64(b)-float64(a)) + 0.5) }
	a, b := r[i], r[i+1]
	return color.NRGBA{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: 255}
}
