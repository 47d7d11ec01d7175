package app

import (
	"encoding/json"
	"errors"
	"fmt"

	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ErrZeroHeight is returned for an export that should begin again at height zero: everything here is keyed by heights.
var ErrZeroHeight = errors.New("export for height zero is not supported: clocks, appointments and weights name heights; " +
	"import continues at the exported height")

// Export returns the whole state as a genesis that continues at the next height, modules being all or the named ones. The
// same state gives the same bytes.
func (a *App) Export(modules []string) (servertypes.ExportedApp, error) {
	return a.ExportAt(a.NewContext(true).WithBlockHeight(a.LastBlockHeight()), modules)
}

// ExportAt is Export of the state that a context sees; the new chain begins at the height after the context's.
func (a *App) ExportAt(ctx sdk.Context, modules []string) (servertypes.ExportedApp, error) {
	state, err := a.modules.ExportGenesisForModules(ctx, a.Codec, modules)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("export: %w", err)
	}
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	powers, err := a.Producer.Powers(ctx)
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	validators := make([]cmttypes.GenesisValidator, len(powers))
	for i, p := range powers {
		key := cmted25519.PubKey(p.PubKey)
		validators[i] = cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: p.Power, Name: p.Validator}
	}
	return servertypes.ExportedApp{
		AppState: raw, Validators: validators, Height: ctx.BlockHeight() + 1, ConsensusParams: a.GetConsensusParams(ctx),
	}, nil
}

// ExportFromServer exports for the SDK's export command, at a height or at the latest (-1).
func ExportFromServer(
	logger log.Logger, db dbm.DB, height int64, zeroHeight bool, _ []string, opts servertypes.AppOptions, modules []string,
) (servertypes.ExportedApp, error) {
	if zeroHeight {
		return servertypes.ExportedApp{}, ErrZeroHeight
	}
	a, ok := NewFromServer(logger, db, opts).(*App)
	if !ok {
		return servertypes.ExportedApp{}, errors.New("not this application")
	}
	if height != -1 {
		if err := a.LoadVersion(height); err != nil {
			return servertypes.ExportedApp{}, fmt.Errorf("load height %d: %w", height, err)
		}
	}
	return a.Export(modules)
}
