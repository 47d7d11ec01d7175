package yuma

import (
	"math"

	"github.com/gotensor/gotensor/fixed"
)

// payer is what the dividends of bonds to one uid, and the bonds' storage, read: a cache line.
type payer struct {
	share     fixed.Reciprocal // of the column's sum
	full      fixed.Reciprocal // classic: of top
	sum       fixed.I32F32     // of the column
	top       fixed.I32F32     // classic: the column's largest share
	incentive fixed.Factor
	_         uint64
}

// pay computes the dividends from the average, a column of which sums to one for the purpose, and stores the bonds of those who have a
// permit for the next epoch: classic ones scaled such that the largest of a column is one, Yuma3 ones as they are.
func (b *bonds) pay(w *Workspace, yuma3 bool, rows []Row) {
	b.preparePayers(w.incentive, yuma3)
	w.dividends = sized(w.dividends, len(rows))
	for i := range rows {
		uids, vals := b.ema.row(i)
		values := b.store(&rows[i], uids, w.stake.next[i])
		var dividend fixed.I32F32
		switch {
		case !b.average.shares:
			dividend = b.oddDividend(uids, vals, values)
		case yuma3:
			dividend = b.yuma3Dividend(uids, vals, values)
		default:
			dividend = b.classicDividend(uids, vals, values)
		}
		if yuma3 {
			dividend = dividend.MulOrZero(w.stake.active[i])
		}
		w.dividends[i] = dividend
	}
	normalise(w.dividends)
}

// preparePayers prepares what is the same for a column.
func (b *bonds) preparePayers(incentive []fixed.I32F32, yuma3 bool) {
	b.payers = sized(b.payers, len(b.columns))
	for uid, c := range b.columns {
		p := payer{sum: c.sum, share: fixed.NewReciprocal(c.sum), incentive: fixed.NewFactor(incentive[uid])}
		if !yuma3 {
			p.top = c.top.SafeDiv(c.sum) // division keeps the order, so the largest stays the largest
			p.full = fixed.NewReciprocal(p.top)
		}
		b.payers[uid] = p
	}
}

// store makes the row one of these uids, if it is kept, else empty, and returns where their values go.
func (b *bonds) store(row *Row, uids []uint16, kept bool) []uint16 {
	if !kept {
		b.values = sized(b.values, len(uids))
		return b.values
	}
	row.UIDs = append(row.UIDs[:0], uids...)
	row.Values = sized(row.Values, len(uids))
	return row.Values
}

// classicDividend returns the dividend of a row of the average and fills in the values to be stored. A column of the average adds up to at
// most one, since both that it averages do.
func (b *bonds) classicDividend(uids []uint16, vals []fixed.I32F32, values []uint16) (dividend fixed.I32F32) {
	vals, values = vals[:len(uids)], values[:len(uids)]
	payers := b.payers
	for k, uid := range uids {
		p := &payers[uid]
		share := p.share.OfShare(vals[k])
		dividend += p.incentive.Of(share)
		values[k] = shareU16(p.full.OfShare(share))
	}
	return dividend
}

// yuma3Dividend returns the dividend of a row of the average, but for the stake, and fills in the values to be stored.
func (b *bonds) yuma3Dividend(uids []uint16, vals []fixed.I32F32, values []uint16) (dividend fixed.I32F32) {
	vals, values = vals[:len(uids)], values[:len(uids)]
	payers := b.payers
	for k, uid := range uids {
		p, v := &payers[uid], vals[k]
		dividend += p.incentive.Of(p.share.Of(v))
		values[k] = shareU16(v)
	}
	return dividend
}

// oddDividend is either for an average that keeps more than all of the old bonds, so that new ones may exceed one.
func (b *bonds) oddDividend(uids []uint16, vals []fixed.I32F32, values []uint16) (dividend fixed.I32F32) {
	for k, uid := range uids {
		p, v := &b.payers[uid], vals[k]
		share := v.SafeDiv(p.sum)
		dividend += p.incentive.Of(share)
		if p.top > 0 { // classic
			v = share.SafeDiv(p.top)
		}
		values[k] = v.U16()
	}
	return dividend
}

// shareU16 returns U16 of a share in [0, 1].
func shareU16(share fixed.I32F32) uint16 { return uint16(uint64(share) * math.MaxUint16 >> 32) }
