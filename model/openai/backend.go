package openai

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Kind of a server.
type Kind string

// Kinds that are told apart, as each has ways of its own beside OpenAI's API.
const (
	Generic  Kind = "openai"
	LlamaCpp Kind = "llama.cpp"
	VLLM     Kind = "vllm"
	Ollama   Kind = "ollama"
)

const (
	patience    = 3 // failures in a row
	maxParallel = 256
	maxCooldown = time.Minute
)

// backend is a server and what is known of it. All that changes is guarded by the pool's mutex.
type backend struct {
	pool *Pool
	cfg  Server
	base string // ends with /v1 or what the operator wrote
	root string // without it

	kind   Kind
	name   string // of the model
	models []string
	slots  int
	top    int // the most log-probabilities that it gives; 0: no limit is known

	running   int
	others    int
	turn      uint64 // when it was chosen last
	busyUntil time.Time
	served    uint64
	failed    uint64
	latency   time.Duration

	met     bool // Probe found it good
	known   bool // it has answered
	fails   int  // in a row
	opened  int  // in a row
	until   time.Time
	isDown  bool
	refuses bool // it is down because nobody listened there
	trial   bool // a request is on its way that decides
	shut    bool // Probe found that it will not do, and Run has not found otherwise

	noUsage atomic.Bool // it does not know stream_options
}

func newBackend(p *Pool, s Server) (*backend, error) {
	u, err := url.Parse(s.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: URL %q, want one like http://127.0.0.1:8080", ErrConfig, redacted(s.URL))
	}
	switch s.Kind {
	case "", Generic, LlamaCpp, VLLM, Ollama:
	default:
		return nil, fmt.Errorf("%w: Kind is %q, want %s, %s, %s or %s", ErrConfig, s.Kind, LlamaCpp, VLLM, Ollama, Generic)
	}
	if s.Parallel < 0 || s.Parallel > maxParallel {
		return nil, fmt.Errorf("%w: Parallel is %d, want 1..%d, or 0 for what the server can", ErrConfig, s.Parallel, maxParallel)
	}
	base := strings.TrimRight(s.URL, "/")
	if strings.Trim(u.Path, "/") == "" {
		base += "/v1"
	}
	b := &backend{
		pool: p, cfg: s, base: base, root: strings.TrimSuffix(base, "/v1"), kind: s.Kind, name: s.Model, slots: max(1, s.Parallel),
	}
	b.top = topOf(s.Kind)
	return b, nil
}

// topOf is how many log-probabilities a kind of server gives at most; 0: no limit is known.
func topOf(k Kind) int {
	if k == Ollama {
		return 20
	}
	return 0
}

func (b *backend) model() string {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	return b.name
}

func (b *backend) is(k Kind) bool {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	return b.kind == k
}

// state is a word for people. Caller holds the mutex, as for all that follows.
func (b *backend) state(now time.Time) string {
	switch {
	case b.shut:
		return "down"
	case b.isDown && (b.trial || !now.Before(b.until)):
		return "trying"
	case b.isDown:
		return "down"
	case !b.known:
		return "unknown"
	default:
		return "up"
	}
}

// usable tells whether the server may be asked; room, whether now.
func (b *backend) usable(now time.Time) (usable, room bool) {
	if b.shut {
		return false, false
	}
	if b.isDown {
		return b.trial || !now.Before(b.until), !b.trial && !now.Before(b.until) && b.running < b.slots
	}
	return true, b.running < b.slots
}

// load is the share of the server that is taken.
func (b *backend) load(now time.Time) float64 {
	l := float64(b.running+b.others) / float64(b.slots)
	if now.Before(b.busyUntil) {
		l += 1000
	}
	return l
}

func (b *backend) take(turn uint64) {
	b.running++
	b.turn = turn
	b.trial = b.isDown
}

// settle notes how a request ended.
func (b *backend) settle(now time.Time, f *fault) {
	b.running--
	trial := b.trial
	b.trial = false
	if f == nil {
		b.up()
		b.served++
		return
	}
	switch f.cause {
	case neutral:
	case refused:
		b.known = true
		b.failed++
		if trial {
			b.up()
		}
	case unfit:
		b.known = true
		b.failed++
		if errors.Is(f.err, ErrLogprobs) { // that depends on the request
			return
		}
		if b.fails++; trial || b.fails >= patience {
			b.open(now, f)
		}
	case busy:
		b.known = true
		b.failed++
		b.busyUntil = now.Add(cmp.Or(f.after, b.pool.cfg.Backoff))
	case faulty, lost:
		b.failed++
		if b.isDown && !trial {
			return // it began before the server was left alone, and tells nothing new: a burst is one failure
		}
		if b.fails++; trial || f.cause == lost || b.fails >= patience {
			b.open(now, f)
		}
	}
}

func (b *backend) open(now time.Time, f *fault) {
	b.isDown, b.refuses = true, f.down
	b.fails = 0
	pause := min(b.pool.cfg.Cooldown<<min(b.opened, 10), maxCooldown)
	b.until = now.Add(pause)
	b.opened++
	b.pool.latest = b.hideKey(f.err)
	b.pool.cfg.Logger.Warn("a model server failed and is left alone", "url", redacted(b.base), "for", pause, "err", b.pool.latest)
}

func (b *backend) up() {
	if b.isDown {
		b.pool.cfg.Logger.Info("a model server is back", "url", redacted(b.base))
	}
	b.known, b.shut, b.isDown, b.refuses, b.fails, b.opened = true, false, false, false, 0, 0
	b.busyUntil = time.Time{}
}

// took notes how long a first token took.
func (b *backend) took(d time.Duration) {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	if b.latency == 0 {
		b.latency = d
	}
	b.latency += (d - b.latency) / 8
}
