package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
)

// pause is how long an asker waits after a query that failed at once, unless the neuron says how long: a closed loop would
// otherwise do nothing but be refused.
const pause = 100 * time.Millisecond

// Config describes a measurement of a network. Observe may be nil; all else is required.
type Config struct {
	// Callers ask at the same time, each with askers of its own.
	Callers []Caller
	// Neurons are asked; each caller spreads its queries evenly over them.
	Neurons []Neuron
	// Call makes one query of a neuron and returns how many bytes its messages have. An error that is no *dendrite.Error says that the answer
	// makes no sense. It is called from many goroutines.
	Call func(ctx context.Context, conn grpc.ClientConnInterface, to Neuron) (out, in int, err error)
	// Concurrency is how many askers each caller has, 1 to MaxConcurrency.
	Concurrency int
	// Duration is how long they ask; queries under way at its end may go on until their Deadline, which each query has from its start.
	Duration, Deadline time.Duration
	// Warmup is how long each caller may ask each neuron once before the measurement, uncounted, 0 or more: connections are made, and
	// neurons look up what an unknown key weighs.
	Warmup time.Duration
	// Every is the time between two points of a series, and between two calls of Observe.
	Every time.Duration
	// Observe is told how far it is; it must not block for long.
	Observe func(Report)
}

// Caller is one key that asks.
type Caller struct {
	Name   string
	Client *dendrite.Client
}

// Neuron is one that is asked.
type Neuron struct {
	UID    gotensor.UID
	Target dendrite.Target
}

func (c *Config) validate() error {
	switch {
	case len(c.Callers) == 0 || len(c.Neurons) == 0:
		return fmt.Errorf("%w: there are %d callers and %d neurons, want one of each at least", ErrConfig, len(c.Callers), len(c.Neurons))
	case c.Call == nil:
		return fmt.Errorf("%w: Call is nil, without it there is no query", ErrConfig)
	case c.Concurrency < 1 || c.Concurrency > MaxConcurrency:
		return fmt.Errorf("%w: concurrency is %d, want 1 to %d", ErrConfig, c.Concurrency, MaxConcurrency)
	case c.Duration <= 0 || c.Deadline <= 0 || c.Every <= 0 || c.Warmup < 0:
		return fmt.Errorf("%w: duration %v, deadline %v and the time between points %v must be over 0, warm-up %v not below", ErrConfig,
			c.Duration, c.Deadline, c.Every, c.Warmup)
	case c.Deadline > maxLatency:
		return fmt.Errorf("%w: deadline is %v, want at most %v", ErrConfig, c.Deadline, maxLatency)
	}
	return nil
}

// Run measures. When ctx ends, queries under way are cut and not counted, and what was measured until then is returned without an
// error. It fails with ErrConfig only: that nobody answers is a result.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if err := cfg.validate(); err != nil {
		return Report{}, err
	}
	if cfg.Warmup > 0 {
		cfg.warmUp(ctx)
	}
	r := &run{cfg: cfg, began: time.Now()}
	for _, c := range cfg.Callers {
		r.tallies = append(r.tallies, newTally(c, len(cfg.Neurons)))
	}
	asking, cancel := context.WithTimeout(ctx, cfg.Duration)
	defer cancel()
	var askers sync.WaitGroup
	for _, t := range r.tallies {
		for range cfg.Concurrency {
			askers.Go(func() { r.askOn(ctx, asking, t) })
		}
	}
	ended := make(chan struct{})
	go func() {
		askers.Wait()
		close(ended)
	}()
	r.watch(asking, ended)
	return r.report(true), nil
}

// warmUp makes one query of each caller to each neuron. What comes of it does not matter.
func (c *Config) warmUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.Warmup)
	defer cancel()
	var callers sync.WaitGroup
	for _, caller := range c.Callers {
		callers.Go(func() {
			dendrite.Each(ctx, c.Neurons, c.Concurrency, func(ctx context.Context, n Neuron) (struct{}, error) {
				_, _, err := c.Call(ctx, caller.Client.To(n.Target), n)
				return struct{}{}, err
			})
		})
	}
	callers.Wait()
}

// run is a measurement in progress.
type run struct {
	cfg     Config
	began   time.Time
	tallies []*tally
}

// askOn is one asker: it asks until asking ends, and a query under way goes on until ctx ends.
func (r *run) askOn(ctx, asking context.Context, t *tally) {
	for asking.Err() == nil {
		i := t.pick()
		wait := r.ask(ctx, asking, t, i)
		t.release(i)
		if wait > 0 {
			select {
			case <-asking.Done():
			case <-time.After(wait):
			}
		}
	}
}

// ask makes one query and returns how long to wait before the next.
func (r *run) ask(ctx, asking context.Context, t *tally, i int) time.Duration {
	call, cancel := context.WithTimeout(ctx, r.cfg.Deadline)
	defer cancel()
	began := time.Now()
	out, in, err := r.cfg.Call(call, t.caller.Client.To(r.cfg.Neurons[i].Target), r.cfg.Neurons[i])
	if ctx.Err() != nil {
		return 0 // cut: says nothing about the neuron
	}
	o := outcomeOf(err)
	o.took, o.bytes, o.late = time.Since(began), out+in, asking.Err() != nil
	t.count(i, o)
	return o.wait
}

// watch takes a point of the series every so often until all askers have ended.
func (r *run) watch(asking context.Context, ended <-chan struct{}) {
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		if asking.Err() == nil {
			now := time.Since(r.began)
			for _, t := range r.tallies {
				t.point(now)
			}
		}
		if r.cfg.Observe != nil {
			r.cfg.Observe(r.report(false))
		}
	}
}
