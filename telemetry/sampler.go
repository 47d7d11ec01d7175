package telemetry

import (
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// sampler decides which queries are traced. Steps below a first one follow it. A first step without a caller's wish is traced at a
// share of our own, one whose caller wishes it only at a limited rate: a wish is a few bytes, a trace is work and room at the collector.
type sampler struct {
	share         sdk.Sampler
	own, strange  *bucket
	drop, measure sdk.Sampler
}

func newSampler(share, ownRate, strangeRate float64, now func() time.Time) *sampler {
	return &sampler{
		share: sdk.TraceIDRatioBased(share), own: newBucket(ownRate, now), strange: newBucket(strangeRate, now),
		drop: sdk.NeverSample(), measure: sdk.AlwaysSample(),
	}
}

// ShouldSample implements sdk.Sampler.
func (s *sampler) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	yes := false
	switch {
	case parent.IsValid() && !parent.IsRemote():
		yes = parent.IsSampled()
	case parent.IsValid():
		yes = parent.IsSampled() && s.strange.take()
	default:
		yes = s.share.ShouldSample(p).Decision == sdk.RecordAndSample && s.own.take()
	}
	if yes {
		return s.measure.ShouldSample(p)
	}
	return s.drop.ShouldSample(p)
}

// Description implements sdk.Sampler.
func (s *sampler) Description() string {
	return "gotensor: " + s.share.Description() + ", at a limited rate"
}

// bucket gives as many turns a second, and as many at once.
type bucket struct {
	rate float64
	now  func() time.Time

	mu   sync.Mutex
	left float64
	at   time.Time
}

func newBucket(rate float64, now func() time.Time) *bucket {
	return &bucket{rate: rate, now: now, left: rate, at: now()}
}

func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(b.rate, b.left+passed*b.rate)
		b.at = now
	}
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
