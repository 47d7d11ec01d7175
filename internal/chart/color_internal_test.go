package chart

import (
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// senses simulate kinds of colour sense on linear red, green and blue: all cones, without those for long, middle and short waves
// (Machado, Oliveira and Fernandes 2009, at full strength).
var senses = map[string][9]float64{
	"all cones":    {1, 0, 0, 0, 1, 0, 0, 0, 1},
	"protanopia":   {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
	"deuteranopia": {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
	"tritanopia":   {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900},
}

func apply(m [9]float64, v [3]float64) (out [3]float64) {
	for i := range 3 {
		out[i] = m[3*i]*v[0] + m[3*i+1]*v[1] + m[3*i+2]*v[2]
	}
	return out
}

func light(c color.NRGBA) (out [3]float64) {
	for i, v := range []uint8{c.R, c.G, c.B} {
		x := float64(v) / 255
		if out[i] = x / 12.92; x > 0.04045 {
			out[i] = math.Pow((x+0.055)/1.055, 2.4)
		}
	}
	return out
}

func luminance(c color.NRGBA) float64 {
	l := light(c)
	return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
}

// lab is CIE L*a*b*, in which distances are about as large as they look.
func lab(l [3]float64) [3]float64 {
	xyz := apply([9]float64{0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505}, l)
	for i, white := range []float64{0.9505, 1, 1.089} {
		v := math.Max(xyz[i], 0) / white
		if v > 0.008856 {
			xyz[i] = math.Cbrt(v)
		} else {
			xyz[i] = 7.787*v + 16.0/116
		}
	}
	return [3]float64{116*xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])}
}

func TestHuesDifferForEveryEye(t *testing.T) {
	for i, a := range hues {
		contrast := (luminance(paper) + 0.05) / (luminance(a) + 0.05)
		require.Greater(t, contrast, 3.0, "hue %d on paper", i)
		for k, b := range hues[:i] {
			for name, m := range senses {
				x, y := lab(apply(m, light(a))), lab(apply(m, light(b)))
				d := math.Sqrt((x[0]-y[0])*(x[0]-y[0]) + (x[1]-y[1])*(x[1]-y[1]) + (x[2]-y[2])*(x[2]-y[2]))
				require.Greater(t, d, 9.0, "hues %d and %d with %s", k, i, name)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		x        float64
		decimals int
		want     string
	}{{0, 1, "0.0"}, {-0.0000001, 1, "0.0"}, {1234567, 0, "1,234,567"}, {-1234.5, 2, "\u22121,234.50"}, {123, 0, "123"}, {2.5e9, 0, "2.5e+09"}} {
		require.Equal(t, c.want, number(c.x, c.decimals))
	}
	require.Equal(t, "0.00002", number(0.00002, 5))
	require.Equal(t, "2e-05", plain(0.00002))
	require.Equal(t, "10,000", plain(10000))
	require.Equal(t, "0.000153", plain(0.000152587890625)) // has more digits than it shows
	require.Equal(t, "0.1235", number(0.12345678, 7))
}
