package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// NeuronAt returns the neuron of a uid. It fails with types.ErrNotFound if the uid is not taken.
func (k *Keeper) NeuronAt(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) (types.Neuron, error) {
	n, err := k.neurons.Get(ctx, collections.Join(uint16(netuid), uint16(uid)))
	if errors.Is(err, collections.ErrNotFound) {
		return n, fmt.Errorf("uid %d of netuid %d: %w", uid, netuid, types.ErrNotFound)
	}
	return n, err
}

// UIDOf returns the uid that a hotkey holds on a subnet, and whether it holds one.
func (k *Keeper) UIDOf(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) (gotensor.UID, bool, error) {
	uid, err := k.byHotkey.Get(ctx, collections.Join(uint16(netuid), hotkey.Bytes()))
	if errors.Is(err, collections.ErrNotFound) {
		return 0, false, nil
	}
	return gotensor.UID(uid), err == nil, err
}

// Neurons lists the neurons of a subnet by uid, without gaps, at most types.MaxNeurons.
func (k *Keeper) Neurons(ctx context.Context, netuid gotensor.NetUID) ([]types.Neuron, error) {
	n, err := k.Count(ctx, netuid)
	if err != nil {
		return nil, err
	}
	out := make([]types.Neuron, 0, n)
	err = k.neurons.Walk(ctx, collections.NewPrefixedPairRange[uint16, uint16](uint16(netuid)),
		func(_ uidKey, v types.Neuron) (bool, error) {
			out = append(out, v)
			return false, nil
		})
	return out, err
}

// Count is the number of neurons of a subnet, 0 for one that does not exist.
func (k *Keeper) Count(ctx context.Context, netuid gotensor.NetUID) (int, error) {
	n, err := k.counts.Get(ctx, uint16(netuid))
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return int(n), err
}

// SetLastUpdate records the height of the commitment whose row is in force. It fails with types.ErrNotFound.
func (k *Keeper) SetLastUpdate(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID, height int64) error {
	n, err := k.NeuronAt(ctx, netuid, uid)
	if err != nil {
		return err
	}
	n.LastUpdate = height
	return k.setNeuron(ctx, netuid, n)
}

// Burned is what registrations have burned since the chain began.
func (k *Keeper) Burned(ctx context.Context) (gotensor.Rao, error) {
	v, err := k.burned.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return gotensor.Rao(v), err
}

func (k *Keeper) setNeuron(ctx context.Context, netuid gotensor.NetUID, n types.Neuron) error {
	return k.neurons.Set(ctx, collections.Join(uint16(netuid), uint16(n.Uid)), n)
}

// mine returns the neuron of a hotkey. It fails with types.ErrNotRegistered.
func (k *Keeper) mine(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) (types.Neuron, error) {
	uid, found, err := k.UIDOf(ctx, netuid, hotkey)
	if err != nil {
		return types.Neuron{}, err
	}
	if !found {
		return types.Neuron{}, fmt.Errorf("hotkey %s on netuid %d: register it first: %w", addr.FormatAccount(hotkey), netuid, types.ErrNotRegistered)
	}
	return k.NeuronAt(ctx, netuid, uid)
}
