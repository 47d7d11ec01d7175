package route

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// step is one thing that happens to a breaker: after a time, an event, and then the state.
type step struct {
	after time.Duration
	do    string // a fault's name, "good", "first", "info", "skip", "" for nothing
	trial bool
	want  state
}

func TestBreaker(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"first contact", []step{{0, "", false, unknown}, {0, "info", false, up}}},
		{"first answer", []step{{0, "first", false, up}}},
		{"two that cannot be reached", []step{{0, "first", false, up}, {0, "unreachable", false, up}, {0, "unreachable", false, down}}},
		{"success in between", []step{{0, "unreachable", false, unknown}, {0, "good", false, up}, {0, "unreachable", false, up}}},
		{"a first piece is no success", []step{{0, "stalled", false, unknown}, {0, "first", false, up}, {0, "stalled", false, down}}},
		{"four errors", []step{{0, "failed", false, unknown}, {0, "failed", false, unknown}, {0, "failed", false, unknown}, {0, "failed", false, down}}},
		{"pause, try, success", []step{
			{0, "late", false, unknown}, {0, "late", false, down}, {s, "", false, trying}, {0, "first", true, up}, {0, "good", false, up}, {0, "late", false, up},
		}},
		{"pause, try, failure: twice the pause", []step{
			{0, "late", false, unknown}, {0, "late", false, down}, {s, "failed", true, down}, {s, "", false, down}, {s, "", false, trying},
		}},
		{"one failure after a try is enough", []step{
			{0, "late", false, unknown}, {0, "late", false, down}, {s, "first", true, up}, {0, "failed", false, down},
		}},
		{"older calls fail too", []step{
			{0, "late", false, unknown}, {0, "late", false, down}, {0, "late", false, down}, {s / 2, "late", false, down}, {s / 2, "", false, trying},
		}},
		{"what says nothing frees the try", []step{
			{0, "late", false, unknown}, {0, "late", false, down}, {s, "skip", true, trying}, {0, "first", true, up},
		}},
		{"it is reached again", []step{{0, "denied", false, unknown}, {0, "denied", false, down}, {0, "info", false, up}}},
		{"being reached is not enough", []step{{0, "garbage", false, unknown}, {0, "garbage", false, down}, {0, "info", false, down}, {s, "info", false, trying}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b breaker
			now := start
			for i, st := range c.steps {
				now = now.Add(st.after)
				if ok, trial := b.admits(now); st.trial {
					require.True(t, ok && trial, "step %d", i)
					b.trial = true
					ok, _ = b.admits(now)
					require.False(t, ok, "step %d: only one tries", i)
				}
				switch st.do {
				case "":
				case "good":
					b.good(st.trial, now)
				case "first":
					b.first(st.trial)
				case "info":
					b.reached()
				case "skip":
					b.skip(st.trial)
				default:
					b.bad(named(t, st.do), st.trial, now, 0.5)
				}
				require.Equal(t, st.want.String(), b.at(now).String(), "step %d", i)
			}
		})
	}
}

func named(t *testing.T, name string) fault {
	t.Helper()
	for f := range faults {
		if f.String() == name {
			return f
		}
	}
	t.Fatalf("no fault is called %s", name)
	return none
}

func TestBreakerOpensWhereHalfFail(t *testing.T) {
	var b breaker
	now := start
	for i := range 100 {
		now = now.Add(time.Second)
		if i%3 == 0 {
			b.good(false, now)
		} else if b.bad(failed, false, now, 0.5) {
			require.Greater(t, i, 8)
			return
		}
	}
	require.Fail(t, "two of three answers fail, and it never opens")
}

func TestPausesGrowUpToTheirMost(t *testing.T) {
	var b breaker
	now := start
	b.bad(late, false, now, 0.5)
	b.bad(late, false, now, 0.5)
	last := time.Duration(0)
	for range 20 {
		pause := b.until.Sub(now)
		require.True(t, pause == mostPause || pause > last, pause)
		last, now = pause, b.until
		b.trial = true
		require.True(t, b.bad(late, true, now, 0.5))
	}
	require.Equal(t, mostPause, last)
	for _, c := range []struct{ jitter, want float64 }{{0, 0.8}, {0.5, 1}, {1, 1.2}} {
		now = b.until
		require.True(t, b.bad(late, true, now, c.jitter))
		require.InDelta(t, c.want*mostPause.Seconds(), b.until.Sub(now).Seconds(), 1e-6)
	}
}
