package yuma

import "github.com/gotensor/gotensor/fixed"

// clip cuts weights down to consensus, which gives each row's vtrust and each uid's incentive, and leaves in w.weights the weights that
// move bonds: between the full weight and the clipped one, as the bonds penalty says.
func (w *Workspace) clip(in *Input) {
	penalty := fixed.ShareOfU16(in.BondsPenalty)
	w.incentive = zeroed(w.incentive, in.N)
	w.vtrust = sized(w.vtrust, in.N)
	var scratch []fixed.I32F32
	if penalty > 0 && penalty < fixed.One {
		w.bonds.row = zeroed(w.bonds.row, in.N)
		scratch = w.bonds.row
	}
	m, median := &w.weights, w.consensus.median
	if penalty == fixed.One && (!in.Yuma3 || !in.Liquid.Enabled) {
		for i := range in.N {
			uids, vals := m.row(i)
			w.vtrust[i] = w.cut(uids, vals, w.stake.active[i])
		}
	} else {
		w.clipOthers(in.N, blend{median, scratch, penalty})
	}
	w.weigh(in, penalty)
	normalise(w.incentive)
}

// cut is rank that leaves the clipped weights in vals. A weight for a uid of median zero stays, as a zero: without liquid alpha
// bonds do not tell that from none.
func (w *Workspace) cut(uids []uint16, vals []fixed.I32F32, stake fixed.I32F32) (trust fixed.I32F32) {
	median, ranks := w.consensus.median, w.incentive
	say := fixed.NewFactor(stake)
	vals = vals[:len(uids)]
	for k, uid := range uids {
		v := min(vals[k], median[uid])
		vals[k] = v
		trust += v
		ranks[uid] += say.Of(v)
	}
	return trust
}

// clipOthers computes trust and ranks, and rewrites the rows as liquid alpha and other penalties want them.
func (w *Workspace) clipOthers(n int, how blend) {
	m := &w.weights
	to, from := 0, 0
	for i := range n {
		end := m.start[i+1]
		uids, vals := m.uids[from:end], m.vals[from:end]
		w.vtrust[i] = w.rank(uids, vals, w.stake.active[i])
		switch how.penalty {
		case 0:
			to = end
		case fixed.One:
			to = clipRow(m, to, uids, vals, how.median)
		default:
			to = blendRow(m, to, uids, vals, how)
		}
		from = end
		m.start[i+1] = to
	}
	m.uids, m.vals = m.uids[:to], m.vals[:to]
}

// weigh sums up the weights that move classic bonds, times stake. If they are the clipped ones these are the ranks.
func (w *Workspace) weigh(in *Input, penalty fixed.I32F32) {
	if in.Yuma3 {
		return
	}
	if penalty == fixed.One {
		w.weighed = append(w.weighed[:0], w.incentive...)
		return
	}
	w.weighed = zeroed(w.weighed, in.N)
	for i, stake := range w.stake.active {
		if stake > 0 {
			uids, vals := w.weights.row(i)
			for k, uid := range uids {
				w.weighed[uid] += fixed.MulShare(stake, vals[k])
			}
		}
	}
}

// rank adds a row's clipped weights times its stake to the ranks, which become the incentive, and returns the clipped row's sum.
func (w *Workspace) rank(uids []uint16, vals []fixed.I32F32, stake fixed.I32F32) (trust fixed.I32F32) {
	median, ranks := w.consensus.median, w.incentive
	for k, uid := range uids {
		v := min(vals[k], median[uid])
		trust += v
		ranks[uid] += fixed.MulShare(stake, v)
	}
	return trust
}

// clipRow writes a row clipped to the medians at m's entry to, which is not behind the row, and returns where it ends. A weight for a uid of median
// zero is dropped, an explicit zero stays.
func clipRow(m *matrix, to int, uids []uint16, vals, median []fixed.I32F32) int {
	for k, uid := range uids {
		v, limit := vals[k], median[uid]
		m.uids[to], m.vals[to] = uid, min(v, limit)
		if limit > 0 || v == 0 {
			to++
		}
	}
	return to
}

// blend are the arguments of blendRow.
type blend struct {
	median  []fixed.I32F32
	row     []fixed.I32F32 // zeros, per uid; blendRow leaves zeros
	penalty fixed.I32F32
}

// blendRow is clipRow with w + penalty * (clipped - w) for each weight w, rounded down. The row comes out in ascending order
// without zeros.
func blendRow(m *matrix, to int, uids []uint16, vals []fixed.I32F32, b blend) int {
	for k, uid := range uids {
		v := vals[k]
		b.row[uid] = v.Add(b.penalty.Mul(min(v, b.median[uid]).Sub(v)))
	}
	for uid, v := range b.row {
		if v > 0 {
			m.uids[to], m.vals[to] = uint16(uid), v
			to++
		}
		b.row[uid] = 0
	}
	return to
}
