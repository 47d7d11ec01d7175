package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// SubnetKeeper is what emission needs of x/subnet.
type SubnetKeeper interface {
	Get(ctx context.Context, netuid gotensor.NetUID) (subnettypes.Subnet, error)
	// All subnets by netuid.
	All(ctx context.Context) ([]subnettypes.Subnet, error)
	Hyperparameters(ctx context.Context, netuid gotensor.NetUID) (subnettypes.Hyperparameters, error)
	TargetBlockMs(ctx context.Context) uint32
	// Foresee branches the state off as if the next block were a boundary.
	Foresee(ctx context.Context, netuid gotensor.NetUID) (sdk.Context, subnettypes.Clock, error)
}

// NeuronKeeper is what emission needs of x/neuron. Slices have one element per uid.
type NeuronKeeper interface {
	Neurons(ctx context.Context, netuid gotensor.NetUID) ([]neurontypes.Neuron, error)
	NeuronAt(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) (neurontypes.Neuron, error)
	Columns(ctx context.Context, netuid gotensor.NetUID) (neurontypes.Table, error)
	SetEpoch(ctx context.Context, netuid gotensor.NetUID, columns neurontypes.EpochColumns) error
	// StakeByUID are the bonded rao behind each uid and the validator they belong to, nil for none.
	StakeByUID(ctx context.Context, netuid gotensor.NetUID, boundary bool) ([]gotensor.Rao, []sdk.ValAddress, error)
	Accrue(ctx context.Context, netuid gotensor.NetUID, amounts []gotensor.Rao) error
	// Burned is what registrations burned since the chain began.
	Burned(ctx context.Context) (gotensor.Rao, error)
	TakeAccrued(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) (gotensor.Rao, error)
}

// WeightsKeeper is what emission needs of x/weights; rows has one slice per neuron.
type WeightsKeeper interface {
	Rows(ctx context.Context, netuid gotensor.NetUID, neurons []neurontypes.Neuron) ([][]weightstypes.Entry, error)
	Bonds(ctx context.Context, netuid gotensor.NetUID, neurons []neurontypes.Neuron) ([][]weightstypes.Entry, error)
	SetBonds(ctx context.Context, netuid gotensor.NetUID, neurons []neurontypes.Neuron, rows [][]weightstypes.Entry) error
	Check(ctx context.Context, netuid gotensor.NetUID) ([]string, error)
	// AfterBoundary is its work at a boundary, before the epoch.
	AfterBoundary(ctx context.Context, netuid gotensor.NetUID, clock subnettypes.Clock, from int64) error
}

// AccountKeeper is what emission needs of x/auth.
type AccountKeeper interface {
	GetModuleAddress(name string) sdk.AccAddress
	GetModuleAccount(ctx context.Context, name string) sdk.ModuleAccountI
}

// BankKeeper is what emission needs of x/bank.
type BankKeeper interface {
	GetSupply(ctx context.Context, denom string) sdk.Coin
	GetBalance(ctx context.Context, address sdk.AccAddress, denom string) sdk.Coin
	MintCoins(ctx context.Context, module string, coins sdk.Coins) error
	SendCoinsFromModuleToAccount(ctx context.Context, from string, to sdk.AccAddress, coins sdk.Coins) error
	SendCoinsFromModuleToModule(ctx context.Context, from, to string, coins sdk.Coins) error
}

// DistributionKeeper is what emission needs of x/distribution.
type DistributionKeeper interface {
	AllocateTokensToValidator(ctx context.Context, validator stakingtypes.ValidatorI, tokens sdk.DecCoins) error
	FundCommunityPool(ctx context.Context, coins sdk.Coins, from sdk.AccAddress) error
}

// StakingKeeper is what emission needs of x/staking.
type StakingKeeper interface {
	GetValidator(ctx context.Context, address sdk.ValAddress) (stakingtypes.Validator, error)
}
