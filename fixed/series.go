package fixed

import "math/bits"

// The constants of the reference have 23 fraction bits only.
const (
	e23     I32F32 = 22802600 << 9 // e
	log2e23 I32F32 = 12102203 << 9 // log2(e)
)

// terms is the number of fraction bits, which the reference also takes as the number of terms and of steps of its series.
const terms = 32

// inverse[i] is floor(2^64 / i) + 1: the high word of a product with it is the quotient by i for numbers below 2^59.
var inverse = [terms]uint64{
	2: 1<<64/2 + 1, 3: 1<<64/3 + 1, 4: 1<<64/4 + 1, 5: 1<<64/5 + 1, 6: 1<<64/6 + 1, 7: 1<<64/7 + 1,
	8: 1<<64/8 + 1, 9: 1<<64/9 + 1, 10: 1<<64/10 + 1, 11: 1<<64/11 + 1, 12: 1<<64/12 + 1, 13: 1<<64/13 + 1,
	14: 1<<64/14 + 1, 15: 1<<64/15 + 1, 16: 1<<64/16 + 1, 17: 1<<64/17 + 1, 18: 1<<64/18 + 1, 19: 1<<64/19 + 1,
	20: 1<<64/20 + 1, 21: 1<<64/21 + 1, 22: 1<<64/22 + 1, 23: 1<<64/23 + 1, 24: 1<<64/24 + 1, 25: 1<<64/25 + 1,
	26: 1<<64/26 + 1, 27: 1<<64/27 + 1, 28: 1<<64/28 + 1, 29: 1<<64/29 + 1, 30: 1<<64/30 + 1, 31: 1<<64/31 + 1,
}

// Exp returns e^x by the reference's Taylor series of 31 terms, each product and quotient rounded on its own, and false on
// overflow. A negative x is 1 / e^-x; x exactly 1 gives the constant e with 23 fraction bits.
func Exp(x I32F32) (I32F32, bool) {
	switch {
	case x == 0:
		return One, true
	case x == One:
		return e23, true
	case x == Min:
		return 0, false
	case x < 0:
		sum, ok := taylor(-x)
		if !ok {
			return 0, false
		}
		return div(One, sum)
	}
	return taylor(x)
}

// taylor sums x^i/i! for i in 0..31 and x > 0, and tells whether no step overflows.
func taylor(x I32F32) (I32F32, bool) {
	if x > Max-One {
		return 0, false
	}
	sum, term := x+One, x
	for i := 2; i < terms && term > 0; i++ { // after a term of zero all are zero
		hi, lo := bits.Mul64(uint64(term), uint64(x))
		if hi >= 1<<31 {
			return 0, false
		}
		p := hi<<32 | lo>>32
		if p < 1<<59 {
			p, _ = bits.Mul64(p, inverse[i])
		} else {
			p /= uint64(i)
		}
		term = I32F32(p)
		if sum > Max-term {
			return 0, false
		}
		sum += term
	}
	return sum, true
}

// ExpClamped returns e^x for x limited to [-20, 20], where Exp does not overflow.
func ExpClamped(x I32F32) I32F32 {
	y, _ := Exp(x.Clamp(-20*One, 20*One))
	return y
}

// Sigmoid returns 1 / (1 + e^(-rho (x - kappa))) with the clamped exponential.
func Sigmoid(x, rho, kappa I32F32) I32F32 {
	y := ExpClamped(rho.Mul(-One).Mul(x.Sub(kappa)))
	return One.SafeDiv(y.Add(One))
}

// Log2 returns the logarithm to base 2 and false unless x > 0 and, below 1, 1/x fits.
func Log2(x I32F32) (I32F32, bool) {
	if x <= 0 {
		return 0, false
	}
	if x >= One {
		return log2(x), true
	}
	x, ok := div(One, x)
	if !ok {
		return 0, false
	}
	return -log2(x), true
}

// log2 is Log2 of x >= 1: the integer part by halving, then one bit per squaring. Halving rounds a lost bit up.
func log2(x I32F32) I32F32 {
	const two = 2 * One
	var y I32F32
	for x >= two {
		y++
		x = x>>1 + x&1
	}
	if x == One {
		return y << 32
	}
	for range terms {
		x = x.Mul(x)
		y <<= 1
		if x >= two {
			y |= 1
			x = x>>1 + x&1
		}
	}
	return y
}

// Ln returns the natural logarithm, or 0 where Log2 is not defined.
func Ln(x I32F32) I32F32 {
	y, ok := Log2(x)
	if !ok {
		return 0
	}
	return y.Div(log2e23)
}

// Sqrt returns the square root by 32 Newton steps and false unless x >= 0 and, for x in (0, 1), 1/x fits: small numbers are
// rooted through their inverse.
func Sqrt(x I32F32) (I32F32, bool) {
	switch {
	case x < 0:
		return 0, false
	case x == 0 || x == One:
		return x, true
	case x > One:
		return newton(x), true
	}
	x, ok := div(One, x)
	if !ok {
		return 0, false
	}
	return div(One, newton(x))
}

// newton is Sqrt of x > 1.
func newton(x I32F32) I32F32 {
	root := x/2 + One
	for range terms {
		root = (root + x.Div(root)) / 2
	}
	return root
}

// SqrtWithin returns a square root by bisection until root and x/root differ by at most epsilon, or after 129 halvings; false if
// x is negative.
func SqrtWithin(x, epsilon I32F32) (I32F32, bool) {
	if x < 0 {
		return 0, false
	}
	low, high := I32F32(0), x
	if x <= One {
		low, high = x, One
	}
	const two, steps = 2 * One, 129
	root := high.Add(low).SafeDiv(two)
	for step := 0; step < steps; step++ {
		check := x.SafeDiv(root)
		if distance(check, root) <= epsilon {
			break
		}
		if check < root {
			high = root
		} else {
			low = root
		}
		root = high.Add(low).SafeDiv(two)
	}
	return root, true
}

// distance returns |a - b|, saturating.
func distance(a, b I32F32) I32F32 {
	if a < b {
		return b.Sub(a)
	}
	return a.Sub(b)
}
