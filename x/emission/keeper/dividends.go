package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
)

// Settle gives x/distribution what a validator has earned up to the present block on all subnets that are not halted. Its work is
// bounded by the number of subnets.
func (k Keeper) Settle(ctx context.Context, validator sdk.ValAddress) error {
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	streams, err := k.streamsOf(ctx, validator)
	if err != nil {
		return err
	}
	var total gotensor.Rao
	for _, stream := range streams {
		pot, err := k.Pot(ctx, gotensor.NetUID(stream.Netuid))
		if err != nil {
			return err
		}
		if pot.Halted != "" {
			continue
		}
		due := stream.Due(height)
		stream.Settled += due
		if total, err = total.Add(gotensor.Rao(due)); err != nil {
			return err
		}
		if err := k.store(ctx, validator, stream); err != nil {
			return err
		}
	}
	return k.pay(ctx, validator, total)
}

// SettleAll settles every validator that has a stream. The streams of a subnet are at most its permits, so the work is bounded by the
// number of subnets times max_allowed_validators.
func (k Keeper) SettleAll(ctx context.Context) error {
	var validators []sdk.ValAddress
	err := k.streams.Walk(ctx, nil, func(key streamKey, _ types.Stream) (bool, error) {
		if n := len(validators); n == 0 || !validators[n-1].Equals(sdk.ValAddress(key.K1())) {
			validators = append(validators, key.K1())
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, validator := range validators {
		k.trySettle(ctx, validator)
	}
	return nil
}

// trySettle settles in a cached context and, if that fails, halts the subnets that owe the validator: neither a delegator who
// wants to leave nor the chain itself may depend on it.
func (k Keeper) trySettle(ctx context.Context, validator sdk.ValAddress) {
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	err := k.Settle(cached, validator)
	if err == nil {
		write()
		return
	}
	k.haltCreditors(ctx, validator, fmt.Errorf("settle dividends of %s: %w", validator, err))
}

// startStream begins the dividends of one period; what the validator's stream of the period before still owes is paid first.
func (k Keeper) startStream(ctx context.Context, validator sdk.ValAddress, stream types.Stream) error {
	old, err := k.streams.Get(ctx, collections.Join([]byte(validator), uint16(stream.Netuid)))
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err := k.pay(ctx, validator, gotensor.Rao(old.Rest())); err != nil {
		return err
	}
	return k.store(ctx, validator, stream)
}

// finish gives the community pool what a removed validator was still to get; what a halted subnet owes stays in its pot, because
// nothing leaves a halted subnet.
func (k Keeper) finish(ctx context.Context, validator sdk.ValAddress) error {
	streams, err := k.streamsOf(ctx, validator)
	if err != nil {
		return err
	}
	var total gotensor.Rao
	for _, stream := range streams {
		pot, err := k.Pot(ctx, gotensor.NetUID(stream.Netuid))
		if err != nil {
			return err
		}
		rest := gotensor.Rao(stream.Rest())
		if pot.Halted != "" {
			carried, err := gotensor.Rao(pot.Carried).Add(rest)
			if err != nil {
				return err
			}
			pot.Carried = uint64(carried)
			if err := k.pots.Set(ctx, uint16(stream.Netuid), pot); err != nil {
				return err
			}
		} else if total, err = total.Add(rest); err != nil {
			return err
		}
		if err := k.streams.Remove(ctx, collections.Join([]byte(validator), uint16(stream.Netuid))); err != nil {
			return err
		}
	}
	if total == 0 {
		return nil
	}
	return k.payPool(ctx, total)
}

// pay gives an amount to a validator's delegators and says so; nothing is done for an amount of 0.
func (k Keeper) pay(ctx context.Context, validator sdk.ValAddress, amount gotensor.Rao) error {
	if amount == 0 {
		return nil
	}
	if err := k.payDelegators(ctx, validator, amount); err != nil {
		return err
	}
	operator, err := operatorText(validator)
	if err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventDividendsSettled{Validator: operator, Amount: uint64(amount)})
}

// store writes a stream, or removes it once all of it is settled.
func (k Keeper) store(ctx context.Context, validator sdk.ValAddress, stream types.Stream) error {
	key := collections.Join([]byte(validator), uint16(stream.Netuid))
	if stream.Rest() == 0 {
		return k.streams.Remove(ctx, key)
	}
	return k.streams.Set(ctx, key, stream)
}

// streamsOf returns a validator's streams by netuid.
func (k Keeper) streamsOf(ctx context.Context, validator sdk.ValAddress) ([]types.Stream, error) {
	var streams []types.Stream
	err := k.streams.Walk(ctx, collections.NewPrefixedPairRange[[]byte, uint16](validator), func(_ streamKey, stream types.Stream) (bool, error) {
		streams = append(streams, stream)
		return false, nil
	})
	return streams, err
}

// operatorText is the bech32 form of a validator's operator.
func operatorText(validator sdk.ValAddress) (string, error) {
	address, err := gotensor.AddressFromBytes(validator)
	if err != nil {
		return "", fmt.Errorf("validator: %w", err)
	}
	return addr.FormatValidator(address), nil
}

// stakedValidator finds a validator that has delegators to pay; found is false if it was removed or has no tokens left.
func (k Keeper) stakedValidator(ctx context.Context, address sdk.ValAddress) (validator stakingtypes.Validator, found bool, err error) {
	validator, err = k.Staking.GetValidator(ctx, address)
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return validator, false, nil
	}
	return validator, err == nil && validator.Tokens.IsPositive(), err
}
