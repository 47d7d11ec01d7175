// Package shapley computes exact Shapley values of small coalition games.
//
// A game gives every coalition of players a worth. The Shapley value of a player is what it adds to the worth, averaged over
// all orders in which the players could arrive; the values sum to the worth of all minus the worth of none. gotensor shows
// the values of miners whose answers are mixed. It does not pay by them: they reward exaggeration.
//
// Start at Values.
package shapley

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// MaxPlayers bounds a game: 2^16 coalitions are evaluated at most.
const MaxPlayers = 16

// ErrPlayers is returned for a number of players outside 0..MaxPlayers.
var ErrPlayers = errors.New("number of players out of range")

// ErrWorth is returned when a coalition's worth is not a finite number.
var ErrWorth = errors.New("worth of a coalition is not finite")

// Coalition is a set of players: bit i is set when player i belongs to it.
type Coalition uint32

// Has tells whether player i belongs to the coalition.
func (c Coalition) Has(i int) bool { return c>>uint(i)&1 == 1 }

// Len counts the players of the coalition.
func (c Coalition) Len() int { return bits.OnesCount32(uint32(c)) }

// Values returns the exact Shapley value of each of n players, in the unit of worth, which is called once for each of the
// 2^n coalitions in ascending order, the empty one first. It fails with ErrPlayers or ErrWorth.
// Source: L. S. Shapley, A value for n-person games, 1953.
func Values(n int, worth func(Coalition) float64) ([]float64, error) {
	if n < 0 || n > MaxPlayers {
		return nil, fmt.Errorf("%w: %d, want 0..%d", ErrPlayers, n, MaxPlayers)
	}
	table := make([]float64, 1<<uint(n))
	for c := range table {
		v := worth(Coalition(c))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%w: coalition %#b is worth %v", ErrWorth, c, v)
		}
		table[c] = v
	}
	share := shares(n)
	values := make([]float64, n)
	for i := range values {
		bit := 1 << uint(i)
		for c := range table {
			if c&bit == 0 {
				values[i] += share[Coalition(c).Len()] * (table[c|bit] - table[c])
			}
		}
	}
	return values, nil
}

// shares returns, for each size s of the coalition met on arrival, the fraction s!(n-1-s)!/n! of all orders in which a given
// coalition of that size came first and the given player next.
func shares(n int) []float64 {
	out := make([]float64, n)
	binomial := 1.0
	for s := range out {
		out[s] = 1 / (float64(n) * binomial)
		binomial = binomial * float64(n-1-s) / float64(s+1)
	}
	return out
}
