package arena

import (
	"fmt"
	"math/rand/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/yuma"
)

// TAO is one TAO in rao.
const TAO = gotensor.Rao(1_000_000_000)

// Missed is what becomes of the row in force of a validator that committed and did not reveal.
type Missed int

// The rules of a missed reveal.
const (
	Drops Missed = iota // the row goes out of force: it does not count in the epoch that the commitment was made for, nor after it
	Keeps               // the row before stays in force
)

// Move moves the quality of miners at the start of a period, in place; q[k] belongs to the k-th miner. Period 0 is not moved.
type Move func(epoch int, q []float64, r *rand.Rand)

// Seat is a validator.
type Seat struct {
	Stake    gotensor.Rao
	Strategy Strategy
	// Late validators reveal, and in the open set their rows, after all that are not.
	Late bool
}

// Config is a subnet at its start.
type Config struct {
	Params  yuma.Params
	Seats   []Seat
	Quality []float64 // of each miner, 0 or more
	Move    Move      // nil: quality stays
	// Noise is the standard deviation of a measure, as a share of the quality. Common is the share of its variance that all
	// validators have in common, as when a beacon draws questions for all of them.
	Noise, Common float64
	Open          bool // no commitments: rows are set in the open and count at once
	Missed        Missed
	// Change is called at the start of each period, before anyone measures. It may call World.SetStake, World.Replace and write to
	// World.Quality. Nil: nothing changes.
	Change func(w *World)
	Seed   uint64
}

// DefaultParams are the chain's defaults for a subnet with blocks of 2 s, in the unit of the epoch: the schema of x/subnet
// (x/subnet/types/schema.go) through the conversion of x/emission.
func DefaultParams() yuma.Params {
	const tempo = 72 * 60 / 2 // blocks
	return yuma.Params{
		Tempo:              tempo,
		ActivityCutoff:     13_889 * tempo / 1_000,
		Kappa:              32_767,
		BondsPenalty:       65_535,
		BondsMovingAverage: 900_000,
		Yuma3:              true,
		Liquid:             yuma.Liquid{Low: 45_875, High: 58_982, Steepness: 1_000},
		MaxValidators:      64,
	}
}

// Seats returns n validators of equal stake who do the same, by value.
func Seats(n int, stake gotensor.Rao, s Strategy) []Seat {
	out := make([]Seat, n)
	for i := range out {
		out[i] = Seat{Stake: stake, Strategy: s}
	}
	return out
}

// Levels returns n qualities in equal steps from low to high.
func Levels(n int, low, high float64) []float64 {
	q := make([]float64, n)
	for k := range q {
		q[k] = low + (high-low)*float64(k)/float64(max(1, n-1))
	}
	return q
}

func (c *Config) validate() error {
	n := len(c.Seats) + len(c.Quality)
	if len(c.Seats) == 0 || len(c.Quality) == 0 || n > yuma.MaxN {
		return fmt.Errorf("%w: %d validators and %d miners, want at least one of each and at most %d in all", sim.ErrConfig, len(c.Seats), len(c.Quality), yuma.MaxN)
	}
	for i, s := range c.Seats {
		if s.Strategy == nil {
			return fmt.Errorf("%w: seat %d has no strategy, give it one (Honest{} judges by what it measures)", sim.ErrConfig, i)
		}
	}
	for k, q := range c.Quality {
		if !(q >= 0) {
			return fmt.Errorf("%w: quality %v of miner %d, want 0 or more", sim.ErrConfig, q, k)
		}
	}
	if !(c.Noise >= 0) {
		return fmt.Errorf("%w: noise %v, want 0 or more", sim.ErrConfig, c.Noise)
	}
	if !(c.Common >= 0 && c.Common <= 1) {
		return fmt.Errorf("%w: common share of the noise %v, want 0 to 1", sim.ErrConfig, c.Common)
	}
	return nil
}
