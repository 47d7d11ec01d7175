package keeper

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
)

// Each block of two seconds mints a sixth of a TAO; the shares add up to it and the fraction is carried as time.
func TestMintAndShares(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 99})
	w.block() // the first block only starts the clock
	state, err := w.issuance.Get(w.ctx)
	require.NoError(t, err)
	require.Zero(t, state.Issued)
	supply, pool := w.supplyNow(), w.pool()
	for range 6 {
		w.block()
	}
	require.Equal(t, tao(1).String(), w.supplyNow().Sub(supply).String(), "twelve seconds are one TAO, to the rao")
	state, err = w.issuance.Get(w.ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(gotensor.RaoPerTAO), state.Issued)
	require.Zero(t, state.Remainder)
	require.InDelta(t, 0.93e9, float64(w.pot(1).Pending), 6)
	w.block() // producers' part reaches the pool of this world one block later, as nobody signs here
	require.True(t, w.pool().Sub(pool).GTE(raoToAtao(70_000_000-12)))
}

func TestMintCountsHeaderTime(t *testing.T) {
	tests := []struct {
		name string
		step time.Duration
		rao  uint64
	}{
		{"a late block", 5 * time.Second, 416_666_666},
		{"a chain that stood still counts ten target blocks", time.Hour, 1_666_666_666},
		{"no time", 0, 0},
		{"a clock that went back", -time.Minute, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, setting{validators: 1, miners: 1, tempo: 99})
			require.NoError(t, w.BeginBlock(w.ctx))
			before, err := w.issuance.Get(w.ctx)
			require.NoError(t, err)
			w.ctx = w.ctx.WithBlockTime(w.ctx.BlockTime().Add(tt.step))
			require.NoError(t, w.BeginBlock(w.ctx))
			after, err := w.issuance.Get(w.ctx)
			require.NoError(t, err)
			require.Equal(t, tt.rao, after.Issued-before.Issued)
			require.GreaterOrEqual(t, after.LastTimeUnixNs, before.LastTimeUnixNs, "time that went by twice counts once")
		})
	}
}

func TestUpdateParams(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 99})
	msgs := NewMsgServer(w.Keeper)
	p := types.DefaultParams()
	p.ProducerPpm, p.CommunityPpm = 0, 1_000_000
	_, err := msgs.UpdateParams(w.ctx, &types.MsgUpdateParams{Authority: coldkeyOf(1), Params: p})
	require.ErrorIs(t, err, types.ErrAuthority)
	bad := p
	bad.SettleInterval = 0
	_, err = msgs.UpdateParams(w.ctx, &types.MsgUpdateParams{Authority: w.Authority, Params: bad})
	require.ErrorIs(t, err, types.ErrField)
	w.blocks(1)
	_, err = msgs.UpdateParams(w.ctx, &types.MsgUpdateParams{Authority: w.Authority, Params: p})
	require.NoError(t, err)
	got, err := w.Params(w.ctx)
	require.NoError(t, err)
	require.Equal(t, p, got)
	pending := w.pot(1).Pending
	w.blocks(3)
	require.Equal(t, pending, w.pot(1).Pending, "the pool takes all now")
	_, err = msgs.Resume(w.ctx, &types.MsgResume{Authority: w.Authority, Netuid: 0})
	require.ErrorIs(t, err, types.ErrField)
}

func TestQueries(t *testing.T) {
	w := newWorld(t, setting{validators: 2, miners: 1, tempo: 9})
	w.warm()
	w.block(func() { require.NoError(t, w.register(50)) })
	w.blocks(2)
	q := NewQueryServer(w.Keeper)
	issuance, err := q.Issuance(w.ctx, &types.QueryIssuanceRequest{})
	require.NoError(t, err)
	require.Equal(t, w.supplyNow().String(), issuance.SupplyAtao)
	require.Equal(t, uint64(gotensor.RaoPerTAO), issuance.Rate)
	require.Equal(t, types.DefaultParams(), issuance.Params)
	require.Equal(t, w.ctx.BlockHeight(), issuance.Height)
	require.Equal(t, w.initial.String(), issuance.GenesisSupplyAtao)
	require.NotZero(t, issuance.Burned)
	require.Equal(t, w.burned.String(), raoToAtao(issuance.Burned).String())
	require.Equal(t, issuance.SupplyAtao, w.initial.Add(raoToAtao(issuance.Issued)).Sub(raoToAtao(issuance.Burned)).String())

	emission, err := q.Emission(w.ctx, &types.QueryEmissionRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, w.pot(1), emission.Pot)
	require.Equal(t, uint64(1), emission.Latest.PaidEpochs)
	_, err = q.Emission(w.ctx, &types.QueryEmissionRequest{Netuid: 2})
	require.Error(t, err)
	_, err = q.Emission(w.ctx, &types.QueryEmissionRequest{Netuid: 70_000})
	require.ErrorIs(t, err, types.ErrField)

	streams, err := q.Streams(w.ctx, &types.QueryStreamsRequest{Validator: operator(0).String()})
	require.NoError(t, err)
	require.Len(t, streams.Streams, 1)
	require.Equal(t, streams.Streams[0].Due(w.ctx.BlockHeight()), streams.Unsettled)
	require.Positive(t, streams.Unsettled)
	_, err = q.Streams(w.ctx, &types.QueryStreamsRequest{Validator: coldkeyOf(0)})
	require.ErrorIs(t, err, types.ErrField)
}

// A validator that is removed while its subnet is halted leaves its dividends in the pot: nothing leaves a halted subnet.
func TestRemovalOnAHaltedSubnet(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 59})
	w.warm()
	w.blocks(5)
	pot, err := w.halt(w.ctx, w.pot(1), "a test")
	require.NoError(t, err)
	again, err := w.halt(w.ctx, pot, "another reason")
	require.NoError(t, err)
	require.Equal(t, "a test", again.Halted, "the first reason stays")
	rest := w.streamOf(0).Rest()
	require.NoError(t, w.StakingHooks().AfterValidatorRemoved(w.ctx, nil, operator(0)))
	require.Equal(t, pot.Carried+rest, w.pot(1).Carried)
	streams, err := w.streamsOf(w.ctx, operator(0))
	require.NoError(t, err)
	require.Empty(t, streams)
	w.verify()
}

// A period that ends early pays what its streams still owe; one whose subnet has no dividends any more runs out by itself.
func TestStreamsOfSuccessivePeriods(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 59, interval: 10_000})
	w.warm()
	old := w.streamOf(0)
	w.blocks(7)
	validator := operator(0)
	now := w.ctx.BlockHeight()
	require.NoError(t, w.Bank.MintCoins(w.ctx, types.ModuleName, coins(1000)))
	require.NoError(t, w.startStream(w.ctx, validator, types.Stream{Validator: old.Validator, Netuid: 1, Total: 1000, Start: now, End: now + 10}))
	rewards, err := w.distribution.GetValidatorOutstandingRewardsCoins(w.ctx, validator)
	require.NoError(t, err)
	require.Equal(t, raoToAtao(old.Total).String(), rewards.AmountOf(gotensor.BaseDenom).TruncateInt().String())
	require.Equal(t, uint64(1000), w.streamOf(0).Rest())
	w.ctx = w.ctx.WithBlockHeight(now + 10)
	require.NoError(t, w.SettleAll(w.ctx))
	streams, err := w.streamsOf(w.ctx, validator)
	require.NoError(t, err)
	require.Empty(t, streams)
}
