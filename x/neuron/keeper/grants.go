package keeper

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// grant lends a share of a delegator's bandwidth, or takes it back. Expired grants of both sides are dropped on the way. Work is bounded by
// types.MaxGrantsByDelegator and types.MaxGrantsToHotkey.
func (k *Keeper) grant(ctx sdk.Context, m *types.MsgGrantBandwidth) error {
	if err := m.ValidateBasic(); err != nil {
		return err
	}
	delegator, err := addr.Account(m.Delegator)
	if err != nil {
		return err
	}
	hotkey, err := addr.Account(m.Hotkey)
	if err != nil {
		return err
	}
	g := types.Grant{Delegator: m.Delegator, Hotkey: m.Hotkey, SharePpm: m.SharePpm, ExpiryUnix: m.ExpiryUnix}
	if m.SharePpm == 0 {
		if ok, err := k.grants.Has(ctx, collections.Join(delegator.Bytes(), hotkey.Bytes())); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("%s has granted nothing to %s: %w", m.Delegator, m.Hotkey, types.ErrInvalidMessage))
		}
		g.ExpiryUnix = 0
		if err := k.removeGrant(ctx, delegator, hotkey); err != nil {
			return err
		}
		return ctx.EventManager().EmitTypedEvent(&types.EventBandwidthGranted{Grant: g})
	}
	now := ctx.BlockTime().Unix()
	if m.ExpiryUnix <= now {
		return fmt.Errorf("expiry_unix is %d, it is %d now: want a later time: %w", m.ExpiryUnix, now, types.ErrInvalidMessage)
	}
	if err := verifyHotkey(hotkey, m.HotkeyPublicKey, types.GrantBytes(ctx.ChainID(), delegator), m.HotkeySignature); err != nil {
		return err
	}
	if err := k.grantFits(ctx, delegator, hotkey, m.SharePpm); err != nil {
		return err
	}
	if err := k.setGrant(ctx, delegator, hotkey, g); err != nil {
		return err
	}
	return ctx.EventManager().EmitTypedEvent(&types.EventBandwidthGranted{Grant: g})
}

// grantFits fails with types.ErrGrant if the other grants of the delegator or to the hotkey leave no room.
func (k *Keeper) grantFits(ctx sdk.Context, delegator, hotkey gotensor.Address, share uint32) error {
	given, err := k.livingGrants(ctx, func() ([]types.Grant, error) { return k.GrantsBy(ctx, delegator) })
	if err != nil {
		return err
	}
	others, sum := 0, uint64(share)
	for _, g := range given {
		if g.Hotkey != addr.FormatAccount(hotkey) {
			others++
			sum += uint64(g.SharePpm)
		}
	}
	if sum > types.MaxShare {
		return fmt.Errorf("share_ppm is %d, %d are granted to others, want %d in all: take one back: %w",
			share, sum-uint64(share), types.MaxShare, types.ErrGrant)
	}
	if others >= types.MaxGrantsByDelegator {
		return fmt.Errorf("delegator has %d other grants, want at most %d in all: take one back: %w", others, types.MaxGrantsByDelegator, types.ErrGrant)
	}
	got, err := k.livingGrants(ctx, func() ([]types.Grant, error) { return k.GrantsTo(ctx, hotkey) })
	if err != nil {
		return err
	}
	others = 0
	for _, g := range got {
		if g.Delegator != addr.FormatAccount(delegator) {
			others++
		}
	}
	if others >= types.MaxGrantsToHotkey {
		return fmt.Errorf("hotkey has %d other grants, want at most %d in all: %w", others, types.MaxGrantsToHotkey, types.ErrGrant)
	}
	return nil
}

// livingGrants drops the expired ones of a list from the state and returns the others.
func (k *Keeper) livingGrants(ctx sdk.Context, list func() ([]types.Grant, error)) ([]types.Grant, error) {
	all, err := list()
	if err != nil {
		return nil, err
	}
	var out []types.Grant
	for _, g := range all {
		if g.ExpiryUnix > ctx.BlockTime().Unix() {
			out = append(out, g)
			continue
		}
		delegator, hotkey, err := grantKeys(g)
		if err != nil {
			return nil, err
		}
		if err := k.removeGrant(ctx, delegator, hotkey); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// GrantsBy lists what a delegator has granted, expired ones too, by hotkey.
func (k *Keeper) GrantsBy(ctx context.Context, delegator gotensor.Address) ([]types.Grant, error) {
	it, err := k.grants.Iterate(ctx, collections.NewPrefixedPairRange[[]byte, []byte](delegator.Bytes()))
	if err != nil {
		return nil, err
	}
	return it.Values()
}

// GrantsTo lists what was granted to a hotkey, expired ones too, by delegator.
func (k *Keeper) GrantsTo(ctx context.Context, hotkey gotensor.Address) ([]types.Grant, error) {
	var out []types.Grant
	err := k.grantees.Walk(ctx, collections.NewPrefixedPairRange[[]byte, []byte](hotkey.Bytes()), func(key twoKeys) (bool, error) {
		g, err := k.grants.Get(ctx, collections.Join(key.K2(), key.K1()))
		out = append(out, g)
		return err != nil, err
	})
	return out, err
}

// Bandwidth is the stake behind a key that calls, with the living grants to it: what its own delegations leave after its own grants, and
// its share of those of others.
func (k *Keeper) Bandwidth(ctx context.Context, hotkey gotensor.Address) (gotensor.Rao, []types.Grant, error) {
	now := sdk.UnwrapSDKContext(ctx).BlockTime().Unix()
	given, err := k.GrantsBy(ctx, hotkey)
	if err != nil {
		return 0, nil, err
	}
	left := uint64(types.MaxShare)
	for _, g := range given {
		if g.ExpiryUnix > now {
			left -= min(left, uint64(g.SharePpm))
		}
	}
	own, err := k.deps.Stake.Delegated(ctx, hotkey[:])
	if err != nil {
		return 0, nil, err
	}
	sum := share(own, left)
	got, err := k.GrantsTo(ctx, hotkey)
	if err != nil {
		return 0, nil, err
	}
	var living []types.Grant
	for _, g := range got {
		if g.ExpiryUnix <= now {
			continue
		}
		living = append(living, g)
		delegator, _, err := grantKeys(g)
		if err != nil {
			return 0, nil, err
		}
		theirs, err := k.deps.Stake.Delegated(ctx, delegator[:])
		if err != nil {
			return 0, nil, err
		}
		if sum, err = sum.Add(share(theirs, uint64(g.SharePpm))); err != nil {
			return 0, nil, err
		}
	}
	return sum, living, nil
}

// share is ppm parts of a million of an amount, rounded down; ppm is at most types.MaxShare.
func share(r gotensor.Rao, ppm uint64) gotensor.Rao {
	hi, lo := bits.Mul64(uint64(r), ppm)
	q, _ := bits.Div64(hi, lo, types.MaxShare)
	return gotensor.Rao(q)
}

func grantKeys(g types.Grant) (delegator, hotkey gotensor.Address, err error) {
	if delegator, err = addr.Account(g.Delegator); err != nil {
		return delegator, hotkey, err
	}
	hotkey, err = addr.Account(g.Hotkey)
	return delegator, hotkey, err
}

func (k *Keeper) setGrant(ctx context.Context, delegator, hotkey gotensor.Address, g types.Grant) error {
	if err := k.grants.Set(ctx, collections.Join(delegator.Bytes(), hotkey.Bytes()), g); err != nil {
		return err
	}
	return k.grantees.Set(ctx, collections.Join(hotkey.Bytes(), delegator.Bytes()))
}

func (k *Keeper) removeGrant(ctx context.Context, delegator, hotkey gotensor.Address) error {
	if err := k.grants.Remove(ctx, collections.Join(delegator.Bytes(), hotkey.Bytes())); err != nil {
		return err
	}
	return k.grantees.Remove(ctx, collections.Join(hotkey.Bytes(), delegator.Bytes()))
}
