package fixed

import (
	"math"
	"math/bits"
)

// I64F64 is a signed number with 64 integer and 64 fraction bits, in [-2^63, 2^63): Hi is its floor, Lo its fraction times 2^64.
type I64F64 struct {
	Hi int64
	Lo uint64
}

// maxI64F64 and minI64F64 are the ends of the range.
var (
	maxI64F64 = I64F64{Hi: math.MaxInt64, Lo: math.MaxUint64}
	minI64F64 = I64F64{Hi: math.MinInt64}
)

// I64F64FromU64 returns the integer x, saturating at the largest I64F64 (just under 2^63).
func I64F64FromU64(x uint64) I64F64 {
	if x > math.MaxInt64 {
		return maxI64F64
	}
	return I64F64{Hi: int64(x)}
}

// IsZero tells whether a is 0.
func (a I64F64) IsZero() bool { return a.Hi == 0 && a.Lo == 0 }

// Add returns a + b, saturating.
func (a I64F64) Add(b I64F64) I64F64 {
	s := a.AddWrap(b)
	if (a.Hi^s.Hi)&(b.Hi^s.Hi) < 0 {
		return saturate64(a.Hi < 0)
	}
	return s
}

// AddWrap returns a + b modulo 2^64, as sums in the reference do.
func (a I64F64) AddWrap(b I64F64) I64F64 {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(uint64(a.Hi), uint64(b.Hi), carry)
	return I64F64{Hi: int64(hi), Lo: lo}
}

// Mul returns a * b rounded down, saturating.
func (a I64F64) Mul(b I64F64) I64F64 {
	negative := (a.Hi < 0) != (b.Hi < 0)
	x1, x0 := a.magnitude()
	y1, y0 := b.magnitude()
	// Schoolbook product of two limbs each, p3 p2 p1 p0; the result is the middle two limbs.
	p1, p0 := bits.Mul64(x0, y0)
	h1, l1 := bits.Mul64(x1, y0)
	h2, l2 := bits.Mul64(x0, y1)
	p3, p2 := bits.Mul64(x1, y1)
	var c uint64
	p1, c = bits.Add64(p1, l1, 0)
	p2, c = bits.Add64(p2, h1, c)
	p3 += c
	p1, c = bits.Add64(p1, l2, 0)
	p2, c = bits.Add64(p2, h2, c)
	p3 += c
	if negative && p0 != 0 { // down means away from zero
		p1, c = bits.Add64(p1, 1, 0)
		p2, c = bits.Add64(p2, 0, c)
		p3 += c
	}
	q, ok := signed64(p2, p1, negative)
	if p3 != 0 || !ok {
		return saturate64(negative)
	}
	return q
}

// SafeDiv returns a / b truncated toward zero, or 0 if b is 0 or the quotient overflows.
func (a I64F64) SafeDiv(b I64F64) I64F64 {
	if b.IsZero() {
		return I64F64{}
	}
	n2, n1 := a.magnitude()
	d1, d0 := b.magnitude()
	hi, lo, ok := div192(n2, n1, d1, d0)
	if !ok {
		return I64F64{}
	}
	q, ok := signed64(hi, lo, (a.Hi < 0) != (b.Hi < 0))
	if !ok {
		return I64F64{}
	}
	return q
}

// I32F32 returns a rounded down to 32 fraction bits, saturating.
func (a I64F64) I32F32() I32F32 {
	if a.Hi > math.MaxInt32 || a.Hi < math.MinInt32 {
		return saturate(a.Hi < 0)
	}
	return I32F32(a.Hi<<32 | int64(a.Lo>>32))
}

// U64 returns the floor of a, at least 0.
func (a I64F64) U64() uint64 { return uint64(max(a.Hi, 0)) }

// magnitude returns |a| in two limbs.
func (a I64F64) magnitude() (hi, lo uint64) {
	if a.Hi >= 0 {
		return uint64(a.Hi), a.Lo
	}
	lo, borrow := bits.Sub64(0, a.Lo, 0)
	hi, _ = bits.Sub64(0, uint64(a.Hi), borrow)
	return hi, lo
}

// signed64 gives a magnitude its sign; false if it does not fit.
func signed64(hi, lo uint64, negative bool) (I64F64, bool) {
	if !negative {
		return I64F64{Hi: int64(hi), Lo: lo}, hi < 1<<63
	}
	l, borrow := bits.Sub64(0, lo, 0)
	h, _ := bits.Sub64(0, hi, borrow)
	return I64F64{Hi: int64(h), Lo: l}, hi < 1<<63 || (hi == 1<<63 && lo == 0)
}

// saturate64 returns the end of the range on the given side of zero.
func saturate64(negative bool) I64F64 {
	if negative {
		return minI64F64
	}
	return maxI64F64
}

// div192 returns the floor of (n2 n1 0) / (d1 d0) in base 2^64, and whether it has at most two limbs. The divisor is not zero.
func div192(n2, n1, d1, d0 uint64) (hi, lo uint64, ok bool) {
	if d1 == 0 {
		if n2 >= d0 {
			return 0, 0, false
		}
		hi, rest := bits.Div64(n2, n1, d0)
		lo, _ = bits.Div64(rest, 0, d0)
		return hi, lo, true
	}
	// Long division with the divisor shifted to have its top bit set; the numerator gains a limb.
	s := uint(bits.LeadingZeros64(d1))
	v1, v0 := d1<<s|d0>>1>>(63-s), d0<<s
	u3, u2, u1 := n2>>1>>(63-s), n2<<s|n1>>1>>(63-s), n1<<s
	hi, u2, u1 = digit(u3, u2, u1, v1, v0)
	lo, _, _ = digit(u2, u1, 0, v1, v0)
	return hi, lo, true
}

// digit returns the quotient and the remainder of (u2 u1 u0) / (v1 v0), where v1 has its top bit set and (u2 u1) < (v1 v0).
func digit(u2, u1, u0, v1, v0 uint64) (q, r1, r0 uint64) {
	if u2 >= v1 {
		q = math.MaxUint64
	} else {
		q, _ = bits.Div64(u2, u1, v1)
	}
	// The guess is at most 2 too large: take q*v from u and add v back while that went below zero.
	m1, m0 := bits.Mul64(q, v0)
	h, l := bits.Mul64(q, v1)
	m1, c := bits.Add64(m1, l, 0)
	m2 := h + c
	r0, b := bits.Sub64(u0, m0, 0)
	r1, b = bits.Sub64(u1, m1, b)
	r2, _ := bits.Sub64(u2, m2, b)
	for r2 != 0 {
		q--
		r0, c = bits.Add64(r0, v0, 0)
		r1, c = bits.Add64(r1, v1, c)
		r2 += c
	}
	return q, r1, r0
}

// I96F32 is a signed number with 96 integer and 32 fraction bits; its raw bits are Hi * 2^64 + Lo.
type I96F32 struct {
	Hi int64
	Lo uint64
}

// MulU64 returns the product of a and an amount; it is exact.
func (a I32F32) MulU64(amount uint64) I96F32 {
	hi, lo := bits.Mul64(uint64(a), amount)
	hi -= uint64(a>>63) & amount
	return I96F32{Hi: int64(hi), Lo: lo}
}

// U64 returns the floor of a, at least 0 and at most 2^64 - 1.
func (a I96F32) U64() uint64 {
	switch {
	case a.Hi < 0:
		return 0
	case a.Hi >= 1<<32:
		return math.MaxUint64
	}
	return uint64(a.Hi)<<32 | a.Lo>>32
}
