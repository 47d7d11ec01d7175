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
		if yuma3 {
			w.dividends[i] = b.yuma3Dividend(uids, vals, values).MulOrZero(w.stake.active[i])
		} else {
			w.dividends[i] = b.classicDividend(uids, vals, values)
		}
	}
	normalise(w.dividends)
}

// preparePayers prepares what is the same for a column.
func (b *bonds) preparePayers(incentive []fixed.I32F32, yuma3 bool) {
	b.payers = sized(b.payers, len(b.columns))
	for uid, c := range b.columns {
		p := payer{sum: c.sum, incentive: fixed.NewFactor(incentive[uid])}
		if c.sum > 0 {
			p.share = fixed.NewReciprocal(c.sum, c.top)
			p.top = c.top.SafeDiv(c.sum) // division keeps the order, so the largest stays the largest
		}
		if p.top > 0 && !yuma3 {
			p.full = fixed.NewReciprocal(p.top, p.top)
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

// classicDividend returns the dividend of a row of the average and fills in the values to be stored.
func (b *bonds) classicDividend(uids []uint16, vals []fixed.I32F32, values []uint16) (dividend fixed.I32F32) {
	vals, values = vals[:len(uids)], values[:len(uids)]
	payers := b.payers
	for k, uid := range uids {
		p := &payers[uid]
		share := p.share.Of(vals[k])
		if p.share.Inexact() {
			share = vals[k].SafeDiv(p.sum)
		}
		dividend += p.incentive.Of(share)
		full := p.full.Of(share)
		if p.full.Inexact() {
			full = share.SafeDiv(p.top)
		}
		values[k] = shareU16(full)
	}
	return dividend
}

// yuma3Dividend returns the dividend of a row of the average, but for the stake, and fills in the values to be stored.
func (b *bonds) yuma3Dividend(uids []uint16, vals []fixed.I32F32, values []uint16) (dividend fixed.I32F32) {
	vals, values = vals[:len(uids)], values[:len(uids)]
	payers := b.payers
	for k, uid := range uids {
		p, v := &payers[uid], vals[k]
		share := p.share.Of(v)
		if p.share.Inexact() {
			share = v.SafeDiv(p.sum)
		}
		dividend += p.incentive.Of(share)
		values[k] = shareU16(min(v, fixed.One))
	}
	return dividend
}

// shareU16 returns U16 of a share in [0, 1].
func shareU16(share fixed.I32F32) uint16 { return uint16(uint64(share) * math.MaxUint16 >> 32) }
