package app

import (
	"fmt"

	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	authzmodule "github.com/cosmos/cosmos-sdk/x/authz/module"
	"github.com/cosmos/cosmos-sdk/x/bank"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/consensus"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	"github.com/cosmos/cosmos-sdk/x/distribution"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/evidence"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantmodule "github.com/cosmos/cosmos-sdk/x/feegrant/module"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/cosmos-sdk/x/upgrade"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	emissionmodule "github.com/gotensor/gotensor/x/emission/module"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	neuronmodule "github.com/gotensor/gotensor/x/neuron/module"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	producermodule "github.com/gotensor/gotensor/x/producer/module"
	producertypes "github.com/gotensor/gotensor/x/producer/types"
	subnetmodule "github.com/gotensor/gotensor/x/subnet/module"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightsmodule "github.com/gotensor/gotensor/x/weights/module"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// The order in which modules run. A module that is missing from an order although it has work there makes New panic.
var (
	preBlockers = []string{upgradetypes.ModuleName, authtypes.ModuleName}

	// Emission mints before distribution hands out the producers' share; the clock comes last, when stake, slashes and the ring of
	// block hashes are those of this block: its hooks run the epochs.
	beginBlockers = []string{
		emissiontypes.ModuleName, distrtypes.ModuleName, slashingtypes.ModuleName, evidencetypes.ModuleName,
		stakingtypes.ModuleName, authz.ModuleName, neurontypes.ModuleName, subnettypes.ModuleName,
	}

	// Staking before producer: who is bonded decides who may produce. Emission sweeps and settles at the end.
	endBlockers = []string{
		banktypes.ModuleName, govtypes.ModuleName, stakingtypes.ModuleName, producertypes.ModuleName, feegrant.ModuleName,
		emissiontypes.ModuleName,
	}

	// Distribution before staking, whose genesis calls its hooks; staking before all that ask for validators.
	genesisOrder = []string{
		authtypes.ModuleName, banktypes.ModuleName, distrtypes.ModuleName, stakingtypes.ModuleName, producertypes.ModuleName,
		slashingtypes.ModuleName, govtypes.ModuleName, evidencetypes.ModuleName, authz.ModuleName, feegrant.ModuleName,
		upgradetypes.ModuleName, consensustypes.ModuleName, subnettypes.ModuleName, neurontypes.ModuleName,
		weightstypes.ModuleName, emissiontypes.ModuleName,
	}
)

func (a *App) installModules() error {
	k, cdc := a.Keepers, a.Codec
	stakingModule := staking.NewAppModule(cdc, k.Staking, k.Account, k.Bank, nil)
	a.modules = module.NewManager(
		auth.NewAppModule(cdc, k.Account, nil, nil),
		bank.NewAppModule(cdc, k.Bank, k.Account, nil),
		distribution.NewAppModule(cdc, k.Distribution, k.Account, k.Bank, k.Staking, nil),
		producermodule.NewStaking(stakingModule, k.Staking, k.Producer),
		producermodule.New(k.Producer),
		slashing.NewAppModule(cdc, k.Slashing, k.Account, k.Bank, k.Staking, nil, a.Registry),
		gov.NewAppModule(cdc, k.Gov, k.Account, k.Bank, nil),
		evidence.NewAppModule(*k.Evidence),
		authzmodule.NewAppModule(cdc, k.Authz, k.Account, k.Bank, a.Registry),
		feegrantmodule.NewAppModule(cdc, k.Account, k.Bank, k.FeeGrant, a.Registry),
		upgrade.NewAppModule(k.Upgrade, k.Account.AddressCodec()),
		consensus.NewAppModule(cdc, k.Consensus),
		subnetmodule.New(k.Subnet),
		neuronmodule.New(k.Neuron),
		weightsmodule.New(k.Weights),
		emissionmodule.New(k.Emission),
	)
	a.basics = module.NewBasicManagerFromManager(a.modules, nil)
	a.basics.RegisterLegacyAminoCodec(a.Amino)
	a.basics.RegisterInterfaces(a.Registry)

	a.modules.SetOrderPreBlockers(preBlockers...)
	a.modules.SetOrderBeginBlockers(beginBlockers...)
	a.modules.SetOrderEndBlockers(endBlockers...)
	a.modules.SetOrderInitGenesis(genesisOrder...)
	a.modules.SetOrderExportGenesis(genesisOrder...)
	a.configurator = module.NewConfigurator(cdc, codedServer{a.MsgServiceRouter()}, a.GRPCQueryRouter())
	if err := a.modules.RegisterServices(a.configurator); err != nil {
		return fmt.Errorf("register services: %w", err)
	}
	return nil
}
