package yuma

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor"
)

// mutate changes an input at random, keeping it well-formed.
func mutate(in *Input, rng *rand.Rand) {
	changes := []func(*Input, *rand.Rand){mutateParams, mutateSubnet, mutateStake, mutateClock, mutateRow, mutateRow, mutateRow, mutateCommits}
	for range rng.IntN(12) {
		changes[rng.IntN(len(changes))](in, rng)
	}
}

// pick returns one of the values.
func pick[T any](rng *rand.Rand, values ...T) T { return values[rng.IntN(len(values))] }

func mutateParams(in *Input, rng *rand.Rand) {
	edge := func() uint16 { return pick[uint16](rng, 0, 1, 32767, 32768, 65534, 65535, uint16(rng.Uint32())) }
	switch rng.IntN(6) {
	case 0:
		in.Kappa = edge()
	case 1:
		in.BondsPenalty = edge()
	case 2:
		in.Yuma3 = !in.Yuma3
	case 3:
		in.Liquid = Liquid{Enabled: !in.Liquid.Enabled, Low: edge(), High: edge(), Steepness: pick[int16](rng, 0, 200, 1000, -1000, math.MaxInt16, math.MinInt16, int16(rng.Uint32()))}
	case 4:
		in.MaxValidators = uint16(rng.IntN(in.N + 3))
	case 5:
		in.BondsMovingAverage = pick[uint64](rng, 0, 1, 900_000, 1_000_000, 1_200_000, rng.Uint64N(2_000_000), maxBondsMovingAverage-1, math.MaxUint64)
	}
	if in.Yuma3 {
		in.BondsMovingAverage = min(in.BondsMovingAverage, maxBondsMovingAverage-1)
	}
}

func mutateSubnet(in *Input, rng *rand.Rand) {
	switch rng.IntN(5) {
	case 0:
		in.Owner = nil
	case 1:
		if in.N > 0 {
			owner := uint16(rng.IntN(in.N))
			in.Owner = &owner
		}
	case 2:
		in.Emission = gotensor.Rao(pick[uint64](rng, 0, 1, math.MaxUint64, rng.Uint64()))
	case 3:
		in.TAOWeight = pick[uint64](rng, 0, math.MaxUint64, rng.Uint64())
	case 4:
		in.MinStake = gotensor.Rao(pick(rng, 0, 1, rng.Uint64N(1<<50)))
	}
}

func mutateStake(in *Input, rng *rand.Rand) {
	if in.N == 0 {
		return
	}
	uid, other := rng.IntN(in.N), rng.IntN(in.N)
	switch rng.IntN(4) {
	case 0:
		in.Alpha[uid] = gotensor.Rao(pick(rng, 0, 1, rng.Uint64N(1<<20), rng.Uint64N(1<<54)))
	case 1:
		in.Alpha[uid] = min(in.Alpha[other], 1<<55) // with the largest stakes of the vectors the sum still fits
	case 2:
		in.TAO[uid] = gotensor.Rao(rng.Uint64N(1 << 54))
	case 3:
		in.Permit[uid] = !in.Permit[uid]
	}
}

func mutateClock(in *Input, rng *rand.Rand) {
	near := func() gotensor.Block {
		return in.Block - min(in.Block, gotensor.Block(rng.IntN(8))) + gotensor.Block(rng.IntN(3))
	}
	switch rng.IntN(5) {
	case 0:
		in.LastStep = pick(rng, 0, near())
	case 1:
		in.ActivityCutoff = pick[gotensor.Block](rng, 1, gotensor.Block(rng.IntN(10)), math.MaxUint64)
	case 2:
		in.LastUpdate = in.LastUpdate[:rng.IntN(len(in.LastUpdate)+1)]
	case 3:
		if len(in.LastUpdate) > 0 {
			in.LastUpdate[rng.IntN(len(in.LastUpdate))] = near()
		}
	case 4:
		if in.N > 0 {
			in.Registered[rng.IntN(in.N)] = near()
		}
	}
}

func mutateRow(in *Input, rng *rand.Rand) {
	if in.N == 0 {
		return
	}
	row := &pick(rng, in.Weights, in.Bonds)[rng.IntN(in.N)]
	switch k := len(row.UIDs); rng.IntN(5) {
	case 0:
		rng.Shuffle(k, func(a, b int) {
			row.UIDs[a], row.UIDs[b] = row.UIDs[b], row.UIDs[a]
			row.Values[a], row.Values[b] = row.Values[b], row.Values[a]
		})
	case 1:
		*row = Row{}
	case 2:
		if k > 0 {
			row.UIDs, row.Values = row.UIDs[:k-1], row.Values[:k-1]
		}
	case 3:
		if k > 0 {
			row.Values[rng.IntN(k)] = pick[uint16](rng, 0, 1, 65535, uint16(rng.Uint32()))
		}
	case 4: // now and then a uid past the end
		uid := uint16(rng.IntN(in.N + 1))
		if !slices.Contains(row.UIDs, uid) {
			row.UIDs = append(row.UIDs, uid)
			row.Values = append(row.Values, uint16(rng.Uint32()))
		}
	}
}

func mutateCommits(in *Input, rng *rand.Rand) {
	cr := &in.CommitReveal
	cr.Enabled = true
	cr.RevealPeriod, cr.CurrentEpoch = rng.Uint64N(3), pick[uint64](rng, 5, math.MaxUint64)
	c := Commit{UID: uint16(rng.IntN(in.N + 1)), Epoch: pick[uint64](rng, 2+rng.Uint64N(4), math.MaxUint64), Block: in.Block - min(in.Block, gotensor.Block(rng.IntN(10)))}
	if rng.IntN(2) == 0 {
		cr.Commits = append(cr.Commits, c)
	} else {
		cr.Timelocked = append(cr.Timelocked, c)
	}
}

// cloneInput returns a deep copy.
func cloneInput(in *Input) *Input {
	c := *in
	c.Alpha, c.TAO, c.Permit = slices.Clone(in.Alpha), slices.Clone(in.TAO), slices.Clone(in.Permit)
	c.LastUpdate, c.Registered = slices.Clone(in.LastUpdate), slices.Clone(in.Registered)
	c.Weights, c.Bonds = cloneRows(in.Weights), cloneRows(in.Bonds)
	c.CommitReveal.Commits, c.CommitReveal.Timelocked = slices.Clone(in.CommitReveal.Commits), slices.Clone(in.CommitReveal.Timelocked)
	return &c
}

func cloneRows(rows []Row) []Row {
	c := make([]Row, len(rows))
	for i, row := range rows {
		c[i] = Row{UIDs: slices.Clone(row.UIDs), Values: slices.Clone(row.Values)}
	}
	return c
}

// relabel returns the input with uid u renamed to name[u], its rows sorted.
func relabel(in *Input, name []int) *Input {
	c := cloneInput(in)
	for uid, renamed := range name {
		c.Alpha[renamed], c.TAO[renamed] = in.Alpha[uid], in.TAO[uid]
		c.LastUpdate[renamed], c.Registered[renamed] = in.LastUpdate[uid], in.Registered[uid]
		c.Permit[renamed] = in.Permit[uid]
	}
	c.Weights, c.Bonds = relabelRows(in.Weights, name), relabelRows(in.Bonds, name)
	if in.Owner != nil {
		owner := uint16(name[*in.Owner])
		c.Owner = &owner
	}
	for _, commits := range [][]Commit{c.CommitReveal.Commits, c.CommitReveal.Timelocked} {
		for k := range commits {
			commits[k].UID = rename(name, commits[k].UID)
		}
	}
	return c
}

// relabelRows renames rows and entries and sorts the rows.
func relabelRows(rows []Row, name []int) []Row {
	c := make([]Row, len(rows))
	for i, row := range rows {
		order := make([]int, len(row.UIDs))
		for k := range order {
			order[k] = k
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(rename(name, row.UIDs[a]), rename(name, row.UIDs[b])) })
		var renamed Row
		for _, k := range order {
			renamed.UIDs = append(renamed.UIDs, rename(name, row.UIDs[k]))
			renamed.Values = append(renamed.Values, row.Values[k])
		}
		c[name[i]] = renamed
	}
	return c
}

// rename returns the new name of uid; one past the end keeps its own.
func rename(name []int, uid uint16) uint16 {
	if int(uid) < len(name) {
		return uint16(name[uid])
	}
	return uid
}
