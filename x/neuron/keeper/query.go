package keeper

import (
	"context"
	"encoding/binary"
	"errors"
	"math"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/pow"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

type queryServer struct{ *Keeper }

var _ types.QueryServer = queryServer{}

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// Neuron is one neuron with its values of the latest epoch and its stake now.
func (k queryServer) Neuron(ctx context.Context, req *types.QueryNeuronRequest) (*types.QueryNeuronResponse, error) {
	netuid, err := subnettypes.NetUIDOf(req.GetNetuid())
	if err != nil {
		return nil, toStatus(err)
	}
	n, err := k.find(ctx, netuid, req)
	if err != nil {
		return nil, toStatus(err)
	}
	out, err := k.view(ctx, netuid, n)
	return out, toStatus(err)
}

func (k queryServer) find(ctx context.Context, netuid gotensor.NetUID, req *types.QueryNeuronRequest) (types.Neuron, error) {
	if req.Hotkey == "" {
		if req.Uid > math.MaxUint16 {
			return types.Neuron{}, types.ErrNotFound
		}
		return k.NeuronAt(ctx, netuid, gotensor.UID(req.Uid))
	}
	hotkey, err := addr.Account(req.Hotkey)
	if err != nil {
		return types.Neuron{}, errors.Join(err, types.ErrInvalidMessage)
	}
	return k.mine(ctx, netuid, hotkey)
}

func (k queryServer) view(ctx context.Context, netuid gotensor.NetUID, n types.Neuron) (*types.QueryNeuronResponse, error) {
	h, err := k.deps.Subnets.Hyperparameters(ctx, netuid)
	if err != nil {
		return nil, err
	}
	cutoff, err := k.cutoff(ctx, netuid, false)
	if err != nil {
		return nil, err
	}
	v, err := k.Columns(ctx, netuid)
	if err != nil {
		return nil, err
	}
	out := &types.QueryNeuronResponse{
		Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Neuron: n, ImmuneUntil: immuneUntil(n, h),
		Consensus: uint32(v.Consensus[n.Uid]), Incentive: uint32(v.Incentive[n.Uid]), Dividends: uint32(v.Dividends[n.Uid]),
		ValidatorTrust: uint32(v.ValidatorTrust[n.Uid]), Permit: v.Permit[n.Uid], Active: v.Active[n.Uid],
		Emission: uint64(v.Emission[n.Uid]), Accrued: uint64(v.Accrued[n.Uid]),
	}
	validator, err := k.behind(ctx, netuid, n.Hotkey, cutoff)
	if err != nil || validator == nil {
		return out, err
	}
	stake, err := k.deps.Stake.Bonded(ctx, validator)
	if err != nil {
		return nil, err
	}
	out.Stake, out.Validator = uint64(stake), addr.FormatValidator(gotensor.Address(validator))
	return out, nil
}

// Metagraph is a subnet's whole state by uid. Columns are passed on as they are stored.
func (k queryServer) Metagraph(ctx context.Context, req *types.QueryMetagraphRequest) (*types.QueryMetagraphResponse, error) {
	netuid, err := subnettypes.NetUIDOf(req.GetNetuid())
	if err != nil {
		return nil, toStatus(err)
	}
	out, err := k.metagraph(ctx, netuid)
	return out, toStatus(err)
}

func (k queryServer) metagraph(ctx context.Context, netuid gotensor.NetUID) (*types.QueryMetagraphResponse, error) {
	s, err := k.deps.Subnets.Get(ctx, netuid)
	if err != nil {
		return nil, err
	}
	clock, err := k.deps.Subnets.Clock(ctx, netuid)
	if err != nil {
		return nil, err
	}
	neurons, err := k.Neurons(ctx, netuid)
	if err != nil {
		return nil, err
	}
	stake, validators, err := k.stakeOf(ctx, netuid, neurons, false)
	if err != nil {
		return nil, err
	}
	columns, err := k.PackedColumns(ctx, netuid)
	if err != nil {
		return nil, err
	}
	c := sdk.UnwrapSDKContext(ctx)
	out := &types.QueryMetagraphResponse{
		Netuid: uint32(netuid), Height: c.BlockHeight(), TimeUnixMs: c.BlockTime().UnixMilli(),
		Epoch: clock.Epoch, LastBoundary: clock.LastBoundary, NextBoundary: clock.NextBoundary, Tempo: clock.Tempo,
		N: uint32(len(neurons)), LiveStake: types.PackRao(stake), Columns: columns,
		Endpoints: make([]types.Endpoint, len(neurons)), Mechanism: s.Mechanism, Settings: s.Settings,
	}
	for uid, n := range neurons {
		hotkey, coldkey, err := registrationKeys(n.Hotkey, n.Coldkey)
		if err != nil {
			return nil, err
		}
		var validator gotensor.Address
		copy(validator[:], validators[uid])
		out.Hotkeys = append(out.Hotkeys, hotkey[:]...)
		out.Coldkeys = append(out.Coldkeys, coldkey[:]...)
		out.Validators = append(out.Validators, validator[:]...)
		out.Registered = binary.LittleEndian.AppendUint64(out.Registered, uint64(n.RegisteredHeight))
		out.LastUpdate = binary.LittleEndian.AppendUint64(out.LastUpdate, uint64(n.LastUpdate))
		out.Endpoints[uid] = n.Endpoint
	}
	return out, nil
}

// Registration is what a registration costs in the next block, in TAO and in work.
func (k queryServer) Registration(ctx context.Context, req *types.QueryRegistrationRequest) (*types.QueryRegistrationResponse, error) {
	netuid, err := subnettypes.NetUIDOf(req.GetNetuid())
	if err != nil {
		return nil, toStatus(err)
	}
	out, err := k.registration(sdk.UnwrapSDKContext(ctx), netuid)
	return out, toStatus(err)
}

func (k queryServer) registration(ctx sdk.Context, netuid gotensor.NetUID) (*types.QueryRegistrationResponse, error) {
	h, err := k.deps.Subnets.Hyperparameters(ctx, netuid)
	if err != nil {
		return nil, err
	}
	a, err := k.admissions.Get(ctx, uint16(netuid))
	if err != nil {
		return nil, err
	}
	n, err := k.Count(ctx, netuid)
	if err != nil {
		return nil, err
	}
	out := &types.QueryRegistrationResponse{
		Difficulty: a.Difficulty, BurnPrice: uint64(burnPrice(a, h, ctx.BlockHeight())), N: uint32(n), MaxUids: uint32(h.MaxAllowedUIDs),
		WouldPrune: -1, NetworkHashRate: hashRate(a),
	}
	if out.Height, out.BlockHash, err = k.newestHash(ctx); err != nil {
		return nil, err
	}
	if n >= int(h.MaxAllowedUIDs) {
		p, err := k.pruning(ctx, netuid, h)
		if err != nil {
			return nil, err
		}
		if uid, ok := p.victim(); ok {
			out.WouldPrune = int32(uid)
		}
	}
	why := closed(a, h, ctx.BlockHeight(), false)
	if why == nil && n >= int(h.MaxAllowedUIDs) && out.WouldPrune < 0 {
		why = types.ErrNoSlot
	}
	if why != nil {
		out.ClosedBecause = why.Error()
		return out, nil
	}
	out.Open, out.PowOpen = true, h.PowRegistrationAllowed
	return out, nil
}

// newestHash is the last entry of the ring, 0 and nil while it is empty.
func (k *Keeper) newestHash(ctx context.Context) (height int64, hash []byte, err error) {
	err = k.hashes.Walk(ctx, nil, func(h int64, b []byte) (bool, error) {
		height, hash = h, b
		return false, nil
	})
	return height, hash, err
}

// hashRate is the network's work per second over the last interval. It is shown, never computed with.
func hashRate(a types.Admission) uint64 {
	return pow.HashRate(pow.Difficulty(a.LastDifficulty), a.LastPowInInterval, uint64(max(a.LastIntervalMs, 0)))
}

// Appointments lists all appointments.
func (k queryServer) Appointments(ctx context.Context, _ *types.QueryAppointmentsRequest) (*types.QueryAppointmentsResponse, error) {
	it, err := k.appointments.Iterate(ctx, nil)
	if err != nil {
		return nil, toStatus(err)
	}
	all, err := it.Values()
	return &types.QueryAppointmentsResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Appointments: all}, toStatus(err)
}

// Bandwidth is the stake behind a key that calls.
func (k queryServer) Bandwidth(ctx context.Context, req *types.QueryBandwidthRequest) (*types.QueryBandwidthResponse, error) {
	hotkey, err := addr.Account(req.GetHotkey())
	if err != nil {
		return nil, toStatus(errors.Join(err, types.ErrInvalidMessage))
	}
	stake, grants, err := k.Keeper.Bandwidth(ctx, hotkey)
	if err != nil {
		return nil, toStatus(err)
	}
	return &types.QueryBandwidthResponse{Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Stake: uint64(stake), Grants: grants}, nil
}

func toStatus(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, types.ErrNotFound), errors.Is(err, types.ErrNotRegistered), errors.Is(err, subnettypes.ErrNotFound):
		return status.Error(codes.NotFound, err.Error())
	case errors.Is(err, types.ErrInvalidMessage):
		return status.Error(codes.InvalidArgument, err.Error())
	default:
		return status.Error(codes.Internal, err.Error())
	}
}
