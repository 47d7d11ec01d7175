package dendrite

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

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
	// MaxMessageBytes bounds one encoded answer (16 MiB).
	MaxMessageBytes int
	// MaxTargets bounds the targets remembered (8192); beyond it the one unused for longest is dropped.
	MaxTargets int
	// StatsHandler is told of every call and connection, e.g. OpenTelemetry's; nil costs nothing.
	StatsHandler stats.Handler
}

// readBuffer is what gRPC reads at a time.
const readBuffer = 4 << 10

// Client calls neurons. It is safe for concurrent use; Close it at the end.
type Client struct {
	cfg      Config
	counters counters

	mu     sync.RWMutex
	conns  map[Target]*entry
	swept  time.Time
	closed bool
}

// entry is the shared connection to one target.
type entry struct {
	creds *pinned
	conn  *grpc.ClientConn
	used  atomic.Int64 // unix nanoseconds
	calls atomic.Int64 // in progress; an entry in use is never dropped
}

// New returns a Client; it fails with ErrConfig.
func New(cfg Config) (*Client, error) {
	switch {
	case cfg.ChainID == "" || len(cfg.ChainID) > synapse.MaxChainID:
		return nil, fmt.Errorf("%w: ChainID %q has %d bytes, must have 1 to %d", ErrConfig, cfg.ChainID, len(cfg.ChainID), synapse.MaxChainID)
	case cfg.Signer == nil:
		return nil, fmt.Errorf("%w: Signer is nil, neurons answer proven keys only", ErrConfig)
	case cfg.Timeout < 0 || cfg.ConnectTimeout < 0 || cfg.IdleTimeout < 0 || cfg.MaxMessageBytes < 0 || cfg.MaxTargets < 0:
		return nil, fmt.Errorf("%w: a limit is negative, must be positive, or 0 for the default", ErrConfig)
	}
	def(&cfg.Timeout, synapse.DefaultTimeout)
	def(&cfg.ConnectTimeout, 5*time.Second)
	def(&cfg.IdleTimeout, 5*time.Minute)
	def(&cfg.MaxMessageBytes, 16<<20)
	def(&cfg.MaxTargets, 8192)
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
		_ = e.conn.Close() // fails only if closed already
		delete(c.conns, t)
	}
	return nil
}

// acquire finds or makes the target's entry and counts a call on it.
func (c *Client) acquire(t Target, now time.Time) (*entry, error) {
	c.mu.RLock()
	e := c.conns[t]
	if e != nil {
		c.use(e, now) // before it could be dropped
	}
	c.mu.RUnlock()
	if e != nil {
		return e, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if e = c.conns[t]; e == nil {
		c.sweep(now)
		var err error
		if e, err = c.dial(t); err != nil {
			return nil, err
		}
		c.conns[t] = e
	}
	c.use(e, now)
	return e, nil
}

func (c *Client) use(e *entry, now time.Time) {
	e.used.Store(now.UnixNano())
	e.calls.Add(1)
	c.counters.running.Add(1)
}

func (c *Client) release(e *entry) {
	e.calls.Add(-1)
	c.counters.running.Add(-1)
}

// unused tells for how long nobody has used the entry; false if somebody does.
func (e *entry) unused(now time.Time) (time.Duration, bool) {
	return time.Duration(now.UnixNano() - e.used.Load()), e.calls.Load() == 0
}

// sweep forgets targets that nobody uses any more, e.g. after neurons served under new addresses.
func (c *Client) sweep(now time.Time) {
	if now.Sub(c.swept) > c.cfg.IdleTimeout {
		c.swept = now
		for t, e := range c.conns {
			if d, free := e.unused(now); free && d > 2*c.cfg.IdleTimeout {
				c.drop(t, e)
			}
		}
	}
	for len(c.conns) >= c.cfg.MaxTargets {
		var oldest *entry
		var target Target
		for t, e := range c.conns {
			if e.calls.Load() == 0 && (oldest == nil || e.used.Load() < oldest.used.Load()) {
				target, oldest = t, e
			}
		}
		if oldest == nil {
			return // all are in use: calls are bounded by who makes them
		}
		c.drop(target, oldest)
	}
}

func (c *Client) drop(t Target, e *entry) {
	_ = e.conn.Close() // fails only if closed already
	delete(c.conns, t)
}

func (c *Client) dial(t Target) (*entry, error) {
	if !t.Addr.IsValid() || t.Addr.Port() == 0 {
		return nil, status.Errorf(codes.Unavailable, "address %q is not host and port: the neuron does not serve", t.Addr)
	}
	creds := &pinned{signer: c.cfg.Signer, chainID: c.cfg.ChainID, target: t, n: &c.counters}
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithPerRPCCredentials(proofs{}),
		grpc.WithNoProxy(), // a proxy of the environment is for the web
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(c.cfg.IdleTimeout),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(c.cfg.MaxMessageBytes)),
		grpc.WithMaxHeaderListSize(16 << 10),
		// An idle connection keeps no write buffer and a small read buffer: TLS has its own, of a whole record.
		grpc.WithSharedWriteBuffer(true),
		grpc.WithReadBufferSize(readBuffer),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
			MinConnectTimeout: c.cfg.ConnectTimeout,
		}),
	}
	if c.cfg.StatsHandler != nil {
		opts = append(opts, grpc.WithStatsHandler(c.cfg.StatsHandler))
	}
	conn, err := grpc.NewClient("passthrough:///"+t.Addr.String(), opts...)
	if err != nil {
		return nil, status.Errorf(codes.Unavailable, "prepare connection: %v", err)
	}
	return &entry{creds: creds, conn: conn}, nil
}

// Conn is a connection to one target for generated clients; it implements grpc.ClientConnInterface.
type Conn struct {
	client *Client
	target Target
}

// Invoke makes a unary call. Its deadline starts now. The error is an *Error.
func (c *Conn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	n := &c.client.counters
	began := time.Now()
	err := c.invoke(ctx, began, method, args, reply, opts)
	n.ended(err)
	if err == nil {
		n.took.Add(int64(time.Since(began)))
	}
	return err
}

func (c *Conn) invoke(ctx context.Context, now time.Time, method string, args, reply any, opts []grpc.CallOption) error {
	e, err := c.client.acquire(c.target, now)
	if err != nil {
		return c.fail(method, err, nil)
	}
	defer c.client.release(e)
	if at, ok := ctx.Deadline(); !ok || at.Sub(now) > c.client.cfg.Timeout {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, now.Add(c.client.cfg.Timeout))
		defer cancel()
	}
	o := &outgoing{Context: ctx}
	if err := e.conn.Invoke(o, method, args, reply, opts...); err != nil {
		return c.fail(method, err, e)
	}
	o.answered()
	return nil
}

// NewStream opens a stream. Unlike a unary call it has no deadline of its own, as a whole or between messages: the context's holds.
// A stream must be read to its end, or its context cancelled, or it stays open. Errors of the stream's methods are *Error too.
func (c *Conn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	e, err := c.client.acquire(c.target, time.Now())
	if err != nil {
		err = c.fail(method, err, nil)
		c.client.counters.ended(err)
		return nil, err
	}
	var once sync.Once
	ended := func(err error) {
		once.Do(func() {
			c.client.release(e)
			if err != nil {
				err = c.fail(method, err, e)
			}
			c.client.counters.ended(err)
		})
	}
	o := &outgoing{Context: ctx}
	st, err := e.conn.NewStream(o, desc, method, append(opts[:len(opts):len(opts)], grpc.OnFinish(ended))...)
	if err != nil {
		ended(err)
		return nil, c.fail(method, err, e)
	}
	return &stream{ClientStream: st, conn: c, entry: e, method: method, ctx: o}, nil
}

func (c *Conn) fail(method string, err error, e *entry) error {
	var handshake error
	if e != nil {
		handshake = e.creds.lastErr()
	}
	return wrap(c.target, method, err, handshake)
}
