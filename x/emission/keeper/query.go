package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/issuance"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
)

type queryServer struct{ Keeper }

// NewQueryServer returns the handlers of the module's queries.
func NewQueryServer(k Keeper) types.QueryServer { return queryServer{k} }

// Issuance is the money supply, what it is made of, and the present rate.
func (s queryServer) Issuance(ctx context.Context, _ *types.QueryIssuanceRequest) (*types.QueryIssuanceResponse, error) {
	params, err := s.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	state, err := s.issuance.Get(ctx)
	if err != nil {
		return nil, err
	}
	supply, err := s.supply(ctx)
	if err != nil {
		return nil, err
	}
	burned, err := s.Neurons.Burned(ctx)
	if err != nil {
		return nil, err
	}
	return &types.QueryIssuanceResponse{
		Height:            sdk.UnwrapSDKContext(ctx).BlockHeight(),
		SupplyAtao:        s.Bank.GetSupply(ctx, gotensor.BaseDenom).Amount.String(),
		Issued:            state.Issued,
		Rate:              uint64(issuance.Rate(supply)),
		Params:            params,
		Burned:            uint64(burned),
		GenesisSupplyAtao: state.GenesisSupply,
	}, nil
}

// Emission is what a subnet holds for its next epoch, and the outcome of its latest.
func (s queryServer) Emission(ctx context.Context, req *types.QueryEmissionRequest) (*types.QueryEmissionResponse, error) {
	netuid, err := types.NetUID(req.Netuid)
	if err != nil {
		return nil, err
	}
	if _, err := s.Subnets.Get(ctx, netuid); err != nil {
		return nil, err
	}
	pot, err := s.Pot(ctx, netuid)
	if err != nil {
		return nil, err
	}
	report, err := s.Report(ctx, netuid)
	return &types.QueryEmissionResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Pot: pot, Latest: report}, err
}

// Streams are the dividends on their way to a validator.
func (s queryServer) Streams(ctx context.Context, req *types.QueryStreamsRequest) (*types.QueryStreamsResponse, error) {
	validator, err := addr.Validator(req.Validator)
	if err != nil {
		return nil, types.ErrField.Wrapf("validator: %s", err)
	}
	streams, err := s.streamsOf(ctx, sdk.ValAddress(validator[:]))
	if err != nil {
		return nil, err
	}
	response := &types.QueryStreamsResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Streams: streams}
	for _, stream := range streams {
		response.Unsettled += stream.Due(response.Height)
	}
	return response, nil
}
