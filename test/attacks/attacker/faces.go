package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/model"
)

const cheapOrder = 2

var errFails = errors.New("this model fails every second time")

// generator is how a play answers people; nil: not at all.
func (w *world) generator(ctx context.Context, p *Play) (model.Generator, error) {
	good, err := w.models.answers(ctx, p.Order, p.Text)
	if err != nil {
		return nil, err
	}
	switch p.Write {
	case "none":
		return nil, nil //nolint:nilnil // a miner without one
	case "canned":
		return canned{}, nil
	case "cheap":
		cheap, err := w.models.answers(ctx, cheapOrder, p.Text)
		return cheap.Model, err
	case "likely":
		return likely{good.Model}, nil
	case "failing":
		return &failing{Generator: good.Model}, nil
	case "slow":
		return slow{good.Model, 3 * time.Duration(w.settings.FirstPieceMs) * time.Millisecond}, nil
	}
	return good.Model, nil
}

// canned writes one sentence for everybody.
type canned struct{}

func (canned) Name() string { return "canned" }

func (canned) Generate(_ context.Context, p model.Prompt, emit func(model.Piece) error) error {
	const text = " it is the opinion of this author that much may be said on both sides of it."
	n := min(len(text), p.MaxTokens)
	usage := model.Usage{Prompt: len(p.Text), Completion: n}
	return emit(model.Piece{Text: text[:n], Finish: model.FinishLength, Usage: &usage})
}

// likely writes what is likeliest, whatever temperature was asked for.
type likely struct{ model.Generator }

func (l likely) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	p.Temperature = 0
	return l.Generator.Generate(ctx, p, emit)
}

// failing answers every second request.
type failing struct {
	model.Generator
	asked atomic.Uint64
}

func (f *failing) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	if f.asked.Add(1)%2 == 0 {
		return errFails
	}
	return f.Generator.Generate(ctx, p, emit)
}

// slow lets people wait before the first piece.
type slow struct {
	model.Generator
	pause time.Duration
}

func (s slow) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	if err := wait.Sleep(ctx, s.pause); err != nil {
		return err
	}
	return s.Generator.Generate(ctx, p, emit)
}
