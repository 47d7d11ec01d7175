package chart_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/bench"
	"github.com/gotensor/gotensor/bench/chart"
)

func sample(callers ...string) bench.Report {
	r := bench.Report{Seconds: 30, Concurrency: 64, Ended: true}
	for i, name := range callers {
		c := bench.CallerReport{Name: name, Figures: bench.Figures{
			Queries: 3000, Answered: 2900, SuccessRate: 0.967, TimeoutRate: 0.01, RefusedRate: 0.023, QueriesPerSecond: 97 / float64(i+1),
			MbitPerSecond: 21.4 / float64(i+1), P50: 180 * float64(i+1), P90: 320 * float64(i+1), P99: 1210 * float64(i+1), Max: 2890 * float64(i+1),
		}}
		for s := range 30 {
			c.Series = append(c.Series, bench.Point{Seconds: float64(s + 1), QueriesPerSecond: (90 + 12*math.Sin(float64(s)/2)) / float64(i+1)})
		}
		r.Callers = append(r.Callers, c)
	}
	return r
}

// inked counts the pixels of a colour.
func inked(img image.Image, want color.RGBA) int {
	n := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if c, ok := img.At(x, y).(color.RGBA); ok && c == want {
				n++
			}
		}
	}
	return n
}

func TestWrite(t *testing.T) {
	verdigris, needle := color.RGBA{0x0c, 0x6a, 0x60, 255}, color.RGBA{0xb3, 0x36, 0x1b, 255}
	for name, tt := range map[string]struct {
		report   bench.Report
		two      bool
		plotting bool
	}{
		"one caller":                  {report: sample("me"), plotting: true},
		"two":                         {report: sample("rich", "poor"), two: true, plotting: true},
		"nobody answered":             {report: bench.Report{Seconds: 1, Callers: []bench.CallerReport{{Name: "me"}}}},
		"nothing was measured at all": {report: bench.Report{}},
		"many callers": {
			report: sample("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"), two: true, plotting: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, chart.Write(&out, tt.report, "Subnet 1 under load", "64 askers each, deadline 12s"))
			if dir := os.Getenv("CHART_DIR"); dir != "" {
				require.NoError(t, os.WriteFile(dir+"/"+name+".png", out.Bytes(), 0o600))
			}
			img, err := png.Decode(&out)
			require.NoError(t, err)
			require.Equal(t, 1200, img.Bounds().Dx())
			if tt.plotting {
				require.Greater(t, inked(img, verdigris), 1000, "a line and bars")
			}
			require.Equal(t, tt.two, inked(img, needle) > 500)
		})
	}
}

type full struct{}

var errFull = errors.New("disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteFails(t *testing.T) {
	require.ErrorIs(t, chart.Write(full{}, sample("me"), "", ""), errFull)
}
