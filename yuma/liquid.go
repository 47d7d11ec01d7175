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
	s := sigmoid{
		low:   fixed.ShareOfU16(p.Low),
		high:  fixed.ShareOfU16(p.High),
		slope: fixed.FromI16(p.Steepness).Div(-100 * fixed.One),
	}
	s.atZero = s.at(0)
	return s
}

// alpha returns the alpha of a bond: with a weight of at least the bond the distance is that of the weight above consensus, else
// that of the weight below the bond.
func (s *sigmoid) alpha(consensus, weight, bond fixed.I32F32) fixed.I32F32 {
	distance := bond.Sub(weight)
	if weight >= bond {
		distance = weight.Sub(consensus)
	}
	if distance <= 0 {
		return s.atZero
	}
	return s.at(min(distance, fixed.One))
}

// at evaluates the sigmoid at a distance in [0, 1].
func (s *sigmoid) at(distance fixed.I32F32) fixed.I32F32 {
	exp := fixed.ExpClamped(s.slope.Mul(distance.Sub(fixed.One / 2)))
	share := fixed.One.Div(fixed.One.Add(exp))
	return s.low.Add(share.Mul(s.high.Sub(s.low))).Clamp(s.low, s.high)
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
			largest := -1
			for k, uid := range uids {
				var seen fixed.I32F32
				if int(uid) > largest {
					largest, seen = int(uid), vals[k]
				}
				alpha := s.alpha(w.consensus.median[uid], seen, b.cursor[uid])
				v := fixed.MulShare(fixed.One-alpha, b.old[uid]) + fixed.MulShare(alpha, vals[k])
				b.keep(uid, min(v, fixed.One))
			}
			b.gather(row)
		}
		b.ema.endRow()
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
