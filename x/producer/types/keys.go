// Package types holds the messages, events, state and errors of x/producer: which staking validators produce blocks.
//
// The .proto files under proto/gotensor/producer/v1 are the contract; this package adds validation and codes. Start at
// GenesisState and MsgOptIn.
package types

import "cosmossdk.io/collections"

// Names of the module.
const (
	ModuleName = "producer"
	StoreKey   = ModuleName
)

// State: prefix | key -> value.
var (
	// ParamsKey: -> Params
	ParamsKey = collections.NewPrefix(0)
	// ProducersKey: validator address (20 bytes) -> Producer, who opted in
	ProducersKey = collections.NewPrefix(1)
	// PowersKey: validator address (20 bytes) -> Power, what CometBFT was last told
	PowersKey = collections.NewPrefix(2)
)
