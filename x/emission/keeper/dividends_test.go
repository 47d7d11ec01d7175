package keeper

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	distributiontypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// near says that two amounts differ by less than what x/distribution loses to rounding, a millionth of a rao per settlement.
func near(t testing.TB, want, got math.Int, text string) {
	t.Helper()
	require.True(t, want.Sub(got).Abs().LTE(math.NewInt(1_000_000)), "%s: want %s, got %s", text, want, got)
}

// raoToAtao is an amount of rao in the bank's unit.
func raoToAtao(rao uint64) math.Int { return math.NewIntFromBigInt(gotensor.Rao(rao).Atao()) }

// A sniper doubles the stake of a validator for one block. He earns his half of that block and nothing else, though dividends are
// settled every 50 blocks only.
func TestSniperEarnsOneBlock(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 2, tempo: 47})
	w.warm()
	sniper := w.newDelegator(1, tao(1000))
	w.blocks(20)
	stream := w.streamOf(0)
	require.Equal(t, int64(48), stream.End-stream.Start)
	joined := w.ctx.BlockHeight() + 1
	w.block(func() { require.NoError(t, w.delegate(sniper, 0, tao(1000))) })
	w.block(func() { require.NoError(t, w.undelegate(sniper, 0, tao(1000))) })
	w.blocks(10)
	block := stream.Earned(joined+1) - stream.Earned(joined)
	near(t, raoToAtao(block).QuoRaw(2), w.balance(purse(sniper)), "half of one block")

	w.blocks(100)
	near(t, raoToAtao(block).QuoRaw(2), w.balance(purse(sniper)), "and nothing later")
}

// Two delegators of one validator earn by stake times blocks, whoever came when.
func TestDelegatorsEarnTheirBlocks(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 59, interval: 7})
	w.warm()
	a, b := w.newDelegator(1, tao(500)), w.newDelegator(2, tao(250))
	stream := w.streamOf(0)
	at := func() int64 { return w.ctx.BlockHeight() }
	w.block(func() { require.NoError(t, w.delegate(a, 0, tao(500))) })
	from := at()
	w.blocks(13)
	w.block(func() { require.NoError(t, w.delegate(b, 0, tao(250))) })
	middle := at()
	w.blocks(21)
	w.block(func() { require.NoError(t, w.undelegate(a, 0, tao(500))) })
	until := at()

	first, second := raoToAtao(stream.Earned(middle)-stream.Earned(from)), raoToAtao(stream.Earned(until)-stream.Earned(middle))
	wantA := first.MulRaw(500).QuoRaw(1500).Add(second.MulRaw(500).QuoRaw(1750))
	near(t, wantA, w.balance(purse(a)), "a")
	near(t, second.MulRaw(250).QuoRaw(1750), w.claim(b, 0), "b")
}

// A whale sits in his own validator in the block of the epoch and in another's between: he is paid twice, once. The way
// back is closed until the unbonding time has passed, which makes it less than 5 %.
func TestHopperGainsOnce(t *testing.T) {
	run := func(hop bool) math.Int {
		w := newWorld(t, setting{validators: 2, miners: 1, tempo: 11, whale: true})
		whale := w.newDelegator(1, tao(999))
		w.block(func() { require.NoError(t, w.delegate(whale, 0, tao(999))) })
		w.warm()
		w.period(w.agreed()) // the first paid epoch also had the emission of those before
		w.blocks(1)
		start := w.income(whale)
		for i := range int(unbonding / blockTime) {
			w.block(func() {
				if hop && i == 0 {
					require.NoError(t, w.redelegate(whale, 0, 1, tao(999)))
				} else if hop && i%6 == 0 {
					require.ErrorIs(t, w.redelegate(whale, 1, 0, tao(999)), stakingtypes.ErrTransitiveRedelegation)
				}
				clock, err := w.subnets.Clock(w.ctx, 1)
				require.NoError(t, err)
				if w.ctx.BlockHeight() == clock.LastBoundary+1 {
					w.vote(1, w.agreed())
				}
			})
		}
		return w.income(whale).Sub(start)
	}
	honest, hopper := run(false), run(true)
	require.True(t, honest.IsPositive())
	require.True(t, hopper.LT(honest.MulRaw(105).QuoRaw(100)), "hopper %s, honest %s", hopper, honest)
	t.Logf("hopper %s atao, honest %s atao", hopper, honest)
}

// income is all that the whale, his validator 0 and its commission ever got.
func (w *world) income(whale sdk.AccAddress) math.Int {
	w.t.Helper()
	own := sdk.AccAddress(operator(0))
	if _, err := w.distribution.WithdrawValidatorCommission(w.ctx, operator(0)); err != nil {
		require.ErrorIs(w.t, err, distributiontypes.ErrNoValidatorCommission)
	}
	w.claim(whale, 0)
	return w.claim(whale, 1).Add(w.claim(own, 0))
}

// A validator whose last delegator leaves is removed in time: what its stream still owes goes to the community pool, nothing is
// orphaned, and an operator who comes back starts from zero.
func TestRemovedValidatorsDividendsGoToThePool(t *testing.T) {
	w := newWorld(t, setting{validators: 2, miners: 1, tempo: 400, plain: true})
	w.warm()
	w.blocks(3)
	before := w.pool()
	own := sdk.AccAddress(operator(1))
	stream := w.streamOf(1)
	w.block(func() { require.NoError(t, w.undelegate(own, 1, tao(1000))) })
	settled := w.streamOf(1).Settled
	require.Equal(t, stream.Earned(w.ctx.BlockHeight()), settled, "settled when he left")
	near(t, raoToAtao(settled), w.balance(purse(own)), "he got all until then")
	w.blocks(int(unbonding/blockTime) + 1)
	_, err := w.staking.GetValidator(w.ctx, operator(1))
	require.ErrorIs(t, err, stakingtypes.ErrNoValidatorFound)
	streams, err := w.streamsOf(w.ctx, operator(1))
	require.NoError(t, err)
	require.Empty(t, streams)
	outstanding, err := w.distribution.GetValidatorOutstandingRewardsCoins(w.ctx, operator(1))
	require.NoError(t, err)
	require.True(t, outstanding.IsZero())
	near(t, raoToAtao(stream.Total-settled), w.pool().Sub(before), "the pool grew by the rest of the stream")

	w.createValidator(1, 1000, math.LegacyZeroDec())
	w.blocks(60)
	require.True(t, w.claim(own, 1).Sub(raoToAtao(settled)).LTE(math.NewInt(1_000_000)), "the new validator gets nothing of the old")
}

// A slash does not touch what was earned before it, and shares go on by tokens.
func TestSlashedValidatorsDividends(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 59})
	w.warm()
	a, b := w.newDelegator(1, tao(1000)), w.newDelegator(2, tao(1500))
	stream := w.streamOf(0)
	w.block(func() { require.NoError(t, w.delegate(a, 0, tao(1000))) })
	from := w.ctx.BlockHeight()
	w.blocks(9)
	w.block(func() { w.slash(0, w.ctx.BlockHeight(), 25) })
	slashed := w.ctx.BlockHeight()
	require.Equal(t, stream.Earned(slashed), w.streamOf(0).Settled, "settled before the slash")
	w.blocks(4)
	w.block(func() { require.NoError(t, w.delegate(b, 0, tao(1500))) }) // as much as the two that are left with 750 each
	joined := w.ctx.BlockHeight()
	w.blocks(9)
	w.block(func() { w.slash(0, w.ctx.BlockHeight(), 10) })
	last := w.ctx.BlockHeight()
	w.blocks(5)
	end := w.streamOf(0).Settled
	require.Equal(t, stream.Earned(last), end)
	before, after := raoToAtao(stream.Earned(joined)-stream.Earned(from)), raoToAtao(stream.Earned(last)-stream.Earned(joined))
	near(t, before.QuoRaw(2).Add(after.QuoRaw(4)), w.claim(a, 0), "a")
	near(t, after.QuoRaw(2), w.claim(b, 0), "b")
}

// A jailed validator's stream of the past period goes on to its delegators; in the next period it gets none.
func TestJailedValidatorsDividends(t *testing.T) {
	w := newWorld(t, setting{validators: 2, miners: 1, tempo: 23, interval: 5})
	w.warm()
	w.blocks(4)
	stream := w.streamOf(1)
	w.block(func() { w.jail(1) })
	w.period(map[int][]weightstypes.Entry{0: w.agreed()[0]})
	w.blocks(6)
	own := sdk.AccAddress(operator(1))
	require.True(t, w.claim(own, 1).GTE(raoToAtao(stream.Total)), "paid to the end")
	streams, err := w.streamsOf(w.ctx, operator(1))
	require.NoError(t, err)
	require.Empty(t, streams, "no stake at the boundary, no new stream")
	columns, err := w.neurons.Columns(w.ctx, 1)
	require.NoError(t, err)
	require.Zero(t, columns.Stake[1])
	require.Zero(t, columns.Dividends[1])
}

// Commission is that of the block in which it was earned.
func TestCommissionChangesSettleFirst(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 59})
	w.warm()
	w.blocks(5)
	require.NoError(t, w.StakingHooks().BeforeValidatorModified(w.ctx, operator(0)))
	stream := w.streamOf(0)
	require.Equal(t, stream.Earned(w.ctx.BlockHeight()), stream.Settled)
	commission, err := w.distribution.GetValidatorAccumulatedCommission(w.ctx, operator(0))
	require.NoError(t, err)
	require.True(t, commission.Commission.IsZero())
}

// A validator without tokens has nobody to pay: the community pool gets what it earns from then on.
func TestValidatorWithoutTokens(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 59, interval: 10, plain: true})
	w.warm()
	w.block(func() { w.slash(0, w.ctx.BlockHeight(), 100) })
	at, before := w.streamOf(0), w.pool()
	for range 20 {
		w.block()
	}
	later := w.streamOf(0)
	require.Greater(t, later.Settled, at.Settled)
	require.Equal(t, raoToAtao(later.Settled-at.Settled).String(), w.pool().Sub(before).String())
}

// Dividends that cannot be paid halt the subnet and hold nobody's stake back.
func TestUnpayableDividendsHaltTheSubnet(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 59})
	w.warm()
	w.blocks(10)
	who := w.newDelegator(1, tao(10))
	thief := person(7, 7)
	all := w.balance(authtypes.NewModuleAddress(types.ModuleName))
	w.faulty = true
	require.NoError(t, w.bank.SendCoinsFromModuleToAccount(w.ctx, types.ModuleName, thief[:], sdk.NewCoins(atao(all))))
	w.block(func() { require.NoError(t, w.delegate(who, 0, tao(10))) })
	pot, err := w.Pot(w.ctx, 1)
	require.NoError(t, err)
	require.Contains(t, pot.Halted, "settle dividends")
	settled := w.streamOf(0).Settled
	w.block(func() { require.NoError(t, w.undelegate(who, 0, tao(5))) })
	require.Equal(t, settled, w.streamOf(0).Settled, "nothing leaves a halted subnet")

	require.NoError(t, w.bank.SendCoins(w.ctx, thief[:], authtypes.NewModuleAddress(types.ModuleName), sdk.NewCoins(atao(all))))
	w.faulty = false
	_, err = NewMsgServer(w.Keeper).Resume(w.ctx, &types.MsgResume{Authority: w.Authority, Netuid: 1})
	require.NoError(t, err)
	w.block(func() { require.NoError(t, w.undelegate(who, 0, tao(5))) })
	stream := w.streamOf(0)
	require.Equal(t, stream.Earned(w.ctx.BlockHeight()), stream.Settled, "it catches up")
}

// pool is the community pool in whole atao.
func (w *world) pool() math.Int {
	w.t.Helper()
	pool, err := w.distribution.FeePool.Get(w.ctx)
	require.NoError(w.t, err)
	return pool.CommunityPool.AmountOf(gotensor.BaseDenom).TruncateInt()
}
