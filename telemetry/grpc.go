package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"github.com/gotensor/gotensor/internal/span"
)

// Both sides of a gRPC call are traced by handlers of our own and not by OpenTelemetry's: those write network addresses down, read what
// strangers send beside the trace itself, and bring another library along.

type stepKey struct{}

// serverSide begins the first step of each call that an axon takes.
type serverSide struct{ provider trace.TracerProvider }

// TagRPC implements stats.Handler.
func (h *serverSide) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	sent := ""
	if all := metadata.ValueFromIncomingContext(ctx, span.Header); len(all) == 1 {
		sent = all[0]
	}
	ctx, step := span.Serve(ctx, h.provider, sent, "axon "+info.FullMethodName)
	return context.WithValue(ctx, stepKey{}, step)
}

// HandleRPC implements stats.Handler.
func (*serverSide) HandleRPC(ctx context.Context, s stats.RPCStats) { endStep(ctx, s) }

// TagConn implements stats.Handler.
func (*serverSide) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (*serverSide) HandleConn(context.Context, stats.ConnStats) {}

// clientSide makes each call of a dendrite a step of what it is made for, and tells the neuron of the trace.
type clientSide struct{}

// TagRPC implements stats.Handler.
func (clientSide) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	ctx, step := span.Call(ctx, "dendrite "+info.FullMethodName)
	if parent := span.Parent(ctx); parent != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, span.Header, parent)
	}
	if !step.On() {
		return ctx
	}
	return context.WithValue(ctx, stepKey{}, step)
}

// HandleRPC implements stats.Handler.
func (clientSide) HandleRPC(ctx context.Context, s stats.RPCStats) { endStep(ctx, s) }

// TagConn implements stats.Handler.
func (clientSide) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (clientSide) HandleConn(context.Context, stats.ConnStats) {}

func endStep(ctx context.Context, s stats.RPCStats) {
	end, ok := s.(*stats.End)
	if !ok {
		return
	}
	if step, ok := ctx.Value(stepKey{}).(span.Step); ok {
		step.End(end.Error)
	}
}
