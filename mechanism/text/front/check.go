package front

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// Bounds of an answer.
const (
	maxTokenBytes = 64      // of text per token that was asked for, on average
	slackBytes    = 1 << 10 // beside them
	slackPieces   = 64      // more pieces than twice the tokens
	maxCallsJSON  = 1 << 18 // of all tool calls of an answer
	maxCalls      = 128
	maxLogBytes   = 256  // of a token in log-probabilities
	roundoff      = 1e-3 // how far over 0 a log-probability may lie and still be meant as 0
)

// checker looks at the pieces of one answer, which are a stranger's. Any error wraps mechanism.ErrBadAnswer.
type checker struct {
	prompt   *model.Prompt
	pieces   int
	text     int // bytes
	logprobs int
	calls    int // bytes of tool calls
	seen     map[int]bool
	finished bool

	out   piece // of the latest call, used again
	probs []model.TokenLogprob
}

// piece is a checked part of an answer. It is valid until the next one of its checker.
type piece struct {
	text     string
	logprobs []model.TokenLogprob
	calls    []toolCall
	finish   string
	usage    usage // with finish
}

func (p *piece) empty() bool { return p.text == "" && p.calls == nil && p.finish == "" }

// toolCall is a call of a tool, or the next part of one, in OpenAI's streamed form.
type toolCall struct {
	Index    int           `json:"index"`
	ID       string        `json:"id,omitempty"`
	Type     string        `json:"type,omitempty"`
	Function *toolFunction `json:"function,omitempty"`
}

type toolFunction struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

// usage counts tokens.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", mechanism.ErrBadAnswer, fmt.Sprintf(format, args...))
}

// wire checks a message of gotensor.text.v1.
func (c *checker) wire(m *textv1.GenerateResponse) (*piece, error) {
	if n := len(m.GetLogprobs()); n > 0 && c.prompt.Logprobs {
		if err := c.countLogprobs(n); err != nil {
			return nil, err
		}
		c.probs = c.probs[:0]
		for _, t := range m.GetLogprobs() {
			p := model.TokenLogprob{Token: t.GetToken(), Logprob: t.GetLogprob()}
			for _, top := range t.GetTop()[:min(len(t.GetTop()), c.prompt.TopLogprobs)] {
				p.Top = append(p.Top, model.TokenLogprob{Token: top.GetToken(), Logprob: top.GetLogprob()})
			}
			c.probs = append(c.probs, p)
		}
	} else {
		c.probs = nil
	}
	var u *model.Usage
	if m.GetUsage() != nil {
		u = &model.Usage{Prompt: int(m.GetUsage().GetPromptTokens()), Completion: int(m.GetUsage().GetCompletionTokens())}
	}
	return c.check(&model.Piece{Text: m.GetText(), Logprobs: c.probs, ToolCalls: m.GetToolCallsJson(), Finish: m.GetFinishReason(), Usage: u})
}

// mixed checks a piece of a Mixer, whose text is made of what neurons said.
func (c *checker) mixed(p *model.Piece) (*piece, error) {
	if err := c.countLogprobs(len(p.Logprobs)); err != nil {
		return nil, err
	}
	return c.check(p)
}

func (c *checker) countLogprobs(n int) error {
	if c.logprobs += n; c.logprobs > 2*c.prompt.MaxTokens+slackPieces {
		return bad("log-probabilities of %d tokens, %d were asked for", c.logprobs, c.prompt.MaxTokens)
	}
	return nil
}

func (c *checker) check(p *model.Piece) (*piece, error) {
	c.pieces++
	c.text += len(p.Text)
	switch {
	case c.finished:
		return nil, bad("a piece after the last one")
	case c.pieces > 2*c.prompt.MaxTokens+slackPieces:
		return nil, bad("%d pieces for %d tokens", c.pieces, c.prompt.MaxTokens)
	case c.text > c.prompt.MaxTokens*maxTokenBytes+slackBytes:
		return nil, bad("%d bytes of text for %d tokens", c.text, c.prompt.MaxTokens)
	}
	c.out = piece{text: p.Text}
	if !utf8.ValidString(p.Text) {
		c.out.text = strings.ToValidUTF8(p.Text, "\uFFFD")
	}
	if c.prompt.Logprobs {
		for i := range p.Logprobs {
			if err := checkLogprob(&p.Logprobs[i]); err != nil {
				return nil, err
			}
		}
		c.out.logprobs = p.Logprobs
	}
	if len(p.ToolCalls) > 0 {
		if err := c.toolCalls(p.ToolCalls); err != nil {
			return nil, err
		}
	}
	return &c.out, c.finish(p)
}

func (c *checker) finish(p *model.Piece) error {
	switch p.Finish {
	case "":
		return nil
	case model.FinishStop, model.FinishLength:
	case model.FinishToolCalls:
		if c.calls == 0 {
			return bad("finish_reason is tool_calls, but there is no call")
		}
	default:
		return bad("finish_reason is %q, want stop, length or tool_calls", clip(p.Finish))
	}
	c.finished = true
	c.out.finish = p.Finish
	c.out.usage = c.usage(p.Usage)
	return nil
}

func clip(s string) string { return s[:min(len(s), 64)] }

func checkLogprob(t *model.TokenLogprob) error {
	if err := checkToken(t); err != nil {
		return err
	}
	for i := range t.Top {
		if err := checkToken(&t.Top[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkToken(t *model.TokenLogprob) error {
	switch {
	case len(t.Token) > maxLogBytes:
		return bad("a token of %d bytes, want at most %d", len(t.Token), maxLogBytes)
	case math.IsNaN(t.Logprob) || math.IsInf(t.Logprob, 0) || t.Logprob > roundoff:
		return bad("the log-probability of a token is %v, want a number of at most 0", t.Logprob)
	}
	t.Logprob = min(t.Logprob, 0)
	return nil
}

// toolCalls reads calls, whole or in parts. Names that nobody asked for are left out, and an id is made where a new call has none.
func (c *checker) toolCalls(raw json.RawMessage) error {
	if c.prompt.Tools == nil {
		return bad("it calls a tool, but was given none")
	}
	if c.calls += len(raw); c.calls > maxCallsJSON {
		return bad("tool calls of over %d bytes", maxCallsJSON)
	}
	var parts []struct {
		Index    *int   `json:"index"`
		ID       string `json:"id"`
		Function struct {
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		} `json:"function"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return bad("tool calls are no JSON array: %v", err)
	}
	for i, p := range parts {
		call := toolCall{Index: i, Function: &toolFunction{Name: p.Function.Name}}
		if p.Index != nil {
			call.Index = *p.Index
		}
		if call.Index < 0 || call.Index >= maxCalls || len(p.ID) > maxCallID || len(p.Function.Name) > maxLogBytes {
			return bad("a tool call with index %d, an id of %d bytes and a name of %d", call.Index, len(p.ID), len(p.Function.Name))
		}
		call.Function.Arguments = arguments(p.Function.Arguments)
		if !c.seen[call.Index] {
			if p.Function.Name == "" {
				return bad("a tool call begins without a name")
			}
			if c.seen == nil {
				c.seen = map[int]bool{}
			}
			c.seen[call.Index] = true
			call.ID, call.Type = p.ID, "function"
			if call.ID == "" {
				call.ID = "call_" + strings.ToLower(rand.Text())
			}
		} else {
			call.Function.Name = "" // the client adds parts to each other: a name that comes twice would double
		}
		c.out.calls = append(c.out.calls, call)
	}
	return nil
}

// arguments are a string that holds JSON; some servers send the JSON itself.
func arguments(raw json.RawMessage) string {
	var s string
	if !given(raw) {
		return ""
	}
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return ""
	}
	return compact.String()
}

// usage is the neuron's own count, as far as it can be true: no token is without a byte, and none has more than maxTokenBytes on average. Where
// it gives none, four bytes are a token.
func (c *checker) usage(claim *model.Usage) usage {
	in, out := promptBytes(c.prompt), c.text+c.calls
	u := usage{Prompt: tokens(in), Completion: tokens(out)}
	if claim != nil {
		u.Prompt = clamp(claim.Prompt, 0, in+16*(len(c.prompt.Messages)+1))
		u.Completion = clamp(claim.Completion, (out+maxTokenBytes-1)/maxTokenBytes, out+1) // and one that ends the text
	}
	u.Completion = min(u.Completion, c.prompt.MaxTokens)
	u.Total = u.Prompt + u.Completion
	return u
}

func clamp(v, low, high int) int { return max(low, min(v, high)) }

// tokens is about how many tokens so many bytes of English are.
func tokens(n int) int { return (n + 3) / 4 }

func promptBytes(p *model.Prompt) int {
	n := len(p.Text) + len(p.Tools) + len(p.ResponseFormat) + len(p.ToolChoice)
	for i := range p.Messages {
		m := &p.Messages[i]
		n += len(m.Content) + len(m.Name) + len(m.ToolCalls) + len(m.ToolCallID)
	}
	return n
}
