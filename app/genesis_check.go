package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/genesis"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// ErrGenesis is wrapped by complaints about a genesis that concern more than one module.
var ErrGenesis = errors.New("invalid genesis")

// ValidateGenesis checks an application state module by module, then what no module can see alone.
func (a *App) ValidateGenesis(state map[string]json.RawMessage) error {
	if err := a.basics.ValidateGenesis(a.Codec, a.TxConfig, state); err != nil {
		return err
	}
	return a.checkAcross(state)
}

// checkAcross refuses what would halt the chain later: stake that leaves before CometBFT has forgotten its validator, a bond
// denomination other than the chain's, history that nobody reads and that is stored at every block.
func (a *App) checkAcross(state map[string]json.RawMessage) error {
	var staking stakingtypes.GenesisState
	if err := a.Codec.UnmarshalJSON(state[stakingtypes.ModuleName], &staking); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrGenesis, stakingtypes.ModuleName, err)
	}
	var subnets subnettypes.GenesisState
	if err := a.Codec.UnmarshalJSON(state[subnettypes.ModuleName], &subnets); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrGenesis, subnettypes.ModuleName, err)
	}
	least := genesis.MinUnbondingBlocks * time.Duration(subnets.Params.TargetBlockMs) * time.Millisecond
	switch p := staking.Params; {
	case p.UnbondingTime < least:
		return fmt.Errorf("%w: staking.params.unbonding_time is %s, want at least %d blocks of subnet.params.target_block_ms, which is %s",
			ErrGenesis, p.UnbondingTime, genesis.MinUnbondingBlocks, least)
	case p.BondDenom != gotensor.BaseDenom:
		return fmt.Errorf("%w: staking.params.bond_denom is %q, want %q", ErrGenesis, p.BondDenom, gotensor.BaseDenom)
	case p.HistoricalEntries != 0:
		return fmt.Errorf("%w: staking.params.historical_entries is %d, want 0", ErrGenesis, p.HistoricalEntries)
	}
	return a.checkAccounts(state)
}

// checkAccounts refuses a plain account at the address of a module: the SDK panics when the module wants its own.
func (a *App) checkAccounts(state map[string]json.RawMessage) error {
	var auth authtypes.GenesisState
	if err := a.Codec.UnmarshalJSON(state[authtypes.ModuleName], &auth); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrGenesis, authtypes.ModuleName, err)
	}
	accounts, err := authtypes.UnpackAccounts(auth.Accounts)
	if err != nil {
		return fmt.Errorf("%w: auth.accounts: %w", ErrGenesis, err)
	}
	names := make(map[string]string, len(moduleAccounts))
	for name := range moduleAccounts {
		names[authtypes.NewModuleAddress(name).String()] = name
	}
	for i, acc := range accounts {
		name, taken := names[acc.GetAddress().String()]
		if m, ok := acc.(sdk.ModuleAccountI); taken && (!ok || m.GetName() != name) {
			return fmt.Errorf("%w: auth.accounts[%d] %s is the address of module %s: take the account out", ErrGenesis, i, acc.GetAddress(), name)
		}
	}
	return nil
}
