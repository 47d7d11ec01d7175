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

// InitGenesis writes a genesis state, after that of x/auth and x/subnet. Every subnet gets its admission; hotkeys get accounts.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	all, err := k.deps.Subnets.All(ctx)
	if err != nil {
		return err
	}
	given := make(map[uint32]types.GenesisNeurons, len(g.Subnets))
	for _, s := range g.Subnets {
		if _, err := k.deps.Subnets.Get(ctx, gotensor.NetUID(s.Netuid)); err != nil {
			return fmt.Errorf("neurons of a subnet that genesis does not have: %w", err)
		}
		given[s.Netuid] = s
	}
	for _, s := range all {
		if err := k.initSubnet(sdk.UnwrapSDKContext(ctx), gotensor.NetUID(s.Netuid), given[s.Netuid]); err != nil {
			return fmt.Errorf("subnet %d: %w", s.Netuid, err)
		}
	}
	if err := k.initAppointments(ctx, g.Appointments); err != nil {
		return err
	}
	for _, grant := range g.Grants {
		delegator, hotkey, err := grantKeys(grant)
		if err != nil {
			return err
		}
		if err := k.setGrant(ctx, delegator, hotkey, grant); err != nil {
			return err
		}
	}
	return errors.Join(k.initWorks(ctx, g), k.burned.Set(ctx, g.Burned))
}

func (k *Keeper) initSubnet(ctx sdk.Context, netuid gotensor.NetUID, s types.GenesisNeurons) error {
	h, err := k.deps.Subnets.Hyperparameters(ctx, netuid)
	if err != nil {
		return err
	}
	if len(s.Neurons) > int(h.MaxAllowedUIDs) && s.Admission.Difficulty == 0 {
		return fmt.Errorf("%d neurons, max_allowed_uids is %d: %w", len(s.Neurons), h.MaxAllowedUIDs, types.ErrInvalidGenesis)
	}
	for _, n := range s.Neurons {
		hotkey, err := addr.Account(n.Hotkey)
		if err != nil {
			return err
		}
		if err := k.setNeuron(ctx, netuid, n); err != nil {
			return err
		}
		if err := k.byHotkey.Set(ctx, collections.Join(uint16(netuid), hotkey.Bytes()), uint16(n.Uid)); err != nil {
			return err
		}
		k.ensureAccount(ctx, hotkey)
	}
	if err := k.counts.Set(ctx, uint16(netuid), uint16(len(s.Neurons))); err != nil {
		return err
	}
	columns := s.Columns
	if columns.Validate(len(s.Neurons)) != nil {
		columns = types.ZeroColumns(len(s.Neurons)) // empty in a hand-written genesis; anything else was refused
	}
	for _, c := range types.AllColumns() {
		if err := k.setColumn(ctx, netuid, c, *c.Field(&columns)); err != nil {
			return err
		}
	}
	admission := s.Admission
	if admission.Difficulty == 0 {
		admission = startAdmission(ctx, h)
	}
	return k.admissions.Set(ctx, uint16(netuid), admission)
}

// initAppointments stores appointments; a hotkey that acts until one of them is in force is found too.
func (k *Keeper) initAppointments(ctx context.Context, all []types.Appointment) error {
	for _, a := range all {
		validator, err := addr.Validator(a.Validator)
		if err != nil {
			return err
		}
		if err := k.link(ctx, a, validator); err != nil {
			return err
		}
	}
	for _, a := range all {
		if a.PreviousHotkey == "" {
			continue
		}
		hotkey, err := addr.Account(a.PreviousHotkey)
		if err != nil {
			return err
		}
		key := collections.Join(hotkey.Bytes(), uint16(a.Netuid))
		if taken, err := k.appointed.Has(ctx, key); err != nil || taken {
			if err != nil {
				return err
			}
			continue
		}
		validator, err := addr.Validator(a.Validator)
		if err != nil {
			return err
		}
		if err := k.appointed.Set(ctx, key, validator.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) initWorks(ctx context.Context, g types.GenesisState) error {
	for _, h := range g.BlockHashes {
		if err := k.hashes.Set(ctx, h.Height, h.Hash); err != nil {
			return err
		}
	}
	for _, u := range g.UsedWorks {
		hotkey, err := addr.Account(u.Hotkey)
		if err != nil {
			return err
		}
		if err := k.works.Set(ctx, collections.Join3(u.BlockHeight, uint16(u.Netuid), hotkey.Bytes())); err != nil {
			return err
		}
	}
	for _, u := range g.RateUses {
		hotkey, err := addr.Account(u.Hotkey)
		if err != nil {
			return err
		}
		if err := k.uses.Set(ctx, collections.Join3(uint16(u.Netuid), hotkey.Bytes(), u.Kind), u); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis reads the whole state, each part in the order of its keys.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	g := &types.GenesisState{}
	all, err := k.deps.Subnets.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		netuid := gotensor.NetUID(s.Netuid)
		out := types.GenesisNeurons{Netuid: s.Netuid}
		if out.Neurons, err = k.Neurons(ctx, netuid); err != nil {
			return nil, err
		}
		if out.Columns, err = k.PackedColumns(ctx, netuid); err != nil {
			return nil, err
		}
		if out.Admission, err = k.admissions.Get(ctx, uint16(netuid)); err != nil {
			return nil, err
		}
		g.Subnets = append(g.Subnets, out)
	}
	if g.Appointments, err = values(k.appointments.Iterate(ctx, nil)); err != nil {
		return nil, err
	}
	if g.Grants, err = values(k.grants.Iterate(ctx, nil)); err != nil {
		return nil, err
	}
	if g.RateUses, err = values(k.uses.Iterate(ctx, nil)); err != nil {
		return nil, err
	}
	if err := k.exportWorks(ctx, g); err != nil {
		return nil, err
	}
	burned, err := k.Burned(ctx)
	g.Burned = uint64(burned)
	return g, err
}

func (k *Keeper) exportWorks(ctx context.Context, g *types.GenesisState) error {
	if err := k.hashes.Walk(ctx, nil, func(height int64, hash []byte) (bool, error) {
		g.BlockHashes = append(g.BlockHashes, types.BlockHash{Height: height, Hash: hash})
		return false, nil
	}); err != nil {
		return err
	}
	return k.works.Walk(ctx, nil, func(w workKey) (bool, error) {
		g.UsedWorks = append(g.UsedWorks, types.UsedWork{
			BlockHeight: w.K1(), Netuid: uint32(w.K2()), Hotkey: addr.FormatAccount(gotensor.Address(w.K3())),
		})
		return false, nil
	})
}

func values[K, V any](it collections.Iterator[K, V], err error) ([]V, error) {
	if err != nil {
		return nil, err
	}
	return it.Values()
}
