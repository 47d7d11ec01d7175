package types

import (
	"crypto/ed25519"
	"fmt"
)

// DefaultGenesis has no producer: a chain cannot start from it until one is added.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks what can be told without x/staking: ranges, lengths and duplicates. It fails with ErrGenesis or ErrParams.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	seen := make(map[string]bool, len(g.Producers))
	for i, p := range g.Producers {
		switch {
		case p.Validator == "":
			return fmt.Errorf("%w: producers[%d].validator is empty", ErrGenesis, i)
		case seen[p.Validator]:
			return fmt.Errorf("%w: producers[%d].validator %s is listed twice", ErrGenesis, i, p.Validator)
		case p.Since < 0:
			return fmt.Errorf("%w: producers[%d].since is %d, want 0 or more", ErrGenesis, i, p.Since)
		}
		seen[p.Validator] = true
	}
	told := make(map[string]bool, len(g.Powers))
	for i, p := range g.Powers {
		switch {
		case p.Validator == "" || told[p.Validator]:
			return fmt.Errorf("%w: powers[%d].validator %q is empty or listed twice", ErrGenesis, i, p.Validator)
		case len(p.PubKey) != ed25519.PublicKeySize:
			return fmt.Errorf("%w: powers[%d].pub_key has %d bytes, want %d", ErrGenesis, i, len(p.PubKey), ed25519.PublicKeySize)
		case p.Power < 1:
			return fmt.Errorf("%w: powers[%d].power is %d, want 1 or more", ErrGenesis, i, p.Power)
		}
		told[p.Validator] = true
	}
	return nil
}
