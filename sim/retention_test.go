package sim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
)

// TestPublishedRetention holds the game to the figures that were published with the consensus, for a majority of 0.60: the honest
// weight needed under noise, bonds penalty, split of emission and kappa. They have two digits.
func TestPublishedRetention(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*sim.Retention)
		want   float64
	}{
		{"base", func(*sim.Retention) {}, 0.73},
		{"no noise", func(r *sim.Retention) { r.WeightSigma = 0 }, 0.60},
		{"half the noise", func(r *sim.Retention) { r.WeightSigma = 0.2 }, 0.67},
		{"no bonds penalty", func(r *sim.Retention) { r.BondsPenalty = 0 }, 0.79},
		{"half the bonds penalty", func(r *sim.Retention) { r.BondsPenalty = 0.5 }, 0.77},
		{"incentive alone", func(r *sim.Retention) { r.ValidatorShare = 0 }, 0.82},
		{"a quarter dividends", func(r *sim.Retention) { r.ValidatorShare = 0.25 }, 0.78},
		{"kappa 0.4", func(r *sim.Retention) { r.Kappa = 0.4 }, 0.71},
		{"kappa 0.6", func(r *sim.Retention) { r.Kappa = 0.6 }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := sim.DefaultRetention()
			r.Stake = []float64{0.60}
			r.Steps = 26
			c.change(&r)
			m, err := r.Run(context.Background(), nil)
			require.NoError(t, err)
			require.InDelta(t, c.want, m.Contour(0).Required, 0.011)
		})
	}
}

func TestRetentionIsTheSameAgain(t *testing.T) {
	r := sim.DefaultRetention()
	r.N, r.Validators, r.Steps, r.Stake = 64, 16, 6, []float64{0.51, 0.99}
	first, err := r.Run(t.Context(), nil)
	require.NoError(t, err)
	rows := 0
	again, err := r.Run(t.Context(), func(done, of int) {
		rows++
		require.LessOrEqual(t, done, of)
	})
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, len(r.Stake)*r.Steps, rows)
	r.Seed = 2
	other, err := r.Run(t.Context(), nil)
	require.NoError(t, err)
	require.NotEqual(t, first.Emission, other.Emission)
}

func TestRetentionRefuses(t *testing.T) {
	for name, change := range map[string]func(*sim.Retention){
		"n 66 with 65 validators": func(r *sim.Retention) { r.N, r.Validators = 66, 65 },
		"kappa is 1.5":            func(r *sim.Retention) { r.Kappa = 1.5 },
		"stake 1,":                func(r *sim.Retention) { r.Stake = []float64{1} },
		"steps 1":                 func(r *sim.Retention) { r.Steps = 1 },
	} {
		r := sim.DefaultRetention()
		change(&r)
		_, err := r.Run(t.Context(), nil)
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, name)
	}
}
