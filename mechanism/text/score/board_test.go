package score_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

var twoSources = []string{"books", "news"}

func newBoard(tb testing.TB) *score.Board {
	tb.Helper()
	b, err := score.NewBoard(score.Defaults(), twoSources)
	require.NoError(tb, err)
	return b
}

// roundOf makes scores of 8 items in two strata from functions of the item; nil is silent.
func roundOf(gains map[score.Key]func(item int) float64, keys ...score.Key) score.Scores {
	out := score.Scores{Strata: []int{0, 1, 0, 1, 0, 1, 0, 1}}
	for _, key := range keys {
		reply := score.ReplyScore{Key: key, Answered: gains[key] != nil, Gains: make([]score.Gain, len(out.Strata))}
		for i := range reply.Gains {
			if gains[key] != nil {
				reply.Gains[i].Nats = gains[key](i)
			}
		}
		out.Replies = append(out.Replies, reply)
	}
	return out
}

func observe(tb testing.TB, b *score.Board, s score.Scores) score.Report {
	tb.Helper()
	reports, err := b.Observe(s)
	require.NoError(tb, err)
	require.Len(tb, reports, 1)
	return reports[0]
}

func weightsOf(tb testing.TB, b *score.Board, keys ...score.Key) []float64 {
	tb.Helper()
	p, err := b.Weights(keys)
	require.NoError(tb, err)
	return p.Weights
}

func noisy(seed uint64, level float64) func(int) float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(int) float64 { return level + r.NormFloat64()/2 }
}

func TestBetterModelEarnsMore(t *testing.T) {
	b := newBoard(t)
	gains := map[score.Key]func(int) float64{"good": noisy(1, 3), "fair": noisy(2, 1.5), "poor": noisy(3, 0.6), "wrong": noisy(4, -5)}
	for range 30 {
		observe(t, b, roundOf(gains, "good", "fair", "poor", "wrong"))
	}
	w := weightsOf(t, b, "good", "fair", "poor", "wrong", "unknown")
	require.Greater(t, w[0], w[1])
	require.Greater(t, w[1], w[2])
	require.Positive(t, w[2])
	require.Zero(t, w[3])
	require.Zero(t, w[4])
	require.InDelta(t, 1, w[0]+w[1]+w[2], 1e-12)
	require.Equal(t, 30, b.Rounds())
}

// TestCopiesShare: k exact copies earn together what one of them would.
func TestCopiesShare(t *testing.T) {
	for _, k := range []int{2, 5, 20} {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			b := newBoard(t)
			mine := noisy(1, 3)
			other := func(i int) float64 { return []float64{-1, 7}[i/2%2] } // as good, but on other items
			var keys []score.Key
			for i := range k {
				keys = append(keys, score.Key(fmt.Sprintf("copy%02d", i)))
			}
			keys = append(keys, "other")
			for range 40 {
				round := [8]float64{}
				for i := range round {
					round[i] = mine(i)
				}
				gains := map[score.Key]func(int) float64{"other": other}
				for _, key := range keys[:k] {
					gains[key] = func(i int) float64 { return round[i] }
				}
				report := observe(t, b, roundOf(gains, keys...))
				require.InDelta(t, k, report.Similarity.Copies[0], 1e-9)
				require.Equal(t, k+1 <= score.ShapleyLimit, report.Shapley != nil)
			}
			w := weightsOf(t, b, keys...)
			together := 0.0
			for _, v := range w[:k] {
				require.InDelta(t, w[0], v, 1e-12)
				together += v
			}
			require.InDelta(t, 0.5, together, 0.06, "the copies share one pay, the other has the rest")
		})
	}
}

func TestSilence(t *testing.T) {
	b := newBoard(t)
	gains := map[score.Key]func(int) float64{"a": noisy(1, 3), "b": noisy(2, 3)}
	for range 40 {
		observe(t, b, roundOf(gains, "a", "b"))
	}
	before, _ := b.Standing("b")
	speak := gains["b"]
	gains["b"] = nil
	for round := 1; round <= 14; round++ {
		observe(t, b, roundOf(gains, "a", "b"))
		s, ok := b.Standing("b")
		require.True(t, ok)
		require.Equal(t, round, s.Silent)
		require.Equal(t, round >= 3, s.Muted)
		w := weightsOf(t, b, "a", "b")
		require.Equal(t, round < 3, w[1] > 0, "round %d", round)
		require.InDelta(t, before.CopyFactor, s.CopyFactor, 0, "silence leaves the copy factor alone")
	}
	after, _ := b.Standing("b")
	require.InDelta(t, before.Level/2, after.Level, 0.15, "the mean halves in 14 rounds")
	gains["b"] = speak
	observe(t, b, roundOf(gains, "a", "b"))
	require.Positive(t, weightsOf(t, b, "a", "b")[1], "paid again once it answers")
	observe(t, b, roundOf(gains, "a"))
	unasked, _ := b.Standing("b")
	require.Zero(t, unasked.Silent, "who was not asked was not silent")
}

func TestNewHolderStartsAfresh(t *testing.T) {
	b := newBoard(t)
	observe(t, b, roundOf(map[score.Key]func(int) float64{"key@10": noisy(1, 3)}, "key@10"))
	_, ok := b.Standing("key@99")
	require.False(t, ok)
	b.Keep([]score.Key{"key@99"})
	_, ok = b.Standing("key@10")
	require.False(t, ok)
	require.Nil(t, weightsOf(t, b, "key@10", "key@99"), "nobody earned anything: no weights are set")
}

func TestOneStratumIsOneShare(t *testing.T) {
	b := newBoard(t)
	for range 60 {
		observe(t, b, roundOf(map[score.Key]func(int) float64{
			"memoriser": func(i int) float64 { return []float64{16, -2}[i%2] },
			"model":     noisy(1, 2),
		}, "memoriser", "model"))
	}
	w := weightsOf(t, b, "memoriser", "model")
	require.InDelta(t, 0.5, w[0], 0.03, "knowing one of two sources by heart earns no more than half")
}

// TestGarbageCannotPoison sends every kind of damaged answer and compares the honest miner with a board that never saw them.
func TestGarbageCannotPoison(t *testing.T) {
	letters := "abcd "
	scorer := newScorer(t, bigram{letters})
	s := scorer.Settings()
	r := rand.New(rand.NewPCG(9, 9))
	clean, dirty := newBoard(t), newBoard(t)
	for range 25 {
		var items []score.Item
		var honest []*score.Answer
		for i := range 8 {
			items = append(items, score.Item{Stratum: i % 2, Context: randomText(r, letters, 8), Truth: randomText(r, letters, 16)})
			list, floor := score.Split([]score.Candidate{{Text: items[i].Truth[:2], P: 0.6}, {Text: items[i].Truth[:1], P: 0.8}}, 8)
			honest = append(honest, score.NewAnswer(s, list, floor))
		}
		replies := append([]score.Reply{{Key: "honest", Answers: honest}}, garbage(s, r)...)
		for board, sent := range map[*score.Board][]score.Reply{clean: replies[:1], dirty: replies} {
			scores, err := scorer.Round(items, sent)
			require.NoError(t, err)
			for _, reply := range scores.Replies {
				for _, g := range reply.Gains {
					require.GreaterOrEqual(t, g.Nats, s.Worst())
					require.LessOrEqual(t, g.Nats, s.Cap)
				}
			}
			observe(t, board, scores)
		}
	}
	want, _ := clean.Standing("honest")
	got, _ := dirty.Standing("honest")
	require.Equal(t, want, got)
	keys := []score.Key{"honest"}
	for _, reply := range garbage(s, r) {
		keys = append(keys, reply.Key)
	}
	w := weightsOf(t, dirty, keys...)
	require.InDelta(t, 1, w[0], 1e-12)
	for i := range w[1:] {
		require.Zero(t, w[1+i], "%s", keys[1+i])
	}
}

func garbage(s *score.Settings, r *rand.Rand) []score.Reply {
	each := func(list []score.Candidate, floor float64) []*score.Answer {
		out := make([]*score.Answer, 8)
		for i := range out {
			out[i] = score.NewAnswer(s, list, floor)
		}
		return out
	}
	one := func(p float64) []score.Candidate {
		return []score.Candidate{{Text: randomText(r, "abcd ", 1+r.IntN(3)), P: p}}
	}
	return []score.Reply{
		{Key: "nan", Answers: each(one(math.NaN()), 0.5)},
		{Key: "nan floor", Answers: each(one(0.5), math.NaN())},
		{Key: "inf", Answers: each(one(math.Inf(1)), 0)},
		{Key: "negative", Answers: each(one(-1), 1)},
		{Key: "no sum", Answers: each(one(0.3), 0.3)},
		{Key: "too many", Answers: each(make([]score.Candidate, s.KMax+1), 0)},
		{Key: "empty text", Answers: each([]score.Candidate{{P: 1}}, 0)},
		{Key: "long text", Answers: each([]score.Candidate{{Text: make([]byte, 17), P: 1}}, 0)},
		{Key: "wrong count", Answers: each(one(1), 0)[:7]},
		{Key: "no items", Answers: []*score.Answer{}},
		{Key: "left out", Answers: make([]*score.Answer, 8)},
		{Key: "broken promise", Invalid: true},
		{Key: "silent"},
		{Key: "guess", Answers: each([]score.Candidate{{Text: []byte("zzz"), P: 1}}, 0)},
	}
}

func TestObserveRefuses(t *testing.T) {
	good := func() score.Scores {
		return roundOf(map[score.Key]func(int) float64{"a": noisy(1, 1), "b": noisy(2, 1)}, "a", "b")
	}
	cases := map[string]func(s *score.Scores){
		"no items":        func(s *score.Scores) { s.Strata = nil },
		"stratum":         func(s *score.Scores) { s.Strata[0] = 2 },
		"negative":        func(s *score.Scores) { s.Strata[0] = -1 },
		"ragged":          func(s *score.Scores) { s.Replies[1].Gains = s.Replies[1].Gains[:7] },
		"twice":           func(s *score.Scores) { s.Replies[1].Key = "a" },
		"no key":          func(s *score.Scores) { s.Replies[1].Key = "" },
		"NaN":             func(s *score.Scores) { s.Replies[1].Gains[3].Nats = math.NaN() },
		"above the cap":   func(s *score.Scores) { s.Replies[1].Gains[3].Nats = 16.1 },
		"below ln lambda": func(s *score.Scores) { s.Replies[1].Gains[3].Nats = -7 },
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBoard(t)
			observe(t, b, good())
			before, err := b.Encode()
			require.NoError(t, err)
			s := good()
			damage(&s)
			_, err = b.Observe(s)
			require.ErrorIs(t, err, score.ErrScores)
			after, err := b.Encode()
			require.NoError(t, err)
			require.Equal(t, before, after, "nothing changed")
		})
	}
	_, err := newBoard(t).Weights(nil)
	require.NoError(t, err)
	b := newBoard(t)
	observe(t, b, good())
	_, err = b.Weights([]score.Key{"a", "a"})
	require.ErrorIs(t, err, score.ErrScores)
	for _, names := range [][]string{nil, {""}, {"x", "x"}} {
		_, err = score.NewBoard(score.Defaults(), names)
		require.ErrorIs(t, err, score.ErrSettings)
	}
	t.Run("in two groups", func(t *testing.T) {
		_, err := newBoard(t).Observe(good(), good())
		require.ErrorIs(t, err, score.ErrScores)
		require.ErrorContains(t, err, `"a"`)
	})
	t.Run("no groups", func(t *testing.T) {
		_, err := newBoard(t).Observe()
		require.ErrorIs(t, err, score.ErrScores)
	})
}

// TestRestart: a board that is stored and loaded after every round ends with the same bytes and weights.
func TestRestart(t *testing.T) {
	whole, restarted := newBoard(t), newBoard(t)
	a, b := noisy(1, 3), noisy(2, 1)
	for i := range 50 {
		var drawn [2][8]float64
		for item := range 8 {
			drawn[0][item], drawn[1][item] = a(item), b(item)
		}
		gains := map[score.Key]func(int) float64{
			"a\xff": func(i int) float64 { return drawn[0][i] }, "b": func(i int) float64 { return drawn[1][i] },
		}
		if i%7 == 3 {
			gains["b"] = nil
		}
		observe(t, whole, roundOf(gains, "a\xff", "b"))
		observe(t, restarted, roundOf(gains, "a\xff", "b"))
		data, err := restarted.Encode()
		require.NoError(t, err)
		restarted, err = score.LoadBoard(score.Defaults(), twoSources, data)
		require.NoError(t, err)
	}
	want, err := whole.Encode()
	require.NoError(t, err)
	got, err := restarted.Encode()
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
	require.Equal(t, weightsOf(t, whole, "a\xff", "b"), weightsOf(t, restarted, "a\xff", "b"))
	require.Equal(t, 50, restarted.Rounds())
}

func TestLoadMatchesStrataByName(t *testing.T) {
	b := newBoard(t)
	observe(t, b, roundOf(map[score.Key]func(int) float64{"a": func(i int) float64 { return float64(i % 2) }}, "a"))
	data, err := b.Encode()
	require.NoError(t, err)
	moved, err := score.LoadBoard(score.Defaults(), []string{"law", "news"}, data)
	require.NoError(t, err)
	s, ok := moved.Standing("a")
	require.True(t, ok)
	require.Zero(t, s.Strata[0].Rounds)
	require.InDelta(t, 1, s.Strata[1].Mean, 1e-12)
}

func TestLoadRefuses(t *testing.T) {
	const head = `{"version":1,"strata":["books"],"rounds":3,"neurons":[`
	neuron := func(averages, rest string) string {
		return head + `{"key":"YQ==","averages":[` + averages + `],` + rest + `}]}`
	}
	fine := `{"w":0.05,"q":0.0025,"s1":0.15,"s2":0.45}`
	_, err := score.LoadBoard(score.Defaults(), []string{"books"}, []byte(neuron(fine, `"copies":1,"silent":0,"rounds":1`)))
	require.NoError(t, err)
	cases := map[string]string{
		"empty":          ``,
		"cut off":        head,
		"version":        `{"version":3,"strata":["books"]}`,
		"no strata":      `{"version":1}`,
		"rounds":         `{"version":1,"strata":["books"],"rounds":-1}`,
		"no key":         head + `{"averages":[` + fine + `]}]}`,
		"twice":          head + `{"key":"YQ==","averages":[` + fine + `]},{"key":"YQ==","averages":[` + fine + `]}]}`,
		"strata":         neuron(fine+","+fine, `"copies":1,"rounds":1`),
		"copies":         neuron(fine, `"copies":1.5,"rounds":1`),
		"tiny copies":    neuron(fine, `"copies":1e-9,"rounds":1`),
		"silent":         neuron(fine, `"copies":1,"silent":2,"rounds":1`),
		"w":              neuron(`{"w":1.5,"q":0.0025,"s1":0.15,"s2":0.45}`, `"copies":1`),
		"q":              neuron(`{"w":0.05,"q":0.5,"s1":0.15,"s2":0.45}`, `"copies":1`),
		"no q":           neuron(`{"w":0.05,"s1":0.15,"s2":0.45}`, `"copies":1`),
		"s1":             neuron(`{"w":0.05,"q":0.0025,"s1":1e300,"s2":0.45}`, `"copies":1`),
		"s2":             neuron(`{"w":0.05,"q":0.0025,"s1":0.15,"s2":-1}`, `"copies":1`),
		"mean above rms": neuron(`{"w":0.05,"q":0.0025,"s1":0.15,"s2":0.1}`, `"copies":1`),
		"own record":     `{"version":2` + neuron(fine, `"own":{"w":2},"copies":1,"rounds":1`)[len(`{"version":1`):],
		"never asked":    neuron(`{"w":0,"q":0,"s1":0.15,"s2":0.45}`, `"copies":1`),
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := score.LoadBoard(score.Defaults(), []string{"books"}, []byte(data))
			require.ErrorIs(t, err, score.ErrState)
		})
	}
}

func FuzzLoadBoard(f *testing.F) {
	b := newBoard(f)
	observe(f, b, roundOf(map[score.Key]func(int) float64{"a": noisy(1, 3), "b": noisy(2, 1)}, "a", "b"))
	data, err := b.Encode()
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"version":1,"strata":["books","news"],"neurons":[{"key":"YQ==","averages":[{},{}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := score.LoadBoard(score.Defaults(), twoSources, data)
		if err != nil {
			require.ErrorIs(t, err, score.ErrState)
			return
		}
		encoded, err := b.Encode()
		require.NoError(t, err)
		again, err := score.LoadBoard(score.Defaults(), twoSources, encoded)
		require.NoError(t, err)
		twice, err := again.Encode()
		require.NoError(t, err)
		require.Equal(t, encoded, twice)
		var keys []score.Key
		var raw struct{ Neurons []struct{ Key []byte } }
		require.NoError(t, json.Unmarshal(encoded, &raw))
		for _, n := range raw.Neurons {
			keys = append(keys, score.Key(n.Key))
		}
		observe(t, b, roundOf(map[score.Key]func(int) float64{"a": noisy(1, 3)}, "a"))
		sum := 0.0
		weights := weightsOf(t, b, keys...)
		for _, w := range weights {
			require.GreaterOrEqual(t, w, 0.0)
			sum += w
		}
		if weights != nil {
			require.InDelta(t, 1, sum, 1e-9)
		}
	})
}
