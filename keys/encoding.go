package keys

import (
	"fmt"
	"strings"

	"github.com/cosmos/btcutil/bech32"

	"github.com/gotensor/gotensor"
)

// PublicKeyTypeURL names the chain's public keys inside a google.protobuf.Any.
const PublicKeyTypeURL = "/cosmos.evm.crypto.v1.ethsecp256k1.PubKey"

// Protobuf tags: field number << 3 | wire type 2 (length-delimited).
const (
	field1 = 1<<3 | 2
	field2 = 2<<3 | 2
)

const operatorPrefix = gotensor.Bech32Prefix + "valoper"

// Proto returns the public key as the chain's message, `bytes key = 1`: the value of an Any of type PublicKeyTypeURL.
func (p PublicKey) Proto() []byte {
	return append([]byte{field1, PublicKeyLen}, p[:]...)
}

// Any returns the public key as an encoded google.protobuf.Any.
func (p PublicKey) Any() []byte {
	value := p.Proto()
	b := append([]byte{field1, byte(len(PublicKeyTypeURL))}, PublicKeyTypeURL...)
	b = append(b, field2, byte(len(value)))
	return append(b, value...)
}

// PublicKeyFromProto reads what Proto writes. It fails with ErrKey for anything else.
func PublicKeyFromProto(b []byte) (PublicKey, error) {
	if len(b) != 2+PublicKeyLen || b[0] != field1 || b[1] != PublicKeyLen {
		return PublicKey{}, fmt.Errorf("%w: %d bytes are not an encoded eth_secp256k1 public key", ErrKey, len(b))
	}
	return ParsePublicKey(b[2:])
}

// Account returns the form of an address that people see, tao1...
func Account(a gotensor.Address) string { return encode(gotensor.Bech32Prefix, a) }

// Operator returns the form that names the staking validator of an account, taovaloper1...
func Operator(a gotensor.Address) string { return encode(operatorPrefix, a) }

// ParseAccount reads tao1...; it fails with gotensor.ErrAddress, naming what is wrong.
func ParseAccount(s string) (gotensor.Address, error) { return decode(gotensor.Bech32Prefix, s) }

// ParseOperator reads taovaloper1...; it fails with gotensor.ErrAddress, naming what is wrong.
func ParseOperator(s string) (gotensor.Address, error) { return decode(operatorPrefix, s) }

func encode(prefix string, a gotensor.Address) string {
	s, err := bech32.EncodeFromBase256(prefix, a[:])
	if err != nil {
		panic("keys: bech32 of 20 bytes: " + err.Error()) // prefix and length are fixed
	}
	return s
}

func decode(prefix, s string) (gotensor.Address, error) {
	const longest = 90 // the limit of bech32 itself
	if len(s) > longest {
		return gotensor.Address{}, fmt.Errorf("%w: %d characters, want %s1 and 38 more", gotensor.ErrAddress, len(s), prefix)
	}
	got, b, err := bech32.DecodeToBase256(strings.TrimSpace(s))
	if err != nil {
		return gotensor.Address{}, fmt.Errorf("%w %q: %w", gotensor.ErrAddress, s, err)
	}
	if got != prefix {
		return gotensor.Address{}, fmt.Errorf("%w %q: it starts with %s1, want %s1", gotensor.ErrAddress, s, got, prefix)
	}
	a, err := gotensor.AddressFromBytes(b)
	if err != nil {
		return gotensor.Address{}, fmt.Errorf("%q: %w", s, err)
	}
	return a, nil
}
