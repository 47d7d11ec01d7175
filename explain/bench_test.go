package explain_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/explain"
	"github.com/gotensor/gotensor/yuma"
)

// dense is a subnet of n uids of which the first v weigh all.
func dense(n, v int) *yuma.Input {
	rng := rand.New(rand.NewPCG(1, 1))
	in := &yuma.Input{
		Params: yuma.Params{Tempo: 360, ActivityCutoff: 5000, Kappa: 32767, BondsPenalty: 65535, BondsMovingAverage: 900_000, Yuma3: true, MaxValidators: uint16(v)},
		N:      n, Block: 10_000, LastStep: 9_640, Emission: 1e12,
		Alpha: make([]gotensor.Rao, n), LastUpdate: make([]gotensor.Block, n), Registered: make([]gotensor.Block, n),
		Permit: make([]bool, n), Weights: make([]yuma.Row, n), Bonds: make([]yuma.Row, n),
	}
	for uid := range n {
		in.LastUpdate[uid], in.Registered[uid] = 9_900, 100
	}
	for i := range v {
		in.Alpha[i], in.Permit[i] = gotensor.Rao(1e12+rng.Uint64N(9e12)), true
		in.Weights[i], in.Bonds[i] = row(rng, n, 100), row(rng, n, 100)
	}
	return in
}

// BenchmarkExplain replays two epochs and explains a miner: what `gotensor explain` computes.
func BenchmarkExplain(b *testing.B) {
	for _, size := range []struct{ n, v int }{{256, 64}, {4096, 256}} {
		b.Run(fmt.Sprintf("n=%d/v=%d", size.n, size.v), func(b *testing.B) {
			in := dense(size.n, size.v)
			for b.Loop() {
				before, err := explain.Run(in, nil)
				require.NoError(b, err)
				after, err := explain.Run(next(in, &before.Output, 1), nil)
				require.NoError(b, err)
				_, err = after.Account(uint16(size.n - 1))
				require.NoError(b, err)
				_, err = explain.Compare(before, after, uint16(size.n-1))
				require.NoError(b, err)
			}
		})
	}
}
