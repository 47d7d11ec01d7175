package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/subnet/types"
)

type queryServer struct{ *Keeper }

var _ types.QueryServer = queryServer{}

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// Status is the height and time of the state that answers, and the chain's own name.
func (k queryServer) Status(ctx context.Context, _ *types.QueryStatusRequest) (*types.QueryStatusResponse, error) {
	c := sdk.UnwrapSDKContext(ctx)
	return &types.QueryStatusResponse{
		ChainId: c.ChainID(), Height: c.BlockHeight(), TimeUnixMs: c.BlockTime().UnixMilli(), TargetBlockMs: k.TargetBlockMs(ctx),
	}, nil
}

// Subnets lists all subnets with their clocks.
func (k queryServer) Subnets(ctx context.Context, _ *types.QuerySubnetsRequest) (*types.QuerySubnetsResponse, error) {
	all, err := k.All(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	out := &types.QuerySubnetsResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Subnets: make([]types.SubnetView, len(all))}
	for i, s := range all {
		clock, err := k.Clock(ctx, gotensor.NetUID(s.Netuid))
		if err != nil {
			return nil, toStatus(err)
		}
		out.Subnets[i] = types.SubnetView{Subnet: s, Clock: clock}
	}
	return out, nil
}

// Subnet is one subnet with its clock.
func (k queryServer) Subnet(ctx context.Context, req *types.QuerySubnetRequest) (*types.QuerySubnetResponse, error) {
	netuid, err := types.NetUIDOf(req.GetNetuid())
	if err != nil {
		return nil, toStatus(err)
	}
	s, err := k.Get(ctx, netuid)
	if err != nil {
		return nil, toStatus(err)
	}
	clock, err := k.Clock(ctx, netuid)
	if err != nil {
		return nil, toStatus(err)
	}
	return &types.QuerySubnetResponse{
		Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Subnet: types.SubnetView{Subnet: s, Clock: clock},
	}, nil
}

// Hyperparameters are the settings of a subnet, each with its schema.
func (k queryServer) Hyperparameters(ctx context.Context, req *types.QueryHyperparametersRequest) (*types.QueryHyperparametersResponse, error) {
	netuid, err := types.NetUIDOf(req.GetNetuid())
	if err != nil {
		return nil, toStatus(err)
	}
	h, err := k.Keeper.Hyperparameters(ctx, netuid)
	if err != nil {
		return nil, toStatus(err)
	}
	out := &types.QueryHyperparametersResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Values: h.Values()}
	for _, p := range types.Schema() {
		out.Schema = append(out.Schema, p.HyperparameterSchema)
	}
	return out, nil
}

func toStatus(err error) error {
	if errors.Is(err, types.ErrNotFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return status.Error(codes.Internal, err.Error())
}
