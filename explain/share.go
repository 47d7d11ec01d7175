package explain

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// Share is a number of the epoch with 32 fraction bits. As JSON it is a decimal number that stands for it exactly: a float64 holds
// every share, and sums of shares, without rounding.
type Share fixed.I32F32

// Float returns the share as a float64, which is exact up to 2^20.
func (s Share) Float() float64 { return float64(s) / float64(fixed.One) }

// U16 returns the share as the chain stores it, a floor of 65535ths.
func (s Share) U16() uint16 { return fixed.I32F32(s).U16() }

// MarshalJSON writes the number.
func (s Share) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, s.Float(), 'f', -1, 64), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Share) UnmarshalJSON(data []byte) error {
	x, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return fmt.Errorf("share %q: want a number", data)
	}
	*s = Share(x * float64(fixed.One))
	return nil
}

// apportion divides an amount in proportion to terms that are not negative; parts are rounded down, and the largest term takes what
// remains. Without any term nobody gets anything.
func apportion(amount gotensor.Rao, terms []fixed.I32F32) []gotensor.Rao {
	parts := make([]gotensor.Rao, len(terms))
	var sum uint64
	for _, t := range terms {
		sum += uint64(t)
	}
	if sum == 0 {
		return parts
	}
	rest := amount
	for i, t := range terms {
		high, low := bits.Mul64(uint64(amount), uint64(t))
		q, _ := bits.Div64(high, low, sum) // t is at most the sum, so the quotient is at most the amount
		parts[i] = gotensor.Rao(q)
		rest -= parts[i]
	}
	parts[slices.Index(terms, slices.Max(terms))] += rest
	return parts
}
