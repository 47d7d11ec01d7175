package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	"github.com/gotensor/gotensor/x/weights/types"
)

type queryServer struct{ Keeper }

// NewQueryServer returns the handlers of the module's queries.
func NewQueryServer(k Keeper) types.QueryServer { return queryServer{k} }

// Weights are the rows in force, by uid; neurons without a row are left out.
func (s queryServer) Weights(ctx context.Context, req *types.QueryWeightsRequest) (*types.QueryWeightsResponse, error) {
	rows, err := s.uidRows(ctx, req.Netuid, s.Rows)
	return &types.QueryWeightsResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Rows: rows}, err
}

// Bonds are those of the latest epoch that still hold, by uid of the validator.
func (s queryServer) Bonds(ctx context.Context, req *types.QueryBondsRequest) (*types.QueryBondsResponse, error) {
	rows, err := s.uidRows(ctx, req.Netuid, s.Keeper.Bonds)
	return &types.QueryBondsResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Rows: rows}, err
}

// Commitments are those of a hotkey's present registration, oldest first.
func (s queryServer) Commitments(ctx context.Context, req *types.QueryCommitmentsRequest) (*types.QueryCommitmentsResponse, error) {
	netuid, err := types.NetUID(req.Netuid)
	if err != nil {
		return nil, err
	}
	hotkey, err := decodeHotkey(req.Hotkey)
	if err != nil {
		return nil, err
	}
	_, neuron, err := s.neuronOf(ctx, netuid, hotkey)
	if err != nil {
		return nil, err
	}
	key, err := keyOf(netuid, neuron)
	if err != nil {
		return nil, err
	}
	commitments, err := s.commitmentsOf(ctx, key)
	return &types.QueryCommitmentsResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Commitments: commitments}, err
}

func (k Keeper) commitmentsOf(ctx context.Context, key registration) ([]types.Commitment, error) {
	var commitments []types.Commitment
	err := k.commitments.Walk(ctx, collections.NewSuperPrefixedQuadRange3[uint16, []byte, uint64, uint64](key.K1(), key.K2(), key.K3()),
		func(_ committed, c types.Commitment) (bool, error) {
			commitments = append(commitments, c)
			return false, nil
		})
	return commitments, err
}

// reader is Keeper.Rows or Keeper.Bonds.
type reader func(context.Context, gotensor.NetUID, []neurontypes.Neuron) ([][]types.Entry, error)

func (k Keeper) uidRows(ctx context.Context, number uint32, read reader) ([]types.UIDRow, error) {
	netuid, err := types.NetUID(number)
	if err != nil {
		return nil, err
	}
	if _, err := k.subnets.Clock(ctx, netuid); err != nil {
		return nil, err // the subnet does not exist
	}
	neurons, err := k.neurons.Neurons(ctx, netuid)
	if err != nil {
		return nil, err
	}
	rows, err := read(ctx, netuid, neurons)
	if err != nil {
		return nil, err
	}
	var out []types.UIDRow
	for uid, entries := range rows {
		if len(entries) == 0 {
			continue
		}
		row, err := types.EncodeRow(entries)
		if err != nil {
			return nil, err
		}
		out = append(out, types.UIDRow{Uid: uint32(uid), Row: row})
	}
	return out, nil
}
