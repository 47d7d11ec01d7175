package fixed

import "math/bits"

// lanes is how many exponentials ExpClampedEach computes side by side. Each term of a series waits for the one before, some ten cycles of
// two multiplications; other series fill that time.
const lanes = 4

// laneLimit bounds the arguments that lanes take: up to it no term of the series times its argument reaches 2^59, above which inverse is
// not exact.
const laneLimit = 8 * One

// ExpClampedEach replaces each x by ExpClamped of it, several times as fast.
func ExpClampedEach(x []I32F32) {
	for ; len(x) >= lanes; x = x[lanes:] {
		group := (*[lanes]I32F32)(x)
		if !fits(group) {
			for k, v := range group {
				group[k] = ExpClamped(v)
			}
			continue
		}
		sums := taylorEach(group)
		for k, v := range group {
			switch sum := sums[k]; {
			case v == One:
				group[k] = e23
			case v < 0:
				group[k] = One.Div(sum)
			default:
				group[k] = sum
			}
		}
	}
	for k, v := range x {
		x[k] = ExpClamped(v)
	}
}

// fits tells whether all arguments are within the limit.
func fits(x *[lanes]I32F32) bool {
	for _, v := range x {
		if v > laneLimit || v < -laneLimit {
			return false
		}
	}
	return true
}

// taylorEach is taylor of the magnitudes of x, which are at most laneLimit; it takes 0, too.
func taylorEach(x *[lanes]I32F32) [lanes]I32F32 {
	// A product is rounded down by taking its high word, for which its factors are shifted by 32 in all: x by 28, the term, which is
	// below 2^9, by 4.
	const up, rest = 28, 4
	t0, t1, t2, t3 := magnitude(x[0]), magnitude(x[1]), magnitude(x[2]), magnitude(x[3])
	x0, x1, x2, x3 := t0<<up, t1<<up, t2<<up, t3<<up
	s0, s1, s2, s3 := t0, t1, t2, t3
	for i := 2; i < terms && t0|t1|t2|t3 != 0; i++ {
		by := inverse[i]
		t0, _ = bits.Mul64(t0<<rest, x0)
		t1, _ = bits.Mul64(t1<<rest, x1)
		t2, _ = bits.Mul64(t2<<rest, x2)
		t3, _ = bits.Mul64(t3<<rest, x3)
		t0, _ = bits.Mul64(t0, by)
		t1, _ = bits.Mul64(t1, by)
		t2, _ = bits.Mul64(t2, by)
		t3, _ = bits.Mul64(t3, by)
		s0, s1, s2, s3 = s0+t0, s1+t1, s2+t2, s3+t3
	}
	return [lanes]I32F32{One + I32F32(s0), One + I32F32(s1), One + I32F32(s2), One + I32F32(s3)}
}
