package types

import errorsmod "cosmossdk.io/errors"

// Bounds of Params.
const (
	MinTargetBlockMs      = 100
	MaxTargetBlockMs      = 60_000
	MaxEpochsPerBlock     = 128
	defaultTargetBlockMs  = 2_000
	defaultEpochsPerBlock = 4
)

// DefaultParams are two-second blocks and at most four epochs in one block.
func DefaultParams() Params {
	return Params{TargetBlockMs: defaultTargetBlockMs, MaxEpochsPerBlock: defaultEpochsPerBlock}
}

// Validate fails with ErrInvalidParams, naming the field.
func (p Params) Validate() error {
	if p.TargetBlockMs < MinTargetBlockMs || p.TargetBlockMs > MaxTargetBlockMs {
		return errorsmod.Wrapf(ErrInvalidParams, "target_block_ms is %d, want %d..%d", p.TargetBlockMs, MinTargetBlockMs, MaxTargetBlockMs)
	}
	if p.MaxEpochsPerBlock < 1 || p.MaxEpochsPerBlock > MaxEpochsPerBlock {
		return errorsmod.Wrapf(ErrInvalidParams, "max_epochs_per_block is %d, want 1..%d", p.MaxEpochsPerBlock, MaxEpochsPerBlock)
	}
	return nil
}
