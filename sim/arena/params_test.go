package arena_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/sim/arena"
	"github.com/gotensor/gotensor/x/subnet/types"
	"github.com/gotensor/gotensor/yuma"
)

// TestDefaultParamsAreTheChains holds the arena's parameters to the schema of x/subnet.
func TestDefaultParamsAreTheChains(t *testing.T) {
	h := types.DefaultHyperparameters(2000)
	tempo := h.TempoBlocks()
	require.Equal(t, yuma.Params{
		Tempo: uint16(tempo), ActivityCutoff: gotensor.Block(h.ActivityCutoffBlocks(tempo)),
		Kappa: h.Kappa, BondsPenalty: h.BondsPenalty, BondsMovingAverage: uint64(h.BondsMovingAverage), Yuma3: h.Yuma3Enabled,
		Liquid:        yuma.Liquid{Enabled: h.LiquidAlphaEnabled, Low: h.AlphaLow, High: h.AlphaHigh, Steepness: h.AlphaSigmoidSteepness},
		MaxValidators: h.MaxAllowedValidators, MinStake: h.StakeThreshold,
	}, arena.DefaultParams())
}
