package text

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/internal/span"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

const (
	maxTokenBytes = 256  // of a TokenLogprob
	maxVector     = 8192 // values of a Vector
	leastLogprob  = -1e4 // stands for none at all
	lengthError   = 1e-3 // of a Vector whose length should be 1
)

// Generate writes a text. Errors are InvalidArgument with field, value and bound; Unimplemented if this neuron does not write;
// Unavailable where the model fails or gives nothing for too long; synapse.ReasonSealed for log-probabilities
// where predictions are sealed and the caller is not to have them at once: those of sixteen texts tell most of a prediction. The model's work ends as soon as the caller gives up.
func (s *Server) Generate(req *textv1.GenerateRequest, stream grpc.ServerStreamingServer[textv1.GenerateResponse]) error {
	g := s.cfg.Generator
	if g == nil {
		return status.Error(codes.Unimplemented, "this neuron does not write texts; ask one with the capability "+CanGenerate)
	}
	prompt, err := s.promptOf(req)
	if err != nil {
		return err
	}
	if prompt.Logprobs && !s.atOnce(stream.Context()) {
		return s.sealedOnly("log-probabilities of tokens are predictions, and predictions are", "leave logprobs out")
	}
	ctx, guard := guarded(stream.Context(), s.cfg.FirstTokenTimeout)
	defer guard.end()
	finished := false
	var unsent error
	traced, step := span.Start(ctx, "model.generate")
	step.Text("model", g.Name())
	err = g.Generate(traced, prompt, func(p model.Piece) error {
		guard.stop() // a slow caller is not the model's fault
		if err := ctx.Err(); err != nil {
			return err
		}
		if finished {
			return fmt.Errorf("%w: a piece after the last", errModel)
		}
		finished = p.Finish != ""
		if unsent = stream.Send(encodePiece(&p, prompt.TopLogprobs > 0)); unsent != nil {
			return unsent
		}
		guard.start(s.cfg.TokenTimeout)
		return nil
	})
	step.End(err)
	switch {
	case unsent != nil: // the caller is gone
		return unsent
	case err == nil && !finished:
		err = fmt.Errorf("%w: it ended without a reason", errModel)
	}
	if err != nil {
		return s.failed(ctx, g.Name(), err, func() []string { return textsOfPrompt(&prompt) })
	}
	return nil
}

// Embed turns texts into vectors, with the errors of Generate.
func (s *Server) Embed(ctx context.Context, req *textv1.EmbedRequest) (*textv1.EmbedResponse, error) {
	e := s.cfg.Embedder
	if e == nil {
		return nil, status.Error(codes.Unimplemented, "this neuron makes no vectors; ask one with the capability "+CanEmbed)
	}
	if err := s.checkEmbed(req.GetTexts()); err != nil {
		return nil, err
	}
	ctx, guard := guarded(ctx, s.cfg.FirstTokenTimeout)
	defer guard.end()
	traced, step := span.Start(ctx, "model.embed")
	step.Text("model", e.Name())
	vectors, usage, err := e.Embed(traced, req.GetTexts())
	step.End(err)
	if err == nil {
		err = checkVectors(vectors, len(req.GetTexts()))
	}
	if err != nil {
		return nil, s.failed(ctx, e.Name(), err, req.GetTexts)
	}
	out := &textv1.EmbedResponse{Usage: encodeUsage(&usage), Vectors: make([]*textv1.Vector, len(vectors))}
	for i, v := range vectors {
		out.Vectors[i] = &textv1.Vector{Values: v}
	}
	return out, nil
}

// guard ends a context if a model gives nothing for too long.
type guard struct {
	mu     sync.Mutex
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func guarded(parent context.Context, limit time.Duration) (context.Context, *guard) {
	ctx, cancel := context.WithCancelCause(parent)
	g := &guard{cancel: cancel}
	g.start(limit)
	return ctx, g
}

// end stops the guard and whatever the model left running.
func (g *guard) end() {
	g.stop()
	g.cancel(nil)
}

func (g *guard) start(limit time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer = time.AfterFunc(limit, func() {
		g.cancel(modelFailed(fmt.Sprintf("the model behind this neuron gave nothing for %v", limit)))
	})
}

func (g *guard) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer.Stop()
}

// encodePiece packs a piece for the wire and makes it what the wire type promises, whatever the model gave; the likeliest tokens
// only where they were asked for.
func encodePiece(p *model.Piece, top bool) *textv1.GenerateResponse {
	out := &textv1.GenerateResponse{
		Text: strings.ToValidUTF8(p.Text, "\uFFFD"), ToolCallsJson: p.ToolCalls, FinishReason: p.Finish, Logprobs: encodeLogprobs(p.Logprobs, top),
	}
	if p.Usage != nil {
		out.Usage = encodeUsage(p.Usage)
	}
	return out
}

func encodeLogprobs(in []model.TokenLogprob, top bool) []*textv1.TokenLogprob {
	if len(in) == 0 {
		return nil
	}
	out := make([]*textv1.TokenLogprob, len(in))
	for i, t := range in {
		out[i] = &textv1.TokenLogprob{Token: t.Token[:min(len(t.Token), maxTokenBytes)], Logprob: logprob(t.Logprob)}
		if top {
			out[i].Top = encodeLogprobs(t.Top[:min(len(t.Top), maxTop)], false)
		}
	}
	return out
}

// logprob keeps what no JSON can hold off the wire.
func logprob(x float64) float64 {
	if math.IsNaN(x) {
		return leastLogprob
	}
	return min(max(x, leastLogprob), 0)
}

func encodeUsage(u *model.Usage) *textv1.Usage {
	return &textv1.Usage{PromptTokens: count(u.Prompt), CompletionTokens: count(u.Completion)}
}

func count(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

// checkVectors fails unless there are n vectors of one length in values, each of length 1.
func checkVectors(vectors [][]float32, n int) error {
	if len(vectors) != n {
		return fmt.Errorf("%w: %d vectors for %d texts", errModel, len(vectors), n)
	}
	for i, v := range vectors {
		if len(v) < 1 || len(v) > maxVector || len(v) != len(vectors[0]) {
			return fmt.Errorf("%w: vector %d has %d values, want as many as the first, 1 to %d", errModel, i, len(v), maxVector)
		}
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		if !(math.Abs(math.Sqrt(sum)-1) <= lengthError) { // so that NaN fails
			return fmt.Errorf("%w: vector %d has length %v, want 1", errModel, i, math.Sqrt(sum))
		}
	}
	return nil
}

func textsOf(contexts [][]byte) []string {
	out := make([]string, len(contexts))
	for i, c := range contexts {
		out[i] = string(c)
	}
	return out
}

func textsOfPrompt(p *model.Prompt) []string {
	out := append([]string{p.Text, string(p.Tools), string(p.ToolChoice), string(p.ResponseFormat)}, p.Stop...)
	for _, m := range p.Messages {
		out = append(out, m.Content, m.Name, m.ToolCallID, string(m.ToolCalls))
	}
	return out
}
