package bench

import (
	"fmt"

	"github.com/gotensor/gotensor/internal/figure"
)

// Figures show the report: answers per second over time, if there are any, and latencies side by side for every caller. The title stands
// above the first.
func (r Report) Figures(title string) []figure.Figure {
	rates := figure.Figure{Name: "bench-rates", Title: title, Caption: "Answers per second over the measured time.", X: "time, s", Y: "answers per second", MinY: new(float64)}
	times := figure.Figure{
		Name: "bench-latencies", Title: "Milliseconds until the answer", Caption: "Latencies of answers: half, nine in ten and 99 in 100 were no slower; the slowest.",
		Y: "ms", Names: []string{"p50", "p90", "p99", "max"},
	}
	for _, c := range r.Callers {
		label := fmt.Sprintf("%s: %.4g answers/s, %.3g Mbit/s, %.1f %% answered, %.1f %% timed out, %.1f %% refused", c.Name,
			c.QueriesPerSecond, c.MbitPerSecond, 100*c.SuccessRate, 100*c.TimeoutRate, 100*c.RefusedRate)
		line := figure.Series{Label: label, Kind: figure.Line}
		for _, p := range c.Series {
			line.X, line.Y = append(line.X, p.Seconds), append(line.Y, p.QueriesPerSecond)
		}
		if len(line.X) > 0 {
			rates.Series = append(rates.Series, line)
		}
		times.Series = append(times.Series, figure.Series{Label: c.Name, Kind: figure.Bars, X: []float64{0, 1, 2, 3}, Y: []float64{c.P50, c.P90, c.P99, c.Max}})
	}
	var out []figure.Figure
	for _, f := range []figure.Figure{rates, times} {
		if len(f.Series) > 0 {
			out = append(out, f)
		}
	}
	return out
}
