package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/score"
)

// Name is what a subnet calls this mechanism.
const Name = "text"

// ErrSettings is returned for settings that cannot work.
var ErrSettings = errors.New("invalid settings of the text mechanism")

// Settings are what miners and validators of a subnet share; the subnet keeps them as JSON. Absent fields have their default.
type Settings struct {
	Items        int `json:"items"`         // questions of a round, equally many per source, 1..256 (32); a quarter is about texts where Probes is above 0
	ContextBytes int `json:"context_bytes"` // text that miners are shown, 1..65536 (256)
	DeadlineMs   int `json:"deadline_ms"`   // for an answer, 100..60000 (12000)
	RoundMs      int `json:"round_ms"`      // from the start of one round to that of the next, at least DeadlineMs (60000)
	KMax         int `json:"k_max"`         // most candidates of an answer to one item, 1..4096 (512)
	Group        int `json:"group"`         // most neurons that are compared with each other in a round, 2..256 (256)

	// Sealed predictions cannot be passed on by others in time: see Hold and docs/scoring.md (true).
	Sealed bool `json:"sealed"`

	Shard     int `json:"shard"`      // places of each source that all validators ask about in a period, 0..65536 (0: no shard); see docs/scoring.md
	GainPower int `json:"gain_power"` // power of the gain that is paid, 1..8 (2)

	Rule string `json:"rule"` // of pay: "gain" ("winner", "equal" and "2022" are there to be compared with it)

	// What people use is paid too: see docs/scoring.md.
	ServiceShare   float64 `json:"service_share"`    // of the pay for predictions that depends on how texts are served, 0..1 (0.5)
	Probes         int     `json:"probes"`           // texts that a validator asks each neuron for in a round, 0..8 (2); 0: none, service is not paid
	FirstPieceMs   int     `json:"first_piece_ms"`   // up to which the first piece of a text is in time, 1..60000 (3000)
	BytesPerSecond int     `json:"bytes_per_second"` // of a text from which on it is quick enough, 1..100000 (16)

	// For people who use the network.
	GenerateTokensMax   int `json:"generate_tokens_max"`   // longest text that a miner writes, in its model's tokens, 1..65536 (4096)
	GeneratePromptBytes int `json:"generate_prompt_bytes"` // all text of one Generate or Embed, 1024..1048576 (65536)
	EmbedTextsMax       int `json:"embed_texts_max"`       // texts of one Embed, 1..256 (256)
}

// DefaultSettings are those of a new network.
func DefaultSettings() Settings {
	return Settings{
		Items: 32, ContextBytes: 256, DeadlineMs: 12_000, RoundMs: 60_000, KMax: 512, Group: 256, Sealed: true, GainPower: 2, Rule: RuleGain,
		ServiceShare: 0.5, Probes: 2, FirstPieceMs: 3_000, BytesPerSecond: 16,
		GenerateTokensMax: 4096, GeneratePromptBytes: 64 << 10, EmbedTextsMax: 256,
	}
}

// ParseSettings reads a subnet's settings; an empty string gives the defaults. ErrSettings names the field, its value and the range.
func ParseSettings(text string) (Settings, error) {
	s := DefaultSettings()
	if text == "" {
		return s, nil
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Settings{}, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	return s, s.Validate()
}

// Validate fails with ErrSettings and names the first setting out of range.
func (s Settings) Validate() error {
	for _, f := range []struct {
		name            string
		value, min, max int
	}{
		{"items", s.Items, 1, 256},
		{"context_bytes", s.ContextBytes, 1, dataset.MaxContext},
		{"deadline_ms", s.DeadlineMs, 100, 60_000},
		{"round_ms", s.RoundMs, s.DeadlineMs, 3_600_000},
		{"k_max", s.KMax, 1, score.CandidateLimit},
		{"group", s.Group, 2, 256},
		{"shard", s.Shard, 0, 1 << 16},
		{"gain_power", s.GainPower, 1, 8},
		{"probes", s.Probes, 0, 8},
		{"first_piece_ms", s.FirstPieceMs, 1, 60_000},
		{"bytes_per_second", s.BytesPerSecond, 1, 100_000},
		{"generate_tokens_max", s.GenerateTokensMax, 1, 1 << 16},
		{"generate_prompt_bytes", s.GeneratePromptBytes, 1 << 10, 1 << 20},
		{"embed_texts_max", s.EmbedTextsMax, 1, 256},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("%w: %s is %d, want %d to %d", ErrSettings, f.name, f.value, f.min, f.max)
		}
	}
	if !slices.Contains(rules, s.Rule) {
		return fmt.Errorf("%w: rule is %q, want one of %s", ErrSettings, s.Rule, strings.Join(rules, ", "))
	}
	if !(s.ServiceShare >= 0 && s.ServiceShare <= 1) { // so that NaN fails
		return fmt.Errorf("%w: service_share is %v, want 0 to 1", ErrSettings, s.ServiceShare)
	}
	return nil
}

// Deadline of an answer.
func (s Settings) Deadline() time.Duration { return time.Duration(s.DeadlineMs) * time.Millisecond }

// Hold is half of the deadline. A seal counts if it arrives within Hold of the moment at which the caller began to send, and a neuron opens it no
// sooner than Hold after the request came. So the answer to a question that was passed on comes after the seal of whoever passed it on
// was due, whatever the ways and times between the three.
func (s Settings) Hold() time.Duration { return s.Deadline() / 2 }

// scoring are the settings of the rule: its defaults with the network's own bound on candidates and power of the gain.
func (s Settings) scoring() score.Settings {
	rule := score.Defaults()
	rule.KMax, rule.Gamma = s.KMax, float64(s.GainPower)
	return rule
}
