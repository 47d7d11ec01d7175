package fixed

import "math/bits"

// Reciprocal divides parts of one whole by that whole many times over: a multiplication replaces each division, and the quotient is exactly
// that of SafeDiv. Make it with NewReciprocal.
//
// Let d be the divisor's raw bits, 2^(l-1) < d <= 2^l, k = 64 + l, and m = 2^k/d rounded up, so that m d = 2^k + e with 0 <= e < d <= 2^l. For a
// dividend a the quotient wanted is floor(a 2^32 / d). What is computed, floor(a 2^32 m / 2^k), is the floor of a number that is larger by
// a 2^32 e / (d 2^k). Quotients by d are at least 1/d below the next integer, so nothing changes as long as a 2^32 e < 2^k, that is a e < 2^(32 + l),
// which holds up to a = 2^32, the share 1. (Granlund and Montgomery, Division by invariant integers using multiplication, 1994.)
type Reciprocal struct {
	m        uint64 // m - 2^64: m itself has 65 bits
	up, down uint8  // the quotient is the high word of (a << up) m, shifted down; up = 32 - l or down = l - 32
}

// NewReciprocal prepares divisions by d >= 0; those by 0 give 0. It panics if d is negative.
func NewReciprocal(d I32F32) Reciprocal {
	switch {
	case d < 0:
		panic("fixed: divisor is negative")
	case d == 0:
		return Reciprocal{down: 63}
	}
	l := bits.Len64(uint64(d) - 1)
	m, rest := bits.Div64(1<<l-uint64(d), 0, uint64(d)) // 2^k/d - 2^64
	if rest > 0 {
		m++
	}
	return Reciprocal{m: m, up: uint8(max(32-l, 0)), down: uint8(max(l-32, 0))}
}

// Of returns a.SafeDiv(d) for a share a, 0 <= a <= One, that is not above d, unless d is 0.
func (r Reciprocal) Of(a I32F32) I32F32 {
	n := uint64(a) << (r.up & 63)
	q, _ := bits.Mul64(n, r.m)
	return I32F32((q + n) >> (r.down & 63)) // n <= 2^32, so there is no carry
}

// OfShare is Of for a d of at most One; by 0 it divides 0 only.
func (r Reciprocal) OfShare(a I32F32) I32F32 {
	n := uint64(a) << (r.up & 63)
	q, _ := bits.Mul64(n, r.m)
	return I32F32(q + n)
}

// Factor multiplies by one share many times over; the product is exactly that of MulShare, with one instruction less to align it. The
// zero Factor is that of 0.
type Factor uint64

// NewFactor prepares multiplications by a share, 0..One.
func NewFactor(share I32F32) Factor { return Factor(share) << 31 }

// Of returns MulShare(f, a) for a not negative.
func (f Factor) Of(a I32F32) I32F32 {
	p, _ := bits.Mul64(uint64(f), uint64(a)<<1)
	return I32F32(p)
}
