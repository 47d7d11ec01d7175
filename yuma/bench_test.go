package yuma

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

// benchInput is a subnet of n uids of which the first v validate, each with weights and bonds on the given percentage of all uids;
// they agree on most of those.
func benchInput(n, v, percent int) *Input {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(v*100+percent)))
	in := &Input{
		Params: Params{
			Tempo: 360, ActivityCutoff: 5000, Kappa: 32767, BondsPenalty: 65535, BondsMovingAverage: 900_000,
			Liquid:        Liquid{Low: 45875, High: 58982, Steepness: 1000},
			MaxValidators: uint16(v),
		},
		N: n, Block: 10_000, LastStep: 9_640, Emission: 1_000_000_000,
		Alpha: make([]gotensor.Rao, n), LastUpdate: make([]gotensor.Block, n), Registered: make([]gotensor.Block, n),
		Permit: make([]bool, n), Weights: make([]Row, n), Bonds: make([]Row, n),
	}
	quality, listed := make([]int, n), make([]bool, n)
	for uid := range n {
		listed[uid] = rng.IntN(100) < percent
		in.LastUpdate[uid], in.Registered[uid] = 9_900, 100
		quality[uid] = 1000 + rng.IntN(50_000)
	}
	for i := range v {
		in.Alpha[i], in.Permit[i] = gotensor.Rao(1_000_000_000_000+rng.Uint64N(9_000_000_000_000)), true
		for j := range n {
			if i != j && (percent == 100 || (listed[j] && rng.IntN(100) < 90) || (!listed[j] && rng.IntN(100) < 1)) {
				in.Weights[i].UIDs = append(in.Weights[i].UIDs, uint16(j))
				in.Weights[i].Values = append(in.Weights[i].Values, uint16(quality[j]+rng.IntN(10_000)))
				in.Bonds[i].UIDs = append(in.Bonds[i].UIDs, uint16(j))
				in.Bonds[i].Values = append(in.Bonds[i].Values, uint16(1+rng.IntN(65_535)))
			}
		}
	}
	return in
}

// BenchmarkEpoch runs the sizes and modes of the reference's own table, with a workspace in use.
func BenchmarkEpoch(b *testing.B) {
	for _, size := range []struct{ n, v int }{{256, 64}, {1024, 64}, {4096, 64}, {4096, 256}} {
		for _, percent := range []int{100, 10} {
			in := benchInput(size.n, size.v, percent)
			for _, mode := range []struct {
				name          string
				yuma3, liquid bool
			}{{"classic", false, false}, {"yuma3", true, false}, {"liquid", true, true}} {
				in.Yuma3, in.Liquid.Enabled = mode.yuma3, mode.liquid
				b.Run(fmt.Sprintf("n=%d/v=%d/rows=%d%%/%s", size.n, size.v, percent, mode.name), func(b *testing.B) {
					b.ReportAllocs()
					var (
						w   Workspace
						out Output
					)
					require.NoError(b, w.Epoch(in, &out))
					for b.Loop() {
						if err := w.Epoch(in, &out); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
