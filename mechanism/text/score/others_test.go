package score_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

func viewOf(t *testing.T, s *score.Scorer, candidates []score.Candidate, floor float64) *score.View {
	t.Helper()
	v, ok, err := s.View([]byte("context"), score.NewAnswer(s.Settings(), candidates, floor))
	require.NoError(t, err)
	require.True(t, ok)
	return v
}

// Whatever others predict: of texts that are drawn from a neuron's own answer, the mean of what is seen is what is claimed.
func TestOthersCannotHurtTheHonest(t *testing.T) {
	rule := score.Defaults()
	s, err := score.NewScorer(rule, skewed{})
	require.NoError(t, err)
	own := []score.Candidate{{Text: []byte(" "), P: .2}, {Text: []byte(" a"), P: .1}, {Text: []byte(" abcd"), P: .3}, {Text: []byte(" abce"), P: .1}, {Text: []byte(" b"), P: .2}, {Text: []byte("x"), P: .1}}
	a := score.NewAnswer(&rule, own, 0)
	same := viewOf(t, s, own, 0)
	liar := viewOf(t, s, []score.Candidate{{Text: []byte(" ab"), P: .01}, {Text: []byte(" abc"), P: .01}, {Text: []byte(" b"), P: .97}}, .01)
	finer := viewOf(t, s, []score.Candidate{{Text: []byte(" aa"), P: .1}, {Text: []byte(" abcdefg"), P: .6}, {Text: []byte(" bb"), P: .1}}, .2)
	for name, others := range map[string][]*score.View{
		"one liar": {liar}, "the same and finer": {same, finer}, "all": {same, liar, finer}, "liars": {liar, liar, liar, same},
	} {
		t.Run(name, func(t *testing.T) {
			value, listed, total := 0.0, 0.0, 0.0
			for _, c := range own[:5] {
				got, ok, err := s.Agree([]byte("context"), a, append(append([]byte(nil), c.Text...), ".zzzzzzzzzzzzzzzz"...), others...)
				require.NoError(t, err)
				require.True(t, ok)
				value += c.P * (got.Others.Seen - got.Others.Claimed)
				listed += c.P * (got.Listed.Seen - got.Listed.Claimed)
				total += c.P
				require.GreaterOrEqual(t, got.Others.Variance, 0.0)
				require.Zero(t, got.Listed.Reference)
			}
			require.InDelta(t, 0, value/total, 1e-9)
			require.InDelta(t, 0, listed/total, 1e-9)
		})
	}
}

// A text that a neuron puts into its own list after it has written it fits by its own claim, and by nobody else's.
func TestAPlantedTextFitsNobodyElse(t *testing.T) {
	rule := score.Defaults()
	s, err := score.NewScorer(rule, skewed{})
	require.NoError(t, err)
	believed := []score.Candidate{{Text: []byte(" abcd"), P: .5}, {Text: []byte(" bcde"), P: .3}}
	planted := append(append([]score.Candidate(nil), believed...), score.Candidate{Text: []byte(" zzzzzzzzzzzzzzz"), P: 1e-6})
	other := viewOf(t, s, believed, .2)
	got, ok, err := s.Agree(nil, score.NewAnswer(&rule, planted, .2), []byte(" zzzzzzzzzzzzzzz, and so on"), other)
	require.NoError(t, err)
	require.True(t, ok)
	require.Greater(t, got.Seen, got.Claimed, "by its own claim it knew")
	require.Less(t, got.Others.Seen, got.Others.Claimed)
	require.Zero(t, got.Listed.Seen)
	require.InDelta(t, 1, got.Listed.Claimed, 1e-5)

	services := score.NewServices(rule)
	for range 20 {
		services.Observe("planter", []score.Probe{{OK: true, Speed: 1, Temperature: 1, Predicted: true, Level: 1, Comparable: true, Agreement: got}})
	}
	require.Less(t, services.Standing("planter").Agreement, 0.05)
	state, err := services.Encode()
	require.NoError(t, err)
	again, err := score.LoadServices(rule, state)
	require.NoError(t, err)
	require.Equal(t, services.Standing("planter"), again.Standing("planter"))
}

func TestAViewOfNothing(t *testing.T) {
	rule := score.Defaults()
	s, err := score.NewScorer(rule, skewed{})
	require.NoError(t, err)
	for name, a := range map[string]*score.Answer{
		"no answer": nil, "no opinion": score.NewAnswer(&rule, nil, 1), "invalid": score.NewAnswer(&rule, nil, .5),
		"of texts without a blank": score.NewAnswer(&rule, []score.Candidate{{Text: []byte("a"), P: .5}}, .5),
	} {
		t.Run(name, func(t *testing.T) {
			v, ok, err := s.View(nil, a)
			require.NoError(t, err)
			require.False(t, ok)
			require.Nil(t, v)
		})
	}
	broken, err := score.NewScorer(rule, flat(2))
	require.NoError(t, err)
	_, _, err = broken.View(nil, score.NewAnswer(&rule, []score.Candidate{{Text: []byte(" a"), P: .5}}, .5))
	require.ErrorIs(t, err, score.ErrReference)
}
