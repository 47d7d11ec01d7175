package yuma

import (
	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// write fills the output, but for the bonds, from the stages' results.
func (w *Workspace) write(in *Input, out *Output) {
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
	w.emit(in, out)
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
