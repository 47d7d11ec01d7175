package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// StakingHooks settle a validator's dividends just before its stake, its commission or its tokens change, so that each block is paid to
// those who were delegators in it. They must come before x/distribution's hooks, which close a period on what is there.
//
// None of them returns an error: a subnet whose dividends cannot be paid is halted, but nobody's stake is held back by that.
type StakingHooks struct{ k Keeper }

var _ stakingtypes.StakingHooks = StakingHooks{}

// StakingHooks returns the hooks to be registered with x/staking, before those of x/distribution.
func (k Keeper) StakingHooks() StakingHooks { return StakingHooks{k: k} }

// BeforeDelegationCreated settles for those who are there already.
func (h StakingHooks) BeforeDelegationCreated(ctx context.Context, _ sdk.AccAddress, validator sdk.ValAddress) error {
	h.k.trySettle(ctx, validator)
	return nil
}

// BeforeDelegationSharesModified settles before a delegation grows or shrinks.
func (h StakingHooks) BeforeDelegationSharesModified(ctx context.Context, _ sdk.AccAddress, validator sdk.ValAddress) error {
	h.k.trySettle(ctx, validator)
	return nil
}

// BeforeValidatorSlashed settles on the shares' value before the slash.
func (h StakingHooks) BeforeValidatorSlashed(ctx context.Context, validator sdk.ValAddress, _ math.LegacyDec) error {
	h.k.trySettle(ctx, validator)
	return nil
}

// BeforeValidatorModified settles at the commission that was in force.
func (h StakingHooks) BeforeValidatorModified(ctx context.Context, validator sdk.ValAddress) error {
	h.k.trySettle(ctx, validator)
	return nil
}

// AfterValidatorRemoved gives the community pool what nobody is left to receive.
func (h StakingHooks) AfterValidatorRemoved(ctx context.Context, _ sdk.ConsAddress, validator sdk.ValAddress) error {
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if err := h.k.finish(cached, validator); err != nil {
		h.k.haltCreditors(ctx, validator, fmt.Errorf("dividends of the removed %s: %w", validator, err))
		return nil
	}
	write()
	return nil
}

// AfterValidatorCreated has nothing to settle.
func (StakingHooks) AfterValidatorCreated(context.Context, sdk.ValAddress) error { return nil }

// AfterValidatorBonded changes no share.
func (StakingHooks) AfterValidatorBonded(context.Context, sdk.ConsAddress, sdk.ValAddress) error {
	return nil
}

// AfterValidatorBeginUnbonding changes no share: what was earned while bonded goes on being paid.
func (StakingHooks) AfterValidatorBeginUnbonding(context.Context, sdk.ConsAddress, sdk.ValAddress) error {
	return nil
}

// BeforeDelegationRemoved follows BeforeDelegationSharesModified, which has settled.
func (StakingHooks) BeforeDelegationRemoved(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return nil
}

// AfterDelegationModified is for x/distribution.
func (StakingHooks) AfterDelegationModified(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return nil
}

// AfterUnbondingInitiated changes no share.
func (StakingHooks) AfterUnbondingInitiated(context.Context, uint64) error { return nil }
