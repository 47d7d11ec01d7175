package app

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
)

// stake is the only place where the economy reads x/staking: tokens of bonded validators, in whole rao.
type stake struct{ k *stakingkeeper.Keeper }

// Bonded are a validator's tokens while it is bonded, else 0.
func (s stake) Bonded(ctx context.Context, validator sdk.ValAddress) (gotensor.Rao, error) {
	v, found, err := s.find(ctx, validator)
	if err != nil || !found || !v.IsBonded() {
		return 0, err
	}
	return wholeRao(v.Tokens)
}

// Delegated are the tokens behind all delegations of an account to bonded validators. It reads each of them.
func (s stake) Delegated(ctx context.Context, delegator sdk.AccAddress) (gotensor.Rao, error) {
	sum := math.LegacyZeroDec()
	var failure error
	err := s.k.IterateDelegatorDelegations(ctx, delegator, func(d stakingtypes.Delegation) bool {
		var v stakingtypes.Validator
		var found bool
		address, err := s.k.ValidatorAddressCodec().StringToBytes(d.ValidatorAddress)
		if err == nil {
			v, found, err = s.find(ctx, address)
		}
		if failure = err; failure != nil {
			return true
		}
		if found && v.IsBonded() {
			sum = sum.Add(v.TokensFromSharesTruncated(d.Shares))
		}
		return false
	})
	if err = errors.Join(err, failure); err != nil {
		return 0, fmt.Errorf("delegations of %s: %w", delegator, err)
	}
	return wholeRao(sum.TruncateInt())
}

// IsValidator tells whether there is a staking validator of that operator, in any state.
func (s stake) IsValidator(ctx context.Context, validator sdk.ValAddress) (bool, error) {
	_, found, err := s.find(ctx, validator)
	return found, err
}

func (s stake) find(ctx context.Context, validator sdk.ValAddress) (stakingtypes.Validator, bool, error) {
	v, err := s.k.GetValidator(ctx, validator)
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

func wholeRao(atao math.Int) (gotensor.Rao, error) {
	r, _, err := gotensor.RaoFromAtao(atao.BigInt())
	return r, err
}
