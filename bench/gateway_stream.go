package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// maxLine bounds a line of a stream.
const maxLine = 1 << 20

var errStream = errors.New("stream")

// way is one endpoint and what was seen of it.
type way struct {
	endpoint Endpoint
	client   *http.Client
	deadline time.Duration
	tokens   int
	body     []byte
	seen     *seen
}

// meet finds a model to ask for.
func (w *way) meet(ctx context.Context) error {
	if w.endpoint.Model == "" {
		ctx, cancel := context.WithTimeout(ctx, w.deadline)
		defer cancel()
		res, err := w.do(ctx, http.MethodGet, "/models", nil)
		if err != nil {
			return fmt.Errorf("%w: %s: list the models: %w", ErrPeer, w.endpoint.Name, err)
		}
		defer res.Body.Close()
		var list struct {
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
		}
		if err := json.NewDecoder(io.LimitReader(res.Body, maxLine)).Decode(&list); err != nil || len(list.Data) == 0 {
			return fmt.Errorf("%w: %s lists no models (%w): name one", ErrPeer, w.endpoint.Name, err)
		}
		w.endpoint.Model = list.Data[0].ID
	}
	var err error
	w.body, err = json.Marshal(map[string]any{
		"model": w.endpoint.Model, "stream": true, "max_tokens": w.tokens,
		"messages": []map[string]string{{"role": "user", "content": "Tell me a story about the sea and those who live by it."}},
	})
	return err
}

// do makes a request. An answer other than 200 is an error with the beginning of its text.
func (w *way) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, w.endpoint.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range w.endpoint.Header {
		req.Header[name] = values
	}
	if w.endpoint.Key != "" {
		req.Header.Set("Authorization", "Bearer "+w.endpoint.Key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 200)) // for people
		return nil, fmt.Errorf("%w: %s: %s", errStream, res.Status, bytes.TrimSpace(text))
	}
	return res, nil
}

// slice keeps so many chats under way for d. Those that run then are let end, which is not counted into the rate.
func (w *way) slice(ctx context.Context, streams int, d time.Duration) {
	end := time.Now().Add(d)
	var chats sync.WaitGroup
	for range streams {
		chats.Go(func() {
			pieces := make([]time.Time, 0, w.tokens+1)
			for began := time.Now(); began.Before(end) && ctx.Err() == nil; began = time.Now() {
				var err error
				pieces, err = w.chat(ctx, pieces[:0])
				w.seen.add(began, pieces, end, err)
				if err != nil {
					rest(ctx, pause)
				}
			}
		})
	}
	chats.Wait()
	w.seen.mu.Lock()
	w.seen.elapsed += d
	w.seen.mu.Unlock()
}

// rest waits, but not after the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// chat makes one request and notes when each piece of its answer came.
func (w *way) chat(ctx context.Context, pieces []time.Time) ([]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, w.deadline)
	defer cancel()
	res, err := w.do(ctx, http.MethodPost, "/chat/completions", w.body)
	if err != nil {
		return pieces, err
	}
	defer res.Body.Close()
	return readStream(res.Body, pieces)
}

// readStream reads server-sent events until [DONE]. Anything else at the end is an error.
func readStream(r io.Reader, pieces []time.Time) ([]time.Time, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		if !ok {
			continue
		}
		data = bytes.TrimSpace(data)
		if string(data) == "[DONE]" {
			if len(pieces) == 0 {
				return pieces, fmt.Errorf("%w: it has no text", errStream)
			}
			// What follows is the end of the body; with it read, the connection can be used again.
			_, err := io.Copy(io.Discard, r)
			return pieces, err
		}
		has, err := hasText(data)
		if err != nil {
			return pieces, err
		}
		if has {
			pieces = append(pieces, time.Now())
		}
	}
	if err := lines.Err(); err != nil {
		return pieces, err
	}
	return pieces, fmt.Errorf("%w: it ends without [DONE] after %d pieces", errStream, len(pieces))
}

// hasText tells whether an event carries a piece of text.
func hasText(data []byte) (bool, error) {
	var event struct {
		Choices []struct {
			Delta struct {
				Content string `json:"content"`
			} `json:"delta"`
		} `json:"choices"`
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(data, &event); err != nil {
		return false, fmt.Errorf("%w: event %.100q: %w", errStream, data, err)
	}
	if len(event.Error) > 0 && string(event.Error) != "null" {
		return false, fmt.Errorf("%w: %.200s", errStream, event.Error)
	}
	return len(event.Choices) > 0 && event.Choices[0].Delta.Content != "", nil
}
