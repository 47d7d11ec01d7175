package app_test

import (
	"encoding/json"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/app"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/testnet"
)

func TestGenesis(t *testing.T) {
	spec := newCast().spec()
	g, err := app.Genesis(spec)
	require.NoError(t, err)
	again, err := app.Genesis(spec)
	require.NoError(t, err)
	require.Equal(t, string(g.AppState), string(again.AppState), "the same specification gives the same file")

	c := testnet.New(t, spec)
	c.Block()
	ctx := c.Context()
	meta, found := c.Bank.GetDenomMetaData(ctx, gotensor.BaseDenom)
	require.True(t, found)
	require.Equal(t, "tao", meta.Display)
	require.EqualValues(t, 18, meta.DenomUnits[2].Exponent)
	params := c.GetConsensusParams(ctx)
	require.GreaterOrEqual(t, params.Block.MaxBytes, int64(8<<20))
	require.GreaterOrEqual(t, params.Block.MaxGas, int64(100_000_000))
	staking, err := c.Staking.GetParams(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1000, staking.MaxValidators)
	require.Zero(t, staking.HistoricalEntries)
	slashing, err := c.Slashing.GetParams(ctx)
	require.NoError(t, err)
	require.True(t, slashing.SlashFractionDowntime.IsZero())
	tax, err := c.Distribution.GetCommunityTax(ctx)
	require.NoError(t, err)
	require.True(t, tax.IsZero())
}

func TestGenesisRefused(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(s *genesis.Spec)
		says  string
	}{
		{"unknown hyperparameter", func(s *genesis.Spec) { s.Subnets[0].Hyperparameters["temp"] = 1 }, "temp"},
		{"hyperparameter out of range", func(s *genesis.Spec) { s.Subnets[0].Hyperparameters["kappa"] = 70_000 }, "kappa"},
		{"immunity shorter than a reveal", func(s *genesis.Spec) { s.Subnets[0].Hyperparameters["immunity_period"] = 3_000 }, "immunity_period"},
		{"no sweep", func(s *genesis.Spec) { s.Emission = &genesis.Emission{SettleInterval: 1} }, "sweep_per_block"},
		{"no producer", func(s *genesis.Spec) { s.Validators[0].Producer = false }, "producer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newCast().spec()
			tt.spoil(&s)
			_, err := app.Genesis(s)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// TestGenesisAcross: what no module sees alone is refused in a file that somebody edited, by validation and at the start.
func TestGenesisAcross(t *testing.T) {
	g, err := app.Genesis(newCast().spec())
	require.NoError(t, err)
	a, err := app.New(app.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	for name, spoil := range map[string]func(p *stakingtypes.Params){
		"unbonding time under ten blocks": func(p *stakingtypes.Params) { p.UnbondingTime = 4999 * time.Millisecond },
		"another bond denomination":       func(p *stakingtypes.Params) { p.BondDenom = "stake" },
		"history":                         func(p *stakingtypes.Params) { p.HistoricalEntries = 10_000 },
	} {
		t.Run(name, func(t *testing.T) {
			var state map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(g.AppState, &state))
			require.NoError(t, a.ValidateGenesis(state))
			var staking stakingtypes.GenesisState
			require.NoError(t, a.Codec.UnmarshalJSON(state[stakingtypes.ModuleName], &staking))
			spoil(&staking.Params)
			state[stakingtypes.ModuleName] = a.Codec.MustMarshalJSON(&staking)
			require.ErrorIs(t, a.ValidateGenesis(state), app.ErrGenesis)
		})
	}
}

// TestModuleAccountsBlocked: coins cannot be sent to module accounts, whose books are exact; governance may be paid.
func TestModuleAccountsBlocked(t *testing.T) {
	k := newCast()
	c := testnet.New(t, k.spec())
	for name, want := range map[string]bool{"emission": true, "neuron": true, "bonded_tokens_pool": true, "gov": false} {
		t.Run(name, func(t *testing.T) {
			to := c.Account.GetModuleAddress(name)
			msg := &banktypes.MsgSend{FromAddress: k.holder.String(), ToAddress: to.String(), Amount: oneAtao()}
			require.Equal(t, want, c.Try(k.holder, msg).Code != 0)
		})
	}
}

func oneAtao() sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin(gotensor.BaseDenom, 1)) }
