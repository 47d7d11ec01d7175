package openai

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/model"
)

const (
	usualTop   = 20 // log-probabilities that vLLM gives unless told otherwise
	lookTime   = 3 * time.Second
	loadPause  = 500 * time.Millisecond
	vllmAtOnce = 16
)

// question is what a server is asked to show that it will do.
type question func(context.Context, *backend, time.Duration) error

// Probe gets to know each server: its models, what kind it is, how many requests it works on at once; and asks one question with k
// candidates, so that the model is loaded before somebody waits for it and a server that cannot serve is told at the start. While a
// server loads it waits, at most Config.WarmUp. It fails, with ErrServer or ErrLogprobs and what to change, if no server will do; of several, those that will not are left to Run.
func (p *Pool) Probe(ctx context.Context, k int) error {
	if err := model.CheckRequest(k); err != nil {
		return err
	}
	return p.meetAll(ctx, func(ctx context.Context, b *backend, timeout time.Duration) error {
		_, err := b.complete(ctx, timeout, "Once upon a time", k)
		if errors.Is(err, ErrLogprobs) && k > usualTop && b.limit() == 0 {
			b.setTop(usualTop)
			if _, again := b.complete(ctx, timeout, "Once upon a time", k); again != nil {
				b.setTop(0)
				return err
			}
			p.cfg.Logger.Warn("a model server gives few log-probabilities", "url", redacted(b.base), "most", usualTop, "hint", hint)
			return nil
		}
		return err
	})
}

// ProbeEmbeddings is Probe for servers that make vectors.
func (p *Pool) ProbeEmbeddings(ctx context.Context) error {
	return p.meetAll(ctx, func(ctx context.Context, b *backend, _ time.Duration) error {
		var out [1][]float32
		_, err := b.embed(ctx, []string{"Once upon a time"}, out[:])
		return err
	})
}

func (p *Pool) meetAll(ctx context.Context, ask question) error {
	p.mu.Lock()
	p.question = ask
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, p.cfg.WarmUp)
	defer cancel()
	errs := make([]error, len(p.backends))
	var wg sync.WaitGroup
	for i, b := range p.backends {
		wg.Go(func() { errs[i] = b.warmUp(ctx, ask) })
	}
	wg.Wait()
	good := 0
	for i, err := range errs {
		if err == nil {
			good++
			continue
		}
		p.mu.Lock()
		p.backends[i].open(time.Now(), failed(lost, err))
		p.mu.Unlock()
	}
	if good == 0 {
		return errors.Join(errs...)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, b := range p.backends {
		b.shut = errs[i] != nil
	}
	return nil
}

// warmUp meets a server, and waits while it loads.
func (b *backend) warmUp(ctx context.Context, ask question) error {
	start, said := time.Now(), time.Time{}
	for {
		err := b.meet(ctx, b.pool.cfg.WarmUp, ask)
		var f *fault
		if err == nil {
			b.pool.cfg.Logger.Info("a model server is ready", "url", redacted(b.base), "kind", b.pool.kindOf(b), "model", b.model(), "after", time.Since(start).Round(time.Millisecond))
			return nil
		}
		if !errors.As(err, &f) || f.cause != busy {
			return b.hideKey(err)
		}
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			b.pool.cfg.Logger.Info("waiting for a model server", "url", redacted(b.base), "since", time.Since(start).Round(time.Second), "it says", b.hideKey(f.err))
		}
		if wait.Sleep(ctx, max(loadPause, min(f.after, 5*time.Second))) != nil {
			return b.hideKey(err)
		}
	}
}

func (p *Pool) kindOf(b *backend) Kind {
	p.mu.Lock()
	defer p.mu.Unlock()
	return b.kind
}

// meet finds out what a server is and asks it something.
func (b *backend) meet(ctx context.Context, timeout time.Duration, ask question) error {
	models, owner, err := b.list(ctx, timeout)
	switch {
	case err != nil && b.cfg.Model == "":
		return fmt.Errorf("list the models: %w", err)
	case err == nil && len(models) == 0 && b.cfg.Model == "":
		return failed(unfit, fmt.Errorf("%w: %s lists no model: name one", ErrServer, redacted(b.base)))
	}
	kind := b.findKind(ctx, owner)
	slots := b.cfg.Parallel
	if slots == 0 {
		slots = b.findSlots(ctx, kind)
	}
	b.pool.mu.Lock()
	b.kind, b.models, b.slots = kind, models, slots
	b.top = cmp.Or(b.top, topOf(kind))
	if b.name == "" {
		b.name = models[0]
	}
	b.pool.mu.Unlock()
	if err := ask(ctx, b, timeout); err != nil {
		return err
	}
	b.pool.mu.Lock()
	b.met = true
	b.up()
	b.pool.mu.Unlock()
	return nil
}

// findKind tells servers apart: llama.cpp's and vLLM's put their name into the list of models, Ollama tells its version.
func (b *backend) findKind(ctx context.Context, owner string) Kind {
	switch {
	case b.cfg.Kind != "":
		return b.cfg.Kind
	case owner == "llamacpp":
		return LlamaCpp
	case owner == "vllm":
		return VLLM
	}
	var answer struct {
		Version string `json:"version"`
	}
	if err := b.ask(ctx, lookTime, http.MethodGet, "//api/version", nil, &answer); err == nil && answer.Version != "" {
		return Ollama
	}
	return Generic
}

func (b *backend) findSlots(ctx context.Context, kind Kind) int {
	switch kind {
	case VLLM:
		return vllmAtOnce
	case LlamaCpp:
		var props struct {
			TotalSlots int `json:"total_slots"`
		}
		if err := b.ask(ctx, lookTime, http.MethodGet, "//props", nil, &props); err == nil {
			return min(max(1, props.TotalSlots), maxParallel)
		}
	case Generic, Ollama:
	}
	return 1
}

func (b *backend) setTop(n int) {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	b.top = n
}

// Run looks after the servers until ctx ends: it notices early who has gone and who is back, and how busy each is with the requests of
// others. Without it a pool learns that from its own requests only.
func (p *Pool) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, b := range p.backends {
		wg.Go(func() {
			for wait.Sleep(ctx, p.cfg.ProbeEvery) == nil {
				b.look(ctx)
				p.mu.Lock()
				p.handOut()
				p.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// look asks a server how it is.
func (b *backend) look(ctx context.Context) {
	p := b.pool
	p.mu.Lock()
	ask := p.question
	if b.met {
		ask = nil
	}
	p.mu.Unlock()
	if ask != nil { // Probe did not get to know it: now is the time
		if err := b.meet(ctx, p.cfg.Timeout, ask); err != nil {
			p.cfg.Logger.Debug("a model server will not do yet", "url", redacted(b.base), "err", b.hideKey(err))
			return
		}
	}
	models, _, err := b.list(ctx, lookTime)
	depth, known := -1, false
	if err == nil {
		depth, known = b.depth(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var f *fault
	errors.As(err, &f)
	now := time.Now()
	switch {
	case err == nil:
		b.models = models
		if b.others = 0; known {
			b.others = max(0, depth-b.running)
		}
		if b.isDown && b.refuses && !b.trial {
			b.until = now // somebody listens again: the next request decides
		}
		if b.name == "" && len(models) > 0 {
			b.name = models[0]
		}
	case f != nil && f.down && !b.isDown && ctx.Err() == nil:
		b.open(now, f)
	case f != nil && f.cause == busy:
		b.busyUntil = now.Add(cmp.Or(f.after, p.cfg.ProbeEvery))
	}
}

// depth is how many requests a server works on or keeps waiting, whoever sent them, if it tells.
func (b *backend) depth(ctx context.Context) (int, bool) {
	switch b.pool.kindOf(b) {
	case LlamaCpp:
		// With --metrics it tells the queue too, else only which of its slots work.
		if content, err := b.fetch(ctx, lookTime, http.MethodGet, "//metrics", nil); err == nil {
			if n, ok := sumMetrics(content, "llamacpp:requests_processing", "llamacpp:requests_deferred"); ok {
				return n, true
			}
		}
		var slots []struct {
			Busy bool `json:"is_processing"`
		}
		if err := b.ask(ctx, lookTime, http.MethodGet, "//slots", nil, &slots); err != nil {
			return 0, false
		}
		n := 0
		for _, s := range slots {
			if s.Busy {
				n++
			}
		}
		return n, true
	case VLLM:
		content, err := b.fetch(ctx, lookTime, http.MethodGet, "//metrics", nil)
		if err != nil {
			return 0, false
		}
		return sumMetrics(content, "vllm:num_requests_running", "vllm:num_requests_waiting")
	case Generic, Ollama:
	}
	return 0, false
}

// sumMetrics adds the samples of these names in Prometheus' text format; false if there is none.
func sumMetrics(content []byte, names ...string) (int, bool) {
	sum, found := 0.0, false
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		for _, name := range names {
			rest, ok := strings.CutPrefix(lines.Text(), name)
			if !ok || rest == "" || (rest[0] != '{' && rest[0] != ' ') {
				continue
			}
			if i := strings.LastIndexByte(rest, '}'); i >= 0 {
				rest = rest[i+1:]
			}
			fields := strings.Fields(rest)
			if len(fields) == 0 {
				continue
			}
			if v, err := strconv.ParseFloat(fields[0], 64); err == nil && v >= 0 && v < 1e6 {
				sum, found = sum+v, true
			}
		}
	}
	return int(sum), found
}
