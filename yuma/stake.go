package yuma

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// stakes are the stakes of an epoch and what follows from them alone.
type stakes struct {
	total    []fixed.I64F64 // alpha plus weighted TAO
	filtered []fixed.I64F64 // total, zero below the least stake that counts
	share    []fixed.I32F32 // filtered as a share of its sum
	active   []fixed.I32F32 // share of those who are active and permitted, made to sum to one
	isActive []bool
	permit   []bool // permits of the last epoch, and the owner
	next     []bool // permits for the next epoch
	order    []int  // scratch of topStakes
}

// compute fills the stakes in the order of the pipeline; it fails with ErrRange if the total stake does not fit.
func (s *stakes) compute(in *Input) error {
	if err := s.sum(in); err != nil {
		return err
	}
	s.normalise(in)
	s.permit = append(s.permit[:0], in.Permit...)
	s.next = sized(s.next, in.N)
	s.order = topStakes(s.share, int(in.MaxValidators), s.next, s.order)
	if in.Owner != nil {
		s.permit[*in.Owner], s.next[*in.Owner] = true, true
	}
	s.active = append(s.active[:0], s.share...)
	s.isActive = sized(s.isActive, in.N)
	for uid := range s.active {
		s.isActive[uid] = addSaturating(uint64(in.lastUpdate(uid)), uint64(in.ActivityCutoff)) >= uint64(in.Block)
		if !s.isActive[uid] || !s.permit[uid] {
			s.active[uid] = 0
		}
	}
	normalise(s.active)
	return nil
}

// sum computes the total stakes.
func (s *stakes) sum(in *Input) error {
	s.total = sized(s.total, in.N)
	weight := taoWeight(in.TAOWeight)
	var all fixed.I64F64
	for uid, alpha := range in.Alpha {
		var tao gotensor.Rao
		if in.TAO != nil {
			tao = in.TAO[uid]
		}
		s.total[uid] = totalStake(alpha, tao, weight)
		all = all.Add(s.total[uid])
	}
	if all.Hi == math.MaxInt64 {
		return fmt.Errorf("%w: Alpha and TAO: the total stake is 2^63 rao or more, want less", ErrRange)
	}
	return nil
}

// taoWeight returns the weight of TAO stake as a share with 32 fraction bits: the reference divides by 2^64 - 1 at that precision.
func taoWeight(stored uint64) fixed.I64F64 {
	if stored == math.MaxUint64 {
		return fixed.I64F64{Hi: 1}
	}
	// floor(stored 2^32 / (2^64 - 1)) is the high half of stored unless the division is exact.
	return fixed.I64F64{Lo: stored >> 32 << 32}
}

// totalStake returns alpha + tao * weight.
func totalStake(alpha, tao gotensor.Rao, weight fixed.I64F64) fixed.I64F64 {
	return fixed.I64F64FromU64(uint64(alpha)).Add(fixed.I64F64FromU64(uint64(tao)).Mul(weight))
}

// normalise computes every neuron's share of the stake that counts.
func (s *stakes) normalise(in *Input) {
	s.filtered = append(s.filtered[:0], s.total...)
	var sum fixed.I64F64
	for uid, stake := range s.filtered {
		if stake.U64() < uint64(in.MinStake) && !in.owns(uid) {
			s.filtered[uid] = fixed.I64F64{}
		}
		sum = sum.AddWrap(s.filtered[uid])
	}
	s.share = sized(s.share, in.N)
	for uid, stake := range s.filtered {
		if sum.IsZero() {
			s.share[uid] = 0
			continue
		}
		s.share[uid] = stake.SafeDiv(sum).I32F32()
	}
}

// topStakes sets top[uid] for the k largest stakes that are not zero; among equal stakes the higher uid wins. It returns
// its scratch space, order, for the next call.
func topStakes(stake []fixed.I32F32, k int, top []bool, order []int) []int {
	order = order[:0]
	for uid, s := range stake {
		top[uid] = s != 0
		if s != 0 {
			order = append(order, uid)
		}
	}
	if len(order) <= k {
		return order
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(stake[a], stake[b]), cmp.Compare(a, b))
	})
	for _, uid := range order[:len(order)-k] {
		top[uid] = false
	}
	return order
}

// normalise divides x by its sum, unless that is zero.
func normalise(x []fixed.I32F32) { divide(x, sum(x)) }

// divide divides every element of x by d, unless that is zero.
func divide(x []fixed.I32F32, d fixed.I32F32) {
	if d == 0 {
		return
	}
	for i, v := range x {
		if v != 0 {
			x[i] = v.SafeDiv(d)
		}
	}
}

// sum adds up shares. It does not saturate; up to MaxN shares of at most one do not overflow.
func sum(x []fixed.I32F32) (total fixed.I32F32) {
	for _, v := range x {
		total += v
	}
	return total
}
