package custom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Name is what a subnet calls this mechanism.
const Name = "custom"

// Settings are what miners and validators of a subnet share; the subnet keeps them as JSON. Absent fields have their default.
type Settings struct {
	RoundMs     int     `json:"round_ms"`     // from the start of a validator's round to that of the next, at least DeadlineMs (60000)
	DeadlineMs  int     `json:"deadline_ms"`  // for all answers of a neuron in a round, 100..60000 (12000)
	Power       float64 `json:"power"`        // pay goes with the mean score to this power, 0.1..10 (1)
	Requests    int     `json:"requests"`     // most requests of a round, 1..256 (32)
	InputBytes  int     `json:"input_bytes"`  // longest input, 256..1048576 (65536)
	OutputBytes int     `json:"output_bytes"` // longest output, or piece of one, 256..4194304 (262144)
}

// DefaultSettings are those of a new subnet.
func DefaultSettings() Settings {
	return Settings{RoundMs: 60_000, DeadlineMs: 12_000, Power: 1, Requests: 32, InputBytes: 64 << 10, OutputBytes: 256 << 10}
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
		value, min, max float64
	}{
		{"deadline_ms", float64(s.DeadlineMs), 100, 60_000},
		{"round_ms", float64(s.RoundMs), float64(s.DeadlineMs), 3_600_000},
		{"power", s.Power, 0.1, 10},
		{"requests", float64(s.Requests), 1, 256},
		{"input_bytes", float64(s.InputBytes), 256, 1 << 20},
		{"output_bytes", float64(s.OutputBytes), 256, 4 << 20},
	} {
		if !(f.value >= f.min && f.value <= f.max) { // so that NaN fails
			return fmt.Errorf("%w: %s is %v, want %v to %v", ErrSettings, f.name, f.value, f.min, f.max)
		}
	}
	return nil
}

// Deadline of all answers of a neuron in a round.
func (s Settings) Deadline() time.Duration { return time.Duration(s.DeadlineMs) * time.Millisecond }

// every is the time from round to round.
func (s Settings) every() time.Duration { return time.Duration(s.RoundMs) * time.Millisecond }
