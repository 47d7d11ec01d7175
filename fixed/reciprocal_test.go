package fixed_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/fixed"
)

// requireReciprocal compares divisions of dividends up to most, chosen where rounding is closest, with SafeDiv.
func requireReciprocal(t *testing.T, d, most fixed.I32F32) (exact bool) {
	t.Helper()
	r := fixed.NewReciprocal(d, most)
	if r.Inexact() {
		return false
	}
	check := func(a fixed.I32F32) {
		if a >= 0 && a <= most {
			require.Equal(t, a.SafeDiv(d), r.Of(a), "%d / %d, reciprocal for up to %d", a, d, most)
		}
	}
	for _, a := range []fixed.I32F32{0, 1, 2, most / 2, most - 1, most, d - 1, d, d + 1, fixed.One - 1, fixed.One, 65535} {
		check(a)
	}
	// Dividends whose quotient is just below an integer q: the largest a with a 2^32 < q d.
	for _, q := range []fixed.I32F32{1, 2, 3, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, most.SafeDiv(d), most.SafeDiv(d) - 1} {
		if a := q.Mul(d); a < fixed.Max {
			check(a - 1)
			check(a)
			check(a + 1)
		}
	}
	return true
}

func TestReciprocalEdges(t *testing.T) {
	divisors := []fixed.I32F32{1, 2, 3, 5, 7, 65535, 65536, 65537, math.MaxInt64, math.MaxInt64 - 1, 3 << 40, 5<<33 + 1}
	for l := 2; l < 62; l++ {
		divisors = append(divisors, 1<<l-1, 1<<l, 1<<l+1, 3<<l>>1)
	}
	mosts := []fixed.I32F32{0, 1, 2, 65535, 1<<31 - 1, 1 << 31, fixed.One - 1, fixed.One, fixed.One + 1, 1 << 40, math.MaxInt64}
	for _, d := range divisors {
		for _, most := range append(mosts, d-1, d) {
			exact := requireReciprocal(t, d, most)
			if most < fixed.One/2 && d <= 2*fixed.One && most <= d {
				require.True(t, exact, "shares below a half by a divisor up to 2 (%d up to %d)", d, most)
			}
			if most <= math.MaxUint16 && d < fixed.One {
				require.True(t, exact, "integers of 16 bits by their sum (%d up to %d)", d, most)
			}
		}
	}
	require.True(t, fixed.NewReciprocal(3*fixed.One, fixed.Max).Inexact(), "some reciprocals do not reach that far")
	require.Zero(t, fixed.Reciprocal{}.Of(fixed.One))
	require.False(t, fixed.Reciprocal{}.Inexact())
}

func TestReciprocalRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	exact := 0
	for range 200_000 {
		d := fixed.I32F32(rng.Uint64()>>(1+rng.IntN(62))) | 1
		most := min(fixed.One, fixed.I32F32(rng.Uint64()>>(1+rng.IntN(63))))
		r := fixed.NewReciprocal(d, most)
		if r.Inexact() {
			continue
		}
		exact++
		a := fixed.I32F32(rng.Int64N(int64(most) + 1))
		require.Equal(t, a.SafeDiv(d), r.Of(a), "%d / %d, reciprocal for up to %d", a, d, most)
	}
	require.Greater(t, exact, 100_000)
}

func FuzzReciprocal(f *testing.F) {
	f.Add(int64(3), int64(65535), int64(7))
	f.Add(int64(1)<<32, int64(1)<<32, int64(1)<<32)
	f.Add(int64(5)<<33+1, int64(1)<<31, int64(12345))
	f.Fuzz(func(t *testing.T, d, most, a int64) {
		if d <= 0 || most < 0 {
			require.Panics(t, func() { fixed.NewReciprocal(fixed.I32F32(d), fixed.I32F32(most)) })
			return
		}
		if !requireReciprocal(t, fixed.I32F32(d), fixed.I32F32(most)) || a < 0 || a > most {
			return
		}
		x := fixed.I32F32(a)
		require.Equal(t, x.SafeDiv(fixed.I32F32(d)), fixed.NewReciprocal(fixed.I32F32(d), fixed.I32F32(most)).Of(x))
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
