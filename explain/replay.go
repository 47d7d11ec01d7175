package explain

import (
	"fmt"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
	"github.com/gotensor/gotensor/price"
	"github.com/gotensor/gotensor/yuma"
)

// Replay is an epoch computed once more.
type Replay struct {
	Input  *yuma.Input
	Output yuma.Output
	Trace  yuma.Trace
	// Paid tells whether anybody has incentive: without, the chain pays nobody and carries the emission.
	Paid bool
	// Incentive and Dividends are what the chain pays per uid. A dividend for a uid that no staking validator stands behind is not paid.
	Incentive, Dividends []gotensor.Rao

	funded   []bool
	ranks    []fixed.I32F32 // per miner: the stake-weighted sum of clipped weights
	columns  []fixed.I32F32 // per miner: the sum of all bonds to it
	worths   []fixed.I32F32 // per validator: what its bonds are worth
	allRanks fixed.I32F32
	worthAll fixed.I32F32
}

// Run replays an epoch. funded tells per uid whether a staking validator stands behind it; nil: all are. It fails as yuma.Epoch does.
func Run(in *yuma.Input, funded []bool) (*Replay, error) {
	if funded != nil && len(funded) != in.N {
		return nil, fmt.Errorf("%w: funded has %d elements, want N = %d, or nil", yuma.ErrShape, len(funded), in.N)
	}
	r := &Replay{Input: in, funded: funded}
	w := yuma.Workspace{Trace: &r.Trace}
	if err := w.Epoch(in, &r.Output); err != nil {
		return nil, err
	}
	r.Paid, r.Incentive, r.Dividends = payments(in, &r.Output, funded)
	r.sum()
	return r, nil
}

// payments are what the chain makes of an epoch's output.
func payments(in *yuma.Input, out *yuma.Output, funded []bool) (paid bool, incentive, dividends []gotensor.Rao) {
	incentive, dividends = make([]gotensor.Rao, in.N), make([]gotensor.Rao, in.N)
	if paid = slices.ContainsFunc(out.Incentive, func(x uint16) bool { return x > 0 }); !paid {
		return paid, incentive, dividends
	}
	copy(incentive, price.Upkeep(out.ServerEmission, in.Upkeep))
	for uid := range dividends {
		if funded == nil || funded[uid] {
			dividends[uid] = out.ValidatorEmission[uid]
		}
	}
	return paid, incentive, dividends
}

// sum adds up the terms of all uids.
func (r *Replay) sum() {
	n := r.Input.N
	r.ranks, r.columns, r.worths = make([]fixed.I32F32, n), make([]fixed.I32F32, n), make([]fixed.I32F32, n)
	for i, row := range r.Trace.Weights {
		for k, uid := range row.UIDs {
			r.ranks[uid] += r.rankTerm(i, uid, row.Values[k])
		}
		for k, uid := range r.Trace.Bonds[i].UIDs {
			r.columns[uid] = r.columns[uid].Add(r.Trace.Bonds[i].Values[k])
		}
	}
	for i, row := range r.Trace.Bonds {
		for k, uid := range row.UIDs {
			r.worths[i] += r.worthTerm(uid, row.Values[k])
		}
		if r.Input.Yuma3 {
			r.worths[i] = r.worths[i].MulOrZero(r.Trace.Say[i])
		}
		r.worthAll += r.worths[i]
	}
	for _, x := range r.ranks {
		r.allRanks += x
	}
}

// rankTerm is what the weight of validator i adds to a miner's rank.
func (r *Replay) rankTerm(i int, miner uint16, weight fixed.I32F32) fixed.I32F32 {
	return fixed.MulShare(r.Trace.Say[i], min(weight, r.Trace.Consensus[miner]))
}

// column is a bond's share of all bonds to its miner.
func (r *Replay) column(miner uint16, bond fixed.I32F32) fixed.I32F32 {
	return bond.SafeDiv(r.columns[miner])
}

// worthTerm is what a bond adds to its validator's worth.
func (r *Replay) worthTerm(miner uint16, bond fixed.I32F32) fixed.I32F32 {
	return fixed.MulShare(r.Trace.Incentive[miner], r.column(miner, bond))
}

// Stored is what the chain stored of an epoch, one element per uid; nil columns are not compared.
type Stored struct {
	Consensus, Incentive, Dividends, VTrust []uint16
	Permit, Active                          []bool
	Emission                                []gotensor.Rao
	Stake                                   []gotensor.Rao // as the epoch saw it
	Bonds                                   []yuma.Row
	// Sums are those of all uids that the chain reported, also of uids that are gone; nil: not compared.
	Sums *Sums
	// Gone are uids that others hold by now, so that the chain no longer tells what they got.
	Gone []bool
}

// Sums are what an epoch paid in all.
type Sums struct{ Incentive, Dividends gotensor.Rao }

// Difference is one value that the chain stored otherwise. Columns whose name begins with all_ are sums; their UID means nothing.
type Difference struct {
	Column   string `json:"column"`
	UID      uint16 `json:"uid"`
	Replayed string `json:"replayed"`
	Stored   string `json:"stored"`
}

// Check compares the replay with what the chain stored and returns the first difference of each column, in order.
func (r *Replay) Check(s *Stored) []Difference {
	out := []Difference{}
	emission := make([]gotensor.Rao, r.Input.N)
	for uid := range emission {
		emission[uid] = r.Incentive[uid] + r.Dividends[uid]
	}
	for _, d := range []*Difference{
		differs("consensus", r.Output.Consensus, s.Consensus, s.Gone), differs("incentive", r.Output.Incentive, s.Incentive, s.Gone),
		differs("dividends", r.Output.Dividends, s.Dividends, s.Gone), differs("validator_trust", r.Output.VTrust, s.VTrust, s.Gone),
		differs("permit", r.Output.Permit, s.Permit, s.Gone), differs("active", r.Output.Active, s.Active, s.Gone),
		differs("emission", emission, s.Emission, s.Gone), differs("stake", r.Output.TotalStake, s.Stake, s.Gone), r.differentBonds(s),
		r.differentSum("all_incentive", r.Incentive, s, func(x *Sums) gotensor.Rao { return x.Incentive }),
		r.differentSum("all_dividends", r.Dividends, s, func(x *Sums) gotensor.Rao { return x.Dividends }),
	} {
		if d != nil {
			out = append(out, *d)
		}
	}
	return out
}

func differs[T comparable](column string, replayed, stored []T, gone []bool) *Difference {
	if stored == nil {
		return nil
	}
	for uid, v := range replayed {
		if gone != nil && gone[uid] {
			continue
		}
		if uid >= len(stored) {
			return &Difference{column, uint16(uid), fmt.Sprint(v), "nothing"}
		}
		if v != stored[uid] {
			return &Difference{column, uint16(uid), fmt.Sprint(v), fmt.Sprint(stored[uid])}
		}
	}
	return nil
}

func (r *Replay) differentSum(column string, pay []gotensor.Rao, s *Stored, of func(*Sums) gotensor.Rao) *Difference {
	if s.Sums == nil {
		return nil
	}
	var sum gotensor.Rao
	for _, x := range pay {
		sum += x
	}
	return differs(column, []gotensor.Rao{sum}, []gotensor.Rao{of(s.Sums)}, nil)
}

func (r *Replay) differentBonds(s *Stored) *Difference {
	if s.Bonds == nil {
		return nil
	}
	for uid, row := range r.Output.Bonds {
		if s.Gone != nil && s.Gone[uid] {
			continue
		}
		want, got := presentBonds(row, s.Gone), yuma.Row{}
		if uid < len(s.Bonds) {
			got = presentBonds(s.Bonds[uid], s.Gone)
		}
		if !slices.Equal(want.UIDs, got.UIDs) || !slices.Equal(want.Values, got.Values) {
			return &Difference{"bonds", uint16(uid), fmt.Sprint(want), fmt.Sprint(got)}
		}
	}
	return nil
}

// presentBonds are the bonds of a row to those who are still there.
func presentBonds(row yuma.Row, gone []bool) yuma.Row {
	var out yuma.Row
	for k, uid := range row.UIDs {
		if gone == nil || int(uid) >= len(gone) || !gone[uid] {
			out.UIDs, out.Values = append(out.UIDs, uid), append(out.Values, row.Values[k])
		}
	}
	return out
}
