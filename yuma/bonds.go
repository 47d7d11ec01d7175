package yuma

import (
	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// bonds are the state of the moving average of bonds, classic or Yuma3.
type bonds struct {
	kept    []bool // per uid: old bonds to it count
	average average
	ema     matrix         // the new bonds, rows as they will be stored
	row     []fixed.I32F32 // one dense row, all zero between uses
	old     []fixed.I32F32 // the old bonds of a row under liquid alpha, likewise
	cursor  []fixed.I32F32 // what the reference's cursor sees of them
	sums    []fixed.I32F32 // per uid: the sum of a column
	tops    []fixed.I32F32 // per uid: the largest value of a column
	delta   []fixed.Divisor
	stored  []fixed.Divisor
	column  []fixed.Divisor
	top     []fixed.Divisor
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
	b.sums = zeroed(b.sums, in.N)
	b.tops = zeroed(b.tops, in.N)
	b.ema.reset(in.N)
}

// counts tells whether old bonds to uid count.
func (b *bonds) counts(uid uint16) bool { return int(uid) < len(b.kept) && b.kept[uid] }

// flush moves the positive values of the dense row into the average's next row and clears it.
func (b *bonds) flush(used bool) {
	if used {
		for uid, v := range b.row {
			if v != 0 {
				b.keep(uint16(uid), v)
				b.row[uid] = 0
			}
		}
	}
	b.ema.endRow()
}

// keep appends a value of the average if it is positive.
func (b *bonds) keep(uid uint16, v fixed.I32F32) {
	if v > 0 {
		b.ema.push(uid, v)
		b.sums[uid] = b.sums[uid].Add(v)
		b.tops[uid] = max(b.tops[uid], v)
	}
}

// divisors prepares divisions by the positive ones of d; the others are left zero.
func divisors(v []fixed.Divisor, d []fixed.I32F32) []fixed.Divisor {
	v = sized(v, len(d))
	for uid, x := range d {
		v[uid] = fixed.Divisor{}
		if x > 0 {
			v[uid] = fixed.NewDivisor(x)
		}
	}
	return v
}

// classic computes bonds that are relative within their column, and the dividends.
func (b *bonds) classic(in *Input, w *Workspace) {
	b.columnSums(in, w)
	b.delta = divisors(b.delta, b.sums)
	clear(b.sums)
	for i, row := range in.Bonds {
		used := len(row.UIDs) > 0
		if stake := w.stake.active[i]; stake > 0 {
			uids, vals := w.weights.row(i)
			used = used || len(uids) > 0
			for k, uid := range uids {
				if d := fixed.MulShare(stake, vals[k]); d > 0 {
					b.row[uid] = b.average.fresh(b.delta[uid].SafeDiv(d))
				}
			}
		}
		for k, uid := range row.UIDs {
			if x := row.Values[k]; x > 0 && b.counts(uid) {
				// Stored values and their sum are integers, divided unscaled.
				b.row[uid] = b.average.add(b.row[uid], b.stored[uid].SafeDiv(fixed.I32F32(x)))
			}
		}
		b.flush(used)
	}
	b.classicShares(in, w)
}

// columnSums prepares the column sums of the bonds that stake adds now and of the stored ones.
func (b *bonds) columnSums(in *Input, w *Workspace) {
	for _, row := range in.Bonds {
		for k, uid := range row.UIDs {
			if b.counts(uid) {
				b.sums[uid] += fixed.I32F32(row.Values[k])
			}
		}
	}
	b.stored = divisors(b.stored, b.sums)
	clear(b.sums)
	for i, stake := range w.stake.active {
		if stake == 0 {
			continue
		}
		uids, vals := w.weights.row(i)
		for k, uid := range uids {
			b.sums[uid] += fixed.MulShare(stake, vals[k])
		}
	}
}

// classicShares makes each column of the average sum to one, pays dividends by it, and leaves the average scaled for storage: the largest
// bond of a column is one.
func (b *bonds) classicShares(in *Input, w *Workspace) {
	w.Trace.bonded(&b.ema)
	b.column = divisors(b.column, b.sums)
	for uid, v := range b.tops {
		if v > 0 { // division keeps the order, so the largest stays the largest
			b.tops[uid] = b.column[uid].SafeDiv(v)
		}
	}
	b.top = divisors(b.top, b.tops)
	w.dividends = sized(w.dividends, in.N)
	for i := range w.dividends {
		uids, vals := b.ema.row(i)
		var dividend fixed.I32F32
		for k, uid := range uids {
			v := b.column[uid].SafeDiv(vals[k])
			dividend += fixed.MulShare(w.incentive[uid], v)
			if b.tops[uid] > 0 {
				v = b.top[uid].SafeDiv(v)
			}
			vals[k] = v
		}
		w.dividends[i] = dividend
	}
	normalise(w.dividends)
}

// yuma3 computes bonds that are absolute, and the dividends.
func (b *bonds) yuma3(in *Input, w *Workspace) {
	if in.Liquid.Enabled && sum(w.consensus.median) > 0 {
		b.liquid(in, w)
	} else {
		for i, row := range in.Bonds {
			uids, vals := w.weights.row(i)
			for k, uid := range uids {
				b.row[uid] = b.average.fresh(vals[k])
			}
			for k, uid := range row.UIDs {
				if b.counts(uid) {
					b.row[uid] = b.average.add(b.row[uid], fixed.ShareOfU16(row.Values[k]))
				}
			}
			b.flush(len(uids)+len(row.UIDs) > 0)
		}
	}
	w.Trace.bonded(&b.ema)
	b.column = divisors(b.column, b.sums)
	w.dividends = sized(w.dividends, in.N)
	for i := range w.dividends {
		uids, vals := b.ema.row(i)
		var owned fixed.I32F32
		for k, uid := range uids {
			owned += fixed.MulShare(w.incentive[uid], b.column[uid].SafeDiv(vals[k]))
		}
		w.dividends[i] = owned.MulOrZero(w.stake.active[i])
	}
	normalise(w.dividends)
}
