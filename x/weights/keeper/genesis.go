package keeper

import (
	"cmp"
	"context"
	"slices"

	"cosmossdk.io/collections"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/weights/types"
)

// InitGenesis writes the state, which x/neuron must have preceded: every entry belongs to a present registration.
func (k Keeper) InitGenesis(ctx context.Context, state *types.GenesisState) error {
	if err := state.Validate(); err != nil {
		return err
	}
	for i, w := range state.Neurons {
		if err := k.initNeuron(ctx, w); err != nil {
			return types.ErrGenesis.Wrapf("neurons[%d] (netuid %d, %s): %s", i, w.Netuid, w.Hotkey, err)
		}
	}
	for _, b := range state.BondsHeights {
		if err := k.bondsHeights.Set(ctx, uint16(b.Netuid), b.Height); err != nil {
			return err
		}
	}
	return nil
}

func (k Keeper) initNeuron(ctx context.Context, w types.GenesisNeuronWeights) error {
	netuid := gotensor.NetUID(w.Netuid)
	hotkey, err := decodeHotkey(w.Hotkey)
	if err != nil {
		return err
	}
	_, neuron, err := k.neuronOf(ctx, netuid, hotkey)
	if err != nil {
		return err
	}
	if neuron.RegisteredHeight != w.RegisteredHeight {
		return types.ErrGenesis.Wrapf("registered_height is %d, the neuron's is %d", w.RegisteredHeight, neuron.RegisteredHeight)
	}
	n, err := k.neurons.Count(ctx, netuid)
	if err != nil {
		return err
	}
	key := collections.Join3(uint16(netuid), hotkey[:], uint64(w.RegisteredHeight))
	for _, part := range []struct {
		to  rowMap
		row types.Row
	}{{k.rows, w.Weights}, {k.bonds, w.Bonds}} {
		if part.row.Len() == 0 {
			continue
		}
		if _, err := part.row.Entries(n); err != nil {
			return err
		}
		if err := part.to.Set(ctx, key, part.row); err != nil {
			return err
		}
	}
	for _, c := range w.Commitments {
		if err := k.commitments.Set(ctx, collections.Join4(key.K1(), key.K2(), key.K3(), c.Epoch), c); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis returns the whole state in the order that Validate demands.
func (k Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	out := exporter{at: make(map[exported]int)}
	err := k.rows.Walk(ctx, nil, func(key registration, row types.Row) (bool, error) {
		w, err := out.entry(key.K1(), key.K2(), key.K3())
		if err == nil {
			w.Weights = row
		}
		return err != nil, err
	})
	if err != nil {
		return nil, err
	}
	err = k.bonds.Walk(ctx, nil, func(key registration, row types.Row) (bool, error) {
		w, err := out.entry(key.K1(), key.K2(), key.K3())
		if err == nil {
			w.Bonds = row
		}
		return err != nil, err
	})
	if err != nil {
		return nil, err
	}
	err = k.commitments.Walk(ctx, nil, func(key committed, c types.Commitment) (bool, error) {
		w, err := out.entry(key.K1(), key.K2(), key.K3())
		if err == nil {
			w.Commitments = append(w.Commitments, c)
		}
		return err != nil, err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out.list, func(a, b types.GenesisNeuronWeights) int {
		return cmp.Or(cmp.Compare(a.Netuid, b.Netuid), cmp.Compare(a.Hotkey, b.Hotkey), cmp.Compare(a.RegisteredHeight, b.RegisteredHeight))
	})
	state := &types.GenesisState{Neurons: out.list}
	err = k.bondsHeights.Walk(ctx, nil, func(netuid uint16, height int64) (bool, error) {
		state.BondsHeights = append(state.BondsHeights, types.BondsHeight{Netuid: uint32(netuid), Height: height})
		return false, nil
	})
	return state, err
}

// exporter gathers the parts of one registration, which lie in three maps of the store.
type exporter struct {
	list []types.GenesisNeuronWeights
	at   map[exported]int // place in list; only looked up
}

type exported struct {
	netuid uint16
	identity
}

// entry returns the list's entry for a registration and adds it first if need be; the pointer holds until the next call.
func (e *exporter) entry(netuid uint16, hotkey []byte, height uint64) (*types.GenesisNeuronWeights, error) {
	id := exported{netuid, identity{string(hotkey), height}}
	if i, ok := e.at[id]; ok {
		return &e.list[i], nil
	}
	address, err := gotensor.AddressFromBytes(hotkey)
	if err != nil {
		return nil, err
	}
	e.at[id] = len(e.list)
	e.list = append(e.list, types.GenesisNeuronWeights{Netuid: uint32(netuid), Hotkey: addr.FormatAccount(address), RegisteredHeight: int64(height)})
	return &e.list[len(e.list)-1], nil
}
