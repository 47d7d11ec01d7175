// Package span marks the steps of a query for traces: what took how long, in which process, under whose request.
//
// A step is measured only under another one: Start finds that one in the context, and where there is none, which is always so unless an
// operator exports traces, it does nothing and allocates nothing. The first step of a process is made by Serve, from what a caller sent
// along (W3C's traceparent), by a provider that package telemetry sets up.
//
// A trace leaves the machine, so no step ever holds what people wrote: no prompts, no answers, no errors in words, no keys and no addresses.
//
// Start at Start.
package span

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Scope names this project's steps among those of others.
const Scope = "github.com/gotensor/gotensor"

// Header is the HTTP header and, in lower case as it is, the gRPC metadata key that carries a trace from process to process.
const Header = "traceparent"

// Step is one measured step. The zero Step measures nothing; all methods work on it. End it once.
type Step struct{ s trace.Span }

// Start begins a step under the one in ctx. The name is one of few: it must not hold what differs from query to query.
func Start(ctx context.Context, name string) (context.Context, Step) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Step{}
	}
	ctx, s := parent.TracerProvider().Tracer(Scope).Start(ctx, name)
	return ctx, Step{s}
}

// Call is Start for a step in which another process is asked.
func Call(ctx context.Context, name string) (context.Context, Step) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Step{}
	}
	ctx, s := parent.TracerProvider().Tracer(Scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
	return ctx, Step{s}
}

// Serve begins a process's first step of a query. sent is the traceparent that came with it, of whomever: the provider decides how far to
// follow it. Nothing else of what may come with it (tracestate, baggage) is read. A nil provider measures nothing.
func Serve(ctx context.Context, p trace.TracerProvider, sent, name string) (context.Context, Step) {
	if p == nil {
		return ctx, Step{}
	}
	if sent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{Header: sent})
	}
	ctx, s := p.Tracer(Scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
	return ctx, Step{s}
}

// Parent is the traceparent to send to another process, empty where there is no trace. A trace that is not measured says so to the next.
func Parent(ctx context.Context) string {
	c := trace.SpanContextFromContext(ctx)
	if !c.IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), c.WithTraceState(trace.TraceState{})), carrier)
	return carrier[Header]
}

// On tells whether the step is measured.
func (p Step) On() bool { return p.s != nil && p.s.IsRecording() }

// Name changes the step's name, where it is known only later.
func (p Step) Name(name string) {
	if p.On() {
		p.s.SetName(name)
	}
}

// Text notes a word: one of few, or an operator's own.
func (p Step) Text(key, value string) {
	if p.On() {
		p.s.SetAttributes(attribute.String(key, value))
	}
}

// Int notes a number.
func (p Step) Int(key string, value int) {
	if p.On() {
		p.s.SetAttributes(attribute.Int(key, value))
	}
}

// Flag notes a yes or no.
func (p Step) Flag(key string, value bool) {
	if p.On() {
		p.s.SetAttributes(attribute.Bool(key, value))
	}
}

// Event notes a moment.
func (p Step) Event(name string) {
	if p.On() {
		p.s.AddEvent(name)
	}
}

// Fail marks the step as failed, by a word of few.
func (p Step) Fail(why string) {
	if p.On() {
		p.s.SetStatus(otelcodes.Error, why)
	}
}

// End ends the step. Of an error only its kind is kept: its words may be somebody's.
func (p Step) End(err error) {
	if p.s == nil {
		return
	}
	if err != nil {
		p.Fail(kind(err))
	}
	p.s.End()
}

func kind(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return codes.Canceled.String()
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded.String()
	}
	return status.Code(err).String()
}
