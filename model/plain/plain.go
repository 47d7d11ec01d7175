// Package plain is for models that know nothing but text that goes on: a conversation as plain text, and a Writer that turns tokens
// into pieces, which are valid UTF-8 and end before a stop sequence.
//
// Flow: Text makes what the model goes on with, Stops the sequences that end its turn; each token of the model goes to Writer.Add until
// it says that the text ended, or Writer.Finish is called.
//
// Start at Text and NewWriter; model/ngram and mechanism/text/mixture use both.
package plain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/gotensor/gotensor/model"
)

// Text is a prompt as plain text. That of a conversation begins with what the system says, then come the turns, each on lines
// of its own, and last the beginning of the turn to write:
//
//	Be brief.
//
//	User: What is a neuron?
//	Assistant:
//
// What tools said is a turn of "Tool"; names of speakers are left out. Tools and forms of answer other than text fail with model.ErrRequest.
func Text(p *model.Prompt) (string, error) {
	if len(p.Tools) > 0 {
		return "", fmt.Errorf("%w: this model cannot call tools", model.ErrRequest)
	}
	if !isText(p.ResponseFormat) {
		return "", fmt.Errorf("%w: this model answers in plain text only, leave response_format out", model.ErrRequest)
	}
	if len(p.Messages) == 0 {
		return p.Text, nil
	}
	var out strings.Builder
	for _, m := range p.Messages {
		if len(m.ToolCalls) > 0 {
			return "", fmt.Errorf("%w: this model cannot go on with calls of tools", model.ErrRequest)
		}
		if m.Role == "system" {
			out.WriteString(m.Content + "\n\n")
			continue
		}
		out.WriteString(speaker(m.Role) + ": " + m.Content + "\n")
	}
	out.WriteString(speaker("assistant") + ":")
	return out.String(), nil
}

// isText tells whether a form of answer, in OpenAI's form, is plain text.
func isText(format json.RawMessage) bool {
	if len(format) == 0 {
		return true
	}
	var f struct {
		Type string `json:"type"`
	}
	return json.Unmarshal(format, &f) == nil && f.Type == "text"
}

func speaker(role string) string {
	switch role {
	case "assistant":
		return "Assistant"
	case "tool":
		return "Tool"
	default:
		return "User"
	}
}

// Stops are the sequences that end the text: those of the caller and, in a conversation, the beginning of the user's next turn.
func Stops(p *model.Prompt) []string {
	out := append([]string(nil), p.Stop...)
	if len(p.Messages) > 0 {
		out = append(out, "\nUser:")
	}
	return out
}

// Rand is the chance of a prompt: always the same for its seed, else different for every call.
func Rand(p *model.Prompt) *rand.Rand {
	if p.Seed != nil {
		return rand.New(rand.NewPCG(*p.Seed, 0x676f74656e736f72))
	}
	return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
}

// maxPiece is the most bytes that wait for a blank before they are handed on.
const maxPiece = 16

// Writer turns tokens into pieces. A piece ends with a blank or a line where there is one within 16 bytes; what could be the beginning of a
// stop sequence waits until it is none, and so does half a character. It is for one text and one goroutine.
type Writer struct {
	stops    []string
	logprobs bool
	emit     func(model.Piece) error
	waiting  []byte
	tokens   []place
	written  int // bytes handed on
	seen     int // tokens added
	ended    bool
}

// place is a token and where it begins, in bytes from the beginning of the text.
type place struct {
	model.TokenLogprob
	begin int
}

// NewWriter writes to emit, with the tokens' log-probabilities if they are wanted.
func NewWriter(stops []string, logprobs bool, emit func(model.Piece) error) *Writer {
	return &Writer{stops: stops, logprobs: logprobs, emit: emit}
}

// Add takes the next token. It returns true if the text ended with it by a stop sequence: then Finish was called with its reason.
// The error is that of emit.
func (w *Writer) Add(t model.TokenLogprob, usage model.Usage) (bool, error) {
	from := len(w.waiting)
	if w.logprobs {
		w.tokens = append(w.tokens, place{t, w.written + from})
	}
	w.waiting = append(w.waiting, t.Token...)
	w.seen++
	if end := w.stopAt(from); end >= 0 {
		w.waiting, w.ended = w.waiting[:end], true
		return true, w.Finish(model.FinishStop, usage)
	}
	n := len(w.waiting) - w.held()
	if i := bytes.LastIndexAny(w.waiting[:n], " \n"); i >= 0 {
		return false, w.hand(i+1, model.Piece{})
	}
	if n >= maxPiece || w.written == 0 && n > 0 && w.seen == 1 {
		return false, w.hand(n, model.Piece{})
	}
	return false, nil
}

// Finish hands on what waits, and the reason.
func (w *Writer) Finish(reason string, usage model.Usage) error {
	return w.hand(len(w.waiting), model.Piece{Finish: reason, Usage: &usage})
}

// stopAt returns where the first stop sequence begins, -1 without one. Only the bytes since from are new.
func (w *Writer) stopAt(from int) int {
	first := -1
	for _, s := range w.stops {
		begin := max(0, from-len(s)+1)
		if i := bytes.Index(w.waiting[begin:], []byte(s)); i >= 0 && (first < 0 || begin+i < first) {
			first = begin + i
		}
	}
	return first
}

// held is how many bytes at the end cannot be handed on yet.
func (w *Writer) held() int {
	n := 0
	for i := 1; i <= min(utf8.UTFMax-1, len(w.waiting)); i++ {
		if last := w.waiting[len(w.waiting)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				n = i
			}
			break
		}
	}
	for _, s := range w.stops {
		for i := min(len(s)-1, len(w.waiting)); i > n; i-- {
			if bytes.HasSuffix(w.waiting, []byte(s[:i])) {
				n = i
			}
		}
	}
	return n
}

// hand gives the first n waiting bytes on, with the tokens that end with them; on the last piece with all that begin before the end.
func (w *Writer) hand(n int, p model.Piece) error {
	p.Text = strings.ToValidUTF8(string(w.waiting[:n]), "\uFFFD")
	w.waiting = append(w.waiting[:0], w.waiting[n:]...)
	w.written += n
	done := 0
	for _, t := range w.tokens {
		if t.begin >= w.written || p.Finish == "" && t.begin+len(t.Token) > w.written {
			break
		}
		p.Logprobs = append(p.Logprobs, t.TokenLogprob)
		done++
	}
	w.tokens = w.tokens[done:]
	return w.emit(p)
}
