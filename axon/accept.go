package axon

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/gotensor/gotensor/synapse"
)

// ALPN names.
const (
	protoH2    = "h2"
	protoHTTP1 = "http/1.1"
)

// tlsConfig offers HTTP/2 only to clients that offer nothing else, which all gRPC clients do; curl, browsers and HTTP libraries
// also offer http/1.1 and get that. So the handshake alone tells who is calling.
func tlsConfig(cert tls.Certificate) *tls.Config {
	base := &tls.Config{
		Certificates:           []tls.Certificate{cert},
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{protoHTTP1},
		SessionTicketsDisabled: true, // resumption gains nothing measurable here, and skips checks
	}
	onlyH2 := base.Clone()
	onlyH2.NextProtos = []string{protoH2}
	base.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedProtos, protoH2) && !slices.Contains(hello.SupportedProtos, protoHTTP1) {
			return onlyH2, nil
		}
		return nil, nil //nolint:nilnil // crypto/tls: nil means the configuration that holds this function
	}
	return base
}

// acceptLoop takes connections until the listener is closed; it returns after the last handshake in flight. Handshakes have no
// bound of their own, which callers that send nothing could fill: the census ends the oldest of too many unproven connections.
func (s *Server) acceptLoop(ctx context.Context, lis net.Listener) error {
	var handshakes sync.WaitGroup
	defer handshakes.Wait()
	backoff := 5 * time.Millisecond
	for {
		nc, err := lis.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			// Out of file descriptors, most likely: wait for connections to end rather than fall over.
			s.cfg.Log.Warn("axon: accept failed", "err", err, "retry_in", backoff)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(backoff):
			}
			backoff = min(2*backoff, time.Second)
			continue
		}
		backoff = 5 * time.Millisecond
		raw := &rawConn{Conn: nc, s: s, from: origin(nc.RemoteAddr())}
		ok, evict := s.conns.add(raw)
		if evict != nil {
			s.stats.refused.Add(1)
			_ = evict.Close()
		}
		if !ok {
			s.stats.refused.Add(1)
			_ = nc.Close()
			continue
		}
		s.stats.accepted.Add(1)
		handshakes.Go(func() { s.handshake(ctx, raw) })
	}
}

// handshake does the TLS handshake and passes the connection on; a connection that fails is closed.
func (s *Server) handshake(ctx context.Context, raw *rawConn) {
	c, err := s.secure(ctx, raw)
	if err != nil {
		s.stats.handshakes.Add(1)
		_ = raw.Close()
		return
	}
	dest := s.httpConns
	if c.grpc {
		dest = s.grpcConns
	}
	if !dest.give(c) {
		_ = c.Close()
	}
}

func (s *Server) secure(ctx context.Context, raw *rawConn) (*conn, error) {
	if tcp, ok := raw.Conn.(*net.TCPConn); ok {
		// Finds hosts that vanished, on connections too idle for anything else to notice.
		err := tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 20 * time.Second, Count: 3})
		if err != nil {
			return nil, err
		}
	}
	if err := raw.SetDeadline(time.Now().Add(s.cfg.HandshakeTimeout)); err != nil {
		return nil, err
	}
	tc := tls.Server(raw, s.tls)
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := tc.ConnectionState()
	exporter, err := state.ExportKeyingMaterial(synapse.ExporterLabel, nil, 32)
	if err != nil {
		return nil, err
	}
	c := &conn{
		Conn:           tc,
		CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
		raw:            raw,
		channel:        synapse.Channel{Exporter: [32]byte(exporter), SPKI: s.spki},
		grpc:           state.NegotiatedProtocol == protoH2,
	}
	if err := raw.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	raw.established.Store(true)
	if c.grpc {
		return c, c.SetReadDeadline(time.Now().Add(s.cfg.ProofTimeout))
	}
	return c, nil
}

// handoff is a listener fed by the accept loop.
type handoff struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newHandoff(addr net.Addr) *handoff {
	return &handoff{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// give passes a connection on; false if the listener is closed.
func (h *handoff) give(c net.Conn) bool {
	select {
	case h.conns <- c:
		return true
	case <-h.done:
		return false
	}
}

// Accept implements net.Listener.
func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handoff) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr implements net.Listener.
func (h *handoff) Addr() net.Addr { return h.addr }
