// Package keeper issues TAO and pays it out.
//
//	every block     BeginBlock mints what the elapsed time is worth (package issuance) and shares it: producers, community
//	                pool, and the pot of each subnet
//	at a boundary   AfterBoundary empties the subnet's pot: it gathers stake, weights and bonds, lets yuma.Epoch divide, accrues
//	                incentive per uid, starts a stream of dividends per validator and pays the owner's cut
//	in between      EndBlock sweeps accrued incentive to coldkeys and settles streams; a hook of x/staking settles a validator
//	                just before its stake changes, so that a delegator earns for exactly the blocks he was there
//
// What is not paid stays in the pot: paid + carried = drained, to the rao. The module account covers pots, accrued incentive and
// unsettled streams at all times, and the supply is at most that of genesis and what was issued, less what registrations burned;
// Invariants says so or says what is wrong.
//
// An epoch runs in a cached context: one that fails or panics is reported and leaves nothing behind but its report. Start at New.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	distributiontypes "github.com/cosmos/cosmos-sdk/x/distribution/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/yuma"
)

// Needs are the other modules and the settings that the keeper is made of; all but Epoch are required.
type Needs struct {
	Subnets      SubnetKeeper
	Neurons      NeuronKeeper
	Weights      WeightsKeeper
	Accounts     AccountKeeper
	Bank         BankKeeper
	Distribution DistributionKeeper
	Staking      StakingKeeper
	// FeeCollector names the module account that x/distribution shares among the producers of the block before.
	FeeCollector string
	// Authority is the account that may change parameters, governance's.
	Authority string
	// Epoch divides a subnet's emission; nil is yuma.Epoch.
	Epoch func(*yuma.Input) (*yuma.Output, error)
}

// Keeper of the module's store.
type Keeper struct {
	Needs

	schema      collections.Schema
	params      collections.Item[types.Params]
	issuance    collections.Item[types.Issuance]
	pots        collections.Map[uint16, types.Pot]
	streams     collections.Map[streamKey, types.Stream]
	reports     collections.Map[uint16, types.EpochReport]
	sweepNetUID collections.Item[uint32]
	sweepUID    collections.Item[uint32]
}

// streamKey is (validator, netuid).
type streamKey = collections.Pair[[]byte, uint16]

// New makes the keeper. It panics if the module account is missing or the store's schema is wrong.
func New(cdc codec.BinaryCodec, service store.KVStoreService, needs Needs) Keeper {
	if needs.Accounts.GetModuleAddress(types.ModuleName) == nil {
		panic("module account " + types.ModuleName + " is missing: give it the permission to mint")
	}
	if needs.Epoch == nil {
		needs.Epoch = yuma.Epoch
	}
	sb := collections.NewSchemaBuilder(service)
	k := Keeper{
		Needs:       needs,
		params:      collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		issuance:    collections.NewItem(sb, types.IssuanceKey, "issuance", codec.CollValue[types.Issuance](cdc)),
		pots:        collections.NewMap(sb, types.PotsKey, "pots", collections.Uint16Key, codec.CollValue[types.Pot](cdc)),
		streams:     collections.NewMap(sb, types.StreamsKey, "streams", collections.PairKeyCodec(collections.BytesKey, collections.Uint16Key), codec.CollValue[types.Stream](cdc)),
		reports:     collections.NewMap(sb, types.ReportsKey, "reports", collections.Uint16Key, codec.CollValue[types.EpochReport](cdc)),
		sweepNetUID: collections.NewItem(sb, types.SweepNetUIDKey, "sweep_netuid", collections.Uint32Value),
		sweepUID:    collections.NewItem(sb, types.SweepUIDKey, "sweep_uid", collections.Uint32Value),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// Pot returns what a subnet holds for its next epoch; one that never got anything has an empty pot.
func (k Keeper) Pot(ctx context.Context, netuid gotensor.NetUID) (types.Pot, error) {
	pot, err := k.pots.Get(ctx, uint16(netuid))
	if errors.Is(err, collections.ErrNotFound) {
		return types.Pot{Netuid: uint32(netuid)}, nil
	}
	return pot, err
}

// Report returns the outcome of a subnet's latest epoch; before the first it is empty.
func (k Keeper) Report(ctx context.Context, netuid gotensor.NetUID) (types.EpochReport, error) {
	report, err := k.reports.Get(ctx, uint16(netuid))
	if errors.Is(err, collections.ErrNotFound) {
		return types.EpochReport{Netuid: uint32(netuid)}, nil
	}
	return report, err
}

// Params returns the module's parameters.
func (k Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

func (k Keeper) logger(ctx context.Context) log.Logger {
	return sdk.UnwrapSDKContext(ctx).Logger().With(log.ModuleKey, "x/"+types.ModuleName)
}

// coins converts rao to the bank's denomination.
func coins(amount gotensor.Rao) sdk.Coins {
	return sdk.NewCoins(sdk.NewCoin(gotensor.BaseDenom, math.NewIntFromBigInt(amount.Atao())))
}

// payAccount sends from the module account.
func (k Keeper) payAccount(ctx context.Context, to sdk.AccAddress, amount gotensor.Rao) error {
	return k.Bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, to, coins(amount))
}

// payPool gives to the community pool from the module account.
func (k Keeper) payPool(ctx context.Context, amount gotensor.Rao) error {
	return k.Distribution.FundCommunityPool(ctx, coins(amount), k.Accounts.GetModuleAddress(types.ModuleName))
}

// payDelegators gives to a validator's delegators, commission first, by way of x/distribution.
func (k Keeper) payDelegators(ctx context.Context, validator sdk.ValAddress, amount gotensor.Rao) error {
	who, found, err := k.stakedValidator(ctx, validator)
	if err != nil {
		return err
	}
	if !found {
		return k.payPool(ctx, amount)
	}
	if err := k.Bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, distributiontypes.ModuleName, coins(amount)); err != nil {
		return err
	}
	return k.Distribution.AllocateTokensToValidator(ctx, who, sdk.NewDecCoinsFromCoins(coins(amount)...))
}
