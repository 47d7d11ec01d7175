package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxAnswer = 4 << 20 // bytes of an answer that are read; 4096 log-probabilities take a quarter of that
	maxModel  = 256     // bytes of a model's name
	maxPause  = 30 * time.Second
)

// post sends a request until it is answered, at most Attempts times. Faults that pass (no connection, a time-out, 429, 5xx) are
// tried again after a pause; others are final.
func (p *Predictor) post(ctx context.Context, path string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	return p.retry(ctx, http.MethodPost, path, body, answer)
}

func (p *Predictor) retry(ctx context.Context, method, path string, body []byte, answer any) error {
	pause := p.cfg.Backoff
	for attempt := 1; ; attempt++ {
		again, after, err := p.once(ctx, method, path, body, answer)
		if err == nil || !again || attempt >= p.cfg.Attempts || ctx.Err() != nil {
			return err
		}
		if after > 0 {
			pause = min(after, maxPause)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w (no time left to try again)", err)
		}
		pause = min(2*pause, maxPause)
	}
}

// once makes one attempt. It tells whether another can help, and when the server wants it.
func (p *Predictor) once(ctx context.Context, method, path string, body []byte, answer any) (again bool, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, p.base+path, bytes.NewReader(body))
	if err != nil {
		return false, 0, fmt.Errorf("%w: %w", ErrServer, err)
	}
	request.Header.Set("Content-Type", "application/json")
	if p.cfg.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+p.cfg.APIKey)
	}
	response, err := p.cfg.Client.Do(request)
	if err != nil {
		return true, 0, fmt.Errorf("%w: %w", ErrServer, err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return true, 0, fmt.Errorf("%w: its answer broke off: %w", ErrServer, err)
	}
	if len(content) > maxAnswer {
		return false, 0, fmt.Errorf("%w: its answer is over %d bytes", ErrServer, maxAnswer)
	}
	if code := response.StatusCode; code != http.StatusOK {
		again = code == http.StatusTooManyRequests || code >= 500
		return again, retryAfter(response), p.refusal(code, content)
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return false, 0, fmt.Errorf("%w: its answer is not the JSON of a completion (is %s right?): %w", ErrServer, redacted(p.base), err)
	}
	return false, 0, nil
}

func retryAfter(r *http.Response) time.Duration {
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}

// refusal says what the server said, and what to do about the common causes.
func (p *Predictor) refusal(code int, content []byte) error {
	message := p.serverMessage(content)
	err := fmt.Errorf("%w: %s answered %d %s: %s", ErrServer, redacted(p.base), code, http.StatusText(code), message)
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fmt.Errorf("%w (check the API key)", err)
	case code == http.StatusNotFound:
		return fmt.Errorf("%w (check the URL and the model name %q)", err, p.Model())
	case code >= 400 && code < 500 && strings.Contains(strings.ToLower(message), "logprob"):
		return fmt.Errorf("%w: %w (%s)", ErrLogprobs, err, hint)
	}
	return err
}

// serverMessage takes the text out of the usual shapes of an error.
func (p *Predictor) serverMessage(content []byte) string {
	var shape struct {
		Message string          `json:"message"`
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
		}
	}
	return printable(p.withoutKey(strings.Join(strings.Fields(text), " ")), 300)
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

func (p *Predictor) withoutKey(text string) string {
	if p.cfg.APIKey == "" {
		return text
	}
	return strings.ReplaceAll(text, p.cfg.APIKey, "[redacted]")
}

// hideKey takes the API key out of an error's text: servers repeat what they were sent, and HTTP errors repeat the server.
func (p *Predictor) hideKey(err error) error {
	if err == nil || p.withoutKey(err.Error()) == err.Error() {
		return err
	}
	return &hidden{text: p.withoutKey(err.Error()), cause: err}
}

// hidden is an error with another text.
type hidden struct {
	text  string
	cause error
}

func (h *hidden) Error() string { return h.text }

// Is keeps the sentinels; the cause itself is not given away, since it prints the key.
func (h *hidden) Is(target error) bool { return errors.Is(h.cause, target) }

// findModel returns the first model that the server lists.
func (p *Predictor) findModel(ctx context.Context) (_ string, err error) {
	defer func() { err = p.hideKey(err) }()
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := p.retry(ctx, http.MethodGet, "/models", nil, &list); err != nil {
		return "", fmt.Errorf("list the models: %w", err)
	}
	if len(list.Data) == 0 || list.Data[0].ID == "" {
		return "", errors.Join(ErrServer, fmt.Errorf("%s lists no model: name one", redacted(p.base)))
	}
	id := list.Data[0].ID
	if printable(id, maxModel) != id {
		return "", fmt.Errorf("%w: %s lists a model with the strange name %q: name one", ErrServer, redacted(p.base), printable(id, maxModel))
	}
	return id, nil
}
