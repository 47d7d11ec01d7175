package genesis

import (
	"encoding/json"
	"time"

	"github.com/gotensor/gotensor"
)

// Values of the preset Localnet that differ from a real chain's: everything that means time is shorter.
const (
	// LocalnetBlockMs is the localnet's block time.
	LocalnetBlockMs = 500
	// LocalnetTempoMs is the localnet's period.
	LocalnetTempoMs = 15_000
	// LocalnetUnbonding is the localnet's unbonding time.
	LocalnetUnbonding = Duration(time.Minute)
	// LocalnetDifficulty is the expected work of a registration, about a second on one core.
	LocalnetDifficulty = 500_000
)

// LocalnetOptions are what a localnet cannot guess.
type LocalnetOptions struct {
	// ChainID, e.g. "gotensor-local".
	ChainID string
	// GenesisTime of the first block.
	GenesisTime time.Time
	// Accounts hold free TAO.
	Accounts []Account
	// Validators with stake; those with a Hotkey are registered as neurons of subnet 1, with their operator as coldkey.
	Validators []Validator
	// Settings of the text mechanism, a JSON object; empty: its defaults.
	Settings json.RawMessage
	// Hyperparameters override the preset's, by name.
	Hyperparameters map[string]int64
}

// Localnet is a small fast chain with one subnet of the text mechanism: half-second blocks, periods of fifteen seconds, quick registration.
// The result differs from a real chain only in values.
func Localnet(o LocalnetOptions) Spec {
	hyper := map[string]int64{
		"tempo":                             LocalnetTempoMs,
		"immunity_period":                   4 * LocalnetTempoMs,
		"serving_rate_limit":                2_000,
		"min_difficulty":                    LocalnetDifficulty / 10,
		"initial_difficulty":                LocalnetDifficulty,
		"adjustment_interval":               60_000,
		"target_registrations_per_interval": 8,
		"max_registrations_per_block":       4,
		"max_allowed_uids":                  64,
		"max_allowed_validators":            16,
		"burn_half_life":                    60_000,
	}
	for name, value := range o.Hyperparameters {
		hyper[name] = value
	}
	subnet := Subnet{NetUID: 1, Name: "text", Mechanism: "text", Settings: o.Settings, Hyperparameters: hyper}
	for _, v := range o.Validators {
		if v.Hotkey != "" {
			subnet.Neurons = append(subnet.Neurons, Neuron{Hotkey: v.Hotkey, Coldkey: v.Operator})
		}
	}
	return Spec{
		ChainID: o.ChainID, GenesisTime: o.GenesisTime.UTC(), TargetBlockMs: LocalnetBlockMs,
		UnbondingTime: LocalnetUnbonding, VotingPeriod: Duration(time.Minute),
		Accounts: o.Accounts, Validators: o.Validators, Subnets: []Subnet{subnet},
	}
}

// OneTAO is a convenience for specifications written in Go.
const OneTAO = TAO(gotensor.RaoPerTAO)
