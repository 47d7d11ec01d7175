package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// Tries without a fee in one period: one to do it, the rest to do it again after a mistake or a lost transaction.
const (
	commitTries = 2
	revealTries = 4
)

// UseFreeMessage counts a message that a hotkey sends without a fee: types.KindServe once per serving_rate_limit, KindCommit twice and
// KindReveal four times per period. The ante handler calls it, so that a use stays counted when the message fails, and pending transactions
// count.
//
// Errors: types.ErrNotRegistered, ErrNoPermit for commits, and for reveals of who did not commit in the period before, ErrRateLimit with the height to try again, ErrInvalidMessage for
// another kind, x/subnet's ErrNotFound.
func (k *Keeper) UseFreeMessage(ctx context.Context, hotkey gotensor.Address, netuid gotensor.NetUID, kind uint32) error {
	clock, err := k.deps.Subnets.Clock(ctx, netuid)
	if err != nil {
		return err
	}
	n, err := k.mine(ctx, netuid, hotkey)
	if err != nil {
		return err
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	switch kind {
	case types.KindServe:
		h, err := k.deps.Subnets.Hyperparameters(ctx, netuid)
		if err != nil {
			return err
		}
		return k.use(ctx, n, netuid, limit{kind, height, height - int64(h.ServingBlocks()) + 1, 1, int64(h.ServingBlocks())})
	case types.KindCommit, types.KindReveal:
		permit, err := k.Permit(ctx, netuid, gotensor.UID(n.Uid))
		if err != nil {
			return err
		}
		if !permit && kind == types.KindReveal && clock.Epoch > 0 {
			if permit, err = k.committedFree(ctx, n, netuid, clock.PreviousBoundary); err != nil {
				return err
			}
		}
		if !permit {
			return fmt.Errorf("uid %d of netuid %d: only the largest stakes of the latest epoch commit weights: %w", n.Uid, netuid, types.ErrNoPermit)
		}
		tries := uint32(commitTries)
		if kind == types.KindReveal {
			tries = revealTries
		}
		return k.use(ctx, n, netuid, limit{kind, clock.LastBoundary, clock.LastBoundary, tries, clock.NextBoundary - clock.LastBoundary})
	default:
		return fmt.Errorf("kind is %d, want %d..%d: %w", kind, types.KindServe, types.KindReveal, types.ErrInvalidMessage)
	}
}

// committedFree tells whether a hotkey committed without a fee in the period that began at a height. It had a permit then, and a reveal that it
// misses costs the row before: losing the permit at the boundary in between does not take the free reveal away.
func (k *Keeper) committedFree(ctx context.Context, n types.Neuron, netuid gotensor.NetUID, period int64) (bool, error) {
	hotkey, err := addr.Account(n.Hotkey)
	if err != nil {
		return false, err
	}
	u, err := k.uses.Get(ctx, collections.Join3(uint16(netuid), hotkey.Bytes(), types.KindCommit))
	if errors.Is(err, collections.ErrNotFound) {
		return false, nil
	}
	return err == nil && u.Used > 0 && u.Window == period, err
}

// limit is how often a kind of message goes free: uses in a window that began at oldest or later count; a new window begins at start and is
// length blocks long.
type limit struct {
	kind          uint32
	start, oldest int64
	uses          uint32
	length        int64
}

func (k *Keeper) use(ctx context.Context, n types.Neuron, netuid gotensor.NetUID, l limit) error {
	hotkey, err := addr.Account(n.Hotkey)
	if err != nil {
		return err
	}
	key := collections.Join3(uint16(netuid), hotkey.Bytes(), l.kind)
	u, err := k.uses.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err != nil || u.Window < l.oldest {
		u = types.RateUse{Hotkey: n.Hotkey, Netuid: uint32(netuid), Kind: l.kind, Window: l.start}
	}
	if u.Used >= l.uses {
		return fmt.Errorf("%d of %d free messages of this kind are used: try again at height %d, or pay a fee: %w",
			u.Used, l.uses, u.Window+l.length, types.ErrRateLimit)
	}
	u.Used++
	return k.uses.Set(ctx, key, u)
}
