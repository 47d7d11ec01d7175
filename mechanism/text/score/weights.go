package score

import (
	"fmt"
	"math"
	"slices"

	"github.com/gotensor/gotensor"
)

// Payout is how the pay is shared.
type Payout struct {
	Shares  [][]float64 // by stratum, then neuron; nil for a stratum in which nobody has a positive share
	Weights []float64   // by neuron: mean of the shares over the strata that have any, summing to 1; nil if there is none
}

// Shares splits the pay. Lcb is the lower confidence bound of each neuron in each stratum (NaN: never asked), factor the copy
// factor of each neuron, in [0, 1]. In each stratum a neuron's share is in proportion to max(0, lcb)^Gamma * factor.
func Shares(s *Settings, lcb [][]float64, factor []float64) (Payout, error) {
	if len(factor) != len(lcb) {
		return Payout{}, fmt.Errorf("%w: %d copy factors for %d neurons, want equally many", ErrScores, len(factor), len(lcb))
	}
	if len(lcb) == 0 {
		return Payout{}, nil
	}
	out := Payout{Shares: make([][]float64, len(lcb[0]))}
	weights, paid := make([]float64, len(lcb)), 0
	for d := range out.Shares {
		share, err := stratum(s, lcb, factor, d)
		if err != nil {
			return Payout{}, err
		}
		if share == nil {
			continue
		}
		paid++
		out.Shares[d] = share
		for i := range weights {
			weights[i] += share[i]
		}
	}
	if paid == 0 {
		return out, nil
	}
	for i := range weights {
		weights[i] /= float64(paid)
	}
	out.Weights = weights
	return out, nil
}

// stratum returns the shares in stratum d, nil if nobody has one.
func stratum(s *Settings, lcb [][]float64, factor []float64, d int) ([]float64, error) {
	share, sum := make([]float64, len(lcb)), 0.0
	for i := range lcb {
		if len(lcb[i]) != len(lcb[0]) {
			return nil, fmt.Errorf("%w: neuron %d has %d strata, want %d", ErrScores, i, len(lcb[i]), len(lcb[0]))
		}
		if !isProbability(factor[i]) {
			return nil, fmt.Errorf("%w: copy factor of neuron %d is %v, want 0..1", ErrScores, i, factor[i])
		}
		x := lcb[i][d]
		if math.Abs(x) > gainLimit {
			return nil, fmt.Errorf("%w: bound of neuron %d in stratum %d is %v", ErrScores, i, d, x)
		}
		if x > 0 { // false for NaN
			share[i] = power(x, s.Gamma) * factor[i]
			sum += share[i]
		}
	}
	if sum <= 0 {
		return nil, nil
	}
	for i := range share {
		share[i] /= sum
	}
	return share, nil
}

func power(x, gamma float64) float64 {
	if gamma == 2 {
		return x * x
	}
	return math.Pow(x, gamma)
}

// Limits are what a chain demands of a row of weights.
type Limits struct {
	// MaxShare is the largest part of a row's sum that one neuron may have, in (0, 1]; 0 means no limit. Larger weights are cut
	// to it, and what is cut goes to the others in proportion.
	MaxShare float64
	// MinCount is the fewest neurons with a positive weight.
	MinCount int
	// AllowEqual accepts a row whose two or more weights are all equal. Board.Weights is never equal by accident, so a validator
	// sets it; leave it off for weights typed by hand or made by other code.
	AllowEqual bool
}

// WeightRow is one validator's weights as the chain takes them: uids ascending, the largest value 65535, zeros left out.
type WeightRow struct {
	UIDs   []gotensor.UID
	Values []uint16
}

// Row converts weights to the chain's form: each divided by the largest, times 65535, rounded to the nearest integer with ties to
// even; those that round to 0 are left out. It never invents a weight: a row without a positive one is ErrNoWeights (the validator
// sets nothing and keeps its last row), one below the limits is ErrTooFew, NaN, infinite or negative weights, uids given twice and
// unequal lengths are ErrBadWeight.
func Row(uids []gotensor.UID, weights []float64, limits Limits) (WeightRow, error) {
	cleaned, err := positive(uids, weights)
	if err != nil {
		return WeightRow{}, err
	}
	if err := limits.check(cleaned); err != nil {
		return WeightRow{}, err
	}
	if err := cut(cleaned, limits.MaxShare); err != nil {
		return WeightRow{}, err
	}
	largest := 0.0
	for _, p := range cleaned {
		largest = max(largest, p.weight)
	}
	row := WeightRow{}
	for _, p := range cleaned {
		if v := math.RoundToEven(p.weight / largest * math.MaxUint16); v > 0 {
			row.UIDs = append(row.UIDs, p.uid)
			row.Values = append(row.Values, uint16(v))
		}
	}
	if len(row.UIDs) < limits.MinCount {
		return WeightRow{}, fmt.Errorf("%w: %d remain after rounding, want %d", ErrTooFew, len(row.UIDs), limits.MinCount)
	}
	return row, nil
}

type weighted struct {
	uid    gotensor.UID
	weight float64
}

// positive checks the input and returns its positive entries by ascending uid, scaled so that the sum is finite.
func positive(uids []gotensor.UID, weights []float64) ([]weighted, error) {
	if len(uids) != len(weights) {
		return nil, fmt.Errorf("%w: %d uids and %d weights, want equally many", ErrBadWeight, len(uids), len(weights))
	}
	largest := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("%w: uid %d has weight %v, want a finite number of 0 or more", ErrBadWeight, uids[i], w)
		}
		largest = max(largest, w)
	}
	all := make([]weighted, len(uids))
	for i := range all {
		all[i] = weighted{uids[i], weights[i]}
	}
	slices.SortFunc(all, func(a, b weighted) int { return int(a.uid) - int(b.uid) })
	out := make([]weighted, 0, len(all))
	for i, p := range all {
		if i > 0 && all[i-1].uid == p.uid {
			return nil, fmt.Errorf("%w: uid %d is given twice", ErrBadWeight, p.uid)
		}
		if w := p.weight / largest; w > 0 {
			out = append(out, weighted{p.uid, w})
		}
	}
	return out, nil
}

// check makes the refusals that need no rounding.
func (l Limits) check(row []weighted) error {
	if l.MaxShare < 0 || l.MaxShare > 1 || math.IsNaN(l.MaxShare) {
		return fmt.Errorf("%w: largest share is %v, want 0..1", ErrBadWeight, l.MaxShare)
	}
	if len(row) == 0 {
		return fmt.Errorf("%w: nobody has a positive weight", ErrNoWeights)
	}
	if len(row) < l.MinCount {
		return fmt.Errorf("%w: %d are positive, want %d", ErrTooFew, len(row), l.MinCount)
	}
	equal := len(row) > 1
	for _, p := range row {
		equal = equal && p.weight == row[0].weight
	}
	if equal && !l.AllowEqual {
		return fmt.Errorf("%w: %d neurons; allow it explicitly if it is meant", ErrEqualWeights, len(row))
	}
	return nil
}

// cut lowers the largest weights to limit times the sum. With c of n cut and rest the sum of the others, the level is
// limit*rest/(1-limit*c); the smallest c that leaves no weight above it is the answer.
func cut(row []weighted, limit float64) error {
	if limit == 0 || limit == 1 {
		return nil
	}
	if float64(len(row))*limit < 1 {
		return fmt.Errorf("%w: %d neurons cannot share a row in which none may have more than %v of it", ErrTooFew, len(row), limit)
	}
	descending := make([]float64, len(row))
	rest := 0.0
	for i, p := range row {
		descending[i] = p.weight
		rest += p.weight
	}
	slices.Sort(descending)
	slices.Reverse(descending)
	level := descending[0]
	if level <= limit*rest {
		return nil
	}
	for c := 0; c < len(row) && 1-limit*float64(c) > 0; c++ {
		level = limit * rest / (1 - limit*float64(c))
		if descending[c] <= level {
			break
		}
		level = descending[len(row)-1] // n*limit = 1 up to rounding: all alike
		rest = max(0, rest-descending[c])
	}
	for i := range row {
		row[i].weight = min(row[i].weight, level)
	}
	return nil
}
