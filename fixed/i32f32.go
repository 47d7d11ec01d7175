package fixed

import (
	"math"
	"math/bits"
)

// I32F32 is a signed number with 32 integer and 32 fraction bits: the value is the raw bits times 2^-32, in [-2^31, 2^31).
type I32F32 int64

const (
	// One is the number 1.
	One I32F32 = 1 << 32
	// Max is the largest I32F32, 2^31 - 2^-32.
	Max I32F32 = math.MaxInt64
	// Min is the smallest I32F32, -2^31.
	Min I32F32 = math.MinInt64
)

// FromU16 returns the integer x, 0..65535, as a number.
func FromU16(x uint16) I32F32 { return I32F32(x) << 32 }

// FromI16 returns the integer x, -32768..32767, as a number.
func FromI16(x int16) I32F32 { return I32F32(x) << 32 }

// ShareOfU16 returns x/65535 rounded down, in [0, 1]: how weights, bonds and parameters that mean a share are stored.
func ShareOfU16(x uint16) I32F32 { return I32F32(uint64(x) << 32 / math.MaxUint16) }

// U16 returns a share as floor(65535 a), at least 0 and at most 65535. It is no inverse of ShareOfU16: 65534 of the 65536 shares come
// back one smaller, since both round down.
func (a I32F32) U16() uint16 { return a.Mul(FromU16(math.MaxUint16)).FloorU16() }

// FloorU16 returns the integer part of a, at least 0 and at most 65535.
func (a I32F32) FloorU16() uint16 {
	n := a >> 32
	switch {
	case n < 0:
		return 0
	case n > math.MaxUint16:
		return math.MaxUint16
	}
	return uint16(n)
}

// Round returns a rounded to an integer, halves away from zero, saturating.
func (a I32F32) Round() I32F32 {
	const half, integer = One / 2, ^(One - 1)
	if a < 0 {
		return (a.Add(half-1) & integer)
	}
	if a > Max-half {
		return Max
	}
	return (a + half) & integer
}

// Add returns a + b, saturating.
func (a I32F32) Add(b I32F32) I32F32 {
	s := a + b
	if (a^s)&(b^s) < 0 { // the sum's sign differs from both
		return saturate(a < 0)
	}
	return s
}

// Sub returns a - b, saturating.
func (a I32F32) Sub(b I32F32) I32F32 {
	d := a - b
	if (a^b)&(a^d) < 0 {
		return saturate(a < 0)
	}
	return d
}

// Mul returns a * b rounded down, saturating.
func (a I32F32) Mul(b I32F32) I32F32 {
	p, ok := mul(a, b)
	if !ok {
		return saturate((a < 0) != (b < 0))
	}
	return p
}

// MulShare returns a * b rounded down for numbers that are not negative and of which one is at most 1, so that nothing overflows. It
// is Mul without the checks, for inner loops.
func MulShare(a, b I32F32) I32F32 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return I32F32(hi<<32 | lo>>32)
}

// MulOrZero returns a * b rounded down, or 0 if that overflows.
func (a I32F32) MulOrZero(b I32F32) I32F32 {
	p, ok := mul(a, b)
	if !ok {
		return 0
	}
	return p
}

// Div returns a / b truncated toward zero, saturating. It panics if b is 0.
func (a I32F32) Div(b I32F32) I32F32 {
	if b == 0 {
		panic("fixed: division by zero")
	}
	q, ok := div(a, b)
	if !ok {
		return saturate((a < 0) != (b < 0))
	}
	return q
}

// SafeDiv returns a / b truncated toward zero, or 0 if b is 0 or the quotient overflows.
func (a I32F32) SafeDiv(b I32F32) I32F32 {
	q, ok := div(a, b)
	if !ok {
		return 0
	}
	return q
}

// Clamp returns a limited to [low, high]; low wins if it exceeds high.
func (a I32F32) Clamp(low, high I32F32) I32F32 { return max(min(a, high), low) }

// mul returns the floor of a * b and whether it fits.
func mul(a, b I32F32) (I32F32, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	// Correct the unsigned product for operands read as a + 2^64: what remains is the signed 128-bit product.
	hi -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a)
	p := I32F32(hi<<32 | lo>>32)
	return p, int64(hi)>>31 == int64(p)>>63
}

// div returns a / b truncated toward zero and whether it is defined and fits.
func div(a, b I32F32) (I32F32, bool) {
	if b == 0 {
		return 0, false
	}
	n, d := magnitude(a), magnitude(b)
	if n>>32 >= d { // the quotient has more than 64 bits
		return 0, false
	}
	q, _ := bits.Div64(n>>32, n<<32, d)
	if (a < 0) != (b < 0) {
		return I32F32(-q), q <= 1<<63
	}
	return I32F32(q), q < 1<<63
}

// magnitude returns |x|, also for the smallest x.
func magnitude(x I32F32) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// saturate returns the end of the range on the given side of zero.
func saturate(negative bool) I32F32 {
	if negative {
		return Min
	}
	return Max
}
