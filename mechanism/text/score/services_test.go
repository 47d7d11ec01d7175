package score_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// skewed is a reference whose bytes are independent; later letters are rarer.
type skewed struct{}

func (skewed) step(b byte) float64 { return 1 / (1.5 + float64(b%32)) / 8 }

func (skewed) Start([]byte) uint32 { return 0 }

func (s skewed) Walk(text []byte, at []uint32, p []float64, least float64) int {
	for i, b := range text {
		at[i+1], p[i+1] = 0, p[i]*s.step(b)
		if p[i+1] < least {
			return i + 1
		}
	}
	return len(text)
}

func (s skewed) Prob(_, text []byte) float64 {
	p := 1.0
	for _, b := range text {
		p *= s.step(b)
	}
	return p
}

// onlyProb hides Walk.
type onlyProb struct{ skewed }

func (onlyProb) Walk() {}

func TestTextsDrawnFromAnAnswerAgreeWithItOnAverage(t *testing.T) {
	rule := score.Defaults()
	s, err := score.NewScorer(rule, skewed{})
	require.NoError(t, err)
	slow, err := score.NewScorer(rule, onlyProb{})
	require.NoError(t, err)
	rest := ".zzzzzzzzzzzzzzzz" // goes on as no candidate does
	for _, tc := range []struct {
		name       string
		candidates []score.Candidate
		floor      float64
		texts      []string // one for each candidate that begins with a blank, then one for none; "": cannot be
	}{
		{
			"nested",
			[]score.Candidate{{Text: []byte(" "), P: .2}, {Text: []byte(" a"), P: .1}, {Text: []byte(" abcd"), P: .3}, {Text: []byte(" abce"), P: .1}, {Text: []byte(" b"), P: .3}},
			0,
			[]string{" ", " a", " abcd", " abce", " b", ""},
		},
		{"tokens", []score.Candidate{{Text: []byte(" the"), P: .5}, {Text: []byte(" zoo"), P: .2}}, .3, []string{" the", " zoo", " "}},
		{"others too", []score.Candidate{{Text: []byte(" the"), P: .5}, {Text: []byte("."), P: .3}}, .2, []string{" the", " "}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := score.NewAnswer(&rule, tc.candidates, tc.floor)
			require.Equal(t, score.OK, a.Verdict())
			var q []float64
			total := 0.0
			for _, c := range tc.candidates {
				if c.Text[0] == ' ' {
					q = append(q, c.P)
				}
			}
			q = append(q, tc.floor)
			for _, p := range q {
				total += p
			}
			value, surprise, entropy := 0.0, 0.0, 0.0
			for i, text := range tc.texts {
				if text == "" {
					require.Zero(t, q[i])
					continue
				}
				got, ok, err := s.Agree([]byte("context"), a, []byte(text+rest))
				require.NoError(t, err)
				require.True(t, ok)
				same, _, err := slow.Agree([]byte("context"), a, []byte(text+rest))
				require.NoError(t, err)
				require.InDelta(t, got.Seen, same.Seen, 1e-9)
				value += q[i] / total * (got.Seen - got.Claimed)
				surprise += q[i] / total * got.Surprise
				entropy = got.Entropy
				require.GreaterOrEqual(t, got.Variance, 0.0)
			}
			require.InDelta(t, 0, value, 1e-9, "the mean of what is seen is what is claimed")
			require.InDelta(t, entropy, surprise, 1e-9)
		})
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	rule := score.Defaults()
	s, err := score.NewScorer(rule, skewed{})
	require.NoError(t, err)
	good := score.NewAnswer(&rule, []score.Candidate{{Text: []byte(" the"), P: .5}}, .5)
	bad := score.NewAnswer(&rule, []score.Candidate{{Text: []byte(" the"), P: .5}}, .1)
	for name, tc := range map[string]struct {
		a    *score.Answer
		text string
	}{
		"no answer": {nil, " the end of the text"}, "an invalid answer": {bad, " the end of the text"}, "a short text": {good, " the"},
		"no blank": {good, ". The end of the text"}, "nothing": {good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, ok, err := s.Agree(nil, tc.a, []byte(tc.text))
			require.NoError(t, err)
			require.False(t, ok)
		})
	}
	broken, err := score.NewScorer(rule, flat(math.NaN()))
	require.NoError(t, err)
	_, _, err = broken.Agree(nil, good, []byte(" the end of the text"))
	require.ErrorIs(t, err, score.ErrReference)
}

// flat gives all the same probability.
type flat float64

func (f flat) Prob(_, _ []byte) float64 { return float64(f) }

func TestPaceIsNoRace(t *testing.T) {
	for _, tc := range []struct {
		first, rest float64
		size        int
		want        float64
	}{
		{0.001, 0, 50, 1},
		{3, 0, 50, 1},
		{7.5, 0, 50, 0.5},
		{12, 0, 50, 0},
		{100, 0, 50, 0},
		{1, 5, 80, 1},
		{1, 12.5, 80, 0.5},
		{1, 20, 80, 0},
		{7.5, 12.5, 80, 0.25},
		{math.NaN(), 0, 1, 0},
	} {
		require.InDelta(t, tc.want, score.Pace(tc.first, tc.rest, 3, 16, tc.size), 1e-9, "%+v", tc)
	}
}

// probe is one good text.
func probe(change func(*score.Probe)) score.Probe {
	p := score.Probe{
		OK: true, Speed: 1, Temperature: 1, Predicted: true, Comparable: true, Level: 1,
		Agreement: score.Agreement{Seen: .7, Claimed: .7, Reference: .3, Variance: .05, Surprise: 3, Entropy: 3, SurpriseVariance: 1},
	}
	change(&p)
	return p
}

func TestServiceSaysWhy(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*score.Probe)
		check  func(*testing.T, score.ServiceStanding)
	}{
		"good": {func(*score.Probe) {}, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.Greater(t, s.Service, 0.8) }},
		"fails": {func(p *score.Probe) { p.OK = false }, func(t *testing.T, s score.ServiceStanding) {
			t.Helper()
			require.Zero(t, s.Success)
			require.Less(t, s.Service, 0.05)
		}},
		"slow":           {func(p *score.Probe) { p.Speed = 0.5 }, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.InDelta(t, 0.5, s.Speed, 1e-9) }},
		"other texts":    {func(p *score.Probe) { p.Agreement.Seen = .4 }, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.Less(t, s.Agreement, 0.45) }},
		"too sharp":      {func(p *score.Probe) { p.Agreement.Surprise = 1 }, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.Less(t, s.Agreement, 0.6) }},
		"careless":       {func(p *score.Probe) { p.Care = -1 }, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.Less(t, s.Care, 0.2) }},
		"never compared": {func(p *score.Probe) { p.Comparable = false }, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.Less(t, s.Agreement, 0.5) }},
		"cool":           {func(p *score.Probe) { p.Temperature, p.Comparable = 0, false }, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.Greater(t, s.Service, 0.8) }},
		"no prediction":  {func(p *score.Probe) { p.Predicted = false }, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.InDelta(t, 0.5, s.Honesty, 1e-9) }},
		"unable":         {func(p *score.Probe) { p.Unable = true }, func(t *testing.T, s score.ServiceStanding) { t.Helper(); require.Zero(t, s.Service) }},
	} {
		t.Run(name, func(t *testing.T) {
			var s score.Service
			before := s.Standing(1).Service
			require.Less(t, before, 0.2, "a newcomer is held back")
			for range 40 {
				s.Observe(0.05, []score.Probe{probe(tc.change), probe(tc.change)})
			}
			tc.check(t, s.Standing(1))
		})
	}
}

// What tells nothing of a text must not find anybody guilty by chance, and what does must.
func TestAComparisonCountsAsFarAsItTells(t *testing.T) {
	const miners, texts = 500, 40
	guilty := func(distance, short float64) float64 {
		rng := rand.New(rand.NewPCG(1, 2))
		n := 0.0
		for range miners {
			var s score.Service
			for range texts {
				s.Observe(0.05, []score.Probe{probe(func(p *score.Probe) {
					p.Agreement.Others = &score.Agreement{Claimed: distance, Seen: distance - short + rng.NormFloat64(), Variance: 1}
					p.Agreement.Listed = &score.Agreement{}
				})})
			}
			if s.Standing(1).Agreement < 0.7 {
				n++
			}
		}
		return n / miners
	}
	for _, distance := range []float64{0, 0.01, 0.1, 0.2, 0.4, 1} { // one standard error of what is remembered of the texts is about 0.2
		require.Less(t, guilty(distance, 0), 0.03, "honest, %v apart", distance)
	}
	require.Greater(t, guilty(1, 1), 0.98, "it writes as the reference does")
}

func TestServiceFadesWithoutProbes(t *testing.T) {
	s := score.NewServices(score.Defaults())
	for range 20 {
		s.Observe("a", []score.Probe{probe(func(*score.Probe) {})})
	}
	known := s.Standing("a").Service
	for range 200 {
		s.Observe("a", nil)
	}
	require.Less(t, s.Standing("a").Service, known/2)
	require.InDelta(t, s.Standing("unknown").Service, s.Standing("a").Service, 0.01)
	require.InDelta(t, 1, s.Use("a", 0), 1e-9)
	s.Keep([]score.Key{"b"})
	require.Zero(t, s.Standing("a").Probes)
}

func TestServicesSurviveARestart(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := score.NewServices(score.Defaults())
	for n := range 50 {
		s.Observe(score.Key(fmt.Sprint(n%5)), []score.Probe{probe(func(p *score.Probe) {
			p.OK, p.Agreement.Seen, p.Care, p.Temperature = rng.IntN(3) > 0, rng.Float64(), rng.NormFloat64(), rng.Float64()+.3
		})})
	}
	data, err := s.Encode()
	require.NoError(t, err)
	again, err := score.LoadServices(score.Defaults(), data)
	require.NoError(t, err)
	same, err := again.Encode()
	require.NoError(t, err)
	require.Equal(t, string(data), string(same))
	empty, err := score.LoadServices(score.Defaults(), nil)
	require.NoError(t, err)
	require.Zero(t, empty.Standing("0").Probes)
}

func FuzzLoadServices(f *testing.F) {
	s := score.NewServices(score.Defaults())
	s.Observe("a", []score.Probe{probe(func(*score.Probe) {})})
	data, err := s.Encode()
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"version":1,"neurons":[{"key":"YQ==","probes":1,"ok":2}]}`))
	f.Add([]byte(`{"version":1,"neurons":[{"key":"YQ==","probes":1e300}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := score.LoadServices(score.Defaults(), data)
		if err != nil {
			require.ErrorIs(t, err, score.ErrState)
			return
		}
		for _, key := range []score.Key{"a", "b", ""} {
			u := s.Use(key, 1)
			require.True(t, u >= 0 && u <= 1, "%v", u)
		}
	})
}
