package chart

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"

	"github.com/gotensor/gotensor/internal/figure"
)

// span is the range of an axis.
type span struct{ min, max float64 }

func (s *span) add(xs ...float64) {
	for _, x := range xs {
		s.min, s.max = math.Min(s.min, x), math.Max(s.max, x)
	}
}

// ticksY is about how many ticks the Y axis has at most.
const ticksY = 8

// bars tells whether a figure has some.
func bars(f *figure.Figure) bool {
	return slices.ContainsFunc(f.Series, func(s figure.Series) bool { return s.Kind == figure.Bars })
}

func nothing() span { return span{math.Inf(1), math.Inf(-1)} }

// spanX is what the X axis shows: the numbers' range, or all names.
func spanX(f *figure.Figure) span {
	s := nothing()
	if f.Heat != nil {
		s.add(f.Heat.X0, f.Heat.X1)
	}
	for _, r := range f.Series {
		s.add(r.X...)
	}
	switch {
	case len(f.Names) > 0:
		s.add(0, float64(len(f.Names)-1))
		return span{s.min - 0.6, s.max + 0.6}
	case bars(f) && !f.LogX:
		half := 0.6 * distance(f)
		return span{s.min - half, s.max + half}
	}
	return s.open(f.LogX)
}

// spanY is what the Y axis shows: what the figure says, else the numbers' range, opened to round ends; bars stand on zero.
func spanY(f *figure.Figure) span {
	s := nothing()
	for _, r := range f.Series {
		s.add(r.Y...)
		s.add(r.Low...)
		s.add(r.High...)
		if r.Kind == figure.Bars && !f.LogY {
			s.add(0)
		}
	}
	s.add(f.Rules...)
	if f.Heat != nil {
		s.add(f.Heat.Y0, f.Heat.Y1)
		return s.open(false)
	}
	s = s.open(f.LogY)
	if bars(f) && !f.LogY { // their values stand at their ends
		room := (s.max - s.min) * 0.06
		if s.max > 0 {
			s.max += room
		}
		if s.min < 0 {
			s.min -= room
		}
	}
	if f.MinY != nil {
		s.min = *f.MinY
	}
	if f.MaxY != nil {
		s.max = *f.MaxY
	}
	s = s.open(f.LogY)
	if !f.LogY && s.min > 0 && s.min < s.max/2 && f.MinY == nil {
		s.min = 0
	}
	least, most := rounded(s, f.LogY)
	if f.MinY == nil {
		s.min = least
	}
	if f.MaxY == nil {
		s.max = most
	}
	return s
}

// open makes room around a lone value.
func (s span) open(log bool) span {
	if s.max > s.min {
		return s
	}
	if log {
		return span{s.min / 2, s.min * 2}
	}
	d := math.Max(math.Abs(s.min)/2, 0.5)
	return span{s.min - d, s.min + d}
}

func rounded(s span, log bool) (least, most float64) {
	if !log {
		step := nice(s.max-s.min, ticksY)
		return step * math.Floor(s.min/step+1e-9), step * math.Ceil(s.max/step-1e-9)
	}
	least, most = s.min, s.max
	for _, m := range []float64{1, 2, 5} {
		if x := m * decade(s.min); x <= s.min*(1+1e-9) {
			least = x
		}
	}
	for _, m := range []float64{10, 5, 2, 1} {
		if x := m * decade(s.max); x >= s.max*(1-1e-9) {
			most = x
		}
	}
	return least, most
}

func decade(x float64) float64 { return math.Pow(10, math.Floor(math.Log10(x)+1e-12)) }

// distance is the least distance of two bars.
func distance(f *figure.Figure) float64 {
	d := math.Inf(1)
	for _, s := range f.Series {
		for i, x := range s.X {
			for _, y := range s.X[:i] {
				if x != y {
					d = math.Min(d, math.Abs(x-y))
				}
			}
		}
	}
	if math.IsInf(d, 1) {
		return 1
	}
	return d
}

// nice is the least of 1, 2, 5, 10, 20 ... (and their tenths) of which at most n make up a length.
func nice(length float64, n int) float64 {
	least := length / float64(n)
	if !(least > 0) {
		return 1
	}
	power := decade(least)
	for _, m := range []float64{1, 2, 5} {
		if m*power >= least*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// linear ticks: about n at round numbers.
func linear(n int) plot.Ticker {
	return plot.TickerFunc(func(low, high float64) []plot.Tick {
		step := nice(high-low, n)
		decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
		var out []plot.Tick
		for i := math.Ceil(low/step - 1e-9); i <= math.Floor(high/step+1e-9); i++ {
			out = append(out, plot.Tick{Value: min(max(i*step, low), high), Label: number(i*step, decimals)})
		}
		return out
	})
}

// logarithmic ticks: decades, and between them 2 and 5 where there are few.
func logarithmic(low, high float64) []plot.Tick {
	steps := []float64{1}
	decades := math.Log10(high / low)
	if decades < 3.5 {
		steps = []float64{1, 2, 5}
	}
	skip := max(1, int(math.Ceil(decades/8)))
	var out []plot.Tick
	for e, k := decade(low), 0; e <= high*(1+1e-9) && k < 700; e, k = e*10, k+1 {
		for _, m := range steps {
			if x := m * e; x >= low*(1-1e-9) && x <= high*(1+1e-9) && k%skip == 0 {
				out = append(out, plot.Tick{Value: min(max(x, low), high), Label: plain(x)})
			}
		}
	}
	return out
}

// names are the ticks of categories.
func names(of []string) plot.Ticker {
	out := make([]plot.Tick, len(of))
	for i, n := range of {
		out[i] = plot.Tick{Value: float64(i), Label: n}
	}
	return plot.ConstantTicks(out)
}

// mostDecimals is where writing a number out stops being short.
const mostDecimals = 6

// number prints with so many decimals, thousands apart, and large ones short.
func number(x float64, decimals int) string {
	if math.Abs(x) >= 1e7 || decimals > mostDecimals {
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	whole, rest, _ := strings.Cut(s, ".")
	digits := strings.TrimPrefix(whole, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	s = digits
	if rest != "" {
		s += "." + rest
	}
	if strings.HasPrefix(whole, "-") {
		s = "\u2212" + s // a minus as wide as a digit
	}
	return s
}

// plain prints a number as short as it goes: 0.002, 5, 10,000, 2e+08.
func plain(x float64) string {
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e7) {
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
	s := strconv.FormatFloat(x, 'g', 6, 64)
	_, rest, _ := strings.Cut(s, ".")
	return number(x, min(len(rest), mostDecimals))
}
