package keeper

import (
	"context"
	"errors"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// maxReason bounds what the state remembers of a failure, in bytes.
const maxReason = 512

// AfterBoundary runs the epoch of the period that began at the height from and ends with the present block. It works in a cached
// context: if anything fails or panics, nothing is paid, all that was pending is carried, the report says why and the chain goes
// on. An error is returned only if not even that can be stored.
//
// The work is that of yuma.Epoch for the subnet's size, at most max_allowed_validators streams, and the packed columns of every
// subnet once, for the check that follows.
func (k Keeper) AfterBoundary(ctx context.Context, netuid gotensor.NetUID, clock subnettypes.Clock, from int64) error {
	pot, err := k.Pot(ctx, netuid)
	if err != nil {
		return err
	}
	before, err := k.Report(ctx, netuid)
	if err != nil {
		return err
	}
	report := types.EpochReport{
		Netuid:     uint32(netuid),
		Height:     sdk.UnwrapSDKContext(ctx).BlockHeight(),
		PaidEpochs: before.PaidEpochs,
	}
	if clock.Epoch > 0 {
		report.Epoch = clock.Epoch - 1
	}
	if pot.Halted != "" {
		return k.carryAll(ctx, pot, report, types.ErrHalted.Wrap(pot.Halted))
	}
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	paid, failure := k.runGuarded(cached, job{netuid: netuid, clock: clock, from: from, pot: pot, report: report})
	if failure == nil {
		write()
		return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventEpoch{Report: paid})
	}
	k.logger(ctx).Error("epoch failed, its emission is carried", "netuid", netuid, "epoch", report.Epoch, "error", failure)
	if broken := k.findBroken(ctx, netuid, failure); broken != "" {
		if pot, err = k.halt(ctx, pot, broken); err != nil {
			return err
		}
	}
	return k.carryAll(ctx, pot, report, failure)
}

// job is one epoch to run.
type job struct {
	netuid gotensor.NetUID
	clock  subnettypes.Clock
	from   int64
	pot    types.Pot
	report types.EpochReport
}

// runGuarded runs the epoch and turns a panic into an error; its text goes to the log, because it may differ between builds
// of a node, and not to the state.
func (k Keeper) runGuarded(ctx sdk.Context, j job) (report types.EpochReport, err error) {
	defer func() {
		if r := recover(); r != nil {
			k.logger(ctx).Error("panic in epoch", "netuid", j.netuid, "panic", r)
			err = types.ErrPanic
		}
	}()
	return k.run(ctx, j)
}

// run gathers, computes, pays and checks.
func (k Keeper) run(ctx sdk.Context, j job) (types.EpochReport, error) {
	state, err := k.gather(ctx, j)
	if err != nil {
		return j.report, err
	}
	out, err := k.Epoch(&state.input)
	if err != nil {
		return j.report, types.ErrInput.Wrap(err.Error())
	}
	report, err := k.payOut(ctx, j, state, out)
	if err != nil {
		return report, err
	}
	problems, err := k.check(ctx, j.netuid)
	if err != nil {
		return report, err
	}
	if len(problems) > 0 {
		return report, types.ErrInvariant.Wrap(strings.Join(problems, "; "))
	}
	return report, nil
}

// findBroken tells which invariant is behind a failure, "" if none is.
func (k Keeper) findBroken(ctx context.Context, netuid gotensor.NetUID, failure error) string {
	problems, err := k.check(ctx, netuid)
	switch {
	case err != nil:
		return err.Error()
	case len(problems) > 0:
		return strings.Join(problems, "; ")
	case errors.Is(failure, types.ErrInvariant):
		return failure.Error()
	}
	return ""
}

// carryAll ends an epoch that paid nothing.
func (k Keeper) carryAll(ctx context.Context, pot types.Pot, report types.EpochReport, failure error) error {
	drained, err := gotensor.Rao(pot.Pending).Add(gotensor.Rao(pot.Carried))
	if err != nil {
		return err
	}
	pot.Pending, pot.Carried = 0, uint64(drained)
	report.Drained, report.Carried = uint64(drained), uint64(drained)
	report.Error = shorten(failure.Error())
	if err := k.conclude(ctx, pot, report); err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventEpoch{Report: report})
}

// conclude stores the pot and the report.
func (k Keeper) conclude(ctx context.Context, pot types.Pot, report types.EpochReport) error {
	if err := k.pots.Set(ctx, uint16(pot.Netuid), pot); err != nil {
		return err
	}
	return k.reports.Set(ctx, uint16(report.Netuid), report)
}

// halt stops the payouts of a subnet and says so; the first reason stays.
func (k Keeper) halt(ctx context.Context, pot types.Pot, reason string) (types.Pot, error) {
	if pot.Halted != "" {
		return pot, nil
	}
	pot.Halted = shorten(reason)
	k.logger(ctx).Error("payouts of the subnet are halted until governance resumes them", "netuid", pot.Netuid, "reason", reason)
	if err := k.pots.Set(ctx, uint16(pot.Netuid), pot); err != nil {
		return pot, err
	}
	return pot, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventSubnetHalted{Netuid: pot.Netuid, Reason: pot.Halted})
}

// haltCreditors halts every subnet that owes a validator dividends which could not be paid.
func (k Keeper) haltCreditors(ctx context.Context, validator sdk.ValAddress, failure error) {
	streams, err := k.streamsOf(ctx, validator)
	if err != nil {
		k.logger(ctx).Error("cannot read dividends", "validator", validator, "error", err)
		return
	}
	for _, stream := range streams {
		pot, err := k.Pot(ctx, gotensor.NetUID(stream.Netuid))
		if err == nil {
			_, err = k.halt(ctx, pot, failure.Error())
		}
		if err != nil {
			k.logger(ctx).Error("cannot halt a subnet", "netuid", stream.Netuid, "error", err)
		}
	}
}

// shorten bounds a text that goes into the state.
func shorten(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "")
}
