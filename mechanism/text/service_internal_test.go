package text

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// TestCareIsMeasuredAgainstWhatPays: uids of one owner that tell each other what they wrote about predict badly on all of it. They are seen as
// clearly as one that is by itself, but for what they take from the others' mean.
func TestCareIsMeasuredAgainstWhatPays(t *testing.T) {
	const neurons, paid, apart, farm = 8, 24, 8, 4
	asked := make([]map[int]bool, neurons)
	for o := range asked {
		asked[o] = map[int]bool{paid + 2*o%apart: true, paid + (2*o+1)%apart: true}
	}
	// cheap tells where the farm has 0.2 nats instead of 1.
	play := func(farm int, cheap func(o, item int) bool) score.Scores {
		scores := score.Scores{Strata: make([]int, paid+apart), Replies: make([]score.ReplyScore, neurons)}
		for o := range scores.Replies {
			r := &scores.Replies[o]
			r.Answered, r.Gains = true, make([]score.Gain, paid+apart)
			for item := range r.Gains {
				if r.Gains[item].Nats = 1; o < farm && cheap(o, item) {
					r.Gains[item].Nats = 0.2
				}
			}
		}
		return scores
	}
	own := func(o, item int) bool { return asked[o][item] }
	all := func(_, item int) bool { return item >= paid }
	for _, c := range []struct {
		name  string
		farm  int
		cheap func(o, item int) bool
		want  float64
	}{
		{"honest", 0, own, 0},
		{"alone, its own", 1, own, -0.8},
		{"alone, all", 1, all, -0.8},
		{"four, their own", farm, own, -0.8},
		{"four, all", farm, all, -0.8 * 0.5}, // of six others that were not asked three are theirs
	} {
		t.Run(c.name, func(t *testing.T) {
			edge, level := care(play(c.farm, c.cheap), asked, paid, 0)
			require.InDelta(t, c.want, edge(paid), 1e-9)
			require.InDelta(t, 1, level, 1e-9)
		})
	}
}
