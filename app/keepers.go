package app

import (
	"os"

	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec/address"
	"github.com/cosmos/cosmos-sdk/runtime"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensuskeeper "github.com/cosmos/cosmos-sdk/x/consensus/keeper"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	evidencekeeper "github.com/cosmos/cosmos-sdk/x/evidence/keeper"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantkeeper "github.com/cosmos/cosmos-sdk/x/feegrant/keeper"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	slashingkeeper "github.com/cosmos/cosmos-sdk/x/slashing/keeper"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradekeeper "github.com/cosmos/cosmos-sdk/x/upgrade/keeper"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/gotensor/gotensor"
	emissionkeeper "github.com/gotensor/gotensor/x/emission/keeper"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	neuronkeeper "github.com/gotensor/gotensor/x/neuron/keeper"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	producerkeeper "github.com/gotensor/gotensor/x/producer/keeper"
	producertypes "github.com/gotensor/gotensor/x/producer/types"
	subnetkeeper "github.com/gotensor/gotensor/x/subnet/keeper"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightskeeper "github.com/gotensor/gotensor/x/weights/keeper"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// storeNames are the stores of the state, one per keeper.
var storeNames = []string{
	authtypes.StoreKey, banktypes.StoreKey, stakingtypes.StoreKey, slashingtypes.StoreKey, evidencetypes.StoreKey,
	distrtypes.StoreKey, govtypes.StoreKey, authzkeeper.StoreKey, feegrant.StoreKey, upgradetypes.StoreKey,
	consensustypes.StoreKey, producertypes.StoreKey, subnettypes.StoreKey, neurontypes.StoreKey, weightstypes.StoreKey,
	emissiontypes.StoreKey,
}

// moduleAccounts are the accounts of modules and what they may do with coins.
var moduleAccounts = map[string][]string{
	authtypes.FeeCollectorName:     nil,
	distrtypes.ModuleName:          nil,
	stakingtypes.BondedPoolName:    {authtypes.Burner, authtypes.Staking},
	stakingtypes.NotBondedPoolName: {authtypes.Burner, authtypes.Staking},
	govtypes.ModuleName:            {authtypes.Burner},
	emissiontypes.ModuleName:       {authtypes.Minter},
	neurontypes.ModuleName:         {authtypes.Burner},
}

// Keepers hold the state, one per module.
type Keepers struct {
	Account      authkeeper.AccountKeeper
	Bank         bankkeeper.BaseKeeper
	Staking      *stakingkeeper.Keeper
	Slashing     slashingkeeper.Keeper
	Evidence     *evidencekeeper.Keeper
	Distribution distrkeeper.Keeper
	Gov          *govkeeper.Keeper
	Authz        authzkeeper.Keeper
	FeeGrant     feegrantkeeper.Keeper
	Upgrade      *upgradekeeper.Keeper
	Consensus    consensuskeeper.Keeper

	Producer producerkeeper.Keeper
	Subnet   *subnetkeeper.Keeper
	Neuron   *neuronkeeper.Keeper
	Weights  weightskeeper.Keeper
	Emission emissionkeeper.Keeper
}

// Authority is the account of governance, which alone may change parameters.
func Authority() string {
	Setup()
	return authtypes.NewModuleAddress(govtypes.ModuleName).String()
}

// newKeepers makes the keepers in the order of their needs and sets the hooks, the only late binding.
func (a *App) newKeepers(o Options) Keepers {
	var k Keepers
	a.newSDKKeepers(&k, o)
	a.newOwnKeepers(&k)
	return k
}

// newOwnKeepers makes gotensor's keepers: subnet <- neuron <- weights <- emission, each reading only those before it. News travels
// up by the hooks at the end.
func (a *App) newOwnKeepers(k *Keepers) {
	kv := func(name string) store.KVStoreService { return runtime.NewKVStoreService(a.keys[name]) }
	accounts := k.Account.AddressCodec()
	k.Producer = producerkeeper.New(producerkeeper.Deps{
		Codec: a.Codec, Store: kv(producertypes.StoreKey), Staking: k.Staking, Accounts: accounts, Authority: Authority(),
	})
	k.Subnet = subnetkeeper.NewKeeper(kv(subnettypes.StoreKey), a.Codec, gotensor.Address(authtypes.NewModuleAddress(govtypes.ModuleName)))
	k.Neuron = neuronkeeper.NewKeeper(neuronkeeper.Deps{
		Store: kv(neurontypes.StoreKey), Codec: a.Codec, Subnets: k.Subnet, Accounts: k.Account, Bank: k.Bank, Stake: stake{k.Staking},
	})
	k.Weights = weightskeeper.New(a.Codec, kv(weightstypes.StoreKey), k.Subnet, k.Neuron)
	k.Emission = emissionkeeper.New(a.Codec, kv(emissiontypes.StoreKey), emissionkeeper.Needs{
		Subnets: k.Subnet, Neurons: k.Neuron, Weights: k.Weights, Accounts: k.Account, Bank: k.Bank, Distribution: k.Distribution,
		Staking: k.Staking, FeeCollector: authtypes.FeeCollectorName, Authority: Authority(),
	})
	// At a boundary stale commitments go first, then the epoch runs. Before a neuron is removed it is paid.
	k.Subnet.SetHooks(k.Weights, k.Emission)
	k.Neuron.SetHooks(k.Emission, k.Weights)
	// Dividends are settled before x/distribution looks at a validator whose stake is about to change.
	k.Staking.SetHooks(stakingtypes.NewMultiStakingHooks(k.Emission.StakingHooks(), k.Distribution.Hooks(), k.Slashing.Hooks()))
}

func (a *App) newSDKKeepers(k *Keepers, o Options) {
	cdc, authority := a.Codec, Authority()
	kv := func(name string) store.KVStoreService { return runtime.NewKVStoreService(a.keys[name]) }
	accounts := address.NewBech32Codec(gotensor.Bech32Prefix)
	validators := address.NewBech32Codec(gotensor.Bech32Prefix + "valoper")
	consensus := address.NewBech32Codec(gotensor.Bech32Prefix + "valcons")

	k.Consensus = consensuskeeper.NewKeeper(cdc, kv(consensustypes.StoreKey), authority, runtime.EventService{})
	a.SetParamStore(k.Consensus.ParamsStore)
	k.Account = authkeeper.NewAccountKeeper(cdc, kv(authtypes.StoreKey), authtypes.ProtoBaseAccount, moduleAccounts, accounts,
		gotensor.Bech32Prefix, authority)
	k.Bank = bankkeeper.NewBaseKeeper(cdc, kv(banktypes.StoreKey), k.Account, blockedAddresses(), authority, o.Logger)
	k.Staking = stakingkeeper.NewKeeper(cdc, kv(stakingtypes.StoreKey), k.Account, k.Bank, authority, validators, consensus)
	k.Distribution = distrkeeper.NewKeeper(cdc, kv(distrtypes.StoreKey), k.Account, k.Bank, k.Staking,
		authtypes.FeeCollectorName, authority)
	k.Slashing = slashingkeeper.NewKeeper(cdc, a.Amino, kv(slashingtypes.StoreKey), k.Staking, authority)
	k.Evidence = evidencekeeper.NewKeeper(cdc, kv(evidencetypes.StoreKey), k.Staking, k.Slashing, accounts,
		runtime.ProvideCometInfoService())
	k.Authz = authzkeeper.NewKeeper(kv(authzkeeper.StoreKey), cdc, a.MsgServiceRouter(), k.Account)
	k.FeeGrant = feegrantkeeper.NewKeeper(cdc, kv(feegrant.StoreKey), k.Account)
	home := o.Home
	if home == "" {
		home = os.TempDir() // only read and written when an upgrade is due
	}
	k.Upgrade = upgradekeeper.NewKeeper(o.SkipUpgrades, kv(upgradetypes.StoreKey), cdc, home, a.BaseApp, authority)
	k.Gov = govkeeper.NewKeeper(cdc, kv(govtypes.StoreKey), k.Account, k.Bank, k.Distribution, a.MsgServiceRouter(),
		govtypes.DefaultConfig(), authority, govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(k.Staking))
}

// blockedAddresses may not be sent coins by transactions: module accounts keep exact books. Governance may be paid.
func blockedAddresses() map[string]bool {
	blocked := make(map[string]bool, len(moduleAccounts))
	for name := range moduleAccounts {
		blocked[authtypes.NewModuleAddress(name).String()] = name != govtypes.ModuleName
	}
	return blocked
}
