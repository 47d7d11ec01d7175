package axon

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/gotensor/gotensor/synapse"
)

// maxBadProofs is how many failed proofs a connection may make before it is closed.
const maxBadProofs = 3

// lastWords is how long a connection lives on after its last refusal, so that the client can read why.
const lastWords = time.Second

// census counts connections and keeps their bounds.
type census struct {
	maxConns, maxPerIP, maxUnproven int

	mu       sync.Mutex
	total    int
	unproven list.List // of *rawConn, the oldest in front
	perIP    map[netip.Prefix]int
}

// add counts a new connection; false if there is no room for it. Too many unproven ones do not keep a new one out: the oldest
// of them, returned, must make room, because an honest client proves its key within milliseconds.
func (c *census) add(r *rawConn) (ok bool, evict *rawConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.perIP[r.from] >= c.maxPerIP {
		return false, nil
	}
	front := c.unproven.Front()
	if c.total >= c.maxConns && front == nil {
		return false, nil
	}
	if c.total >= c.maxConns || c.unproven.Len() >= c.maxUnproven {
		evict, _ = front.Value.(*rawConn)
		c.forget(evict)
	}
	c.total++
	c.perIP[r.from]++
	r.unproven = c.unproven.PushBack(r)
	return true, evict
}

// remove takes a connection out of all counts; again does nothing.
func (c *census) remove(r *rawConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(r)
}

func (c *census) forget(r *rawConn) {
	if r.gone {
		return
	}
	r.gone = true
	c.prove(r)
	c.total--
	if c.perIP[r.from]--; c.perIP[r.from] == 0 {
		delete(c.perIP, r.from)
	}
}

// markProven takes a connection out of the unproven ones.
func (c *census) markProven(r *rawConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prove(r)
}

func (c *census) prove(r *rawConn) {
	if r.unproven != nil {
		c.unproven.Remove(r.unproven)
		r.unproven = nil
	}
}

func (c *census) open() (total, unproven int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total, c.unproven.Len()
}

// origin is what connections are counted by: an IPv4 address, or the /64 that one IPv6 host commonly has to itself.
func origin(a net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{} // not TCP: all count as one
	}
	ip := ap.Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// rawConn is a connection below TLS: it counts bytes and does not wait for a peer that stopped reading.
type rawConn struct {
	net.Conn
	s           *Server
	from        netip.Prefix
	established atomic.Bool // after the handshake, whose own deadline holds until then

	// For the census, under its lock.
	unproven *list.Element // nil once proven
	gone     bool
}

func (c *rawConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.s.stats.read.Add(uint64(max(n, 0)))
	return n, err
}

func (c *rawConn) Write(b []byte) (int, error) {
	if c.established.Load() {
		if err := c.SetWriteDeadline(time.Now().Add(c.s.cfg.WriteTimeout)); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Write(b)
	c.s.stats.written.Add(uint64(max(n, 0)))
	return n, err
}

func (c *rawConn) Close() error {
	c.s.conns.remove(c)
	return c.Conn.Close()
}

// conn is a connection after its TLS handshake, as gRPC and net/http see it. It is also the AuthInfo of gRPC: what the tap and
// handlers find in the peer of a call.
type conn struct {
	*tls.Conn
	credentials.CommonAuthInfo
	raw     *rawConn
	channel synapse.Channel
	grpc    bool

	sent     atomic.Uint64 // bytes of all that was written
	debt     sync.Mutex    // guards owed and watching
	owed     uint64        // bytes of answers made, or sent if that is more
	watching bool          // a timer runs that ends the connection if it does not pay

	// Touched by the connection's reader only.
	identity *synapse.Identity // of the proven caller; nil before
	proof    string            // that proved it
	failures int               // failed proofs
	admitted bool              // the policy admitted a call
}

// AuthType names the way the peer is authenticated.
func (c *conn) AuthType() string { return "gotensor-proof" }

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(uint64(max(n, 0)))
	return n, err
}

// freeAnswers is how much of all answers of a connection may stay with us: the window that HTTP/2 starts with.
const freeAnswers = 64 << 10

// owes ends the connection unless an answer of this size, and all before it, is taken within the limit or twice of it. gRPC keeps
// answers in memory for as long as the caller opens no window for them, which takes nothing but a setting; the caller's share of slots
// does not bound that. A unary answer that is cancelled on its way counts as not taken: the price is a new connection. One timer
// per connection, whatever the number of answers.
func (c *conn) owes(size int, limit time.Duration) {
	c.debt.Lock()
	defer c.debt.Unlock()
	c.owed = max(c.owed, c.sent.Load()) + uint64(size) // headers that were sent are no credit
	if !c.watching && c.inDebt() {
		c.watch(limit)
	}
}

// inDebt tells whether more is with us than may stay.
func (c *conn) inDebt() bool { return c.owed > c.sent.Load()+freeAnswers }

func (c *conn) watch(limit time.Duration) {
	c.watching = true
	mark := c.owed
	time.AfterFunc(limit, func() {
		c.debt.Lock()
		unpaid := c.sent.Load() < min(mark, c.owed)
		switch {
		case unpaid: // the watch is over with the connection
		case c.inDebt():
			c.watch(limit)
		default:
			c.watching = false
		}
		c.debt.Unlock()
		if unpaid {
			_ = c.Close() // fails only if closed already
		}
	})
}

// forgive takes back what a stream owed that ended before its time: gRPC has thrown it away, at most so many bytes.
func (c *conn) forgive(size uint64) {
	c.debt.Lock()
	defer c.debt.Unlock()
	c.owed -= min(size, c.owed)
}

// SetDeadline does nothing on gRPC connections: grpc-go would lift the deadlines that this package sets.
func (c *conn) SetDeadline(t time.Time) error {
	if c.grpc {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

// admit lets a gRPC connection live on. One whose caller is proven but has no right ends with ProofTimeout, as if unproven.
func (c *conn) admit() error {
	if c.admitted {
		return nil
	}
	c.admitted = true
	c.raw.s.conns.markProven(c.raw)
	return c.SetReadDeadline(time.Time{})
}

// serverCreds hands gRPC the connection whose handshake the accept loop has done.
type serverCreds struct{}

func (serverCreds) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	own, ok := c.(*conn)
	if !ok {
		return nil, nil, errForeignConn
	}
	return own, own, nil
}

func (serverCreds) ClientHandshake(_ context.Context, _ string, _ net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errServerOnly
}

func (serverCreds) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

func (c serverCreds) Clone() credentials.TransportCredentials { return c }

func (serverCreds) OverrideServerName(string) error { return nil }
