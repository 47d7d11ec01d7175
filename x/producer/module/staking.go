package module

import (
	"context"
	"encoding/json"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkmodule "github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor/x/producer/keeper"
)

var (
	_ sdkmodule.HasABCIGenesis  = Staking{}
	_ sdkmodule.HasABCIEndBlock = Staking{}
	_ sdkmodule.HasServices     = Staking{}
)

// Staking is the SDK's x/staking, except that it never speaks to CometBFT (x/producer does) and guards the last producer's
// stake. Everything that it bonds votes and weighs; only producers sign blocks.
type Staking struct {
	staking.AppModule
	staking *stakingkeeper.Keeper
	k       keeper.Keeper
}

// NewStaking wraps x/staking's module.
func NewStaking(inner staking.AppModule, sk *stakingkeeper.Keeper, k keeper.Keeper) Staking {
	return Staking{inner, sk, k}
}

// RegisterServices registers x/staking's services with the guarded message server. Its migrations are those of chains
// older than this one and are left out.
func (m Staking) RegisterServices(cfg sdkmodule.Configurator) {
	stakingtypes.RegisterMsgServer(cfg.MsgServer(), keeper.GuardStaking(stakingkeeper.NewMsgServerImpl(m.staking), m.k))
	stakingtypes.RegisterQueryServer(cfg.QueryServer(), stakingkeeper.Querier{Keeper: m.staking})
}

// InitGenesis runs x/staking's and drops its validator updates.
func (m Staking) InitGenesis(ctx sdk.Context, cdc codec.JSONCodec, data json.RawMessage) []abci.ValidatorUpdate {
	m.AppModule.InitGenesis(ctx, cdc, data)
	return nil
}

// EndBlock runs x/staking's and drops its validator updates.
func (m Staking) EndBlock(ctx context.Context) ([]abci.ValidatorUpdate, error) {
	_, err := m.AppModule.EndBlock(ctx)
	return nil, err
}
