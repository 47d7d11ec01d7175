package app

import (
	"sync"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
)

// Name of the application and of its node binary's home folder.
const Name = "gotensord"

// Setup sets what the SDK keeps per process: address prefixes, the unit of power (one TAO) and the bond denomination. New calls
// it; call it earlier where addresses are printed before. It may be called many times.
var Setup = sync.OnceFunc(func() {
	const p = gotensor.Bech32Prefix
	c := sdk.GetConfig()
	c.SetBech32PrefixForAccount(p, p+"pub")
	c.SetBech32PrefixForValidator(p+"valoper", p+"valoperpub")
	c.SetBech32PrefixForConsensusNode(p+"valcons", p+"valconspub")
	c.SetCoinType(60)
	c.SetPurpose(44)
	c.Seal()
	sdk.DefaultPowerReduction = math.NewIntFromBigInt(gotensor.RaoPerTAO.Atao())
	sdk.DefaultBondDenom = gotensor.BaseDenom
})
