package yuma

import "github.com/gotensor/gotensor/fixed"

// sigmoid maps a bond's distance from consensus to the alpha of its moving average, between low and high.
type sigmoid struct {
	low, high, slope fixed.I32F32
	atZero           fixed.I32F32 // alpha at distance zero, the most frequent one
}

// liquid tells whether bonds move by liquid alpha: without any consensus they do not.
func (in *Input) liquid(c *consensus) bool { return in.Liquid.Enabled && sum(c.median) > 0 }

// newSigmoid prepares liquid alpha.
func newSigmoid(p Liquid) sigmoid {
	var zero [1]fixed.I32F32
	s := sigmoid{
		low:   fixed.ShareOfU16(p.Low),
		high:  fixed.ShareOfU16(p.High),
		slope: fixed.FromI16(p.Steepness).Div(-100 * fixed.One),
	}
	s.each(zero[:])
	s.atZero = zero[0]
	return s
}

// distance returns the distance that sets a bond's alpha, 0..1: with a weight of at least the bond that of the weight above consensus, else
// that of the weight below the bond.
func distance(consensus, weight, bond fixed.I32F32) fixed.I32F32 {
	d := bond.Sub(weight)
	if weight >= bond {
		d = weight.Sub(consensus)
	}
	return d.Clamp(0, fixed.One)
}

// each replaces distances by their alphas.
func (s *sigmoid) each(x []fixed.I32F32) {
	for k, distance := range x {
		x[k] = s.slope.Mul(distance.Sub(fixed.One / 2))
	}
	fixed.ExpClampedEach(x)
	for k, exp := range x {
		share := fixed.One.Div(fixed.One.Add(exp))
		x[k] = s.low.Add(share.Mul(s.high.Sub(s.low))).Clamp(s.low, s.high)
	}
}

// liquid computes the moving average with an alpha per bond. Only pairs in a row of weights get one, so a bond to a uid that its
// validator does not list ends here. The rows keep the order of the weights.
//
// The reference reads weights and bonds for alpha with a cursor that expects ascending uids: it sees an entry as zero if a larger uid stands
// before it in its row. The average itself uses the real values.
func (b *bonds) liquid(in *Input, w *Workspace) {
	s := newSigmoid(in.Liquid)
	b.old = zeroed(b.old, in.N)
	b.cursor = zeroed(b.cursor, in.N)
	for i, row := range in.Bonds {
		uids, vals := w.weights.row(i)
		if len(uids) > 0 {
			b.scatter(row)
			b.liquidRow(&s, w.consensus.median, uids, vals)
			b.gather(row)
		}
		b.ema.endRow()
	}
}

// liquidRow averages one row; the old bonds are in b.old, what of them sets alpha in b.cursor.
func (b *bonds) liquidRow(s *sigmoid, median []fixed.I32F32, uids []uint16, vals []fixed.I32F32) {
	b.far, b.where, b.alphas = sized(b.far, len(uids)), sized(b.where, len(uids)), sized(b.alphas, len(uids))
	largest, count := -1, 0
	for k, uid := range uids {
		var seen fixed.I32F32
		if int(uid) > largest {
			largest, seen = int(uid), vals[k]
		}
		b.alphas[k] = s.atZero
		d := distance(median[uid], seen, b.cursor[uid])
		b.far[count], b.where[count] = d, uint16(k)
		if d > 0 {
			count++
		}
	}
	far := b.far[:count]
	s.each(far)
	for m, k := range b.where[:count] {
		b.alphas[k] = far[m]
	}
	for k, uid := range uids {
		alpha := b.alphas[k]
		v := fixed.MulShare(fixed.One-alpha, b.old[uid]) + fixed.MulShare(alpha, vals[k])
		b.keep(uid, min(v, fixed.One))
	}
}

// scatter spreads a row of stored bonds out, and what the cursor sees of it.
func (b *bonds) scatter(row Row) {
	largest := -1
	for k, uid := range row.UIDs {
		// Entries of uids past the end are not masked: they too stop the cursor.
		inside := int(uid) < len(b.kept)
		if inside && !b.kept[uid] {
			continue
		}
		visible := int(uid) > largest
		largest = max(largest, int(uid))
		if !inside {
			continue
		}
		v := fixed.ShareOfU16(row.Values[k])
		b.old[uid] = v
		if visible {
			b.cursor[uid] = v
		}
	}
}

// gather clears what scatter wrote.
func (b *bonds) gather(row Row) {
	for _, uid := range row.UIDs {
		if int(uid) < len(b.old) {
			b.old[uid], b.cursor[uid] = 0, 0
		}
	}
}
