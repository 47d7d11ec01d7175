// Package genesis describes a new chain in a form that people write: who holds what, who validates and produces blocks, which
// subnets there are. It knows no SDK: package app turns a Spec into the genesis file of a node.
//
// Flow: fill a Spec (by hand as JSON, or from the preset Localnet), Validate it, give it to `gotensord genesis make`. Start at
// Spec and Localnet.
package genesis

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/gotensor/gotensor"
)

// Spec is a whole new chain.
type Spec struct {
	// ChainID names the chain: 3..50 letters, digits and dashes, beginning with a letter.
	ChainID string `json:"chain_id"`
	// GenesisTime is the time of the first block; issuance counts from it.
	GenesisTime time.Time `json:"genesis_time"`
	// TargetBlockMs is the time that one block is meant to take, 100..60000 ms.
	TargetBlockMs uint32 `json:"target_block_ms"`
	// UnbondingTime is how long stake waits to leave, at least MinUnbondingBlocks target blocks; 0: DefaultUnbondingTime.
	UnbondingTime Duration `json:"unbonding_time,omitempty"`
	// VotingPeriod is how long a proposal is voted on; 0: DefaultVotingPeriod.
	VotingPeriod Duration `json:"voting_period,omitempty"`
	// Emission are the shares of issuance; nil: the chain's defaults.
	Emission *Emission `json:"emission,omitempty"`
	// Accounts hold free TAO.
	Accounts []Account `json:"accounts"`
	// Validators hold stake; at least one of them produces blocks.
	Validators []Validator `json:"validators"`
	// Subnets are numbered by hand; see EmissionWeight for how they share emission.
	Subnets []Subnet `json:"subnets"`
}

// Account is a key that holds TAO.
type Account struct {
	Address string `json:"address"`
	Balance TAO    `json:"balance"`
}

// Validator is a staking validator with the stake of its operator.
type Validator struct {
	// Moniker is its name, 1..70 bytes.
	Moniker string `json:"moniker"`
	// Operator is the account that created it and owns its stake.
	Operator string `json:"operator"`
	// ConsensusPubKey is an ed25519 key, 32 bytes; who does not produce blocks may use any key of its own.
	ConsensusPubKey []byte `json:"consensus_pubkey"`
	// Stake of the operator, at least 1 TAO; it comes on top of the operator's account.
	Stake TAO `json:"stake"`
	// CommissionPpm is its take of its delegators' dividends, parts per million, 0..1000000.
	CommissionPpm uint32 `json:"commission_ppm"`
	// Producer tells whether it produces blocks from the first one.
	Producer bool `json:"producer"`
	// Hotkey acts with its stake on all subnets; empty: none does.
	Hotkey string `json:"hotkey,omitempty"`
}

// Subnet is a subnet with the neurons that are registered from the start.
type Subnet struct {
	// NetUID is 1..65534.
	NetUID gotensor.NetUID `json:"netuid"`
	// Name is a short title, 1..64 bytes.
	Name string `json:"name"`
	// Mechanism names the package that serves and scores, 1..32 bytes, e.g. "text".
	Mechanism string `json:"mechanism"`
	// Settings is the mechanism's own configuration, a JSON object of at most 4096 bytes; empty: none.
	Settings json.RawMessage `json:"settings,omitempty"`
	// Owner is a coldkey; empty: nobody.
	Owner string `json:"owner,omitempty"`
	// OwnerHotkey is the owner's neuron; empty: none.
	OwnerHotkey string `json:"owner_hotkey,omitempty"`
	// EmissionWeight is the subnet's part of emission in proportion to those of the others, 0..1000000. If it is 0 for all of them, subnet 1
	// takes all.
	EmissionWeight uint32 `json:"emission_weight,omitempty"`
	// Hyperparameters that differ from the defaults, by name, in the unit of their schema (durations in ms).
	Hyperparameters map[string]int64 `json:"hyperparameters,omitempty"`
	// Neurons take uids 0, 1, ... in this order.
	Neurons []Neuron `json:"neurons,omitempty"`
}

// Neuron is a registered hotkey and the coldkey that it earns for.
type Neuron struct {
	Hotkey  string `json:"hotkey"`
	Coldkey string `json:"coldkey"`
}

// Emission are the shares of issuance in parts per million and the bounds of the payout.
type Emission struct {
	ProducerPpm    uint32 `json:"producer_ppm"`
	CommunityPpm   uint32 `json:"community_ppm"`
	OwnerPpm       uint32 `json:"owner_ppm"`
	SweepPerBlock  uint32 `json:"sweep_per_block"`
	SettleInterval uint32 `json:"settle_interval"`
}

// Defaults and bounds of a Spec.
const (
	DefaultUnbondingTime = Duration(72 * time.Hour)
	DefaultVotingPeriod  = Duration(48 * time.Hour)
	// MinUnbondingBlocks is the least unbonding time in target blocks: a validator must leave CometBFT's set before x/staking
	// forgets it, or the chain halts.
	MinUnbondingBlocks = 10
	minBlockMs         = 100
	maxBlockMs         = 60_000
)

// Read decodes a Spec from JSON and validates it; an unknown field is an error.
func Read(r io.Reader) (Spec, error) {
	var s Spec
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return s, s.Validate()
}

// Write encodes the Spec as indented JSON that Read accepts.
func (s Spec) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// Unbonding is the unbonding time in force.
func (s Spec) Unbonding() time.Duration {
	return time.Duration(orDefault(s.UnbondingTime, DefaultUnbondingTime))
}

// Voting is the voting period in force.
func (s Spec) Voting() time.Duration {
	return time.Duration(orDefault(s.VotingPeriod, DefaultVotingPeriod))
}

// Supply is the sum of all balances and stakes, or an error if it exceeds gotensor.MaxSupply.
func (s Spec) Supply() (gotensor.Rao, error) {
	var sum gotensor.Rao
	add := func(t TAO) (err error) {
		if sum, err = sum.Add(gotensor.Rao(t)); err == nil && sum > gotensor.MaxSupply {
			err = fmt.Errorf("%w: accounts and stakes hold more than %s", ErrSpec, gotensor.MaxSupply)
		}
		return err
	}
	for _, a := range s.Accounts {
		if err := add(a.Balance); err != nil {
			return 0, err
		}
	}
	for _, v := range s.Validators {
		if err := add(v.Stake); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

func orDefault(d, def Duration) Duration {
	if d == 0 {
		return def
	}
	return d
}
