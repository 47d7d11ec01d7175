package economy_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/economy"
)

func ExampleHoffmann() {
	law := economy.Hoffmann(1e12)
	fmt.Printf("%.2f nats per token at 135 million parameters\n", law.Loss(135e6))
	fmt.Printf("%.0f million parameters for 2.2 nats\n", law.Parameters(2.2)/1e6)
	// Output:
	// 2.57 nats per token at 135 million parameters
	// 1221 million parameters for 2.2 nats
}

func TestLawReads(t *testing.T) {
	law := economy.Hoffmann(1e12)
	for _, n := range []float64{1e6, 1e9, 1e12} {
		require.InEpsilon(t, n, law.Parameters(law.Loss(n)), 1e-9)
	}
	require.True(t, math.IsInf(law.Parameters(1), 1))
}

// TestPromises holds the experiments to the bounds that their reports name.
func TestPromises(t *testing.T) {
	for _, e := range []sim.Experiment{economy.DefaultRules(), economy.DefaultSupply()} {
		t.Run(e.Name(), func(t *testing.T) {
			last := 0
			report, err := e.Run(t.Context(), func(done, of int) {
				require.GreaterOrEqual(t, done, last)
				require.LessOrEqual(t, done, of)
				last = done
			})
			require.NoError(t, err)
			for _, n := range report.Numbers {
				t.Logf("%-32s %10.4f %s", n.Name, n.Value, n.Unit)
			}
			for _, table := range report.Tables {
				for _, row := range table.Rows {
					require.Len(t, row, len(table.Columns))
					t.Log(row...)
				}
			}
			require.Empty(t, report.Broken())
			require.NotEmpty(t, report.Figures)
			for _, f := range report.Figures {
				require.NoError(t, f.Validate())
			}
		})
	}
}

func quick() []sim.Experiment {
	r, s := economy.DefaultRules(), economy.DefaultSupply()
	r.Owners, r.Slots, r.Epochs, r.Pays = 8, 8, 12, []float64{5}
	s.Owners, s.Slots, s.Epochs, s.Runs = 8, 8, 6, 1
	return []sim.Experiment{r, s}
}

func TestTheSameAgain(t *testing.T) {
	for i, e := range quick() {
		first, err := e.Run(t.Context(), nil)
		require.NoError(t, err)
		again, err := quick()[i].Run(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, first.Tables, again.Tables)
		require.Equal(t, first.Numbers, again.Numbers)
		require.Equal(t, first.Figures, again.Figures)
		switch e := e.(type) {
		case *economy.Rules:
			e.Seed = 9
		case *economy.Supply:
			e.Seed = 9
		}
		other, err := e.Run(t.Context(), nil)
		require.NoError(t, err)
		require.NotEqual(t, first.Tables, other.Tables)
	}
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, e := range quick() {
		_, err := e.Run(ctx, nil)
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestRefuses(t *testing.T) {
	for want, change := range map[string]func(*economy.Rules, *economy.Supply){
		"owners is 1":        func(r *economy.Rules, _ *economy.Supply) { r.Owners = 1 },
		"pays is -1":         func(r *economy.Rules, _ *economy.Supply) { r.Pays = []float64{-1} },
		`rules has "fair"`:   func(r *economy.Rules, _ *economy.Supply) { r.Rules = []string{"fair"} },
		"0 rules":            func(r *economy.Rules, _ *economy.Supply) { r.Rules = nil },
		"power is NaN":       func(_ *economy.Rules, s *economy.Supply) { s.Power = math.NaN() },
		"slots is 257":       func(_ *economy.Rules, s *economy.Supply) { s.Slots = 257 },
		"epochs is 1, want ": func(_ *economy.Rules, s *economy.Supply) { s.Epochs = 1 },
	} {
		t.Run(want, func(t *testing.T) {
			r, s := economy.DefaultRules(), economy.DefaultSupply()
			change(r, s)
			err := r.Validate()
			if err == nil {
				err = s.Validate()
			}
			require.ErrorIs(t, err, sim.ErrConfig)
			require.ErrorContains(t, err, want)
		})
	}
}
