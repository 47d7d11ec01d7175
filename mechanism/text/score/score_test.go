package score_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// bigram is a reference over few letters, so that candidates meet the truth often.
type bigram struct{ letters string }

func (b bigram) Step(history []byte, next byte) float64 {
	last := 7
	if len(history) > 0 {
		last = int(history[len(history)-1])
	}
	total, mine := 0.0, 1e-6
	for i := range len(b.letters) {
		w := 1 + float64((last*31+int(b.letters[i])*17)%11)
		total += w
		if b.letters[i] == next {
			mine = w
		}
	}
	return mine / (total + 1)
}

func (b bigram) Prob(context, s []byte) float64 {
	p, history := 1.0, append([]byte(nil), context...)
	for _, c := range s {
		p *= b.Step(history, c)
		history = append(history, c)
	}
	return p
}

// Start and Walk: the last byte is all that counts, and 7 stands for none.
func (b bigram) Start(context []byte) uint32 {
	if len(context) == 0 {
		return 7
	}
	return uint32(context[len(context)-1])
}

func (b bigram) Walk(s []byte, at []uint32, p []float64, least float64) int {
	for i, c := range s {
		p[i+1] = p[i] * b.Step([]byte{byte(at[i])}, c)
		at[i+1] = uint32(c)
		if p[i+1] < least {
			return i + 1
		}
	}
	return len(s)
}

func newScorer(tb testing.TB, r score.Reference) *score.Scorer {
	tb.Helper()
	s, err := score.NewScorer(score.Defaults(), r)
	require.NoError(tb, err)
	return s
}

func randomText(r *rand.Rand, letters string, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = letters[r.IntN(len(letters))]
	}
	return out
}

// randomList draws unique sorted candidates with probabilities that sum to 1 with the floor.
func randomList(r *rand.Rand, letters string, n, length int) ([]score.Candidate, float64) {
	var list []score.Candidate
	for range n {
		list = append(list, score.Candidate{Text: randomText(r, letters, 1+r.IntN(length)), P: 0.001 + r.ExpFloat64()})
	}
	total := r.ExpFloat64()
	for i := range list {
		total += list[i].P
	}
	for i := range list {
		list[i].P /= total
	}
	return score.Disjoint(list, score.CandidateLimit)
}

func Example() {
	strata := []string{"books", "news"}
	scorer, _ := score.NewScorer(score.Defaults(), bigram{"abcdefghijklmnopqrstuvwxyz "})
	board, _ := score.NewBoard(score.Defaults(), strata)
	items := []score.Item{
		{Stratum: 0, Context: []byte("once upon"), Truth: []byte(" a time there wa")},
		{Stratum: 1, Context: []byte("prices"), Truth: []byte(" rose again in a")},
	}
	good := func(text string) *score.Answer {
		list, floor := score.Split([]score.Candidate{{Text: []byte(text), P: 0.01}, {Text: []byte(" "), P: 0.9}}, 512)
		return score.NewAnswer(scorer.Settings(), list, floor)
	}
	honest := score.Reply{Key: "honest", Answers: []*score.Answer{good(" a time"), good(" rose")}}
	for range 10 {
		scores, err := scorer.Round(items, []score.Reply{honest, {Key: "absent"}})
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, err := board.Observe(scores); err != nil {
			fmt.Println(err)
			return
		}
	}
	standing, _ := board.Standing("honest")
	payout, err := board.Weights([]score.Key{"honest", "absent"})
	fmt.Printf("level %.2f nats, weights %v, %v\n", standing.Level, payout.Weights, err)
	// Output: level 13.97 nats, weights [1 0], <nil>
}

// TestMatchesDefinition compares the narrowing search with the plain definition, byte by byte and in whole strings.
func TestMatchesDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	letters := "ab \xff\x00"
	ref := bigram{letters}
	for _, reference := range []score.Reference{ref, struct{ score.Reference }{ref}} {
		s := score.Defaults()
		s.NRef = 6
		scorer, err := score.NewScorer(s, reference)
		require.NoError(t, err)
		for range 400 {
			truth := randomText(r, letters, score.MaxLen)
			item := score.Item{Context: randomText(r, letters, r.IntN(4)), Truth: truth}
			question, err := scorer.Open(item)
			require.NoError(t, err)
			for range 4 {
				list, floor := randomList(r, letters, r.IntN(60), 1+r.IntN(4))
				if len(list) > 0 && r.IntN(2) == 0 {
					list, floor = score.Disjoint(append(list, score.Candidate{Text: truth[:1+r.IntN(16)], P: 0.1}), 512)
				}
				got, err := question.Gain(score.NewAnswer(scorer.Settings(), list, floor))
				require.NoError(t, err)
				require.Equal(t, score.OK, got.Verdict)
				event, probability := definition(item, ref, list, s.NRef)
				require.Equal(t, event, got.Event)
				require.InEpsilon(t, probability, got.R, 1e-9)
			}
		}
	}
}

// definition finds the event and its reference probability by looking at every candidate.
func definition(item score.Item, ref bigram, list []score.Candidate, nRef int) (string, float64) {
	event := ""
	for _, c := range list {
		if bytes.HasPrefix(item.Truth, c.Text) && len(c.Text) > len(event) {
			event = string(c.Text)
		}
	}
	var kids []string
	for _, c := range list {
		minimal := len(c.Text) > len(event) && bytes.HasPrefix(c.Text, []byte(event))
		for _, d := range list {
			between := len(d.Text) > len(event) && len(d.Text) < len(c.Text) && bytes.HasPrefix(c.Text, d.Text)
			minimal = minimal && !between
		}
		if minimal {
			kids = append(kids, string(c.Text))
		}
	}
	base := 1.0
	if event != "" {
		base = ref.Prob(item.Context, []byte(event))
	}
	sum := 0.0
	for length, left := 1, nRef; length <= score.MaxLen; length++ {
		for _, k := range kids {
			if len(k) == length && left > 0 {
				left--
				sum += ref.Prob(item.Context, []byte(k))
			}
		}
	}
	return event, max(base-sum, 1e-9*base)
}

// TestPropriety: for random beliefs over all continuations and random lists, no report that was tried beats the honest one by
// more than -ln(1-lambda), about 0.001 nats, in expectation under the belief.
func TestPropriety(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	letters := "abc"
	scorer := newScorer(t, bigram{letters})
	s := scorer.Settings()
	for trial := range 150 {
		texts, belief := randomBelief(r, letters)
		list := randomSet(r, letters)
		honest, floor := expectedEvents(texts, belief, list)
		best := expectedGain(t, scorer, texts, belief, honest, floor)
		require.GreaterOrEqual(t, best, -0.0011, "honesty is never worse than no opinion")
		for range 12 {
			lie, lieFloor := distort(r, honest, floor)
			require.Equal(t, score.OK, score.Check(s, lie, lieFloor))
			got := expectedGain(t, scorer, texts, belief, lie, lieFloor)
			require.LessOrEqual(t, got, best-math.Log(1-s.Lambda)+1e-9, "trial %d", trial)
		}
	}
}

// randomBelief gives every continuation of three letters (then filled up) a probability.
func randomBelief(r *rand.Rand, letters string) ([][]byte, []float64) {
	var texts [][]byte
	var belief []float64
	sum, sharp := 0.0, 3*r.Float64()
	for i := range 27 {
		text := []byte{letters[i/9], letters[i/3%3], letters[i%3]}
		texts = append(texts, append(text, "aaaaaaaaaaaaa"...))
		belief = append(belief, math.Exp(sharp*r.NormFloat64()))
		sum += belief[i]
	}
	for i := range belief {
		belief[i] /= sum
	}
	return texts, belief
}

func randomSet(r *rand.Rand, letters string) []score.Candidate {
	var list []score.Candidate
	for range r.IntN(14) {
		list = append(list, score.Candidate{Text: randomText(r, letters, 1+r.IntN(3)), P: 0.01})
	}
	out, _ := score.Disjoint(list, 512)
	return out
}

func longestMatch(text []byte, list []score.Candidate) int {
	best := -1
	for i, c := range list {
		if bytes.HasPrefix(text, c.Text) && (best < 0 || len(c.Text) > len(list[best].Text)) {
			best = i
		}
	}
	return best
}

func expectedEvents(texts [][]byte, belief []float64, list []score.Candidate) ([]score.Candidate, float64) {
	out, floor := make([]score.Candidate, len(list)), 0.0
	for i := range list {
		out[i].Text = list[i].Text
	}
	for i, text := range texts {
		if c := longestMatch(text, list); c >= 0 {
			out[c].P = min(1, out[c].P+belief[i])
		} else {
			floor = min(1, floor+belief[i])
		}
	}
	return out, floor
}

func distort(r *rand.Rand, honest []score.Candidate, floor float64) ([]score.Candidate, float64) {
	out := make([]score.Candidate, len(honest))
	power, noise := math.Exp(r.NormFloat64()), r.Float64()
	bend := func(p float64) float64 { return math.Pow(p, power) * math.Exp(noise*r.NormFloat64()) }
	floor = bend(floor)
	total := floor
	for i := range honest {
		out[i] = score.Candidate{Text: honest[i].Text, P: bend(honest[i].P)}
		total += out[i].P
	}
	for i := range out {
		out[i].P /= total
	}
	return out, floor / total
}

func expectedGain(t *testing.T, scorer *score.Scorer, texts [][]byte, belief []float64, list []score.Candidate, floor float64) float64 {
	t.Helper()
	sum := 0.0
	for i, text := range texts {
		question, err := scorer.Open(score.Item{Truth: text})
		require.NoError(t, err)
		g, err := question.Gain(score.NewAnswer(scorer.Settings(), list, floor))
		require.NoError(t, err)
		sum += belief[i] * g.Nats
	}
	return sum
}

func TestGainEdges(t *testing.T) {
	scorer := newScorer(t, bigram{"ab"})
	truth := []byte("aaaaaaaaaaaaaaaa")
	question, err := scorer.Open(score.Item{Truth: truth})
	require.NoError(t, err)

	g, err := question.Gain(nil)
	require.NoError(t, err)
	require.Equal(t, score.Gain{Verdict: score.Silent, L: 1}, g)

	g, err = question.Gain(score.NewAnswer(scorer.Settings(), nil, 1))
	require.NoError(t, err)
	require.Zero(t, g.Nats, "no opinion")

	impossible := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	question, err = scorer.Open(score.Item{Truth: impossible})
	require.NoError(t, err)
	g, err = question.Gain(score.NewAnswer(scorer.Settings(), []score.Candidate{{Text: impossible, P: 1}}, 0))
	require.NoError(t, err)
	require.InDelta(t, 16, g.Nats, 0, "knowing it by heart earns the cap")

	_, err = scorer.Open(score.Item{Truth: truth[:15]})
	require.ErrorIs(t, err, score.ErrItem)
	_, err = scorer.Round(nil, nil)
	require.ErrorIs(t, err, score.ErrItem)
}

// bad is a reference that is broken.
type bad float64

func (b bad) Prob(_, _ []byte) float64 { return float64(b) }

func TestBrokenReference(t *testing.T) {
	_, err := score.NewScorer(score.Defaults(), nil)
	require.ErrorIs(t, err, score.ErrReference)
	for _, p := range []float64{math.NaN(), -0.1, 1.1, math.Inf(1), 0} {
		scorer := newScorer(t, bad(p))
		answer := score.NewAnswer(scorer.Settings(), []score.Candidate{{Text: []byte("a"), P: 1}}, 0)
		_, err := scorer.Round([]score.Item{{Truth: []byte("aaaaaaaaaaaaaaaa")}}, []score.Reply{{Key: "a", Answers: []*score.Answer{answer}}})
		require.ErrorIs(t, err, score.ErrReference)
	}
}

func TestSettings(t *testing.T) {
	s := score.Defaults()
	require.NoError(t, s.Validate())
	s.KMax = score.CandidateLimit + 1
	require.ErrorIs(t, s.Validate(), score.ErrSettings)
	s = score.Defaults()
	s.Lambda = math.NaN()
	require.ErrorIs(t, s.Validate(), score.ErrSettings)
	_, err := score.NewScorer(s, bigram{"a"})
	require.ErrorIs(t, err, score.ErrSettings)
}

func TestLoadColumns(t *testing.T) {
	s := score.Defaults()
	var a score.Answer
	require.ErrorIs(t, score.Load(&a, &s, []byte{1, 1}, []byte("ab"), []float32{0.5}, 0.5), score.ErrColumns)
	require.ErrorIs(t, score.Load(&a, &s, []byte{1, 2}, []byte("ab"), []float32{0.5, 0.1}, 0.4), score.ErrColumns)
	require.NoError(t, score.Load(&a, &s, []byte{1, 1}, []byte("ab"), []float32{0.5, 0.1}, 0.4))
	require.Equal(t, score.OK, a.Verdict())
	require.Equal(t, 2, a.Len())
}

func TestStreamStopsEarly(t *testing.T) {
	s := score.Defaults()
	var a score.Answer
	a.Begin(&s, 3, 0)
	require.True(t, a.Add([]byte("b"), 0.5))
	require.False(t, a.Add([]byte("a"), 0.5))
	require.False(t, a.Add([]byte("c"), 0.5), "nothing is taken after the first failure")
	require.Equal(t, score.Order, a.End())
	a.Begin(&s, 1, 0)
	require.True(t, a.Add([]byte("a"), 1))
	require.Equal(t, score.OK, a.End(), "an answer can be used again")
	a.Begin(&s, 1, 0)
	require.True(t, a.Add([]byte("a"), 0.5))
	require.False(t, a.Add([]byte("b"), 0.5), "more than declared")
	require.Equal(t, score.TooMany, a.End())
}
