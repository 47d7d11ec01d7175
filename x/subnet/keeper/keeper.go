// Package keeper holds the state of module subnet: the subnets, their hyperparameters and their epoch clocks.
//
// Flow: messages change hyperparameters within types.Schema; BeginBlock advances the clocks that are due and tells the hooks, each
// in its own cached context. Start at Keeper.
package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/subnet/types"
)

// EpochHooks are told of boundaries.
type EpochHooks interface {
	// AfterBoundary runs in BeginBlock right after a stored clock has advanced. clock is the new one, endedFrom the boundary at
	// which the ended period began, 0 for the first. What it writes is undone if it fails or panics; the clock goes on.
	AfterBoundary(ctx context.Context, netuid gotensor.NetUID, clock types.Clock, endedFrom int64) error
}

// Keeper reads and writes the module's state.
type Keeper struct {
	authority string
	hooks     []EpochHooks

	Schema  collections.Schema
	params  collections.Item[types.Params]
	subnets collections.Map[uint16, types.Subnet]
	clocks  collections.Map[uint16, types.Clock]
	// values holds only what differs from the default.
	values  collections.Map[collections.Pair[uint16, string], int64]
	changes collections.Map[collections.Pair[uint16, string], int64]
}

// NewKeeper makes a keeper. authority is the account of governance, the only one that may change what owners may not.
func NewKeeper(storeService store.KVStoreService, cdc codec.BinaryCodec, authority gotensor.Address) *Keeper {
	sb := collections.NewSchemaBuilder(storeService)
	named := collections.PairKeyCodec(collections.Uint16Key, collections.StringKey)
	k := &Keeper{
		authority: addr.FormatAccount(authority),
		params:    collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		subnets:   collections.NewMap(sb, types.SubnetsKey, "subnets", collections.Uint16Key, codec.CollValue[types.Subnet](cdc)),
		clocks:    collections.NewMap(sb, types.ClocksKey, "clocks", collections.Uint16Key, codec.CollValue[types.Clock](cdc)),
		values:    collections.NewMap(sb, types.HyperparametersKey, "hyperparameters", named, collections.Int64Value),
		changes:   collections.NewMap(sb, types.ChangesKey, "changes", named, collections.Int64Value),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(fmt.Sprintf("store of module %s: %v", types.ModuleName, err)) // wiring
	}
	k.Schema = schema
	return k
}

// SetHooks names who is told of boundaries, in order. It is called once, at wiring.
func (k *Keeper) SetHooks(hooks ...EpochHooks) {
	if k.hooks != nil {
		panic("hooks of module subnet are set twice")
	}
	k.hooks = hooks
}

// Authority is the account of governance.
func (k *Keeper) Authority() string { return k.authority }

// Get returns a subnet. It fails with types.ErrNotFound.
func (k *Keeper) Get(ctx context.Context, netuid gotensor.NetUID) (types.Subnet, error) {
	s, err := k.subnets.Get(ctx, uint16(netuid))
	if err != nil {
		return s, notFound(err, netuid)
	}
	return s, nil
}

// All lists the subnets by netuid, at most types.MaxSubnets.
func (k *Keeper) All(ctx context.Context) ([]types.Subnet, error) {
	it, err := k.subnets.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Values()
}

// Clock returns the epoch clock of a subnet. It fails with types.ErrNotFound.
func (k *Keeper) Clock(ctx context.Context, netuid gotensor.NetUID) (types.Clock, error) {
	c, err := k.clocks.Get(ctx, uint16(netuid))
	if err != nil {
		return c, notFound(err, netuid)
	}
	return c, nil
}

// Params returns the module's settings.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// TargetBlockMs is the time that one block is meant to take, in milliseconds. Before genesis it is the default.
func (k *Keeper) TargetBlockMs(ctx context.Context) uint32 {
	p, err := k.params.Get(ctx)
	if err != nil {
		return types.DefaultParams().TargetBlockMs
	}
	return p.TargetBlockMs
}

// Hyperparameters returns the typed settings of a subnet. It fails with types.ErrNotFound.
func (k *Keeper) Hyperparameters(ctx context.Context, netuid gotensor.NetUID) (types.Hyperparameters, error) {
	if ok, err := k.subnets.Has(ctx, uint16(netuid)); err != nil || !ok {
		return types.Hyperparameters{}, notFound(errors.Join(err, collections.ErrNotFound), netuid)
	}
	return k.typed(ctx, netuid, k.TargetBlockMs(ctx))
}

func (k *Keeper) typed(ctx context.Context, netuid gotensor.NetUID, targetMs uint32) (types.Hyperparameters, error) {
	h := types.DefaultHyperparameters(targetMs)
	err := k.values.Walk(ctx, collections.NewPrefixedPairRange[uint16, string](uint16(netuid)),
		func(key collections.Pair[uint16, string], v int64) (bool, error) { return false, h.Set(key.K2(), v) })
	return h, err
}

func notFound(err error, netuid gotensor.NetUID) error {
	if errors.Is(err, collections.ErrNotFound) {
		return fmt.Errorf("netuid %d: %w", netuid, types.ErrNotFound)
	}
	return err
}
