package arena

import (
	"math/rand/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/yuma"
)

// Strategy is what a validator does. A strategy with a memory is a pointer, one per seat.
type Strategy interface {
	// Row decides what to commit (in the open: to set). It fills row, one weight per uid, in any scale; what row holds before is
	// unspecified. False: nothing is committed, and the row in force stays so.
	Row(v *View, row []float64) bool
	// Reveal tells whether to reveal View.Pending. It is only called where there is one.
	Reveal(v *View) bool
}

// Prompt reveals whatever was committed, for strategies to embed.
type Prompt struct{}

// Reveal returns true.
func (Prompt) Reveal(*View) bool { return true }

// Honest commits what it measured in this period.
type Honest struct{ Prompt }

// Row copies the measures.
func (Honest) Row(v *View, row []float64) bool {
	copy(row, v.Measured)
	return true
}

// Patient is an honest validator that commits a running mean of what it measured.
type Patient struct {
	Prompt
	Keep float64 // part of the mean before that stays, 0 to 1
	mean []float64
}

// Row moves the mean and copies it.
func (p *Patient) Row(v *View, row []float64) bool {
	if p.mean == nil {
		p.mean = append([]float64(nil), v.Measured...)
	}
	for uid, m := range v.Measured {
		p.mean[uid] = p.Keep*p.mean[uid] + (1-p.Keep)*m
	}
	copy(row, p.mean)
	return true
}

// View is what a validator knows when it is asked. Slices over uids belong to the world and are only valid during the call; nothing of
// a View may be changed.
type View struct {
	Epoch    int
	UID      int       // who is asked
	First    int       // uid of the first miner; there are First validators
	Measured []float64 // per uid: what its questions of this period say of a miner's quality; 0 for validators
	Stake    []gotensor.Rao
	// Rows are in force at this moment, Fresh tells which of them were revealed (in the open: set) in this period.
	Rows  []yuma.Row
	Fresh []bool
	// Pending is what it committed in the period before and can reveal in this one; empty in Row and if there is nothing.
	Pending yuma.Row
	// Past are the epochs so far: the last one ended the period before this.
	Past *Past
	Rand *rand.Rand // its own

	world *World
}

// WhatIf returns its share of dividends, summed over the next epochs, if the row were in force from now on for it and everyone else's row
// stayed as it is: what anyone can compute from the chain. An empty row is no row.
func (v *View) WhatIf(row yuma.Row, epochs int) float64 { return v.world.whatIf(v.UID, row, epochs) }
