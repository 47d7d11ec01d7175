package fair

import (
	"container/heap"
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/gotensor/gotensor"
)

// Shares below which nobody's weight falls, as parts of the heaviest caller's: a registered validator is always heard, and
// tags of very unequal callers stay comparable in float64.
const (
	validatorFloor = 1e-3
	lowestShare    = 1e-6
)

const (
	serviceGain  = 0.1 // of a new sample in the moving average of service time
	serviceClamp = 4   // a sample counts at most as so many averages
	maxSurcharge = 64  // a call is charged for at most so many average calls beyond the first
	earlyMargin  = 0.9 // part of the time left within which a call must be expected to start
	minRetry     = 100 * time.Millisecond
	maxRetry     = time.Minute
	sweepFlows   = 4096
)

// Queue shares slots among callers by start-time fair queueing: under overload every caller is served in proportion to its
// weight, whatever the others send. Each caller has a FIFO of waiting calls and a start tag in virtual time; the next call is the
// head with the smallest start + 1/weight; virtual time is the start tag of what was served last. A caller's tag advances when
// a call of his is served, never when it is queued, so that calls which expire while waiting cost nothing.
//
// Source: Goyal, Vin, Cheng, "Start-time Fair Queueing" (1996), with the charge moved from arrival to service.
type Queue struct {
	slots, maxQueued, maxPerCaller, kept int
	now                                  func() time.Time

	mu       sync.Mutex
	free     int
	guests   int // slots held by callers that are no validators
	queued   int
	flows    map[gotensor.Address]*flow
	backlog  flowHeap // flows with waiting calls
	waitingW float64  // sum of weights of the flows in backlog
	virtual  float64
	heaviest float64
	service  float64 // moving average of the time a slot is held, seconds; 0 until the first call ends
}

// flow is one caller. All callers without any standing share one flow, so that making up keys gains nothing.
type flow struct {
	addr    gotensor.Address
	guest   bool // no validator
	weight  float64
	start   float64 // tag of the head; meaningful while calls wait
	finish  float64 // tag after the last served call
	waiting []*waiter
	open    int // calls waiting or being served
	index   int // in backlog, -1 if no call waits
}

// waiter is one waiting call. ready is closed when it is granted a slot or evicted (err set).
type waiter struct {
	ready chan struct{}
	err   error
	start time.Time
	guest bool
}

// Claim says who wants a slot. Callers without any standing should come under one address, e.g. the zero one, so that making up keys
// gains nothing.
type Claim struct {
	// Caller under which the call is counted.
	Caller gotensor.Address
	// Weight in rao, or any other unit that is the same for all callers of a queue: under overload slots are shared in proportion to it.
	Weight uint64
	// Validator has a floor of weight and may take the slots that are kept.
	Validator bool
}

// Ticket is a slot held.
type Ticket struct {
	q     *Queue
	flow  *flow
	start time.Time
	guest bool // when it was granted
	given bool // back
}

// Config describes a Queue. Zero values mean the defaults.
type Config struct {
	// Slots is how many calls are worked on at the same time (number of processors).
	Slots int
	// MaxQueued bounds the calls that wait (1024), MaxPerCaller those of one caller (16).
	MaxQueued, MaxPerCaller int
	// Kept slots are for validators alone; at most Slots - 1 are kept (0).
	Kept int
	// Now is the clock by which slots are charged (time.Now).
	Now func() time.Time
}

// New returns an idle queue.
func New(cfg Config) *Queue {
	q := &Queue{
		slots: or(cfg.Slots, runtime.GOMAXPROCS(0)), maxQueued: or(cfg.MaxQueued, 1024), maxPerCaller: or(cfg.MaxPerCaller, 16),
		now: cfg.Now, flows: map[gotensor.Address]*flow{},
	}
	q.free, q.kept = q.slots, min(max(cfg.Kept, 0), q.slots-1)
	if q.now == nil {
		q.now = time.Now
	}
	return q
}

// or is n, or the default for what is no number of things.
func or(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// Acquire waits for a slot until ctx is done, and then fails with its error. It refuses with an *Overload, without waiting, when the
// queue or the caller's part of it is full, or when the call would most probably expire before its turn; a call that waits is refused
// so when a weightier one needs its place. The ticket must be released.
func (q *Queue) Acquire(ctx context.Context, c Claim) (*Ticket, error) {
	if err := ctx.Err(); err != nil {
		return nil, err // a slot would be wasted on it
	}
	q.mu.Lock()
	f := q.flow(c)
	if q.free > 0 && q.eligible(f) {
		t := q.serve(f)
		q.mu.Unlock()
		return t, nil
	}
	if err := q.admit(ctx, f); err != nil {
		q.forget(f)
		q.mu.Unlock()
		return nil, err
	}
	w := q.push(f)
	q.mu.Unlock()

	select {
	case <-w.ready:
	case <-ctx.Done():
		if q.withdraw(f, w) {
			return nil, ctx.Err()
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	return &Ticket{q: q, flow: f, start: w.start, guest: w.guest}, nil
}

// Release gives the slot back and charges the caller for time held beyond the average call. A second time does nothing.
func (t *Ticket) Release() {
	q := t.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.given {
		return
	}
	t.given = true
	q.charge(t.flow, q.now().Sub(t.start).Seconds())
	t.flow.open--
	q.free++
	if t.guest {
		q.guests--
	}
	q.dispatch()
	if q.free == q.slots { // idle: virtual time starts anew
		q.virtual, q.heaviest, q.waitingW = 0, 0, 0
		clear(q.flows)
		return
	}
	q.forget(t.flow)
}

func (q *Queue) charge(f *flow, held float64) {
	if q.service == 0 {
		q.service = held
		return
	}
	if extra := min(held/q.service-1, maxSurcharge); extra > 1 {
		f.finish += extra / f.weight
		if f.index >= 0 {
			f.start += extra / f.weight
			heap.Fix(&q.backlog, f.index)
		}
	}
	q.service += serviceGain * (min(held, serviceClamp*q.service) - q.service)
}

// flow finds or makes the caller's flow and brings its weight up to date.
func (q *Queue) flow(c Claim) *flow {
	w := float64(c.Weight)
	q.heaviest = max(q.heaviest, w, 1)
	share := lowestShare
	if c.Validator {
		share = validatorFloor
	}
	w = max(w, q.heaviest*share)
	f := q.flows[c.Caller]
	if f == nil {
		if len(q.flows) >= sweepFlows {
			q.sweep()
		}
		f = &flow{addr: c.Caller, index: -1, weight: w}
		q.flows[c.Caller] = f
	}
	f.guest = !c.Validator
	if f.index >= 0 && f.weight != w {
		q.waitingW += w - f.weight
		f.weight = w
		heap.Fix(&q.backlog, f.index)
	}
	f.weight = w
	return f
}

// admit decides whether a call may wait.
func (q *Queue) admit(ctx context.Context, f *flow) error {
	wait := q.expectedWait(f)
	if len(f.waiting) >= q.maxPerCaller || f.open >= q.maxPerCaller+q.slots {
		return overloaded("too many calls of this caller wait already", wait)
	}
	if deadline, ok := ctx.Deadline(); ok {
		left := deadline.Sub(q.now())
		if float64(wait) > earlyMargin*float64(left) {
			return overloaded("the call would expire before its turn", wait)
		}
	}
	if q.queued >= q.maxQueued && !q.evictFor(f) {
		return overloaded("the queue is full", wait)
	}
	return nil
}

// expectedWait is how long one more call of this caller will wait if all who wait now keep sending.
func (q *Queue) expectedWait(f *flow) time.Duration {
	total := q.waitingW
	if f.index < 0 {
		total += f.weight
	}
	slots := q.slots
	if f.guest {
		slots -= q.kept
	}
	s := float64(len(f.waiting)+1) * q.service / float64(slots) * total / f.weight
	return time.Duration(min(s, maxRetry.Seconds()*60) * float64(time.Second))
}

// evictFor makes room by refusing the waiting call that would be served last, unless that is the new one itself.
func (q *Queue) evictFor(f *flow) bool {
	lastTag := func(f *flow, n int) float64 {
		start := f.start
		if f.index < 0 {
			start = max(q.virtual, f.finish)
		}
		return start + float64(n)/f.weight
	}
	var worst *flow
	worstTag := lastTag(f, len(f.waiting)+1)
	for _, g := range q.backlog {
		if tag := lastTag(g, len(g.waiting)); tag > worstTag {
			worst, worstTag = g, tag
		}
	}
	if worst == nil {
		return false
	}
	w := worst.waiting[len(worst.waiting)-1]
	w.err = overloaded("the queue is full", q.expectedWait(worst))
	q.remove(worst, len(worst.waiting)-1)
	close(w.ready)
	return true
}

func (q *Queue) push(f *flow) *waiter {
	w := &waiter{ready: make(chan struct{})}
	f.waiting = append(f.waiting, w)
	f.open++
	q.queued++
	if f.index < 0 {
		f.start = max(q.virtual, f.finish)
		q.waitingW += f.weight
		heap.Push(&q.backlog, f)
	}
	return w
}

// withdraw takes a waiting call back; false if it was granted or evicted in the meantime.
func (q *Queue) withdraw(f *flow, w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range f.waiting {
		if f.waiting[i] == w {
			q.remove(f, i)
			return true
		}
	}
	return false
}

// remove takes the i-th waiting call of a flow out of the queue without serving it.
func (q *Queue) remove(f *flow, i int) {
	f.waiting = append(f.waiting[:i], f.waiting[i+1:]...)
	f.open--
	q.queued--
	if len(f.waiting) == 0 {
		q.leave(f)
		q.forget(f)
	}
}

func (q *Queue) leave(f *flow) {
	heap.Remove(&q.backlog, f.index)
	q.waitingW -= f.weight
	if len(q.backlog) == 0 {
		q.waitingW = 0 // no drift
	}
}

// eligible tells whether a call of the flow may take a free slot. A call holds its slot to its end, so however little a guest weighs, a
// few long calls of his would keep a miner from answering those who judge it: some slots are kept for them.
func (q *Queue) eligible(f *flow) bool { return !f.guest || q.guests < q.slots-q.kept }

// head returns the flow to be served next, nil if no call that waits may take a slot now.
func (q *Queue) head() *flow {
	if len(q.backlog) == 0 {
		return nil
	}
	if q.eligible(q.backlog[0]) {
		return q.backlog[0]
	}
	var best *flow
	for _, f := range q.backlog {
		if !f.guest && (best == nil || f.start+1/f.weight < best.start+1/best.weight) {
			best = f
		}
	}
	return best
}

// dispatch grants free slots to the heads of the queue.
func (q *Queue) dispatch() {
	for q.free > 0 {
		f := q.head()
		if f == nil {
			return
		}
		w := f.waiting[0]
		f.waiting = f.waiting[1:]
		f.open-- // serve counts it again
		q.queued--
		t := q.serve(f)
		w.start, w.guest = t.start, t.guest
		if len(f.waiting) > 0 {
			f.start = f.finish
			heap.Fix(&q.backlog, f.index)
		} else {
			f.waiting = nil
			q.leave(f)
		}
		close(w.ready)
	}
}

// serve takes a slot for a call of the flow and advances the tags.
func (q *Queue) serve(f *flow) *Ticket {
	start := max(q.virtual, f.finish)
	if f.index >= 0 {
		start = f.start
	}
	q.virtual = max(q.virtual, start)
	f.finish = start + 1/f.weight
	f.open++
	q.free--
	if f.guest {
		q.guests++
	}
	return &Ticket{q: q, flow: f, start: q.now(), guest: f.guest}
}

// forget drops a flow that carries no information any more.
func (q *Queue) forget(f *flow) {
	if f.open == 0 && f.finish <= q.virtual && q.flows[f.addr] == f {
		delete(q.flows, f.addr)
	}
}

func (q *Queue) sweep() {
	for _, f := range q.flows {
		q.forget(f)
	}
}

// Depth returns the number of waiting calls and of slots in use.
func (q *Queue) Depth() (queued, running int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.queued, q.slots - q.free
}
