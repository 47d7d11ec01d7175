package fixed_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/fixed"
)

// edges are raw bits at which operations change course.
var edges = []int64{
	0, 1, -1, 2, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, -1 << 32, 65535 << 32, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1<<31,
}

// FuzzI32F32 compares every operation with unbounded integers.
func FuzzI32F32(f *testing.F) {
	for _, a := range edges {
		for _, b := range edges {
			f.Add(a, b)
		}
	}
	f.Fuzz(func(t *testing.T, a, b int64) {
		x, y := fixed.I32F32(a), fixed.I32F32(b)
		bigA, bigB := big.NewInt(a), big.NewInt(b)
		product := new(big.Int).Rsh(new(big.Int).Mul(bigA, bigB), 32)
		require.Equal(t, saturated(new(big.Int).Add(bigA, bigB)), int64(x.Add(y)))
		require.Equal(t, saturated(new(big.Int).Sub(bigA, bigB)), int64(x.Sub(y)))
		require.Equal(t, saturated(product), int64(x.Mul(y)))
		require.Equal(t, orZero(product), int64(x.MulOrZero(y)))
		if b == 0 {
			require.Zero(t, x.SafeDiv(y))
			require.Panics(t, func() { x.Div(y) })
			return
		}
		quotient := new(big.Int).Quo(new(big.Int).Lsh(bigA, 32), bigB)
		require.Equal(t, saturated(quotient), int64(x.Div(y)))
		require.Equal(t, orZero(quotient), int64(x.SafeDiv(y)))
	})
}

// FuzzI64F64 compares the wide operations with unbounded integers.
func FuzzI64F64(f *testing.F) {
	for _, a := range edges {
		for _, b := range edges {
			f.Add(a, uint64(b), b, uint64(a))
		}
	}
	f.Add(int64(1)<<62, uint64(3), int64(1)<<62+1, uint64(math.MaxUint64)) // the guess of a quotient digit is too large
	f.Fuzz(func(t *testing.T, ah int64, al uint64, bh int64, bl uint64) {
		x, y := fixed.I64F64{Hi: ah, Lo: al}, fixed.I64F64{Hi: bh, Lo: bl}
		bigX, bigY := wideInt(x), wideInt(y)
		low, high := new(big.Int).Lsh(big.NewInt(-1), 127), new(big.Int).Lsh(big.NewInt(1), 127)
		high.Sub(high, big.NewInt(1))
		clamp := func(v *big.Int) string {
			if v.Cmp(low) < 0 {
				return low.String()
			} else if v.Cmp(high) > 0 {
				return high.String()
			}
			return v.String()
		}
		require.Equal(t, clamp(new(big.Int).Add(bigX, bigY)), wideInt(x.Add(y)).String())
		require.Equal(t, clamp(new(big.Int).Rsh(new(big.Int).Mul(bigX, bigY), 64)), wideInt(x.Mul(y)).String())
		quotient := new(big.Int)
		if bigY.Sign() != 0 {
			quotient.Quo(new(big.Int).Lsh(bigX, 64), bigY)
			if quotient.Cmp(low) < 0 || quotient.Cmp(high) > 0 {
				quotient.SetInt64(0)
			}
		}
		require.Equal(t, quotient.String(), wideInt(x.SafeDiv(y)).String())
	})
}

func TestRound(t *testing.T) {
	for _, tc := range []struct {
		name string
		x    fixed.I32F32
		want int64 // integer part
	}{
		{"down", fixed.One/2 - 1, 0},
		{"half up", fixed.One / 2, 1},
		{"half away from zero", -fixed.One / 2, -1},
		{"up to zero", -fixed.One/2 + 1, 0},
		{"integer", -3 * fixed.One, -3},
		{"seven and a half", 15 * fixed.One / 2, 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, fixed.I32F32(tc.want<<32), tc.x.Round())
		})
	}
	require.Equal(t, fixed.Max, fixed.Max.Round())
	require.Equal(t, fixed.Min, fixed.Min.Round())
}

func TestShareOfU16LosesOneOnTheWayBack(t *testing.T) {
	kept := 0
	for x := range math.MaxUint16 + 1 {
		back := fixed.ShareOfU16(uint16(x)).U16()
		if int(back) == x {
			kept++
			continue
		}
		require.Equal(t, x-1, int(back))
	}
	require.Equal(t, 2, kept, "only 0 and 65535 survive")
}

func ExampleI32F32() {
	third := fixed.One.SafeDiv(3 * fixed.One)
	fmt.Println(third.U16(), third.MulU64(1_000_000_000).U64())
	fmt.Println(fixed.One.SafeDiv(0))
	// Output:
	// 21844 333333333
	// 0
}

// saturated limits a result to the range.
func saturated(x *big.Int) int64 {
	switch {
	case x.IsInt64():
		return x.Int64()
	case x.Sign() < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// orZero replaces a result out of range by zero.
func orZero(x *big.Int) int64 {
	if x.IsInt64() {
		return x.Int64()
	}
	return 0
}

func wideInt(x fixed.I64F64) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(x.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(x.Lo))
}
