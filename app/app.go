// Package app is the chain: it wires the SDK's modules and gotensor's own into one application for CometBFT.
//
// Flow of a block: transactions pass app/ante, reach the modules' message servers, and the modules' begin and end blockers run in
// the order of modules.go: issuance first, epochs last, at the end the set of producers. app.go makes the application,
// keepers.go the keepers, modules.go the modules and their order, genesis.go a genesis from a Spec, export.go the way out. Start
// at New.
package app

import (
	"encoding/json"
	"fmt"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
	"github.com/cosmos/cosmos-sdk/version"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"

	"github.com/cosmos/gogoproto/proto"

	"github.com/gotensor/gotensor/app/ante"
)

var _ servertypes.Application = (*App)(nil)

// App is the chain's application.
type App struct {
	*baseapp.BaseApp
	Encoding
	Keepers

	keys         map[string]*storetypes.KVStoreKey
	modules      *module.Manager
	basics       module.BasicManager
	configurator module.Configurator
	closing      sync.Once
}

// Options are what New needs from its surroundings.
type Options struct {
	Logger log.Logger
	DB     dbm.DB
	// Home is the node's folder, for upgrade information.
	Home string
	// SkipUpgrades are heights whose upgrades are not run.
	SkipUpgrades map[int64]bool
	// Base configures pruning, gas prices, chain id and the like.
	Base []func(*baseapp.BaseApp)
}

// New makes the application and loads its latest state. It fails if the wiring is broken or the state cannot be loaded.
func New(o Options) (*App, error) {
	enc, err := newEncoding()
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	a := &App{
		BaseApp:  baseapp.NewBaseApp(Name, o.Logger, o.DB, enc.TxConfig.TxDecoder(), o.Base...),
		Encoding: enc,
		keys:     storetypes.NewKVStoreKeys(storeNames...),
	}
	a.SetVersion(version.Version)
	a.SetInterfaceRegistry(enc.Registry)
	a.SetTxEncoder(enc.TxConfig.TxEncoder())
	a.MountKVStores(a.keys)

	a.Keepers = a.newKeepers(o)
	if err := a.installModules(); err != nil {
		return nil, fmt.Errorf("modules: %w", err)
	}
	handler, err := ante.New(ante.Options{
		Accounts: a.Account, Bank: a.Bank, FeeGrant: a.FeeGrant, Neurons: a.Neuron,
		SignModes: enc.TxConfig.SignModeHandler(),
	})
	if err != nil {
		return nil, fmt.Errorf("ante: %w", err)
	}
	a.SetAnteHandler(codedAnte(handler))
	a.SetInitChainer(a.initChainer)
	a.SetPreBlocker(a.preBlocker)
	a.SetBeginBlocker(a.beginBlocker)
	a.SetEndBlocker(a.endBlocker)
	if err := a.LoadLatestVersion(); err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	return a, a.checkAnnotations()
}

// NewFromServer makes the application for the SDK's server commands; it panics where New fails, as they expect.
func NewFromServer(logger log.Logger, db dbm.DB, opts servertypes.AppOptions) servertypes.Application {
	skip := map[int64]bool{}
	if heights, ok := opts.Get(server.FlagUnsafeSkipUpgrades).([]int); ok {
		for _, h := range heights {
			skip[int64(h)] = true
		}
	}
	home, _ := opts.Get(flags.FlagHome).(string)
	a, err := New(Options{
		Logger: logger, DB: db, Home: home, SkipUpgrades: skip, Base: server.DefaultBaseappOptions(opts),
	})
	if err != nil {
		panic(err)
	}
	return a
}

// checkAnnotations fails if a message has no signer annotation: such a message could be sent by anybody.
func (a *App) checkAnnotations() error {
	files, err := proto.MergedRegistry()
	if err != nil {
		return err
	}
	return msgservice.ValidateProtoAnnotations(files)
}

// Close closes the databases. The node's server calls it more than once; only the first call counts.
func (a *App) Close() (err error) {
	a.closing.Do(func() { err = a.BaseApp.Close() })
	return err
}

func (a *App) initChainer(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	return a.InitGenesis(ctx, req.AppStateBytes)
}

// InitGenesis sets the state of every module from the application state of a genesis file. CometBFT's InitChain calls it.
func (a *App) InitGenesis(ctx sdk.Context, appState []byte) (*abci.ResponseInitChain, error) {
	var state map[string]json.RawMessage
	if err := json.Unmarshal(appState, &state); err != nil {
		return nil, fmt.Errorf("app_state of the genesis file: %w", err)
	}
	if err := a.checkAcross(state); err != nil {
		return nil, err
	}
	if err := a.Upgrade.SetModuleVersionMap(ctx, a.modules.GetVersionMap()); err != nil {
		return nil, err
	}
	return a.modules.InitGenesis(ctx, a.Codec, state)
}

func (a *App) preBlocker(ctx sdk.Context, _ *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
	return a.modules.PreBlock(ctx)
}

func (a *App) beginBlocker(ctx sdk.Context) (sdk.BeginBlock, error) {
	ctx, err := a.knownOnly(ctx)
	if err != nil {
		return sdk.BeginBlock{}, err
	}
	return a.modules.BeginBlock(ctx)
}

func (a *App) endBlocker(ctx sdk.Context) (sdk.EndBlock, error) { return a.modules.EndBlock(ctx) }

// DefaultGenesis is every module's default state; it has no producer and cannot start a chain: see Genesis.
func (a *App) DefaultGenesis() map[string]json.RawMessage { return a.basics.DefaultGenesis(a.Codec) }

// RegisterAPIRoutes serves the modules' queries as REST.
func (a *App) RegisterAPIRoutes(s *api.Server, _ config.APIConfig) {
	authtx.RegisterGRPCGatewayRoutes(s.ClientCtx, s.GRPCGatewayRouter)
	cmtservice.RegisterGRPCGatewayRoutes(s.ClientCtx, s.GRPCGatewayRouter)
	nodeservice.RegisterGRPCGatewayRoutes(s.ClientCtx, s.GRPCGatewayRouter)
	a.basics.RegisterGRPCGatewayRoutes(s.ClientCtx, s.GRPCGatewayRouter)
}

// RegisterTxService answers simulate, broadcast and look-ups of transactions.
func (a *App) RegisterTxService(c client.Context) {
	authtx.RegisterTxService(a.GRPCQueryRouter(), c, a.Simulate, a.Registry)
}

// RegisterTendermintService answers questions about blocks and validators.
func (a *App) RegisterTendermintService(c client.Context) {
	cmtservice.RegisterTendermintService(c, a.GRPCQueryRouter(), a.Registry, server.NewCometABCIWrapper(a).Query)
}

// RegisterNodeService answers questions about the node itself.
func (a *App) RegisterNodeService(c client.Context, cfg config.Config) {
	nodeservice.RegisterNodeService(c, a.GRPCQueryRouter(), cfg, func() int64 { return a.CommitMultiStore().EarliestVersion() })
}
