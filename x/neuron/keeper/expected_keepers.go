package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// SubnetKeeper is what neurons need of x/subnet.
type SubnetKeeper interface {
	Get(ctx context.Context, netuid gotensor.NetUID) (subnettypes.Subnet, error)
	// All lists the subnets by netuid.
	All(ctx context.Context) ([]subnettypes.Subnet, error)
	Clock(ctx context.Context, netuid gotensor.NetUID) (subnettypes.Clock, error)
	Hyperparameters(ctx context.Context, netuid gotensor.NetUID) (subnettypes.Hyperparameters, error)
}

// AccountKeeper makes the accounts of hotkeys: a key signs from then on, though it holds nothing.
type AccountKeeper interface {
	HasAccount(ctx context.Context, a sdk.AccAddress) bool
	NewAccountWithAddress(ctx context.Context, a sdk.AccAddress) sdk.AccountI
	SetAccount(ctx context.Context, a sdk.AccountI)
}

// BankKeeper burns what registrations pay.
type BankKeeper interface {
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, coins sdk.Coins) error
	BurnCoins(ctx context.Context, module string, coins sdk.Coins) error
	// BlockedAddr tells whether transfers to an account are refused.
	BlockedAddr(a sdk.AccAddress) bool
}

// StakeSource is the one place where stake is read.
type StakeSource interface {
	// Bonded are the tokens of a staking validator while it is bonded; else, or if there is none, 0.
	Bonded(ctx context.Context, validator sdk.ValAddress) (gotensor.Rao, error)
	// Delegated are the tokens behind all delegations of an account to bonded validators, 0 if it has none.
	Delegated(ctx context.Context, delegator sdk.AccAddress) (gotensor.Rao, error)
	// IsValidator tells whether there is a staking validator of that operator, in any state.
	IsValidator(ctx context.Context, validator sdk.ValAddress) (bool, error)
}

// NeuronHooks are told of neurons that come and go.
type NeuronHooks interface {
	// BeforeRemoved runs while the neuron and its columns are still there. It pays what accrued and deletes what others keep of
	// (hotkey, registered height). An error undoes the registration that caused the removal.
	BeforeRemoved(ctx context.Context, netuid gotensor.NetUID, n types.Neuron) error
}
