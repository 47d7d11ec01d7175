package axon

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fair"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/synapse"
)

// Caller is what a snapshot of the chain knows of an address that calls.
type Caller struct {
	// Weight is the caller's bandwidth in rao: the stake behind a validator's hotkey, or what was granted to the key. Under
	// overload callers are served in proportion to it.
	Weight uint64
	// Registered tells whether the address is the hotkey of a neuron of this subnet.
	Registered bool
	// Validator tells whether that neuron has a validator's permit.
	Validator bool
	// Pending tells that more may be known of it in a moment: then it is asked to come again instead of being refused for good.
	Pending bool
}

// Callers looks an address up in the current snapshot; false if nothing is known of it. It is asked once per call, from many
// goroutines, and must answer from memory.
type Callers interface {
	Lookup(addr gotensor.Address) (Caller, bool)
}

// Policy says whose calls a neuron answers. The zero value is the strictest.
type Policy int

// Policies, each wider than the one before.
const (
	// PolicyValidators admits neurons of the subnet with a validator's permit.
	PolicyValidators Policy = iota
	// PolicyRegistered admits every neuron of the subnet.
	PolicyRegistered
	// PolicyBandwidth admits every neuron of the subnet and every key with bandwidth.
	PolicyBandwidth
	// PolicyProven admits every caller with a proven key; those without any standing share the lowest weight.
	PolicyProven
)

// String returns the policy's name, as operators write it.
func (p Policy) String() string {
	switch p {
	case PolicyValidators:
		return "validators"
	case PolicyRegistered:
		return "registered"
	case PolicyBandwidth:
		return "bandwidth"
	case PolicyProven:
		return "proven"
	default:
		return fmt.Sprintf("policy(%d)", int(p))
	}
}

// ParsePolicy reads a policy's name; it fails with ErrConfig.
func ParsePolicy(name string) (Policy, error) {
	for p := PolicyValidators; p <= PolicyProven; p++ {
		if p.String() == name {
			return p, nil
		}
	}
	return 0, fmt.Errorf("%w: policy %q, must be validators, registered, bandwidth or proven", ErrConfig, name)
}

// lookupTakes is when a caller who is being looked up is asked to come again.
const lookupTakes = 300 * time.Millisecond

// claimOf applies the policy to a proven caller and says with which weight he queues.
func (s *Server) claimOf(addr gotensor.Address) (fair.Claim, error) {
	c, _ := s.cfg.Callers.Lookup(addr)
	ok := false
	switch s.cfg.Policy {
	case PolicyValidators:
		ok = c.Validator
	case PolicyRegistered:
		ok = c.Registered || c.Validator
	case PolicyBandwidth:
		ok = c.Registered || c.Validator || c.Weight > 0
	case PolicyProven:
		ok = true
	}
	if !ok && c.Pending {
		return fair.Claim{}, synapse.Refusal{
			Code: codes.ResourceExhausted, Reason: synapse.ReasonLookup, Retry: lookupTakes,
			Message: "the bandwidth of the caller is being looked up: try again",
		}.Err()
	}
	if !ok {
		s.stats.denied.Add(1)
		return fair.Claim{}, synapse.Refusal{
			Code: codes.PermissionDenied, Reason: synapse.ReasonNotPermitted,
			Message: fmt.Sprintf("caller %s is not admitted: this neuron's policy is %q", keys.Account(addr), s.cfg.Policy),
		}.Err()
	}
	if c.Weight == 0 && !c.Registered && !c.Validator {
		addr = gotensor.Address{} // strangers share one flow
	}
	return fair.Claim{Caller: addr, Weight: c.Weight, Validator: c.Validator}, nil
}
