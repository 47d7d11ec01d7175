package keeper_test

import (
	"bytes"
	"context"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	coreaddress "cosmossdk.io/core/address"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdkaddress "github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor/internal/testnet"
	"github.com/gotensor/gotensor/x/producer/keeper"
	"github.com/gotensor/gotensor/x/producer/types"
)

const authority = "governance"

// fakeStaking is x/staking with the validators that a test wants.
type fakeStaking map[string]stakingtypes.Validator

func (f fakeStaking) GetValidator(_ context.Context, a sdk.ValAddress) (stakingtypes.Validator, error) {
	v, ok := f[string(a)]
	if !ok {
		return v, stakingtypes.ErrNoValidatorFound
	}
	return v, nil
}

func (fakeStaking) PowerReduction(context.Context) math.Int { return sdk.DefaultPowerReduction }

func (fakeStaking) ValidatorAddressCodec() coreaddress.Codec {
	return sdkaddress.NewBech32Codec("taovaloper")
}

func (f fakeStaking) add(t *testing.T, k testnet.Key, tao int64, status stakingtypes.BondStatus, key cryptotypes.PubKey) {
	t.Helper()
	if key == nil {
		key = &ed25519.PubKey{Key: testnet.ConsensusKey(k.Name)}
	}
	packed, err := codectypes.NewAnyWithValue(key)
	require.NoError(t, err)
	f[string(k.Operator())] = stakingtypes.Validator{
		OperatorAddress: k.Operator().String(), ConsensusPubkey: packed, Status: status, Tokens: coin(tao).Amount,
	}
}

func (f fakeStaking) jail(k testnet.Key) {
	v := f[string(k.Operator())]
	v.Jailed = true
	f[string(k.Operator())] = v
}

func newKeeper(t *testing.T, staking fakeStaking) (keeper.Keeper, sdk.Context) {
	t.Helper()
	key := storetypes.NewKVStoreKey(types.StoreKey)
	ctx := testutil.DefaultContext(key, storetypes.NewTransientStoreKey("transient"))
	return keeper.New(keeper.Deps{
		Codec: codec.NewProtoCodec(codectypes.NewInterfaceRegistry()), Store: runtime.NewKVStoreService(key), Staking: staking,
		Accounts: sdkaddress.NewBech32Codec("tao"), Authority: authority,
	}), ctx
}

func genesisOf(seats uint32, producers ...testnet.Key) types.GenesisState {
	g := types.GenesisState{Params: types.Params{MaxProducers: seats}}
	for _, p := range producers {
		g.Producers = append(g.Producers, types.Producer{Validator: p.Operator().String()})
	}
	return g
}

func powers(t *testing.T, updates []abci.ValidatorUpdate) map[string]int64 {
	t.Helper()
	set := map[string]int64{}
	for _, u := range updates {
		a := testnet.ConsensusAddress(u.PubKey.GetEd25519())
		require.NotContains(t, set, a, "one update per validator")
		set[a] = u.Power
	}
	return set
}

func TestUpdates(t *testing.T) {
	staking := fakeStaking{}
	staking.add(t, alice, 300, stakingtypes.Bonded, nil)
	staking.add(t, bob, 200, stakingtypes.Bonded, nil)
	staking.add(t, carol, 100, stakingtypes.Bonded, nil)
	k, ctx := newKeeper(t, staking)
	first, err := k.InitGenesis(ctx, genesisOf(2, alice, bob, carol))
	require.NoError(t, err)
	require.Equal(t, map[string]int64{address(alice): 300, address(bob): 200}, powers(t, first), "two seats for the two largest")
	second := &ed25519.PubKey{Key: testnet.ConsensusKey("bob's second")}

	steps := []struct {
		name string
		do   func()
		want map[string]int64 // what CometBFT is told; 0 leaves
	}{
		{"nothing changed", func() {}, map[string]int64{}},
		{
			"carol overtakes bob", func() { staking.add(t, carol, 250, stakingtypes.Bonded, nil) },
			map[string]int64{address(bob): 0, address(carol): 250},
		},
		{"alice is jailed", func() { staking.jail(alice) }, map[string]int64{address(alice): 0, address(bob): 200}},
		{"bob unbonds", func() { staking.add(t, bob, 200, stakingtypes.Unbonding, nil) }, map[string]int64{address(bob): 0}},
		{"carol holds less than a TAO and nobody else is left", func() { staking.add(t, carol, 0, stakingtypes.Bonded, nil) }, map[string]int64{}},
		{"bob is back", func() { staking.add(t, bob, 200, stakingtypes.Bonded, nil) }, map[string]int64{address(carol): 0, address(bob): 200}},
		{"carol is forgotten", func() { delete(staking, string(carol.Operator())) }, map[string]int64{}},
		{
			"bob is made anew with another key", func() { staking.add(t, bob, 200, stakingtypes.Bonded, second) },
			map[string]int64{address(bob): 0, testnet.ConsensusAddress(second.Key): 200},
		},
		{"the key changes hands", func() {
			delete(staking, string(bob.Operator()))
			staking.add(t, alice, 300, stakingtypes.Bonded, second)
		}, map[string]int64{testnet.ConsensusAddress(second.Key): 300}},
	}
	for _, s := range steps {
		s.do()
		got, err := k.Updates(ctx)
		require.NoError(t, err, s.name)
		require.Equal(t, s.want, powers(t, got), s.name)
		told, err := k.Powers(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, told, s.name)
	}
	left, err := k.Producers(ctx)
	require.NoError(t, err)
	require.Len(t, left, 1, "alice stays opted in, carol and bob are gone")
}

// TestUpdatesSorted: equal stakes are told in the order of addresses, so that all nodes agree.
func TestUpdatesSorted(t *testing.T) {
	staking := fakeStaking{}
	keys := []testnet.Key{alice, bob, carol, whale}
	for _, k := range keys {
		staking.add(t, k, 10, stakingtypes.Bonded, nil)
	}
	k, ctx := newKeeper(t, staking)
	updates, err := k.InitGenesis(ctx, genesisOf(3, keys...))
	require.NoError(t, err)
	require.Len(t, updates, 3)
	told, err := k.Powers(ctx)
	require.NoError(t, err)
	for i := range told {
		require.Equal(t, told[i].PubKey, updates[i].PubKey.GetEd25519())
		if i > 0 {
			a, err := staking.ValidatorAddressCodec().StringToBytes(told[i-1].Validator)
			require.NoError(t, err)
			b, err := staking.ValidatorAddressCodec().StringToBytes(told[i].Validator)
			require.NoError(t, err)
			require.Negative(t, bytes.Compare(a, b))
		}
	}
}

func TestOptInRefused(t *testing.T) {
	staking := fakeStaking{}
	staking.add(t, alice, 10, stakingtypes.Bonded, nil)
	staking.add(t, bob, 10, stakingtypes.Unbonding, nil)
	staking.add(t, carol, 10, stakingtypes.Bonded, secp256k1.GenPrivKey().PubKey())
	k, ctx := newKeeper(t, staking)
	_, err := k.InitGenesis(ctx, genesisOf(10, alice))
	require.NoError(t, err)
	server := keeper.NewMsgServer(k)
	for name, tt := range map[string]struct {
		operator string
		want     error
	}{
		"not an address": {"tao1x", types.ErrNotValidator},
		"no validator":   {whale.String(), types.ErrNotValidator},
		"not bonded":     {bob.String(), types.ErrNotBonded},
		"not ed25519":    {carol.String(), types.ErrConsensusKey},
		"already in":     {alice.String(), types.ErrAlreadyIn},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.OptIn(ctx, &types.MsgOptIn{Operator: tt.operator})
			require.ErrorIs(t, err, tt.want)
		})
	}
	t.Run("jailed", func(t *testing.T) {
		staking.add(t, whale, 10, stakingtypes.Bonded, nil)
		staking.jail(whale)
		_, err := server.OptIn(ctx, &types.MsgOptIn{Operator: whale.String()})
		require.ErrorIs(t, err, types.ErrNotBonded)
	})
}

func TestUpdateParams(t *testing.T) {
	k, ctx := newKeeper(t, fakeStaking{})
	server := keeper.NewMsgServer(k)
	_, err := server.UpdateParams(ctx, &types.MsgUpdateParams{Authority: authority, Params: types.Params{MaxProducers: 7}})
	require.NoError(t, err)
	p, err := k.Params(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 7, p.MaxProducers)
	_, err = server.UpdateParams(ctx, &types.MsgUpdateParams{Authority: authority, Params: types.Params{MaxProducers: 0}})
	require.ErrorIs(t, err, types.ErrParams)
	_, err = server.UpdateParams(ctx, &types.MsgUpdateParams{Authority: alice.String(), Params: types.Params{MaxProducers: 7}})
	require.ErrorIs(t, err, types.ErrUnauthorized)
}

func TestGenesisRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(g *types.GenesisState)
		want  error
	}{
		"no producer":       {func(g *types.GenesisState) { g.Producers = nil }, types.ErrValidatorEmpty},
		"unknown validator": {func(g *types.GenesisState) { g.Producers[0].Validator = whale.Operator().String() }, types.ErrGenesis},
		"not an address":    {func(g *types.GenesisState) { g.Producers[0].Validator = "tao1x" }, types.ErrGenesis},
		"listed twice":      {func(g *types.GenesisState) { g.Producers[1] = g.Producers[0] }, types.ErrGenesis},
		"height below 0":    {func(g *types.GenesisState) { g.Producers[0].Since = -1 }, types.ErrGenesis},
		"no seats":          {func(g *types.GenesisState) { g.Params.MaxProducers = 0 }, types.ErrParams},
		"too many seats":    {func(g *types.GenesisState) { g.Params.MaxProducers = 201 }, types.ErrParams},
		"short key": {func(g *types.GenesisState) {
			g.Powers = []types.Power{{Validator: alice.Operator().String(), PubKey: make([]byte, 31), Power: 1}}
		}, types.ErrGenesis},
		"no power": {func(g *types.GenesisState) {
			g.Powers = []types.Power{{Validator: alice.Operator().String(), PubKey: make([]byte, 32)}}
		}, types.ErrGenesis},
	} {
		t.Run(name, func(t *testing.T) {
			staking := fakeStaking{}
			staking.add(t, alice, 10, stakingtypes.Bonded, nil)
			staking.add(t, bob, 10, stakingtypes.Bonded, nil)
			k, ctx := newKeeper(t, staking)
			g := genesisOf(10, alice, bob)
			tt.spoil(&g)
			_, err := k.InitGenesis(ctx, g)
			require.ErrorIs(t, err, tt.want)
		})
	}
}

func TestGenesisRoundTrip(t *testing.T) {
	staking := fakeStaking{}
	staking.add(t, alice, 10, stakingtypes.Bonded, nil)
	staking.add(t, bob, 20, stakingtypes.Bonded, nil)
	k, ctx := newKeeper(t, staking)
	first, err := k.InitGenesis(ctx, genesisOf(10, alice, bob))
	require.NoError(t, err)
	g, err := k.ExportGenesis(ctx)
	require.NoError(t, err)

	staking.add(t, bob, 25, stakingtypes.Bonded, nil) // the new chain starts from what was told, not from the stake of the moment
	other, ctx := newKeeper(t, staking)
	second, err := other.InitGenesis(ctx, *g)
	require.NoError(t, err)
	require.Equal(t, first, second)
	again, err := other.ExportGenesis(ctx)
	require.NoError(t, err)
	require.Equal(t, g, again)
}
