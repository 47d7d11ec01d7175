package synapse

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gotensor/gotensor/keys"
)

// How proofs travel and how long dated ones live.
const (
	// MetadataKey is the gRPC metadata key of a proof; the suffix makes gRPC encode the bytes as base64.
	MetadataKey = "gt-proof-bin"
	// HTTPHeader is the HTTP header of a proof in standard base64 with padding.
	HTTPHeader = "Gt-Proof"
	// TargetKey is the gRPC metadata key under which a caller names the neuron that it means, by its hotkey's address (tao1...). The
	// chain lets a neuron list any endpoint and any certificate key, another's too: a neuron that is not meant must not answer. Like the
	// proof it may be left out on a connection on which a call that carried it was answered.
	TargetKey = "gt-to"
	// HTTPTarget is TargetKey as an HTTP header.
	HTTPTarget = "Gt-To"
	// ExporterLabel is the label of the TLS exporter value (no context, 32 bytes) that a bound proof signs.
	ExporterLabel = "EXPORTER-gotensor-proof-v1"
	// MaxSkew is how far a dated proof may be from the server's clock, either way.
	MaxSkew = 30 * time.Second
	// DefaultTimeout is the deadline of a call that sets none, and the wait that an HTTP call without a timeout header gets.
	DefaultTimeout = 12 * time.Second
	// NonceLen is the length in bytes of the nonce of a dated proof.
	NonceLen = 16
	// MaxChainID is the most bytes of a chain id: it is length-prefixed by one byte, and CometBFT allows 50.
	MaxChainID = 50
	// MaxMethod is the most bytes of a method's path in a request proof.
	MaxMethod = 255
)

// Kind is the first byte of a proof: version and kind in one.
type Kind byte

// Kinds of proof, see the package comment.
const (
	KindBound   Kind = 1
	KindFresh   Kind = 2
	KindRequest Kind = 3
)

// Domain tags of what is signed.
const (
	tagBound   = "gotensor/proof/bound/v1"
	tagFresh   = "gotensor/proof/fresh/v1"
	tagRequest = "gotensor/proof/request/v1"
)

const (
	keyLen     = 33 // compressed secp256k1 public key
	sigLen     = 64 // r || s
	timeLen    = 8
	boundLen   = 1 + keyLen + sigLen
	freshLen   = 1 + keyLen + timeLen + NonceLen + sigLen
	requestLen = 1 + keyLen + timeLen + NonceLen + sha256.Size + sigLen
)

// Signer signs with a neuron's hotkey; keys.PrivateKey is one. Of the signature the first 64 bytes, r || s, travel.
type Signer interface {
	PublicKey() keys.PublicKey
	Sign(tag string, msg []byte) ([]byte, error)
}

// Stamp dates a proof of kind Fresh or Request and names the server it is for.
type Stamp struct {
	// SPKI is the SHA-256 hash of the server's certificate key, see SPKIHash: what the chain lists and the caller pinned.
	SPKI [32]byte
	// Time of signing; whole seconds count.
	Time time.Time
	// Nonce is random and used once.
	Nonce [NonceLen]byte
}

// proof is a decoded proof; the fields that its kind lacks are zero.
type proof struct {
	kind     Kind
	key      keys.PublicKey
	unix     uint64
	nonce    [NonceLen]byte
	bodyHash [sha256.Size]byte
	sig      []byte
}

// ProveBound makes a proof for one TLS connection from its exporter value (ExporterLabel, no context, 32 bytes):
//
//	1 || public key 33 || signature 64 over ("gotensor/proof/bound/v1", u8 length || chain id || exporter 32)
func ProveBound(s Signer, chainID string, exporter [32]byte) ([]byte, error) {
	p := proof{kind: KindBound, key: s.PublicKey()}
	return p.sign(s, chainID, exporter[:], "")
}

// ProveFresh makes a proof for one connection to the server that the stamp names, without reading the connection:
//
//	2 || public key 33 || unix seconds u64 LE || nonce 16 || signature 64 over
//	("gotensor/proof/fresh/v1", u8 length || chain id || server key hash 32 || unix seconds u64 LE || nonce 16)
func ProveFresh(s Signer, chainID string, st Stamp) ([]byte, error) {
	p := proof{kind: KindFresh, key: s.PublicKey(), unix: unixSeconds(st.Time), nonce: st.Nonce}
	return p.sign(s, chainID, st.SPKI[:], "")
}

// ProveRequest makes a proof for one HTTP request: method is its path, e.g. "/gotensor.text.v1.Text/Predict", body its whole body.
//
//	3 || public key 33 || unix seconds u64 LE || nonce 16 || sha256(body) 32 || signature 64 over
//	("gotensor/proof/request/v1", u8 length || chain id || server key hash 32 || unix seconds u64 LE || nonce 16 ||
//	u8 length || method || sha256(body) 32)
func ProveRequest(s Signer, chainID string, st Stamp, method string, body []byte) ([]byte, error) {
	if len(method) > MaxMethod {
		return nil, fmt.Errorf("%w: method has %d bytes, at most %d are possible", ErrProofMalformed, len(method), MaxMethod)
	}
	p := proof{
		kind: KindRequest, key: s.PublicKey(), unix: unixSeconds(st.Time), nonce: st.Nonce,
		bodyHash: sha256.Sum256(body),
	}
	return p.sign(s, chainID, st.SPKI[:], method)
}

// sign fills in the signature and encodes the proof; channel is the exporter value or the server's key hash.
func (p *proof) sign(s Signer, chainID string, channel []byte, method string) ([]byte, error) {
	if chainID == "" || len(chainID) > MaxChainID {
		return nil, fmt.Errorf("%w: chain id %q has %d bytes, must have 1 to %d", ErrProofMalformed, chainID, len(chainID), MaxChainID)
	}
	sig, err := s.Sign(p.tag(), p.message(chainID, channel, method))
	if err != nil {
		return nil, fmt.Errorf("sign proof: %w", err)
	}
	if len(sig) < sigLen {
		return nil, fmt.Errorf("%w: signer made %d bytes, want at least %d", ErrProofSignature, len(sig), sigLen)
	}
	p.sig = sig[:sigLen]
	return p.encode(), nil
}

func (p *proof) tag() string {
	switch p.kind {
	case KindBound:
		return tagBound
	case KindFresh:
		return tagFresh
	default:
		return tagRequest
	}
}

// message is what is signed. Every part has a fixed length or is length-prefixed, so no two proofs share a message.
func (p *proof) message(chainID string, channel []byte, method string) []byte {
	m := make([]byte, 0, 256)
	m = append(m, byte(len(chainID)))
	m = append(m, chainID...)
	m = append(m, channel...)
	if p.kind == KindBound {
		return m
	}
	m = binary.LittleEndian.AppendUint64(m, p.unix)
	m = append(m, p.nonce[:]...)
	if p.kind == KindRequest {
		m = append(m, byte(len(method)))
		m = append(m, method...)
		m = append(m, p.bodyHash[:]...)
	}
	return m
}

func (p *proof) encode() []byte {
	b := make([]byte, 0, requestLen)
	b = append(b, byte(p.kind))
	b = append(b, p.key[:]...)
	if p.kind != KindBound {
		b = binary.LittleEndian.AppendUint64(b, p.unix)
		b = append(b, p.nonce[:]...)
	}
	if p.kind == KindRequest {
		b = append(b, p.bodyHash[:]...)
	}
	return append(b, p.sig...)
}

// decodeProof reads a proof; it fails with ErrProofAbsent or ErrProofMalformed. Every kind has one length only.
func decodeProof(b []byte) (proof, error) {
	if len(b) == 0 {
		return proof{}, ErrProofAbsent
	}
	p := proof{kind: Kind(b[0])}
	want := 0
	switch p.kind {
	case KindBound:
		want = boundLen
	case KindFresh:
		want = freshLen
	case KindRequest:
		want = requestLen
	default:
		return proof{}, fmt.Errorf("%w: kind %d is unknown, want 1 (bound), 2 (fresh) or 3 (request)", ErrProofMalformed, b[0])
	}
	if len(b) != want {
		return proof{}, fmt.Errorf("%w: %d bytes, kind %d has %d", ErrProofMalformed, len(b), p.kind, want)
	}
	r := bytes.NewBuffer(b[1:])
	copy(p.key[:], r.Next(keyLen))
	if p.kind != KindBound {
		p.unix = binary.LittleEndian.Uint64(r.Next(timeLen))
		copy(p.nonce[:], r.Next(NonceLen))
	}
	if p.kind == KindRequest {
		copy(p.bodyHash[:], r.Next(sha256.Size))
	}
	p.sig = r.Next(sigLen)
	return p, nil
}

// ProofKey returns the public key that a proof claims, unchecked; false if b is no proof.
func ProofKey(b []byte) (keys.PublicKey, bool) {
	p, err := decodeProof(b)
	return p.key, err == nil
}

// unixSeconds is never negative: times before 1970 only occur with a broken clock, and then the proof is simply out of date.
func unixSeconds(t time.Time) uint64 { return uint64(max(t.Unix(), 0)) }
