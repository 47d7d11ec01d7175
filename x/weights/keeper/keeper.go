// Package keeper stores what neurons think of each other: commitments, the rows in force and the bonds that the epoch makes of
// them. Everything is keyed by a registration (netuid, hotkey, registered height), never by the bare uid, so that whoever takes a
// uid over inherits nothing.
//
// Messages come in through NewMsgServer, the epoch reads Rows and Bonds and writes SetBonds, and the two hooks AfterBoundary and
// BeforeRemoved clean up. Start at Keeper.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	"github.com/gotensor/gotensor/x/weights/types"
)

type (
	// registration is (netuid, hotkey, registered height).
	registration = collections.Triple[uint16, []byte, uint64]
	// committed is a registration and the epoch of the commitment.
	committed = collections.Quad[uint16, []byte, uint64, uint64]
	// rowMap holds one row per registration.
	rowMap = collections.Map[registration, types.Row]
)

// rowsOf and commitmentsIn are the ranges of one subnet.
func rowsOf(netuid gotensor.NetUID) collections.Ranger[registration] {
	return collections.NewPrefixedTripleRange[uint16, []byte, uint64](uint16(netuid))
}

func commitmentsIn(netuid gotensor.NetUID) collections.Ranger[committed] {
	return collections.NewPrefixedQuadRange[uint16, []byte, uint64, uint64](uint16(netuid))
}

// Keeper of the module's store.
type Keeper struct {
	subnets SubnetKeeper
	neurons NeuronKeeper

	schema       collections.Schema
	rows         rowMap
	bonds        rowMap
	commitments  collections.Map[committed, types.Commitment]
	bondsHeights collections.Map[uint16, int64]
}

// New makes the keeper. It panics if the store's schema is wrong.
func New(cdc codec.BinaryCodec, service store.KVStoreService, subnets SubnetKeeper, neurons NeuronKeeper) Keeper {
	sb := collections.NewSchemaBuilder(service)
	key := collections.TripleKeyCodec(collections.Uint16Key, collections.BytesKey, collections.Uint64Key)
	commitKey := collections.QuadKeyCodec(collections.Uint16Key, collections.BytesKey, collections.Uint64Key, collections.Uint64Key)
	k := Keeper{
		subnets:      subnets,
		neurons:      neurons,
		rows:         collections.NewMap(sb, types.RowsKey, "rows", key, codec.CollValue[types.Row](cdc)),
		bonds:        collections.NewMap(sb, types.BondsKey, "bonds", key, codec.CollValue[types.Row](cdc)),
		commitments:  collections.NewMap(sb, types.CommitmentsKey, "commitments", commitKey, codec.CollValue[types.Commitment](cdc)),
		bondsHeights: collections.NewMap(sb, types.BondsHeightKey, "bonds_heights", collections.Uint16Key, collections.Int64Value),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// Rows returns the weights in force, one slice per neuron (neurons is the subnet's list by uid), with ascending uids. It fails with
// types.ErrRow if a stored row is not in order.
func (k Keeper) Rows(ctx context.Context, netuid gotensor.NetUID, neurons []neurontypes.Neuron) ([][]types.Entry, error) {
	return read(ctx, k.rows, netuid, neurons)
}

// Bonds returns the bonds of the latest epoch as Rows does. Entries to a uid that was registered since are left out: they
// were earned by someone else's work.
func (k Keeper) Bonds(ctx context.Context, netuid gotensor.NetUID, neurons []neurontypes.Neuron) ([][]types.Entry, error) {
	rows, err := read(ctx, k.bonds, netuid, neurons)
	if err != nil {
		return nil, err
	}
	since, err := get(ctx, k.bondsHeights, uint16(netuid))
	if err != nil || since == 0 {
		return rows, err
	}
	for uid, row := range rows {
		kept := row[:0]
		for _, e := range row {
			// The epoch runs before the transactions of its block, so a registration of the same height came after it.
			if neurons[e.UID].RegisteredHeight < since {
				kept = append(kept, e)
			}
		}
		rows[uid] = kept
	}
	return rows, nil
}

// SetBonds replaces the bonds of a subnet by those of the epoch at the present height; rows has one slice per neuron, and an
// empty one removes that neuron's bonds.
func (k Keeper) SetBonds(ctx context.Context, netuid gotensor.NetUID, neurons []neurontypes.Neuron, rows [][]types.Entry) error {
	if len(rows) != len(neurons) {
		return types.ErrRow.Wrapf("bonds have %d rows for %d neurons", len(rows), len(neurons))
	}
	if err := k.bonds.Clear(ctx, rowsOf(netuid)); err != nil {
		return err
	}
	for uid, entries := range rows {
		if len(entries) == 0 {
			continue
		}
		key, err := keyOf(netuid, neurons[uid])
		if err != nil {
			return err
		}
		row, err := types.EncodeRow(entries)
		if err != nil {
			return types.ErrRow.Wrapf("bonds of uid %d: %s", uid, err)
		}
		if err := k.bonds.Set(ctx, key, row); err != nil {
			return err
		}
	}
	return k.bondsHeights.Set(ctx, uint16(netuid), sdk.UnwrapSDKContext(ctx).BlockHeight())
}

// read decodes all rows of a subnet and puts them to the uids of their registrations. It walks the stored rows, of which there are
// far fewer than neurons.
func read(ctx context.Context, from rowMap, netuid gotensor.NetUID, neurons []neurontypes.Neuron) ([][]types.Entry, error) {
	index, err := indexOf(neurons)
	if err != nil {
		return nil, err
	}
	rows := make([][]types.Entry, len(neurons))
	err = from.Walk(ctx, rowsOf(netuid), func(key registration, row types.Row) (bool, error) {
		uid, ok := index[identity{string(key.K2()), key.K3()}]
		if !ok {
			return false, nil // of a registration that ended; Check reports it
		}
		entries, err := row.Entries(len(neurons))
		if err != nil {
			return true, types.ErrRow.Wrapf("row of uid %d: %s", uid, err)
		}
		rows[uid] = entries
		return false, nil
	})
	return rows, err
}

// identity is a registration within its subnet.
type identity struct {
	hotkey string // 20 bytes
	height uint64
}

// index finds a neuron's uid by its registration. It is only looked up, never ranged over.
func indexOf(neurons []neurontypes.Neuron) (map[identity]int, error) {
	index := make(map[identity]int, len(neurons))
	for uid, n := range neurons {
		hotkey, height, err := identify(n)
		if err != nil {
			return nil, err
		}
		index[identity{string(hotkey[:]), height}] = uid
	}
	return index, nil
}

func identify(n neurontypes.Neuron) (hotkey gotensor.Address, height uint64, err error) {
	hotkey, err = addr.Account(n.Hotkey)
	if err != nil {
		return hotkey, 0, types.ErrField.Wrapf("hotkey of uid %d is %q: %s", n.Uid, n.Hotkey, err)
	}
	if n.RegisteredHeight < 0 {
		return hotkey, 0, types.ErrField.Wrapf("uid %d was registered at height %d", n.Uid, n.RegisteredHeight)
	}
	return hotkey, uint64(n.RegisteredHeight), nil
}

func keyOf(netuid gotensor.NetUID, n neurontypes.Neuron) (registration, error) {
	hotkey, height, err := identify(n)
	return collections.Join3(uint16(netuid), hotkey.Bytes(), height), err
}

// get returns the zero value for a key that is not there.
func get[K, V any](ctx context.Context, m collections.Map[K, V], key K) (V, error) {
	value, err := m.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		var zero V
		return zero, nil
	}
	return value, err
}
