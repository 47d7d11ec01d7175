// Package module plugs x/producer into an app: Staking replaces x/staking's module, AppModule is the module itself and the
// only one that changes CometBFT's validator set. In the end blockers AppModule comes right after Staking.
package module

import (
	"context"
	"encoding/json"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	gwruntime "github.com/grpc-ecosystem/grpc-gateway/runtime"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkmodule "github.com/cosmos/cosmos-sdk/types/module"

	"github.com/gotensor/gotensor/x/producer/keeper"
	"github.com/gotensor/gotensor/x/producer/types"
)

var (
	_ sdkmodule.AppModule           = AppModule{}
	_ sdkmodule.HasABCIGenesis      = AppModule{}
	_ sdkmodule.HasABCIEndBlock     = AppModule{}
	_ sdkmodule.HasServices         = AppModule{}
	_ sdkmodule.HasConsensusVersion = AppModule{}
)

// AppModule is x/producer.
type AppModule struct{ k keeper.Keeper }

// New makes the module.
func New(k keeper.Keeper) AppModule { return AppModule{k} }

// IsAppModule implements appmodule.AppModule.
func (AppModule) IsAppModule() {}

// IsOnePerModuleType implements depinject.OnePerModuleType.
func (AppModule) IsOnePerModuleType() {}

// Name is the module's name.
func (AppModule) Name() string { return types.ModuleName }

// ConsensusVersion changes with the layout of the state.
func (AppModule) ConsensusVersion() uint64 { return 1 }

// RegisterLegacyAminoCodec does nothing: transactions are signed in direct mode.
func (AppModule) RegisterLegacyAminoCodec(*codec.LegacyAmino) {}

// RegisterInterfaces makes the messages known.
func (AppModule) RegisterInterfaces(r codectypes.InterfaceRegistry) { types.RegisterInterfaces(r) }

// RegisterGRPCGatewayRoutes serves the queries as REST.
func (AppModule) RegisterGRPCGatewayRoutes(c client.Context, mux *gwruntime.ServeMux) {
	if err := types.RegisterQueryHandlerClient(context.Background(), mux, types.NewQueryClient(c)); err != nil {
		panic(err)
	}
}

// RegisterServices answers messages and queries.
func (m AppModule) RegisterServices(cfg sdkmodule.Configurator) {
	types.RegisterMsgServer(cfg.MsgServer(), keeper.NewMsgServer(m.k))
	types.RegisterQueryServer(cfg.QueryServer(), keeper.NewQueryServer(m.k))
}

// DefaultGenesis has no producer.
func (AppModule) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	return cdc.MustMarshalJSON(types.DefaultGenesis())
}

// ValidateGenesis checks a genesis without x/staking.
func (AppModule) ValidateGenesis(cdc codec.JSONCodec, _ client.TxEncodingConfig, raw json.RawMessage) error {
	var g types.GenesisState
	if err := cdc.UnmarshalJSON(raw, &g); err != nil {
		return fmt.Errorf("decode %s genesis: %w", types.ModuleName, err)
	}
	return g.Validate()
}

// InitGenesis sets the state and returns CometBFT's first set; it panics on a genesis that cannot start a chain.
func (m AppModule) InitGenesis(ctx sdk.Context, cdc codec.JSONCodec, raw json.RawMessage) []abci.ValidatorUpdate {
	var g types.GenesisState
	cdc.MustUnmarshalJSON(raw, &g)
	updates, err := m.k.InitGenesis(ctx, g)
	if err != nil {
		panic(err)
	}
	return updates
}

// ExportGenesis returns the state.
func (m AppModule) ExportGenesis(ctx sdk.Context, cdc codec.JSONCodec) json.RawMessage {
	g, err := m.k.ExportGenesis(ctx)
	if err != nil {
		panic(err)
	}
	return cdc.MustMarshalJSON(g)
}

// EndBlock returns the change of CometBFT's set.
func (m AppModule) EndBlock(ctx context.Context) ([]abci.ValidatorUpdate, error) {
	return m.k.Updates(ctx)
}
