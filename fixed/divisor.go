package fixed

import "math/bits"

// Divisor divides shares by one positive number many times over: a multiplication by a reciprocal and a correction replace each
// division, and the quotient is exactly that of SafeDiv. Make it with NewDivisor; the zero Divisor must not be used.
type Divisor struct {
	d          uint64 // the divisor's raw bits, > 0
	reciprocal uint64 // floor((2^64 - 1) / d)
}

// NewDivisor prepares divisions by d > 0. It panics otherwise.
func NewDivisor(d I32F32) Divisor {
	if d <= 0 {
		panic("fixed: divisor is not positive")
	}
	return Divisor{d: uint64(d), reciprocal: ^uint64(0) / uint64(d)}
}

// SafeDiv returns a.SafeDiv(d).
func (v Divisor) SafeDiv(a I32F32) I32F32 {
	n := uint64(a) << 32
	q, _ := bits.Mul64(n, v.reciprocal)
	// The reciprocal is at most one too small and n below 2^64, so n/d less the product is below one: q is at most one too small.
	if n-q*v.d >= v.d {
		q++
	}
	if uint64(a)>>32|q>>63 != 0 { // one and more, or negative, or a large quotient: rare among shares
		return a.SafeDiv(I32F32(v.d))
	}
	return I32F32(q)
}
