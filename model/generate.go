package model

import (
	"context"
	"encoding/json"
)

// Generator writes text. Implementations are safe for concurrent use.
type Generator interface {
	// Name tells models apart for people.
	Name() string
	// Generate writes a text piece by piece and returns nil after a piece with a Finish. It ends with ctx, and with emit's first error.
	// ErrRequest: the model cannot do what is asked (tools, log-probabilities, length), in words for the caller.
	Generate(ctx context.Context, p Prompt, emit func(Piece) error) error
}

// Embedder turns texts into vectors of Euclidean length 1, always of as many values. Implementations are safe for concurrent use.
type Embedder interface {
	Name() string
	// Embed returns one vector per text, in their order.
	Embed(ctx context.Context, texts []string) ([][]float32, Usage, error)
}

// Prompt is what to write. Exactly one of Messages and Text is set.
type Prompt struct {
	Messages    []Message
	Text        string
	MaxTokens   int     // at least 1
	Temperature float64 // 0..2; 0 takes the likeliest token always
	TopP        float64 // over 0, up to 1
	Seed        *uint64
	Stop        []string
	Logprobs    bool
	TopLogprobs int // 0..20

	FrequencyPenalty, PresencePenalty float64 // -2..2

	Tools, ToolChoice, ResponseFormat json.RawMessage // in OpenAI's form; nil: none
}

// Message is one turn of a conversation.
type Message struct {
	Role       string // system, user, assistant or tool
	Content    string
	Name       string
	ToolCallID string
	ToolCalls  json.RawMessage // in OpenAI's form; nil: none
}

// Reasons to end a text.
const (
	FinishStop      = "stop"
	FinishLength    = "length"
	FinishToolCalls = "tool_calls"
)

// Piece is the next part of a text.
type Piece struct {
	Text      string // valid UTF-8 by itself
	Logprobs  []TokenLogprob
	ToolCalls json.RawMessage // in the form of OpenAI's streamed tool_calls; nil: none
	Finish    string          // on the last piece
	Usage     *Usage          // on the last piece
}

// TokenLogprob is a token and the natural logarithm of its probability.
type TokenLogprob struct {
	Token   []byte
	Logprob float64
	Top     []TokenLogprob // the likeliest in its place, most likely first
}

// Usage counts tokens as the model does.
type Usage struct {
	Prompt, Completion int
}
