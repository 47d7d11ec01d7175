package scoring_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/scoring"
)

func attacks() []sim.Experiment {
	return []sim.Experiment{
		scoring.DefaultBoasting(), scoring.DefaultMemoriser(), scoring.DefaultAbstain(), scoring.DefaultCopies(), scoring.DefaultRelay(), scoring.DefaultOrder(),
	}
}

// TestAttacksStayBound: every attack pays no more than its bound, and every victim keeps what is promised.
func TestAttacksStayBound(t *testing.T) {
	for _, a := range attacks() {
		t.Run(a.Name(), func(t *testing.T) {
			report, err := a.Run(t.Context(), nil)
			require.NoError(t, err)
			for _, n := range report.Numbers {
				t.Logf("%-26s %.3f", n.Name, n.Value)
				require.NotEmpty(t, n.About)
			}
			require.Empty(t, report.Broken())
			for _, f := range report.Figures {
				require.NoError(t, f.Validate())
			}
		})
	}
}

func TestAttackIsTheSameAgain(t *testing.T) {
	play := func(seed uint64) string {
		a := scoring.DefaultMemoriser()
		a.Seed = seed
		report, err := a.Run(t.Context(), nil)
		require.NoError(t, err)
		data, err := json.Marshal(report.Numbers)
		require.NoError(t, err)
		return string(data)
	}
	require.Equal(t, play(1), play(1))
	require.NotEqual(t, play(1), play(2))
}

func TestAttackRefuses(t *testing.T) {
	a := scoring.DefaultRelay()
	a.Rounds = 79
	_, err := a.Run(t.Context(), nil)
	require.ErrorIs(t, err, sim.ErrConfig)
	require.ErrorContains(t, err, "rounds is 79")
}
