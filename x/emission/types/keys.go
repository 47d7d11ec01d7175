package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module, its store, its routes and the account that holds what is issued and not yet paid.
	ModuleName = "emission"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
)

// Prefixes of the store.
var (
	// ParamsKey: -> Params.
	ParamsKey = collections.NewPrefix(1)
	// IssuanceKey: -> Issuance.
	IssuanceKey = collections.NewPrefix(2)
	// PotsKey: netuid u16 -> Pot.
	PotsKey = collections.NewPrefix(3)
	// StreamsKey: (validator 20 bytes, netuid u16) -> Stream.
	StreamsKey = collections.NewPrefix(4)
	// ReportsKey: netuid u16 -> EpochReport of the latest epoch.
	ReportsKey = collections.NewPrefix(5)
	// SweepNetUIDKey and SweepUIDKey: -> u32, where the next sweep goes on.
	SweepNetUIDKey = collections.NewPrefix(6)
	SweepUIDKey    = collections.NewPrefix(7)
)
