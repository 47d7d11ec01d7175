package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/gotensor/gotensor/telemetry"
)

// telemetryOptions are the flags by which an operator looks into a long-running command.
type telemetryOptions struct {
	metrics         string
	pprof, anywhere bool
}

func (o *telemetryOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.metrics, "metrics", "", "HOST:PORT to serve metrics at for Prometheus, e.g. 127.0.0.1:9090; port 0 takes a free one (default: none)")
	f.BoolVar(&o.pprof, "pprof", false, "serve profiles beside the metrics, at /debug/pprof/; they show what is in memory")
	f.BoolVar(&o.anywhere, "pprof-anywhere", false, "allow --pprof at an address that other machines can reach")
}

// observed is what a role is watched by while it runs.
type observed struct {
	sinks  telemetry.Sinks
	server *telemetry.Server // nil: none
}

// observe opens what the flags and the environment ask for. Close it.
func (a *app) observe(ctx context.Context, role string, o telemetryOptions) (*observed, error) {
	if o.metrics == "" && (o.pprof || o.anywhere) {
		return nil, usagef("--pprof needs an address: add --metrics 127.0.0.1:PORT")
	}
	traces, err := telemetry.StartTraces(ctx, telemetry.TracesConfig{Role: role, Version: Version, Getenv: a.Getenv, Log: a.log()})
	if err != nil {
		return nil, misused(err)
	}
	seen := &observed{sinks: telemetry.Sinks{Traces: traces}}
	if o.metrics == "" {
		return seen, nil
	}
	registry := telemetry.Registry(role, Version)
	seen.sinks.Metrics = registry
	seen.server, err = telemetry.Listen(telemetry.Config{
		Listen: o.metrics, Registry: registry, Pprof: o.pprof, PprofAnywhere: o.anywhere, Log: a.log(),
	})
	if err != nil {
		traces.Close()
		return nil, misused(err)
	}
	return seen, nil
}

// misused makes a configuration that cannot work a matter of usage.
func misused(err error) error {
	switch {
	case errors.Is(err, telemetry.ErrExposed):
		return usagef("--pprof: %v, or add --pprof-anywhere", err)
	case errors.Is(err, telemetry.ErrConfig):
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return err
}

// during serves metrics for as long as the role runs. What ends one ends the other.
func (s *observed) during(ctx context.Context, role func(context.Context) error) error {
	if s.server == nil {
		return role(ctx)
	}
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.server.Run(context.WithoutCancel(ctx)); err != nil { // to the end of the role, however long it takes to stop
			stop(err)
		}
	}()
	err := role(inner)
	if cause := context.Cause(inner); err == nil && ctx.Err() == nil && cause != nil {
		err = cause
	}
	_ = s.server.Close()
	<-ended
	return err
}

// close sends what is left of traces and gives the address back.
func (s *observed) close() {
	s.sinks.Traces.Close()
	if s.server != nil {
		_ = s.server.Close() // where the role did not begin
	}
}
