package types

import "fmt"

// Bounds and default of Params.MaxProducers.
const (
	MinMaxProducers     = 1
	MaxMaxProducers     = 200
	DefaultMaxProducers = 100
)

// DefaultParams are the settings of a new chain.
func DefaultParams() Params { return Params{MaxProducers: DefaultMaxProducers} }

// Validate fails with ErrParams if a setting is out of range.
func (p Params) Validate() error {
	if p.MaxProducers < MinMaxProducers || p.MaxProducers > MaxMaxProducers {
		return fmt.Errorf("%w: max_producers is %d, want %d..%d", ErrParams, p.MaxProducers, MinMaxProducers, MaxMaxProducers)
	}
	return nil
}
