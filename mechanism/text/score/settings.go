package score

import (
	"fmt"
	"math"
)

// Sizes that are fixed for every network.
const (
	// MaxLen is the most bytes a candidate has, and the bytes of a truth.
	MaxLen = 16
	// CandidateLimit is the largest KMax a network may choose.
	CandidateLimit = 4096
	// ShapleyLimit is the most answers of a group for which exact Shapley values are shown.
	ShapleyLimit = 10
)

// Settings are the numbers of the scoring rule. Those of the first group are part of the protocol: miners and validators of one
// network share them. Start from Defaults.
type Settings struct {
	KMax      int     `json:"k_max"`     // most candidates of an answer to one item, 0..4096
	Tolerance float64 `json:"tolerance"` // how far the probabilities may sum from 1
	Lambda    float64 `json:"lambda"`    // share of the reference mixed into every answer; ln Lambda is the worst gain
	Cap       float64 `json:"cap"`       // best gain of an item, nats
	NRef      int     `json:"n_ref"`     // most candidates whose reference probability is looked up for an item

	Alpha        float64 `json:"alpha"`         // rate of the moving means
	Kappa        float64 `json:"kappa"`         // distance of two answers, relative to their level, at which they stop being copies
	PairRate     float64 `json:"pair_rate"`     // rate of the moving distance of a pair
	Sure         float64 `json:"sure"`          // likeness within one round from which on it counts by itself, below 1
	LevelFloor   float64 `json:"level_floor"`   // smallest such level, nats
	Lead         float64 `json:"lead"`          // relative lead of a claim that makes an original and a copy of two that are alike; 0: they share
	Apart        float64 `json:"apart"`         // distance of a pair, in limits of likeness, beyond which it is forgotten who of the two was before; 0: nobody remembers
	CopyRate     float64 `json:"copy_rate"`     // rate of the copy factor
	Z            float64 `json:"z"`             // standard errors subtracted from a mean
	V0           float64 `json:"v0"`            // prior variance of a round's mean, nats squared
	Gamma        float64 `json:"gamma"`         // power of the gain that is paid
	SilentRounds int     `json:"silent_rounds"` // wholly silent rounds after which the weight is 0
}

// Defaults returns the settings every network starts with.
func Defaults() Settings {
	return Settings{
		KMax: 512, Tolerance: 0.001, Lambda: 0.001, Cap: 16, NRef: 128,
		Alpha: 0.05, Kappa: 0.07, PairRate: 0.2, Sure: 0.75, LevelFloor: 0.1, Lead: 0.25, Apart: 1.75, CopyRate: 0.1, Z: 1, V0: 1, Gamma: 2, SilentRounds: 3,
	}
}

// Worst returns the gain of an invalid item, ln Lambda, in nats; no gain is lower.
func (s *Settings) Worst() float64 { return math.Log(s.Lambda) }

// Validate fails with ErrSettings and names the first setting out of range.
func (s *Settings) Validate() error {
	for _, c := range []struct {
		name     string
		v        float64
		min, max float64
	}{
		{"k_max", float64(s.KMax), 0, CandidateLimit},
		{"tolerance", s.Tolerance, 0, 0.1},
		{"lambda", s.Lambda, 1e-9, 0.5},
		{"cap", s.Cap, 0.1, 100},
		{"n_ref", float64(s.NRef), 1, CandidateLimit},
		{"alpha", s.Alpha, 1e-6, 1},
		{"kappa", s.Kappa, 1e-6, 10},
		{"pair_rate", s.PairRate, 1e-6, 1},
		{"sure", s.Sure, 0, 0.999},
		{"level_floor", s.LevelFloor, 1e-6, 100},
		{"lead", s.Lead, 0, 10},
		{"apart", s.Apart, 0, farthest},
		{"copy_rate", s.CopyRate, 1e-6, 1},
		{"z", s.Z, 0, 100},
		{"v0", s.V0, 0, 1e6},
		{"gamma", s.Gamma, 0.1, 10},
		{"silent_rounds", float64(s.SilentRounds), 1, 1e6},
	} {
		if !(c.v >= c.min && c.v <= c.max) { // also refuses NaN
			return fmt.Errorf("%w: %s is %v, want %v..%v", ErrSettings, c.name, c.v, c.min, c.max)
		}
	}
	return nil
}
