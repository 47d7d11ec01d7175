package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/subnet/types"
)

type msgServer struct{ *Keeper }

var _ types.MsgServer = msgServer{}

// NewMsgServer serves the module's messages.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// SetHyperparameter changes one setting within its schema. Governance may change all, at any time; the owner those that the schema
// gives to him, once per cooldown.
func (k msgServer) SetHyperparameter(ctx context.Context, m *types.MsgSetHyperparameter) (*types.MsgSetHyperparameterResponse, error) {
	if err := m.ValidateBasic(); err != nil {
		return nil, err
	}
	netuid := gotensor.NetUID(m.Netuid)
	s, err := k.Get(ctx, netuid)
	if err != nil {
		return nil, err
	}
	if err := k.mayChange(ctx, s, m); err != nil {
		return nil, err
	}
	h, err := k.Hyperparameters(ctx, netuid)
	if err != nil {
		return nil, err
	}
	old, err := h.Get(m.Name)
	if err != nil {
		return nil, err
	}
	if err := h.Set(m.Name, m.Value); err != nil {
		return nil, err
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	if err := k.store(ctx, netuid, m.Name, m.Value); err != nil {
		return nil, err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	if err := k.changes.Set(ctx, collections.Join(uint16(netuid), m.Name), sdkCtx.BlockHeight()); err != nil {
		return nil, err
	}
	return &types.MsgSetHyperparameterResponse{}, sdkCtx.EventManager().EmitTypedEvent(&types.EventHyperparameterSet{
		Netuid: m.Netuid, Name: m.Name, OldValue: old, NewValue: m.Value, Setter: m.Sender,
	})
}

// mayChange fails with types.ErrUnauthorized or types.ErrCooldown.
func (k msgServer) mayChange(ctx context.Context, s types.Subnet, m *types.MsgSetHyperparameter) error {
	if m.Sender == k.authority {
		return nil
	}
	if s.Owner == "" || m.Sender != s.Owner {
		return fmt.Errorf("sender %s is neither the owner of subnet %d nor governance: %w", m.Sender, s.Netuid, types.ErrUnauthorized)
	}
	p, _ := types.ParameterNamed(m.Name)
	if p.Setter != types.Setter_SETTER_OWNER {
		return fmt.Errorf("%s is changed by governance alone: make a proposal: %w", m.Name, types.ErrUnauthorized)
	}
	last, err := k.changes.Get(ctx, collections.Join(uint16(s.Netuid), m.Name))
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	free := last + int64(types.Blocks(p.CooldownMs, k.TargetBlockMs(ctx)))
	if height < free {
		return fmt.Errorf("%s was changed at height %d: try again at height %d, in %d blocks: %w", m.Name, last, free, free-height, types.ErrCooldown)
	}
	return nil
}

// store keeps only what differs from the default.
func (k *Keeper) store(ctx context.Context, netuid gotensor.NetUID, name string, value int64) error {
	key := collections.Join(uint16(netuid), name)
	if p, _ := types.ParameterNamed(name); value == p.DefaultValue {
		return k.values.Remove(ctx, key)
	}
	return k.values.Set(ctx, key, value)
}

// UpdateParams replaces the module's settings, if every subnet agrees with itself under them.
func (k msgServer) UpdateParams(ctx context.Context, m *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if m.Authority != k.authority {
		return nil, fmt.Errorf("authority is %s, want governance, %s: %w", m.Authority, k.authority, types.ErrUnauthorized)
	}
	if err := m.Params.Validate(); err != nil {
		return nil, err
	}
	all, err := k.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		h, err := k.typed(ctx, gotensor.NetUID(s.Netuid), m.Params.TargetBlockMs)
		if err != nil {
			return nil, err
		}
		if err := h.Validate(); err != nil {
			return nil, fmt.Errorf("target_block_ms %d does not suit subnet %d: %w", m.Params.TargetBlockMs, s.Netuid, err)
		}
	}
	return &types.MsgUpdateParamsResponse{}, k.params.Set(ctx, m.Params)
}
