// Package module plugs x/neuron into an application. Start at New.
package module

import (
	"context"
	"encoding/json"
	"fmt"

	gwruntime "github.com/grpc-ecosystem/grpc-gateway/runtime"

	"cosmossdk.io/core/appmodule"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/gotensor/gotensor/x/neuron/keeper"
	"github.com/gotensor/gotensor/x/neuron/types"
)

var (
	_ module.AppModuleBasic     = AppModule{}
	_ module.HasGenesis         = AppModule{}
	_ module.HasServices        = AppModule{}
	_ appmodule.AppModule       = AppModule{}
	_ appmodule.HasBeginBlocker = AppModule{}
)

// AppModule is x/neuron in an application.
type AppModule struct{ keeper *keeper.Keeper }

// New makes the module. The zero keeper, nil, serves where only codecs and default genesis are needed.
func New(k *keeper.Keeper) AppModule { return AppModule{keeper: k} }

// IsAppModule marks the type.
func (AppModule) IsAppModule() {}

// IsOnePerModuleType marks the type.
func (AppModule) IsOnePerModuleType() {}

// Name is the module's name.
func (AppModule) Name() string { return types.ModuleName }

// ConsensusVersion counts the breaking changes of the state.
func (AppModule) ConsensusVersion() uint64 { return 1 }

// RegisterLegacyAminoCodec does nothing: messages are signed as protobuf.
func (AppModule) RegisterLegacyAminoCodec(*codec.LegacyAmino) {}

// RegisterInterfaces makes the messages known to a codec.
func (AppModule) RegisterInterfaces(r codectypes.InterfaceRegistry) { types.RegisterInterfaces(r) }

// RegisterGRPCGatewayRoutes serves the queries as REST.
func (AppModule) RegisterGRPCGatewayRoutes(c client.Context, mux *gwruntime.ServeMux) {
	if err := types.RegisterQueryHandlerClient(context.Background(), mux, types.NewQueryClient(c)); err != nil {
		panic(fmt.Sprintf("routes of module %s: %v", types.ModuleName, err)) // wiring
	}
}

// RegisterServices serves messages and queries.
func (m AppModule) RegisterServices(cfg module.Configurator) {
	types.RegisterMsgServer(cfg.MsgServer(), keeper.NewMsgServer(m.keeper))
	types.RegisterQueryServer(cfg.QueryServer(), keeper.NewQueryServer(m.keeper))
}

// BeginBlock keeps the ring of block hashes and adjusts difficulties.
func (m AppModule) BeginBlock(ctx context.Context) error { return m.keeper.BeginBlock(ctx) }

// DefaultGenesis has no neuron.
func (AppModule) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	return cdc.MustMarshalJSON(types.DefaultGenesis())
}

// ValidateGenesis checks a genesis state.
func (AppModule) ValidateGenesis(cdc codec.JSONCodec, _ client.TxEncodingConfig, raw json.RawMessage) error {
	g, err := decode(cdc, raw)
	if err != nil {
		return err
	}
	return g.Validate()
}

// InitGenesis writes a genesis state.
func (m AppModule) InitGenesis(ctx sdk.Context, cdc codec.JSONCodec, raw json.RawMessage) {
	g, err := decode(cdc, raw)
	if err == nil {
		err = m.keeper.InitGenesis(ctx, g)
	}
	if err != nil {
		panic(fmt.Sprintf("genesis of module %s: %v", types.ModuleName, err)) // a chain must not start on it
	}
}

// ExportGenesis reads the whole state.
func (m AppModule) ExportGenesis(ctx sdk.Context, cdc codec.JSONCodec) json.RawMessage {
	g, err := m.keeper.ExportGenesis(ctx)
	if err != nil {
		panic(fmt.Sprintf("export of module %s: %v", types.ModuleName, err)) // nothing to export to
	}
	return cdc.MustMarshalJSON(g)
}

func decode(cdc codec.JSONCodec, raw json.RawMessage) (g types.GenesisState, err error) {
	if err = cdc.UnmarshalJSON(raw, &g); err != nil {
		err = fmt.Errorf("decode genesis of module %s: %w", types.ModuleName, err)
	}
	return g, err
}
