package types

import (
	"fmt"

	"github.com/gotensor/gotensor"
)

// Millis is a duration in milliseconds.
type Millis int64

// Blocks is the duration in blocks of a target time, rounded up, at least 1.
func (m Millis) Blocks(targetMs uint32) uint64 { return Blocks(int64(m), targetMs) }

// Blocks turns milliseconds into blocks of a target time in milliseconds, rounded up, at least 1: a period of zero blocks has no
// meaning. A target of 0 counts as 1.
func Blocks(ms int64, targetMs uint32) uint64 {
	if ms < 1 {
		return 1
	}
	t := uint64(max(targetMs, 1))
	return (uint64(ms)-1)/t + 1
}

// Hyperparameters are the settings of one subnet, typed; units and ranges are in the Schema. Durations are kept in milliseconds;
// the methods give them in blocks.
type Hyperparameters struct {
	// TargetBlockMs is the block time by which durations become blocks; it belongs to the chain, not to the subnet.
	TargetBlockMs uint32

	Tempo                 Millis
	Kappa                 uint16
	BondsMovingAverage    uint32
	BondsPenalty          uint16
	Yuma3Enabled          bool
	LiquidAlphaEnabled    bool
	AlphaLow, AlphaHigh   uint16
	AlphaSigmoidSteepness int16
	MaxAllowedValidators  uint16
	MinAllowedWeights     uint16
	ActivityCutoffFactor  uint32
	StakeThreshold        gotensor.Rao

	MaxAllowedUIDs         uint16
	ImmunityPeriod         Millis
	MinNonImmuneUIDs       uint16
	OwnerImmuneNeuronLimit uint16
	Upkeep                 uint16
	ServingRateLimit       Millis

	RegistrationAllowed            bool
	PowRegistrationAllowed         bool
	MaxRegistrationsPerBlock       uint32
	AdjustmentInterval             Millis
	TargetRegistrationsPerInterval uint32
	AdjustmentAlpha                uint32
	InitialDifficulty              uint64
	MinDifficulty, MaxDifficulty   uint64
	InitialBurn                    gotensor.Rao
	MinBurn, MaxBurn               gotensor.Rao
	BurnHalfLife                   Millis
	BurnIncreaseMult               uint32
}

// DefaultHyperparameters has the defaults of the schema.
func DefaultHyperparameters(targetBlockMs uint32) Hyperparameters {
	h := Hyperparameters{TargetBlockMs: targetBlockMs}
	for _, p := range schema {
		p.put(&h, p.DefaultValue)
	}
	return h
}

// TempoBlocks is the tempo in blocks; the period of an epoch is one block more.
func (h Hyperparameters) TempoBlocks() uint64 { return h.Tempo.Blocks(h.TargetBlockMs) }

// ImmunityBlocks is the immunity period in blocks.
func (h Hyperparameters) ImmunityBlocks() uint64 { return h.ImmunityPeriod.Blocks(h.TargetBlockMs) }

// ServingBlocks is the least distance of two endpoints of a neuron in blocks.
func (h Hyperparameters) ServingBlocks() uint64 { return h.ServingRateLimit.Blocks(h.TargetBlockMs) }

// AdjustmentBlocks is the adjustment interval in blocks.
func (h Hyperparameters) AdjustmentBlocks() uint64 {
	return h.AdjustmentInterval.Blocks(h.TargetBlockMs)
}

// HalfLifeBlocks is the half-life of the burn price in blocks.
func (h Hyperparameters) HalfLifeBlocks() uint64 { return h.BurnHalfLife.Blocks(h.TargetBlockMs) }

// ActivityCutoffBlocks is for how many blocks a row of weights stays active at a tempo in blocks, usually that of the clock.
func (h Hyperparameters) ActivityCutoffBlocks(tempo uint64) uint64 {
	return uint64(h.ActivityCutoffFactor) * tempo / 1_000
}

// MaxRegistrationsPerInterval is three times the target, as the peers have it.
func (h Hyperparameters) MaxRegistrationsPerInterval() uint32 {
	return 3 * h.TargetRegistrationsPerInterval
}

// Get reads a parameter by name in the unit of its schema. It fails with ErrUnknownParameter.
func (h Hyperparameters) Get(name string) (int64, error) {
	p, ok := ParameterNamed(name)
	if !ok {
		return 0, fmt.Errorf("%q: %w", name, ErrUnknownParameter)
	}
	return p.Value(h), nil
}

// Set changes a parameter by name, in the unit of its schema. It fails with ErrUnknownParameter or ErrOutOfRange; whether the
// result agrees with itself is told by Validate.
func (h *Hyperparameters) Set(name string, value int64) error {
	p, ok := ParameterNamed(name)
	if !ok {
		return fmt.Errorf("%q: %w", name, ErrUnknownParameter)
	}
	if value < p.Min || value > p.Max {
		return fmt.Errorf("%s is %d %s, want %d..%d: %w", name, value, p.Unit, p.Min, p.Max, ErrOutOfRange)
	}
	p.put(h, value)
	return nil
}

// Validate fails with ErrConflict if two parameters contradict each other, and with ErrOutOfRange if one leaves its range.
func (h Hyperparameters) Validate() error {
	for _, p := range schema {
		if v := p.Value(h); v < p.Min || v > p.Max {
			return fmt.Errorf("%s is %d %s, want %d..%d: %w", p.Name, v, p.Unit, p.Min, p.Max, ErrOutOfRange)
		}
	}
	atMost := []struct {
		low, high string
		ok        bool
	}{
		{"alpha_low", "alpha_high", h.AlphaLow <= h.AlphaHigh},
		{"min_difficulty", "max_difficulty", h.MinDifficulty <= h.MaxDifficulty},
		{"min_burn", "max_burn", h.MinBurn <= h.MaxBurn},
		{"max_allowed_validators", "max_allowed_uids", h.MaxAllowedValidators <= h.MaxAllowedUIDs},
		{"min_allowed_weights", "max_allowed_uids", h.MinAllowedWeights <= h.MaxAllowedUIDs},
	}
	for _, c := range atMost {
		if !c.ok {
			low, _ := h.Get(c.low)
			high, _ := h.Get(c.high)
			return fmt.Errorf("%s %d is above %s %d: lower the first or raise the second: %w", c.low, low, c.high, high, ErrConflict)
		}
	}
	// A row committed in one period is revealed in the next and counts at its end: a neuron that can be pruned before is
	// pruned unheard.
	if two := 2 * (h.TempoBlocks() + 1); h.ImmunityBlocks() <= two {
		return fmt.Errorf("immunity_period is %d blocks, want more than two periods, %d blocks: raise it to %d ms or lower tempo: %w",
			h.ImmunityBlocks(), two, (two+1)*uint64(h.TargetBlockMs), ErrConflict)
	}
	// By then the row is up to two periods old, and one that is not active any more counts for nothing: nobody would ever be paid.
	if two, active := 2*(h.TempoBlocks()+1), h.ActivityCutoffBlocks(h.TempoBlocks()); active < two {
		return fmt.Errorf("activity_cutoff_factor %d keeps a row active for %d blocks, want at least two periods, %d blocks: raise it: %w",
			h.ActivityCutoffFactor, active, two, ErrConflict)
	}
	return nil
}

// Values lists all parameters in schema order.
func (h Hyperparameters) Values() []HyperparameterValue {
	out := make([]HyperparameterValue, len(schema))
	for i, p := range schema {
		out[i] = HyperparameterValue{Name: p.Name, Value: p.Value(h)}
	}
	return out
}

// Value reads the parameter from a typed struct.
func (p Parameter) Value(h Hyperparameters) int64 {
	switch f := p.field(&h).(type) {
	case *bool:
		if *f {
			return 1
		}
		return 0
	case *uint16:
		return int64(*f)
	case *int16:
		return int64(*f)
	case *uint32:
		return int64(*f)
	case *uint64:
		return int64(*f) // the schema's ranges end below 2^63
	case *Millis:
		return int64(*f)
	case *gotensor.Rao:
		return int64(*f) // the schema's ranges end below 2^63
	default:
		panic(fmt.Sprintf("hyperparameter %s: a field of type %T has no accessor", p.Name, f))
	}
}

// put writes a value that is within the schema's range, which the field can hold (tested).
func (p Parameter) put(h *Hyperparameters, v int64) {
	switch f := p.field(h).(type) {
	case *bool:
		*f = v == 1
	case *uint16:
		*f = uint16(v)
	case *int16:
		*f = int16(v)
	case *uint32:
		*f = uint32(v)
	case *uint64:
		*f = uint64(v)
	case *Millis:
		*f = Millis(v)
	case *gotensor.Rao:
		*f = gotensor.Rao(v)
	default:
		panic(fmt.Sprintf("hyperparameter %s: a field of type %T has no accessor", p.Name, f))
	}
}
