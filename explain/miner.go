package explain

import (
	"cmp"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// Miner is the account of a uid as a miner: incentive = rank / all_ranks, and rank is the sum of the votes' parts.
type Miner struct {
	// Consensus is the largest weight that a majority of stake (kappa) supports: what a validator says above it is cut.
	Consensus Share `json:"consensus"`
	// Rank is the sum of the votes' parts, AllRanks that of all uids, Incentive the quotient.
	Rank      Share `json:"rank"`
	AllRanks  Share `json:"all_ranks"`
	Incentive Share `json:"incentive"`
	Place
	// Above and Below are those one place better and worse.
	Above *Neighbour `json:"above"`
	Below *Neighbour `json:"below"`
	// Votes are by part, the largest first: all who name the uid, and all who have a say.
	Votes []Vote `json:"votes"`
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
		Votes: []Vote{},
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
