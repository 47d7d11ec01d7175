package scoring_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/scoring"
)

// TestModelsStayBound: what holds for n-grams holds for the recorded models, within the bounds, and the same again.
func TestModelsStayBound(t *testing.T) {
	m := scoring.DefaultModels()
	report, err := m.Run(t.Context(), nil)
	require.NoError(t, err)
	for _, n := range report.Numbers {
		t.Logf("%-30s %.3f", n.Name, n.Value)
		require.NotEmpty(t, n.About)
	}
	require.Empty(t, report.Broken())
	for _, f := range report.Figures {
		require.NoError(t, f.Validate())
	}
	again, err := m.Run(t.Context(), nil)
	require.NoError(t, err)
	one, err := json.Marshal(report)
	require.NoError(t, err)
	other, err := json.Marshal(again)
	require.NoError(t, err)
	require.JSONEq(t, string(one), string(other))
	seeded := scoring.DefaultModels()
	seeded.Seed = 2
	third, err := seeded.Run(t.Context(), nil)
	require.NoError(t, err)
	require.NotEqual(t, report.Numbers, third.Numbers)
}

func TestModelsRefuse(t *testing.T) {
	m := scoring.DefaultModels()
	m.Rounds = 79
	require.ErrorIs(t, m.Validate(), sim.ErrConfig)
	m = scoring.DefaultModels()
	m.Resamples = 1
	_, err := m.Run(t.Context(), nil)
	require.ErrorIs(t, err, sim.ErrConfig)
	require.ErrorContains(t, err, "resamples is 1")
}
