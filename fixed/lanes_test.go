package fixed_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/fixed"
)

// requireEach compares ExpClampedEach with ExpClamped one by one.
func requireEach(t *testing.T, x []fixed.I32F32) {
	t.Helper()
	got, want := slices.Clone(x), slices.Clone(x)
	fixed.ExpClampedEach(got)
	for k, v := range x {
		want[k] = fixed.ExpClamped(v)
	}
	require.Equal(t, want, got, "of %v", x)
}

func TestExpClampedEach(t *testing.T) {
	special := []fixed.I32F32{
		0, 1, -1, fixed.One, -fixed.One, fixed.One - 1, fixed.One + 1, fixed.One / 2, -fixed.One / 2, 8 * fixed.One, -8 * fixed.One,
		8*fixed.One + 1, -8*fixed.One - 1, 20 * fixed.One, -20 * fixed.One, 21 * fixed.One, fixed.Max, fixed.Min,
	}
	for n := range 10 {
		requireEach(t, special[:n])
	}
	for _, a := range special {
		for _, b := range special {
			requireEach(t, []fixed.I32F32{a, b, a, b})
			requireEach(t, []fixed.I32F32{b, 3, -7 * fixed.One, a, b})
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]fixed.I32F32, 4)
	for range 100_000 {
		for k := range x {
			x[k] = fixed.I32F32(rng.Int64N(int64(16*fixed.One))-int64(8*fixed.One)) >> rng.IntN(40)
		}
		requireEach(t, x)
	}
}

func FuzzExpClampedEach(f *testing.F) {
	for _, a := range edges {
		f.Add(a, a/3, -a, int64(7))
	}
	f.Fuzz(func(t *testing.T, a, b, c, d int64) {
		requireEach(t, []fixed.I32F32{fixed.I32F32(a), fixed.I32F32(b), fixed.I32F32(c), fixed.I32F32(d), fixed.I32F32(a)})
	})
}

func BenchmarkExp(b *testing.B) {
	x, y := make([]fixed.I32F32, 1024), make([]fixed.I32F32, 1024)
	rng := rand.New(rand.NewPCG(3, 4))
	for k := range x {
		x[k] = fixed.I32F32(rng.Int64N(int64(10*fixed.One))) - 5*fixed.One
	}
	b.Run("one by one", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			y[i%len(y)] = fixed.ExpClamped(x[i%len(x)])
		}
	})
	b.Run("each", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if i%len(x) == 0 { // an operation is one of them here too
				copy(y, x)
				fixed.ExpClampedEach(y)
			}
		}
	})
}
