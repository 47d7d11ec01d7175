package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// StakeByUID returns for each uid the bonded rao of the staking validator whose hotkey holds it, and that validator, nil where there is none.
// One validator stands behind at most one uid of a subnet, and one uid has at most one validator.
//
// boundary says which appointments count: true, inside the work of a boundary, those that count at this boundary; false, at any other time,
// those that will count at the next.
func (k *Keeper) StakeByUID(ctx context.Context, netuid gotensor.NetUID, boundary bool) ([]gotensor.Rao, []sdk.ValAddress, error) {
	neurons, err := k.Neurons(ctx, netuid)
	if err != nil {
		return nil, nil, err
	}
	return k.stakeOf(ctx, netuid, neurons, boundary)
}

func (k *Keeper) stakeOf(
	ctx context.Context, netuid gotensor.NetUID, neurons []types.Neuron, boundary bool,
) ([]gotensor.Rao, []sdk.ValAddress, error) {
	cutoff, err := k.cutoff(ctx, netuid, boundary)
	if err != nil {
		return nil, nil, err
	}
	stake := make([]gotensor.Rao, len(neurons))
	validators := make([]sdk.ValAddress, len(neurons))
	for uid, n := range neurons {
		if validators[uid], err = k.behind(ctx, netuid, n.Hotkey, cutoff); err != nil {
			return nil, nil, err
		}
		if validators[uid] == nil {
			continue
		}
		if stake[uid], err = k.deps.Stake.Bonded(ctx, validators[uid]); err != nil {
			return nil, nil, err
		}
	}
	return stake, validators, nil
}

// cutoff is the boundary that an appointment must be older than: the one before the boundary at which it counts.
func (k *Keeper) cutoff(ctx context.Context, netuid gotensor.NetUID, boundary bool) (int64, error) {
	clock, err := k.deps.Subnets.Clock(ctx, netuid)
	if err != nil {
		return 0, err
	}
	if boundary {
		return clock.PreviousBoundary, nil
	}
	return clock.LastBoundary, nil
}

// behind is the validator that a hotkey acts for on a subnet, nil if none. The index names at most two candidates, the appointment
// itself decides.
func (k *Keeper) behind(ctx context.Context, netuid gotensor.NetUID, hotkey string, cutoff int64) (sdk.ValAddress, error) {
	a, err := addr.Account(hotkey)
	if err != nil {
		return nil, err
	}
	for _, key := range []gotensor.NetUID{netuid, types.AllSubnets} {
		validator, err := k.appointed.Get(ctx, collections.Join(a.Bytes(), uint16(key)))
		if errors.Is(err, collections.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		now, err := k.actingOn(ctx, validator, netuid, cutoff)
		if err != nil {
			return nil, err
		}
		if now == hotkey {
			return validator, nil
		}
	}
	return nil, nil
}
