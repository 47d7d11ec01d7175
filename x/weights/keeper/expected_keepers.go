package keeper

import (
	"context"

	"github.com/gotensor/gotensor"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// SubnetKeeper is what weights need of x/subnet.
type SubnetKeeper interface {
	Clock(ctx context.Context, netuid gotensor.NetUID) (subnettypes.Clock, error)
	Hyperparameters(ctx context.Context, netuid gotensor.NetUID) (subnettypes.Hyperparameters, error)
}

// NeuronKeeper is what weights need of x/neuron.
type NeuronKeeper interface {
	// NeuronAt fails if the uid is not taken.
	NeuronAt(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) (neurontypes.Neuron, error)
	UIDOf(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) (uid gotensor.UID, found bool, err error)
	// Neurons are all of a subnet, by uid.
	Neurons(ctx context.Context, netuid gotensor.NetUID) ([]neurontypes.Neuron, error)
	Count(ctx context.Context, netuid gotensor.NetUID) (int, error)
	Permit(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) (bool, error)
	SetLastUpdate(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID, height int64) error
}
