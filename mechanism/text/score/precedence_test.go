package score_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// scripted plays rounds in which each key answers with a voice: equal voices are exact copies, voice 0 is silent, absent keys are not
// registered.
func scripted(t *testing.T, b *score.Board, from, rounds int, voices map[score.Key]uint64) {
	t.Helper()
	level := map[uint64]float64{1: 3, 2: 3, 3: 1, 4: 3}
	for r := from; r < from+rounds; r++ {
		gains := map[score.Key]func(int) float64{}
		var keys []score.Key
		for _, key := range []score.Key{"first", "second", "third"} {
			voice, ok := voices[key]
			if !ok {
				continue
			}
			keys = append(keys, key)
			if voice > 0 {
				var drawn [8]float64
				draw := noisy(1000*voice+uint64(r), level[voice])
				for i := range drawn {
					drawn[i] = 2*draw(i) - level[voice]
				}
				gains[key] = func(i int) float64 { return drawn[i] }
			}
		}
		observe(t, b, roundOf(gains, keys...))
	}
}

func factor(t *testing.T, b *score.Board, key score.Key) float64 {
	t.Helper()
	s, ok := b.Standing(key)
	require.True(t, ok)
	return s.CopyFactor
}

func TestPrecedence(t *testing.T) {
	type spell struct {
		rounds int
		voices map[score.Key]uint64
	}
	for _, c := range []struct {
		name          string
		lead          float64
		spells        []spell
		first, second [2]float64 // range of the copy factor
	}{
		{"who comes later is the copy", 0.25, []spell{{10, map[score.Key]uint64{"first": 1}}, {60, map[score.Key]uint64{"first": 1, "second": 1}}}, [2]float64{1, 1}, [2]float64{0, 0.01}},
		{"without precedence they share", 0, []spell{{10, map[score.Key]uint64{"first": 1}}, {60, map[score.Key]uint64{"first": 1, "second": 1}}}, [2]float64{0.5, 0.51}, [2]float64{0.5, 0.5}},
		{"who come at once share", 0.25, []spell{{60, map[score.Key]uint64{"first": 1, "second": 1}}}, [2]float64{0.5, 0.5}, [2]float64{0.5, 0.5}},
		{"a weak senior that relays is the copy", 0.25, []spell{{60, map[score.Key]uint64{"second": 3}}, {60, map[score.Key]uint64{"first": 1, "second": 3}}, {60, map[score.Key]uint64{"first": 1, "second": 1}}}, [2]float64{0.99, 1}, [2]float64{0, 0.05}},
		{"an equal that turns to relaying shares", 0.25, []spell{{90, map[score.Key]uint64{"first": 1, "second": 2}}, {60, map[score.Key]uint64{"first": 1, "second": 1}}}, [2]float64{0.4, 0.6}, [2]float64{0.4, 0.6}},
		{"a copy that becomes itself is paid again", 0.25, []spell{{10, map[score.Key]uint64{"first": 1}}, {30, map[score.Key]uint64{"first": 1, "second": 1}}, {60, map[score.Key]uint64{"first": 1, "second": 2}}}, [2]float64{0.9, 1}, [2]float64{0.9, 1}},
		{"silence of the original keeps its claim", 0.25, []spell{{40, map[score.Key]uint64{"first": 1}}, {5, map[score.Key]uint64{"first": 0, "second": 1}}, {60, map[score.Key]uint64{"first": 1, "second": 1}}}, [2]float64{0.99, 1}, [2]float64{0, 0.05}},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings := score.Defaults()
			settings.Lead = c.lead
			b, err := score.NewBoard(settings, twoSources)
			require.NoError(t, err)
			at := 0
			for _, s := range c.spells {
				scripted(t, b, at, s.rounds, s.voices)
				at += s.rounds
			}
			for key, want := range map[score.Key][2]float64{"first": c.first, "second": c.second} {
				got := factor(t, b, key)
				require.GreaterOrEqual(t, got, want[0]-1e-9, key)
				require.LessOrEqual(t, got, want[1]+1e-9, key)
			}
		})
	}
}

// TestLoadFirstVersion: a board from before own records is read, and its neurons claim what they had shown.
func TestLoadFirstVersion(t *testing.T) {
	b := newBoard(t)
	scripted(t, b, 0, 40, map[score.Key]uint64{"first": 1})
	data, err := b.Encode()
	require.NoError(t, err)
	at := strings.Index(string(data), `,"own":{`)
	end := at + strings.Index(string(data[at:]), "}") + 1
	old := strings.Replace(string(data[:at])+string(data[end:]), `"version":2`, `"version":1`, 1)
	require.NotContains(t, old, "own")
	loaded, err := score.LoadBoard(score.Defaults(), twoSources, []byte(old))
	require.NoError(t, err)
	s, ok := loaded.Standing("first")
	require.True(t, ok)
	require.Greater(t, s.Claim, 1.0)
	scripted(t, loaded, 40, 60, map[score.Key]uint64{"first": 1, "second": 1})
	require.InDelta(t, 1, factor(t, loaded, "first"), 1e-9)
	require.Less(t, factor(t, loaded, "second"), 0.01)
}

// crowd plays a victim and copies with noise of their own: each is a little alike to the victim (a twentieth) and not at all to the other copies. They come in
// round 20, or late is the victim. It returns what the copy factor of the victim is in the end, and the mean of theirs.
func crowd(t *testing.T, apart float64, copies int, late bool) (victim, others float64) {
	t.Helper()
	settings := score.Defaults()
	settings.Apart = apart
	b, err := score.NewBoard(settings, twoSources)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	const items = 32
	for r := range 260 {
		scores := score.Scores{Replies: make([]score.ReplyScore, copies+1)}
		for k := range scores.Replies {
			scores.Replies[k] = score.ReplyScore{Key: score.Key(fmt.Sprint("miner-", k)), Answered: true}
		}
		for i := range items {
			scores.Strata = append(scores.Strata, i%2)
			said := 1.07 + rng.NormFloat64()
			for k := range scores.Replies {
				noise := 0.0
				if k > 0 {
					noise = 0.79 * rng.NormFloat64()
				}
				scores.Replies[k].Gains = append(scores.Replies[k].Gains, score.Gain{Nats: said + noise})
			}
		}
		switch {
		case r >= 20:
		case late:
			scores.Replies = scores.Replies[1:]
		default:
			scores.Replies = scores.Replies[:1]
		}
		observe(t, b, scores)
	}
	victim = factor(t, b, "miner-0")
	for k := range copies {
		others += factor(t, b, score.Key(fmt.Sprint("miner-", k+1))) / float64(copies)
	}
	return victim, others
}

// TestCrowdTakesNothing: thirty copies at the edge of likeness would share the pay of their original away, once they have records of their own.
func TestCrowdTakesNothing(t *testing.T) {
	victim, others := crowd(t, score.Defaults().Apart, 30, false)
	t.Logf("the victim keeps %.3f, a copy %.3f", victim, others)
	require.Greater(t, victim, 0.99)
	without, othersWithout := crowd(t, 0, 30, false)
	t.Logf("if nobody remembers: %.3f, %.3f", without, othersWithout)
	require.Less(t, without, 0.6)
	require.Less(t, others, othersWithout+0.01, "the copies win nothing by it")

	victim, _ = crowd(t, score.Defaults().Apart, 30, true)
	without, _ = crowd(t, 0, 30, true)
	t.Logf("who comes after the crowd keeps %.3f; if nobody remembers %.3f", victim, without)
	require.Greater(t, victim, 0.75, "only the nearest of the crowd counts")
	require.Less(t, without, 0.6)
}
