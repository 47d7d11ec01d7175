package types

import (
	"encoding/json"
	"fmt"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
)

// Bounds of a subnet's fields.
const (
	// MinNetUID and MaxNetUID bound netuid; 65535 means all subnets in an appointment.
	MinNetUID = 1
	MaxNetUID = 65_534
	// MaxSubnets bounds the loops over subnets in each block.
	MaxSubnets = 128

	// MaxTempo bounds a tempo in blocks: a week of blocks of 100 ms.
	MaxTempo = 7 * 24 * 36_000

	maxNameLen      = 64
	maxMechanismLen = 32
	maxSettingsLen  = 4_096
)

// NetUIDOf checks a netuid of a message. It fails with ErrNotFound: no subnet has a number outside the range.
func NetUIDOf(netuid uint32) (gotensor.NetUID, error) {
	if netuid < MinNetUID || netuid > MaxNetUID {
		return 0, fmt.Errorf("netuid is %d, want %d..%d: %w", netuid, MinNetUID, MaxNetUID, ErrNotFound)
	}
	return gotensor.NetUID(netuid), nil
}

// Validate fails with ErrInvalidSubnet, naming the field.
func (s Subnet) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("subnet %d: "+format+": %w", append(append([]any{s.Netuid}, args...), ErrInvalidSubnet)...)
	}
	if _, err := NetUIDOf(s.Netuid); err != nil {
		return bad("netuid is %d, want %d..%d", s.Netuid, MinNetUID, MaxNetUID)
	}
	if len(s.Name) < 1 || len(s.Name) > maxNameLen {
		return bad("name has %d bytes, want 1..%d", len(s.Name), maxNameLen)
	}
	if len(s.Mechanism) < 1 || len(s.Mechanism) > maxMechanismLen {
		return bad("mechanism has %d bytes, want 1..%d", len(s.Mechanism), maxMechanismLen)
	}
	if len(s.Settings) > maxSettingsLen {
		return bad("settings have %d bytes, want at most %d", len(s.Settings), maxSettingsLen)
	}
	if s.Settings != "" && !json.Valid([]byte(s.Settings)) {
		return bad("settings are not JSON: %.60q", s.Settings)
	}
	for _, f := range []struct{ name, value string }{{"owner", s.Owner}, {"owner_hotkey", s.OwnerHotkey}} {
		if f.value == "" {
			continue
		}
		if _, err := addr.Account(f.value); err != nil {
			return bad("%s: %v", f.name, err)
		}
	}
	if s.CreatedHeight < 0 {
		return bad("created_height is %d, want 0 or more", s.CreatedHeight)
	}
	return nil
}
