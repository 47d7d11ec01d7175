package retention_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/retention"
)

// TestPublishedRetention holds the game to the figures that were published with the consensus, for a majority of 0.60: the honest
// weight needed under noise, bonds penalty, split of emission and kappa. They have two digits.
func TestPublishedRetention(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*retention.Game)
		want   float64
	}{
		{"base", func(*retention.Game) {}, 0.73},
		{"no noise", func(r *retention.Game) { r.WeightSigma = 0 }, 0.60},
		{"half the noise", func(r *retention.Game) { r.WeightSigma = 0.2 }, 0.67},
		{"no bonds penalty", func(r *retention.Game) { r.BondsPenalty = 0 }, 0.79},
		{"half the bonds penalty", func(r *retention.Game) { r.BondsPenalty = 0.5 }, 0.77},
		{"incentive alone", func(r *retention.Game) { r.ValidatorShare = 0 }, 0.82},
		{"a quarter dividends", func(r *retention.Game) { r.ValidatorShare = 0.25 }, 0.78},
		{"kappa 0.4", func(r *retention.Game) { r.Kappa = 0.4 }, 0.71},
		{"kappa 0.6", func(r *retention.Game) { r.Kappa = 0.6 }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := retention.Default()
			r.Stake = []float64{0.60}
			r.Steps = 26
			c.change(r)
			m, err := r.Map(context.Background(), nil)
			require.NoError(t, err)
			require.InDelta(t, c.want, m.Contour(0).Required, 0.011)
		})
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
		"steps 1":                 func(r *retention.Game) { r.Steps = 1 },
	} {
		r := retention.Default()
		change(r)
		_, err := r.Map(t.Context(), nil)
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, name)
	}
}
