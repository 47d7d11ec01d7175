package keeper

import (
	"errors"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	distributiontypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

const (
	people     = 5
	randomVals = 4
)

// FuzzStakeMoves: whatever people delegate, undelegate, redelegate and claim, and whoever is slashed, jailed or leaves, after every
// block the supply adds up to the atao, both module accounts hold exactly what they owe, and in the end everybody can withdraw.
func FuzzStakeMoves(f *testing.F) {
	for seed := range int64(4) {
		script := make([]byte, 300)
		rand.New(rand.NewSource(seed)).Read(script) //nolint:gosec // a repeatable script
		f.Add(script)
	}
	f.Add([]byte{4, 0, 255, 7, 0, 90, 0, 0, 255, 7, 3, 200, 5, 0, 0, 7, 9, 255, 1, 0, 255, 7, 9, 255, 7, 9, 255})
	f.Fuzz(func(t *testing.T, script []byte) { playScript(t, script[:min(len(script), 900)]) })
}

// playScript makes a world and does what the script says, three bytes a deed.
func playScript(t *testing.T, script []byte) *world {
	t.Helper()
	w := newWorld(t, setting{validators: randomVals, miners: 3, tempo: 17, interval: 13, subnets: 2, sweep: 2})
	for i := range people {
		w.newDelegator(i, tao(5000))
	}
	w.warm()
	for len(script) >= 3 {
		op, who, size := script[0], script[1], script[2]
		script = script[3:]
		if op%8 == 7 {
			w.wander(int(size) % 40)
			continue
		}
		w.block(func() { w.move(op%8, who, size) })
	}
	w.wander(60)
	w.everybodyClaims()
	w.block()
	return w
}

// move is one random deed; the SDK refuses some, which is fine.
func (w *world) move(op, who, size byte) {
	w.t.Helper()
	person, from, to := delegator(int(who)%people), int(who/8)%randomVals, int(who/32)%randomVals
	amount := tao(int64(size) * 10).AddRaw(int64(who))
	switch op {
	case 0, 1:
		_ = w.delegate(person, to, amount.AddRaw(1))
	case 2:
		if has := w.delegated(person, from); has.IsPositive() {
			_ = w.undelegate(person, from, math.MinInt(has, amount))
		}
	case 3:
		if has := w.delegated(person, from); has.IsPositive() && from != to {
			_ = w.redelegate(person, from, to, math.MinInt(has, amount))
		}
	case 4:
		validator, err := w.staking.GetValidator(w.ctx, operator(from))
		if err == nil && !validator.IsUnbonded() && validator.Tokens.IsPositive() {
			w.slash(from, max(1, w.ctx.BlockHeight()-int64(size%20)), int64(size%101))
		}
	case 5:
		if _, err := w.staking.GetValidator(w.ctx, operator(from)); err == nil {
			w.jail(from)
		}
	case 6: // all leave a validator, and its operator comes back when it is gone
		if _, err := w.staking.GetValidator(w.ctx, operator(from)); errors.Is(err, stakingtypes.ErrNoValidatorFound) {
			w.createValidator(from, 100, math.LegacyNewDecWithPrec(int64(size%101), 2))
			w.returned++
			return
		}
		for i := range people {
			if has := w.delegated(delegator(i), from); has.IsPositive() {
				_ = w.undelegate(delegator(i), from, has)
			}
		}
		own := sdk.AccAddress(operator(from))
		if has := w.delegated(own, from); has.IsPositive() {
			_ = w.undelegate(own, from, has)
		}
	}
}

// wander lets blocks pass while validators keep voting on both subnets.
func (w *world) wander(n int) {
	w.t.Helper()
	for range n {
		w.block(func() {
			for netuid := uint32(1); netuid <= 2; netuid++ {
				clock, err := w.subnets.Clock(w.ctx, 1)
				require.NoError(w.t, err)
				if w.ctx.BlockHeight() == clock.LastBoundary+1 {
					w.vote(netuid, w.agreed())
				}
			}
		})
	}
}

func (w *world) delegated(who sdk.AccAddress, to int) math.Int {
	w.t.Helper()
	validator, err := w.staking.GetValidator(w.ctx, operator(to))
	if err != nil {
		return math.ZeroInt()
	}
	delegation, err := w.staking.GetDelegation(w.ctx, who, operator(to))
	if err != nil || !validator.DelegatorShares.IsPositive() {
		return math.ZeroInt()
	}
	return validator.TokensFromShares(delegation.Shares).TruncateInt()
}

func (w *world) everybodyClaims() {
	w.t.Helper()
	all, err := w.staking.GetAllDelegations(w.ctx)
	require.NoError(w.t, err)
	for _, d := range all {
		who, err := sdk.AccAddressFromBech32(d.DelegatorAddress)
		require.NoError(w.t, err)
		to, err := sdk.ValAddressFromBech32(d.ValidatorAddress)
		require.NoError(w.t, err)
		_, err = w.distribution.WithdrawDelegationRewards(w.ctx, who, to)
		require.NoError(w.t, err)
	}
	for i := range randomVals {
		if _, err := w.distribution.WithdrawValidatorCommission(w.ctx, operator(i)); err != nil {
			require.ErrorIs(w.t, err, distributiontypes.ErrNoValidatorCommission)
		}
	}
}
