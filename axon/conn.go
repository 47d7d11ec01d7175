package axon

import (
	"context"
	"crypto/tls"
	"errors"
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

	mu              sync.Mutex
	total, unproven int
	perIP           map[netip.Prefix]int
}

// add counts a new connection; false if there is no room for it.
func (c *census) add(from netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total >= c.maxConns || c.unproven >= c.maxUnproven || c.perIP[from] >= c.maxPerIP {
		return false
	}
	c.total++
	c.unproven++
	c.perIP[from]++
	return true
}

func (c *census) remove(from netip.Prefix, proven bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if !proven {
		c.unproven--
	}
	if c.perIP[from]--; c.perIP[from] == 0 {
		delete(c.perIP, from)
	}
}

func (c *census) prove() {
	c.mu.Lock()
	c.unproven--
	c.mu.Unlock()
}

func (c *census) open() (total, unproven int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total, c.unproven
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

	mu             sync.Mutex
	proven, closed bool
}

func (c *rawConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.s.stats.read.Add(uint64(max(n, 0)))
	return n, err
}

func (c *rawConn) Write(b []byte) (int, error) {
	if c.established.Load() {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.s.cfg.WriteTimeout)); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Write(b)
	c.s.stats.written.Add(uint64(max(n, 0)))
	return n, err
}

func (c *rawConn) Close() error {
	c.mu.Lock()
	first, proven := !c.closed, c.proven
	c.closed = true
	c.mu.Unlock()
	if first {
		c.s.conns.remove(c.from, proven)
	}
	return c.Conn.Close()
}

// markProven takes the connection out of the count of unproven ones.
func (c *rawConn) markProven() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.proven && !c.closed {
		c.proven = true
		c.s.conns.prove()
	}
}

// conn is a connection after its TLS handshake, as gRPC and net/http see it. It is also the AuthInfo of gRPC: what the tap and
// handlers find in the peer of a call.
type conn struct {
	*tls.Conn
	credentials.CommonAuthInfo
	raw     *rawConn
	channel synapse.Channel
	grpc    bool

	identity atomic.Pointer[synapse.Identity] // of the proven caller; nil before
	failures int                              // failed proofs; touched by the connection's reader only
}

// AuthType names the way the peer is authenticated.
func (c *conn) AuthType() string { return "gotensor-proof" }

// SetDeadline does nothing on gRPC connections: grpc-go would lift the deadlines that this package sets.
func (c *conn) SetDeadline(t time.Time) error {
	if c.grpc {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

// proved records the caller and lets the connection live.
func (c *conn) proved(id synapse.Identity) error {
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	c.identity.Store(&id)
	c.raw.markProven()
	return nil
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
	return credentials.ProtocolInfo{SecurityProtocol: "tls", ServerName: synapse.ServerName}
}

func (c serverCreds) Clone() credentials.TransportCredentials { return c }

func (serverCreds) OverrideServerName(string) error { return nil }

var (
	errForeignConn = errors.New("axon: connection did not come from the accept loop")
	errServerOnly  = errors.New("axon: these credentials are for servers")
)
