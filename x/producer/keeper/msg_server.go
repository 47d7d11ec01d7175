package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor/x/producer/types"
)

type msgServer struct{ k Keeper }

// NewMsgServer answers the module's messages.
func NewMsgServer(k Keeper) types.MsgServer { return msgServer{k} }

// OptIn lets the operator's validator into CometBFT's set at the end of this block. The validator must be bonded and not
// jailed: who opts in must run a node with the validator's consensus key, or is jailed for being absent.
func (s msgServer) OptIn(ctx context.Context, msg *types.MsgOptIn) (*types.MsgOptInResponse, error) {
	addr, err := s.k.accounts.StringToBytes(msg.Operator)
	if err != nil {
		return nil, types.ErrNotValidator.Wrapf("operator %q: %s", msg.Operator, err)
	}
	v, found, err := s.k.validator(ctx, addr)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, types.ErrNotValidator.Wrapf("operator %s; create a staking validator first", msg.Operator)
	case !v.IsBonded() || v.IsJailed():
		return nil, types.ErrNotBonded.Wrapf("%s is %s, jailed: %t", v.OperatorAddress, v.GetStatus(), v.IsJailed())
	}
	if _, err := consensusKey(v); err != nil {
		return nil, err
	}
	if in, err := s.k.producers.Has(ctx, addr); err != nil {
		return nil, err
	} else if in {
		return nil, types.ErrAlreadyIn.Wrap(v.OperatorAddress)
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	p := types.Producer{Validator: v.OperatorAddress, Since: sdkCtx.BlockHeight()}
	if err := s.k.producers.Set(ctx, addr, p); err != nil {
		return nil, err
	}
	err = sdkCtx.EventManager().EmitTypedEvent(&types.EventOptedIn{Validator: v.OperatorAddress})
	return &types.MsgOptInResponse{}, err
}

// OptOut takes the operator's validator out of the set at the end of this block; it stays bonded. The last eligible producer
// gets ErrLastProducer.
func (s msgServer) OptOut(ctx context.Context, msg *types.MsgOptOut) (*types.MsgOptOutResponse, error) {
	addr, err := s.k.accounts.StringToBytes(msg.Operator)
	if err != nil {
		return nil, types.ErrNotValidator.Wrapf("operator %q: %s", msg.Operator, err)
	}
	p, err := s.k.producers.Get(ctx, addr)
	if err != nil {
		return nil, types.ErrNotIn.Wrapf("operator %s", msg.Operator)
	}
	if err := s.k.producers.Remove(ctx, addr); err != nil {
		return nil, err
	}
	if err := s.k.CheckNotLast(ctx, addr); err != nil {
		return nil, err
	}
	err = sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventOptedOut{Validator: p.Validator})
	return &types.MsgOptOutResponse{}, err
}

// UpdateParams replaces the settings; governance alone may.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != s.k.authority {
		return nil, types.ErrUnauthorized.Wrapf("authority is %s, not %s", s.k.authority, msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, s.k.params.Set(ctx, msg.Params)
}

// CheckNotLast fails with ErrLastProducer if CometBFT's set holds the validator and nobody is eligible as the state now
// stands: then the set could not change, and the validator must stay in x/staking for as long as it votes.
func (k Keeper) CheckNotLast(ctx context.Context, addr []byte) error {
	told, err := k.powers.Has(ctx, addr)
	if err != nil || !told {
		return err
	}
	left, err := k.eligible(ctx)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		return types.ErrLastProducer.Wrapf("validator %s; another must opt in first", sdk.ValAddress(addr))
	}
	return nil
}
