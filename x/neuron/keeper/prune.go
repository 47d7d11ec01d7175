package keeper

import (
	"cmp"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// pruning is what decides who makes room for a newcomer.
type pruning struct {
	neurons  []types.Neuron
	emission []gotensor.Rao
	// incentive tells those apart whom the epoch paid the same: under upkeep the weaker miners get nothing, whatever they are worth.
	incentive []uint16
	subnet    subnettypes.Subnet
	hyper     subnettypes.Hyperparameters
	height    int64
}

// victim is the uid that a newcomer takes in a full subnet: among the neurons outside immunity, if there are more than
// min_non_immune_uids, else among the immune ones, if there are any, the one with the lowest emission of the latest epoch, then the
// lowest incentive, then the oldest, then the lowest uid. The owner's neurons are never taken; if no other is left there is none. Source: the
// pruning of subtensor, which pays by incentive and so needs none beside emission.
func (p pruning) victim() (gotensor.UID, bool) {
	exempt := p.exempt()
	var immune, mortal []int
	for uid, n := range p.neurons {
		switch {
		case exempt[uid]:
		case p.height < immuneUntil(n, p.hyper):
			immune = append(immune, uid)
		default:
			mortal = append(mortal, uid)
		}
	}
	from := mortal
	if len(mortal) <= int(p.hyper.MinNonImmuneUIDs) && len(immune) > 0 {
		from = immune
	}
	if len(from) == 0 {
		return 0, false
	}
	uid := slices.MinFunc(from, func(a, b int) int {
		return cmp.Or(cmp.Compare(p.emission[a], p.emission[b]), cmp.Compare(p.incentive[a], p.incentive[b]), p.byAge(a, b))
	})
	return gotensor.UID(uid), true
}

// exempt marks the owner's hotkey and the oldest neurons of his coldkey.
func (p pruning) exempt() map[int]bool {
	out := make(map[int]bool)
	var owned []int
	for uid, n := range p.neurons {
		if p.subnet.OwnerHotkey != "" && n.Hotkey == p.subnet.OwnerHotkey {
			out[uid] = true
		}
		if p.subnet.Owner != "" && n.Coldkey == p.subnet.Owner {
			owned = append(owned, uid)
		}
	}
	slices.SortFunc(owned, p.byAge)
	for _, uid := range owned[:min(len(owned), int(p.hyper.OwnerImmuneNeuronLimit))] {
		out[uid] = true
	}
	return out
}

func (p pruning) byAge(a, b int) int {
	return cmp.Or(cmp.Compare(p.neurons[a].RegisteredHeight, p.neurons[b].RegisteredHeight), cmp.Compare(a, b))
}

// immuneUntil is the height at which a neuron can first be pruned in its turn.
func immuneUntil(n types.Neuron, h subnettypes.Hyperparameters) int64 {
	return n.RegisteredHeight + int64(h.ImmunityBlocks())
}
