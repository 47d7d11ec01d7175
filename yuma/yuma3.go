package yuma

import (
	"slices"

	"github.com/gotensor/gotensor/fixed"
)

// yuma3 computes the moving average of bonds that are absolute: it averages weights and the stored bonds.
func (b *bonds) yuma3(in *Input, w *Workspace) {
	for i, row := range in.Bonds {
		uids, vals := w.weights.row(i)
		switch {
		case b.average.shares && w.order.bonds[i] && slices.Equal(uids, row.UIDs):
			b.yuma3Row(uids, vals, row.Values)
		case len(uids)+len(row.UIDs) > 0:
			b.yuma3Unlike(uids, vals, row)
		}
		b.ema.endRow()
	}
}

// yuma3Row averages a row whose weights and old bonds are for the same uids, ascending.
func (b *bonds) yuma3Row(uids []uint16, vals []fixed.I32F32, stored []uint16) {
	newUIDs, newVals := b.ema.room(len(uids))
	vals, stored = vals[:len(uids)], stored[:len(uids)]
	columns, alpha := b.columns, fixed.NewFactor(b.average.alpha)
	count := 0
	for k, uid := range uids {
		c := &columns[uid]
		v := alpha.Of(vals[k]) + c.rest.Of(fixed.ShareOfU16(stored[k]))
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

// yuma3Unlike averages a row of any weights and any old bonds.
func (b *bonds) yuma3Unlike(uids []uint16, vals []fixed.I32F32, row Row) {
	for k, uid := range uids {
		b.row[uid] = b.average.fresh(vals[k])
	}
	for k, uid := range row.UIDs {
		if b.counts(uid) {
			b.row[uid] = b.average.add(b.row[uid], fixed.ShareOfU16(row.Values[k]))
		}
	}
	b.flush()
}
