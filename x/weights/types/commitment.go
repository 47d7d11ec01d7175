package types

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	errorsmod "cosmossdk.io/errors"

	"github.com/gotensor/gotensor"
)

const (
	// SaltLen is the length of a commitment's salt in bytes.
	SaltLen = 32
	// HashLen is the length of a commitment in bytes.
	HashLen = sha256.Size

	commitmentTag = "gotensor/weights/v1"
)

// Preimage is everything that a commitment binds. Nobody else, in no other period, subnet or chain, can open it.
type Preimage struct {
	// ChainID is the name of the chain, 1 to 255 bytes.
	ChainID string
	NetUID  gotensor.NetUID
	Hotkey  gotensor.Address
	// RegisteredHeight is that of the hotkey's present registration.
	RegisteredHeight uint64
	// Epoch is the period in which the commitment is made.
	Epoch uint64
	// Row is the hidden row of weights.
	Row Row
	// Salt is 32 random bytes. Keep it on disk before the commitment is sent: without it the row cannot be revealed.
	Salt []byte
}

// Hash returns the commitment: SHA-256 over the tag "gotensor/weights/v1" and the chain id, each after its length in one byte,
// netuid (u16), hotkey, registered height (u64), epoch (u64), the row's uids and then its values (u16 each), and the salt;
// integers are little-endian. It fails with ErrField for a bad length, ErrRow for a row out of order.
func (p Preimage) Hash() ([HashLen]byte, error) {
	var none [HashLen]byte
	if len(p.ChainID) == 0 || len(p.ChainID) > math.MaxUint8 {
		return none, errorsmod.Wrapf(ErrField, "chain id has %d bytes, want 1 to %d", len(p.ChainID), math.MaxUint8)
	}
	if len(p.Salt) != SaltLen {
		return none, errorsmod.Wrapf(ErrField, "salt has %d bytes, want %d", len(p.Salt), SaltLen)
	}
	if err := p.Row.Validate(); err != nil {
		return none, err
	}
	b := append([]byte{byte(len(commitmentTag))}, commitmentTag...)
	b = append(append(b, byte(len(p.ChainID))), p.ChainID...)
	b = binary.LittleEndian.AppendUint16(b, uint16(p.NetUID))
	b = append(b, p.Hotkey[:]...)
	b = binary.LittleEndian.AppendUint64(b, p.RegisteredHeight)
	b = binary.LittleEndian.AppendUint64(b, p.Epoch)
	b = append(b, p.Row.bytes()...)
	b = append(b, p.Salt...)
	return sha256.Sum256(b), nil
}
