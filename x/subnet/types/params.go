package types

import "fmt"

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
		return fmt.Errorf("target_block_ms is %d, want %d..%d: %w", p.TargetBlockMs, MinTargetBlockMs, MaxTargetBlockMs, ErrInvalidParams)
	}
	if p.MaxEpochsPerBlock < 1 || p.MaxEpochsPerBlock > MaxEpochsPerBlock {
		return fmt.Errorf("max_epochs_per_block is %d, want 1..%d: %w", p.MaxEpochsPerBlock, MaxEpochsPerBlock, ErrInvalidParams)
	}
	return nil
}
