package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/stats"
)

// TracesConfig says what is traced. Role is required.
type TracesConfig struct {
	Role, Version string
	// Getenv reads the environment. Traces are exported where OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, by
	// OTLP over HTTP with protobuf; OpenTelemetry's other variables for that exporter hold as well. OTEL_TRACES_SAMPLER_ARG is the share
	// of queries that begin here and are traced, 0..1 (1); OTEL_SDK_DISABLED=true turns all of it off.
	Getenv func(string) string
	// Exporter receives the steps instead; the environment is not asked then. For tests.
	Exporter sdk.SpanExporter
	// OwnRate bounds the traces per second that begin here (50), StrangeRate those that callers wish for (10).
	OwnRate, StrangeRate float64
	Log                  *slog.Logger // nil: silent
	// Now is the clock of the rates (time.Now).
	Now func() time.Time
}

// Traces are a process's. A nil *Traces is one that traces nothing: all methods work on it.
type Traces struct{ provider *sdk.TracerProvider }

// flushWithin bounds how long a process that ends waits for its collector.
const flushWithin = 3 * time.Second

// StartTraces sets traces up, or returns nil where none are asked for. Close them. It fails with ErrConfig.
func StartTraces(ctx context.Context, cfg TracesConfig) (*Traces, error) {
	share, on, err := cfg.fill()
	if err != nil || !on {
		return nil, err
	}
	var to sdk.TracerProviderOption
	if cfg.Exporter != nil {
		to = sdk.WithSyncer(cfg.Exporter)
	} else {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w: traces: %w", ErrConfig, err)
		}
		to = sdk.WithBatcher(exporter)
		complain(cfg.Log)
	}
	about := resource.NewSchemaless(
		attribute.String("service.name", "gotensor-"+cfg.Role), attribute.String("service.version", cfg.Version), attribute.String("service.namespace", "gotensor"),
	)
	if cfg.Exporter == nil { // what the operator says of it goes first; nothing is found out by itself, such as the machine's name
		if said, err := resource.New(ctx, resource.WithFromEnv()); err == nil {
			about, err = resource.Merge(about, said)
			if err != nil {
				return nil, fmt.Errorf("%w: OTEL_RESOURCE_ATTRIBUTES: %w", ErrConfig, err)
			}
		}
	}
	limits := sdk.NewSpanLimits()
	limits.AttributeValueLengthLimit = 128
	return &Traces{sdk.NewTracerProvider(
		to, sdk.WithResource(about), sdk.WithSampler(newSampler(share, cfg.OwnRate, cfg.StrangeRate, cfg.Now)), sdk.WithRawSpanLimits(limits),
	)}, nil
}

func (c *TracesConfig) fill() (share float64, on bool, err error) {
	if c.Getenv == nil {
		c.Getenv = func(string) string { return "" }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OwnRate == 0 {
		c.OwnRate = 50
	}
	if c.StrangeRate == 0 {
		c.StrangeRate = 10
	}
	named := c.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || c.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	if c.Exporter == nil && (!named || c.Getenv("OTEL_SDK_DISABLED") == "true") {
		return 0, false, nil
	}
	share = 1
	if text := c.Getenv("OTEL_TRACES_SAMPLER_ARG"); text != "" {
		if share, err = strconv.ParseFloat(text, 64); err != nil || !(share >= 0 && share <= 1) {
			return 0, false, fmt.Errorf("%w: OTEL_TRACES_SAMPLER_ARG is %q, want a share of 0 to 1", ErrConfig, text)
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if p := c.Getenv(name); p != "" && p != "http/protobuf" {
			return 0, false, fmt.Errorf("%w: %s is %q, only http/protobuf is spoken (port 4318 of most collectors)", ErrConfig, name, p)
		}
	}
	return share, true, nil
}

// complain logs what the exporter cannot do, at most once a minute: a collector that is away is no reason to fill a disk.
func complain(log *slog.Logger) {
	var mu sync.Mutex
	var last time.Time
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(last) > time.Minute {
			last = now
			log.Warn("traces cannot be exported", "err", err)
		}
	}))
}

// Provider is for first steps, see span.Serve; nil where nothing is traced.
func (t *Traces) Provider() trace.TracerProvider {
	if t == nil {
		return nil
	}
	return t.provider
}

// Server is for axon.Config.StatsHandler; nil where nothing is traced.
func (t *Traces) Server() stats.Handler {
	if t == nil {
		return nil
	}
	return &serverSide{provider: t.provider}
}

// Client is for dendrite.Config.StatsHandler; nil where nothing is traced.
func (t *Traces) Client() stats.Handler {
	if t == nil {
		return nil
	}
	return &clientSide{}
}

// Close sends what is left, within a few seconds.
func (t *Traces) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // a collector that is away has been complained about
}
