package synapse

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// Identity is a caller whose key is proven.
type Identity struct {
	Key     keys.PublicKey
	Address gotensor.Address
}

// Channel is what the server knows of a connection: the exporter value (zero where TLS is ended elsewhere; then no bound proof
// fits) and the hash of its own certificate key.
type Channel struct {
	Exporter [32]byte
	SPKI     [32]byte
}

// Verifier checks proofs for one server. It is safe for concurrent use and keeps at most 2 x replayMax nonces, 8 MiB or so.
type Verifier struct {
	chainID string
	now     func() time.Time
	start   uint64
	seen    *replays
}

// NewVerifier returns a Verifier for one chain. Dated proofs from before its creation are refused, since nonces live in memory only: what
// a former process of this neuron accepted cannot be replayed to its successor, unless the caller's clock was ahead; then for as long
// as it was, MaxSkew at most. Only the caller and whoever has the neuron's certificate key ever see a proof that names it.
func NewVerifier(chainID string, now func() time.Time) (*Verifier, error) {
	if chainID == "" || len(chainID) > MaxChainID {
		return nil, fmt.Errorf("%w: chain id %q has %d bytes, must have 1 to %d", ErrProofMalformed, chainID, len(chainID), MaxChainID)
	}
	return &Verifier{chainID: chainID, now: now, start: unixSeconds(now()), seen: newReplays(replayMax)}, nil
}

// Connection checks a proof of kind Bound or Fresh and returns whose it is. A fresh proof is accepted once.
func (v *Verifier) Connection(b []byte, ch Channel) (Identity, error) {
	p, err := decodeProof(b)
	if err != nil {
		return Identity{}, err
	}
	switch p.kind {
	case KindBound:
		if ch.Exporter == ([32]byte{}) {
			return Identity{}, fmt.Errorf("%w: this server cannot see the TLS connection, send kind %d", ErrProofMalformed, KindFresh)
		}
		return v.check(&p, ch.Exporter[:], "")
	case KindFresh:
		return v.dated(&p, ch.SPKI[:], "")
	default:
		return Identity{}, fmt.Errorf("%w: kind %d proves one HTTP request, a gRPC connection needs kind %d or %d",
			ErrProofMalformed, p.kind, KindBound, KindFresh)
	}
}

// Request checks a proof of kind Request for the method with this path and returns whose it is and the SHA-256 hash that the
// body must have. It is accepted once, before the body is read: the caller of Request compares the hash afterwards.
func (v *Verifier) Request(b []byte, ch Channel, method string) (Identity, [sha256.Size]byte, error) {
	p, err := decodeProof(b)
	if err != nil {
		return Identity{}, [sha256.Size]byte{}, err
	}
	if p.kind != KindRequest || len(method) > MaxMethod {
		return Identity{}, [sha256.Size]byte{}, fmt.Errorf("%w: kind %d, an HTTP request needs kind %d over a path of at most %d bytes",
			ErrProofMalformed, p.kind, KindRequest, MaxMethod)
	}
	id, err := v.dated(&p, ch.SPKI[:], method)
	return id, p.bodyHash, err
}

// dated checks time, signature and nonce in this order: the cheap refusal first, and the nonce is remembered only if the
// signature is good, so that nobody can use up another's nonce or fill the memory without work.
func (v *Verifier) dated(p *proof, channel []byte, method string) (Identity, error) {
	now := unixSeconds(v.now())
	const skew = uint64(MaxSkew / time.Second)
	switch {
	case p.unix < v.start:
		return Identity{}, fmt.Errorf("%w: signed at unix time %d, before this neuron started (%d)", ErrProofExpired, p.unix, v.start)
	case p.unix+skew < now || p.unix > now+skew:
		return Identity{}, fmt.Errorf("%w: signed at unix time %d, server has %d, at most %v apart", ErrProofExpired, p.unix, now, MaxSkew)
	}
	id, err := v.check(p, channel, method)
	if err != nil {
		return Identity{}, err
	}
	return id, v.seen.use(p, now)
}

func (v *Verifier) check(p *proof, channel []byte, method string) (Identity, error) {
	addr, err := p.key.Address()
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the public key is no point of the curve", ErrProofMalformed)
	}
	if keys.Verify(p.key, p.tag(), p.message(v.chainID, channel, method), p.sig) != nil {
		return Identity{}, ErrProofSignature
	}
	return Identity{Key: p.key, Address: addr}, nil
}
