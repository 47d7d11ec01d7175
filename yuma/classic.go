package yuma

import (
	"slices"

	"github.com/gotensor/gotensor/fixed"
)

// classic computes the moving average of bonds that are relative within their column. What it averages are shares of columns: those of the
// weights times stake, and those of the stored bonds.
func (b *bonds) classic(in *Input, w *Workspace) {
	b.storedShares(in)
	b.weighedShares(w)
	for i, row := range in.Bonds {
		uids, vals := w.weights.row(i)
		stake := w.stake.active[i]
		switch {
		case b.average.shares && w.order.bonds[i] && slices.Equal(uids, row.UIDs):
			b.classicRow(uids, vals, row.Values, stake)
		case len(uids)+len(row.UIDs) > 0:
			b.classicUnlike(uids, vals, row, stake)
		}
		b.ema.endRow()
	}
}

// storedShares prepares divisions of the stored bonds that count by the sum of their column.
func (b *bonds) storedShares(in *Input) {
	b.sums = zeroed(b.sums, in.N)
	sums := b.sums
	for _, row := range in.Bonds {
		values := row.Values[:len(row.UIDs)]
		for k, uid := range row.UIDs {
			if int(uid) < len(sums) {
				sums[uid] += fixed.I32F32(values[k])
			}
		}
	}
	for uid, total := range sums {
		// Stored values and their sum are integers, divided unscaled: the quotient is the same.
		b.columns[uid].stored = fixed.NewReciprocal(total)
	}
}

// weighedShares prepares divisions of weights times stake by the sum of their column.
func (b *bonds) weighedShares(w *Workspace) {
	for uid, total := range w.weighed {
		b.columns[uid].delta = fixed.NewReciprocal(total)
	}
}

// classicRow averages a row whose weights and old bonds are for the same uids, ascending, as those of a validator in steady state are. All
// divisors are at most one: stakes, and so a column of weights times stake, add up to no more, and sums of stored bonds are
// integers that stand for less.
func (b *bonds) classicRow(uids []uint16, vals []fixed.I32F32, stored []uint16, stake fixed.I32F32) {
	newUIDs, newVals := b.ema.room(len(uids))
	vals, stored = vals[:len(uids)], stored[:len(uids)]
	columns := b.columns
	say, alpha := fixed.NewFactor(stake), fixed.NewFactor(b.average.alpha)
	count := 0
	for k, uid := range uids {
		c := &columns[uid]
		v := alpha.Of(c.delta.OfShare(say.Of(vals[k]))) + c.rest.Of(c.stored.OfShare(fixed.I32F32(stored[k])))
		if v == 0 {
			continue
		}
		newUIDs[count], newVals[count] = uid, v
		count++
		c.sum += v
		c.top = max(c.top, v)
	}
	b.ema.use(count)
}

// classicUnlike averages a row of any weights and any old bonds.
func (b *bonds) classicUnlike(uids []uint16, vals []fixed.I32F32, row Row, stake fixed.I32F32) {
	for k, uid := range uids {
		b.row[uid] = b.average.fresh(b.columns[uid].delta.Of(fixed.MulShare(stake, vals[k])))
	}
	for k, uid := range row.UIDs {
		if b.counts(uid) {
			b.row[uid] = b.average.add(b.row[uid], b.columns[uid].stored.Of(fixed.I32F32(row.Values[k])))
		}
	}
	b.flush()
}
