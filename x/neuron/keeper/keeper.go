// Package keeper holds the state of module neuron: the slots of every subnet, the columns that the epoch computes, registration,
// appointments and grants.
//
// Flow: a registration (registration.go) is checked against the admission of its subnet (admission.go) and its work (work.go), takes a
// free slot or prunes one (slots.go). The epoch reads stake by uid (stake.go) and writes columns (columns.go). BeginBlock keeps the ring
// of block hashes and adjusts difficulties (abci.go). Start at Keeper.
package keeper

import (
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/gotensor/gotensor/x/neuron/types"
)

// Deps is what a keeper is made of.
type Deps struct {
	Store    store.KVStoreService
	Codec    codec.BinaryCodec
	Subnets  SubnetKeeper
	Accounts AccountKeeper
	Bank     BankKeeper
	Stake    StakeSource
}

type (
	// netuidBytes is a key (netuid, hotkey), uidKey (netuid, uid or column), keyNetuid (address, netuid), twoKeys (address, address).
	netuidBytes = collections.Pair[uint16, []byte]
	uidKey      = collections.Pair[uint16, uint16]
	keyNetuid   = collections.Pair[[]byte, uint16]
	twoKeys     = collections.Pair[[]byte, []byte]
	workKey     = collections.Triple[int64, uint16, []byte]
	useKey      = collections.Triple[uint16, []byte, uint32]
)

// Keeper reads and writes the module's state.
type Keeper struct {
	deps  Deps
	hooks []NeuronHooks

	Schema       collections.Schema
	neurons      collections.Map[uidKey, types.Neuron]
	byHotkey     collections.Map[netuidBytes, uint16]
	counts       collections.Map[uint16, uint16]
	columns      collections.Map[uidKey, []byte]
	admissions   collections.Map[uint16, types.Admission]
	appointments collections.Map[keyNetuid, types.Appointment]
	appointed    collections.Map[keyNetuid, []byte]
	grants       collections.Map[twoKeys, types.Grant]
	grantees     collections.KeySet[twoKeys]
	hashes       collections.Map[int64, []byte]
	works        collections.KeySet[workKey]
	uses         collections.Map[useKey, types.RateUse]
	burned       collections.Item[uint64]
}

// NewKeeper makes a keeper.
func NewKeeper(d Deps) *Keeper {
	sb := collections.NewSchemaBuilder(d.Store)
	var (
		netuid    = collections.Uint16Key
		addr      = collections.BytesKey
		uid       = collections.PairKeyCodec(netuid, collections.Uint16Key)
		addrSub   = collections.PairKeyCodec(addr, netuid)
		addresses = collections.PairKeyCodec(addr, addr)
	)
	k := &Keeper{
		deps:         d,
		neurons:      collections.NewMap(sb, types.NeuronsKey, "neurons", uid, codec.CollValue[types.Neuron](d.Codec)),
		byHotkey:     collections.NewMap(sb, types.ByHotkeyKey, "by_hotkey", collections.PairKeyCodec(netuid, addr), collections.Uint16Value),
		counts:       collections.NewMap(sb, types.CountsKey, "counts", netuid, collections.Uint16Value),
		columns:      collections.NewMap(sb, types.ColumnsKey, "columns", uid, collections.BytesValue),
		admissions:   collections.NewMap(sb, types.AdmissionsKey, "admissions", netuid, codec.CollValue[types.Admission](d.Codec)),
		appointments: collections.NewMap(sb, types.AppointmentsKey, "appointments", addrSub, codec.CollValue[types.Appointment](d.Codec)),
		appointed:    collections.NewMap(sb, types.AppointedKey, "appointed", addrSub, collections.BytesValue),
		grants:       collections.NewMap(sb, types.GrantsKey, "grants", addresses, codec.CollValue[types.Grant](d.Codec)),
		grantees:     collections.NewKeySet(sb, types.GranteesKey, "grantees", addresses),
		hashes:       collections.NewMap(sb, types.BlockHashesKey, "block_hashes", collections.Int64Key, collections.BytesValue),
		works: collections.NewKeySet(sb, types.UsedWorksKey, "used_works",
			collections.TripleKeyCodec(collections.Int64Key, netuid, addr)),
		uses: collections.NewMap(sb, types.RateUsesKey, "rate_uses",
			collections.TripleKeyCodec(netuid, addr, collections.Uint32Key), codec.CollValue[types.RateUse](d.Codec)),
		burned: collections.NewItem(sb, types.BurnedKey, "burned", collections.Uint64Value),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(fmt.Sprintf("store of module %s: %v", types.ModuleName, err)) // wiring
	}
	k.Schema = schema
	return k
}

// SetHooks names who is told of removals, in order. It is called once, at wiring.
func (k *Keeper) SetHooks(hooks ...NeuronHooks) {
	if k.hooks != nil {
		panic("hooks of module neuron are set twice")
	}
	k.hooks = hooks
}
