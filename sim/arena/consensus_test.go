package arena_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/arena"
)

// TestAttacksStayWithinBounds plays the experiments of consensus as they are: the promise that their numbers make.
func TestAttacksStayWithinBounds(t *testing.T) {
	for _, x := range []sim.Experiment{arena.NewCabal(), arena.NewCopying(), arena.NewWithheld(), arena.NewUnder()} {
		t.Run(x.Name(), func(t *testing.T) {
			t.Parallel()
			report, err := x.Run(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, report.Broken())
			require.NotEmpty(t, report.Numbers)
			require.NotEmpty(t, report.Figures)
			for i := range report.Figures {
				require.NoError(t, report.Figures[i].Validate())
			}
		})
	}
}

// quick are small variants, for what does not depend on size.
func quick(seed uint64) []sim.Experiment {
	cabal, copying, withheld, under := arena.NewCabal(), arena.NewCopying(), arena.NewWithheld(), arena.NewUnder()
	cabal.Seed, copying.Seed, withheld.Seed, under.Seed = seed, seed, seed, seed
	cabal.Epochs, cabal.Stakes, cabal.Own = 6, []float64{0.3}, []float64{0.5}
	copying.Epochs, copying.Repeats, copying.Drifts, copying.Stakes = 80, 1, []float64{0.1}, []float64{0.1}
	withheld.Epochs, withheld.Repeats, withheld.Drifts, withheld.Horizons = 40, 1, []float64{0.1}, []int{1}
	under.Miners, under.Stakes, under.Searches = 8, []float64{0.1}, 4
	return []sim.Experiment{cabal, copying, withheld, under}
}

func TestReportsDependOnTheSeedAlone(t *testing.T) {
	first, again, other := quick(1), quick(1), quick(2)
	for i := range first {
		t.Run(first[i].Name(), func(t *testing.T) {
			t.Parallel()
			var texts [3]string
			for k, x := range []sim.Experiment{first[i], again[i], other[i]} {
				last := 0
				report, err := x.Run(t.Context(), func(done, of int) {
					require.GreaterOrEqual(t, done, last)
					require.LessOrEqual(t, done, of)
					last = done
				})
				require.NoError(t, err)
				report.Params = nil
				data, err := json.Marshal(report)
				require.NoError(t, err)
				texts[k] = string(data)
			}
			require.JSONEq(t, texts[0], texts[1])
			require.NotEqual(t, texts[0], texts[2])
		})
	}
}

func TestExperimentsRefuse(t *testing.T) {
	for text, x := range map[string]sim.Experiment{
		"validators is 3":        &arena.Cabal{Validators: 3},
		"own is 1.5":             func() sim.Experiment { x := arena.NewCabal(); x.Own = []float64{1.5}; return x }(),
		"drifts is empty":        func() sim.Experiment { x := arena.NewCopying(); x.Drifts = nil; return x }(),
		"stakes is 0.7":          func() sim.Experiment { x := arena.NewCopying(); x.Stakes = []float64{0.7}; return x }(),
		"horizons is 0":          func() sim.Experiment { x := arena.NewWithheld(); x.Horizons = []int{0}; return x }(),
		"horizons is empty":      func() sim.Experiment { x := arena.NewWithheld(); x.Horizons = nil; return x }(),
		"searches is 0":          func() sim.Experiment { x := arena.NewUnder(); x.Searches = 0; return x }(),
		"noise is -1, want 0 to": func() sim.Experiment { x := arena.NewUnder(); x.Noise = -1; return x }(),
	} {
		t.Run(text, func(t *testing.T) {
			_, err := x.Run(t.Context(), nil)
			require.ErrorIs(t, err, sim.ErrConfig)
			require.ErrorContains(t, err, text)
		})
	}
}
