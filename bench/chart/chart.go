// Package chart draws what bench.Run found as a picture: answers per second over time, and latencies side by side for every caller.
//
// Start at Write.
package chart

import (
	"fmt"
	"image/png"
	"io"
	"math"
	"strconv"

	"github.com/gotensor/gotensor/bench"
)

// The picture in pixels: a plot of the rate to the left, one of the latencies to the right, a line for each caller below.
const (
	width      = 1200
	plotTop    = 110.0
	plotBottom = 470.0
	rateLeft   = 80.0
	rateRight  = 690.0
	timesLeft  = 800.0
	timesRight = 1160.0
	legendTop  = 545.0
	legendLine = 28.0
)

// Write draws a report as PNG. title stands above; note, in smaller letters, below it.
func Write(w io.Writer, r bench.Report, title, note string) error {
	c, err := newCanvas(width, int(legendTop+legendLine*float64(len(r.Callers))))
	if err != nil {
		return err
	}
	c.text(rateLeft-40, 40, title, large, left, ink)
	c.text(rateLeft-40, 64, note, small, left, quiet)
	rates(c, r)
	times(c, r)
	for i, caller := range r.Callers {
		legend(c, legendTop+legendLine*float64(i), i, caller)
	}
	if err := png.Encode(w, c.img); err != nil {
		return fmt.Errorf("write chart: %w", err)
	}
	return nil
}

// rates plots answers per second over time.
func rates(c *canvas, r bench.Report) {
	most := 0.0
	for _, caller := range r.Callers {
		for _, p := range caller.Series {
			most = max(most, p.QueriesPerSecond)
		}
	}
	c.text(rateLeft, plotTop-16, "answers per second", small, left, quiet)
	top := c.ladder(rateLeft, rateRight, most)
	x := func(seconds float64) float64 {
		return rateLeft + (rateRight-rateLeft)*seconds/math.Max(r.Seconds, 1e-9)
	}
	step := nice(r.Seconds, 8)
	for i := range 1000 {
		at := float64(i) * step
		if at > r.Seconds*1.0001 {
			break
		}
		c.text(x(at), plotBottom+22, number(at)+" s", small, middle, quiet)
	}
	for i, caller := range r.Callers {
		var line []point
		for _, p := range caller.Series {
			line = append(line, point{x(min(p.Seconds, r.Seconds)), height(p.QueriesPerSecond, top)})
		}
		c.lines(line, 2.5, seriesColor(i))
	}
}

// times draws a bar for each percentile and caller.
func times(c *canvas, r bench.Report) {
	most := 0.0
	for _, caller := range r.Callers {
		most = max(most, caller.Max)
	}
	c.text(timesLeft, plotTop-16, "milliseconds until the answer", small, left, quiet)
	top := c.ladder(timesLeft, timesRight, most)
	groups := []struct {
		name string
		of   func(bench.Figures) float64
	}{
		{"p50", func(f bench.Figures) float64 { return f.P50 }},
		{"p90", func(f bench.Figures) float64 { return f.P90 }},
		{"p99", func(f bench.Figures) float64 { return f.P99 }},
		{"max", func(f bench.Figures) float64 { return f.Max }},
	}
	room := (timesRight - timesLeft) / float64(len(groups))
	bar := room * 0.8 / float64(max(1, len(r.Callers)))
	for g, group := range groups {
		from := timesLeft + room*(float64(g)+0.1)
		c.text(from+room*0.4, plotBottom+22, group.name, small, middle, quiet)
		for i, caller := range r.Callers {
			v := group.of(caller.Figures)
			x := from + bar*float64(i)
			c.box(x, height(v, top), x+max(1, bar-2), plotBottom, seriesColor(i))
			if bar >= 24 {
				c.text(x+bar/2, height(v, top)-5, number(v), small, middle, ink)
			}
		}
	}
}

// ladder draws a plot's horizontal lines and what they stand for, and returns the value of its upper edge.
func (c *canvas) ladder(x0, x1, most float64) float64 {
	if most <= 0 {
		most = 1
	}
	step := nice(most, 6)
	top := step * math.Ceil(most/step*1.02)
	for i := range int(math.Round(top/step)) + 1 {
		v := float64(i) * step
		y := height(v, top)
		col := rule
		if i == 0 {
			col = quiet
		}
		c.box(x0, y, x1, y+1, col)
		c.text(x0-8, y+5, number(v), small, right, quiet)
	}
	return top
}

func height(v, top float64) float64 { return plotBottom - (plotBottom-plotTop)*min(v/top, 1) }

// legend says who a colour is and what he got.
func legend(c *canvas, y float64, i int, r bench.CallerReport) {
	c.box(rateLeft-40, y-11, rateLeft-26, y+3, seriesColor(i))
	words := fmt.Sprintf("%s: %s answers/s, %s Mbit/s, %.1f %% answered, %.1f %% timed out, %.1f %% refused", r.Name, number(r.QueriesPerSecond),
		number(r.MbitPerSecond), 100*r.SuccessRate, 100*r.TimeoutRate, 100*r.RefusedRate)
	c.text(rateLeft-16, y, words, small, left, ink)
}

// nice is the smallest of 1, 2, 5, 10, 20 ... (and their tenths) of which at most n make up most.
func nice(most float64, n int) float64 {
	least := most / float64(n)
	if !(least > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= least*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// number prints three figures or so.
func number(v float64) string {
	switch {
	case v == math.Trunc(v) || v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}
