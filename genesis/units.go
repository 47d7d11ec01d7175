package genesis

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gotensor/gotensor"
)

// TAO is an amount that people write: in JSON a decimal string in TAO with at most nine decimals, "12.5"; in Go it counts rao.
type TAO gotensor.Rao

// MarshalText writes the amount in TAO without trailing zeros.
func (t TAO) MarshalText() ([]byte, error) {
	whole, part := uint64(t)/uint64(gotensor.RaoPerTAO), uint64(t)%uint64(gotensor.RaoPerTAO)
	if part == 0 {
		return []byte(strconv.FormatUint(whole, 10)), nil
	}
	return []byte(strings.TrimRight(fmt.Sprintf("%d.%09d", whole, part), "0")), nil
}

// UnmarshalText reads an amount in TAO; it fails with ErrAmount on anything but digits and one point with up to nine decimals, and above
// gotensor.MaxSupply.
func (t *TAO) UnmarshalText(b []byte) error {
	whole, part, _ := strings.Cut(string(b), ".")
	if len(part) > 9 || !digits(whole) || (part == "" && strings.Contains(string(b), ".")) || (part != "" && !digits(part)) {
		return fmt.Errorf("%w: %q, want e.g. \"12.5\" with at most nine decimals", ErrAmount, b)
	}
	n, err := strconv.ParseUint(whole+part+strings.Repeat("0", 9-len(part)), 10, 64)
	if err != nil || n > uint64(gotensor.MaxSupply) {
		return fmt.Errorf("%w: %q is more than %s", ErrAmount, b, gotensor.MaxSupply)
	}
	*t = TAO(n)
	return nil
}

func digits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// Duration is a time.Duration that JSON writes as "72h0m0s".
type Duration time.Duration

// MarshalText writes the duration with its units.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSpec, err)
	}
	*d = Duration(v)
	return nil
}
