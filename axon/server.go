package axon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fair"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

// Settings of the transports that no operator needs to change; reasons beside them.
const (
	minStreams    = 256       // calls at the same time on one connection, at least
	spareStreams  = 64        // of those beyond what slots and queue take, so that there is room to say no
	maxHeader     = 16 << 10  // bytes of headers; gRPC's own default is 16 MB
	streamWindow  = 128 << 10 // of an upload, this much is in memory while it waits for its turn
	connWindow    = 1 << 20
	readBuffer    = 4 << 10 // TLS has its own, of a whole record
	streamWorkers = 64      // goroutines kept with grown stacks, half a megabyte in all; more are made when all are busy
	idleTimeout   = 5 * time.Minute
	maxAge        = 2 * time.Hour
	pingTime      = time.Minute
	pingTimeout   = 20 * time.Second
	minClientPing = 20 * time.Second
	headerTimeout = 5 * time.Second
	httpIdle      = time.Minute
)

// Server answers calls. Make one with New, register services, then Serve.
type Server struct {
	cfg       Config
	tls       *tls.Config
	spki      [32]byte
	verifier  *synapse.Verifier
	queue     *fair.Queue
	conns     census
	held      holds
	stats     counters
	grpc      *grpc.Server
	http      *http.Server
	methods   map[string]*method // by path, complete before Serve
	routes    map[string]route
	grpcConns *handoff
	httpConns *handoff
	served    atomic.Bool
}

// New checks the configuration and returns a server; it fails with ErrConfig.
func New(cfg Config) (*Server, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	spki, err := synapse.SPKIHash(&cfg.Certificate)
	if err != nil {
		return nil, fmt.Errorf("%w: Certificate: %w", ErrConfig, err)
	}
	verifier, err := synapse.NewVerifier(cfg.ChainID, cfg.Now)
	if err != nil {
		return nil, fmt.Errorf("%w: ChainID: %w", ErrConfig, err)
	}
	s := &Server{
		cfg: cfg, tls: tlsConfig(cfg.Certificate), spki: spki, verifier: verifier,
		queue: fair.New(fair.Config{
			Slots: cfg.Slots, MaxQueued: cfg.MaxQueued, MaxPerCaller: cfg.MaxPerCaller, Kept: cfg.kept(), Now: cfg.Now,
		}),
		methods: map[string]*method{}, routes: map[string]route{},
		conns: census{
			maxConns: cfg.MaxConns, maxPerIP: cfg.MaxConnsPerIP, maxUnproven: cfg.MaxUnproven, perIP: map[netip.Prefix]int{},
		},
	}
	s.held = holds{
		maxCalls: cfg.MaxHeld, maxPerCaller: cfg.MaxPerCaller, maxBytes: int64(cfg.MaxHeldBytes), stats: &s.stats,
		calls: map[*call]struct{}{}, per: map[gotensor.Address]int{},
	}
	s.grpc = s.newGRPC()
	s.http = s.newHTTP()
	if cfg.Info != nil {
		s.register(&axonv1.Axon_ServiceDesc, s.newInfo(cfg.Info), true)
	}
	return s, nil
}

func (s *Server) newGRPC() *grpc.Server {
	opts := []grpc.ServerOption{
		grpc.Creds(serverCreds{}),
		grpc.InTapHandle(s.tap),
		grpc.MaxRecvMsgSize(s.cfg.MaxMessageBytes),
		grpc.MaxConcurrentStreams(s.cfg.streams()),
		grpc.MaxHeaderListSize(maxHeader),
		grpc.ConnectionTimeout(s.cfg.HandshakeTimeout),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connWindow),
		grpc.ReadBufferSize(readBuffer),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: idleTimeout, MaxConnectionAge: maxAge, MaxConnectionAgeGrace: s.cfg.MaxStream,
			Time: pingTime, Timeout: pingTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minClientPing, PermitWithoutStream: true}),
	}
	if s.cfg.StatsHandler != nil {
		opts = append(opts, grpc.StatsHandler(s.cfg.StatsHandler))
	}
	return grpc.NewServer(opts...)
}

// Register adds a service of generated code, e.g. &textv1.Text_ServiceDesc with its implementation. All its calls wait in the
// fair queue before their body is read; unary methods and those that stream their answer are also reachable as JSON. Register before
// Serve.
func (s *Server) Register(desc *grpc.ServiceDesc, impl any) { s.register(desc, impl, false) }

// immediate is for methods that cost nothing: they need a proof and a right, but no turn.
func (s *Server) immediate(h unary) unary {
	return func(srv any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		c := callOf(ctx)
		if c == nil {
			return nil, errNoCall
		}
		defer c.cancel()
		began := time.Now()
		res, err := h(srv, ctx, func(req any) error { return s.receive(c, dec, req) }, nil)
		c.method.done(time.Since(began), err)
		return res, err
	}
}

func (s *Server) register(desc *grpc.ServiceDesc, impl any, immediate bool) {
	wrap := s.queuedUnary
	if immediate {
		wrap = s.immediate
	}
	d := s.wrap(desc, wrap)
	s.grpc.RegisterService(d, impl)
	for _, m := range d.Methods {
		path := "/" + d.ServiceName + "/" + m.MethodName
		s.methods[path] = &method{immediate: immediate}
		s.routes[path] = route{impl: impl, method: s.methods[path], unary: m.Handler}
	}
	for _, m := range d.Streams {
		path := "/" + d.ServiceName + "/" + m.StreamName
		s.methods[path] = &method{stream: true}
		if !m.ClientStreams {
			s.routes[path] = route{impl: impl, method: s.methods[path], stream: m.Handler}
		}
	}
}

// SPKI is the hash of the certificate's key, to be published on chain beside the address.
func (s *Server) SPKI() [32]byte { return s.spki }

// Serve answers connections of lis until ctx ends, then lets calls in progress finish within Config.Grace, closes everything and
// returns nil. It returns an error only if serving failed. A server serves once.
func (s *Server) Serve(ctx context.Context, lis net.Listener) error {
	if s.served.Swap(true) {
		return errors.Join(ErrServed, lis.Close())
	}
	s.grpcConns, s.httpConns = newHandoff(lis.Addr()), newHandoff(lis.Addr())
	loopCtx, stopLoop := context.WithCancel(ctx)
	defer stopLoop()

	var tasks sync.WaitGroup
	failed := make(chan error, 3)
	tasks.Go(func() { failed <- s.acceptLoop(loopCtx, lis) })
	tasks.Go(func() { failed <- s.grpc.Serve(s.grpcConns) })
	tasks.Go(func() { failed <- s.http.Serve(s.httpConns) })

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed: // nil if somebody closed the listener: stop all the same
	}
	stopLoop()
	closeErr := lis.Close()
	s.stop()
	tasks.Wait()
	if err != nil {
		return fmt.Errorf("axon: serve: %w", err)
	}
	if closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
		return fmt.Errorf("axon: close listener: %w", closeErr)
	}
	return nil
}

// stop ends both transports: gracefully within Grace, then at once.
func (s *Server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Grace)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() {
		done := make(chan struct{})
		both.Go(func() {
			s.grpc.GracefulStop()
			close(done)
		})
		select {
		case <-done:
		case <-ctx.Done():
			s.grpc.Stop() // ends the graceful stop too
		}
	})
	both.Go(func() {
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close()
		}
	})
	both.Wait()
	_ = s.grpcConns.Close()
	_ = s.httpConns.Close()
}
