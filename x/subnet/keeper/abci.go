package keeper

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/subnet/types"
)

const maxReason = 512

type dueSubnet struct {
	netuid gotensor.NetUID
	clock  types.Clock
}

// BeginBlock crosses the boundaries that are due. Work per block: one clock of each subnet is read (types.MaxSubnets at most), and at
// most max_epochs_per_block epochs run; further ones wait, the longest overdue first, then by netuid.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	due, err := k.due(ctx, sdk.UnwrapSDKContext(ctx).BlockHeight())
	if err != nil {
		return err
	}
	for i, d := range due {
		if i == int(params.MaxEpochsPerBlock) {
			break
		}
		if err := k.cross(ctx, d); err != nil {
			return fmt.Errorf("boundary of subnet %d: %w", d.netuid, err)
		}
	}
	return nil
}

func (k *Keeper) due(ctx context.Context, height int64) ([]dueSubnet, error) {
	var out []dueSubnet
	err := k.clocks.Walk(ctx, nil, func(netuid uint16, c types.Clock) (bool, error) {
		if c.Due(height) {
			out = append(out, dueSubnet{gotensor.NetUID(netuid), c})
		}
		return false, nil
	})
	// Stable, so that those of one height stay in the order of netuid.
	slices.SortStableFunc(out, func(a, b dueSubnet) int { return cmp.Compare(a.clock.NextBoundary, b.clock.NextBoundary) })
	return out, err
}

// cross advances one clock and tells the hooks.
func (k *Keeper) cross(ctx context.Context, d dueSubnet) error {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	next, err := k.advance(ctx, d, sdkCtx.BlockHeight())
	if err != nil {
		return err
	}
	if err := sdkCtx.EventManager().EmitTypedEvent(&types.EventEpochBoundary{
		Netuid: uint32(d.netuid), Epoch: next.Epoch, NextBoundary: next.NextBoundary,
	}); err != nil {
		return err
	}
	for _, hook := range k.hooks {
		if err := guarded(sdkCtx, hook, d.netuid, next); err != nil {
			sdkCtx.Logger().Error("work at a boundary failed and was undone", "netuid", d.netuid, "epoch", next.Epoch, "error", err)
			reason := err.Error()
			if err := sdkCtx.EventManager().EmitTypedEvent(&types.EventEpochFailed{
				Netuid: uint32(d.netuid), Epoch: next.Epoch, Reason: reason[:min(len(reason), maxReason)],
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// advance stores and returns the clock as it stands after a boundary at a height.
func (k *Keeper) advance(ctx context.Context, d dueSubnet, height int64) (types.Clock, error) {
	h, err := k.Hyperparameters(ctx, d.netuid)
	if err != nil {
		return types.Clock{}, err
	}
	next := d.clock.Advance(d.netuid, height, h.TempoBlocks())
	return next, k.clocks.Set(ctx, uint16(d.netuid), next)
}

// Foresee returns the clock that a subnet would have if the next block were a boundary, and a branch of the state that stands in that
// block and has this clock. Nothing that is written to the branch is ever kept. It fails with types.ErrNotFound.
func (k *Keeper) Foresee(ctx context.Context, netuid gotensor.NetUID) (sdk.Context, types.Clock, error) {
	branch, _ := sdk.UnwrapSDKContext(ctx).CacheContext()
	branch = branch.WithBlockHeight(branch.BlockHeight() + 1)
	clock, err := k.Clock(branch, netuid)
	if err != nil {
		return branch, clock, err
	}
	next, err := k.advance(branch, dueSubnet{netuid, clock}, branch.BlockHeight())
	return branch, next, err
}

// guarded runs a hook in a cached context that is kept only if it succeeds: neither its error nor its panic may stop the chain.
func guarded(ctx sdk.Context, hook EpochHooks, netuid gotensor.NetUID, clock types.Clock) (err error) {
	cached, write := ctx.CacheContext()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if err := hook.AfterBoundary(cached, netuid, clock, clock.PreviousBoundary); err != nil {
		return err
	}
	write()
	return nil
}
