// Package silent makes a miner that stops answering: a model that works for a while and then never returns. The local network
// runs one, so that people see what silence costs, and tests use it. Start at After.
package silent

import (
	"context"
	"time"

	"github.com/gotensor/gotensor/model"
)

// Name is what the model calls itself.
const Name = "silent"

type predictor struct {
	inner model.Predictor
	until time.Time
}

// generator is the same for an inner model that writes, too.
type generator struct {
	predictor
	inner model.Generator
}

// After returns a model that answers as inner does until a time, and from then on keeps every caller waiting. It is a model.Generator
// if inner is one.
func After(inner model.Predictor, until time.Time) model.Predictor {
	p := predictor{inner: inner, until: until}
	if g, ok := inner.(model.Generator); ok {
		return generator{predictor: p, inner: g}
	}
	return p
}

func (p predictor) Name() string { return Name }

// Predict answers, or waits until the caller gives up.
func (p predictor) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	if time.Now().Before(p.until) {
		return p.inner.Predict(ctx, contexts, k)
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// Generate writes, or waits until the caller gives up.
func (g generator) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	if time.Now().Before(g.until) {
		return g.inner.Generate(ctx, p, emit)
	}
	<-ctx.Done()
	return ctx.Err()
}
