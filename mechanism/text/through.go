package text

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gotensor/gotensor/keys"
)

// ErrGateway is returned for a gateway that probes cannot be sent through.
var ErrGateway = errors.New("invalid gateway for probes")

// Gateway is one that probes are sent through: neurons then see its hotkey and not the validator's.
type Gateway struct {
	URL string // http or https, of the subnet's API: with or without /v1 at its end
	Key string // an API key of that gateway; empty: none
}

// gatewayClient asks for texts as applications do.
type gatewayClient struct {
	url, key string
	http     *http.Client
}

const (
	maxEventLine = 1 << 20
	maxProblem   = 16 << 10
	idleGateway  = 32 // connections that are kept
)

func newGatewayClient(g Gateway) (*gatewayClient, error) {
	u, err := url.Parse(g.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: URL %q, want http://HOST:PORT or https://HOST, and a path where the subnet's API has one", ErrGateway, g.URL)
	}
	base := strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"), "/v1")
	return &gatewayClient{
		url: base + "/v1/completions", key: g.Key,
		http: &http.Client{
			Transport: &http.Transport{
				MaxIdleConns: idleGateway, MaxIdleConnsPerHost: idleGateway, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
				Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key is for this host
		},
	}, nil
}

// generate asks the gateway for a text of the neuron. What the gateway refuses or breaks by itself is uncounted; failed is what it says
// that the neuron did, and a text that began and came to no end; late is what had not begun at the deadline.
func (g *gatewayClient) generate(ctx context.Context, p *probe, w *writing) ending {
	body, err := json.Marshal(map[string]any{
		"model": keys.Account(p.neuron.Hotkey), "prompt": p.prompt, "max_tokens": p.tokens, "temperature": p.temperature, "stream": true,
	})
	if err != nil {
		return uncounted
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return uncounted
	}
	req.Header.Set("Content-Type", "application/json")
	if g.key != "" {
		req.Header.Set("Authorization", "Bearer "+g.key)
	}
	resp, err := g.http.Do(req)
	if err != nil {
		return lateOr(ctx, uncounted)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
		if err != nil {
			return lateOr(ctx, uncounted)
		}
		return blame(problemOf(said))
	}
	if end := readEvents(resp.Body, w); end != uncounted {
		return end
	}
	return lateOr(ctx, uncounted)
}

// lateOr is late where the deadline of the text has passed.
func lateOr(ctx context.Context, otherwise ending) ending {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return late
	}
	return otherwise
}

// completionEvent is an event of a streamed completion, or the error that ends it.
type completionEvent struct {
	Choices []struct {
		Text   string `json:"text"`
		Finish string `json:"finish_reason"`
	} `json:"choices"`
	Error *struct {
		Code string `json:"code"`
	} `json:"error"`
}

// readEvents reads a stream to its end. Once there is an event, the neuron has begun to answer.
func readEvents(body io.Reader, w *writing) ending {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 4<<10), maxEventLine)
	began, finished := false, false
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		data = bytes.TrimSpace(data)
		if !ok || len(data) == 0 {
			continue
		}
		if string(data) == "[DONE]" {
			break
		}
		var e completionEvent
		if json.Unmarshal(data, &e) != nil {
			return uncounted // a gateway that makes no JSON
		}
		if e.Error != nil {
			return blame(e.Error.Code)
		}
		began = true
		for _, c := range e.Choices {
			if !w.add(c.Text) {
				return failed
			}
			finished = finished || c.Finish != ""
		}
	}
	switch {
	case finished:
		return wrote
	case began && len(w.text) > 0:
		return failed
	}
	return uncounted
}

// blame says whose fault an error of a gateway is, by its code. A neuron that says it is busy, or that it does not like the request, has
// failed: else it could leave people without an answer as often as it likes. One that is busy for everybody says so to a validator too.
func blame(code string) ending {
	switch code {
	case "upstream_failed", "deadline_exceeded", "overloaded", "refused_by_neuron":
		return failed
	}
	return uncounted
}

func problemOf(body []byte) string {
	var e completionEvent
	if json.Unmarshal(body, &e) != nil || e.Error == nil {
		return ""
	}
	return e.Error.Code
}
