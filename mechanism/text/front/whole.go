package front

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/model"
)

// collected keeps the pieces of one text.
type collected struct {
	who    *who
	text   strings.Builder
	probs  []model.TokenLogprob
	calls  []toolCall
	finish string
	usage  usage
}

// begin implements sink.
func (s *collected) begin(w *who) { s.who = w }

// put implements sink.
func (s *collected) put(_ context.Context, p *piece, _ mechanism.Lease) error {
	s.text.WriteString(p.text)
	s.probs = append(s.probs, p.logprobs...)
	for _, c := range p.calls {
		s.call(c)
	}
	s.finish, s.usage = p.finish, p.usage
	return nil
}

// call joins the parts of a call.
func (s *collected) call(part toolCall) {
	for i := range s.calls {
		if s.calls[i].Index == part.Index {
			s.calls[i].Function.Arguments += part.Function.Arguments
			return
		}
	}
	s.calls = append(s.calls, part)
}

// wholeAnswer is the body of an answer in one piece.
type wholeAnswer struct {
	ID          string        `json:"id"`
	Object      string        `json:"object"`
	Created     int64         `json:"created"`
	Model       string        `json:"model"`
	Fingerprint string        `json:"system_fingerprint"`
	Choices     []wholeChoice `json:"choices"`
	Usage       usage         `json:"usage"`
	Gotensor    *who          `json:"gotensor"`
}

type wholeChoice struct {
	Index    int             `json:"index"`
	Message  *wholeMessage   `json:"message,omitempty"` // of a chat
	Text     *string         `json:"text,omitempty"`    // of a completion
	Logprobs json.RawMessage `json:"logprobs"`
	Finish   string          `json:"finish_reason"`
	Gotensor *who            `json:"gotensor,omitempty"` // where there are several
}

type wholeMessage struct {
	Role    string      `json:"role"`
	Content *string     `json:"content"`
	Refusal *string     `json:"refusal"`
	Calls   []wholeCall `json:"tool_calls,omitempty"`
}

type wholeCall struct {
	ID       string        `json:"id"`
	Type     string        `json:"type"`
	Function *toolFunction `json:"function"`
}

// serveWhole answers an order in one piece. The first text that fails ends the others.
func (f *Front) serveWhole(w http.ResponseWriter, r *http.Request, o *order) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	texts := make([]collected, len(o.calls))
	sinks := make([]sink, len(texts))
	for i := range texts {
		sinks[i] = &texts[i]
	}
	results := make(chan error, len(texts))
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.write(ctx, o, sinks, func(err error) { results <- err })
	}()
	defer func() { <-done }()
	for range texts {
		if err := <-results; err != nil {
			cancel()
			return err
		}
	}
	texts[0].who.set(w.Header())
	return f.writeJSON(w, o.whole(texts))
}

// whole joins the texts. Each was asked for by itself, so its prompt counts each time.
func (o *order) whole(texts []collected) *wholeAnswer {
	first := texts[0].who
	a := &wholeAnswer{
		ID: o.id, Object: o.shape.whole, Created: o.created, Model: first.name(o.model), Fingerprint: first.fingerprint(),
		Choices: make([]wholeChoice, len(texts)), Gotensor: first,
	}
	for i := range texts {
		t := &texts[i]
		a.Usage.add(t.usage)
		c := &a.Choices[i]
		c.Index, c.Finish = i, t.finish
		if len(texts) > 1 {
			c.Gotensor = t.who
		}
		text := t.text.String()
		if o.shape.chat {
			c.Message = &wholeMessage{Role: "assistant", Content: &text}
			for _, part := range t.calls {
				c.Message.Calls = append(c.Message.Calls, wholeCall{ID: part.ID, Type: part.Type, Function: part.Function})
			}
			if text == "" && t.calls != nil {
				c.Message.Content = nil
			}
			c.Logprobs = appendChatLogprobs(nil, t.probs)
			continue
		}
		c.Logprobs = new(legacyProbs).append(nil, t.probs)
		if o.echo {
			text = o.calls[i].prompt.Text + text
		}
		c.Text = &text
	}
	return a
}

// writeJSON answers with a body of known length, so that the client need not wait for the handler's end.
func (f *Front) writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	rc := http.NewResponseController(w)
	// Neither is every ResponseWriter able to do this, nor the client still there.
	_ = rc.SetWriteDeadline(time.Now().Add(f.cfg.WriteTimeout + time.Duration(len(body)>>16)*time.Second))
	_, _ = w.Write(body)
	_ = rc.Flush()
	_ = rc.SetWriteDeadline(time.Time{})
	return nil
}
