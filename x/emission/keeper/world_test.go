package keeper

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/sha3"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/cosmos/cosmos-sdk/codec"
	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil/integration"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distributionkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distributiontypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
	neuronkeeper "github.com/gotensor/gotensor/x/neuron/keeper"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnetkeeper "github.com/gotensor/gotensor/x/subnet/keeper"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightskeeper "github.com/gotensor/gotensor/x/weights/keeper"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
	"github.com/gotensor/gotensor/yuma"
)

const (
	worldChain  = "world-1"
	blockTime   = 2 * time.Second
	targetMs    = 2000
	unbonding   = 240 * blockTime
	initialTAO  = 1_000_000
	minSelfAtao = 1
)

func TestMain(m *testing.M) {
	config := sdk.GetConfig()
	config.SetBech32PrefixForAccount(gotensor.Bech32Prefix, gotensor.Bech32Prefix+"pub")
	config.SetBech32PrefixForValidator(addr.ValidatorPrefix, addr.ValidatorPrefix+"pub")
	config.SetBech32PrefixForConsensusNode(gotensor.Bech32Prefix+"valcons", gotensor.Bech32Prefix+"valconspub")
	sdk.DefaultPowerReduction = math.NewIntFromBigInt(gotensor.RaoPerTAO.Atao())
	os.Exit(m.Run())
}

// setting is how a world begins.
type setting struct {
	validators int    // each with 1,000 TAO of its own and a hotkey at the uid of its number on every subnet
	miners     int    // they follow the validators' uids
	tempo      uint64 // blocks
	subnets    int
	owner      string
	interval   uint32 // of settling, blocks
	sweep      uint32
	plain      bool // neither producers nor the community pool have a share of issuance
	whale      bool // validator 0 has 1 TAO of its own and takes all as commission
	epoch      func(*yuma.Input) (*yuma.Output, error)
	shape      func(*subnettypes.GenesisSubnet)
}

// world is the chain's economy on in-memory stores: the real auth, bank, staking, distribution, subnet, neuron, weights and
// emission keepers, called in the order that the application calls them.
type world struct {
	Keeper
	t            testing.TB
	set          setting
	cdc          codec.Codec
	keys         map[string]*storetypes.KVStoreKey
	ctx          sdk.Context
	accounts     authkeeper.AccountKeeper
	bank         bankkeeper.BaseKeeper
	staking      *stakingkeeper.Keeper
	distribution distributionkeeper.Keeper
	subnets      *subnetkeeper.Keeper
	neurons      *neuronkeeper.Keeper
	weights      weightskeeper.Keeper
	initial      math.Int // supply of genesis, atao
	burned       math.Int // by slashes and registrations, atao
	pending      map[voter]vote
	faulty       bool // invariants are meant to break
	returned     int  // validators that were removed and made again
}

// person is an account by number: coldkeys, delegators and operators come from ranges of their own.
func person(kind byte, i int) gotensor.Address {
	return gotensor.Address{0: kind, 1: byte(i >> 8), 2: byte(i), 19: 1}
}

func operator(i int) sdk.ValAddress { a := person(1, i); return a[:] }
func coldkeyOf(i int) string        { return addr.FormatAccount(person(3, i)) }

// secretOf is the key of a neuron's hotkey, which agrees to be registered.
func secretOf(i int) *secp256k1.PrivateKey {
	return secp256k1.PrivKeyFromBytes([]byte{2, byte(i >> 8), byte(i)})
}

func hotkeyOf(i int) string {
	a := keccak256(secretOf(i).PubKey().SerializeUncompressed()[1:])
	return addr.FormatAccount(gotensor.Address(a[12:]))
}

func keccak256(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}

func delegator(i int) sdk.AccAddress {
	a := person(4, i)
	return a[:]
}

// purse receives a delegator's rewards, so that they can be told from his stake.
func purse(who sdk.AccAddress) sdk.AccAddress { return append(append([]byte{}, who[:19]...), 99) }

func tao(amount int64) math.Int {
	return math.NewIntFromBigInt(gotensor.RaoPerTAO.Atao()).MulRaw(amount)
}

func atao(amount math.Int) sdk.Coin { return sdk.NewCoin(gotensor.BaseDenom, amount) }

// newWorld begins a chain at height 0; empty is the same without any genesis state.
func newWorld(t testing.TB, set setting) *world {
	t.Helper()
	w := emptyWorld(t, set)
	w.fundGenesis()
	require.NoError(t, w.subnets.InitGenesis(w.ctx, w.subnetGenesis()))
	for i := range set.validators {
		if i == 0 && set.whale {
			w.createValidator(i, 1, math.LegacyOneDec())
			continue
		}
		w.createValidator(i, 1000, math.LegacyZeroDec())
	}
	_, err := w.staking.BlockValidatorUpdates(w.ctx)
	require.NoError(t, err)
	require.NoError(t, w.neurons.InitGenesis(w.ctx, w.neuronGenesis()))
	require.NoError(t, w.weights.InitGenesis(w.ctx, weightstypes.DefaultGenesis()))
	genesis := types.DefaultGenesis()
	if set.interval > 0 {
		genesis.Params.SettleInterval = set.interval
	}
	if set.sweep > 0 {
		genesis.Params.SweepPerBlock = set.sweep
	}
	if set.plain {
		genesis.Params.ProducerPpm, genesis.Params.CommunityPpm = 0, 0
	}
	require.NoError(t, w.InitGenesis(w.ctx, genesis))
	w.initial = w.supplyNow()
	return w
}

func emptyWorld(t testing.TB, set setting) *world {
	t.Helper()
	names := []string{
		authtypes.StoreKey, banktypes.StoreKey, stakingtypes.StoreKey, distributiontypes.StoreKey,
		subnettypes.StoreKey, neurontypes.StoreKey, weightstypes.StoreKey, types.StoreKey,
	}
	keys := storetypes.NewKVStoreKeys(names...)
	registry := codectypes.NewInterfaceRegistry()
	cryptocodec.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	logger := log.NewNopLogger()
	w := &world{
		t: t, set: set, keys: keys, cdc: codec.NewProtoCodec(registry), burned: math.ZeroInt(), pending: make(map[voter]vote),
		ctx: sdk.NewContext(integration.CreateMultiStore(keys, logger), cmtproto.Header{ChainID: worldChain, Time: time.Unix(1_700_000_000, 0)}, false, logger),
	}
	store := func(name string) *storetypes.KVStoreKey { return keys[name] }
	account, validator := addresscodec.NewBech32Codec(gotensor.Bech32Prefix), addresscodec.NewBech32Codec(addr.ValidatorPrefix)
	authority := addr.FormatAccount(governance())
	w.accounts = authkeeper.NewAccountKeeper(w.cdc, runtime.NewKVStoreService(store(authtypes.StoreKey)), authtypes.ProtoBaseAccount, map[string][]string{
		authtypes.FeeCollectorName:     nil,
		distributiontypes.ModuleName:   nil,
		stakingtypes.BondedPoolName:    {authtypes.Burner, authtypes.Staking},
		stakingtypes.NotBondedPoolName: {authtypes.Burner, authtypes.Staking},
		neurontypes.ModuleName:         {authtypes.Burner},
		types.ModuleName:               {authtypes.Minter},
	}, account, gotensor.Bech32Prefix, authority)
	blocked := map[string]bool{authtypes.NewModuleAddress(types.ModuleName).String(): true, authtypes.NewModuleAddress(distributiontypes.ModuleName).String(): true}
	w.bank = bankkeeper.NewBaseKeeper(w.cdc, runtime.NewKVStoreService(store(banktypes.StoreKey)), w.accounts, blocked, authority, logger)
	w.staking = stakingkeeper.NewKeeper(w.cdc, runtime.NewKVStoreService(store(stakingtypes.StoreKey)), w.accounts, w.bank, authority,
		validator, addresscodec.NewBech32Codec(gotensor.Bech32Prefix+"valcons"))
	w.distribution = distributionkeeper.NewKeeper(w.cdc, runtime.NewKVStoreService(store(distributiontypes.StoreKey)), w.accounts, w.bank, w.staking,
		authtypes.FeeCollectorName, authority)
	w.subnets = subnetkeeper.NewKeeper(runtime.NewKVStoreService(store(subnettypes.StoreKey)), w.cdc, governance())
	w.neurons = neuronkeeper.NewKeeper(neuronkeeper.Deps{
		Store: runtime.NewKVStoreService(store(neurontypes.StoreKey)), Codec: w.cdc, Subnets: w.subnets, Accounts: w.accounts, Bank: w.bank, Stake: stakes{w.staking},
	})
	w.weights = weightskeeper.New(w.cdc, runtime.NewKVStoreService(store(weightstypes.StoreKey)), w.subnets, w.neurons)
	w.Keeper = New(w.cdc, runtime.NewKVStoreService(store(types.StoreKey)), Needs{
		Subnets: w.subnets, Neurons: w.neurons, Weights: w.weights, Accounts: w.accounts, Bank: w.bank, Distribution: w.distribution,
		Staking: w.staking, FeeCollector: authtypes.FeeCollectorName, Authority: authority, Epoch: set.epoch,
	})
	w.staking.SetHooks(stakingtypes.NewMultiStakingHooks(w.StakingHooks(), w.distribution.Hooks()))
	w.subnets.SetHooks(w.weights, w.Keeper)
	w.neurons.SetHooks(w.weights, w.Keeper)
	return w
}

func governance() gotensor.Address { return person(9, 0) }

// stakes reads stake from x/staking, as the application's adapter does.
type stakes struct{ *stakingkeeper.Keeper }

func (s stakes) Bonded(ctx context.Context, validator sdk.ValAddress) (gotensor.Rao, error) {
	v, err := s.GetValidator(ctx, validator)
	if err != nil || !v.IsBonded() {
		return 0, nil //nolint:nilerr // no such validator: no stake
	}
	rao, _, err := gotensor.RaoFromAtao(v.Tokens.BigInt())
	return rao, err
}

func (s stakes) Delegated(context.Context, sdk.AccAddress) (gotensor.Rao, error) { return 0, nil }

func (s stakes) IsValidator(ctx context.Context, validator sdk.ValAddress) (bool, error) {
	_, err := s.GetValidator(ctx, validator)
	return err == nil, nil
}

func (w *world) fundGenesis() {
	w.t.Helper()
	params := stakingtypes.DefaultParams()
	params.BondDenom, params.MaxValidators, params.HistoricalEntries, params.UnbondingTime = gotensor.BaseDenom, 1000, 0, unbonding
	require.NoError(w.t, w.staking.SetParams(w.ctx, params))
	shares := distributiontypes.DefaultParams()
	shares.CommunityTax = math.LegacyZeroDec()
	require.NoError(w.t, w.distribution.Params.Set(w.ctx, shares))
	require.NoError(w.t, w.distribution.FeePool.Set(w.ctx, distributiontypes.InitialFeePool()))
	require.NoError(w.t, w.distribution.SetPreviousProposerConsAddr(w.ctx, sdk.ConsAddress(operator(0))))
	amount := sdk.NewCoins(atao(tao(initialTAO)))
	require.NoError(w.t, w.bank.MintCoins(w.ctx, types.ModuleName, amount))
	bankOf := person(8, 0)
	require.NoError(w.t, w.bank.SendCoinsFromModuleToAccount(w.ctx, types.ModuleName, bankOf[:], amount))
}

// give hands out money of genesis.
func (w *world) give(to sdk.AccAddress, amount math.Int) {
	w.t.Helper()
	bankOf := person(8, 0)
	require.NoError(w.t, w.bank.SendCoins(w.ctx, bankOf[:], to, sdk.NewCoins(atao(amount))))
}

func (w *world) createValidator(i int, selfTAO int64, commission math.LegacyDec) {
	w.t.Helper()
	account := sdk.AccAddress(operator(i))
	w.give(account, tao(selfTAO))
	require.NoError(w.t, w.distribution.SetWithdrawAddr(w.ctx, account, purse(account)))
	key := ed25519.GenPrivKeyFromSecret([]byte{byte(i), byte(i >> 8)}).PubKey()
	anyKey, err := codectypes.NewAnyWithValue(key)
	require.NoError(w.t, err)
	_, err = stakingkeeper.NewMsgServerImpl(w.staking).CreateValidator(w.ctx, &stakingtypes.MsgCreateValidator{
		Description: stakingtypes.Description{Moniker: "v"}, ValidatorAddress: addr.FormatValidator(person(1, i)), Pubkey: anyKey,
		Commission: stakingtypes.CommissionRates{Rate: commission, MaxRate: math.LegacyOneDec(), MaxChangeRate: math.LegacyOneDec()},
		Value:      atao(tao(selfTAO)), MinSelfDelegation: math.NewInt(minSelfAtao),
	})
	require.NoError(w.t, err)
}

func (w *world) subnetGenesis() subnettypes.GenesisState {
	g := subnettypes.GenesisState{Params: subnettypes.Params{TargetBlockMs: targetMs, MaxEpochsPerBlock: 8}}
	for i := range max(1, w.set.subnets) {
		s := subnettypes.GenesisSubnet{
			Subnet: subnettypes.Subnet{Netuid: uint32(i + 1), Name: "s", Mechanism: "text", Owner: w.set.owner},
			Hyperparameters: []subnettypes.HyperparameterValue{
				{Name: "tempo", Value: int64(w.set.tempo) * targetMs}, {Name: "immunity_period", Value: (3*int64(w.set.tempo) + 9) * targetMs},
			},
		}
		if w.set.shape != nil {
			w.set.shape(&s)
		}
		g.Subnets = append(g.Subnets, s)
	}
	return g
}

func (w *world) neuronGenesis() neurontypes.GenesisState {
	var g neurontypes.GenesisState
	for i := range max(1, w.set.subnets) {
		s := neurontypes.GenesisNeurons{Netuid: uint32(i + 1)}
		for uid := range w.set.validators + w.set.miners {
			s.Neurons = append(s.Neurons, neurontypes.Neuron{Uid: uint32(uid), Hotkey: hotkeyOf(uid), Coldkey: coldkeyOf(uid)})
		}
		g.Subnets = append(g.Subnets, s)
	}
	for i := range w.set.validators {
		g.Appointments = append(g.Appointments, neurontypes.Appointment{
			Validator: addr.FormatValidator(person(1, i)), Netuid: uint32(neurontypes.AllSubnets), Hotkey: hotkeyOf(i),
		})
	}
	return g
}
