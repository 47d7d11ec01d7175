package fixed

import "math/bits"

// Reciprocal divides shares by one positive number many times over: a shift and a multiplication replace each division, and the quotient is
// exactly that of SafeDiv. The zero Reciprocal gives 0, as SafeDiv does for the divisor 0.
//
// Let d be the divisor's raw bits and 2^k/d rounded up to m, so that m d = 2^k + e with 0 <= e < d. For a dividend a the quotient
// wanted is floor(a 2^32 / d). What is computed, floor(a 2^32 m / 2^k), exceeds a 2^32 / d by a 2^32 e / (d 2^k). Quotients by d are at least 1/d
// below the next integer, so nothing changes as long as a 2^32 e < 2^k. NewReciprocal checks that for the largest dividend. (Granlund and
// Montgomery, Division by invariant integers using multiplication, 1994.)
type Reciprocal struct {
	m     uint64
	shift uint64 // 96 - k, so that the quotient is the high word of (a << shift) * m; inexact if there is no such m
}

// inexact marks a Reciprocal that cannot divide all dividends it was asked for.
const inexact = 64

// NewReciprocal prepares divisions of 0..most by d. Where not all of them would be exact, which needs a dividend of at least a half or a d
// above 2, the result is Inexact and must not be used to divide. It panics unless d > 0 and most >= 0.
func NewReciprocal(d, most I32F32) Reciprocal {
	if d <= 0 || most < 0 {
		panic("fixed: divisor is not positive or dividend negative")
	}
	// With 2^(l-1) < d <= 2^l and k = 63 + l, m has 64 bits. Dividends are not shifted down, so k is at most 96.
	shift := uint64(max(33-bits.Len64(uint64(d)-1), 0))
	k := 96 - shift
	high, low := uint64(1)<<(k-64), uint64(1)<<k // 2^k; shifts by 64 and more, and by 63 - 64 = 2^64 - 1, give 0
	m, rest := bits.Div64(high, low, uint64(d))
	if rest > 0 {
		m++
		over, product := bits.Mul64(uint64(most), uint64(d)-rest)
		if over != 0 || product>>(64-shift) != 0 { // a e >= 2^(k - 32)
			return Reciprocal{shift: inexact}
		}
	}
	if bits.Len64(uint64(most))+int(shift) > 64 {
		return Reciprocal{shift: inexact}
	}
	return Reciprocal{m: m, shift: shift}
}

// Inexact tells whether r must not be used.
func (r Reciprocal) Inexact() bool { return r.shift == inexact }

// Of returns a.SafeDiv(d) for a in 0..most.
func (r Reciprocal) Of(a I32F32) I32F32 {
	q, _ := bits.Mul64(uint64(a)<<(r.shift&63), r.m)
	return I32F32(q)
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
