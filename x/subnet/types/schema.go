package types

import (
	"math"

	"github.com/gotensor/gotensor/price"
)

const (
	second = 1_000
	minute = 60 * second
	day    = 24 * 60 * minute
	tao    = 1_000_000_000
	// peerBlock is the block time in which the peers state their defaults: 12 s. Durations keep their wall times.
	peerBlock = 12 * second
	// cooldown is two default periods: an owner cannot move a parameter back and forth within what an epoch sees.
	cooldown = 2 * 72 * minute
	// longestTempo is a tenth of the default unbonding time: stake that is redelegated around boundaries can be sent on once per unbonding
	// time, and would earn a period twice each time.
	longestTempo = 3 * day / 10
)

// Parameter is one row of the schema.
type Parameter struct {
	HyperparameterSchema
	// field points at the parameter's field in a typed struct: *bool, *uint16, *int16, *uint32, *uint64, *Millis or *gotensor.Rao.
	field func(*Hyperparameters) any
}

// Schema is the one table of hyperparameters: what validation, queries, commands and documents read. Its order is the order
// of exports. Defaults and ranges are those of the peers for a new subnet, durations by their wall time; source: the
// hyperparameters of subtensor and of its former proof-of-work registration.
func Schema() []Parameter { return schema }

// ParameterNamed returns the row of a name, and whether there is one.
func ParameterNamed(name string) (Parameter, bool) {
	i, ok := byName[name]
	if !ok {
		return Parameter{}, false
	}
	return schema[i], true
}

var (
	schema = table()
	byName = index(schema)
)

func index(rows []Parameter) map[string]int {
	m := make(map[string]int, len(rows))
	for i, r := range rows {
		m[r.Name] = i
	}
	return m
}

// row makes a table readable: one line of facts, one of meaning.
type row struct {
	name, unit    string
	min, max, def int64
	setter        Setter
	description   string
	field         func(*Hyperparameters) any
}

const (
	owner = Setter_SETTER_OWNER
	gov   = Setter_SETTER_GOVERNANCE
)

func table() []Parameter {
	var out []Parameter
	for _, group := range [][]row{consensusRows(), slotRows(), admissionRows()} {
		for _, r := range group {
			out = append(out, Parameter{
				HyperparameterSchema: HyperparameterSchema{
					Name: r.name, Unit: r.unit, Min: r.min, Max: r.max, DefaultValue: r.def,
					Setter: r.setter, CooldownMs: cooldown, Description: r.description,
				},
				field: r.field,
			})
		}
	}
	return out
}

func consensusRows() []row {
	return []row{
		{
			"tempo", "ms", second, longestTempo, 72 * minute, owner,
			"Time between two epochs, less one block; a change acts after the next boundary.",
			func(h *Hyperparameters) any { return &h.Tempo },
		},
		{
			"kappa", "u16", 0, math.MaxUint16, 32_767, gov,
			"Share of stake that must agree on a weight for it to count in full.",
			func(h *Hyperparameters) any { return &h.Kappa },
		},
		{
			"bonds_moving_average", "ppm", 0, 975_000, 900_000, owner,
			"How much of the old bonds stays at each epoch while liquid alpha is off.",
			func(h *Hyperparameters) any { return &h.BondsMovingAverage },
		},
		{
			"bonds_penalty", "u16", 0, math.MaxUint16, 65_535, owner,
			"How much of what consensus clips off a weight is taken from its bond.",
			func(h *Hyperparameters) any { return &h.BondsPenalty },
		},
		{
			"yuma3_enabled", "bool", 0, 1, 1, owner,
			"Bonds move pair by pair and are not scaled by stake (Yuma 3) instead of the classic rule.",
			func(h *Hyperparameters) any { return &h.Yuma3Enabled },
		},
		{
			"liquid_alpha_enabled", "bool", 0, 1, 0, owner,
			"The pace of bonds follows how far a weight is from consensus.",
			func(h *Hyperparameters) any { return &h.LiquidAlphaEnabled },
		},
		{
			"alpha_low", "u16", 1_638, math.MaxUint16, 45_875, owner,
			"Slowest pace of bonds under liquid alpha, at most alpha_high.",
			func(h *Hyperparameters) any { return &h.AlphaLow },
		},
		{
			"alpha_high", "u16", 1_638, math.MaxUint16, 58_982, owner,
			"Fastest pace of bonds under liquid alpha, at least alpha_low.",
			func(h *Hyperparameters) any { return &h.AlphaHigh },
		},
		{
			"alpha_sigmoid_steepness", "number", 0, math.MaxInt16, 1_000, owner,
			"How sharply liquid alpha turns from low to high, in hundredths.",
			func(h *Hyperparameters) any { return &h.AlphaSigmoidSteepness },
		},
		{
			"max_allowed_validators", "count", 1, 4_096, 64, gov,
			"How many of the largest stakes may commit weights, at most max_allowed_uids.",
			func(h *Hyperparameters) any { return &h.MaxAllowedValidators },
		},
		{
			"min_allowed_weights", "count", 1, 4_096, 1, owner,
			"Fewest entries that a row of weights may have, at most max_allowed_uids.",
			func(h *Hyperparameters) any { return &h.MinAllowedWeights },
		},
		{
			"activity_cutoff_factor", "permille", 1_000, 50_000, 13_889, owner,
			"How many thousandths of the tempo a row of weights stays active.",
			func(h *Hyperparameters) any { return &h.ActivityCutoffFactor },
		},
		{
			"stake_threshold", "rao", 0, 21_000_000 * tao, 0, gov,
			"Least stake that counts in the epoch; the owner's hotkey is exempt.",
			func(h *Hyperparameters) any { return &h.StakeThreshold },
		},
	}
}

func slotRows() []row {
	return []row{
		{
			"max_allowed_uids", "count", 1, 4_096, 256, owner,
			"Number of slots; below the present count it frees none, newcomers only replace.",
			func(h *Hyperparameters) any { return &h.MaxAllowedUIDs },
		},
		{
			"immunity_period", "ms", 3 * second, 90 * day, 5_000 * peerBlock, owner,
			"Time for which a new neuron is not pruned, more than two periods: a reveal takes that long to count.",
			func(h *Hyperparameters) any { return &h.ImmunityPeriod },
		},
		{
			"min_non_immune_uids", "count", 0, 4_096, 10, owner,
			"With no more than so many neurons outside immunity, pruning takes an immune one.",
			func(h *Hyperparameters) any { return &h.MinNonImmuneUIDs },
		},
		{
			"owner_immune_neuron_limit", "count", 0, 10, 1, owner,
			"How many of the owner's oldest neurons are never pruned, beside the owner's hotkey.",
			func(h *Hyperparameters) any { return &h.OwnerImmuneNeuronLimit },
		},
		{
			// An owner who mines could starve all others by it.
			"upkeep", "permille", 0, price.MaxUpkeep, 0, gov,
			"Rent that each miner's uid pays per epoch, as a share of the largest incentive; it is divided among miners by what is left to them.",
			func(h *Hyperparameters) any { return &h.Upkeep },
		},
		{
			"serving_rate_limit", "ms", 1, day, 50 * peerBlock, owner,
			"Least time between two endpoints that one neuron publishes.",
			func(h *Hyperparameters) any { return &h.ServingRateLimit },
		},
	}
}
