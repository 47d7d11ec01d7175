package yuma

import (
	"fmt"
	"math/rand/v2"
	"testing"

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

// BenchmarkEpoch runs the sizes and modes of the reference's own table, and the liquid ones that it has no figures of, with a workspace in
// use. The names are those of the table.
func BenchmarkEpoch(b *testing.B) {
	for _, size := range []struct{ n, v int }{{256, 64}, {1024, 64}, {4096, 64}, {4096, 256}} {
		for _, rows := range []struct {
			name    string
			percent int
		}{{"full", 100}, {"10%", 10}} {
			in := benchInput(size.n, size.v, rows.percent)
			weights := 0
			for _, row := range in.Weights {
				weights += len(row.UIDs)
			}
			for _, mode := range []struct {
				name          string
				yuma3, liquid bool
			}{{"classic", false, false}, {"yuma3", true, false}, {"yuma3+liquid", true, true}} {
				b.Run(fmt.Sprintf("n=%d/v=%d/%s/%s", size.n, size.v, rows.name, mode.name), func(b *testing.B) {
					in.Yuma3, in.Liquid.Enabled = mode.yuma3, mode.liquid
					var (
						w   Workspace
						out Output
					)
					loop(b, func() error { return w.Epoch(in, &out) })
					b.ReportMetric(float64(weights), "weights")
				})
			}
		}
	}
}

// BenchmarkMemory reads and writes what an epoch of 4096 uids and 256 validators with full rows has to, once, and does nothing with it: 4
// bytes of each weight and each old bond in, 4 of each new bond out. No epoch can be faster than this.
func BenchmarkMemory(b *testing.B) {
	in := benchInput(4096, 256, 100)
	out := make([]Row, len(in.Weights))
	for i, row := range in.Weights {
		out[i] = Row{UIDs: make([]uint16, len(row.UIDs)), Values: make([]uint16, len(row.UIDs))}
	}
	loop(b, func() error {
		for i, row := range in.Weights {
			copy(out[i].UIDs, row.UIDs)
			copy(out[i].Values, row.Values)
			copy(out[i].UIDs, in.Bonds[i].UIDs)
			copy(out[i].Values, in.Bonds[i].Values)
		}
		return nil
	})
}
