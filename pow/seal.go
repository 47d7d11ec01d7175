package pow

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/bits"

	"golang.org/x/crypto/sha3"

	"github.com/gotensor/gotensor"
)

const (
	// Tag separates these messages from everything else that is hashed or signed.
	Tag = "gotensor/pow/v1"
	// HashLen is the length of a block hash and of a seal in bytes.
	HashLen = 32

	nonceLen = 8
	maxChain = math.MaxUint8
)

// Difficulty is the number of hashes that a solution is expected to take, 1 or more.
type Difficulty uint64

// Seal is the hash of a message, big-endian.
type Seal [HashLen]byte

// Challenge is what a newcomer works on. A seal found for it counts for nobody else, nowhere else and only near one block.
type Challenge struct {
	// ChainID is the chain's name, 1 to 255 bytes.
	ChainID string
	// NetUID is the subnet that is to be joined.
	NetUID gotensor.NetUID
	// BlockHash is the hash of a recent block, which dates the work.
	BlockHash [HashLen]byte
	// Hotkey will run the neuron, Coldkey will own it.
	Hotkey, Coldkey gotensor.Address
}

// Validate fails with ErrChallenge if the challenge has no unambiguous encoding.
func (c Challenge) Validate() error {
	if n := len(c.ChainID); n == 0 || n > maxChain {
		return fmt.Errorf("%w: chain id has %d bytes, want 1 to %d", ErrChallenge, n, maxChain)
	}
	return nil
}

// Seal returns the hash of the challenge with a nonce. It fails with ErrChallenge.
func (c Challenge) Seal(nonce uint64) (Seal, error) {
	if err := c.Validate(); err != nil {
		return Seal{}, err
	}
	message := binary.LittleEndian.AppendUint64(c.prefix(), nonce)
	inner := sha256.Sum256(message)
	outer := sha3.NewLegacyKeccak256()
	outer.Write(inner[:])
	var s Seal
	outer.Sum(s[:0])
	return s, nil
}

// Verify tells whether a nonce solves the challenge at a difficulty: nil, or ErrUnsolved, ErrDifficulty or ErrChallenge.
func (c Challenge) Verify(nonce uint64, d Difficulty) error {
	if d == 0 {
		return ErrDifficulty
	}
	s, err := c.Seal(nonce)
	if err != nil {
		return err
	}
	if !s.Meets(d) {
		return fmt.Errorf("nonce %d, difficulty %d, seal %s: %w", nonce, uint64(d), s, ErrUnsolved)
	}
	return nil
}

// prefix is the message up to the nonce, with room for it.
func (c Challenge) prefix() []byte {
	b := make([]byte, 0, 1+len(Tag)+1+len(c.ChainID)+2+HashLen+2*gotensor.AddressLen+nonceLen)
	b = append(b, byte(len(Tag)))
	b = append(b, Tag...)
	b = append(b, byte(len(c.ChainID)))
	b = append(b, c.ChainID...)
	b = binary.LittleEndian.AppendUint16(b, uint16(c.NetUID))
	b = append(b, c.BlockHash[:]...)
	b = append(b, c.Hotkey[:]...)
	return append(b, c.Coldkey[:]...)
}

// Meets tells whether the seal is at most floor((2^256-1)/d). No seal meets a difficulty of zero.
func (s Seal) Meets(d Difficulty) bool {
	return d != 0 && targetOf(d).admits(&s)
}

// String is the seal in hexadecimal.
func (s Seal) String() string { return hex.EncodeToString(s[:]) }

// target is floor((2^256-1)/d) as four words, the highest first.
type target [4]uint64

func targetOf(d Difficulty) target {
	var t target
	var rem uint64
	for i := range t {
		// rem is below d, so the division cannot overflow.
		t[i], rem = bits.Div64(rem, math.MaxUint64, uint64(d))
	}
	return t
}

func (t target) admits(s *Seal) bool {
	for i, limit := range t {
		word := binary.BigEndian.Uint64(s[8*i:])
		if word != limit {
			return word < limit
		}
	}
	return true
}
