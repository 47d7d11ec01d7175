package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotensor/gotensor/fair"
)

const (
	headerTime   = 10 * time.Second
	idleTime     = 2 * time.Minute
	maxHeader    = 64 << 10
	maxH2Streams = 1000
)

// gateway is one run.
type gateway struct {
	cfg       Config
	log       *slog.Logger
	began     time.Time
	keys      *keyring
	bandwidth *bandwidths
	limits    *limiter
	strangers *limiter // callers without a key, in this process only
	lookups   *limiter // read-only JSON, by network address
	ledger    *ledger
	queue     *fair.Queue
	metrics   *metrics
	api       *api
	mux       *http.ServeMux
	stopping  atomic.Bool
}

func newGateway(cfg Config) (*gateway, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	l := cfg.Limits
	g := &gateway{
		cfg: cfg, log: cfg.Log, began: cfg.Now(),
		keys:      newKeyring(cfg.Store, cfg.Now),
		bandwidth: newBandwidths(cfg.Chain.Bandwidth, cfg.Now, cfg.Log),
		limits:    newLimiter(cfg.Budget, cfg.Now, cfg.Log),
		strangers: newLimiter(nil, cfg.Now, cfg.Log),
		lookups:   newLimiter(nil, cfg.Now, cfg.Log),
		ledger:    newLedger(cfg.Store, cfg.Now, cfg.Log),
		queue:     fair.New(fair.Config{Slots: l.Slots, MaxQueued: l.MaxQueued, MaxPerCaller: l.MaxPerCaller}),
		metrics:   newMetrics(),
	}
	if err := cfg.Telemetry.Add(g.collectors()...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	g.api = newAPI(g)
	g.mux = g.routes()
	return g, nil
}

// Run serves until ctx ends, and then for as long as requests under way need, Config.Grace at most. It returns nil after an orderly
// end, ErrConfig, or what made it impossible to go on.
func Run(ctx context.Context, cfg Config) error {
	g, err := newGateway(cfg)
	if err != nil {
		return err
	}
	lis := g.cfg.Listener
	if lis == nil {
		if lis, err = (&net.ListenConfig{}).Listen(ctx, "tcp", g.cfg.Listen); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	// What requests need outlives ctx by the grace.
	inner, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	defer group.Wait()
	defer stop(nil)
	for _, job := range []func(context.Context){
		g.bandwidth.run, g.limits.run, g.strangers.run, g.lookups.run, g.ledger.run, g.api.collect,
	} {
		group.Go(func() { job(inner) })
	}
	failed := make(chan error, len(g.cfg.Networks)+1)
	for _, s := range g.cfg.Networks {
		if s.Run == nil {
			continue
		}
		group.Go(func() {
			if err := s.Run(inner); err != nil && inner.Err() == nil {
				failed <- fmt.Errorf("subnet %d: %w", s.NetUID, err)
			}
		})
	}
	srv := g.server(inner)
	group.Go(func() { failed <- g.listen(srv, lis) })
	g.log.Info("serving", "at", lis.Addr().String(), "tls", g.cfg.TLSCert != "", "version", g.cfg.Version)

	select {
	case err = <-failed:
		_ = srv.Close()
		return err
	case <-ctx.Done():
	}
	return g.drain(srv)
}

func (g *gateway) server(inner context.Context) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: g.outer(g.mux), Protocols: &protocols, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxH2Streams},
		// No limit on how long an answer takes, since streams take long: see writer. A request has to arrive in time also where nobody reads its
		// body; readBody lifts that for those who wait for an answer.
		ReadTimeout: bodyTime, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return inner },
		ErrorLog:    slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
	}
}

func (g *gateway) listen(srv *http.Server, lis net.Listener) error {
	var err error
	if g.cfg.TLSCert != "" {
		err = srv.ServeTLS(lis, g.cfg.TLSCert, g.cfg.TLSKey)
	} else {
		err = srv.Serve(lis)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// drain says that the gateway is not ready, then takes no more connections, then waits for requests under way.
func (g *gateway) drain(srv *http.Server) error {
	g.stopping.Store(true)
	g.log.Info("stopping: not ready any more", "drain", g.cfg.Drain, "grace", g.cfg.Grace)
	if g.cfg.Drain > 0 {
		time.Sleep(g.cfg.Drain) // balancers look every few seconds
	}
	grace, cancel := context.WithTimeout(context.Background(), g.cfg.Grace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		g.log.Warn("requests under way were cut off", "after", g.cfg.Grace)
		return srv.Close()
	}
	return nil
}
