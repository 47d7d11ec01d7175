package keeper

import (
	"context"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

type msgServer struct{ *Keeper }

var _ types.MsgServer = msgServer{}

// NewMsgServer serves the module's messages.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// RegisterPow takes a uid by proof of work.
func (k msgServer) RegisterPow(ctx context.Context, m *types.MsgRegisterPow) (*types.MsgRegisterPowResponse, error) {
	uid, err := k.registerPow(fixedGas(ctx), m)
	if err != nil {
		return nil, err
	}
	return &types.MsgRegisterPowResponse{Uid: uint32(uid)}, nil
}

// RegisterBurn takes a uid by burning TAO.
func (k msgServer) RegisterBurn(ctx context.Context, m *types.MsgRegisterBurn) (*types.MsgRegisterBurnResponse, error) {
	uid, paid, err := k.registerBurn(fixedGas(ctx), m)
	if err != nil {
		return nil, err
	}
	return &types.MsgRegisterBurnResponse{Uid: uint32(uid), Paid: uint64(paid)}, nil
}

// Serve publishes an endpoint, at most once per serving_rate_limit whether it goes free or pays a fee.
func (k msgServer) Serve(ctx context.Context, m *types.MsgServe) (*types.MsgServeResponse, error) {
	if err := m.ValidateBasic(); err != nil {
		return nil, err
	}
	hotkey, err := addr.Account(m.Hotkey)
	if err != nil {
		return nil, err
	}
	netuid := gotensor.NetUID(m.Netuid)
	h, err := k.deps.Subnets.Hyperparameters(ctx, netuid)
	if err != nil {
		return nil, err
	}
	n, err := k.mine(ctx, netuid, hotkey)
	if err != nil {
		return nil, err
	}
	c := sdk.UnwrapSDKContext(ctx)
	if free := n.Endpoint.Height + int64(h.ServingBlocks()); n.Endpoint.Height > 0 && c.BlockHeight() < free {
		return nil, fmt.Errorf("endpoint was published at height %d: try again at height %d, in %d blocks: %w",
			n.Endpoint.Height, free, free-c.BlockHeight(), types.ErrRateLimit)
	}
	n.Endpoint = types.Endpoint{Host: m.Host, Port: m.Port, CertificatePin: m.CertificatePin, Height: c.BlockHeight()}
	if err := k.setNeuron(ctx, netuid, n); err != nil {
		return nil, err
	}
	return &types.MsgServeResponse{}, c.EventManager().EmitTypedEvent(&types.EventServed{
		Netuid: m.Netuid, Uid: n.Uid, Hotkey: n.Hotkey, Endpoint: n.Endpoint,
	})
}

// AppointHotkey names the hotkey that acts with a staking validator's stake.
func (k msgServer) AppointHotkey(ctx context.Context, m *types.MsgAppointHotkey) (*types.MsgAppointHotkeyResponse, error) {
	if err := k.appoint(sdk.UnwrapSDKContext(ctx), m); err != nil {
		return nil, err
	}
	return &types.MsgAppointHotkeyResponse{}, nil
}

// GrantBandwidth lends a delegator's bandwidth.
func (k msgServer) GrantBandwidth(ctx context.Context, m *types.MsgGrantBandwidth) (*types.MsgGrantBandwidthResponse, error) {
	if err := k.grant(sdk.UnwrapSDKContext(ctx), m); err != nil {
		return nil, err
	}
	return &types.MsgGrantBandwidthResponse{}, nil
}
