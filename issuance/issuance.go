// Package issuance makes new TAO: how much, when, and how an amount is divided.
//
// The schedule is one rule. While less than half of the 21 million TAO is out, one TAO is minted every twelve seconds; the rate halves
// each time half of what remained is out, so the cap is approached and never passed. Twelve seconds for 1e9 rao is twelve
// nanoseconds for each rao, which makes the schedule exact in integers: the rao issued after h halvings costs 12 * 2^h nanoseconds of
// chain time. Mint spends the time that passed on rao, one halving after the other, and carries what is left over. Many small steps
// therefore mint what one large step mints.
//
// Start at Mint; Split divides what it returns among those who are paid in parts per million.
//
// Source of the rule: the block reward of subtensor, 1 TAO / 2^floor(log2(1/(1 - I/21e6))) for an issuance I. Two things differ. The
// reference mints whole rao once a block and takes every block for twelve seconds; here the time that really passed counts. And the
// reference rounds the reward down to whole rao, so that it stops after thirty halvings; here the fraction is carried.
package issuance

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/gotensor/gotensor"
)

const (
	// NanosPerRao is the chain time that a rao costs before the first halving, in nanoseconds: 1 TAO in 12 s.
	NanosPerRao Nanos = 12
	// MaxBlocks is how many target block times the time between two blocks may count for, so that a chain which stood still does
	// not mint for its absence.
	MaxBlocks = 10
	// MaxHalvings is the number of halvings behind the last rao of the supply.
	MaxHalvings = 54
)

// Nanos is a span of chain time in nanoseconds, the difference of two header times. A time.Duration converts to it as it is.
type Nanos int64

// State is what the schedule remembers from one block to the next. The zero value is the start of a chain without a premine.
type State struct {
	// Supply is the amount in existence in rao: issued less burned. Round it up if the ledger holds fractions of a rao.
	Supply gotensor.Rao
	// Spare is the time that has passed and was not worth a whole rao yet, 0 to 12 * 2^Halvings(Supply) - 1 ns.
	Spare Nanos
}

// Validate reports a state that the schedule cannot have left behind; it fails with ErrState.
func (s State) Validate() error {
	if s.Supply > gotensor.MaxSupply {
		return fmt.Errorf("%w: supply is %d rao, the cap is %d", ErrState, uint64(s.Supply), uint64(gotensor.MaxSupply))
	}
	if limit := cost(s.Supply); s.Spare < 0 || uint64(s.Spare) >= limit {
		return fmt.Errorf("%w: spare is %d ns, want 0 to %d at a supply of %d rao", ErrState, s.Spare, limit-1, uint64(s.Supply))
	}
	return nil
}

// Mint returns the rao that are due for a block whose header is elapsed ns after its parent's, and the state after they are minted.
// target is the block time the chain aims at, in ns: at most MaxBlocks times target counts. A step that crosses a halving
// pays each side of it at its own rate. Nothing is minted beyond gotensor.MaxSupply, for negative spans, or for a target of zero.
//
// If burning has taken the supply back over a halving, the spare time stays worth less than one rao: it is not paid at the
// higher rate.
func Mint(s State, elapsed, target Nanos) (gotensor.Rao, State) {
	if s.Supply >= gotensor.MaxSupply {
		return 0, State{Supply: s.Supply}
	}
	left := min(uint64(max(s.Spare, 0)), cost(s.Supply)-1) + countable(elapsed, target)
	supply := s.Supply
	for supply < gotensor.MaxSupply {
		price := cost(supply)
		due := gotensor.Rao(left / price)
		room := NextHalving(supply) - supply
		if due < room {
			return supply + due - s.Supply, State{Supply: supply + due, Spare: Nanos(left % price)}
		}
		supply += room
		left -= uint64(room) * price
	}
	return supply - s.Supply, State{Supply: supply}
}

// Halvings returns how often the rate has halved at a supply: floor(log2(cap / (cap - supply))), 0 to MaxHalvings.
func Halvings(supply gotensor.Rao) int {
	if supply >= gotensor.MaxSupply {
		return MaxHalvings
	}
	return bits.Len64(uint64(gotensor.MaxSupply/(gotensor.MaxSupply-supply))) - 1
}

// NextHalving returns the supply in rao at which the rate halves next, or the cap after the last halving.
func NextHalving(supply gotensor.Rao) gotensor.Rao {
	return gotensor.MaxSupply - gotensor.MaxSupply>>(Halvings(supply)+1)
}

// Rate returns the whole rao that twelve seconds are worth at a supply: the block reward of the reference.
func Rate(supply gotensor.Rao) gotensor.Rao {
	if supply >= gotensor.MaxSupply {
		return 0
	}
	return gotensor.RaoPerTAO >> Halvings(supply)
}

// cost is the chain time in ns that the next rao takes at a supply, 12 to 12 * 2^54, which is below 2^58.
func cost(supply gotensor.Rao) uint64 { return uint64(NanosPerRao) << Halvings(supply) }

// countable limits a span to what may be paid for. The result is below 2^63, so that adding the spare time (below 2^58) is safe.
func countable(elapsed, target Nanos) uint64 {
	if elapsed <= 0 || target <= 0 {
		return 0
	}
	if target > math.MaxInt64/MaxBlocks {
		return uint64(elapsed)
	}
	return uint64(min(elapsed, MaxBlocks*target))
}
