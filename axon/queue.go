package axon

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/synapse"
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

// queue shares slots among callers by start-time fair queueing: under overload every caller is served in proportion to its
// weight, whatever the others send. Each caller has a FIFO of waiting calls and a start tag in virtual time; the next call is the
// head with the smallest start + 1/weight; virtual time is the start tag of what was served last. A caller's tag advances when
// a call of his is served, never when it is queued, so that calls which expire while waiting cost nothing.
//
// Source: Goyal, Vin, Cheng, "Start-time Fair Queueing" (1996), with the charge moved from arrival to service.
type queue struct {
	slots, maxQueued, maxPerCaller int
	now                            func() time.Time
	kept                           int // slots that only validators get, fewer than slots

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

// claim says who wants a slot.
type claim struct {
	addr      gotensor.Address
	weight    uint64
	validator bool
}

// ticket is a slot held.
type ticket struct {
	q     *queue
	flow  *flow
	start time.Time
	guest bool // when it was granted
}

func newQueue(slots, maxQueued, maxPerCaller int, now func() time.Time) *queue {
	return &queue{
		slots: slots, maxQueued: maxQueued, maxPerCaller: maxPerCaller, now: now,
		free: slots, flows: map[gotensor.Address]*flow{},
	}
}

// acquire waits for a slot until ctx is done. It refuses at once with a retry hint when the queue or the caller's part of it is
// full, or when the call would most probably expire before its turn. The ticket must be released.
func (q *queue) acquire(ctx context.Context, c claim) (*ticket, error) {
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
			return nil, expired(ctx)
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	return &ticket{q: q, flow: f, start: w.start, guest: w.guest}, nil
}

// release gives the slot back and charges the caller for time held beyond the average call.
func (t *ticket) release() {
	q := t.q
	q.mu.Lock()
	defer q.mu.Unlock()
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

func (q *queue) charge(f *flow, held float64) {
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
func (q *queue) flow(c claim) *flow {
	w := float64(c.weight)
	q.heaviest = max(q.heaviest, w, 1)
	share := lowestShare
	if c.validator {
		share = validatorFloor
	}
	w = max(w, q.heaviest*share)
	f := q.flows[c.addr]
	if f == nil {
		if len(q.flows) >= sweepFlows {
			q.sweep()
		}
		f = &flow{addr: c.addr, index: -1, weight: w}
		q.flows[c.addr] = f
	}
	f.guest = !c.validator
	if f.index >= 0 && f.weight != w {
		q.waitingW += w - f.weight
		f.weight = w
		heap.Fix(&q.backlog, f.index)
	}
	f.weight = w
	return f
}

// admit decides whether a call may wait.
func (q *queue) admit(ctx context.Context, f *flow) error {
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
func (q *queue) expectedWait(f *flow) time.Duration {
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
func (q *queue) evictFor(f *flow) bool {
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

func (q *queue) push(f *flow) *waiter {
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
func (q *queue) withdraw(f *flow, w *waiter) bool {
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
func (q *queue) remove(f *flow, i int) {
	f.waiting = append(f.waiting[:i], f.waiting[i+1:]...)
	f.open--
	q.queued--
	if len(f.waiting) == 0 {
		q.leave(f)
		q.forget(f)
	}
}

func (q *queue) leave(f *flow) {
	heap.Remove(&q.backlog, f.index)
	q.waitingW -= f.weight
	if len(q.backlog) == 0 {
		q.waitingW = 0 // no drift
	}
}

// eligible tells whether a call of the flow may take a free slot. A call holds its slot to its end, so however little a guest weighs, a
// few long calls of his would keep a miner from answering those who judge it: some slots are kept for them.
func (q *queue) eligible(f *flow) bool { return !f.guest || q.guests < q.slots-q.kept }

// head returns the flow to be served next, nil if no call that waits may take a slot now.
func (q *queue) head() *flow {
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
func (q *queue) dispatch() {
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
func (q *queue) serve(f *flow) *ticket {
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
	return &ticket{q: q, flow: f, start: q.now(), guest: f.guest}
}

// forget drops a flow that carries no information any more.
func (q *queue) forget(f *flow) {
	if f.open == 0 && f.finish <= q.virtual && q.flows[f.addr] == f {
		delete(q.flows, f.addr)
	}
}

func (q *queue) sweep() {
	for _, f := range q.flows {
		q.forget(f)
	}
}

// depth returns the number of waiting calls and of slots in use.
func (q *queue) depth() (queued, running int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.queued, q.slots - q.free
}

func overloaded(why string, wait time.Duration) error {
	return synapse.Refusal{
		Code: codes.ResourceExhausted, Reason: synapse.ReasonOverloaded,
		Message: "overloaded: " + why, Retry: min(max(wait, minRetry), maxRetry),
	}.Err()
}

// flowHeap orders flows by the tag at which their head would be done.
type flowHeap []*flow

func (h flowHeap) Len() int           { return len(h) }
func (h flowHeap) Less(i, j int) bool { return h[i].start+1/h[i].weight < h[j].start+1/h[j].weight }
func (h flowHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *flowHeap) Push(x any) {
	f := x.(*flow) // the heap holds nothing else
	f.index = len(*h)
	*h = append(*h, f)
}

func (h *flowHeap) Pop() any {
	old := *h
	f := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	f.index = -1
	return f
}
