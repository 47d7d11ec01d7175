package openai

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/gotensor/gotensor/model"
)

// part is one event of a stream, of whatever server.
type part struct {
	text     []byte
	logprobs []model.TokenLogprob
	tools    json.RawMessage
	thinking bool // the model writes for itself
	finish   string
	usage    *model.Usage
	end      bool // nothing comes after it
}

type chunk struct {
	Choices []struct {
		Index        int         `json:"index"`
		Text         octetString `json:"text"`
		Delta        delta       `json:"delta"`
		Logprobs     *logprobs   `json:"logprobs"`
		FinishReason string      `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
	// Code and Message are an error in the shape that older servers have.
	Object  string `json:"object"`
	Message string `json:"message"`
}

type delta struct {
	Content          octetString     `json:"content"`
	ReasoningContent string          `json:"reasoning_content"`
	Reasoning        string          `json:"reasoning"`
	ToolCalls        json.RawMessage `json:"tool_calls"`
}

const maxTools = 64 << 10 // bytes of calls of tools in one event

// decode reads one event of OpenAI's streams, of chats and of completions alike.
func (b *backend) decode(data []byte, top int) (part, error) {
	if string(bytes.TrimSpace(data)) == "[DONE]" {
		return part{end: true}, nil
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return part{}, fmt.Errorf("%w: an event of its stream is no JSON: %w", ErrServer, err)
	}
	if (len(c.Error) > 0 && string(c.Error) != "null") || c.Object == "error" || (c.Choices == nil && c.Usage == nil && c.Message != "") {
		return part{}, fmt.Errorf("%w: it broke off: %s", ErrServer, b.serverMessage(data))
	}
	var out part
	if c.Usage != nil {
		out.usage = &model.Usage{Prompt: max(0, c.Usage.PromptTokens), Completion: max(0, c.Usage.CompletionTokens)}
	}
	if len(c.Choices) == 0 {
		return out, nil
	}
	choice := &c.Choices[0]
	if choice.Index != 0 {
		return part{}, fmt.Errorf("%w: its stream has a choice %d, though one was asked for", ErrServer, choice.Index)
	}
	out.text = choice.Text
	if len(out.text) == 0 {
		out.text = choice.Delta.Content
	}
	out.thinking = choice.Delta.ReasoningContent != "" || choice.Delta.Reasoning != ""
	if t := bytes.TrimSpace(choice.Delta.ToolCalls); len(t) > 0 && string(t) != "null" && string(t) != "[]" {
		if t[0] != '[' || len(t) > maxTools {
			return part{}, fmt.Errorf("%w: tool_calls of its stream are no array of at most %d bytes", ErrServer, maxTools)
		}
		out.tools = slices.Clone(t)
	}
	var err error
	if out.logprobs, err = choice.Logprobs.written(top); err != nil {
		return part{}, err
	}
	if choice.FinishReason != "" {
		out.finish, err = finishOf(choice.FinishReason)
	}
	return out, err
}

// finishOf maps the reasons of all servers to those of package model.
func finishOf(reason string) (string, error) {
	switch reason {
	case model.FinishLength, model.FinishToolCalls:
		return reason, nil
	case "function_call":
		return model.FinishToolCalls, nil
	case "abort", "error":
		return "", fmt.Errorf("%w: it broke off (%s)", ErrServer, reason)
	default: // stop, and what servers have beside it: eos, content_filter, load
		return model.FinishStop, nil
	}
}

const maxToken = 256 // bytes of a token that are passed on

// written returns the tokens that were written, each with at most top others, in either shape.
func (l *logprobs) written(top int) ([]model.TokenLogprob, error) {
	if l == nil {
		return nil, nil
	}
	out := make([]model.TokenLogprob, 0, max(len(l.Content), len(l.Tokens)))
	for i := range l.Content {
		t, err := l.Content[i].pass()
		if err != nil {
			return nil, err
		}
		for j := range l.Content[i].TopLogprobs {
			other, err := l.Content[i].TopLogprobs[j].pass()
			if err != nil {
				return nil, err
			}
			t.Top = append(t.Top, other)
		}
		out = append(out, sorted(t, top))
	}
	for i, text := range l.Tokens {
		if len(l.Content) > 0 || i >= len(l.TokenLogprobs) || l.TokenLogprobs[i] == nil {
			continue // the first token of an echoed prompt has none
		}
		t, err := (&tokenLogprob{Token: text, Logprob: *l.TokenLogprobs[i]}).pass()
		if err != nil {
			return nil, err
		}
		if i < len(l.TopLogprobs) {
			for text, logprob := range l.TopLogprobs[i] {
				other, err := (&tokenLogprob{Token: octetString(text), Logprob: logprob}).pass()
				if err != nil {
					return nil, err
				}
				t.Top = append(t.Top, other)
			}
		}
		out = append(out, sorted(t, top))
	}
	return out, nil
}

// pass checks one token. A text that is broken is passed on as it is: people want to see something.
func (t *tokenLogprob) pass() (model.TokenLogprob, error) {
	text := t.text()
	if text == nil {
		text = t.Token
	}
	if math.IsNaN(t.Logprob) || t.Logprob > 1e-3 {
		return model.TokenLogprob{}, fmt.Errorf("%w: log-probability %v of %q, want at most 0", ErrServer, t.Logprob, text)
	}
	return model.TokenLogprob{Token: text[:min(len(text), maxToken)], Logprob: min(0, t.Logprob)}, nil
}

func sorted(t model.TokenLogprob, top int) model.TokenLogprob {
	slices.SortFunc(t.Top, func(a, b model.TokenLogprob) int {
		return cmp.Or(cmp.Compare(b.Logprob, a.Logprob), bytes.Compare(a.Token, b.Token))
	})
	t.Top = t.Top[:min(len(t.Top), top)]
	return t
}
