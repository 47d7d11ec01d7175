package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gotensor/gotensor/model"
)

const (
	// shortWait is the longest pause before another go at a text: who wants to read it may rather ask another miner.
	shortWait = 2 * time.Second
	// lastWait is how long the count of tokens may take after the end of a text.
	lastWait = 2 * time.Second
	// drainWait is how long the end of a connection may take after it.
	drainWait = 50 * time.Millisecond
	// A token is rarely over so many bytes; a text is cut off as wrong at that many for each token that was asked for, and a bit.
	textPerToken = 256
	textBeside   = 64 << 10
)

type chatRequest struct {
	Messages         []chatMessage   `json:"messages,omitempty"`
	Prompt           *string         `json:"prompt,omitempty"`
	Model            string          `json:"model,omitempty"`
	MaxTokens        int             `json:"max_tokens"`
	Temperature      float64         `json:"temperature"`
	TopP             float64         `json:"top_p,omitempty"`
	Seed             *int64          `json:"seed,omitempty"`
	Stop             []string        `json:"stop,omitempty"`
	Logprobs         any             `json:"logprobs,omitempty"` // a number for completions, true for chats
	TopLogprobs      int             `json:"top_logprobs,omitempty"`
	FrequencyPenalty float64         `json:"frequency_penalty,omitempty"`
	PresencePenalty  float64         `json:"presence_penalty,omitempty"`
	Tools            json.RawMessage `json:"tools,omitempty"`
	ToolChoice       json.RawMessage `json:"tool_choice,omitempty"`
	ResponseFormat   json.RawMessage `json:"response_format,omitempty"`
	Stream           bool            `json:"stream"`
	StreamOptions    *streamOptions  `json:"stream_options,omitempty"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type chatMessage struct {
	Role       string          `json:"role"`
	Content    string          `json:"content"`
	Name       string          `json:"name,omitempty"`
	ToolCallID string          `json:"tool_call_id,omitempty"`
	ToolCalls  json.RawMessage `json:"tool_calls,omitempty"`
}

// Generate asks one server for a text and another one if that fails before the first piece, never after. A server that gives nothing for
// Config.FirstToken, or Config.NextToken between two tokens, is given up. While a model thinks before it writes, empty pieces come.
//
// Errors: model.ErrRequest with the server's own words; BusyError; ErrStalled; ErrServer; what emit returned.
func (p *Pool) Generate(ctx context.Context, prompt model.Prompt, emit func(model.Piece) error) error {
	if (len(prompt.Messages) == 0) == (prompt.Text == "") {
		return fmt.Errorf("%w: want either messages or a text to go on with", model.ErrRequest)
	}
	if prompt.MaxTokens < 1 {
		return fmt.Errorf("%w: max_tokens is %d, want at least 1", model.ErrRequest, prompt.MaxTokens)
	}
	if prompt.Tools != nil && !p.cfg.Tools {
		return fmt.Errorf("%w: the model behind this neuron calls no tools", model.ErrRequest)
	}
	err := p.do(ctx, shortWait, func(ctx context.Context, b *backend) error {
		err := b.generate(ctx, &prompt, emit)
		if said, ok := errors.AsType[*refusedError](err); ok && strings.Contains(said.said, "stream_options") && !b.noUsage.Swap(true) {
			err = b.generate(ctx, &prompt, emit)
		}
		return err
	})
	if errors.Is(err, ErrLogprobs) {
		return fmt.Errorf("%w: the model behind this neuron gives no log-probabilities, or not so many", model.ErrRequest)
	}
	return asRequest(err)
}

// asRequest makes what a server said about a request an error for who made it.
func asRequest(err error) error {
	if said, ok := errors.AsType[*refusedError](err); ok {
		return fmt.Errorf("%w: %s", model.ErrRequest, said.said)
	}
	return err
}

// request packs a prompt for a server: where to, and what.
func (b *backend) request(p *model.Prompt) (path string, body any) {
	if p.Text != "" && b.is(Ollama) {
		return "//api/generate", ollamaText(b.model(), p)
	}
	r := chatRequest{
		Model: b.model(), MaxTokens: p.MaxTokens, Temperature: p.Temperature, TopP: p.TopP, Seed: seedOf(p.Seed), Stop: p.Stop,
		FrequencyPenalty: p.FrequencyPenalty, PresencePenalty: p.PresencePenalty, ResponseFormat: p.ResponseFormat, Stream: true,
	}
	if !b.noUsage.Load() {
		r.StreamOptions = &streamOptions{IncludeUsage: true}
	}
	if p.Text != "" {
		r.Prompt = &p.Text
		if p.Logprobs {
			r.Logprobs = max(1, p.TopLogprobs)
		}
		return "/completions", r
	}
	r.Tools, r.ToolChoice = p.Tools, p.ToolChoice
	if p.Logprobs {
		r.Logprobs, r.TopLogprobs = true, p.TopLogprobs
	}
	for _, m := range p.Messages {
		r.Messages = append(r.Messages, chatMessage{Role: m.Role, Content: m.Content, Name: m.Name, ToolCallID: m.ToolCallID, ToolCalls: m.ToolCalls})
	}
	return "/chat/completions", r
}

// seedOf makes a seed that every server takes: 31 bits, since llama.cpp's takes 32 of which all ones mean 'any'.
func seedOf(seed *uint64) *int64 {
	if seed == nil {
		return nil
	}
	s := int64((*seed ^ *seed>>32) & 0x7fffffff)
	return &s
}

// watch ends a context when nothing has come for too long.
type watch struct {
	timer *time.Timer
	next  time.Duration
}

func newWatch(first, next time.Duration, cancel context.CancelCauseFunc) *watch {
	return &watch{next: next, timer: time.AfterFunc(first, func() {
		cancel(fmt.Errorf("%w: nothing came within its time (%s to the first token, %s between two)", ErrStalled, first, next))
	})}
}

// writing is the state of one text.
type writing struct {
	emit   func(model.Piece) error
	prompt *model.Prompt
	runes  runes
	begun  bool
	pieces int
	bytes  int
	finish string
	usage  *model.Usage
}

// generate makes one attempt at a text.
func (b *backend) generate(ctx context.Context, p *model.Prompt, emit func(model.Piece) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &writing{emit: emit, prompt: p}
	watch := newWatch(b.pool.cfg.FirstToken, b.pool.cfg.NextToken, cancel)
	defer watch.timer.Stop()
	start := time.Now()
	err := b.stream(ctx, w, watch, func() { b.took(time.Since(start)) })
	if err == nil {
		return w.end()
	}
	var f *fault
	if !errors.As(err, &f) {
		f = b.broken(ctx, err)
	}
	f.begun = w.begun
	return f
}

// stream reads the server's answer until its end.
func (b *backend) stream(ctx context.Context, w *writing, watch *watch, first func()) error {
	path, body := b.request(w.prompt)
	response, err := b.send(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var source interface{ next() ([]byte, error) } = newEvents(response.Body)
	decode, want := b.decode, "text/event-stream"
	if path == "//api/generate" {
		source, decode, want = newLines(response.Body), b.decodeOllama, "application/x-ndjson"
	}
	if got, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || got != want {
		return failed(unfit, fmt.Errorf("%w: it answers with %q, want a stream of %s", ErrServer, printable(response.Header.Get("Content-Type"), 64), want))
	}
	for {
		data, err := source.next()
		if err != nil {
			if w.finish != "" && ctx.Err() == nil || w.finish != "" && errors.Is(context.Cause(ctx), ErrStalled) {
				return nil // the text is whole, only the count is missing
			}
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		part, err := decode(data, w.prompt.TopLogprobs)
		if err != nil {
			return failed(faulty, err)
		}
		if part.end && w.finish == "" && part.finish == "" {
			return failed(faulty, fmt.Errorf("%w: its stream ended without a reason to finish", ErrServer))
		}
		alive := part.alive()
		if alive {
			watch.timer.Stop() // the time that our caller takes is not the server's
			if !w.begun {
				first()
			}
		}
		if err := w.add(&part); err != nil {
			return err
		}
		if part.end {
			// A connection that is read to its end can be used again; where the end does not come at once that is not worth a wait.
			watch.timer.Reset(drainWait)
			_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
			return nil
		}
		if alive { // a role alone, or nothing at all, does not win a server more time
			watch.timer.Reset(watch.next)
			if w.finish != "" {
				watch.timer.Reset(min(watch.next, lastWait))
			}
		}
	}
}

// alive tells whether the model has done something.
func (p *part) alive() bool {
	return len(p.text) > 0 || p.tools != nil || p.thinking || p.finish != "" || len(p.logprobs) > 0
}

// add passes a part on.
func (w *writing) add(p *part) error {
	if p.usage != nil {
		w.usage = p.usage
	}
	if w.finish != "" {
		return nil
	}
	w.finish = p.finish
	if len(p.text) == 0 && p.tools == nil && !p.thinking && len(p.logprobs) == 0 {
		return nil
	}
	if w.prompt.Logprobs && w.bytes == 0 && len(p.text) > 0 && len(p.logprobs) == 0 && w.prompt.Tools == nil {
		return failed(unfit, fmt.Errorf("%w: the answer has none (%s)", ErrLogprobs, hint))
	}
	if w.bytes += len(p.text); w.bytes > w.prompt.MaxTokens*textPerToken+textBeside {
		return failed(faulty, fmt.Errorf("%w: %d bytes for %d tokens", ErrServer, w.bytes, w.prompt.MaxTokens))
	}
	w.pieces += max(1, len(p.logprobs))
	piece := model.Piece{Text: w.runes.add(p.text), ToolCalls: p.tools}
	if w.prompt.Logprobs {
		piece.Logprobs = p.logprobs
	}
	w.begun = true
	return w.pass(piece)
}

// end passes the last piece on.
func (w *writing) end() error {
	usage := w.usage
	if usage == nil { // a token is four bytes of English or so
		usage = &model.Usage{Prompt: (promptBytes(w.prompt) + 3) / 4, Completion: w.pieces}
	}
	w.begun = true
	return w.pass(model.Piece{Text: w.runes.rest(), Finish: w.finish, Usage: usage})
}

func (w *writing) pass(piece model.Piece) error {
	if err := w.emit(piece); err != nil {
		return &fault{cause: neutral, err: err, begun: true}
	}
	return nil
}

func promptBytes(p *model.Prompt) int {
	n := len(p.Text)
	for _, m := range p.Messages {
		n += len(m.Content)
	}
	return n
}
