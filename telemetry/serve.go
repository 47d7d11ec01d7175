package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config says what Serve serves. Listen and Registry are required.
type Config struct {
	// Listen is HOST:PORT; HOST is an IP address or localhost, port 0 takes a free one.
	Listen   string
	Registry *prometheus.Registry
	// Pprof adds /debug/pprof/. A profile shows what is in memory, prompts too: beyond this machine only PprofAnywhere allows it.
	Pprof, PprofAnywhere bool
	Log                  *slog.Logger // nil: silent
}

const (
	scrapesAtOnce = 4
	scrapeTime    = 20 * time.Second
	// profileTime is the longest that a profile may be asked to run.
	profileTime = 5 * time.Minute
	closeWithin = 2 * time.Second
)

// Server serves metrics and profiles. Make one with Listen.
type Server struct {
	cfg Config
	lis net.Listener
	srv *http.Server
}

// Serve is Listen and Run in one.
func Serve(ctx context.Context, cfg Config) error {
	s, err := Listen(cfg)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// Listen opens the address, so that one that cannot be had is known before a role begins. It fails with ErrConfig or ErrExposed.
func Listen(cfg Config) (*Server, error) {
	if cfg.Registry == nil {
		return nil, fmt.Errorf("%w: Registry is nil, make one with Registry", ErrConfig)
	}
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w: address %q is not HOST:PORT such as 127.0.0.1:9090", ErrConfig, cfg.Listen)
	}
	if cfg.Pprof && !cfg.PprofAnywhere && !loopback(host) {
		return nil, fmt.Errorf("%w: %s can be reached by them; listen at 127.0.0.1", ErrExposed, cfg.Listen)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	lis, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w: listen: %w", ErrConfig, err)
	}
	s := &Server{cfg: cfg, lis: lis}
	s.srv = &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: profileTime + scrapeTime,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Addr is the address that is served at.
func (s *Server) Addr() string { return s.lis.Addr().String() }

// Run serves until ctx ends and then returns nil. It runs once.
func (s *Server) Run(ctx context.Context) error {
	s.cfg.Log.Info("metrics", "at", "http://"+s.Addr()+"/metrics", "pprof", s.cfg.Pprof)
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		if s.srv.Shutdown(last) != nil {
			_ = s.srv.Close() // a profile under way ends here
		}
	})
	defer stop()
	if err := s.srv.Serve(s.lis); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("telemetry: serve: %w", err)
	}
	return nil
}

// Close gives the address back; Run returns nil.
func (s *Server) Close() error { return errors.Join(s.srv.Close(), ignoreClosed(s.lis.Close())) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.InstrumentMetricHandler(s.cfg.Registry, promhttp.HandlerFor(s.cfg.Registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeTime,
	})))
	if s.cfg.Pprof {
		for path, h := range map[string]http.HandlerFunc{
			"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
			"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
		} {
			mux.Handle(path, s.here(h))
		}
	}
	return mux
}

// here refuses what a web page could ask for under a name of its own that leads to this machine.
func (s *Server) here(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !s.cfg.PprofAnywhere && !loopback(host) {
			http.Error(w, "profiles are for this machine: ask for them by its own address", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// loopback tells whether a host is this machine and nobody else's name for it.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
