package yuma

import (
	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// bonds are the state of the moving average of bonds, classic or Yuma3.
type bonds struct {
	kept    []bool // per uid: old bonds to it count
	average average
	columns []column
	ema     matrix         // the new bonds
	row     []fixed.I32F32 // one dense row, all zero between uses
	old     []fixed.I32F32 // the old bonds of a row under liquid alpha, likewise
	cursor  []fixed.I32F32 // what the reference's cursor sees of them
	far     []fixed.I32F32 // scratch for a row under liquid alpha: the distances that are not zero,
	where   []uint16       // their places in the row,
	alphas  []fixed.I32F32 // and all alphas
	sums    []fixed.I32F32 // scratch, per uid
	values  []uint16       // scratch for stored bonds that nobody keeps
	payers  []payer
}

// column is what the moving average of bonds to one uid reads and gathers: a cache line, so that a bond touches one.
type column struct {
	delta  fixed.Reciprocal // classic: of the sum of weights times stake
	stored fixed.Reciprocal // classic: of the sum of stored bonds
	rest   fixed.Factor     // what old bonds count in the average, zero if they do not
	sum    fixed.I32F32     // of the new bonds
	top    fixed.I32F32     // the largest new bond
	_      uint64
}

// average is a moving average: alpha times the new value plus rest times the old one, each product rounded down.
type average struct {
	alpha, rest fixed.I32F32
	shares      bool // both are in [0, 1]
}

// newAverage returns the average of a subnet whose moving average keeps bma millionths of the old bonds.
func newAverage(bma uint64) average {
	a := average{alpha: bondsAlpha(bma)}
	a.rest = fixed.One.Sub(a.alpha)
	a.shares = a.alpha >= 0 && a.rest >= 0
	return a
}

// bondsAlpha returns 1 - bma/1e6, where the quotient is rounded down to 32 fraction bits.
func bondsAlpha(bma uint64) fixed.I32F32 {
	return fixed.One.Sub(fixed.I64F64FromU64(bma).SafeDiv(fixed.I64F64FromU64(1_000_000)).I32F32())
}

// fresh returns the part of a new value, which is a share, in the average.
func (a average) fresh(v fixed.I32F32) fixed.I32F32 {
	if a.shares {
		return fixed.MulShare(a.alpha, v)
	}
	return a.alpha.Mul(v)
}

// add returns sum plus the part of an old value, which is a share, in the average.
func (a average) add(sum, v fixed.I32F32) fixed.I32F32 {
	if a.shares {
		return sum + fixed.MulShare(a.rest, v)
	}
	return sum.Add(a.rest.Mul(v))
}

// prepare resets the state: old bonds to uids that registered at the last epoch or later do not count.
func (b *bonds) prepare(in *Input) {
	last := gotensor.Block(addSaturating(uint64(in.LastStep), 1))
	if in.LastStep == 0 {
		last = in.Block - min(in.Block, gotensor.Block(in.Tempo))
	}
	b.kept = sized(b.kept, in.N)
	for uid, registered := range in.Registered {
		b.kept[uid] = registered < last
	}
	b.average = newAverage(in.BondsMovingAverage)
	b.row = zeroed(b.row, in.N)
	b.columns = zeroed(b.columns, in.N)
	if b.average.shares {
		for uid := range b.columns {
			if b.kept[uid] {
				b.columns[uid].rest = fixed.NewFactor(b.average.rest)
			}
		}
	}
	b.ema.reset(in.N)
}

// counts tells whether old bonds to uid count.
func (b *bonds) counts(uid uint16) bool { return int(uid) < len(b.kept) && b.kept[uid] }

// flush moves the positive values of the dense row into the average's next row and clears it.
func (b *bonds) flush() {
	for uid, v := range b.row {
		if v != 0 {
			b.keep(uint16(uid), v)
			b.row[uid] = 0
		}
	}
}

// keep appends a value of the average if it is positive.
func (b *bonds) keep(uid uint16, v fixed.I32F32) {
	if v > 0 {
		b.ema.push(uid, v)
		c := &b.columns[uid]
		c.sum = c.sum.Add(v)
		c.top = max(c.top, v)
	}
}
