package types

import "fmt"

// DefaultGenesis has no subnet.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate fails with ErrInvalidGenesis or with the error of the part at fault, naming the field.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return fmt.Errorf("params: %w", err)
	}
	if len(g.Subnets) > MaxSubnets {
		return fmt.Errorf("%d subnets, want at most %d: %w", len(g.Subnets), MaxSubnets, ErrInvalidGenesis)
	}
	var last uint32
	for i, s := range g.Subnets {
		if s.Subnet.Netuid <= last {
			return fmt.Errorf("subnets[%d]: netuid %d follows %d, want ascending: %w", i, s.Subnet.Netuid, last, ErrInvalidGenesis)
		}
		last = s.Subnet.Netuid
		if err := s.Validate(g.Params.TargetBlockMs); err != nil {
			return fmt.Errorf("subnets[%d]: %w", i, err)
		}
	}
	return nil
}

// Validate checks one subnet with all that belongs to it.
func (s GenesisSubnet) Validate(targetBlockMs uint32) error {
	if err := s.Subnet.Validate(); err != nil {
		return err
	}
	if _, err := s.Typed(targetBlockMs); err != nil {
		return err
	}
	if err := s.Clock.Validate(); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	seen := make(map[string]bool, len(s.Changes))
	for i, c := range s.Changes {
		if _, ok := ParameterNamed(c.Name); !ok {
			return fmt.Errorf("changes[%d]: %q: %w", i, c.Name, ErrUnknownParameter)
		}
		if seen[c.Name] {
			return fmt.Errorf("changes[%d]: %s is there twice: %w", i, c.Name, ErrInvalidGenesis)
		}
		seen[c.Name] = true
		if c.Height < 1 {
			return fmt.Errorf("changes[%d]: height of %s is %d, want 1 or more: %w", i, c.Name, c.Height, ErrInvalidGenesis)
		}
	}
	return nil
}

// Typed are the hyperparameters: those of the genesis over the defaults.
func (s GenesisSubnet) Typed(targetBlockMs uint32) (Hyperparameters, error) {
	h := DefaultHyperparameters(targetBlockMs)
	seen := make(map[string]bool, len(s.Hyperparameters))
	for i, v := range s.Hyperparameters {
		if seen[v.Name] {
			return h, fmt.Errorf("hyperparameters[%d]: %s is there twice: %w", i, v.Name, ErrInvalidGenesis)
		}
		seen[v.Name] = true
		if err := h.Set(v.Name, v.Value); err != nil {
			return h, fmt.Errorf("hyperparameters[%d]: %w", i, err)
		}
	}
	return h, h.Validate()
}

// Validate fails with ErrInvalidGenesis unless the clock is unset or in order.
func (c Clock) Validate() error {
	if c.NextBoundary == 0 {
		if c != (Clock{}) {
			return fmt.Errorf("next_boundary is 0 but other fields are set: set all or none: %w", ErrInvalidGenesis)
		}
		return nil
	}
	if c.PreviousBoundary < 0 || c.LastBoundary < c.PreviousBoundary || c.NextBoundary <= c.LastBoundary {
		return fmt.Errorf("boundaries are %d, %d, %d, want ascending: %w", c.PreviousBoundary, c.LastBoundary, c.NextBoundary, ErrInvalidGenesis)
	}
	if c.Tempo < 1 || c.Tempo > MaxTempo {
		return fmt.Errorf("tempo is %d blocks, want 1..%d: %w", c.Tempo, MaxTempo, ErrInvalidGenesis)
	}
	if (c.Epoch == 0) != (c.LastBoundary == 0) {
		return fmt.Errorf("epoch is %d with last_boundary %d, want both 0 or neither: %w", c.Epoch, c.LastBoundary, ErrInvalidGenesis)
	}
	return nil
}
