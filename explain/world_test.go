package explain_test

import (
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/yuma"
)

// world makes random epochs of a small subnet: some validators without permit, stake or fresh weights, self-weights, newcomers, an owner.
func world(seed uint64) (*yuma.Input, []bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	n := 3 + rng.IntN(14)
	in := &yuma.Input{
		Params: yuma.Params{
			Tempo: 100, ActivityCutoff: 50, Kappa: uint16(20_000 + rng.IntN(40_000)), BondsPenalty: []uint16{0, 30_000, 65_535}[rng.IntN(3)],
			BondsMovingAverage: 900_000, Yuma3: rng.IntN(3) > 0, MaxValidators: uint16(1 + rng.IntN(n)),
			Liquid: yuma.Liquid{Enabled: rng.IntN(2) == 0, Low: 20_000, High: 60_000, Steepness: 1000},
			Upkeep: []uint16{0, 0, 500, 950}[seed%4],
		},
		N: n, Block: 1000, LastStep: 899, Emission: gotensor.Rao(rng.Uint64N(1e12)),
	}
	if rng.IntN(2) == 0 {
		owner := uint16(rng.IntN(n))
		in.Owner = &owner
	}
	funded := make([]bool, n)
	for uid := range n {
		stake := gotensor.Rao(0)
		if rng.IntN(3) > 0 {
			stake = gotensor.Rao(1 + rng.Uint64N(1e12))
		}
		funded[uid] = stake > 0
		in.Alpha, in.Permit = append(in.Alpha, stake), append(in.Permit, rng.IntN(4) > 0)
		in.LastUpdate = append(in.LastUpdate, gotensor.Block(930+rng.IntN(70)))
		in.Registered = append(in.Registered, gotensor.Block([]int{1, 1, 1, 950}[rng.IntN(4)]))
		weights := row(rng, n, 70)
		if rng.IntN(8) == 0 {
			weights = yuma.Row{}
		}
		in.Weights, in.Bonds = append(in.Weights, weights), append(in.Bonds, row(rng, n, 50))
	}
	return in, funded
}

func row(rng *rand.Rand, n, percent int) (r yuma.Row) {
	for uid := range n {
		if rng.IntN(100) < percent {
			r.UIDs, r.Values = append(r.UIDs, uint16(uid)), append(r.Values, uint16(rng.IntN(65_536)))
		}
	}
	return r
}

// next is the epoch after one: its bonds and permits, and some weights, stakes and the pot changed.
func next(in *yuma.Input, out *yuma.Output, seed uint64) *yuma.Input {
	rng := rand.New(rand.NewPCG(seed, 2))
	now := *in
	now.Block, now.LastStep, now.Bonds, now.Permit = in.Block+10, in.Block, out.Bonds, out.Permit
	now.Emission += gotensor.Rao(rng.Uint64N(1e9))
	now.Weights, now.Alpha, now.LastUpdate = slices.Clone(in.Weights), slices.Clone(in.Alpha), slices.Clone(in.LastUpdate)
	for uid := range now.Weights {
		if rng.IntN(3) == 0 {
			now.Weights[uid], now.LastUpdate[uid] = row(rng, in.N, 70), now.Block-5
		}
		if rng.IntN(5) == 0 {
			now.Alpha[uid] += 1e11
		}
	}
	return &now
}
