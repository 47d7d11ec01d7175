package custom

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

	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/synapse"
)

// startWithin bounds the wait for a plug-in that starts at the same time as we do.
const startWithin = time.Minute

// plugin is the HTTP server of whoever runs us.
type plugin struct {
	base   string
	client *http.Client
}

// refused is a plug-in's own word to the caller, with status 422: {"error": "what is wrong with the input"}.
type refused struct{ words string }

func (r *refused) Error() string { return r.words }

func newPlugin(base string, parallel int) (*plugin, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: URL of the plug-in is %q, want one such as http://127.0.0.1:9000", ErrConfig, base)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: max(parallel, 2), IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 64 << 10}
	return &plugin{base: strings.TrimSuffix(base, "/"), client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// send makes a request; body nil makes it a GET. The caller closes the body of the response, whose status is 200.
func (p *plugin) send(ctx context.Context, path string, body []byte) (*http.Response, error) {
	method, reader := http.MethodGet, io.Reader(http.NoBody)
	if body != nil {
		method, reader = http.MethodPost, bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, reader)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := p.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%w: %w", ErrPlugin, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // what there is will do
	if resp.StatusCode == http.StatusUnprocessableEntity {
		var said struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(text, &said) == nil && said.Error != "" {
			return nil, &refused{synapse.Printable(said.Error, maxWords)}
		}
	}
	return nil, fmt.Errorf("%w: %s %s: status %d: %s", ErrPlugin, method, path, resp.StatusCode, synapse.Printable(string(text), maxWords))
}

// do makes a request whose answer has at most so many bytes.
func (p *plugin) do(ctx context.Context, path string, body []byte, most int) ([]byte, error) {
	resp, err := p.send(ctx, path, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrPlugin, path, err)
	case len(data) > most:
		return nil, fmt.Errorf("%w: %s: the answer has over %d bytes", ErrPlugin, path, most)
	}
	return data, nil
}

// lines makes a request whose answer is one JSON value a line, and hands each to emit. An empty line is passed over.
func (p *plugin) lines(ctx context.Context, path string, body []byte, most int, emit func([]byte) error) error {
	resp, err := p.send(ctx, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	scan := bufio.NewScanner(resp.Body)
	scan.Buffer(make([]byte, 0, min(most+2, 4<<10)), most+2)
	for scan.Scan() {
		line := bytes.TrimSpace(scan.Bytes())
		if len(line) == 0 {
			continue
		}
		if len(line) > most {
			return fmt.Errorf("%w: %s: a piece has over %d bytes", ErrPlugin, path, most)
		}
		if err := emit(line); err != nil {
			return err
		}
	}
	err = scan.Err()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%w: %s: a piece has over %d bytes", ErrPlugin, path, most)
	default:
		return fmt.Errorf("%w: %s: %w", ErrPlugin, path, err)
	}
}

// schema reads what the plug-in declares, and waits for one that is not up yet.
func (p *plugin) schema(ctx context.Context, within time.Duration, waiting func(error)) (*Schema, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, within, errLate)
	defer cancel()
	pause := wait.Pause{Least: 100 * time.Millisecond, Most: 2 * time.Second}
	var last error
	for {
		data, err := p.do(ctx, "/schema", nil, maxSchema)
		if err == nil {
			return ParseSchema(data)
		}
		if !errors.Is(err, errLate) && ctx.Err() == nil {
			if last == nil {
				waiting(err)
			}
			last = err
		}
		if pause.Sleep(ctx) == nil {
			continue
		}
		if cause := context.Cause(ctx); !errors.Is(cause, errLate) {
			return nil, cause
		}
		if last == nil {
			last = fmt.Errorf("%w: it accepts the connection and says nothing", ErrPlugin)
		}
		return nil, fmt.Errorf("GET %s/schema, tried for %s: %w", p.base, within, last)
	}
}

var errLate = errors.New("the time is up")
