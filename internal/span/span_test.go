package span_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/gotensor/gotensor/internal/span"
)

func TestNothingIsMeasuredUnderNothing(t *testing.T) {
	ctx, step := span.Start(t.Context(), "step")
	require.Equal(t, t.Context(), ctx)
	require.False(t, step.On())
	require.Empty(t, span.Parent(ctx))
	ctx, step = span.Serve(t.Context(), nil, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "step")
	require.Equal(t, t.Context(), ctx)
	require.False(t, step.On())
	allocations := testing.AllocsPerRun(100, func() {
		ctx, step := span.Start(ctx, "step")
		step.Name("other")
		step.Int("uid", 7)
		step.Text("model", "x")
		step.Flag("hedge", true)
		step.Event("first piece")
		step.Fail("late")
		step.End(context.Canceled)
		_ = span.Parent(ctx)
	})
	require.Zero(t, allocations)
}

func TestStepsKeepNoWords(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	p := sdk.NewTracerProvider(sdk.WithSyncer(kept))
	ctx, root := span.Serve(t.Context(), p, "not a traceparent", "root")
	_, step := span.Call(ctx, "step")
	step.End(errors.New("what somebody wrote"))
	root.End(nil)
	spans := kept.GetSpans()
	require.Len(t, spans, 2)
	require.Equal(t, "Unknown", spans[0].Status.Description)
	require.Empty(t, spans[0].Events)
	require.Equal(t, spans[1].SpanContext.SpanID(), spans[0].Parent.SpanID())
	require.False(t, spans[1].Parent.IsValid())
}

// A trace that is not measured is passed on as such, so that nobody after us begins one of his own.
func TestNoIsPassedOn(t *testing.T) {
	p := sdk.NewTracerProvider(sdk.WithSampler(sdk.NeverSample()))
	ctx, step := span.Serve(t.Context(), p, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "root")
	require.False(t, step.On())
	require.Regexp(t, `^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$`, span.Parent(ctx))
	step.End(nil)
}

func FuzzServe(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Add("")
	f.Add("00-00000000000000000000000000000000-0000000000000000-00")
	p := sdk.NewTracerProvider(sdk.WithSampler(sdk.NeverSample()))
	f.Fuzz(func(t *testing.T, sent string) {
		ctx, step := span.Serve(t.Context(), p, sent, "root")
		require.Regexp(t, `^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`, span.Parent(ctx))
		step.End(nil)
	})
}

func BenchmarkNoTrace(b *testing.B) {
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, step := span.Start(ctx, "step")
		step.Int("uid", 7)
		step.End(nil)
	}
}
