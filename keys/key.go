package keys

import (
	"encoding/hex"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"golang.org/x/crypto/sha3"

	"github.com/gotensor/gotensor"
)

const (
	// PrivateKeyLen is the length of a private key in bytes.
	PrivateKeyLen = 32
	// PublicKeyLen is the length of a compressed public key in bytes.
	PublicKeyLen = 33
)

// PrivateKey signs. It prints as "[redacted]". The zero value is no key: its methods panic.
type PrivateKey struct{ key sealed[secp256k1.PrivateKey] }

// GenerateKey returns a new random key, for keys that need no words: a hotkey can always be replaced.
func GenerateKey() (PrivateKey, error) {
	key, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		return PrivateKey{}, fmt.Errorf("random key: %w", err)
	}
	return PrivateKey{key: seal(*key)}, nil
}

// NewPrivateKey reads 32 big-endian bytes. It fails with ErrKey unless they are a number from 1 to the order of the curve less 1.
func NewPrivateKey(b []byte) (PrivateKey, error) {
	if len(b) != PrivateKeyLen {
		return PrivateKey{}, fmt.Errorf("%w: private key has %d bytes, want %d", ErrKey, len(b), PrivateKeyLen)
	}
	var scalar secp256k1.ModNScalar
	if overflow := scalar.SetByteSlice(b); overflow || scalar.IsZero() {
		return PrivateKey{}, fmt.Errorf("%w: private key is zero or beyond the order of the curve", ErrKey)
	}
	return PrivateKey{key: seal(*secp256k1.NewPrivateKey(&scalar))}, nil
}

// Bytes returns the key, 32 big-endian bytes.
func (k PrivateKey) Bytes() []byte { return k.key.open().Serialize() }

// IsZero tells whether there is no key.
func (k PrivateKey) IsZero() bool { return k.key.isZero() }

// PublicKey returns the key's public half.
func (k PrivateKey) PublicKey() PublicKey {
	return PublicKey(k.key.open().PubKey().SerializeCompressed())
}

// Address returns the address of the key's account.
func (k PrivateKey) Address() gotensor.Address { return addressOf(k.key.open().PubKey()) }

// PublicKey is a compressed secp256k1 public key. A value made by ParsePublicKey, PublicKeyFromProto, Recover or PrivateKey.PublicKey is a point of the
// curve; other values verify nothing.
type PublicKey [PublicKeyLen]byte

// ParsePublicKey reads 33 bytes; it fails with ErrKey unless they are a point of the curve.
func ParsePublicKey(b []byte) (PublicKey, error) {
	if len(b) != PublicKeyLen {
		return PublicKey{}, fmt.Errorf("%w: public key has %d bytes, want %d", ErrKey, len(b), PublicKeyLen)
	}
	if _, err := secp256k1.ParsePubKey(b); err != nil {
		return PublicKey{}, fmt.Errorf("%w: public key: %w", ErrKey, err)
	}
	return PublicKey(b), nil
}

// Address returns the account of the public key, or ErrKey if it is not a point of the curve.
func (p PublicKey) Address() (gotensor.Address, error) {
	point, err := secp256k1.ParsePubKey(p[:])
	if err != nil {
		return gotensor.Address{}, fmt.Errorf("%w: public key: %w", ErrKey, err)
	}
	return addressOf(point), nil
}

// String is the public key in hexadecimal.
func (p PublicKey) String() string { return hex.EncodeToString(p[:]) }

// addressOf is the last 20 bytes of keccak256 of the two coordinates.
func addressOf(point *secp256k1.PublicKey) gotensor.Address {
	hash := keccak256(point.SerializeUncompressed()[1:])
	return gotensor.Address(hash[len(hash)-gotensor.AddressLen:])
}

func keccak256(parts ...[]byte) []byte {
	h := sha3.NewLegacyKeccak256()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}
