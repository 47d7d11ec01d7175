package openai

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotensor/gotensor/model"
)

// Server is one server. Only URL is needed.
type Server struct {
	// URL of the server, with or without the path /v1, e.g. "http://127.0.0.1:8080".
	URL string
	// Model is the model's name on the server; empty: the server's only or first one, found by Probe.
	Model string
	// APIKey is sent as a bearer token; empty: none. It appears in no log and no error.
	APIKey string
	// Kind of the server; empty: found by Probe.
	Kind Kind
	// Parallel is the number of requests at the same time, 1..256; 0: as many slots as llama.cpp's server says it has, 16 for vLLM, else 1.
	Parallel int
}

// LogValue hides the key.
func (s Server) LogValue() slog.Value {
	return slog.GroupValue(slog.String("url", redacted(s.URL)), slog.String("model", s.Model), slog.Bool("key", s.APIKey != ""))
}

// String hides the key from fmt too.
func (s Server) String() string { return redacted(s.URL) }

// GoString hides the key from %#v.
func (s Server) GoString() string { return s.String() }

// Config describes servers and how patient to be with them. Only Servers is needed, with one URL.
type Config struct {
	// Servers that serve the same model, 1..64 of them.
	Servers []Server
	// Name tells the model apart for people, at most 64 bytes; empty: the name of the first server's model.
	Name string
	// TopLogprobs is the most log-probabilities to ask for, 1..4096; 0: as many as candidates are wanted. Some servers allow few.
	TopLogprobs int
	// MaxPrompt is the most bytes of a context that are sent for a prediction, its end, 1..65536; 0: 1024. Servers refuse what exceeds
	// their context.
	MaxPrompt int
	// Timeout bounds a request that is answered in one piece; 0: 30 s.
	Timeout time.Duration
	// FirstToken is how long the first token of a text may take, NextToken each further one; 0: 20 s and 10 s.
	FirstToken, NextToken time.Duration
	// Attempts is how often all servers are gone through, 1..10; 0: 3. What has begun to arrive is never asked for again.
	Attempts int
	// Backoff is the pause before the second attempt, doubled for each further one; 0: 250 ms. A server's Retry-After goes first.
	Backoff time.Duration
	// MaxQueued is how many requests wait for room, 1..4096; 0: 64. One more is refused with a BusyError.
	MaxQueued int
	// Cooldown is how long a server is left alone after it failed, doubled each time up to a minute; 0: 1 s.
	Cooldown time.Duration
	// ProbeEvery is how often Run looks after each server; 0: 5 s.
	ProbeEvery time.Duration
	// WarmUp is how long Probe waits for servers that load their model; 0: 5 min.
	WarmUp time.Duration
	// AtWords adds the belief that a blank follows a context which ends with a whole word: so validators of the text mechanism cut.
	AtWords bool
	// Tools says that the model was trained to call tools: no server tells it of itself.
	Tools bool
	// Logger gets a line for each server that goes or comes and for contexts without an answer, never a text; nil: none.
	Logger *slog.Logger
	// Client makes the requests; nil: one of its own.
	Client *http.Client
}

// LogValue hides the keys.
func (cfg Config) LogValue() slog.Value {
	attrs := make([]slog.Attr, len(cfg.Servers))
	for i, s := range cfg.Servers {
		attrs[i] = slog.Any(strconv.Itoa(i), s)
	}
	return slog.GroupValue(attrs...)
}

// redacted drops a password from a URL.
func redacted(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(invalid)"
	}
	return u.Redacted()
}

// Pool asks servers. It is safe for concurrent use. It implements model.Predictor, model.Generator and model.Embedder.
type Pool struct {
	cfg        Config
	backends   []*backend
	dimensions atomic.Int64 // of vectors, 0 before the first

	mu       sync.Mutex
	waiting  []*waiter
	turn     uint64
	question question // of Probe, for servers that were not there then
	latest   error    // why a server was left alone
}

var (
	_ model.Predictor = (*Pool)(nil)
	_ model.Generator = (*Pool)(nil)
	_ model.Embedder  = (*Pool)(nil)
)

const (
	maxServers = 64
	maxName    = 64
)

// New checks the settings and fills in the defaults; it asks the servers nothing. ErrConfig names the setting that is wrong.
func New(cfg Config) (*Pool, error) {
	cfg.Attempts, cfg.MaxPrompt, cfg.MaxQueued = cmp.Or(cfg.Attempts, 3), cmp.Or(cfg.MaxPrompt, 1024), cmp.Or(cfg.MaxQueued, 64)
	cfg.Timeout, cfg.Backoff = cmp.Or(cfg.Timeout, 30*time.Second), cmp.Or(cfg.Backoff, 250*time.Millisecond)
	cfg.FirstToken, cfg.NextToken = cmp.Or(cfg.FirstToken, 20*time.Second), cmp.Or(cfg.NextToken, 10*time.Second)
	cfg.Cooldown, cfg.ProbeEvery = cmp.Or(cfg.Cooldown, time.Second), cmp.Or(cfg.ProbeEvery, 5*time.Second)
	cfg.WarmUp = cmp.Or(cfg.WarmUp, 5*time.Minute)
	if err := cfg.check(); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = maxParallel, 0
	client := http.Client{Transport: transport}
	if cfg.Client != nil {
		client = *cfg.Client
	}
	// Where the API key and the texts go is the operator's choice, not the server's.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.Client = &client
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Pool{cfg: cfg}
	for i, s := range cfg.Servers {
		b, err := newBackend(p, s)
		if err != nil {
			return nil, fmt.Errorf("server %d: %w", i, err)
		}
		p.backends = append(p.backends, b)
	}
	return p, nil
}

func (cfg *Config) check() error {
	ms := func(d time.Duration) int { return int(d.Milliseconds()) }
	for _, s := range []struct {
		name         string
		v, low, high int
	}{
		{"number of servers", len(cfg.Servers), 1, maxServers},
		{"length of Name", len(cfg.Name), 0, maxName},
		{"TopLogprobs", cfg.TopLogprobs, 0, 4096},
		{"MaxPrompt", cfg.MaxPrompt, 1, 1 << 16},
		{"Attempts", cfg.Attempts, 1, 10},
		{"MaxQueued", cfg.MaxQueued, 1, 4096},
		{"Timeout in ms", ms(cfg.Timeout), 1, ms(time.Hour)},
		{"FirstToken in ms", ms(cfg.FirstToken), 1, ms(time.Hour)},
		{"NextToken in ms", ms(cfg.NextToken), 1, ms(time.Hour)},
		{"Backoff in ms", ms(cfg.Backoff), 0, ms(time.Minute)},
		{"Cooldown in ms", ms(cfg.Cooldown), 1, ms(time.Minute)},
		{"ProbeEvery in ms", ms(cfg.ProbeEvery), 1, ms(time.Hour)},
		{"WarmUp in ms", ms(cfg.WarmUp), 1, ms(time.Hour)},
	} {
		if s.v < s.low || s.v > s.high {
			return fmt.Errorf("%w: %s is %d, want %d..%d", ErrConfig, s.name, s.v, s.low, s.high)
		}
	}
	return nil
}

// Name returns Config.Name, else the file name of the first server's model without its ending; "openai" while no model is known.
func (p *Pool) Name() string {
	if p.cfg.Name != "" {
		return p.cfg.Name
	}
	for _, b := range p.backends {
		if m := b.model(); m != "" {
			name := strings.TrimSuffix(m, ".gguf")
			if strings.HasPrefix(m, "/") || name != m { // llama.cpp's server calls a model by its file
				name = path.Base(strings.ReplaceAll(name, `\`, "/"))
			}
			return printable(strings.ToValidUTF8(name[:min(len(name), maxName)], ""), maxName)
		}
	}
	return "openai"
}

// Capabilities are what the mechanism text calls "logprobs" and, if Config.Tools says so, "tools".
func (p *Pool) Capabilities() []string {
	out := []string{"logprobs"}
	if p.cfg.Tools {
		out = append(out, "tools")
	}
	return out
}

// Parallel is how many requests all servers together work on at the same time, as far as it is known: call it after Probe.
func (p *Pool) Parallel() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, b := range p.backends {
		n += b.slots
	}
	return n
}

// Status is what is known of one server.
type Status struct {
	URL    string // without a password
	Kind   Kind
	Model  string   // the one that is used
	Models []string // all that it lists
	// State is "unknown" before the first contact, "up", "trying" after a pause, or "down".
	State string
	// Running counts our requests there, Others those of other callers as far as the server tells, Parallel how many of ours it gets.
	Running, Others, Parallel int
	// Served counts the requests that ended well, Failed the others.
	Served, Failed uint64
	// Latency is a moving mean of the time to a first token, or of an answer in one piece.
	Latency time.Duration
}

// Status of all servers, in the order in which they were given.
func (p *Pool) Status() []Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Status, len(p.backends))
	now := time.Now()
	for i, b := range p.backends {
		out[i] = Status{
			URL: redacted(b.base), Kind: b.kind, Model: b.name, Models: b.models, State: b.state(now),
			Running: b.running, Others: b.others, Parallel: b.slots, Served: b.served, Failed: b.failed, Latency: b.latency,
		}
	}
	return out
}
