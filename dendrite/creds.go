package dendrite

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/credentials"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/synapse"
)

var (
	errClientOnly = errors.New("dendrite: these credentials are for clients")
	errNoProof    = errors.New("dendrite: connection carries no proof")
)

// pinned does the client's handshake with one target: TLS 1.3 with the pinned key, then the proof bound to this connection.
type pinned struct {
	signer  synapse.Signer
	chainID string
	target  Target
	n       *counters

	mu   sync.Mutex
	last error // of the latest handshake, nil if it succeeded
}

// ClientHandshake implements credentials.TransportCredentials.
func (p *pinned) ClientHandshake(ctx context.Context, _ string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	raw = p.n.open(raw)
	c, info, err := p.handshake(ctx, raw)
	p.mu.Lock()
	p.last = err
	p.mu.Unlock()
	if err != nil {
		p.n.failed.Add(1)
		return nil, nil, errors.Join(err, raw.Close())
	}
	p.n.handshakes.Add(1)
	return c, info, nil
}

func (p *pinned) handshake(ctx context.Context, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c := tls.Client(raw, p.tlsConfig())
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, nil, err
	}
	state := c.ConnectionState()
	exporter, err := state.ExportKeyingMaterial(synapse.ExporterLabel, nil, 32)
	if err != nil {
		return nil, nil, fmt.Errorf("read TLS exporter: %w", err)
	}
	proof, err := synapse.ProveBound(p.signer, p.chainID, [32]byte(exporter))
	if err != nil {
		return nil, nil, err
	}
	info := &authInfo{
		CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
		metadata:       map[string]string{synapse.MetadataKey: string(proof)},
	}
	if p.target.Hotkey != (gotensor.Address{}) {
		info.metadata[synapse.TargetKey] = keys.Account(p.target.Hotkey)
	}
	return c, info, nil
}

func (p *pinned) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"h2"}, // alone: that is how the axon knows a gRPC client
		ServerName: synapse.ServerName,
		// No authority vouches for neurons: the chain lists the key itself, and it is checked below on every handshake.
		InsecureSkipVerify: true, //nolint:gosec // see above
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return fmt.Errorf("%w: it sent no certificate", ErrPin)
			}
			if got := synapse.LeafHash(s.PeerCertificates[0]); got != p.target.Pin {
				return fmt.Errorf("%w: got %x, want %x", ErrPin, got, p.target.Pin)
			}
			return nil
		},
	}
}

func (p *pinned) lastErr() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// ServerHandshake implements credentials.TransportCredentials.
func (p *pinned) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errClientOnly
}

// Info implements credentials.TransportCredentials.
func (p *pinned) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone implements credentials.TransportCredentials. The state is per target, and so is the connection: sharing it is right.
func (p *pinned) Clone() credentials.TransportCredentials { return p }

// OverrideServerName implements credentials.TransportCredentials; the pin decides, not the name.
func (p *pinned) OverrideServerName(string) error { return nil }

// authInfo carries the proof of its own connection, so that a reconnect can never send the proof of the connection before.
type authInfo struct {
	credentials.CommonAuthInfo
	metadata map[string]string
	known    atomic.Bool // the neuron has answered a call with this proof, and remembers it as long as the connection lives
}

// AuthType implements credentials.AuthInfo.
func (*authInfo) AuthType() string { return "gotensor-proof" }

// proofs sends with each call the proof of the connection it travels on, until one was answered: from then on the neuron knows.
type proofs struct{}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (proofs) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	ri, _ := credentials.RequestInfoFromContext(ctx)
	info, ok := ri.AuthInfo.(*authInfo)
	if !ok {
		return nil, errNoProof
	}
	if info.known.Load() {
		return nil, nil //nolint:nilnil // no metadata
	}
	if o, ok := ctx.Value(outgoingKey{}).(*outgoing); ok {
		o.auth = info
	}
	return info.metadata, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (proofs) RequireTransportSecurity() bool { return true }
