package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/subnet/types"
)

// InitGenesis writes a genesis state. A clock that is unset starts at the first slot of the chain.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	for _, s := range g.Subnets {
		if err := k.initSubnet(ctx, g.Params.TargetBlockMs, s); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) initSubnet(ctx context.Context, targetMs uint32, s types.GenesisSubnet) error {
	netuid := gotensor.NetUID(s.Subnet.Netuid)
	if err := k.subnets.Set(ctx, uint16(netuid), s.Subnet); err != nil {
		return err
	}
	for _, v := range s.Hyperparameters {
		if err := k.store(ctx, netuid, v.Name, v.Value); err != nil {
			return err
		}
	}
	for _, c := range s.Changes {
		if err := k.changes.Set(ctx, collections.Join(uint16(netuid), c.Name), c.Height); err != nil {
			return err
		}
	}
	clock := s.Clock
	if clock.NextBoundary == 0 {
		h, err := s.Typed(targetMs)
		if err != nil {
			return err
		}
		clock = types.StartClock(netuid, sdk.UnwrapSDKContext(ctx).BlockHeight(), h.TempoBlocks())
	}
	return k.clocks.Set(ctx, uint16(netuid), clock)
}

// ExportGenesis reads the whole state: subnets by netuid, values and changes in schema order.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	all, err := k.All(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: params}
	for _, s := range all {
		out := types.GenesisSubnet{Subnet: s}
		if out.Clock, err = k.Clock(ctx, gotensor.NetUID(s.Netuid)); err != nil {
			return nil, err
		}
		for _, p := range types.Schema() {
			key := collections.Join(uint16(s.Netuid), p.Name)
			v, err := k.values.Get(ctx, key)
			if err == nil {
				out.Hyperparameters = append(out.Hyperparameters, types.HyperparameterValue{Name: p.Name, Value: v})
			} else if !errors.Is(err, collections.ErrNotFound) {
				return nil, err
			}
			h, err := k.changes.Get(ctx, key)
			if err == nil {
				out.Changes = append(out.Changes, types.HyperparameterChange{Name: p.Name, Height: h})
			} else if !errors.Is(err, collections.ErrNotFound) {
				return nil, err
			}
		}
		g.Subnets = append(g.Subnets, out)
	}
	return g, nil
}
