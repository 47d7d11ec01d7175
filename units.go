package gotensor

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
)

// Units of account. One TAO is 1e9 rao (the unit the economy computes in) and 1e18 atao (the bank denomination,
// which has 18 decimals so that an EVM can share the ledger).
const (
	// BaseDenom is the denomination in which the bank module keeps balances.
	BaseDenom = "atao"
	// RaoPerTAO is the number of rao in one TAO.
	RaoPerTAO Rao = 1_000_000_000
	// AtaoPerRao is the number of atao in one rao.
	AtaoPerRao uint64 = 1_000_000_000
	// MaxSupply is the most rao that will ever be issued: 21 million TAO.
	MaxSupply = 21_000_000 * RaoPerTAO
	// Bech32Prefix starts every account address; validator operators use Bech32Prefix + "valoper".
	Bech32Prefix = "tao"
	// AddressLen is the length of an account address in bytes.
	AddressLen = 20
)

// Rao is an amount of money in rao, 1e-9 TAO.
type Rao uint64

// NetUID numbers a subnet, from 1.
type NetUID uint16

// UID is a neuron's slot within its subnet, 0..n-1.
type UID uint16

// Block is a height of the chain, or a count of blocks.
type Block uint64

// Address is an account: the last 20 bytes of the keccak256 hash of an uncompressed secp256k1 public key, as on Ethereum.
// Package keys converts it to and from its bech32 form.
type Address [AddressLen]byte

// ErrOverflow is returned by arithmetic on amounts that leaves the range of Rao.
var ErrOverflow = errors.New("amount overflows uint64")

// ErrAddress is returned for a byte string that is not an address.
var ErrAddress = errors.New("invalid address")

// Add returns r + s, or ErrOverflow.
func (r Rao) Add(s Rao) (Rao, error) {
	if s > math.MaxUint64-r {
		return 0, fmt.Errorf("%d + %d rao: %w", uint64(r), uint64(s), ErrOverflow)
	}
	return r + s, nil
}

// Sub returns r - s, or ErrOverflow if s is larger than r.
func (r Rao) Sub(s Rao) (Rao, error) {
	if s > r {
		return 0, fmt.Errorf("%d - %d rao: %w", uint64(r), uint64(s), ErrOverflow)
	}
	return r - s, nil
}

// Atao returns the amount in atao.
func (r Rao) Atao() *big.Int {
	a := new(big.Int).SetUint64(uint64(r))
	return a.Mul(a, new(big.Int).SetUint64(AtaoPerRao))
}

// RaoFromAtao returns the whole rao in an amount of atao and the atao that remain, 0..1e9-1. It fails with ErrOverflow on a
// negative amount or one of 2^64 rao and more.
func RaoFromAtao(atao *big.Int) (Rao, uint64, error) {
	q, rem := new(big.Int).QuoRem(atao, new(big.Int).SetUint64(AtaoPerRao), new(big.Int))
	if atao.Sign() < 0 || !q.IsUint64() {
		return 0, 0, fmt.Errorf("%s atao: %w", atao, ErrOverflow)
	}
	return Rao(q.Uint64()), rem.Uint64(), nil
}

// TAO returns the amount in TAO for display; money is never computed from it.
func (r Rao) TAO() float64 { return float64(r) / float64(RaoPerTAO) }

// String prints the amount in TAO with nine decimals, e.g. "1.500000000 TAO".
func (r Rao) String() string {
	return fmt.Sprintf("%d.%09d TAO", uint64(r/RaoPerTAO), uint64(r%RaoPerTAO))
}

// AddressFromBytes copies b into an Address; it fails with ErrAddress unless b has 20 bytes.
func AddressFromBytes(b []byte) (Address, error) {
	var a Address
	if len(b) != AddressLen {
		return a, fmt.Errorf("%w: %d bytes, want %d", ErrAddress, len(b), AddressLen)
	}
	copy(a[:], b)
	return a, nil
}

// Bytes returns the address as a fresh slice.
func (a Address) Bytes() []byte { return append([]byte(nil), a[:]...) }

// IsZero tells whether the address is unset.
func (a Address) IsZero() bool { return a == Address{} }

// String is the hexadecimal form with 0x, for logs; people see the bech32 form (package keys).
func (a Address) String() string { return "0x" + hex.EncodeToString(a[:]) }
