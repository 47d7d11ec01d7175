package keys

import (
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// SignatureLen is the length of a signature in bytes: r 32, s 32, and the recovery id, 0 to 3. The chain also takes it without the last byte.
const SignatureLen = 65

const (
	rsLen = 64
	// compactBase is the first byte of decred's compact form for an uncompressed key and recovery id 0.
	compactBase = 27
	// messagePrefix starts all that Sign signs. No transaction starts so: sign bytes of the chain start with 0x0a, Ethereum
	// transactions with less than 0x05 or more than 0xbf, and after 0x19 ERC-191 knows only 0x00, 0x01 and 0x45.
	messagePrefix = "\x19gotensor message\n"
)

// SignTx signs the sign bytes of a transaction as the chain's eth_secp256k1 keys do: deterministic ECDSA over keccak256(signBytes), low s, 65
// bytes. (The keys of cosmos/evm take 32 bytes for a hash and skip hashing them, although their check hashes always; sign bytes of a
// transaction are never that short.)
//
// It also signs statements whose bytes carry a tag of their own and that the chain checks, such as those of AppointBytes, GrantBytes and
// RegisterBytes in x/neuron/types. For all else use Sign.
func (k PrivateKey) SignTx(signBytes []byte) []byte { return k.signDigest(keccak256(signBytes)) }

// Sign signs a message for one purpose, named by a tag of 1 to 255 bytes such as "gotensor/appoint/v1": a signature under one tag is worth
// nothing under another, nor as a transaction. It returns 65 bytes, or ErrTag.
func (k PrivateKey) Sign(tag string, msg []byte) ([]byte, error) {
	signed, err := Message(tag, msg)
	if err != nil {
		return nil, err
	}
	return k.signDigest(keccak256(signed)), nil
}

// Message returns the bytes behind a signature of Sign, so that whoever checks signatures over keccak256 (the chain, a contract) can check
// them: "\x19gotensor message\n" | len(tag) u8 | tag | msg. It fails with ErrTag.
func Message(tag string, msg []byte) ([]byte, error) {
	if n := len(tag); n == 0 || n > 255 {
		return nil, fmt.Errorf("%w: %d bytes, want 1 to 255", ErrTag, n)
	}
	b := make([]byte, 0, len(messagePrefix)+1+len(tag)+len(msg))
	b = append(b, messagePrefix...)
	b = append(b, byte(len(tag)))
	b = append(b, tag...)
	return append(b, msg...), nil
}

// Verify checks a signature of Sign, of 65 or 64 bytes. It fails with ErrSignature, ErrTag or ErrKey.
func Verify(pub PublicKey, tag string, msg, sig []byte) error {
	signed, err := Message(tag, msg)
	if err != nil {
		return err
	}
	return verifyDigest(pub, keccak256(signed), sig)
}

// VerifyTx checks a signature of SignTx, of 65 or 64 bytes, as the chain does. It fails with ErrSignature or ErrKey.
func VerifyTx(pub PublicKey, signBytes, sig []byte) error {
	return verifyDigest(pub, keccak256(signBytes), sig)
}

// Recover returns the public key that made a signature of Sign, of 65 bytes. It fails with ErrSignature or ErrTag. Any 65 bytes of the right
// form are some key's signature: compare the result with the key that is expected.
func Recover(tag string, msg, sig []byte) (PublicKey, error) {
	signed, err := Message(tag, msg)
	if err != nil {
		return PublicKey{}, err
	}
	if len(sig) != SignatureLen {
		return PublicKey{}, fmt.Errorf("%w: %d bytes, want %d", ErrSignature, len(sig), SignatureLen)
	}
	if _, err := parseRS(sig); err != nil {
		return PublicKey{}, err
	}
	if id := sig[rsLen]; id > 3 {
		return PublicKey{}, fmt.Errorf("%w: recovery id is %d, want 0 to 3", ErrSignature, id)
	}
	compact := append([]byte{compactBase + sig[rsLen]}, sig[:rsLen]...)
	point, _, err := ecdsa.RecoverCompact(compact, keccak256(signed))
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return PublicKey(point.SerializeCompressed()), nil
}

func (k PrivateKey) signDigest(digest []byte) []byte {
	compact := ecdsa.SignCompact(k.key.open(), digest, false)
	return append(compact[1:], compact[0]-compactBase)
}

func verifyDigest(pub PublicKey, digest, sig []byte) error {
	point, err := secp256k1.ParsePubKey(pub[:])
	if err != nil {
		return fmt.Errorf("%w: public key: %w", ErrKey, err)
	}
	parsed, err := parseRS(sig)
	if err != nil {
		return err
	}
	if !parsed.Verify(digest, point) {
		return fmt.Errorf("%w: not made by this key for this message", ErrSignature)
	}
	return nil
}

// parseRS reads r and s. A high s is refused: with it, every signature would have a second form.
func parseRS(sig []byte) (*ecdsa.Signature, error) {
	if len(sig) != rsLen && len(sig) != SignatureLen {
		return nil, fmt.Errorf("%w: %d bytes, want %d or %d", ErrSignature, len(sig), rsLen, SignatureLen)
	}
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:rsLen]) {
		return nil, fmt.Errorf("%w: r or s is beyond the order of the curve", ErrSignature)
	}
	if r.IsZero() || s.IsZero() || s.IsOverHalfOrder() {
		return nil, fmt.Errorf("%w: r or s is zero, or s is in the upper half", ErrSignature)
	}
	return ecdsa.NewSignature(&r, &s), nil
}
