package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/bench"
)

func points(rates ...float64) []bench.Point {
	out := make([]bench.Point, len(rates))
	for i, r := range rates {
		out[i].QueriesPerSecond = r
	}
	return out
}

func TestCourse(t *testing.T) {
	many := make([]float64, 75)
	for i := range many {
		many[i] = float64(i)
	}
	for name, tt := range map[string]struct {
		rates []float64
		most  float64
		want  string
	}{
		"nothing yet":       {nil, 0, ""},
		"nobody answers":    {[]float64{0, 0}, 0, "▁▁"},
		"up":                {[]float64{0, 50, 100}, 100, "▁▅█"},
		"beside a faster":   {[]float64{10, 10}, 100, "▁▁"},
		"means of many":     {many, 74, "▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▅▆▆▆▇▇▇███"},
		"as many as fit in": {many[:30], 29, "▁▁▁▁▂▂▂▂▃▃▃▄▄▄▄▅▅▅▅▆▆▆▇▇▇▇████"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, courseOf(points(tt.rates...), tt.most)) })
	}
}

// On a terminal the picture has a course for each wallet, to one scale, and says how to stop.
func TestBenchViewOnATerminal(t *testing.T) {
	v := benchAnswer{NetUID: 1, Seconds: 5, Wallets: []benchWallet{{}, {}}}
	v.Wallets[0].Name, v.Wallets[0].Series = "rich", points(100, 100)
	v.Wallets[1].Name, v.Wallets[1].Series = "poor", points(10, 50)
	stopped := false
	view := benchView{stop: func() { stopped = true }, page: func() *page { return &page{live: true} }, duration: 8e9}
	next, _ := view.Update(v)
	picture := next.View().Content
	require.Contains(t, picture, "3s left, q stops")
	require.Regexp(t, `(?m)^rich .*██$`, picture)
	require.Regexp(t, `(?m)^poor .*▁▅$`, picture)
	v.Seconds = 8
	next, _ = next.Update(v)
	require.Contains(t, next.View().Content, "waiting for the last answers")
	require.False(t, stopped)
}

func TestFailuresInWords(t *testing.T) {
	f := bench.Figures{Outcomes: map[string]uint64{bench.Answered: 5, bench.NotPermitted: 2, bench.TimedOut: 7}}
	require.Equal(t, "7 timeout, 2 not permitted", failures(f))
}
