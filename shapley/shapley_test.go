package shapley_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/shapley"
)

func ExampleValues() {
	// Three singers: one alone fills no hall, any two fill half of it, all three fill it.
	worth := func(c shapley.Coalition) float64 { return []float64{0, 0, 0.5, 1}[c.Len()] }
	values, err := shapley.Values(3, worth)
	fmt.Printf("%.3f %v\n", values, err)
	// Output: [0.333 0.333 0.333] <nil>
}

func TestKnownGames(t *testing.T) {
	cases := []struct {
		name  string
		n     int
		worth func(shapley.Coalition) float64
		want  []float64
	}{
		{"no players", 0, func(shapley.Coalition) float64 { return 0 }, []float64{}},
		{"one player", 1, func(c shapley.Coalition) float64 { return 7 * float64(c.Len()) }, []float64{7}},
		{"gloves: one left, two right", 3, func(c shapley.Coalition) float64 {
			if c.Has(0) && (c.Has(1) || c.Has(2)) {
				return 1
			}
			return 0
		}, []float64{2.0 / 3, 1.0 / 6, 1.0 / 6}},
		{"worth of nobody is not shared", 2, func(shapley.Coalition) float64 { return 5 }, []float64{0, 0}},
		{"voting 4 3 2 1, quota 6", 4, func(c shapley.Coalition) float64 {
			sum := 0
			for i, w := range []int{4, 3, 2, 1} {
				if c.Has(i) {
					sum += w
				}
			}
			if sum >= 6 {
				return 1
			}
			return 0
		}, []float64{5.0 / 12, 3.0 / 12, 3.0 / 12, 1.0 / 12}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, err := shapley.Values(tc.n, tc.worth)
			require.NoError(t, err)
			require.Len(t, got, len(tc.want))
			for i := range tc.want {
				require.InDelta(t, tc.want[i], got[i], 1e-12)
			}
		})
	}
}

// TestAgainstOrders compares with the definition: the average over all orders of arrival.
func TestAgainstOrders(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 6; n++ {
		table := make([]float64, 1<<n)
		for i := range table {
			table[i] = r.NormFloat64()
		}
		got, err := shapley.Values(n, func(c shapley.Coalition) float64 { return table[c] })
		require.NoError(t, err)
		want := make([]float64, n)
		orders := 0
		permute(n, func(order []int) {
			orders++
			have := 0
			for _, p := range order {
				want[p] += table[have|1<<p] - table[have]
				have |= 1 << p
			}
		})
		sum := 0.0
		for i := range want {
			require.InDelta(t, want[i]/float64(orders), got[i], 1e-12)
			sum += got[i]
		}
		require.InDelta(t, table[len(table)-1]-table[0], sum, 1e-12)
	}
}

func TestLargestGame(t *testing.T) {
	got, err := shapley.Values(shapley.MaxPlayers, func(c shapley.Coalition) float64 { return float64(c.Len() * c.Len()) })
	require.NoError(t, err)
	for _, v := range got {
		require.InDelta(t, shapley.MaxPlayers, v, 1e-9)
	}
}

func TestErrors(t *testing.T) {
	zero := func(shapley.Coalition) float64 { return 0 }
	_, err := shapley.Values(shapley.MaxPlayers+1, zero)
	require.ErrorIs(t, err, shapley.ErrPlayers)
	_, err = shapley.Values(-1, zero)
	require.ErrorIs(t, err, shapley.ErrPlayers)
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err = shapley.Values(2, func(c shapley.Coalition) float64 {
			if c.Len() == 2 {
				return bad
			}
			return 0
		})
		require.ErrorIs(t, err, shapley.ErrWorth)
	}
}

func FuzzValues(f *testing.F) {
	f.Add(uint8(4), int64(7))
	f.Fuzz(func(t *testing.T, n uint8, seed int64) {
		players := int(n % 11)
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		table := make([]float64, 1<<players)
		for i := range table {
			table[i] = r.NormFloat64()
		}
		got, err := shapley.Values(players, func(c shapley.Coalition) float64 { return table[c] })
		require.NoError(t, err)
		sum := 0.0
		for _, v := range got {
			sum += v
		}
		require.InDelta(t, table[len(table)-1]-table[0], sum, 1e-9)
	})
}

func BenchmarkValues(b *testing.B) {
	for _, n := range []int{10, shapley.MaxPlayers} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = shapley.Values(n, func(c shapley.Coalition) float64 { return float64(c.Len()) })
			}
		})
	}
}

func permute(n int, visit func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var walk func(k int)
	walk = func(k int) {
		if k == n {
			visit(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			walk(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	walk(0)
}
