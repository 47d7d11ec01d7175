package keeper

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// BenchmarkBoundary is a whole boundary in state: gather, epoch, columns, bonds, streams, check; all validators weigh all miners.
func BenchmarkBoundary(b *testing.B) {
	for _, size := range []struct{ validators, miners int }{{8, 24}, {64, 192}, {64, 960}} {
		b.Run(fmt.Sprintf("validators=%d/miners=%d", size.validators, size.miners), func(b *testing.B) {
			w := newWorld(b, setting{validators: size.validators, miners: size.miners, tempo: 9, sweep: 1024, shape: func(s *subnettypes.GenesisSubnet) {
				s.Hyperparameters = append(s.Hyperparameters, subnettypes.HyperparameterValue{Name: "max_allowed_uids", Value: 4096})
			}})
			w.warm()
			w.period(w.agreed())
			clock, err := w.subnets.Clock(w.ctx, 1)
			require.NoError(b, err)
			ctx := w.ctx.WithBlockHeight(clock.NextBoundary)
			from := clock.LastBoundary
			clock = clock.Advance(1, clock.NextBoundary, clock.Tempo)
			b.ReportAllocs()
			for b.Loop() {
				cached, _ := ctx.CacheContext()
				if err := w.AfterBoundary(cached, 1, clock, from); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
