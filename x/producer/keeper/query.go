package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor/x/producer/types"
)

type queryServer struct{ k Keeper }

// NewQueryServer answers the module's queries.
func NewQueryServer(k Keeper) types.QueryServer { return queryServer{k} }

// Producers lists who opted in and what CometBFT was told.
func (s queryServer) Producers(ctx context.Context, _ *types.QueryProducersRequest) (*types.QueryProducersResponse, error) {
	g, err := s.k.ExportGenesis(ctx)
	if err != nil {
		return nil, err
	}
	return &types.QueryProducersResponse{
		Height: sdk.UnwrapSDKContext(ctx).BlockHeight(),
		Params: g.Params, Producers: g.Producers, Powers: g.Powers,
	}, nil
}
