package retention_test

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/retention"
)

// TestPublishedRetention holds the game to the figures that were published with the consensus, for a majority of 0.60: the honest
// weight needed under noise, bonds penalty, split of emission and kappa. They have two digits.
func TestPublishedRetention(t *testing.T) {
	r, err := retention.DefaultPublished().Run(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, r.Broken())
	require.NoError(t, r.Figures[0].Validate())
	for name, want := range map[string]float64{
		"base": 0.73, "sigma-0": 0.60, "sigma-02": 0.67, "beta-0": 0.79, "beta-05": 0.77, "xi-0": 0.82, "xi-025": 0.78, "kappa-04": 0.71, "kappa-06": 1,
	} {
		n, ok := r.Number(name)
		require.True(t, ok, name)
		require.InDelta(t, want, n.Value, 0.011, name)
		require.Equal(t, want, *n.Published, name)
	}
	require.Len(t, r.Tables[0].Rows, 9)
}

// TestReport looks at all that a report of the map says, on a small one.
func TestReport(t *testing.T) {
	g := retention.Default()
	g.Steps, g.Stake = 11, []float64{0.51, 0.60}
	r, err := g.Run(t.Context(), nil)
	require.NoError(t, err)
	for i := range r.Figures {
		require.NoError(t, r.Figures[i].Validate())
	}
	n, ok := r.Number("required-60")
	require.True(t, ok)
	require.Equal(t, 0.73, *n.Published)
	n, ok = r.Number("required-51")
	require.True(t, ok)
	require.Nil(t, n.Published, "nothing was published of it")
	require.NoError(t, r.Tables[0].CSV(io.Discard))
	require.Len(t, r.Tables[0].Rows, 11)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	var got struct {
		Contours map[string]struct {
			Required float64      `json:"required_honest_weight"`
			Contour  [][2]float64 `json:"contour"`
		} `json:"contours"`
	}
	require.NoError(t, json.Unmarshal(data, &got))
	require.Len(t, got.Contours, 2)
	most := 0.0
	for _, p := range got.Contours["0.60"].Contour {
		most = max(most, p[0])
	}
	require.Len(t, got.Contours["0.60"].Contour, 11)
	require.Equal(t, most, got.Contours["0.60"].Required)
	require.InDelta(t, 0.73, most, 0.02)
}

// TestNoWeightIsEnough: a majority below kappa keeps its share nowhere, and the report says so without gaps.
func TestNoWeightIsEnough(t *testing.T) {
	g := retention.Default()
	g.N, g.Validators, g.Steps, g.Stake, g.Kappa = 64, 16, 5, []float64{0.60}, 0.95
	r, err := g.Run(t.Context(), nil)
	require.NoError(t, err)
	n, _ := r.Number("required-60")
	require.Equal(t, 1.0, n.Value)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(data), `"contours":{"0.60":{"required_honest_weight":1,"contour":[`)
	for i := range r.Figures {
		require.NoError(t, r.Figures[i].Validate())
	}
}

func TestRetentionIsTheSameAgain(t *testing.T) {
	r := retention.Default()
	r.N, r.Validators, r.Steps, r.Stake = 64, 16, 6, []float64{0.51, 0.99}
	first, err := r.Map(t.Context(), nil)
	require.NoError(t, err)
	rows := 0
	again, err := r.Map(t.Context(), func(done, of int) {
		rows++
		require.LessOrEqual(t, done, of)
	})
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, len(r.Stake)*r.Steps, rows)
	r.Seed = 2
	other, err := r.Map(t.Context(), nil)
	require.NoError(t, err)
	require.NotEqual(t, first.Emission, other.Emission)
}

func TestRetentionRefuses(t *testing.T) {
	for name, change := range map[string]func(*retention.Game){
		"n 66 with 65 validators": func(r *retention.Game) { r.N, r.Validators = 66, 65 },
		"kappa is 1.5":            func(r *retention.Game) { r.Kappa = 1.5 },
		"stake 1,":                func(r *retention.Game) { r.Stake = []float64{1} },
		"stake names none":        func(r *retention.Game) { r.Stake = nil },
		"both 0.60":               func(r *retention.Game) { r.Stake = []float64{0.6, 0.601} },
		"steps 1":                 func(r *retention.Game) { r.Steps = 1 },
	} {
		r := retention.Default()
		change(r)
		_, err := r.Map(t.Context(), nil)
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, name)
	}
}
