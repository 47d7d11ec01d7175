package arena

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
)

func TestStakeStaysWithinBounds(t *testing.T) {
	for _, e := range []sim.Experiment{NewHopping(), NewBribery(), NewAbsent(), NewRootCabal()} {
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			report, err := e.Run(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, report.Broken())
			require.NotEmpty(t, report.Figures)
			for i := range report.Figures {
				require.NoError(t, report.Figures[i].Validate())
			}
			for i := range report.Tables {
				require.NoError(t, report.Tables[i].CSV(&strings.Builder{}))
			}
			again, err := e.Run(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, report, again)
		})
	}
}

func TestStakeFollowsTheSeed(t *testing.T) {
	bribery, absent, root := NewBribery(), NewAbsent(), NewRootCabal()
	bribery.Stakes, absent.Parts, root.Stakes = []float64{0.3}, []float64{0.3}, []float64{0.3}
	for _, e := range []struct {
		sim.Experiment
		seed *uint64
	}{{bribery, &bribery.Seed}, {absent, &absent.Seed}, {root, &root.Seed}} {
		one, err := e.Run(t.Context(), nil)
		require.NoError(t, err)
		*e.seed = 2
		two, err := e.Run(t.Context(), nil)
		require.NoError(t, err)
		require.NotEqual(t, one.Numbers, two.Numbers, e.Name())
	}
}

// Nothing is bought, nobody is away, no cabal: the games must then agree with the plain one.
func TestStakeWithoutAttack(t *testing.T) {
	b := NewBribery()
	honest := deal{favour: 1, kappa: 0.5}
	require.NoError(t, b.play(t.Context(), &honest, 10))
	require.InDelta(t, 0.25, honest.dividend, 0.01)
	w, err := New(Config{Params: DefaultParams(), Seats: Seats(40, 1000*TAO, Honest{}), Quality: Levels(40, 1, 3), Noise: 0.1, Seed: 1})
	require.NoError(t, err)
	require.NoError(t, w.Run(t.Context(), b.Epochs))
	require.InDelta(t, w.Past.Incentives(b.Epochs/2, b.Epochs, []int{60}), honest.incentive, 1e-12)

	r := NewRootCabal()
	r.Fooled = 0
	v := rootVote{known: 1, recognised: 1}
	require.NoError(t, r.play(&v))
	for _, rule := range []string{byMean, byClip, byYuma, byThird} {
		require.Zero(t, v.cabal[rule], rule)
		require.Less(t, v.wrong[rule], 0.03, rule)
	}
}

// Who is late by a period votes as who decided a period earlier.
func TestAbsentees(t *testing.T) {
	row := make([]float64, 2)
	a := &absentee{how: behind, from: 1}
	for e, want := range [][]float64{{1, 2}, {1, 2}, {3, 4}} {
		measured := [][]float64{{1, 2}, {3, 4}, {5, 6}}[e]
		require.True(t, a.Row(&View{Epoch: e, Measured: measured}, row))
		require.Equal(t, want, row)
	}
	g := &absentee{how: gone, from: 2}
	require.True(t, g.Reveal(&View{Epoch: 1}))
	require.False(t, g.Reveal(&View{Epoch: 2}))
	require.False(t, g.Row(&View{Epoch: 3}, row))
}

func TestStakeRefuses(t *testing.T) {
	hopping, bribery, absent, root := NewHopping(), NewBribery(), NewAbsent(), NewRootCabal()
	hopping.Around = []int{1}
	bribery.Favours = []float64{0.5}
	absent.Epochs = 10
	root.Knows = nil
	for text, e := range map[string]sim.Experiment{"around is 1": hopping, "favours is 0.5": bribery, "epochs is 10": absent, "knows is empty": root} {
		_, err := e.Run(t.Context(), nil)
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, text)
	}
}
