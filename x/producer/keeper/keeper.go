// Package keeper decides which staking validators produce blocks and tells CometBFT.
//
// x/staking bonds every validator with a whole TAO; of those only the ones that opted in reach CometBFT, at most
// Params.MaxProducers of them by stake. The set is never empty: while nobody is eligible the former set stays. Start at
// Keeper.Updates, which runs at the end of every block.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor/x/producer/types"
)

// Keeper owns the state of x/producer.
type Keeper struct {
	authority string
	accounts  address.Codec
	staking   StakingKeeper

	Schema    collections.Schema
	params    collections.Item[types.Params]
	producers collections.Map[[]byte, types.Producer]
	powers    collections.Map[[]byte, types.Power]
}

// Deps is what a Keeper is made of.
type Deps struct {
	Codec    codec.BinaryCodec
	Store    store.KVStoreService
	Staking  StakingKeeper
	Accounts address.Codec
	// Authority is the account of governance.
	Authority string
}

// New makes the keeper; it panics if the schema is broken, which is a mistake in this file.
func New(d Deps) Keeper {
	sb := collections.NewSchemaBuilder(d.Store)
	k := Keeper{
		authority: d.Authority, accounts: d.Accounts, staking: d.Staking,
		params: collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](d.Codec)),
		producers: collections.NewMap(sb, types.ProducersKey, "producers", collections.BytesKey,
			codec.CollValue[types.Producer](d.Codec)),
		powers: collections.NewMap(sb, types.PowersKey, "powers", collections.BytesKey, codec.CollValue[types.Power](d.Codec)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Params returns the module's settings.
func (k Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// Producers lists who opted in, by validator address.
func (k Keeper) Producers(ctx context.Context) ([]types.Producer, error) {
	return values(ctx, k.producers)
}

// Powers lists what CometBFT was last told, by validator address.
func (k Keeper) Powers(ctx context.Context) ([]types.Power, error) { return values(ctx, k.powers) }

func values[V any](ctx context.Context, m collections.Map[[]byte, V]) ([]V, error) {
	it, err := m.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Values()
}

// validator reads a staking validator; found is false where it does not exist (any more).
func (k Keeper) validator(ctx context.Context, addr []byte) (v stakingtypes.Validator, found bool, err error) {
	v, err = k.staking.GetValidator(ctx, sdk.ValAddress(addr))
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return v, false, nil
	}
	return v, err == nil, err
}
