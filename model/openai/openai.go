package openai

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gotensor/gotensor/model"
)

// Config describes the server. Only URL is needed.
type Config struct {
	// URL of the server, with or without the path /v1, e.g. "http://127.0.0.1:8080".
	URL string
	// Model is the model's name on the server; empty: the server's only or first one, found by Probe.
	Model string
	// APIKey is sent as a bearer token; empty: none. It appears in no log and no error.
	APIKey string
	// TopLogprobs is the most log-probabilities to ask for, 1..4096; 0: as many as candidates are wanted. Some servers allow few.
	TopLogprobs int
	// MaxPrompt is the most bytes of a context that are sent, its end, 1..65536; 0: 1024. Servers refuse what exceeds their context.
	MaxPrompt int
	// Parallel is the number of requests at the same time, 1..256; 0: 1.
	Parallel int
	// Timeout bounds one request; 0: 30 s.
	Timeout time.Duration
	// Attempts is how often a request is tried, 1..10; 0: 3.
	Attempts int
	// Backoff is the pause before the second attempt, doubled for each further one; 0: 250 ms. A server's Retry-After goes first.
	Backoff time.Duration
	// AtWords adds the belief that a blank follows a context which ends with a whole word: so validators of the text mechanism cut.
	AtWords bool
	// Logger gets a warning for each context without an answer; nil: none.
	Logger *slog.Logger
	// Client makes the requests; nil: one of its own.
	Client *http.Client
}

// LogValue hides the key.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(slog.String("url", redacted(c.URL)), slog.String("model", c.Model), slog.Bool("key", c.APIKey != ""))
}

// redacted drops a password from a URL.
func redacted(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(invalid)"
	}
	return u.Redacted()
}

// Predictor asks a server. It is safe for concurrent use; Parallel holds for all calls together.
type Predictor struct {
	cfg   Config
	base  string
	slots chan struct{}

	mu    sync.Mutex
	model string
}

var _ model.Predictor = (*Predictor)(nil)

// New checks the settings and fills in the defaults; it asks the server nothing. ErrConfig names the setting that is wrong.
func New(cfg Config) (*Predictor, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%w: URL %q, want one like http://127.0.0.1:8080", ErrConfig, redacted(cfg.URL))
	}
	cfg.Parallel, cfg.Attempts = cmp.Or(cfg.Parallel, 1), cmp.Or(cfg.Attempts, 3)
	cfg.MaxPrompt = cmp.Or(cfg.MaxPrompt, 1024)
	cfg.Timeout, cfg.Backoff = cmp.Or(cfg.Timeout, 30*time.Second), cmp.Or(cfg.Backoff, 250*time.Millisecond)
	for _, s := range []struct {
		name         string
		v, low, high int
	}{
		{"TopLogprobs", cfg.TopLogprobs, 0, 4096},
		{"MaxPrompt", cfg.MaxPrompt, 1, 1 << 16},
		{"Parallel", cfg.Parallel, 1, 256},
		{"Attempts", cfg.Attempts, 1, 10},
		{"Timeout in ms", int(cfg.Timeout.Milliseconds()), 1, int(time.Hour.Milliseconds())},
		{"Backoff in ms", int(cfg.Backoff.Milliseconds()), 0, int(time.Minute.Milliseconds())},
	} {
		if s.v < s.low || s.v > s.high {
			return nil, fmt.Errorf("%w: %s is %d, want %d..%d", ErrConfig, s.name, s.v, s.low, s.high)
		}
	}
	client := http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	if cfg.Client != nil {
		client = *cfg.Client
	}
	// Where the API key and the texts go is the operator's choice, not the server's.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.Client = &client
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	base := strings.TrimRight(cfg.URL, "/")
	if strings.Trim(u.Path, "/") == "" {
		base += "/v1"
	}
	return &Predictor{cfg: cfg, base: base, slots: make(chan struct{}, cfg.Parallel), model: cfg.Model}, nil
}

// Name returns "openai".
func (p *Predictor) Name() string { return "openai" }

// Model returns the name of the model on the server; "" if none was configured and Probe has not found one.
func (p *Predictor) Model() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.model
}

// Probe finds the model's name if none is configured and asks one question with k candidates, so that a server which cannot serve
// is told at the start: ErrServer or ErrLogprobs with what to change.
func (p *Predictor) Probe(ctx context.Context, k int) error {
	if err := model.CheckRequest(k); err != nil {
		return err
	}
	if p.Model() == "" {
		name, err := p.findModel(ctx)
		if err != nil {
			return err
		}
		p.mu.Lock()
		p.model = name
		p.mu.Unlock()
	}
	_, err := p.one(ctx, []byte("Once upon a time"), k)
	return err
}

// Predict asks the server about each context. Contexts that it did not answer in time get model.NoOpinion; if it answered none, the
// first error is returned. It stops asking a little before the deadline of ctx, so that the answers can still be sent.
func (p *Predictor) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	if err := model.CheckRequest(k); err != nil {
		return nil, err
	}
	asking, cancel := stopEarly(ctx)
	defer cancel()
	out := make([]model.Prediction, len(contexts))
	errs := make([]error, len(contexts))
	var wg sync.WaitGroup
	for i, c := range contexts {
		if errs[i] = p.acquire(asking); errs[i] != nil {
			continue
		}
		wg.Go(func() {
			defer func() { <-p.slots }()
			out[i], errs[i] = p.one(asking, c, k)
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	failed := 0
	var first error
	for i, err := range errs {
		if err != nil {
			out[i] = model.NoOpinion()
			failed++
			first = cmp.Or(first, err)
		}
	}
	if failed == 0 {
		return out, nil
	}
	if failed == len(contexts) {
		return nil, first
	}
	p.cfg.Logger.Warn("contexts without an answer of the model server", "count", failed, "of", len(contexts), "first", first)
	return out, nil
}

func (p *Predictor) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: no time left to ask: %w", ErrServer, ctx.Err())
	}
}

// stopEarly leaves an eighth of the time, at most a second, for what comes after.
func stopEarly(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(time.Second, time.Until(deadline)/8)))
}

// one asks about one context.
func (p *Predictor) one(ctx context.Context, text []byte, k int) (_ model.Prediction, err error) {
	defer func() { err = p.hideKey(err) }()
	prompt := promptOf(text[max(0, len(text)-p.cfg.MaxPrompt):])
	if prompt == "" { // servers refuse to complete nothing
		return model.NoOpinion(), nil
	}
	n := k
	if p.cfg.TopLogprobs > 0 {
		n = min(n, p.cfg.TopLogprobs)
	}
	request := completionRequest{Model: p.Model(), Prompt: prompt, MaxTokens: 1, Temperature: 1, Logprobs: n}
	var answer completionResponse
	if err := p.post(ctx, "/completions", request, &answer); err != nil {
		return model.Prediction{}, err
	}
	tokens, err := answer.tokens()
	if err != nil {
		return model.Prediction{}, err
	}
	return predictionOf(tokens, k, p.cfg.AtWords && model.AtWordEnd(text))
}

// promptOf drops what is not UTF-8 and, where there are more words, the rest of a word at the beginning of a cut text.
func promptOf(text []byte) string {
	const longestRest = 24
	for n := 0; n < utf8.UTFMax && len(text) > 0 && !utf8.RuneStart(text[0]); n++ {
		text = text[1:]
	}
	prompt := strings.ToValidUTF8(string(text), "")
	if i := strings.IndexByte(prompt, ' '); i >= 0 && i < longestRest && len(prompt) > 4*longestRest {
		prompt = prompt[i+1:]
	}
	return prompt
}
