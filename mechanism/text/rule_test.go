package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
)

// TestRules: the same answers, paid by each of the rules. Of uids 1 and 3 one repeats the other, uid 4 never answers.
func TestRules(t *testing.T) {
	const weak, best, middle, twin, silent = 0, 1, 2, 3, 4
	net := network{weak: honest(t, 2), best: honest(t, 6), middle: honest(t, 4), twin: honest(t, 6), silent: bad()["refuses"]}
	m, neurons := net.metagraph(t)
	judge := newJudge(t, nil)
	for range 60 {
		require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	}
	state, err := judge.Encode()
	require.NoError(t, err)
	pay := func(rule string) []float64 {
		j := newJudgeBy(t, rule, state)
		row, err := j.Weights(m)
		require.NoError(t, err)
		out, total := make([]float64, len(neurons)), 0.0
		for _, w := range row.Weights {
			total += float64(w)
		}
		for i, uid := range row.UIDs {
			out[uid] = float64(row.Weights[i]) / total
		}
		shown := j.Standings(m)
		for _, n := range shown.Neurons {
			require.InDelta(t, out[n.UID], n.Weight, 1e-4, "what is shown is what is set")
		}
		require.Zero(t, out[silent], rule)
		return out
	}

	require.Equal(t, []float64{0.25, 0.25, 0.25, 0.25, 0}, pay(text.RuleEqual))
	require.Equal(t, []float64{0, 1, 0, 0, 0}, pay(text.RuleWinner), "of two that are alike the first")
	old := pay(text.Rule2022)
	require.Greater(t, old[best], old[middle])
	require.Greater(t, old[middle], old[weak])
	require.InEpsilon(t, old[best], old[twin], 0.05, "a second uid for the same model doubled the pay")
	ours := pay(text.RuleGain)
	require.Greater(t, ours[middle], ours[weak])
	require.Less(t, (ours[best]+ours[twin])/ours[middle], (old[best]+old[twin])/old[middle], "and does not now")
}

// TestRulesWithoutGain: who gains nothing is paid nothing, but by the rule of 2022, to which any answer was worth something, and by equal pay.
func TestRulesWithoutGain(t *testing.T) {
	net := network{0: bad()["wrong and sure"], 1: bad()["refuses"]}
	m, neurons := net.metagraph(t)
	judge := newJudge(t, nil)
	_, err := judge.Weights(m)
	require.ErrorIs(t, err, mechanism.ErrNoWeights, "nobody was asked")
	for range 60 {
		require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	}
	state, err := judge.Encode()
	require.NoError(t, err)
	for _, rule := range []string{text.RuleGain, text.RuleWinner} {
		_, err := newJudgeBy(t, rule, state).Weights(m)
		require.ErrorIs(t, err, mechanism.ErrNoWeights, rule)
	}
	row, err := newJudgeBy(t, text.RuleEqual, state).Weights(m)
	require.NoError(t, err)
	require.Equal(t, []gotensor.UID{0}, row.UIDs, "equal pay does not look at what is said")
}
