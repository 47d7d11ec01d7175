package yuma

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/cputime"
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

// reference are the median milliseconds that the reference's own epoch (Rust, its sparse code, one thread of a 2.5 GHz Xeon) takes with as many
// neurons, validators and weights, for classic, Yuma3 and Yuma3 with liquid alpha. Nobody waited for the last two liquid ones.
var reference = []struct {
	n, v, percent int
	classic       float64
	yuma3, liquid float64
}{
	{256, 64, 100, 4.5, 3.5, 60.8},
	{256, 64, 10, 0.8, 0.9, 64.7},
	{1024, 64, 100, 22.3, 19.3, 964.1},
	{1024, 64, 10, 3.1, 2.9, 966.2},
	{4096, 64, 100, 136.0, 109.2, 15311.7},
	{4096, 64, 10, 22.4, 20.8, 0},
	{4096, 256, 100, 365.7, 294.6, 0},
	{4096, 256, 10, 52.1, 46.1, 0},
}

// BenchmarkEpoch runs every row of the reference's table with a workspace in use, and the liquid ones that it lacks. of-reference is our
// median over that of the table.
func BenchmarkEpoch(b *testing.B) {
	for _, size := range reference {
		rows := "full"
		if size.percent < 100 {
			rows = fmt.Sprintf("%d%%", size.percent)
		}
		in := benchInput(size.n, size.v, size.percent)
		weights := 0
		for _, row := range in.Weights {
			weights += len(row.UIDs)
		}
		for _, mode := range []struct {
			name          string
			yuma3, liquid bool
			reference     float64
		}{
			{"classic", false, false, size.classic},
			{"yuma3", true, false, size.yuma3},
			{"yuma3+liquid", true, true, size.liquid},
		} {
			b.Run(fmt.Sprintf("n=%d/v=%d/%s/%s", size.n, size.v, rows, mode.name), func(b *testing.B) {
				in.Yuma3, in.Liquid.Enabled = mode.yuma3, mode.liquid
				var (
					w   Workspace
					out Output
				)
				median := cputime.Loop(b, func() error { return w.Epoch(in, &out) })
				b.ReportMetric(median*1e6/float64(weights), "ns/weight")
				if mode.reference > 0 {
					b.ReportMetric(median/mode.reference, "of-reference")
				}
			})
		}
	}
}

// BenchmarkMemory does the least with what an epoch of 4096 uids and 256 validators with full rows has to touch. Copy reads and writes it once:
// 4 bytes of each weight and each old bond in, 4 of each new bond out; no epoch can be faster than this. Sum is one plain pass that adds
// weights and bonds up by column; an epoch makes several, each with more to do.
func BenchmarkMemory(b *testing.B) {
	in := benchInput(4096, 256, 100)
	out := make([]Row, len(in.Weights))
	for i, row := range in.Weights {
		out[i] = Row{UIDs: make([]uint16, len(row.UIDs)), Values: make([]uint16, len(row.UIDs))}
	}
	b.Run("copy", func(b *testing.B) {
		cputime.Loop(b, func() error {
			for i, row := range in.Weights {
				copy(out[i].UIDs, row.UIDs)
				copy(out[i].Values, row.Values)
				copy(out[i].UIDs, in.Bonds[i].UIDs)
				copy(out[i].Values, in.Bonds[i].Values)
			}
			return nil
		})
	})
	sums := make([]uint64, in.N)
	b.Run("sum", func(b *testing.B) {
		cputime.Loop(b, func() error {
			for _, rows := range [][]Row{in.Weights, in.Bonds} {
				for _, row := range rows {
					values := row.Values[:len(row.UIDs)]
					for k, uid := range row.UIDs {
						sums[uid] += uint64(values[k])
					}
				}
			}
			return nil
		})
	})
}
