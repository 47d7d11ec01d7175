// Package price is the price in TAO of a slot in a subnet: it decays by half-life and jumps with every registration.
//
// A Curve holds the parameters. The chain stores the price right after the last registration and its height; Curve.After gives the price
// any number of blocks later, Curve.Until the blocks until it has fallen so far, Curve.Jump the price after one more registration. After is a function of the blocks that passed, not of how
// often it is asked, so that a price can be computed when it is needed and all nodes agree on every rao: it uses integers only.
//
// Source of the rule: the burn price of subtensor, which multiplies by 2^(-1/half-life) each block and by 1.26 for each registration.
// Computing from the last registration, instead of block by block, leaves out the rounding of each block.
//
// Start at Curve.
package price

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/gotensor/gotensor"
)

const (
	// One is a jump factor of 1 in parts per million.
	One = 1_000_000
	// MaxHalfLife is the longest half-life in blocks: up to it, one block always outweighs the rounding of After.
	MaxHalfLife gotensor.Block = math.MaxUint32
)

// ErrCurve is returned for parameters that contradict each other.
var ErrCurve = errors.New("invalid price curve")

// Curve is how a price moves.
type Curve struct {
	// Min and Max bound the price, in rao. A price of 0 could never rise again, so Min is 1 or more.
	Min, Max gotensor.Rao
	// HalfLife is the number of blocks in which the price halves, 1 to MaxHalfLife.
	HalfLife gotensor.Block
	// Factor is what a registration multiplies the price by, in parts per million: 1_260_000 is 1.26; One or more.
	Factor uint32
}

// Validate fails with ErrCurve, naming the field.
func (c Curve) Validate() error {
	switch {
	case c.Min == 0:
		return fmt.Errorf("%w: min is 0 rao, want 1 or more", ErrCurve)
	case c.Max < c.Min:
		return fmt.Errorf("%w: max %d rao is below min %d rao", ErrCurve, uint64(c.Max), uint64(c.Min))
	case c.HalfLife == 0 || c.HalfLife > MaxHalfLife:
		return fmt.Errorf("%w: half-life is %d blocks, want 1 to %d", ErrCurve, uint64(c.HalfLife), uint64(MaxHalfLife))
	case c.Factor < One:
		return fmt.Errorf("%w: factor is %d parts per million, want %d or more", ErrCurve, c.Factor, One)
	}
	return nil
}

// After returns a price, in rao, some blocks later: p * 2^(-blocks/HalfLife) rounded down, within Min and Max. The factor is off by less
// than 2^-56, and never too small, so that a price never rises by itself. A half-life of zero, which Validate refuses, means that the
// price does not decay.
func (c Curve) After(p gotensor.Rao, blocks gotensor.Block) gotensor.Rao {
	if c.HalfLife == 0 {
		return c.clamp(p)
	}
	halvings, part := blocks/c.HalfLife, blocks%c.HalfLife
	if halvings >= 64 {
		return c.clamp(0)
	}
	if part > 0 {
		// part is below the half-life, so the division cannot overflow.
		fraction, _ := bits.Div64(uint64(part), 0, uint64(c.HalfLife))
		hi, _ := bits.Mul64(uint64(p), exp2neg(fraction))
		p = gotensor.Rao(hi)
	}
	return c.clamp(p >> halvings)
}

// Until returns the least number of blocks after which a price p has fallen to most or below, and false if it never does because Min is
// above most. It holds as long as nobody registers.
func (c Curve) Until(p, most gotensor.Rao) (gotensor.Block, bool) {
	// 64 half-lives bring any price down to Min, and a price does not rise by itself: what is asked for lies in this range.
	end := 64 * min(c.HalfLife, MaxHalfLife)
	if c.After(p, end) > most {
		return 0, false
	}
	begin := gotensor.Block(0)
	for begin < end {
		if middle := begin + (end-begin)/2; c.After(p, middle) <= most {
			end = middle
		} else {
			begin = middle + 1
		}
	}
	return end, true
}

// Jump returns the price, in rao, after a registration at price p: p * Factor rounded up, within Min and Max.
func (c Curve) Jump(p gotensor.Rao) gotensor.Rao {
	hi, lo := bits.Mul64(uint64(p), uint64(c.Factor))
	lo, carry := bits.Add64(lo, One-1, 0)
	hi += carry
	if hi >= One {
		return c.clamp(math.MaxUint64)
	}
	q, _ := bits.Div64(hi, lo, One)
	return c.clamp(gotensor.Rao(q))
}

func (c Curve) clamp(p gotensor.Rao) gotensor.Rao { return max(c.Min, min(p, c.Max)) }

// exp2neg returns 2^(-f/2^64) in units of 2^-64, at least the true value and less than 2^8 units above it: the product of 2^(-2^-i) over the
// bits i of f.
func exp2neg(f uint64) uint64 {
	// What is lost: one unit here, and for each of 64 factors one in the table and one in the product.
	const slack = 1 + 2*64
	result := uint64(math.MaxUint64)
	for i := range roots {
		if f&(1<<(63-i)) != 0 {
			result, _ = bits.Mul64(result, roots[i])
		}
	}
	if result > math.MaxUint64-slack {
		return math.MaxUint64
	}
	return result + slack
}
