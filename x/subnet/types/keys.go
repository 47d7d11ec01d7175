package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module.
	ModuleName = "subnet"
	// StoreKey names its store.
	StoreKey = ModuleName
)

// Prefixes of the store.
var (
	// ParamsKey -> Params
	ParamsKey = collections.NewPrefix(0)
	// SubnetsKey | netuid u16 BE -> Subnet
	SubnetsKey = collections.NewPrefix(1)
	// ClocksKey | netuid u16 BE -> Clock
	ClocksKey = collections.NewPrefix(2)
	// HyperparametersKey | netuid u16 BE | name -> i64; only what differs from the default
	HyperparametersKey = collections.NewPrefix(3)
	// ChangesKey | netuid u16 BE | name -> height i64 of the latest change
	ChangesKey = collections.NewPrefix(4)
)
