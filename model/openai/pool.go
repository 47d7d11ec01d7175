package openai

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gotensor/gotensor/internal/wait"
)

// waiter is a request that waits for room. It gets nil when no server is left.
type waiter struct {
	not map[*backend]bool
	got chan *backend
}

// acquire takes room on the server that has most of it, and waits for some where there is none. Requests that were let in before
// are never refused for the length of the queue.
func (p *Pool) acquire(ctx context.Context, not map[*backend]bool, before bool) (*backend, error) {
	p.mu.Lock()
	b, some := p.pick(not)
	if b != nil || !some {
		defer p.mu.Unlock()
		if b == nil {
			return nil, p.down()
		}
		return b, nil
	}
	if !before && len(p.waiting) >= p.cfg.MaxQueued {
		p.mu.Unlock()
		return nil, &BusyError{Why: fmt.Sprintf("%d requests wait already", p.cfg.MaxQueued), Retry: time.Second}
	}
	w := &waiter{not: not, got: make(chan *backend, 1)}
	p.waiting = append(p.waiting, w)
	p.mu.Unlock()
	select {
	case b := <-w.got:
		if b == nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			return nil, p.down()
		}
		return b, nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		if i := slices.Index(p.waiting, w); i >= 0 {
			p.waiting = slices.Delete(p.waiting, i, i+1)
		} else if b := <-w.got; b != nil { // it came at the same moment
			b.settle(time.Now(), failed(neutral, ctx.Err()))
			p.handOut()
		}
		return nil, fmt.Errorf("%w: no time left to ask: %w", ErrServer, ctx.Err())
	}
}

// down says that no server is left, and why the latest went. Caller holds the mutex.
func (p *Pool) down() error {
	if p.latest == nil {
		return fmt.Errorf("%w: none of the %d is up", ErrServer, len(p.backends))
	}
	return fmt.Errorf("%w: none of the %d is up; the latest failure: %w", ErrServer, len(p.backends), p.latest)
}

// pick takes the usable server with the least load, of equal ones that which was chosen the longest ago; some tells whether there is
// one to wait for. Caller holds the mutex.
func (p *Pool) pick(not map[*backend]bool) (best *backend, some bool) {
	now := time.Now()
	for _, b := range p.backends {
		if not[b] {
			continue
		}
		usable, room := b.usable(now)
		some = some || usable
		if !room {
			continue
		}
		if best == nil || b.load(now) < best.load(now) || (b.load(now) == best.load(now) && b.turn < best.turn) {
			best = b
		}
	}
	if best != nil {
		p.turn++
		best.take(p.turn)
	}
	return best, some
}

// handOut gives room to those who wait, in their order. Caller holds the mutex.
func (p *Pool) handOut() {
	p.waiting = slices.DeleteFunc(p.waiting, func(w *waiter) bool {
		b, some := p.pick(w.not)
		if b == nil && some {
			return false
		}
		w.got <- b
		return true
	})
}

// release gives room back and notes how the request ended.
func (p *Pool) release(b *backend, f *fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.settle(time.Now(), f)
	p.handOut()
}

// do runs a request on one server after another until it succeeds, has begun to be answered, or cannot succeed. When all were asked
// in vain there is a pause before the next go. A server that wants a longer one than patience is not waited for.
func (p *Pool) do(ctx context.Context, patience time.Duration, run func(context.Context, *backend) error) error {
	tried, unfits := map[*backend]bool{}, map[*backend]bool{}
	pause := p.cfg.Backoff
	var last error
	for round, first := 1, true; ; first = false {
		b, err := p.acquire(ctx, union(tried, unfits), !first)
		if err != nil {
			if last != nil && !errors.Is(err, ctx.Err()) {
				return last
			}
			return err
		}
		f := p.try(ctx, b, run)
		if f == nil {
			return nil
		}
		last = f.err
		if f.cause <= refused || f.begun || ctx.Err() != nil {
			return last
		}
		tried[b] = true
		if f.cause == unfit {
			unfits[b] = true
		}
		if p.left(tried) {
			continue
		}
		if round++; round > p.cfg.Attempts || !p.left(unfits) || f.after > patience {
			return last
		}
		clear(tried)
		if wait.Sleep(ctx, max(pause, f.after)) != nil {
			return fmt.Errorf("%w (no time left to try again)", last)
		}
		pause = min(2*pause, patience)
	}
}

// try makes one attempt and notes how it ended.
func (p *Pool) try(ctx context.Context, b *backend, run func(context.Context, *backend) error) *fault {
	f := failed(neutral, errors.New("it did not return"))
	defer func() { p.release(b, f) }() // also where the caller's code panics
	start := time.Now()
	err := run(ctx, b)
	if err == nil {
		f = nil
		return nil
	}
	if !errors.As(err, &f) {
		f = failed(faulty, err)
	}
	shown := *f
	if ctx.Err() != nil { // whatever it was, it may be only that
		shown.cause = neutral
		// Callers' deadlines are often shorter than ours: who lets them pass again and again is not well.
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && !f.begun && f.cause >= faulty && time.Since(start) > p.cfg.Timeout/2 {
			shown.cause = faulty
		}
	}
	shown.err = b.hideKey(f.err)
	f = &shown
	return f
}

// left tells whether a usable server is not among these.
func (p *Pool) left(not map[*backend]bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	return slices.ContainsFunc(p.backends, func(b *backend) bool {
		usable, _ := b.usable(now)
		return usable && !not[b]
	})
}

func union(a, b map[*backend]bool) map[*backend]bool {
	out := make(map[*backend]bool, len(a)+len(b))
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}
