package yuma

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// naive computes an epoch as the package's documentation states it, one matrix of all pairs after the other, with plain divisions and a sort
// for each median. It takes stakes and permits from the package: what is fast lies behind them.
type naive struct {
	in        *Input
	s         stakes
	w, clip   [][]fixed.I32F32 // weights that count, and those that move bonds
	has       [][]bool         // there is an entry, if only of zero
	old, bond [][]fixed.I32F32
	median    []fixed.I32F32
	vtrust    []fixed.I32F32
	incentive []fixed.I32F32
	dividends []fixed.I32F32
	stored    []Row
}

func newNaive(t *testing.T, in *Input) *naive {
	t.Helper()
	v := &naive{in: in, vtrust: make([]fixed.I32F32, in.N), incentive: make([]fixed.I32F32, in.N), dividends: make([]fixed.I32F32, in.N)}
	require.NoError(t, v.s.compute(in))
	v.weights()
	v.consensus()
	v.clipped()
	v.oldBonds()
	if in.Yuma3 {
		v.yuma3()
	} else {
		v.classic()
	}
	v.store()
	return v
}

func square[T any](n int) [][]T {
	m := make([][]T, n)
	for i := range m {
		m[i] = make([]T, n)
	}
	return m
}

func (v *naive) weights() {
	in := v.in
	v.w, v.has = square[fixed.I32F32](in.N), square[bool](in.N)
	commits := commitBlocks(in)
	for i, row := range in.Weights {
		var total fixed.I32F32
		for k, uid := range row.UIDs {
			j := int(uid)
			if j >= in.N || !v.s.permit[i] || (i == j && !in.owns(i)) || in.lastUpdate(i) <= in.Registered[j] ||
				(commits != nil && commits[i] < uint64(in.Registered[j])) {
				continue
			}
			v.w[i][j], v.has[i][j] = fixed.FromU16(row.Values[k]), true
			total += fixed.FromU16(row.Values[k])
		}
		for j := range v.w[i] {
			v.w[i][j] = v.w[i][j].SafeDiv(total)
		}
	}
}

func (v *naive) consensus() {
	n := v.in.N
	stake := slices.Clone(v.s.active)
	normalise(stake)
	minority := sum(stake).Sub(fixed.ShareOfU16(v.in.Kappa))
	v.median = make([]fixed.I32F32, n)
	for j := range n {
		var votes [][2]fixed.I32F32
		for i := range n {
			if stake[i] > 0 {
				votes = append(votes, [2]fixed.I32F32{v.w[i][j], stake[i]})
			}
		}
		slices.SortFunc(votes, func(a, b [2]fixed.I32F32) int { return int(a[0] - b[0]) })
		var upTo fixed.I32F32
		for k, vote := range votes {
			upTo += vote[1]
			v.median[j] = vote[0]
			if upTo > minority && (k+1 == len(votes) || votes[k+1][0] > vote[0]) {
				break
			}
		}
	}
}

func (v *naive) clipped() {
	penalty := fixed.ShareOfU16(v.in.BondsPenalty)
	v.clip = square[fixed.I32F32](v.in.N)
	for i, row := range v.w {
		for j, w := range row {
			c := min(w, v.median[j])
			v.vtrust[i] += c
			v.incentive[j] += v.s.active[i].Mul(c)
			switch penalty {
			case 0:
				v.clip[i][j] = w
			case fixed.One:
				v.clip[i][j] = c
				v.has[i][j] = v.has[i][j] && (v.median[j] > 0 || w == 0)
			default:
				v.clip[i][j] = max(0, w.Add(penalty.Mul(c.Sub(w))))
				v.has[i][j] = v.clip[i][j] > 0
			}
		}
	}
	normalise(v.incentive)
}

func (v *naive) oldBonds() {
	in := v.in
	v.old = square[fixed.I32F32](in.N)
	last := gotensor.Block(addSaturating(uint64(in.LastStep), 1))
	if in.LastStep == 0 {
		last = in.Block - min(in.Block, gotensor.Block(in.Tempo))
	}
	for i, row := range in.Bonds {
		for k, uid := range row.UIDs {
			if int(uid) < in.N && in.Registered[uid] < last {
				v.old[i][uid] = fixed.FromU16(row.Values[k])
			}
		}
	}
}

// columns divides each column by its sum.
func columns(m [][]fixed.I32F32) [][]fixed.I32F32 {
	shares := square[fixed.I32F32](len(m))
	for j := range m {
		var total fixed.I32F32
		for i := range m {
			total = total.Add(m[i][j])
		}
		for i := range m {
			shares[i][j] = m[i][j].SafeDiv(total)
		}
	}
	return shares
}

func (v *naive) classic() {
	n := v.in.N
	delta := square[fixed.I32F32](n)
	for i, row := range v.clip {
		for j, w := range row {
			delta[i][j] = v.s.active[i].Mul(w)
		}
	}
	delta, v.old = columns(delta), columns(v.old)
	alpha := bondsAlpha(v.in.BondsMovingAverage)
	v.bond = square[fixed.I32F32](n)
	for i, row := range delta {
		for j, d := range row {
			v.bond[i][j] = max(0, alpha.Mul(d).Add(fixed.One.Sub(alpha).Mul(v.old[i][j])))
		}
	}
	v.bond = columns(v.bond)
	for i, row := range v.bond {
		for j, b := range row {
			v.dividends[i] += v.incentive[j].Mul(b)
		}
	}
	normalise(v.dividends)
	for j := range n {
		var top fixed.I32F32
		for i := range n {
			top = max(top, v.bond[i][j])
		}
		for i := range n {
			v.bond[i][j] = v.bond[i][j].SafeDiv(top)
		}
	}
}

func (v *naive) yuma3() {
	n := v.in.N
	v.bond = square[fixed.I32F32](n)
	alpha := bondsAlpha(v.in.BondsMovingAverage)
	liquid, s := v.in.Liquid.Enabled && sum(v.median) > 0, newSigmoid(v.in.Liquid)
	for i := range n {
		weightSeen, bondSeen := v.seenWeights(i), v.seenBonds(i)
		for j := range n {
			old := v.old[i][j].SafeDiv(fixed.FromU16(65535))
			switch {
			case !liquid:
				v.bond[i][j] = max(0, alpha.Mul(v.clip[i][j]).Add(fixed.One.Sub(alpha).Mul(old)))
			case v.has[i][j]:
				a := naiveAlpha(&s, distance(v.median[j], weightSeen[j], bondSeen[j]))
				v.bond[i][j] = min(fixed.One, a.Mul(v.clip[i][j]).Add(fixed.One.Sub(a).Mul(old)))
			}
		}
	}
	for i, row := range columns(v.bond) {
		for j, b := range row {
			v.dividends[i] += v.incentive[j].Mul(b)
		}
		v.dividends[i] = v.dividends[i].MulOrZero(v.s.active[i])
	}
	normalise(v.dividends)
}

// naiveAlpha evaluates the sigmoid of one distance.
func naiveAlpha(s *sigmoid, distance fixed.I32F32) fixed.I32F32 {
	exp := fixed.ExpClamped(s.slope.Mul(distance.Sub(fixed.One / 2)))
	return s.low.Add(fixed.One.Div(fixed.One.Add(exp)).Mul(s.high.Sub(s.low))).Clamp(s.low, s.high)
}

// order returns the uids of row i of the weights that move bonds, in the order of the row.
func (v *naive) order(i int) []uint16 {
	var uids []uint16
	for _, uid := range v.in.Weights[i].UIDs {
		if int(uid) < v.in.N && v.has[i][uid] {
			uids = append(uids, uid)
		}
	}
	if penalty := v.in.BondsPenalty; penalty > 0 && penalty < 65535 {
		slices.Sort(uids)
	}
	return uids
}

// seenWeights and seenBonds return the rows as the reference's cursor sees them: without what stands behind a larger uid.
func (v *naive) seenWeights(i int) []fixed.I32F32 {
	seen, largest := make([]fixed.I32F32, v.in.N), -1
	for _, uid := range v.order(i) {
		if int(uid) > largest {
			seen[uid], largest = v.clip[i][uid], int(uid)
		}
	}
	return seen
}

func (v *naive) seenBonds(i int) []fixed.I32F32 {
	n := v.in.N
	last := gotensor.Block(addSaturating(uint64(v.in.LastStep), 1))
	if v.in.LastStep == 0 {
		last = v.in.Block - min(v.in.Block, gotensor.Block(v.in.Tempo))
	}
	seen, largest := make([]fixed.I32F32, n), -1
	for _, uid := range v.in.Bonds[i].UIDs {
		if int(uid) < n && v.in.Registered[uid] >= last {
			continue
		}
		if int(uid) > largest && int(uid) < n {
			seen[uid] = v.old[i][uid].SafeDiv(fixed.FromU16(65535))
		}
		largest = max(largest, int(uid))
	}
	return seen
}

// store keeps the bonds of those with a permit: those that are positive, ascending; with liquid alpha in the order of the weights.
func (v *naive) store() {
	v.stored = make([]Row, v.in.N)
	liquid := v.in.Yuma3 && v.in.Liquid.Enabled && sum(v.median) > 0
	for i := range v.stored {
		if !v.s.next[i] {
			continue
		}
		var uids []uint16
		if liquid {
			uids = v.order(i)
		} else {
			for j := range v.in.N {
				uids = append(uids, uint16(j))
			}
		}
		for _, uid := range uids {
			if b := v.bond[i][uid]; b > 0 {
				v.stored[i].UIDs = append(v.stored[i].UIDs, uid)
				v.stored[i].Values = append(v.stored[i].Values, b.U16())
			}
		}
	}
}
