package bench

import (
	"errors"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/gotensor/gotensor/dendrite"
)

// Outcomes of a query.
const (
	Answered     = "answered"
	TimedOut     = "timeout"       // no answer within the deadline
	Refused      = "refused"       // the neuron has no room for this caller
	NotPermitted = "not_permitted" // the neuron does not admit this caller
	Unreachable  = "unreachable"
	WrongKey     = "wrong_key" // the neuron's certificate is not the one that the chain lists
	ProofRefused = "proof_refused"
	TooLarge     = "too_large"
	Failed       = "failed"       // the neuron answered with another error
	WrongAnswer  = "wrong_answer" // the answer makes no sense
)

// outcome is how one query ended.
type outcome struct {
	kind  string
	err   error
	took  time.Duration
	bytes int
	late  bool          // ended after the time in which rates are measured
	wait  time.Duration // before the same asker asks again
}

func outcomeOf(err error) outcome {
	var e *dendrite.Error
	switch {
	case err == nil:
		return outcome{kind: Answered}
	case !errors.As(err, &e):
		return outcome{kind: WrongAnswer, err: err, wait: pause}
	case errors.Is(err, dendrite.ErrDeadline):
		return outcome{kind: TimedOut, err: err}
	}
	o := outcome{kind: Failed, err: err, wait: max(pause, min(e.RetryAfter, maxLatency))}
	for _, k := range []struct {
		cause error
		kind  string
	}{
		{dendrite.ErrOverloaded, Refused},
		{dendrite.ErrNotPermitted, NotPermitted},
		{dendrite.ErrUnreachable, Unreachable},
		{dendrite.ErrPin, WrongKey},
		{dendrite.ErrProof, ProofRefused},
		{dendrite.ErrTooLarge, TooLarge},
	} {
		if errors.Is(err, k.cause) {
			o.kind = k.kind
		}
	}
	return o
}

// tally is what one caller has been through.
type tally struct {
	caller Caller

	mu      sync.Mutex
	next    int   // where the search for the least busy neuron begins
	running []int // queries under way, by neuron
	all     counts
	neurons []counts
	series  []Point
	last    counts // at the latest point
	lastAt  time.Duration
	first   error
}

// counts are sums; latencies are those of answers.
type counts struct {
	ended   uint64
	kinds   map[string]uint64
	took    *hdrhistogram.Histogram
	inTime  uint64 // answers within the time in which rates are measured
	bytes   uint64 // of these
	refused uint64
	missed  uint64 // timeouts
}

func newTally(c Caller, neurons int) *tally {
	t := &tally{caller: c, running: make([]int, neurons), neurons: make([]counts, neurons)}
	t.all = counts{kinds: map[string]uint64{}, took: newHistogram()}
	for i := range t.neurons {
		// Two figures are enough here and take an eighth of the memory.
		t.neurons[i] = counts{kinds: map[string]uint64{}, took: hdrhistogram.New(1, maxLatency.Microseconds(), 2)}
	}
	return t
}

// pick chooses the neuron with the fewest queries of this caller under way, all of them in turn where that is equal. So one that
// does not answer holds no more than its share of the askers.
func (t *tally) pick() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	best := t.next % len(t.running)
	for i := range t.running {
		if j := (t.next + i) % len(t.running); t.running[j] < t.running[best] {
			best = j
		}
	}
	t.next = best + 1
	t.running[best]++
	return best
}

func (t *tally) release(i int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running[i]--
}

func (t *tally) count(i int, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.add(o)
	t.neurons[i].add(o)
	if t.first == nil {
		t.first = o.err
	}
}

func (c *counts) add(o outcome) {
	c.ended++
	c.kinds[o.kind]++
	switch o.kind {
	case TimedOut:
		c.missed++
	case Refused:
		c.refused++
	case Answered:
		record(c.took, o.took)
		if !o.late {
			c.inTime++
			c.bytes += uint64(o.bytes)
		}
	default:
	}
}

// point ends a step of the series.
func (t *tally) point(now time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	step := (now - t.lastAt).Seconds()
	if step <= 0 {
		return
	}
	per := func(now, before uint64) float64 { return float64(now-before) / step }
	t.series = append(t.series, Point{
		Seconds:          now.Seconds(),
		QueriesPerSecond: per(t.all.inTime, t.last.inTime), MbitPerSecond: per(t.all.bytes, t.last.bytes) * 8 / 1e6,
		RefusedPerSecond: per(t.all.refused, t.last.refused), TimeoutsPerSecond: per(t.all.missed, t.last.missed),
	})
	t.last, t.lastAt = t.all, now
}
