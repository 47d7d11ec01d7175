//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gate is the network's gateway as an application sees it.
type gate struct {
	url    string
	client *http.Client
}

// post sends JSON and returns the whole answer.
func (g *gate) post(t *testing.T, path, key, body string) (status int, answer []byte, head http.Header) {
	t.Helper()
	resp, err := g.send(t.Context(), path, key, body)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, answer, resp.Header
}

func (g *gate) send(ctx context.Context, path, key, body string) (*http.Response, error) {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	return g.client.Do(req)
}

// heard is what became of one stream.
type heard struct {
	status int
	pieces int    // events with text
	text   string // all of it
	uid    int    // of the neuron that answered, as the first event says
	broken string // the error event that ended it
	done   bool   // it ended as it should
	err    error
}

// lost tells whether a request was neither answered nor, after its text had begun, ended by an error that says so.
func (h heard) lost() bool { return !h.done && (h.pieces == 0 || h.broken == "") }

func (h heard) String() string {
	return fmt.Sprintf("status %d, %d pieces, done %v, error event %q, %v", h.status, h.pieces, h.done, h.broken, h.err)
}

// chat asks for a text as a stream and reads it to its end, which has to come soon.
func (g *gate) chat(ctx context.Context, key, model string, tokens int) heard {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	return g.listen(ctx, key, model, tokens)
}

// listen is chat for as long as it takes.
func (g *gate) listen(ctx context.Context, key, model string, tokens int) (h heard) {
	h.uid = -1
	resp, err := g.send(ctx, "/v1/chat/completions", key,
		fmt.Sprintf(`{"model":%q,"stream":true,"max_tokens":%d,"messages":[{"role":"user","content":"Tell me a story"}]}`, model, tokens))
	if err != nil {
		h.err = err
		return h
	}
	defer resp.Body.Close()
	if h.status = resp.StatusCode; h.status != http.StatusOK {
		data, _ := io.ReadAll(resp.Body)
		h.broken = string(data)
		return h
	}
	events := bufio.NewScanner(resp.Body)
	events.Buffer(nil, 1<<20)
	for events.Scan() {
		data, ok := bytes.CutPrefix(events.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		if string(data) == "[DONE]" {
			h.done = h.broken == ""
			return h
		}
		if h.err = h.take(data); h.err != nil {
			return h
		}
	}
	h.err = events.Err()
	return h
}

// take reads one event.
func (h *heard) take(data []byte) error {
	var e struct {
		Error   json.RawMessage `json:"error"`
		Choices []struct {
			Delta struct {
				Content string `json:"content"`
			} `json:"delta"`
		} `json:"choices"`
		Gotensor *struct {
			UID *int `json:"uid"`
		} `json:"gotensor"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("%w: %s", err, data)
	}
	if e.Error != nil {
		h.broken = string(e.Error)
	}
	for _, c := range e.Choices {
		if c.Delta.Content != "" {
			h.pieces++
			h.text += c.Delta.Content
		}
	}
	if e.Gotensor != nil && e.Gotensor.UID != nil {
		h.uid = *e.Gotensor.UID
	}
	return nil
}

// load is a crowd of clients that ask again and again.
type load struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
	asked  atomic.Int64 // requests that have ended

	mu     sync.Mutex
	broken int // ended by an error event after they had begun
	lost   []heard
	by     map[int]int // answers by uid
}

// crowd starts so many clients; each reads a stream of so many tokens to its end and asks again.
func (g *gate) crowd(t *testing.T, clients, tokens int, key string) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel, by: map[int]int{}}
	for range clients {
		l.wait.Go(func() {
			for ctx.Err() == nil {
				h := g.chat(ctx, key, "auto", tokens)
				if ctx.Err() != nil {
					return // we broke it off ourselves
				}
				l.note(h)
			}
		})
	}
	t.Cleanup(func() { l.stop() })
	return l
}

func (l *load) note(h heard) {
	l.asked.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case h.lost():
		l.lost = append(l.lost, h)
	case h.done:
		l.by[h.uid]++
	default:
		l.broken++
	}
}

// more waits until so many more requests have ended.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	want := l.asked.Load() + n
	eventually(t, soon, "requests are answered", func() error {
		if got := l.asked.Load(); got < want {
			return fmt.Errorf("%d have ended, want %d", got, want)
		}
		return nil
	})
}

// answered returns the answers by uid since it was asked before.
func (l *load) answered() map[int]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	by := l.by
	l.by = map[int]int{}
	return by
}

func (l *load) stop() {
	l.cancel()
	l.wait.Wait()
}

// openGate waits until the network's gateway is ready with so many neurons.
func (s *suite) openGate(t *testing.T, neurons int) *gate {
	t.Helper()
	require.NotEmpty(t, s.network.Gateway, "network.json names the gateway")
	g := &gate{url: s.network.Gateway, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	t.Cleanup(g.client.CloseIdleConnections)
	g.ready(t, neurons)
	return g
}

// ready waits until so many neurons are up.
func (g *gate) ready(t *testing.T, neurons int) {
	t.Helper()
	eventually(t, soon, "the gateway is ready", func() error {
		var health struct {
			Subnets []struct {
				Up  int    `json:"up"`
				Why string `json:"why"`
			} `json:"subnets"`
		}
		if err := get(g.url+"/readyz", 0, &health); err != nil {
			return err
		}
		if up := health.Subnets[0].Up; up < neurons {
			return fmt.Errorf("%d neurons are up, want %d", up, neurons)
		}
		return nil
	})
}

// age of the newest snapshot that the gateway has.
func (g *gate) age(t *testing.T) time.Duration {
	t.Helper()
	var v struct {
		AgeMs int64 `json:"age_ms"`
	}
	require.NoError(t, get(g.url+"/api/network", 0, &v))
	return time.Duration(v.AgeMs) * time.Millisecond
}
