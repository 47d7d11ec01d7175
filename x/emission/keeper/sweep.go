package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// sweepSubnets bounds the subnets whose columns one block reads in search of somebody to pay.
const sweepSubnets = 8

// EndBlock pays accrued incentive to coldkeys, at most sweep_per_block neurons of at most 8 subnets, and settles all dividends every
// settle_interval blocks.
func (k Keeper) EndBlock(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return fmt.Errorf("read params: %w", err)
	}
	if err := k.sweep(ctx, int(params.SweepPerBlock)); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if sdk.UnwrapSDKContext(ctx).BlockHeight()%int64(params.SettleInterval) == 0 {
		return k.SettleAll(ctx)
	}
	return nil
}

// cursor is the uid with which the next sweep begins.
type cursor struct {
	netuid uint32
	uid    uint32
}

// sweep goes on where the one before stopped, subnet by subnet, and starts over after the last one.
func (k Keeper) sweep(ctx context.Context, budget int) error {
	subnets, err := k.Subnets.All(ctx)
	if err != nil || len(subnets) == 0 {
		return err
	}
	at, err := k.cursor(ctx)
	if err != nil {
		return err
	}
	first := 0
	for first < len(subnets) && subnets[first].Netuid < at.netuid {
		first++
	}
	for i := range min(sweepSubnets, len(subnets)) {
		subnet := subnets[(first+i)%len(subnets)]
		if subnet.Netuid != at.netuid {
			at = cursor{netuid: subnet.Netuid}
		}
		paid, next, err := k.sweepSubnet(ctx, gotensor.NetUID(subnet.Netuid), at.uid, budget)
		if err != nil {
			return err
		}
		if next != 0 { // the budget is spent within this subnet
			return k.setCursor(ctx, cursor{netuid: subnet.Netuid, uid: next})
		}
		budget -= paid
		at = cursor{netuid: subnets[(first+i+1)%len(subnets)].Netuid}
		if budget == 0 {
			break
		}
	}
	return k.setCursor(ctx, at)
}

// sweepSubnet pays up to budget neurons from a uid on. next is where to go on, 0 if the subnet is done.
func (k Keeper) sweepSubnet(ctx context.Context, netuid gotensor.NetUID, from uint32, budget int) (paid int, next uint32, err error) {
	pot, err := k.Pot(ctx, netuid)
	if err != nil || pot.Halted != "" {
		return 0, 0, err
	}
	columns, err := k.Neurons.Columns(ctx, netuid)
	if err != nil {
		_, err = k.halt(ctx, pot, fmt.Sprintf("columns: %s", err))
		return 0, 0, err
	}
	for i, amount := range columns.Accrued {
		if uint32(i) < from || amount == 0 {
			continue
		}
		if paid == budget {
			return paid, uint32(i), nil
		}
		if err := k.payAccrued(ctx, netuid, gotensor.UID(i)); err != nil {
			_, err = k.halt(ctx, pot, fmt.Sprintf("incentive of uid %d: %s", i, err))
			return paid, 0, err
		}
		paid++
	}
	return paid, 0, nil
}

// payAccrued pays one neuron what it has accrued, all or nothing.
func (k Keeper) payAccrued(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) error {
	neuron, err := k.Neurons.NeuronAt(ctx, netuid, uid)
	if err != nil {
		return err
	}
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	amount, err := k.Neurons.TakeAccrued(cached, netuid, uid)
	if err != nil || amount == 0 {
		return err
	}
	if err := k.payColdkey(cached, neuron.Coldkey, amount); err != nil {
		return err
	}
	if err := cached.EventManager().EmitTypedEvent(&types.EventIncentivePaid{
		Netuid: uint32(netuid), Uid: uint32(uid), Coldkey: neuron.Coldkey, Amount: uint64(amount),
	}); err != nil {
		return err
	}
	write()
	return nil
}

// payColdkey sends to a coldkey. One that may not receive (an account of a module) gave it away: the community pool gets it.
func (k Keeper) payColdkey(ctx sdk.Context, text string, amount gotensor.Rao) error {
	coldkey, err := addr.Account(text)
	if err != nil {
		return err
	}
	cached, write := ctx.CacheContext()
	if err := k.payAccount(cached, coldkey[:], amount); err != nil {
		k.logger(ctx).Info("coldkey cannot receive, the community pool gets its incentive", "coldkey", text, "amount", amount, "error", err)
		return k.payPool(ctx, amount)
	}
	write()
	return nil
}

// BeforeRemoved pays what a neuron has accrued before its uid is given to another; x/neuron calls it while the neuron still
// holds the uid. On a halted subnet it fails with types.ErrHalted, so that no accrued pay changes hands.
func (k Keeper) BeforeRemoved(ctx context.Context, netuid gotensor.NetUID, neuron neurontypes.Neuron) error {
	pot, err := k.Pot(ctx, netuid)
	if err != nil {
		return err
	}
	if pot.Halted != "" {
		return types.ErrHalted.Wrapf("subnet %d replaces no neurons until governance resumes it: %s", netuid, pot.Halted)
	}
	return k.payAccrued(ctx, netuid, gotensor.UID(neuron.Uid))
}

func (k Keeper) cursor(ctx context.Context) (cursor, error) {
	netuid, err := k.sweepNetUID.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return cursor{}, nil
	}
	if err != nil {
		return cursor{}, err
	}
	uid, err := k.sweepUID.Get(ctx)
	return cursor{netuid: netuid, uid: uid}, err
}

func (k Keeper) setCursor(ctx context.Context, at cursor) error {
	if err := k.sweepNetUID.Set(ctx, at.netuid); err != nil {
		return err
	}
	return k.sweepUID.Set(ctx, at.uid)
}
