package keeper

import (
	"context"
	"fmt"
	"math/bits"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/pow"
	"github.com/gotensor/gotensor/price"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// startAdmission is how registration begins on a subnet.
func startAdmission(ctx sdk.Context, h subnettypes.Hyperparameters) types.Admission {
	height := ctx.BlockHeight()
	return types.Admission{
		Difficulty:      min(max(h.InitialDifficulty, h.MinDifficulty), h.MaxDifficulty),
		BurnPrice:       uint64(min(max(h.InitialBurn, h.MinBurn), h.MaxBurn)),
		PriceHeight:     height,
		IntervalStart:   height,
		IntervalStartMs: ctx.BlockTime().UnixMilli(),
	}
}

// curve is how the burn price of a subnet moves.
func curve(h subnettypes.Hyperparameters) price.Curve {
	return price.Curve{
		Min: h.MinBurn, Max: h.MaxBurn,
		HalfLife: min(gotensor.Block(h.HalfLifeBlocks()), price.MaxHalfLife),
		Factor:   h.BurnIncreaseMult * (price.One / 100),
	}
}

// burnPrice is what a registration costs at a height.
func burnPrice(a types.Admission, h subnettypes.Hyperparameters, height int64) gotensor.Rao {
	return curve(h).After(gotensor.Rao(a.BurnPrice), gotensor.Block(max(height-a.PriceHeight, 0)))
}

// rule is how the difficulty of a subnet follows the number of proofs of work.
func rule(h subnettypes.Hyperparameters) pow.Adjustment {
	// alpha is a fraction of 2^64: the schema keeps adjustment_alpha below a million, so that the quotient fits.
	alpha, _ := bits.Div64(uint64(h.AdjustmentAlpha), 0, 1_000_000)
	return pow.Adjustment{
		Target: uint64(h.TargetRegistrationsPerInterval), Alpha: alpha,
		Min: pow.Difficulty(h.MinDifficulty), Max: pow.Difficulty(h.MaxDifficulty),
	}
}

// closed says why a subnet takes no registration at a height, or nil: types.ErrClosed or types.ErrTooMany. The cap of the block holds
// only where thisBlock is set: while a transaction waits, blocks go by.
func closed(a types.Admission, h subnettypes.Hyperparameters, height int64, thisBlock bool) error {
	if !h.RegistrationAllowed {
		return fmt.Errorf("registration_allowed is false: %w", types.ErrClosed)
	}
	if n, most := uint64(a.PowInInterval)+uint64(a.BurnInInterval), h.MaxRegistrationsPerInterval(); n >= uint64(most) {
		free := a.IntervalStart + int64(h.AdjustmentBlocks())
		return fmt.Errorf("%d registrations in this interval, want at most %d: try again at height %d: %w", n, most, free, types.ErrTooMany)
	}
	if thisBlock && a.Block == height && a.InBlock >= h.MaxRegistrationsPerBlock {
		return fmt.Errorf("%d registrations in this block, want at most %d: try again in the next: %w", a.InBlock, h.MaxRegistrationsPerBlock, types.ErrTooMany)
	}
	return nil
}

// count adds a registration to a block's number.
func count(a *types.Admission, height int64) {
	if a.Block != height {
		a.Block, a.InBlock = height, 0
	}
	a.InBlock++
}

// adjust ends the interval of a subnet if it is over: the difficulty moves, the counters start anew, and the price is carried forward, so
// that a changed half-life acts from here on.
func (k *Keeper) adjust(ctx sdk.Context, netuid gotensor.NetUID) error {
	a, err := k.admissions.Get(ctx, uint16(netuid))
	if err != nil {
		return err
	}
	h, err := k.deps.Subnets.Hyperparameters(ctx, netuid)
	if err != nil {
		return err
	}
	height := ctx.BlockHeight()
	if height-a.IntervalStart < int64(h.AdjustmentBlocks()) {
		return nil
	}
	next := types.Admission{
		Difficulty:        uint64(rule(h).Next(pow.Difficulty(a.Difficulty), uint64(a.PowInInterval))),
		BurnPrice:         uint64(burnPrice(a, h, height)),
		PriceHeight:       height,
		IntervalStart:     height,
		IntervalStartMs:   ctx.BlockTime().UnixMilli(),
		Block:             a.Block,
		InBlock:           a.InBlock,
		LastPowInInterval: a.PowInInterval,
		LastIntervalMs:    max(ctx.BlockTime().UnixMilli()-a.IntervalStartMs, 0),
		LastDifficulty:    a.Difficulty,
	}
	if err := k.admissions.Set(ctx, uint16(netuid), next); err != nil {
		return err
	}
	return ctx.EventManager().EmitTypedEvent(&types.EventAdmissionAdjusted{
		Netuid: uint32(netuid), OldDifficulty: a.Difficulty, NewDifficulty: next.Difficulty,
		PowInInterval: a.PowInInterval, BurnInInterval: a.BurnInInterval,
	})
}

// BeginBlock keeps the hash of this block and adjusts the subnets whose interval is over. Work per block: one hash in, one out with the
// work that refers to it, and one admission of each subnet (at most 128).
func (k *Keeper) BeginBlock(ctx context.Context) error {
	c := sdk.UnwrapSDKContext(ctx)
	if err := k.turnRing(c); err != nil {
		return fmt.Errorf("ring of block hashes: %w", err)
	}
	all, err := k.deps.Subnets.All(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := k.adjust(c, gotensor.NetUID(s.Netuid)); err != nil {
			return fmt.Errorf("adjust admission of subnet %d: %w", s.Netuid, err)
		}
	}
	return nil
}

// turnRing stores the hash of this block, if the context has one, and forgets what is older than the ring is long.
func (k *Keeper) turnRing(ctx sdk.Context) error {
	height := ctx.BlockHeight()
	if h := ctx.HeaderHash(); len(h) == types.HashLen {
		if err := k.hashes.Set(ctx, height, h); err != nil {
			return err
		}
	}
	old := height - types.RingLen
	if err := k.hashes.Clear(ctx, new(collections.Range[int64]).EndInclusive(old)); err != nil {
		return err
	}
	var spent []workKey
	if err := k.works.Walk(ctx, nil, func(w workKey) (bool, error) {
		if w.K1() > old {
			return true, nil
		}
		spent = append(spent, w)
		return false, nil
	}); err != nil {
		return err
	}
	for _, w := range spent {
		if err := k.works.Remove(ctx, w); err != nil {
			return err
		}
	}
	return nil
}
