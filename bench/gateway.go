package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// MaxStreams bounds how many chats are under way at the same time.
const MaxStreams = 10_000

// Endpoint is a server that speaks OpenAI's API.
type Endpoint struct {
	Name string
	// URL ends with what stands before /chat/completions, for example http://127.0.0.1:8080/v1.
	URL string
	// Key is sent as a bearer token; empty: none.
	Key string
	// Model that is asked for; empty: the first that the server lists.
	Model string
	// Header is added to each request; may be nil.
	Header http.Header
}

// GatewayConfig describes a measurement of gateways. All fields but Direct, Warmup and Observe are required.
type GatewayConfig struct {
	// Endpoints are compared, at least one. Direct is what they all end at: the figures tell what they add to it; nil: nothing.
	Endpoints []Endpoint
	Direct    *Endpoint
	// Streams lists how many chats are under way at the same time, 1 to MaxStreams.
	Streams []int
	// Tokens is what each chat may be answered with, at most.
	Tokens int
	// Duration is how long each endpoint is measured for each number of streams, Slice how long one is before it is the next one's turn.
	// Before that each makes one uncounted round of Warmup.
	Duration, Slice, Warmup time.Duration
	// Deadline of one chat, from the request to its end.
	Deadline time.Duration
	// Observe is told every finished run; may be nil.
	Observe func(GatewayRun)
}

// GatewayRun is what was measured of one endpoint with one number of streams.
type GatewayRun struct {
	Name    string `json:"name"`
	Streams int    `json:"streams"`
	// Requests that ended, Errors of them without a whole answer.
	Requests uint64 `json:"requests"`
	Errors   uint64 `json:"errors"`
	// TokensPerSecond counts the pieces of text that came in time; the servers that are compared here send one for each token.
	TokensPerSecond float64 `json:"tokens_per_second"`
	// TokensPerAnswer is the mean of whole answers.
	TokensPerAnswer float64 `json:"tokens_per_answer"`
	// First is the time from the request to the first piece of text, Between the time from one piece to the next, Whole the time
	// from the request to the end.
	FirstP50   float64 `json:"first_token_p50_ms"`
	FirstP99   float64 `json:"first_token_p99_ms"`
	BetweenP50 float64 `json:"between_tokens_p50_ms"`
	BetweenP99 float64 `json:"between_tokens_p99_ms"`
	WholeP50   float64 `json:"whole_p50_ms"`
	WholeP99   float64 `json:"whole_p99_ms"`
	// What that is above the direct way; absent without one.
	Over *Overhead `json:"over_direct,omitempty"`
	// FirstError is one of Errors in words.
	FirstError string `json:"first_error,omitempty"`
}

// Overhead is what an endpoint adds to the direct way.
type Overhead struct {
	FirstP50 float64 `json:"first_token_p50_ms"`
	FirstP99 float64 `json:"first_token_p99_ms"`
	WholeP50 float64 `json:"whole_p50_ms"`
	// TokensPerSecond is a part of the direct way's.
	TokensPerSecond float64 `json:"tokens_per_second_ratio"`
}

// GatewayReport is the outcome of a measurement of gateways.
type GatewayReport struct {
	Tokens  int          `json:"max_tokens"`
	Runs    []GatewayRun `json:"runs"`
	Machine Machine      `json:"machine"`
}

func (c *GatewayConfig) validate() error {
	if len(c.Endpoints) == 0 || len(c.Streams) == 0 {
		return fmt.Errorf("%w: there are %d endpoints and %d numbers of streams, want one of each at least", ErrConfig, len(c.Endpoints), len(c.Streams))
	}
	for _, n := range c.Streams {
		if n < 1 || n > MaxStreams {
			return fmt.Errorf("%w: streams are %d, want 1 to %d", ErrConfig, n, MaxStreams)
		}
	}
	if c.Tokens < 1 {
		return fmt.Errorf("%w: tokens of an answer are %d, want 1 or more", ErrConfig, c.Tokens)
	}
	if c.Duration <= 0 || c.Slice <= 0 || c.Deadline <= 0 || c.Warmup < 0 {
		return fmt.Errorf("%w: duration %v, slice %v and deadline %v must be over 0, warm-up %v not below", ErrConfig, c.Duration, c.Slice, c.Deadline, c.Warmup)
	}
	names := map[string]bool{}
	for _, e := range c.all() {
		u, err := url.Parse(e.URL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return fmt.Errorf("%w: %q is no URL such as http://127.0.0.1:8080/v1", ErrConfig, e.URL)
		}
		if names[e.Name] {
			return fmt.Errorf("%w: two endpoints are called %q", ErrConfig, e.Name)
		}
		names[e.Name] = true
	}
	return nil
}

// all are the endpoints, and last the direct way.
func (c *GatewayConfig) all() []Endpoint {
	out := slices.Clone(c.Endpoints)
	if c.Direct != nil {
		out = append(out, *c.Direct)
	}
	return out
}

// Gateways measures how fast chats stream through the endpoints, in turns. It fails with ErrConfig, with ErrPeer if an endpoint lists no
// model, and with the context's error.
func Gateways(ctx context.Context, cfg GatewayConfig) (GatewayReport, error) {
	report := GatewayReport{Tokens: cfg.Tokens, Runs: []GatewayRun{}, Machine: thisMachine()}
	if err := cfg.validate(); err != nil {
		return report, err
	}
	most := slices.Max(cfg.Streams)
	transport := &http.Transport{MaxIdleConnsPerHost: most, IdleConnTimeout: time.Minute, DisableCompression: true}
	defer transport.CloseIdleConnections()
	var ways []*way
	for _, e := range cfg.all() {
		w := &way{endpoint: e, client: &http.Client{Transport: transport}, deadline: cfg.Deadline, tokens: cfg.Tokens}
		w.endpoint.URL = strings.TrimSuffix(e.URL, "/")
		if err := w.meet(ctx); err != nil {
			return report, err
		}
		ways = append(ways, w)
	}
	for _, n := range cfg.Streams {
		if err := cfg.measure(ctx, ways, n, &report); err != nil {
			return report, err
		}
	}
	return report, nil
}

// measure gives all ways their turns until each has had its time; every other round goes backwards.
func (c *GatewayConfig) measure(ctx context.Context, ways []*way, streams int, report *GatewayReport) error {
	for _, w := range ways {
		w.seen = newSeen()
		if c.Warmup > 0 {
			w.slice(ctx, streams, c.Warmup)
		}
		w.seen = newSeen()
	}
	order := slices.Clone(ways)
	for left := c.Duration; left > 0; left -= c.Slice {
		for _, w := range order {
			w.slice(ctx, streams, min(c.Slice, left))
		}
		slices.Reverse(order)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	runs := make([]GatewayRun, len(ways))
	for i, w := range ways {
		runs[i] = w.seen.run(w.endpoint.Name, streams)
	}
	if c.Direct != nil {
		direct := runs[len(runs)-1]
		for i := range runs[:len(runs)-1] {
			runs[i].Over = runs[i].over(direct)
		}
	}
	for _, r := range runs {
		report.Runs = append(report.Runs, r)
		if c.Observe != nil {
			c.Observe(r)
		}
	}
	return nil
}

func (r GatewayRun) over(direct GatewayRun) *Overhead {
	o := &Overhead{FirstP50: r.FirstP50 - direct.FirstP50, FirstP99: r.FirstP99 - direct.FirstP99, WholeP50: r.WholeP50 - direct.WholeP50}
	if direct.TokensPerSecond > 0 {
		o.TokensPerSecond = r.TokensPerSecond / direct.TokensPerSecond
	}
	return o
}

// seen is what was measured of one way.
type seen struct {
	mu                    sync.Mutex
	elapsed               time.Duration
	requests, errors      uint64
	inTime, whole         uint64 // pieces: those before the end of a slice, and those of whole answers
	first, between, ended *hdrhistogram.Histogram
	failure               error
}

func newSeen() *seen {
	return &seen{first: newHistogram(), between: newHistogram(), ended: newHistogram()}
}

// add counts one chat that began at began; pieces are the times at which its text came.
func (s *seen) add(began time.Time, pieces []time.Time, sliceEnd time.Time, err error) {
	ended := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	for i, at := range pieces {
		if at.Before(sliceEnd) {
			s.inTime++
		}
		if i == 0 {
			record(s.first, at.Sub(began))
		} else {
			record(s.between, at.Sub(pieces[i-1]))
		}
	}
	if err != nil {
		s.errors++
		if s.failure == nil {
			s.failure = err
		}
		return
	}
	s.whole += uint64(len(pieces))
	record(s.ended, ended.Sub(began))
}

func (s *seen) run(name string, streams int) GatewayRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := GatewayRun{
		Name: name, Streams: streams, Requests: s.requests, Errors: s.errors,
		FirstP50: millis(s.first, 50), FirstP99: millis(s.first, 99), BetweenP50: millis(s.between, 50), BetweenP99: millis(s.between, 99),
		WholeP50: millis(s.ended, 50), WholeP99: millis(s.ended, 99),
	}
	if s.elapsed > 0 {
		r.TokensPerSecond = float64(s.inTime) / s.elapsed.Seconds()
	}
	if good := s.requests - s.errors; good > 0 {
		r.TokensPerAnswer = float64(s.whole) / float64(good)
	}
	if s.failure != nil {
		r.FirstError = s.failure.Error()
	}
	return r
}
