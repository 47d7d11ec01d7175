package types

import (
	"cmp"
	"math"

	errorsmod "cosmossdk.io/errors"
	sdkmath "cosmossdk.io/math"

	"github.com/gotensor/gotensor"
)

// DefaultGenesis issues from the first block on, by the default parameters.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks ranges, and that every list is sorted and has each key once. It fails with ErrGenesis.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return errorsmod.Wrapf(ErrGenesis, "params: %s", err)
	}
	if g.Issuance.LastTimeUnixNs < 0 {
		return errorsmod.Wrapf(ErrGenesis, "issuance: last_time_unix_ns is %d, want 0 or more", g.Issuance.LastTimeUnixNs)
	}
	if g.Issuance.Remainder > math.MaxInt64 {
		return errorsmod.Wrapf(ErrGenesis, "issuance: remainder is %d, want at most %d", g.Issuance.Remainder, int64(math.MaxInt64))
	}
	if g.Issuance.GenesisSupply != "" {
		if _, err := g.Issuance.Initial(); err != nil {
			return errorsmod.Wrapf(ErrGenesis, "issuance: %s; leave it empty to have it from the bank's supply", err)
		}
	}
	for i, p := range g.Pots {
		if _, err := NetUID(p.Netuid); err != nil {
			return errorsmod.Wrapf(ErrGenesis, "pots[%d]: %s", i, err)
		}
		if p.Carried > math.MaxUint64-p.Pending {
			return errorsmod.Wrapf(ErrGenesis, "pots[%d]: pending %d and carried %d overflow", i, p.Pending, p.Carried)
		}
		if i > 0 && p.Netuid <= g.Pots[i-1].Netuid {
			return errorsmod.Wrapf(ErrGenesis, "pots[%d]: netuid %d twice or out of order", i, p.Netuid)
		}
	}
	for i, s := range g.Streams {
		if err := s.Validate(); err != nil {
			return errorsmod.Wrapf(ErrGenesis, "streams[%d]: %s", i, err)
		}
		if i > 0 && cmp.Or(cmp.Compare(g.Streams[i-1].Validator, s.Validator), cmp.Compare(g.Streams[i-1].Netuid, s.Netuid)) >= 0 {
			return errorsmod.Wrapf(ErrGenesis, "streams[%d] (%s, netuid %d): sort by validator and netuid, each once", i, s.Validator, s.Netuid)
		}
	}
	for i, r := range g.Reports {
		if err := r.validate(); err != nil {
			return errorsmod.Wrapf(ErrGenesis, "reports[%d]: %s", i, err)
		}
		if i > 0 && r.Netuid <= g.Reports[i-1].Netuid {
			return errorsmod.Wrapf(ErrGenesis, "reports[%d]: netuid %d twice or out of order", i, r.Netuid)
		}
	}
	if g.SweepNetuid > math.MaxUint16 || g.SweepUid > math.MaxUint16 {
		return errorsmod.Wrapf(ErrGenesis, "sweep_netuid is %d and sweep_uid %d, want at most %d", g.SweepNetuid, g.SweepUid, math.MaxUint16)
	}
	return nil
}

// Initial returns genesis_supply, what existed when the chain began, in atao. It fails with ErrField unless that is a plain decimal
// from 0 to all TAO that can exist.
func (i Issuance) Initial() (sdkmath.Int, error) {
	amount, ok := sdkmath.NewIntFromString(i.GenesisSupply)
	most := sdkmath.NewIntFromBigInt(gotensor.MaxSupply.Atao())
	if !ok || amount.String() != i.GenesisSupply || amount.IsNegative() || amount.GT(most) {
		return sdkmath.Int{}, errorsmod.Wrapf(ErrField, "genesis_supply is %q, want 0 to %s atao in decimal", i.GenesisSupply, most)
	}
	return amount, nil
}

// Bound returns the most atao that can exist: what was there in the beginning and what was issued, less the rao that registrations
// burned. Slashing burns too, so that there may be less. It fails with ErrField on a genesis_supply that is not an amount.
func (i Issuance) Bound(burned gotensor.Rao) (sdkmath.Int, error) {
	initial, err := i.Initial()
	if err != nil {
		return sdkmath.Int{}, err
	}
	return initial.Add(atao(i.Issued)).Sub(atao(uint64(burned))), nil
}

// InitialFrom returns the genesis_supply under which a supply of atao is all that can exist after what was issued and burned. It
// fails with ErrField if there is none: more was issued than there is.
func (i Issuance) InitialFrom(supply sdkmath.Int, burned gotensor.Rao) (string, error) {
	i.GenesisSupply = supply.Sub(atao(i.Issued)).Add(atao(uint64(burned))).String()
	if _, err := i.Initial(); err != nil {
		return "", errorsmod.Wrapf(err, "from supply %s atao, issued %d rao, burned %d rao", supply, i.Issued, burned)
	}
	return i.GenesisSupply, nil
}

func atao(rao uint64) sdkmath.Int { return sdkmath.NewIntFromBigInt(gotensor.Rao(rao).Atao()) }

func (r EpochReport) validate() error {
	if _, err := NetUID(r.Netuid); err != nil {
		return err
	}
	if r.Height < 0 {
		return errorsmod.Wrapf(ErrField, "height is %d, want 0 or more", r.Height)
	}
	if !r.Balanced() {
		return errorsmod.Wrapf(ErrField, "owner %d, incentive %d, dividends %d and carried %d do not add up to drained %d",
			r.Owner, r.Incentive, r.Dividends, r.Carried, r.Drained)
	}
	return nil
}

// Balanced tells whether what was paid and carried is what was drained, to the rao.
func (r EpochReport) Balanced() bool {
	rest := r.Drained
	for _, part := range []uint64{r.Owner, r.Incentive, r.Dividends, r.Carried} {
		if part > rest {
			return false
		}
		rest -= part
	}
	return rest == 0
}
