package dendrite

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"google.golang.org/grpc/stats"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/synapse"
)

// Target is one neuron and its endpoint as the chain lists them.
type Target struct {
	// Addr is the address and port to dial.
	Addr netip.AddrPort
	// Pin is the SHA-256 hash of the certificate's public key, see synapse.SPKIHash.
	Pin [32]byte
	// Hotkey is whom the call is for, so that no neuron earns with another's endpoint: that one refuses what is not for it. Zero: not
	// said, for callers who do not care whose answer it is.
	Hotkey gotensor.Address
}

// Config describes a Client. ChainID and Signer are required; every other zero value means its default.
type Config struct {
	// ChainID is the chain that proofs name, 1 to 50 bytes.
	ChainID string
	// Signer is our hotkey.
	Signer synapse.Signer
	// Timeout is the deadline of a call whose context has none, or a later one (12 s).
	Timeout time.Duration
	// ConnectTimeout bounds one attempt to connect, handshake included (5 s).
	ConnectTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept (5 min); a target unused for twice that is forgotten.
	IdleTimeout time.Duration
	// MaxConns bounds the connections to one target (8). One is enough until CallsPerConn calls and streams are in progress on it (128);
	// then others are made beside it, and used once they are there: on a network that loses packets a thousand streams over one
	// connection would wait for each other.
	MaxConns, CallsPerConn int
	// MaxMessageBytes bounds one encoded answer (16 MiB).
	MaxMessageBytes int
	// MaxTargets bounds the targets remembered (8192); beyond it the one unused for longest is dropped.
	MaxTargets int
	// Public is for clients that strangers can make call a neuron, such as gateways: they call no address that means something only near
	// it (loopback, private, of a provider's own). A neuron may announce any, so its owner could have them knock at doors that are
	// closed to him. Link-local addresses, where clouds keep their secrets, are never called.
	Public bool
	// StatsHandler is told of every call and connection, e.g. OpenTelemetry's; nil costs nothing.
	StatsHandler stats.Handler
}

// Client calls neurons. It is safe for concurrent use; Close it at the end.
type Client struct {
	cfg      Config
	counters counters

	mu     sync.RWMutex
	conns  map[Target]*entry
	swept  time.Time
	closed bool
}

// New returns a Client; it fails with ErrConfig.
func New(cfg Config) (*Client, error) {
	switch {
	case cfg.ChainID == "" || len(cfg.ChainID) > synapse.MaxChainID:
		return nil, fmt.Errorf("%w: ChainID %q has %d bytes, must have 1 to %d", ErrConfig, cfg.ChainID, len(cfg.ChainID), synapse.MaxChainID)
	case cfg.Signer == nil:
		return nil, fmt.Errorf("%w: Signer is nil, neurons answer proven keys only", ErrConfig)
	case cfg.Timeout < 0 || cfg.ConnectTimeout < 0 || cfg.IdleTimeout < 0 || cfg.MaxMessageBytes < 0 || cfg.MaxTargets < 0 ||
		cfg.MaxConns < 0 || cfg.CallsPerConn < 0:
		return nil, fmt.Errorf("%w: a limit is negative, must be positive, or 0 for the default", ErrConfig)
	}
	def(&cfg.Timeout, synapse.DefaultTimeout)
	def(&cfg.ConnectTimeout, 5*time.Second)
	def(&cfg.IdleTimeout, 5*time.Minute)
	def(&cfg.MaxMessageBytes, 16<<20)
	def(&cfg.MaxTargets, 8192)
	def(&cfg.MaxConns, 8)
	def(&cfg.CallsPerConn, 128)
	return &Client{cfg: cfg, conns: map[Target]*entry{}}, nil
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// To returns a connection to the target for generated clients. It costs nothing and need not be closed: connections are made by
// the first call and shared by all that follow.
func (c *Client) To(t Target) *Conn { return &Conn{client: c, target: t} }

// Close ends all connections; calls in progress fail.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for t, e := range c.conns {
		c.drop(t, e)
	}
	return nil
}
