package scoring_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/scoring"
)

func TestTwoFacedKeepsItsPromises(t *testing.T) {
	report, err := scoring.DefaultTwoFaced().Run(t.Context(), nil)
	require.NoError(t, err)
	for _, row := range report.Tables[0].Rows {
		t.Log(row...)
	}
	for _, n := range report.Numbers {
		t.Log(n.Name, n.Value)
	}
	require.Empty(t, report.Broken())
	for i := range report.Figures {
		require.NoError(t, report.Figures[i].Validate())
	}
}

func TestTwoFacedIsTheSameAgain(t *testing.T) {
	run := func(seed uint64) string {
		g := scoring.DefaultTwoFaced()
		g.Seed, g.Rounds, g.Copies = seed, 12, 1
		require.NoError(t, g.Validate())
		report, err := g.Run(t.Context(), nil)
		require.NoError(t, err)
		data, err := json.Marshal(report)
		require.NoError(t, err)
		return string(data)
	}
	require.Equal(t, run(1), run(1))
	require.NotEqual(t, run(1), run(2))
}

func TestTwoFacedRefuses(t *testing.T) {
	for name, change := range map[string]func(*scoring.TwoFaced){
		"few rounds": func(g *scoring.TwoFaced) { g.Rounds = 5 }, "share": func(g *scoring.TwoFaced) { g.ServiceShare = 1.5 },
		"odd": func(g *scoring.TwoFaced) { g.Items = 5 }, "too few": func(g *scoring.TwoFaced) { g.Items = 2 },
		"more texts than items for them": func(g *scoring.TwoFaced) { g.Items, g.Probes = 8, 3 },
		"order":                          func(g *scoring.TwoFaced) { g.Good = 9 }, "copies": func(g *scoring.TwoFaced) { g.Copies = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			g := scoring.DefaultTwoFaced()
			change(g)
			require.ErrorIs(t, g.Validate(), sim.ErrConfig)
		})
	}
}
