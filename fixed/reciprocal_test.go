package fixed_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/fixed"
)

// requireReciprocal compares divisions by d with SafeDiv, for dividends where rounding is closest.
func requireReciprocal(t *testing.T, d fixed.I32F32) {
	t.Helper()
	r, most := fixed.NewReciprocal(d), min(d, fixed.One)
	check := func(a fixed.I32F32) {
		if a >= 0 && a <= most {
			require.Equal(t, a.SafeDiv(d), r.Of(a), "%d / %d", a, d)
			if d <= fixed.One {
				require.Equal(t, a.SafeDiv(d), r.OfShare(a), "%d / %d", a, d)
			}
		}
	}
	for _, a := range []fixed.I32F32{0, 1, 2, most / 2, most - 1, most, fixed.One / 2, math.MaxUint16} {
		check(a)
	}
	// Dividends whose quotient is just below an integer q: the largest a with a 2^32 < q d.
	largest := most.SafeDiv(d)
	for _, q := range []fixed.I32F32{1, 2, 3, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, largest, largest - 1, largest / 2, largest/2 - 1, largest / 3} {
		a := q.Mul(d)
		check(a - 1)
		check(a)
		check(min(a, fixed.One) + 1)
	}
}

func TestReciprocalEdges(t *testing.T) {
	for _, d := range []fixed.I32F32{1, 2, 3, 5, 7, 65535, 65536, 65537, math.MaxInt64, math.MaxInt64 - 1, 3 << 40, 5<<33 + 1} {
		requireReciprocal(t, d)
	}
	for l := 2; l < 62; l++ {
		for _, d := range []fixed.I32F32{1<<l - 1, 1 << l, 1<<l + 1, 3 << l >> 1, 3<<l>>1 + 1} {
			requireReciprocal(t, d)
		}
	}
	require.Zero(t, fixed.NewReciprocal(0).Of(fixed.One))
	require.Zero(t, fixed.NewReciprocal(0).OfShare(0))
	require.Panics(t, func() { fixed.NewReciprocal(-fixed.One) })
}

func TestReciprocalRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300_000 {
		d := fixed.I32F32(rng.Uint64()>>(1+rng.IntN(62))) | 1
		a := fixed.I32F32(rng.Int64N(int64(min(d, fixed.One)) + 1))
		require.Equal(t, a.SafeDiv(d), fixed.NewReciprocal(d).Of(a), "%d / %d", a, d)
	}
}

func FuzzReciprocal(f *testing.F) {
	f.Add(int64(3), int64(7))
	f.Add(int64(1)<<32, int64(1)<<32)
	f.Add(int64(5)<<33+1, int64(12345))
	f.Fuzz(func(t *testing.T, d, a int64) {
		if d < 0 {
			require.Panics(t, func() { fixed.NewReciprocal(fixed.I32F32(d)) })
			return
		}
		if d == 0 {
			require.Zero(t, fixed.NewReciprocal(0).Of(fixed.I32F32(a).Clamp(0, fixed.One)))
			return
		}
		requireReciprocal(t, fixed.I32F32(d))
		if x := fixed.I32F32(a); x >= 0 && x <= min(fixed.One, fixed.I32F32(d)) {
			require.Equal(t, x.SafeDiv(fixed.I32F32(d)), fixed.NewReciprocal(fixed.I32F32(d)).Of(x))
		}
	})
}

func FuzzFactor(f *testing.F) {
	for _, a := range edges {
		f.Add(int64(1)<<32, a)
		f.Add(int64(1)<<32-1, a)
		f.Add(int64(0), a)
	}
	f.Fuzz(func(t *testing.T, share, a int64) {
		if share < 0 || share > int64(fixed.One) || a < 0 {
			t.Skip("not a share")
		}
		want := fixed.MulShare(fixed.I32F32(share), fixed.I32F32(a))
		require.Equal(t, want, fixed.NewFactor(fixed.I32F32(share)).Of(fixed.I32F32(a)))
	})
}
