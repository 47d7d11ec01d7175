package keeper

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cosmossdk.io/collections"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
)

// InitGenesis writes the state. Bank, subnet, neuron and weights must have gone before: a genesis whose module account does not
// cover what it owes, or whose supply is above the cap or above what was issued, is refused. A genesis supply that is left empty
// is what the bank holds less what was issued, plus what was burned.
func (k Keeper) InitGenesis(ctx context.Context, state *types.GenesisState) error {
	if err := state.Validate(); err != nil {
		return err
	}
	k.Accounts.GetModuleAccount(ctx, types.ModuleName) // makes it
	supply, err := k.supply(ctx)
	if err != nil {
		return types.ErrGenesis.Wrap(err.Error())
	}
	if supply > gotensor.MaxSupply {
		return types.ErrGenesis.Wrapf("supply is %s, at most %s can ever exist: lower the balances", supply, gotensor.MaxSupply)
	}
	if err := k.write(ctx, state); err != nil {
		return err
	}
	if state.Issuance.GenesisSupply == "" {
		if err := k.beginSupply(ctx, state.Issuance); err != nil {
			return err
		}
	}
	problems, err := k.Invariants(ctx)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return types.ErrGenesis.Wrap(strings.Join(problems, "; "))
	}
	return nil
}

// beginSupply remembers what the chain begins with.
func (k Keeper) beginSupply(ctx context.Context, state types.Issuance) error {
	burned, err := k.Neurons.Burned(ctx)
	if err != nil {
		return err
	}
	if state.GenesisSupply, err = state.InitialFrom(k.Bank.GetSupply(ctx, gotensor.BaseDenom).Amount, burned); err != nil {
		return types.ErrGenesis.Wrapf("issuance: %s: set genesis_supply to what the chain began with", err)
	}
	return k.issuance.Set(ctx, state)
}

func (k Keeper) write(ctx context.Context, state *types.GenesisState) error {
	if err := k.params.Set(ctx, state.Params); err != nil {
		return err
	}
	if err := k.issuance.Set(ctx, state.Issuance); err != nil {
		return err
	}
	for _, pot := range state.Pots {
		if err := k.pots.Set(ctx, uint16(pot.Netuid), pot); err != nil {
			return err
		}
	}
	for _, stream := range state.Streams {
		validator, err := addr.Validator(stream.Validator)
		if err != nil {
			return err
		}
		if err := k.streams.Set(ctx, collections.Join(validator.Bytes(), uint16(stream.Netuid)), stream); err != nil {
			return err
		}
	}
	for _, report := range state.Reports {
		if err := k.reports.Set(ctx, uint16(report.Netuid), report); err != nil {
			return err
		}
	}
	return k.setCursor(ctx, cursor{netuid: state.SweepNetuid, uid: state.SweepUid})
}

// ExportGenesis returns the whole state in the order that Validate demands.
func (k Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	var (
		state types.GenesisState
		err   error
	)
	if state.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if state.Issuance, err = k.issuance.Get(ctx); err != nil {
		return nil, err
	}
	if state.Pots, err = values(ctx, k.pots); err != nil {
		return nil, err
	}
	if state.Streams, err = values(ctx, k.streams); err != nil {
		return nil, err
	}
	slices.SortFunc(state.Streams, func(a, b types.Stream) int {
		return cmp.Or(cmp.Compare(a.Validator, b.Validator), cmp.Compare(a.Netuid, b.Netuid))
	})
	if state.Reports, err = values(ctx, k.reports); err != nil {
		return nil, err
	}
	at, err := k.cursor(ctx)
	state.SweepNetuid, state.SweepUid = at.netuid, at.uid
	return &state, err
}

// values lists a map in the order of its keys.
func values[K, V any](ctx context.Context, m collections.Map[K, V]) ([]V, error) {
	var list []V
	err := m.Walk(ctx, nil, func(_ K, value V) (bool, error) {
		list = append(list, value)
		return false, nil
	})
	return list, err
}
