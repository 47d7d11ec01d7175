package explain

import (
	"cmp"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// Validator is the account of a uid as a validator: dividends = worth / all_worths. The worth is the sum of the targets' parts, under
// Yuma3 times the validator's say.
type Validator struct {
	// RaoStake is its stake, Stake its share of all that counts; Place is by that, over all with stake.
	RaoStake gotensor.Rao `json:"rao_stake"`
	Stake    Share        `json:"stake"`
	Place
	// Say is its share of the stake that has a say.
	Say Share `json:"say"`
	// Permit is what it had in this epoch, from the one before; NextPermit what this epoch gives: to the Permits largest stakes, and
	// to the owner's hotkey.
	Permit     bool   `json:"permit"`
	NextPermit bool   `json:"next_permit"`
	Permits    uint16 `json:"permits"`
	Owner      bool   `json:"owner"`
	// BelowThreshold tells that the stake is less than a subnet asks for and counts as none.
	BelowThreshold bool         `json:"below_threshold"`
	Threshold      gotensor.Rao `json:"rao_threshold"`
	// Active: LastUpdate, the height of its row's commitment, is no more than Cutoff blocks old.
	Active     bool           `json:"active"`
	LastUpdate gotensor.Block `json:"last_update"`
	Cutoff     gotensor.Block `json:"cutoff_blocks"`
	// Trust is what clipping left of its row.
	Trust Share `json:"validator_trust"`
	// Funded tells whether a staking validator stands behind it: without one its dividends are not paid.
	Funded bool `json:"funded"`
	// Bonded is the sum of the targets' parts; Worth that times Say under Yuma3; Dividends is Worth / AllWorths.
	Bonded    Share `json:"bonded"`
	Worth     Share `json:"worth"`
	AllWorths Share `json:"all_worths"`
	Dividends Share `json:"dividends"`
	Yuma3     bool  `json:"yuma3"`
	// Targets are by part, the largest first: all whom its row names or to whom it is bonded.
	Targets []Target `json:"targets"`
}

// Target is a miner of whom a validator says something, or to whom it is bonded.
type Target struct {
	UID uint16 `json:"uid"`
	// Raw is the weight's share of the row as it was sent, Weight that after entries that do not count are dropped.
	Raw    float64 `json:"raw"`
	Weight Share   `json:"weight"`
	// Consensus is the most that counts; Clipped and Cut are what it leaves and takes.
	Consensus Share `json:"consensus"`
	Clipped   Share `json:"clipped"`
	Cut       Share `json:"cut"`
	Why       Why   `json:"why"`
	// OldBond is the bond before the epoch (under Yuma3 a share of one, classic relative to the largest of its column), Bond the new one,
	// Column its share of all bonds to that miner.
	OldBond Share `json:"old_bond"`
	Bond    Share `json:"bond"`
	Column  Share `json:"column"`
	// Incentive is the miner's; Part is Incentive x Column, rounded down; Pay is that part of the dividends, rao.
	Incentive Share        `json:"incentive"`
	Part      Share        `json:"part"`
	Pay       gotensor.Rao `json:"rao_pay"`
}

func (r *Replay) validator(uid uint16) Validator {
	in := r.Input
	order, at := standing(r.Trace.Stake, uid)
	v := Validator{
		RaoStake: r.Output.TotalStake[uid], Stake: Share(r.Trace.Stake[uid]), Place: placeOf(order, at), Say: Share(r.Trace.Say[uid]),
		Permit: r.Trace.Permitted[uid], NextPermit: r.Output.Permit[uid], Permits: in.MaxValidators, Owner: in.Owner != nil && *in.Owner == uid,
		Threshold: in.MinStake, Active: r.Output.Active[uid], Cutoff: in.ActivityCutoff, Trust: Share(r.Trace.VTrust[uid]),
		Funded: r.funded == nil || r.funded[uid], Worth: Share(r.worths[uid]), AllWorths: Share(r.worthAll), Dividends: Share(r.Trace.Dividends[uid]),
		Yuma3: in.Yuma3, Targets: []Target{},
	}
	v.BelowThreshold = v.RaoStake < v.Threshold && !v.Owner
	if int(uid) < len(in.LastUpdate) {
		v.LastUpdate = in.LastUpdate[uid]
	}
	var parts []fixed.I32F32
	for _, target := range r.targets(uid) {
		t := r.target(uid, target)
		v.Targets, parts = append(v.Targets, t), append(parts, fixed.I32F32(t.Part))
		v.Bonded += t.Part
	}
	for k, pay := range apportion(r.Dividends[uid], parts) {
		v.Targets[k].Pay = pay
	}
	slices.SortStableFunc(v.Targets, func(a, b Target) int { return cmp.Or(cmp.Compare(b.Part, a.Part), cmp.Compare(b.Weight, a.Weight)) })
	return v
}

// targets are all whom a validator names or is bonded to, ascending.
func (r *Replay) targets(uid uint16) []uint16 {
	all := slices.Concat(r.Input.Weights[uid].UIDs, r.Trace.OldBonds[uid].UIDs, r.Trace.Bonds[uid].UIDs)
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(u uint16) bool { return int(u) >= r.Input.N })
}

func (r *Replay) target(uid, target uint16) Target {
	raw, named := r.rawShare(int(uid), target)
	weight := r.weight(int(uid), target)
	clipped := min(weight, r.Trace.Consensus[target])
	old, _ := r.Trace.OldBonds[uid].At(target)
	bond, _ := r.Trace.Bonds[uid].At(target)
	return Target{
		UID: target, Raw: raw, Weight: Share(weight), Consensus: Share(r.Trace.Consensus[target]), Clipped: Share(clipped), Cut: Share(weight - clipped),
		Why: r.why(int(uid), target, named), OldBond: Share(old), Bond: Share(bond), Column: Share(r.column(target, bond)),
		Incentive: Share(r.Trace.Incentive[target]), Part: Share(r.worthTerm(target, bond)),
	}
}
