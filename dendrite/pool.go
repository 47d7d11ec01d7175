package dendrite

import (
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// readBuffer is what gRPC reads at a time.
const readBuffer = 4 << 10

// entry is one target's connections.
type entry struct {
	used  atomic.Int64            // unix nanoseconds
	lanes atomic.Pointer[[]*lane] // one at least; replaced under the client's lock
}

// lane is one connection, shared by many calls.
type lane struct {
	creds *pinned
	conn  *grpc.ClientConn
	calls atomic.Int64 // in progress; an entry in use is never dropped
}

func (l *lane) ready() bool { return l.conn.GetState() == connectivity.Ready }

// acquire finds or makes a connection to the target and counts a call on it.
func (c *Client) acquire(t Target, now time.Time) (*lane, error) {
	c.mu.RLock()
	e := c.conns[t]
	if e != nil {
		l, full := c.use(e, now) // before the entry could be dropped
		c.mu.RUnlock()
		if full {
			c.widen(t, e)
		}
		return l, nil
	}
	c.mu.RUnlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if e = c.conns[t]; e == nil {
		c.sweep(now)
		first, err := c.dial(t)
		if err != nil {
			return nil, err
		}
		e = &entry{}
		e.lanes.Store(&[]*lane{first})
		c.conns[t] = e
	}
	l, _ := c.use(e, now)
	return l, nil
}

// use counts a call on the best connection; full if that has as many as it should already.
func (c *Client) use(e *entry, now time.Time) (best *lane, full bool) {
	lanes := *e.lanes.Load()
	best = lanes[0]
	if len(lanes) > 1 && best.calls.Load() > 0 {
		ready := best.ready()
		for _, l := range lanes[1:] {
			if l.ready() && (!ready || l.calls.Load() < best.calls.Load()) {
				best, ready = l, true
			}
		}
	}
	e.used.Store(now.UnixNano())
	c.counters.running.Add(1)
	return best, best.calls.Add(1) > int64(c.cfg.CallsPerConn)
}

// widen has one more connection made to a target whose others are full. Calls use it once it is there.
func (c *Client) widen(t Target, e *entry) {
	lanes := *e.lanes.Load()
	if len(lanes) >= c.cfg.MaxConns && allReady(lanes) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	lanes = *e.lanes.Load()
	for _, l := range lanes {
		if !l.ready() {
			l.conn.Connect() // again, if it was idle
			return
		}
	}
	if c.closed || c.conns[t] != e || len(lanes) >= c.cfg.MaxConns {
		return
	}
	l, err := c.dial(t)
	if err != nil {
		return // there is one that works
	}
	l.conn.Connect()
	wider := slices.Concat(lanes, []*lane{l})
	e.lanes.Store(&wider)
}

func allReady(lanes []*lane) bool {
	for _, l := range lanes {
		if !l.ready() {
			return false
		}
	}
	return true
}

func (c *Client) release(l *lane) {
	l.calls.Add(-1)
	c.counters.running.Add(-1)
}

// busy tells whether calls are in progress.
func (e *entry) busy() bool {
	for _, l := range *e.lanes.Load() {
		if l.calls.Load() > 0 {
			return true
		}
	}
	return false
}

// sweep forgets targets that nobody uses any more, e.g. after neurons served under new addresses.
func (c *Client) sweep(now time.Time) {
	if now.Sub(c.swept) > c.cfg.IdleTimeout {
		c.swept = now
		for t, e := range c.conns {
			if !e.busy() && now.UnixNano()-e.used.Load() > int64(2*c.cfg.IdleTimeout) {
				c.drop(t, e)
			}
		}
	}
	for len(c.conns) >= c.cfg.MaxTargets {
		var oldest *entry
		var target Target
		for t, e := range c.conns {
			if !e.busy() && (oldest == nil || e.used.Load() < oldest.used.Load()) {
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
	for _, l := range *e.lanes.Load() {
		_ = l.conn.Close() // fails only if closed already
	}
	delete(c.conns, t)
}

// dial prepares a connection; it is made by the first call.
func (c *Client) dial(t Target) (*lane, error) {
	if !t.Addr.IsValid() || t.Addr.Port() == 0 {
		return nil, status.Errorf(codes.Unavailable, "address %q is not host and port: the neuron does not serve", t.Addr)
	}
	if c.forbidden(t.Addr.Addr()) {
		return nil, status.Errorf(codes.Unavailable, "address %s is not called: it means another machine to everybody who is told it", t.Addr.Addr())
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
	return &lane{creds: creds, conn: conn}, nil
}
