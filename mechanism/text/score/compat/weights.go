package compat

import (
	"fmt"
	"math"
	"slices"
)

// Averages are the moving averages of every neuron's statistics, by uid.
type Averages struct {
	Alpha float64  // 0.1 on the network of 2022
	Keys  []string // statistics that decay when they are absent: "shapley_values_nxt"
	Stats map[int]Stats
}

// NewAverages starts empty.
func NewAverages(alpha float64, keys ...string) *Averages {
	return &Averages{Alpha: alpha, Keys: keys, Stats: map[int]Stats{}}
}

// Update takes in one step and returns which of the queried uids were responsive, both in the order given. Key+"!" starts at 0 and
// decays when the key is absent or NaN; any other statistic starts at its first value. Fault kept: Inf never leaves an average.
func (a *Averages) Update(step map[int]Stats, order []int) (responsive []int) {
	for _, uid := range order {
		in, ok := step[uid]
		if !ok {
			continue
		}
		s := a.Stats[uid]
		if s == nil {
			s = Stats{}
			a.Stats[uid] = s
		}
		s["updates!"]++
		answered := false
		for _, key := range a.Keys {
			x, ok := in[key]
			s[key+"!"] *= 1 - a.Alpha
			if ok {
				s["updates_"+key]++
			}
			if ok && !math.IsNaN(x) {
				s[key+"!"] += a.Alpha * x
				answered = true
			}
		}
		if answered {
			responsive = append(responsive, uid)
		}
		for key, x := range in { // independent of each other, so the order does not show
			old, known := s[key]
			switch {
			case math.IsNaN(x):
			case known:
				s[key] = (1-a.Alpha)*old + a.Alpha*x
			default:
				s[key] = x
			}
		}
	}
	return responsive
}

// Demand is what the chain asked of weights.
type Demand struct {
	MinAllowed int     // fewest weights
	MaxWeight  float64 // largest weight, 0.004 in 2022
	Exclude    float64 // quantile of the lowest weights left out, 0.05 in 2022
}

// DemandOf is the demand of 2022 on a network of n uids: the largest weight was 0.004 of 4,096, which is sixteen even shares.
func DemandOf(n int) Demand {
	return Demand{MinAllowed: 1, MaxWeight: min(1, 16/float64(max(1, n))), Exclude: 0.05}
}

// CalculateWeights turns averages into weights. Order lists uids by preference (responsive, other queried, never queried); average
// gives each uid's value, 0 if absent. Empty results mean that nothing is set. Faults kept: fewer weights than demanded may come
// out, and one infinite average makes all of them NaN.
func CalculateWeights(order []int, average map[int]float64, responsive int, d Demand) (uids []int, weights []float64) {
	for _, uid := range order {
		if w := average[uid]; w > 0 { // drops NaN too
			uids, weights = append(uids, uid), append(weights, w)
		}
	}
	if n := max(d.MinAllowed, responsive); len(uids) > n && n >= 0 {
		uids, weights = uids[:n], weights[:n]
	}
	if len(uids) == 0 {
		return nil, nil
	}
	if most := float64(len(uids)-d.MinAllowed) / float64(len(uids)); most > 0 {
		threshold := quantile(weights, min(d.Exclude, most))
		n := 0
		for i, w := range weights {
			if w >= threshold {
				uids[n], weights[n] = uids[i], w
				n++
			}
		}
		uids, weights = uids[:n], weights[:n]
	}
	return uids, NormalizeMaxWeight(weights, d.MaxWeight)
}

// quantile interpolates linearly between the sorted values.
func quantile(x []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	at := max(0, q) * float64(len(sorted)-1)
	low := min(int(at), len(sorted)-1)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (sorted[high]-sorted[low])*(at-float64(low))
}

// NormalizeMaxWeight scales x to sum 1 with no entry above limit, as the SDKs of 2022 and today do. Faults kept: with fewer than
// 1/limit positive entries all become equal, the result stays 3e-7 below the limit, negative input passes, NaN and Inf spread.
// The chain rows of this project are made by score.Row instead.
func NormalizeMaxWeight(x []float64, limit float64) []float64 {
	const epsilon = 1e-7
	n, sum := len(x), 0.0
	for _, v := range x {
		sum += v
	}
	out := make([]float64, n)
	if n == 0 {
		return out
	}
	if sum == 0 || float64(n)*limit <= 1 {
		for i := range out {
			out[i] = 1 / float64(n)
		}
		return out
	}
	share := make([]float64, n)
	largest := math.Inf(-1)
	for i, v := range x {
		share[i] = v / sum
		out[i] = v / sum
		largest = max(largest, share[i]) // NaN spreads
	}
	if largest <= limit {
		return out
	}
	slices.SortFunc(share, nanLast)
	cumulative := make([]float64, n)
	total, below := 0.0, 0
	for i, e := range share {
		total += e
		cumulative[i] = total
		if e/(float64(n-1-i)*e+total+epsilon) < limit {
			below++
		}
	}
	at := below - 1
	if at < 0 {
		at = n - 1 // the original indexes from the end
	}
	cutoff := (limit*cumulative[at] - epsilon) / (1 - limit*float64(n-below)) * sum
	total = 0
	for i, v := range x {
		if out[i] = v; v > cutoff {
			out[i] = cutoff
		}
		total += out[i]
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

func nanLast(a, b float64) int {
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		if math.IsNaN(a) == math.IsNaN(b) {
			return 0
		}
		if math.IsNaN(a) {
			return 1
		}
		return -1
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// EmitU32 converts weights to the chain integers of 2022, which sum to 2^32-1: each is rounded down and the rest goes to the last
// entry, even if its weight is 0. Zeros are left out. Negative and not finite weights fail with ErrWeights.
func EmitU32(uids []int, weights []float64) (outUIDs []int, values []uint32, err error) {
	if len(uids) != len(weights) {
		return nil, nil, fmt.Errorf("%w: %d uids and %d weights, want equally many", ErrWeights, len(uids), len(weights))
	}
	sum := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) || uids[i] < 0 {
			return nil, nil, fmt.Errorf("%w: uid %d has weight %v, want both 0 or more and finite", ErrWeights, uids[i], w)
		}
		sum += w
	}
	if sum == 0 {
		return nil, nil, nil
	}
	if math.IsInf(sum, 0) {
		return nil, nil, fmt.Errorf("%w: they sum to infinity", ErrWeights)
	}
	left := uint64(math.MaxUint32)
	for i, w := range weights {
		v := min(uint64(w/sum*math.MaxUint32), left)
		if i == len(weights)-1 {
			v = left
		}
		left -= v
		if v > 0 {
			outUIDs, values = append(outUIDs, uids[i]), append(values, uint32(v))
		}
	}
	return outUIDs, values, nil
}
