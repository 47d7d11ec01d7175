package route

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/metagraph"
)

// tenure names what is remembered of a neuron: another holder of the uid, and the same one at another address, start anew.
type tenure struct {
	hotkey     gotensor.Address
	registered gotensor.Block
	endpoint   metagraph.Endpoint
}

func tenureOf(n metagraph.Neuron) tenure { return tenure{n.Hotkey, n.Registered, n.Endpoint} }

// peer is what this gateway saw of one neuron.
type peer struct {
	claims  atomic.Pointer[claims] // nil before the neuron was first reached
	running atomic.Int64

	mu       sync.Mutex
	breaker  breaker
	latency  mean // seconds to the first piece
	success  mean // 1 for an answer that ended well, 0 for a failure
	recent   [recentPieces]time.Duration
	pieces   int       // ever seen; the latest stand in recent
	busy     time.Time // it has no room before
	refusals int       // for want of room, in a row
	waits    int       // in vain, in a row

	asked, answered, failed uint64
	lastFault               fault

	// of Axon.Info
	asking     bool
	unanswered int       // in a row
	inquired   time.Time // when it was last asked
	nextInfo   time.Time
}

// glance is what a choice looks at.
type glance struct {
	state  state
	usable bool
	cost   float64
	seen   float64 // weight of what is known
	busy   time.Time
	full   bool
}

func (p *peer) glance(now time.Time, typical time.Duration, maxRunning int) glance {
	running := int(p.running.Load())
	p.mu.Lock()
	defer p.mu.Unlock()
	g := glance{state: p.breaker.at(now), busy: p.busy, full: running >= maxRunning}
	admitted, _ := p.breaker.admits(now)
	g.usable = admitted && !g.full && !now.Before(p.busy)
	g.seen = p.latency.seen(now)
	latency := time.Duration(p.latency.estimate(typical.Seconds(), now) * float64(time.Second))
	g.cost = cost(latency, p.success.estimate(priorSuccess, now), running)
	return g
}

// begin takes a place; false where there is none any more. trial tells that this call decides whether the breaker closes.
func (p *peer) begin(now time.Time, maxRunning int) (trial, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ok, trial = p.breaker.admits(now)
	if !ok || now.Before(p.busy) || int(p.running.Load()) >= maxRunning {
		return false, false
	}
	p.breaker.trial = p.breaker.trial || trial
	p.running.Add(1)
	p.asked++
	return trial, true
}

// first notes how long the first piece took.
func (p *peer) first(took time.Duration, trial bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latency.add(took.Seconds(), now)
	p.recent[p.pieces%recentPieces] = took
	p.pieces++
	p.refusals, p.waits = 0, 0
	p.breaker.first(trial)
}

// hedgeAfter is when a second neuron should be asked.
func (p *peer) hedgeAfter(configured, most time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return hedgeDelay(p.recent[:min(p.pieces, recentPieces)], configured, most)
}

// end is how a neuron's part in a call ended.
type end struct {
	fault  fault
	err    error
	trial  bool
	waited time.Duration // for a first piece that never came, else 0
	jitter float64
}

// settle frees the place and takes in how it ended. It returns the pause if the breaker opened, else 0.
func (p *peer) settle(e end, now time.Time) time.Duration {
	p.running.Add(-1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.waited > 0 && (e.fault == ours || e.fault == lost || e.fault == late) {
		p.waited(e.waited, now)
	}
	return p.note(e, now)
}

// waited takes in that nothing had come after a time: a longer wait than the mean moves the mean, each time in a row more so.
func (p *peer) waited(d time.Duration, now time.Time) {
	s := d.Seconds()
	if p.latency.seen(now) > 0 && s <= p.latency.value {
		return
	}
	p.waits++
	expected := max(s, p.latency.value) * growthOfWaits
	for range min(p.waits, mostWaits) {
		p.latency.add(expected, now)
	}
	p.suspect(now)
}

func (p *peer) note(e end, now time.Time) time.Duration {
	switch e.fault {
	case none:
		p.answered++
		p.refusals = 0
		p.success.add(1, now)
		p.breaker.good(e.trial, now)
		return 0
	case ours, lost, large, sealed:
		p.breaker.skip(e.trial)
		return 0
	case overloaded:
		p.lastFault = e.fault
		p.rest(e.err, now)
		p.breaker.skip(e.trial)
		return 0
	case rejected: // the caller's fault, until another neuron takes the request: see disown
		p.failed++
		p.lastFault = e.fault
		p.breaker.skip(e.trial)
		return 0
	default:
		p.failed++
		p.lastFault = e.fault
		p.success.add(0, now)
		return p.blame(e, now)
	}
}

// disown takes in that another neuron took a request that this one refused.
func (p *peer) disown(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.success.add(0, now)
}

// blame takes in a failure that is the neuron's and returns the pause if the breaker opened.
func (p *peer) blame(e end, now time.Time) time.Duration {
	if e.fault.points() == 0 { // by sending nonsense a caller could close the whole subnet for all others
		p.breaker.skip(e.trial)
		return 0
	}
	p.suspect(now)
	if !p.breaker.bad(e.fault, e.trial, now, e.jitter) {
		return 0
	}
	p.nextInfo = p.breaker.until
	return p.breaker.until.Sub(now)
}

// suspect lets the neuron be asked soon whether it is still there.
func (p *peer) suspect(now time.Time) {
	soon := now
	if next := p.inquired.Add(leastInfoPause); soon.Before(next) {
		soon = next
	}
	if soon.Before(p.nextInfo) {
		p.nextInfo = soon
	}
}

// rest leaves a neuron without room alone.
func (p *peer) rest(err error, now time.Time) {
	if now.Before(p.busy) {
		return // it was asked before it first said so: that is no second time in a row
	}
	p.busy = now.Add(restFor(retryAfter(err), p.refusals))
	p.refusals++
}

const leastRest, mostRest = 100 * time.Millisecond, 30 * time.Second

// restFor is how long a neuron without room is left alone: as it said, and longer if it says so again and again.
func restFor(hint time.Duration, refusals int) time.Duration {
	return min(max(hint, leastRest<<min(refusals, 10)), mostRest)
}
