package score_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// independents play rounds among n neurons that know the same text apart from each other: 1.07 nats each, by a part that all share and a part of their own
// which puts each pair some two and a half times as far apart as copies may be. Half of them come twelve rounds later. It returns the copy factors.
func independents(t *testing.T, settings score.Settings, n, items, rounds int) []float64 {
	t.Helper()
	b, err := score.NewBoard(settings, twoSources)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, uint64(items)))
	for r := range rounds {
		var scores score.Scores
		common := make([]float64, items)
		for i := range common {
			common[i] = 1.07 + rng.NormFloat64()
			scores.Strata = append(scores.Strata, i%2)
		}
		for k := range n {
			reply := score.ReplyScore{Key: score.Key(fmt.Sprint("miner-", k)), Answered: true}
			for i := range common {
				// Most items tell nothing, some much: as with real models.
				own := 0.15 * rng.NormFloat64()
				if rng.Float64() < 0.15 {
					own = 2.2 * rng.NormFloat64()
				}
				reply.Gains = append(reply.Gains, score.Gain{Nats: max(common[i]+own, settings.Worst())})
			}
			if k < n/2 || r >= 12 {
				scores.Replies = append(scores.Replies, reply)
			}
		}
		observe(t, b, scores)
	}
	var out []float64
	for k := range n {
		s, ok := b.Standing(score.Key(fmt.Sprint("miner-", k)))
		require.True(t, ok)
		out = append(out, s.CopyFactor)
	}
	return out
}

// TestIndependentNeuronsAreNoCopies: with sixteen neurons and few items somebody is close to somebody in nearly every round, by chance.
func TestIndependentNeuronsAreNoCopies(t *testing.T) {
	alone := score.Defaults()
	alone.PairRate = 1 // each round by itself
	for _, c := range []struct {
		items       int
		least, most float64 // of the lowest factor: with distances over rounds, and without
	}{{16, 0.7, 0.6}, {32, 0.95, 0.75}} {
		t.Run(fmt.Sprint(c.items), func(t *testing.T) {
			over, without := independents(t, score.Defaults(), 16, c.items, 80), independents(t, alone, 16, c.items, 80)
			t.Logf("over rounds %.2f, each round by itself %.2f", over, without)
			require.Greater(t, lowest(over), c.least)
			require.Less(t, lowest(without), c.most)
		})
	}
}

func lowest(x []float64) float64 {
	out := x[0]
	for _, v := range x {
		out = min(out, v)
	}
	return out
}

// TestPairsAreKept: a board read back judges pairs as the one that was written, and pairs of neurons that left are forgotten.
func TestPairsAreKept(t *testing.T) {
	b, err := score.NewBoard(score.Defaults(), twoSources)
	require.NoError(t, err)
	scripted(t, b, 0, 10, map[score.Key]uint64{"first": 1})
	scripted(t, b, 10, 10, map[score.Key]uint64{"first": 1, "second": 1, "third": 4})
	data, err := b.Encode()
	require.NoError(t, err)
	require.Contains(t, string(data), `"before":[1,`, "the first was before the second")
	require.Equal(t, 2, bytes.Count(data, []byte(`"distances"`)), "each pair once, with the one that comes first")
	again, err := score.LoadBoard(score.Defaults(), twoSources, data)
	require.NoError(t, err)
	for _, x := range []*score.Board{b, again} {
		scripted(t, x, 20, 20, map[score.Key]uint64{"first": 1, "second": 1, "third": 4})
	}
	one, err := b.Encode()
	require.NoError(t, err)
	other, err := again.Encode()
	require.NoError(t, err)
	require.Equal(t, string(one), string(other))

	b.Keep([]score.Key{"first", "third"})
	data, err = b.Encode()
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(data, []byte(`"distances"`)))
}

func TestDamagedPairsAreRefused(t *testing.T) {
	b, err := score.NewBoard(score.Defaults(), twoSources)
	require.NoError(t, err)
	scripted(t, b, 0, 1, map[score.Key]uint64{"first": 1, "second": 1})
	data, err := b.Encode()
	require.NoError(t, err)
	const whole = `"others":[1],"distances":[0],"met":[1],"limits":[0]`
	require.Contains(t, string(data), whole)
	for _, before := range []string{`,"before":[1]`, `,"before":[0]`, `,"before":[-1]`, ""} { // absent in boards of older versions
		_, err := score.LoadBoard(score.Defaults(), twoSources, bytes.Replace(data, []byte(whole), []byte(whole+before), 1))
		require.NoError(t, err, before)
	}
	_, err = score.LoadBoard(score.Defaults(), twoSources, bytes.Replace(data, []byte(`,"met":[1],"limits":[0]`), nil, 1))
	require.NoError(t, err, "a board that did not count")
	for name, part := range map[string]string{
		"itself":        `"others":[0],"distances":[0]`,
		"nobody":        `"others":[2],"distances":[0]`,
		"twice":         `"others":[1,1],"distances":[0,0]`,
		"no distance":   `"others":[1],"distances":[]`,
		"below nothing": `"others":[1],"distances":[-1]`,
		"too far":       `"others":[1],"distances":[1e9]`,
		"no such order": `"others":[1],"distances":[0],"before":[2]`,
		"orders":        `"others":[1],"distances":[0],"before":[1,1]`,
		"no order":      `"others":[1],"distances":[0],"before":[]`,
		"never met":     `"others":[1],"distances":[0],"met":[0],"limits":[0]`,
		"met too often": `"others":[1],"distances":[0],"met":[101],"limits":[0]`,
		"counts":        `"others":[1],"distances":[0],"met":[1,1],"limits":[0]`,
		"no count":      `"others":[1],"distances":[0],"met":[],"limits":[0]`,
		"no limits":     `"others":[1],"distances":[0],"met":[1]`,
		"many limits":   `"others":[1],"distances":[0],"met":[1],"limits":[0,0]`,
		"far limits":    `"others":[1],"distances":[0],"met":[1],"limits":[2.1]`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := score.LoadBoard(score.Defaults(), twoSources, bytes.Replace(data, []byte(whole), []byte(part), 1))
			require.ErrorIs(t, err, score.ErrState)
		})
	}
}

// TestAlikeInAnotherGroup: who was found to be a copy is one in whatever group it is asked. After one round together nobody is, for one round says little; and
// an original that does not answer takes nothing.
func TestAlikeInAnotherGroup(t *testing.T) {
	for _, c := range []struct {
		name           string
		together       int // rounds in one group, before those apart
		answers        bool
		copy, original [2]float64 // range of the factors at the end
	}{
		{"met often", 30, true, [2]float64{0, 0.01}, [2]float64{1, 1}},
		{"met once", 1, true, [2]float64{0.99, 1}, [2]float64{1, 1}},
		{"met often, the original is silent now", 30, false, [2]float64{0.99, 1}, [2]float64{1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := score.NewBoard(score.Defaults(), twoSources)
			require.NoError(t, err)
			scripted(t, b, 0, 20, map[score.Key]uint64{"first": 1})
			scripted(t, b, 20, c.together, map[score.Key]uint64{"first": 1, "second": 1})
			for r := range 80 {
				gains := map[score.Key]func(int) float64{"first": noisy(uint64(500+r), 3), "second": noisy(uint64(500+r), 3)}
				if !c.answers {
					gains["first"] = nil
				}
				reports, err := b.Observe(roundOf(gains, "first"), roundOf(gains, "second"))
				require.NoError(t, err)
				require.Len(t, reports, 2)
				require.Equal(t, []score.Key{"second"}, reports[1].Keys)
			}
			for key, want := range map[score.Key][2]float64{"first": c.original, "second": c.copy} {
				got := factor(t, b, key)
				require.GreaterOrEqual(t, got, want[0], key)
				require.LessOrEqual(t, got, want[1], key)
			}
		})
	}
}

// TestGettingBetterIsNotGettingNear: a neuron that was far from others who gain nothing is as far from them when it gains, though few of them were in its group
// since. In nats their distances were small, for nobody knew much; uids that answer nothing could have framed it so, for free.
func TestGettingBetterIsNotGettingNear(t *testing.T) {
	b, err := score.NewBoard(score.Defaults(), twoSources)
	require.NoError(t, err)
	const idle, rounds, better, size = 30, 300, 200, 8
	rng := rand.New(rand.NewPCG(3, 3))
	lowest := 1.0
	for r := range rounds {
		keys := []score.Key{"learner"}
		for k := range idle {
			keys = append(keys, score.Key(fmt.Sprint("idle-", k)))
		}
		rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		level := 0.15
		if r >= better {
			level = 1.1
		}
		gains := map[score.Key]func(int) float64{"learner": func(int) float64 { return level + rng.NormFloat64() }}
		for _, key := range keys {
			if key != "learner" {
				gains[key] = func(int) float64 { return 0 }
			}
		}
		var groups []score.Scores
		for part := range slices.Chunk(keys, size) {
			groups = append(groups, roundOf(gains, part...))
		}
		_, err := b.Observe(groups...)
		require.NoError(t, err)
		if r >= better {
			lowest = min(lowest, factor(t, b, "learner"))
		}
	}
	require.Greater(t, lowest, 0.85)
}
