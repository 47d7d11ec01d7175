// Package addr converts between the addresses of the vocabulary and the bech32 strings of messages and genesis.
//
// It has no global state: the prefixes are those of package gotensor, so that a message validates alike in every program.
// Start at Account.
package addr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cosmos/cosmos-sdk/types/bech32"

	"github.com/gotensor/gotensor"
)

// ValidatorPrefix starts the operator address of a staking validator.
const ValidatorPrefix = gotensor.Bech32Prefix + "valoper"

// ErrInvalid is returned for a string that is not an address of the wanted kind.
var ErrInvalid = errors.New("invalid address")

// Account decodes an account address, "tao1...". It fails with ErrInvalid.
func Account(s string) (gotensor.Address, error) { return decode(gotensor.Bech32Prefix, s) }

// Validator decodes the operator address of a staking validator, "taovaloper1...". It fails with ErrInvalid.
func Validator(s string) (gotensor.Address, error) { return decode(ValidatorPrefix, s) }

// FormatAccount encodes an account address.
func FormatAccount(a gotensor.Address) string { return encode(gotensor.Bech32Prefix, a) }

// FormatValidator encodes the operator address of a staking validator.
func FormatValidator(a gotensor.Address) string { return encode(ValidatorPrefix, a) }

func decode(prefix, s string) (gotensor.Address, error) {
	if s == "" {
		return gotensor.Address{}, fmt.Errorf("%w: it is empty, want one that begins with %s1", ErrInvalid, prefix)
	}
	if len(s) > 90 {
		return gotensor.Address{}, fmt.Errorf("%w: %d characters, want %s1... of at most 90", ErrInvalid, len(s), prefix)
	}
	// One address has one spelling, and bech32 also reads capitals.
	if low := strings.ToLower(s); s != low {
		return gotensor.Address{}, fmt.Errorf("%w %q: want it in lower case, %s", ErrInvalid, s, low)
	}
	hrp, b, err := bech32.DecodeAndConvert(s)
	if err != nil {
		return gotensor.Address{}, fmt.Errorf("%w %q: %w", ErrInvalid, s, err)
	}
	if hrp != prefix {
		return gotensor.Address{}, fmt.Errorf("%w %q: it starts with %q, want %q", ErrInvalid, s, hrp, prefix)
	}
	a, err := gotensor.AddressFromBytes(b)
	if err != nil {
		return a, fmt.Errorf("%w %q: %w", ErrInvalid, s, err)
	}
	return a, nil
}

func encode(prefix string, a gotensor.Address) string {
	s, err := bech32.ConvertAndEncode(prefix, a[:])
	if err != nil {
		panic(fmt.Sprintf("encode 20 bytes with prefix %q: %v", prefix, err)) // cannot happen: any 20 bytes encode
	}
	return s
}
