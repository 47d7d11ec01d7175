package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module, its store and its routes.
	ModuleName = "weights"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
)

// Prefixes of the store. A registration is (netuid u16, hotkey 20 bytes, registered height u64).
var (
	// RowsKey: registration -> Row, the weights in force.
	RowsKey = collections.NewPrefix(1)
	// BondsKey: registration -> Row, the bonds of the latest epoch.
	BondsKey = collections.NewPrefix(2)
	// CommitmentsKey: (registration, epoch u64) -> Commitment.
	CommitmentsKey = collections.NewPrefix(3)
	// BondsHeightKey: netuid u16 -> height i64 of the epoch that wrote the bonds.
	BondsHeightKey = collections.NewPrefix(4)
)
