package market

import (
	"math"
	"slices"
	"sort"

	"github.com/gotensor/gotensor"
)

// wants tells whether a farm registers a clone now.
func (s *subnet) wants(f int, p float64) bool {
	have := s.bought[f]
	if s.tactic.again {
		have = s.held[f]
	}
	if have >= s.tactic.count {
		return false
	}
	if s.tactic.patient && p > max(1.1*float64(s.curve.Min)/float64(gotensor.RaoPerTAO), 1.001*s.t.floor*s.bestPay) {
		return false
	}
	return p <= s.worth(s.c.ClonePay*s.model, f)
}

// outlook is what those who think about a slot know of the others.
type outlook struct {
	most, sum, net float64   // units before upkeep: the largest, all, and all that are left after it
	own            []float64 // of net, by farm
	sorted         []float64 // units of those who can be pruned
}

func (s *subnet) outlook() *outlook {
	if s.view != nil {
		return s.view
	}
	v := &outlook{own: make([]float64, s.tactic.farms+1)}
	for _, h := range s.seats {
		v.most, v.sum = max(v.most, h.units), v.sum+h.units
	}
	for _, h := range s.seats {
		left := max(0, h.units-s.rent(v.most))
		v.net += left
		v.own[h.farm] += left
		if !h.origin {
			v.sorted = append(v.sorted, h.units)
		}
	}
	slices.Sort(v.sorted)
	s.view = v
	return v
}

func (s *subnet) rent(most float64) float64 { return float64(s.t.upkeep) / 1000 * most }

// worth is what somebody expects of one more uid: its pay, if all others stay, over the epochs until somebody takes the slot, at most
// Horizon. A wise farm counts what the clone takes from its other uids; one that isn't believes in clone_pay of the model's pay without upkeep.
func (s *subnet) worth(units float64, farm int) float64 {
	v := s.outlook()
	life := s.life(units)
	if s.t.lease > 0 {
		life = min(life, float64(s.t.lease))
	}
	if farm > 0 && !s.tactic.wise {
		return units / (v.sum + units) * s.c.Pot * life
	}
	left := max(0, units-s.rent(v.most))
	if left == 0 {
		return 0
	}
	share := left / (v.net + left)
	if farm > 0 {
		share = (v.own[farm]+left)/(v.net+left) - v.own[farm]/v.net
	}
	return share * s.c.Pot * life
}

// life is for how many epochs somebody expects to hold a slot: until those who are pruned before are gone.
func (s *subnet) life(units float64) float64 {
	most := s.c.Horizon * epochsPerDay
	if len(s.seats) < s.c.Slots || s.sold < 0.01 {
		return most
	}
	before := sort.SearchFloat64s(s.outlook().sorted, math.Nextafter(units, math.Inf(1)))
	return min(most, max(immunityBlocks/epochBlocks, float64(before)/s.sold*epochsPerDay))
}
