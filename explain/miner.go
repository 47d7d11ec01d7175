package explain

import (
	"cmp"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
	"github.com/gotensor/gotensor/price"
)

// Miner is the account of a uid as a miner: incentive = rank / all_ranks, and rank is the sum of the votes' parts.
type Miner struct {
	// Consensus is the largest weight that a majority of stake (kappa) supports: what a validator says above it is cut.
	Consensus Share `json:"consensus"`
	// Rank is the sum of the votes' parts, AllRanks that of all uids, Incentive the quotient.
	Rank      Share `json:"rank"`
	AllRanks  Share `json:"all_ranks"`
	Incentive Share `json:"incentive"`
	// Upkeep is what the slot cost; nil where the subnet takes none.
	Upkeep *Upkeep `json:"upkeep,omitempty"`
	Place
	// Above and Below are those one place better and worse.
	Above *Neighbour `json:"above"`
	Below *Neighbour `json:"below"`
	// Votes are by part, the largest first: all who name the uid, and all who have a say.
	Votes []Vote `json:"votes"`
}

// Upkeep is how the pay of a miner comes from its incentive where slots cost a rent: Pay = Earned - Paid + Back.
type Upkeep struct {
	// Rate is the rent in thousandths of the largest pay before it, Rent that in rao.
	Rate uint16       `json:"permille_rate"`
	Rent gotensor.Rao `json:"rao_rent"`
	// Earned is the pay before, Paid what was taken of it: the rent, or all where that is less. Back is the miner's part of what all paid.
	Earned gotensor.Rao `json:"rao_earned"`
	Paid   gotensor.Rao `json:"rao_paid"`
	Back   gotensor.Rao `json:"rao_back"`
}

// upkeep of a miner, nil without.
func (r *Replay) upkeep(uid uint16) *Upkeep {
	if r.Input.Upkeep == 0 || !r.Paid {
		return nil
	}
	earned := r.Output.ServerEmission
	u := &Upkeep{Rate: r.Input.Upkeep, Rent: price.Rent(slices.Max(earned), r.Input.Upkeep), Earned: earned[uid]}
	u.Paid = min(u.Rent, u.Earned)
	u.Back = r.Incentive[uid] - (u.Earned - u.Paid)
	return u
}

// Vote is what one validator says of a miner.
type Vote struct {
	UID uint16 `json:"uid"`
	// Stake is its share of all stake, Say that of the stake that counts: active and with a permit.
	Stake Share `json:"stake"`
	Say   Share `json:"say"`
	// Raw is the weight's share of the row as it was sent.
	Raw float64 `json:"raw"`
	// Weight is its share of the row after entries that do not count are dropped, Clipped what consensus leaves of it, Cut the rest.
	Weight  Share `json:"weight"`
	Clipped Share `json:"clipped"`
	Cut     Share `json:"cut"`
	// Part is Say x Clipped, rounded down; Pay is that part of the miner's incentive, rao.
	Part Share        `json:"part"`
	Pay  gotensor.Rao `json:"rao_pay"`
	// Why is empty where the vote counts.
	Why Why `json:"why"`
}

func (r *Replay) miner(uid uint16) Miner {
	m := Miner{
		Consensus: Share(r.Trace.Consensus[uid]), Rank: Share(r.ranks[uid]), AllRanks: Share(r.allRanks), Incentive: Share(r.Trace.Incentive[uid]),
		Upkeep: r.upkeep(uid), Votes: []Vote{},
	}
	order, at := standing(r.Trace.Incentive, uid)
	m.Place = placeOf(order, at)
	m.Above, m.Below = neighbours(order, at, r.Trace.Incentive, r.Incentive)
	var parts []fixed.I32F32
	for i := range r.Input.N {
		raw, named := r.rawShare(i, uid)
		if !named && (r.Trace.Say[i] == 0 || i == int(uid)) {
			continue
		}
		weight := r.weight(i, uid)
		clipped, part := min(weight, r.Trace.Consensus[uid]), r.rankTerm(i, uid, weight)
		m.Votes = append(m.Votes, Vote{
			UID: uint16(i), Stake: Share(r.Trace.Stake[i]), Say: Share(r.Trace.Say[i]), Raw: raw, Weight: Share(weight), Clipped: Share(clipped),
			Cut: Share(weight - clipped), Part: Share(part), Why: r.why(i, uid, named),
		})
		parts = append(parts, part)
	}
	for k, pay := range apportion(r.Incentive[uid], parts) {
		m.Votes[k].Pay = pay
	}
	slices.SortStableFunc(m.Votes, func(a, b Vote) int { return cmp.Or(cmp.Compare(b.Part, a.Part), cmp.Compare(b.Say, a.Say)) })
	return m
}
