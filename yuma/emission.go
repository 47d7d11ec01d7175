package yuma

import (
	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// write fills the output from the stages' results. Nothing of the input's rows is read any more.
func (w *Workspace) write(in *Input, out *Output) {
	out.resize(in.N)
	copy(out.Active, w.stake.isActive)
	copy(out.Permit, w.stake.next)
	for uid := range in.N {
		out.StakeWeight[uid] = w.stake.share[uid].U16()
		out.Consensus[uid] = w.consensus.median[uid].U16()
		out.VTrust[uid] = w.vtrust[uid].U16()
		out.Incentive[uid] = w.incentive[uid].U16()
		out.Dividends[uid] = w.dividends[uid].U16()
		out.TotalStake[uid] = gotensor.Rao(w.stake.total[uid].U64())
	}
	for uid := range out.Bonds {
		if out.Permit[uid] {
			storeBonds(&out.Bonds[uid], &w.bonds.ema, uid)
		}
	}
	w.emit(in, out)
}

// storeBonds writes row i of the moving average as shares of 65535.
func storeBonds(row *Row, ema *matrix, i int) {
	uids, vals := ema.row(i)
	row.UIDs = append(row.UIDs, uids...)
	row.Values = sized(row.Values, len(vals))
	for k, v := range vals {
		row.Values[k] = v.U16()
	}
}

// emit divides the emission by incentive and dividends; if both are all zero, among validators by active stake, or by all stake if none is
// active.
func (w *Workspace) emit(in *Input, out *Output) {
	var total fixed.I32F32
	for uid, v := range w.incentive {
		total += v.Add(w.dividends[uid])
	}
	stake := w.stake.active
	if sum(stake) == 0 {
		stake = w.stake.share
	}
	for uid := range in.N {
		server, validator := w.incentive[uid], w.dividends[uid]
		combined := server.Add(validator)
		if total == 0 {
			validator, combined = stake[uid], stake[uid]
		} else {
			server, validator, combined = server.SafeDiv(total), validator.SafeDiv(total), combined.SafeDiv(total)
		}
		out.ServerEmission[uid] = pay(server, in.Emission)
		out.ValidatorEmission[uid] = pay(validator, in.Emission)
		out.CombinedEmission[uid] = pay(combined, in.Emission)
	}
}

// pay returns a share of an amount, rounded down.
func pay(share fixed.I32F32, amount gotensor.Rao) gotensor.Rao {
	return gotensor.Rao(share.MulU64(uint64(amount)).U64())
}
