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

// inForce tells whether an appointment counts where boundaries up to cutoff have passed it: one made in period e counts from boundary
// e+2, so it must be older than the boundary before.
func inForce(a types.Appointment, cutoff int64) bool { return a.Height == 0 || a.Height < cutoff }

// acting is the hotkey that an appointment gives the validator's stake to, "" for none.
func acting(a types.Appointment, cutoff int64) string {
	if inForce(a, cutoff) {
		return a.Hotkey
	}
	return a.PreviousHotkey
}

// actingOn is the hotkey that acts for a validator on a subnet: that of its appointment there, else that of its appointment for all
// subnets, else "".
func (k *Keeper) actingOn(ctx context.Context, validator []byte, netuid gotensor.NetUID, cutoff int64) (string, error) {
	for _, key := range []gotensor.NetUID{netuid, types.AllSubnets} {
		a, found, err := k.appointment(ctx, validator, key)
		if err != nil {
			return "", err
		}
		if hotkey := acting(a, cutoff); found && hotkey != "" {
			return hotkey, nil
		}
	}
	return "", nil
}

func (k *Keeper) appointment(ctx context.Context, validator []byte, netuid gotensor.NetUID) (types.Appointment, bool, error) {
	a, err := k.appointments.Get(ctx, collections.Join(validator, uint16(netuid)))
	if errors.Is(err, collections.ErrNotFound) {
		return a, false, nil
	}
	return a, err == nil, err
}

// pendingUntil is the height from which an appointment is in force on every subnet that it covers; 0 if it is so now. Work is bounded by
// the number of subnets.
func (k *Keeper) pendingUntil(ctx context.Context, a types.Appointment) (int64, error) {
	var netuids []gotensor.NetUID
	if gotensor.NetUID(a.Netuid) == types.AllSubnets {
		all, err := k.deps.Subnets.All(ctx)
		if err != nil {
			return 0, err
		}
		for _, s := range all {
			netuids = append(netuids, gotensor.NetUID(s.Netuid))
		}
	} else {
		netuids = append(netuids, gotensor.NetUID(a.Netuid))
	}
	var until int64
	for _, netuid := range netuids {
		clock, err := k.deps.Subnets.Clock(ctx, netuid)
		if err != nil {
			return 0, err
		}
		if !inForce(a, clock.LastBoundary) {
			until = max(until, clock.NextBoundary)
		}
	}
	return until, nil
}

// appoint names a hotkey for a validator, or none. Order: authorise (signature), check against the present appointments, store, tell.
func (k *Keeper) appoint(ctx sdk.Context, m *types.MsgAppointHotkey) error {
	if err := m.ValidateBasic(); err != nil {
		return err
	}
	validator, err := addr.Account(m.Operator)
	if err != nil {
		return err
	}
	netuid := gotensor.NetUID(m.Netuid)
	if netuid != types.AllSubnets {
		if _, err := k.deps.Subnets.Get(ctx, netuid); err != nil {
			return err
		}
	}
	if err := k.mayAppoint(ctx, m, validator); err != nil {
		return err
	}
	old, err := k.changeable(ctx, m, validator)
	if err != nil {
		return err
	}
	next := types.Appointment{
		Validator: addr.FormatValidator(validator), Netuid: m.Netuid, Hotkey: m.Hotkey,
		Height: ctx.BlockHeight(), PreviousHotkey: old.Hotkey,
	}
	// The hotkey before the previous one is out of force for good.
	if err := k.unlink(ctx, old.PreviousHotkey, validator, netuid, next); err != nil {
		return err
	}
	if err := k.link(ctx, next, validator); err != nil {
		return err
	}
	return ctx.EventManager().EmitTypedEvent(&types.EventAppointed{Appointment: next})
}

// mayAppoint checks who appoints whom: the operator of a validator, with the hotkey's consent, a hotkey that acts for nobody else.
func (k *Keeper) mayAppoint(ctx sdk.Context, m *types.MsgAppointHotkey, validator gotensor.Address) error {
	if m.Hotkey == "" {
		return nil
	}
	hotkey, err := addr.Account(m.Hotkey)
	if err != nil {
		return err
	}
	ok, err := k.deps.Stake.IsValidator(ctx, validator[:])
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s: create the validator first: %w", addr.FormatValidator(validator), types.ErrNotValidator)
	}
	signed := types.AppointBytes(ctx.ChainID(), validator, gotensor.NetUID(m.Netuid))
	if err := verifyHotkey(hotkey, m.HotkeyPublicKey, signed, m.HotkeySignature); err != nil {
		return err
	}
	return k.free(ctx, hotkey, validator)
}

// changeable returns the present appointment if it may be replaced, the zero one if there is none.
func (k *Keeper) changeable(ctx sdk.Context, m *types.MsgAppointHotkey, validator gotensor.Address) (types.Appointment, error) {
	old, found, err := k.appointment(ctx, validator[:], gotensor.NetUID(m.Netuid))
	if err != nil {
		return old, err
	}
	if old.Hotkey == m.Hotkey {
		if m.Hotkey == "" {
			return old, fmt.Errorf("there is no appointment on netuid %d to take back: %w", m.Netuid, types.ErrInvalidMessage)
		}
		return old, fmt.Errorf("hotkey %s is appointed on netuid %d already: %w", m.Hotkey, m.Netuid, types.ErrInvalidMessage)
	}
	if !found {
		return old, nil
	}
	until, err := k.pendingUntil(ctx, old)
	if err != nil {
		return old, err
	}
	if until > 0 {
		return old, fmt.Errorf("appointment of height %d on netuid %d: try again at height %d, in %d blocks: %w",
			old.Height, m.Netuid, until, until-ctx.BlockHeight(), types.ErrPending)
	}
	return old, nil
}

// free fails with types.ErrAppointed if a hotkey acts for another validator, on any subnet. Work is bounded by the number of subnets.
func (k *Keeper) free(ctx context.Context, hotkey, validator gotensor.Address) error {
	var stale []keyNetuid
	err := k.appointed.Walk(ctx, collections.NewPrefixedPairRange[[]byte, uint16](hotkey.Bytes()), func(key keyNetuid, other []byte) (bool, error) {
		if string(other) == string(validator[:]) {
			return false, nil
		}
		claimed, err := k.claims(ctx, other, gotensor.NetUID(key.K2()), addr.FormatAccount(hotkey))
		if err != nil {
			return true, err
		}
		if claimed {
			return true, fmt.Errorf("hotkey %s acts for %s on netuid %d: take another, or let that validator take it back: %w",
				addr.FormatAccount(hotkey), addr.FormatValidator(gotensor.Address(other)), key.K2(), types.ErrAppointed)
		}
		stale = append(stale, key)
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, key := range stale {
		if err := k.appointed.Remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// claims tells whether a validator's appointment still names a hotkey, as its present one or as the one that acts until then.
func (k *Keeper) claims(ctx context.Context, validator []byte, netuid gotensor.NetUID, hotkey string) (bool, error) {
	a, found, err := k.appointment(ctx, validator, netuid)
	if err != nil || !found {
		return false, err
	}
	if a.Hotkey == hotkey {
		return true, nil
	}
	if a.PreviousHotkey != hotkey {
		return false, nil
	}
	until, err := k.pendingUntil(ctx, a)
	return until > 0, err
}

// link stores an appointment and finds it by its hotkey.
func (k *Keeper) link(ctx context.Context, a types.Appointment, validator gotensor.Address) error {
	if err := k.appointments.Set(ctx, collections.Join(validator.Bytes(), uint16(a.Netuid)), a); err != nil {
		return err
	}
	if a.Hotkey == "" {
		return nil
	}
	hotkey, err := addr.Account(a.Hotkey)
	if err != nil {
		return err
	}
	return k.appointed.Set(ctx, collections.Join(hotkey.Bytes(), uint16(a.Netuid)), validator.Bytes())
}

// unlink forgets that a hotkey acted for a validator, unless the next appointment names it.
func (k *Keeper) unlink(ctx context.Context, hotkey string, validator gotensor.Address, netuid gotensor.NetUID, next types.Appointment) error {
	if hotkey == "" || hotkey == next.Hotkey || hotkey == next.PreviousHotkey {
		return nil
	}
	a, err := addr.Account(hotkey)
	if err != nil {
		return err
	}
	key := collections.Join(a.Bytes(), uint16(netuid))
	present, err := k.appointed.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) || err == nil && string(present) != string(validator[:]) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.appointed.Remove(ctx, key)
}
