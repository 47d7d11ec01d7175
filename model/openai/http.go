package openai

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gotensor/gotensor/internal/span"
)

const (
	maxAnswer = 16 << 20 // bytes of an answer that are read; 4096 log-probabilities take a megabyte, 32 long vectors six
	maxModel  = 256      // bytes of a model's name
	maxModels = 1000     // that are kept of a list
	maxPause  = 30 * time.Second
)

// ask makes one request that is answered in one piece. path is appended to the base, or to the root if it begins with //.
func (b *backend) ask(ctx context.Context, timeout time.Duration, method, path string, request, answer any) error {
	content, err := b.fetch(ctx, timeout, method, path, request)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return failed(faulty, fmt.Errorf("%w: its answer is not the JSON of a completion (is %s right?): %w", ErrServer, redacted(b.base), err))
	}
	return nil
}

func (b *backend) fetch(ctx context.Context, timeout time.Duration, method, path string, request any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	response, err := b.send(ctx, method, path, request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, b.broken(ctx, fmt.Errorf("its answer broke off: %w", err))
	}
	if len(content) > maxAnswer {
		return nil, failed(faulty, fmt.Errorf("%w: its answer is over %d bytes", ErrServer, maxAnswer))
	}
	return content, nil
}

// send makes one request and returns the answer, whose status is 200, before its body was read. Every other answer is a *fault.
func (b *backend) send(ctx context.Context, method, path string, request any) (*http.Response, error) {
	var body io.Reader
	if request != nil {
		packed, err := json.Marshal(request)
		if err != nil {
			return nil, failed(refused, fmt.Errorf("encode the request: %w", err))
		}
		body = bytes.NewReader(packed)
	}
	url := b.base + path
	if strings.HasPrefix(path, "//") {
		url = b.root + path[1:]
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, failed(unfit, fmt.Errorf("%w: %w", ErrServer, err))
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if b.cfg.APIKey != "" {
		r.Header.Set("Authorization", "Bearer "+b.cfg.APIKey)
	}
	traced, step := span.Call(ctx, "backend "+method+" "+path)
	if sent := span.Parent(traced); sent != "" {
		r.Header.Set(span.Header, sent)
	}
	response, err := b.pool.cfg.Client.Do(r)
	if err != nil {
		err = b.broken(ctx, err)
		step.End(err)
		return nil, err
	}
	step.Int("status", response.StatusCode)
	step.End(nil) // at the headers of the answer: what comes then is the model's time
	if response.StatusCode != http.StatusOK {
		defer func() { _ = response.Body.Close() }()
		content, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10)) // the status says enough
		return nil, b.refusal(response, content)
	}
	return response, nil
}

// broken sorts the errors of a connection.
func (b *backend) broken(ctx context.Context, err error) *fault {
	f := failed(faulty, fmt.Errorf("%w: %w", ErrServer, err))
	switch {
	case errors.Is(context.Cause(ctx), ErrStalled):
		f.cause, f.err = lost, context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		f.cause, f.err = lost, fmt.Errorf("%w: %w", ErrStalled, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		f.cause, f.down = lost, true
	}
	return f
}

func retryAfter(r *http.Response) time.Duration {
	seconds, err := strconv.Atoi(strings.TrimSpace(r.Header.Get("Retry-After")))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}

// refusal says what the server said, what to do about the common causes, and what follows.
func (b *backend) refusal(r *http.Response, content []byte) error {
	code, message := r.StatusCode, b.serverMessage(content)
	err := fmt.Errorf("%w: %s answered %d %s: %s", ErrServer, redacted(b.base), code, http.StatusText(code), message)
	switch {
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		f := failed(busy, &BusyError{Why: err.Error(), Retry: retryAfter(r)})
		f.after = retryAfter(r)
		return f
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return failed(unfit, fmt.Errorf("%w (check the API key)", err))
	case code == http.StatusNotFound:
		return failed(unfit, fmt.Errorf("%w (check the URL and the model name %q)", err, b.model()))
	case code >= 500 && code != http.StatusNotImplemented:
		return failed(faulty, err)
	case code == http.StatusBadRequest && strings.Contains(strings.ToLower(message), "logprob"):
		return failed(unfit, fmt.Errorf("%w: %w (%s)", ErrLogprobs, err, hint))
	case code == http.StatusBadRequest || code == http.StatusRequestEntityTooLarge || code == http.StatusUnprocessableEntity:
		return failed(refused, &refusedError{said: message, err: err})
	default:
		return failed(unfit, err)
	}
}

// refusedError is what a server said about a request that it does not take.
type refusedError struct {
	said string
	err  error
}

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// serverMessage takes the text out of the usual shapes of an error.
func (b *backend) serverMessage(content []byte) string {
	var shape struct {
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
		Error   json.RawMessage `json:"error"`
	}
	text := string(content)
	if json.Unmarshal(content, &shape) == nil {
		var inner struct {
			Message string `json:"message"`
		}
		var plain string
		switch {
		case shape.Message != "":
			text = shape.Message
		case json.Unmarshal(shape.Error, &inner) == nil && inner.Message != "":
			text = inner.Message
		case json.Unmarshal(shape.Error, &plain) == nil && plain != "":
			text = plain
		case json.Unmarshal(shape.Detail, &plain) == nil && plain != "":
			text = plain
		}
	}
	return printable(b.withoutKey(strings.Join(strings.Fields(text), " ")), 300)
}

// printable makes a server's words fit for logs and terminals: cut to limit bytes, without escape sequences.
func printable(text string, limit int) string {
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
}

func (b *backend) withoutKey(text string) string {
	if b.cfg.APIKey == "" {
		return text
	}
	return strings.ReplaceAll(text, b.cfg.APIKey, "[redacted]")
}

// hideKey takes the API key out of an error's text: servers repeat what they were sent, and HTTP errors repeat the server.
func (b *backend) hideKey(err error) error {
	if err == nil || b.withoutKey(err.Error()) == err.Error() {
		return err
	}
	out := &hidden{text: b.withoutKey(err.Error()), cause: err}
	if said, ok := errors.AsType[*BusyError](err); ok {
		return &BusyError{Why: b.withoutKey(said.Why), Retry: said.Retry}
	}
	return out
}

// hidden is an error with another text.
type hidden struct {
	text  string
	cause error
}

func (h *hidden) Error() string { return h.text }

// Is keeps the sentinels; the cause itself is not given away, since it prints the key.
func (h *hidden) Is(target error) bool { return errors.Is(h.cause, target) }

// list returns the models that the server lists, and who it says owns the first: the name of its software.
func (b *backend) list(ctx context.Context, timeout time.Duration) (ids []string, owner string, err error) {
	var list struct {
		Data []struct {
			ID      string `json:"id"`
			OwnedBy string `json:"owned_by"`
		} `json:"data"`
	}
	if err := b.ask(ctx, timeout, http.MethodGet, "/models", nil, &list); err != nil {
		return nil, "", err
	}
	for _, m := range list.Data[:min(len(list.Data), maxModels)] {
		if m.ID == "" {
			continue
		}
		if printable(m.ID, maxModel) != m.ID {
			return nil, "", failed(faulty, fmt.Errorf("%w: %s lists a model with the strange name %q: name one", ErrServer, redacted(b.base), printable(m.ID, maxModel)))
		}
		ids = append(ids, m.ID)
		owner = cmp.Or(owner, m.OwnedBy)
	}
	return ids, owner, nil
}
