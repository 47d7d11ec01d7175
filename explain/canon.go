package explain

import (
	"math"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/yuma"
)

// parts are what an epoch's result depends on, taken apart so that those of two epochs can be mixed. Heights are resolved: rows and
// bonds hold only the entries that count, and who is active is a flag.
type parts struct {
	emission gotensor.Rao
	params   yuma.Params
	stake    stakePart
	rows     []yuma.Row
	bonds    []yuma.Row
}

// stakePart is who has how much of a say.
type stakePart struct {
	alpha          []gotensor.Rao
	permit, active []bool
	funded         []bool
	owner          *uint16
}

// canon takes a replay apart, for n uids.
func (r *Replay) canon(n int) parts {
	in := r.Input
	p := parts{
		emission: in.Emission, params: in.Params, rows: make([]yuma.Row, n), bonds: make([]yuma.Row, n),
		stake: stakePart{make([]gotensor.Rao, n), make([]bool, n), make([]bool, n), make([]bool, n), in.Owner},
	}
	p.params.ActivityCutoff, p.params.Tempo = 0, 0 // they are in the flags
	copy(p.stake.alpha, r.Output.TotalStake)
	copy(p.stake.permit, r.Trace.Permitted)
	copy(p.stake.active, r.Output.Active)
	for uid := range in.N {
		p.stake.funded[uid] = r.funded == nil || r.funded[uid]
		p.rows[uid] = r.countingRow(uid)
		p.bonds[uid] = keptBonds(in.Bonds[uid], r.Trace.OldBonds[uid].UIDs)
	}
	return p
}

// keptBonds are those entries of a row that kept names, in the row's order.
func keptBonds(row yuma.Row, kept []uint16) (out yuma.Row) {
	for k, target := range row.UIDs {
		if len(kept) > 0 && kept[0] == target {
			out.UIDs, out.Values, kept = append(out.UIDs, target), append(out.Values, row.Values[k]), kept[1:]
		}
	}
	return out
}

// countingRow is a row without the entries that would not count even with a permit.
func (r *Replay) countingRow(uid int) (out yuma.Row) {
	in := r.Input
	owns := in.Owner != nil && int(*in.Owner) == uid
	var updated gotensor.Block
	if uid < len(in.LastUpdate) {
		updated = in.LastUpdate[uid]
	}
	for k, target := range in.Weights[uid].UIDs {
		if int(target) >= in.N || int(target) == uid && !owns || in.Registered[target] >= updated {
			continue
		}
		out.UIDs, out.Values = append(out.UIDs, target), append(out.Values, in.Weights[uid].Values[k])
	}
	return out
}

// input puts an epoch together again.
func (p *parts) input() *yuma.Input {
	n := len(p.rows)
	const now, old, last = 10, 1, 5
	in := &yuma.Input{
		Params: p.params, N: n, Block: now, LastStep: last, Owner: p.stake.owner, Emission: p.emission, Alpha: p.stake.alpha, Permit: p.stake.permit,
		LastUpdate: make([]gotensor.Block, n), Registered: make([]gotensor.Block, n), Weights: p.rows, Bonds: p.bonds,
	}
	in.ActivityCutoff = 1
	for uid, active := range p.stake.active {
		in.LastUpdate[uid] = old
		if active {
			in.LastUpdate[uid] = now
		}
	}
	return in
}

// giveTo is a row that gives a share to a uid, and divides the rest as another row does.
func giveTo(uid uint16, mine float64, rest yuma.Row) yuma.Row {
	total := 0.0
	for k, u := range rest.UIDs {
		if u != uid {
			total += float64(rest.Values[k])
		}
	}
	var uids []uint16
	var shares []float64
	for k, u := range rest.UIDs {
		if u != uid && total > 0 {
			uids, shares = append(uids, u), append(shares, (1-mine)*float64(rest.Values[k])/total)
		}
	}
	if mine > 0 {
		at, _ := slices.BinarySearch(uids, uid)
		uids, shares = slices.Insert(uids, at, uid), slices.Insert(shares, at, mine)
	}
	return yuma.Row{UIDs: uids, Values: quantise(shares)}
}

// shareOf is a uid's share of a row.
func shareOf(row yuma.Row, uid uint16) float64 {
	value, total := 0.0, 0.0
	for k, u := range row.UIDs {
		total += float64(row.Values[k])
		if u == uid {
			value = float64(row.Values[k])
		}
	}
	if total == 0 {
		return 0
	}
	return value / total
}

// quantise scales shares to weights as the chain stores them, the largest 65535.
func quantise(shares []float64) []uint16 {
	largest := 0.0
	for _, x := range shares {
		largest = max(largest, x)
	}
	out := make([]uint16, len(shares))
	for k, x := range shares {
		if largest > 0 {
			out[k] = uint16(math.Round(x / largest * math.MaxUint16))
		}
	}
	return out
}
