package pow

import (
	"fmt"
	"math"
	"math/big"
)

// Adjustment is how a difficulty follows demand. At the end of an interval in which r slots were taken, where Target were wanted,
//
//	moved = x * (r + Target) / (2 * Target)
//	next  = alpha * x + (1 - alpha) * moved,   alpha = Alpha / 2^64
//
// kept within Min and Max. At the target nothing changes; without registrations the difficulty halves; at three times the target it
// doubles. Source: subtensor's adjustment per interval, in exact integers rounded down once.
type Adjustment struct {
	// Target is the number of registrations wanted in an interval, 1 or more.
	Target uint64
	// Alpha is how much of the old value stays, in units of 2^-64: 0 follows demand at once.
	Alpha uint64
	// Min and Max bound the result; Min is 1 or more.
	Min, Max Difficulty
}

// Validate fails with ErrAdjustment, naming the field.
func (a Adjustment) Validate() error {
	switch {
	case a.Target == 0:
		return fmt.Errorf("%w: target is 0 registrations, want 1 or more", ErrAdjustment)
	case a.Min == 0:
		return fmt.Errorf("%w: min is 0, want 1 or more", ErrAdjustment)
	case a.Max < a.Min:
		return fmt.Errorf("%w: max %d is below min %d", ErrAdjustment, uint64(a.Max), uint64(a.Min))
	}
	return nil
}

// Next returns the difficulty after an interval with a number of registrations. The adjustment must be valid; with a target of
// zero the difficulty only stays within its bounds.
func (a Adjustment) Next(x Difficulty, registrations uint64) Difficulty {
	if a.Target == 0 {
		return a.clamp(x)
	}
	// next = x * (alpha * 2*Target + (2^64 - alpha) * (r + Target)) / (2*Target * 2^64)
	target := new(big.Int).SetUint64(a.Target)
	twice := new(big.Int).Lsh(target, 1)
	alpha := new(big.Int).SetUint64(a.Alpha)
	rest := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 64), alpha)

	sum := new(big.Int).SetUint64(registrations)
	sum.Add(sum, target).Mul(sum, rest)
	sum.Add(sum, alpha.Mul(alpha, twice))
	sum.Mul(sum, new(big.Int).SetUint64(uint64(x)))
	sum.Quo(sum, twice.Lsh(twice, 64))
	if !sum.IsUint64() {
		return a.clamp(math.MaxUint64)
	}
	return a.clamp(Difficulty(sum.Uint64()))
}

func (a Adjustment) clamp(x Difficulty) Difficulty { return max(a.Min, min(x, a.Max)) }
