package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	"github.com/gotensor/gotensor/x/weights/types"
)

// AfterBoundary forgets the commitments that can no longer be revealed and says which of them never were. Whoever did not reveal
// loses the row that was in force: could it stay, a validator would see all others' reveals and then choose which of two rows pays
// better (sim/arena plays it). It belongs before the epoch of x/emission, which then counts no row. A subnet holds at most two
// commitments per neuron, which bounds the work to 2 n reads and 2 n removals.
func (k Keeper) AfterBoundary(ctx context.Context, netuid gotensor.NetUID, clock subnettypes.Clock, _ int64) error {
	var stale []committed
	var silent []registration
	var missed []types.EventRevealMissed
	err := k.commitments.Walk(ctx, commitmentsIn(netuid), func(key committed, c types.Commitment) (bool, error) {
		if clock.Epoch == 0 || key.K4() >= clock.Epoch-1 {
			return false, nil
		}
		stale = append(stale, key)
		if c.Revealed {
			return false, nil
		}
		silent = append(silent, collections.Join3(key.K1(), key.K2(), key.K3()))
		event, err := k.missed(ctx, netuid, key)
		missed = append(missed, event)
		return err != nil, err
	})
	if err != nil {
		return err
	}
	for _, key := range stale {
		if err := k.commitments.Remove(ctx, key); err != nil {
			return err
		}
	}
	for _, key := range silent {
		if err := k.rows.Remove(ctx, key); err != nil {
			return err
		}
	}
	for i := range missed {
		if err := sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&missed[i]); err != nil {
			return err
		}
	}
	return nil
}

func (k Keeper) missed(ctx context.Context, netuid gotensor.NetUID, key committed) (types.EventRevealMissed, error) {
	event := types.EventRevealMissed{Netuid: uint32(netuid), Epoch: key.K4()}
	hotkey, err := gotensor.AddressFromBytes(key.K2())
	if err != nil {
		return event, err
	}
	uid, _, err := k.neurons.UIDOf(ctx, netuid, hotkey)
	event.Hotkey, event.Uid = addr.FormatAccount(hotkey), uint32(uid)
	return event, err
}

// BeforeRemoved deletes what a registration wrote. Bonds of others to its uid are left to Bonds, which leaves them out.
func (k Keeper) BeforeRemoved(ctx context.Context, netuid gotensor.NetUID, neuron neurontypes.Neuron) error {
	key, err := keyOf(netuid, neuron)
	if err != nil {
		return err
	}
	if err := k.rows.Remove(ctx, key); err != nil {
		return err
	}
	if err := k.bonds.Remove(ctx, key); err != nil {
		return err
	}
	return k.commitments.Clear(ctx, collections.NewSuperPrefixedQuadRange3[uint16, []byte, uint64, uint64](key.K1(), key.K2(), key.K3()))
}
