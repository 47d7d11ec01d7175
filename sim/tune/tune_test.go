package tune_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/tune"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

func ExamplePoint_Settings() {
	p := tune.Defaults()
	p.Tempo = 36
	for _, s := range p.Settings()[:3] {
		fmt.Println(s.Name, s.Value, s.Unit)
	}
	// Output:
	// tempo 2160000 ms
	// kappa 32767 u16
	// bonds_moving_average 900000 ppm
}

// TestPromises holds the default search to the bounds that its report names.
func TestPromises(t *testing.T) {
	r := tune.Default()
	last := 0
	report, err := r.Run(t.Context(), func(done, of int) {
		require.GreaterOrEqual(t, done, last)
		require.Equal(t, 1+r.Samples+r.Steps*r.Width, of)
		last = done
	})
	require.NoError(t, err)
	require.Equal(t, 1+r.Samples+r.Steps*r.Width, last)
	for _, n := range report.Numbers {
		t.Logf("%-26s %8.4f (before %v)", n.Name, n.Value, n.Before)
	}
	for _, row := range report.Tables[0].Rows {
		require.Len(t, row, len(report.Tables[0].Columns))
		t.Log(row...)
	}
	require.Empty(t, report.Broken())
	nobodyBeats(t, report.Tables[0].Rows)
	require.Len(t, report.Figures, 3)
	for _, f := range report.Figures {
		require.NoError(t, f.Validate())
	}
	accepted(t, report)
}

// nobodyBeats compares the points of the front in the three worths that the default search wants.
func nobodyBeats(t *testing.T, rows [][]any) {
	t.Helper()
	for i, a := range rows {
		for j, b := range rows {
			if i == j || a[1] != true {
				continue
			}
			worse, less := true, false
			for k := 12; k < 15; k++ {
				worse = worse && b[k].(float64) <= a[k].(float64)
				less = less || b[k].(float64) < a[k].(float64)
			}
			require.False(t, worse && less, "row %d is beaten by %d", i, j)
		}
	}
}

// accepted gives the recommended point to the chain's own schema.
func accepted(t *testing.T, report *sim.Report) {
	t.Helper()
	settings, ok := report.More["recommended"].([]tune.Setting)
	require.True(t, ok)
	h := subnettypes.DefaultHyperparameters(2000)
	for _, s := range settings {
		p, ok := subnettypes.ParameterNamed(s.Name)
		require.True(t, ok, s.Name)
		require.Equal(t, p.Unit, s.Unit, s.Name)
		require.NoError(t, h.Set(s.Name, s.Value))
	}
	require.NoError(t, h.Validate())
}

func TestDefaultsAreTheChains(t *testing.T) {
	h := subnettypes.DefaultHyperparameters(2000)
	for _, s := range tune.Defaults().Settings() {
		want, err := h.Get(s.Name)
		require.NoError(t, err)
		require.Equal(t, want, s.Value, s.Name)
	}
}

func quick() *tune.Search {
	r := tune.Default()
	r.Samples, r.Steps, r.Width, r.Validators, r.Miners, r.Hours, r.Grid, r.Repeats = 6, 1, 3, 4, 6, 4, 4, 1
	return r
}

func TestTheSameAgain(t *testing.T) {
	first, err := quick().Run(t.Context(), nil)
	require.NoError(t, err)
	again, err := quick().Run(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, first, again)
	r := quick()
	r.Seed = 2
	other, err := r.Run(t.Context(), nil)
	require.NoError(t, err)
	require.NotEqual(t, first.Tables, other.Tables)
}

func TestLimitsRuleOut(t *testing.T) {
	r := quick()
	free, err := r.Run(t.Context(), nil)
	require.NoError(t, err)
	before, _ := free.Number("recognition-recommended")
	r.WeightRetention, r.WeightCopier, r.WeightRecognition, r.WeightError = 0, 0, 0, 1
	r.MaxRecognition = before.Value
	limited, err := r.Run(t.Context(), nil)
	require.NoError(t, err)
	got, _ := limited.Number("recognition-recommended")
	broken, _ := limited.Number("limits-broken")
	if broken.Value == 0 {
		require.LessOrEqual(t, got.Value, before.Value)
	}
	accepted(t, limited)
	r.MaxRecognition = 0.01 // nobody can
	impossible, err := r.Run(t.Context(), nil)
	require.NoError(t, err)
	broken, _ = impossible.Number("limits-broken")
	require.Positive(t, broken.Value)
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := quick().Run(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRefuses(t *testing.T) {
	for want, change := range map[string]func(*tune.Search){
		"samples is 1":       func(r *tune.Search) { r.Samples = 1 },
		"all weights are 0":  func(r *tune.Search) { r.WeightRetention, r.WeightCopier, r.WeightRecognition = 0, 0, 0 },
		"weight-copier":      func(r *tune.Search) { r.WeightCopier = math.NaN() },
		"max-luck is -1":     func(r *tune.Search) { r.MaxLuck = -1 },
		"longest-tempo is 5": func(r *tune.Search) { r.LongestTempo = 5 },
		"grid is 1":          func(r *tune.Search) { r.Grid = 1 },
	} {
		r := tune.Default()
		change(r)
		_, err := r.Run(t.Context(), nil)
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, want)
	}
}
