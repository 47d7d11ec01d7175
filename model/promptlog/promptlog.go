// Package promptlog writes down what a model is asked. It is off unless a miner wants it: callers' texts are their own, and a file of
// them is one more thing to keep safe.
//
// Start at New; wrap the models with Predictor, Generator and Embedder. Each call is one line of JSON: time, method and the prompt.
// Answers are not written.
package promptlog

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/gotensor/gotensor/model"
)

// Log writes one line per call. It is safe for concurrent use.
type Log struct {
	mu  sync.Mutex
	out io.Writer
	log *slog.Logger
	bad bool
}

// New returns a Log. If out fails, the models go on, and log says so once.
func New(out io.Writer, log *slog.Logger) *Log { return &Log{out: out, log: log} }

// entry is a line; the fields that do not belong to the method are left out.
type entry struct {
	Time     time.Time       `json:"time"`
	Method   string          `json:"method"`
	Contexts [][]byte        `json:"contexts,omitempty"` // base64: they may end within a character
	Messages []model.Message `json:"messages,omitempty"`
	Text     string          `json:"text,omitempty"`
	Tools    json.RawMessage `json:"tools,omitempty"`
	Texts    []string        `json:"texts,omitempty"`
}

func (l *Log) write(e entry) {
	e.Time = time.Now().UTC()
	line, err := json.Marshal(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		_, err = l.out.Write(append(line, '\n'))
	}
	if err != nil && !l.bad {
		l.bad = true
		l.log.Warn("the log of prompts cannot be written", "err", err)
	}
}

// Predictor returns p with a log.
func (l *Log) Predictor(p model.Predictor) model.Predictor { return predictor{p, l} }

// Generator returns g with a log. What g says of its capabilities is passed on.
func (l *Log) Generator(g model.Generator) model.Generator { return generator{g, l} }

// Embedder returns e with a log.
func (l *Log) Embedder(e model.Embedder) model.Embedder { return embedder{e, l} }

type predictor struct {
	model.Predictor
	l *Log
}

func (p predictor) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	p.l.write(entry{Method: "predict", Contexts: contexts})
	return p.Predictor.Predict(ctx, contexts, k)
}

type generator struct {
	model.Generator
	l *Log
}

func (g generator) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	g.l.write(entry{Method: "generate", Messages: p.Messages, Text: p.Text, Tools: p.Tools})
	return g.Generator.Generate(ctx, p, emit)
}

// Capabilities are those of the model.
func (g generator) Capabilities() []string {
	if able, ok := g.Generator.(interface{ Capabilities() []string }); ok {
		return able.Capabilities()
	}
	return nil
}

type embedder struct {
	model.Embedder
	l *Log
}

func (e embedder) Embed(ctx context.Context, texts []string) ([][]float32, model.Usage, error) {
	e.l.write(entry{Method: "embed", Texts: texts})
	return e.Embedder.Embed(ctx, texts)
}
