package keeper

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// graded are rows in which the miners earn in proportion 100 : 80 : 30.
func graded(validators int) map[int][]weightstypes.Entry {
	out := map[int][]weightstypes.Entry{}
	for v := range validators {
		for i, weight := range []uint16{50_000, 40_000, 15_000} {
			out[v] = append(out[v], weightstypes.Entry{UID: gotensor.UID(validators + i), Value: weight})
		}
	}
	return out
}

// The rent of 60 % of the best leaves 40 : 20 : 0. Validators and the owner get what they get without, all is paid out to the rao, and supply and
// cover hold after every block.
func TestUpkeepGoesFromTheWeakToTheStrong(t *testing.T) {
	pay := func(upkeep int64) ([]gotensor.Rao, *world) {
		w := newWorld(t, setting{validators: 2, miners: 3, tempo: 9, sweep: 1, shape: func(s *subnettypes.GenesisSubnet) {
			s.Hyperparameters = append(s.Hyperparameters, subnettypes.HyperparameterValue{Name: "upkeep", Value: upkeep})
		}})
		for w.report().PaidEpochs == 0 {
			w.period(graded(2))
		}
		columns, err := w.neurons.Columns(w.ctx, 1)
		require.NoError(t, err)
		return columns.Emission, w
	}
	without, before := pay(0)
	with, after := pay(600)
	all := without[2] + without[3] + without[4]
	require.InDelta(t, 0.3, ratio(without[4], without[2]), 1e-4)
	require.Zero(t, with[4])
	require.InDelta(t, 0.5, ratio(with[3], with[2]), 1e-3)
	require.InDelta(t, uint64(all), uint64(with[2]+with[3]+with[4]), 3)
	require.Equal(t, without[:2], with[:2], "dividends")
	b, a := before.report(), after.report()
	require.Equal(t, b.Drained, a.Drained)
	require.Equal(t, b.Dividends, a.Dividends)
	require.InDelta(t, b.Incentive, a.Incentive, 3)
	require.Equal(t, uint64(with[2]+with[3]+with[4]), a.Incentive)

	// The emission after upkeep is what pruning goes by: the one that is not paid makes room.
	columns, err := after.neurons.Columns(after.ctx, 1)
	require.NoError(t, err)
	require.Positive(t, columns.Incentive[4], "consensus itself is not changed")
	after.blocks(8)
	for i, want := range []bool{true, true, false} {
		coldkey := person(3, 2+i)
		require.Equal(t, want, after.balance(coldkey[:]).IsPositive())
	}
	require.Equal(t, uint32(600), after.ask(t).Params.Upkeep)
}

func ratio(a, b gotensor.Rao) float64 { return float64(a) / float64(b) }

// Whatever the rent and whoever moves stake: the books of every block are the same check as without.
func TestRandomMovesUnderUpkeep(t *testing.T) {
	for _, upkeep := range []int64{1, 333, 950} {
		w := newWorld(t, setting{validators: 3, miners: 3, tempo: 9, sweep: 2, shape: func(s *subnettypes.GenesisSubnet) {
			s.Hyperparameters = append(s.Hyperparameters, subnettypes.HyperparameterValue{Name: "upkeep", Value: upkeep})
		}})
		for i := range people {
			w.newDelegator(i, tao(5000))
		}
		for period := range 5 {
			w.period(graded(3))
			w.block(func() { w.move(byte(period), byte(7*period), byte(90+period)) })
		}
		require.Positive(t, w.report().PaidEpochs)
		require.Empty(t, w.report().Error)
	}
}
