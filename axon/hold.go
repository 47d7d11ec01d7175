package axon

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fair"
	"github.com/gotensor/gotensor/synapse"
)

// GiveBack is for a handler whose work is done and that only waits before it answers: its call gives its turn to others and stays open.
// size is how many bytes it keeps in memory meanwhile. The handler of a stream may then be silent for as long as to its first message.
//
// Calls that wait so are bounded, see Config.MaxHeld: beyond it GiveBack fails with a refusal that the handler should return, or,
// where this caller comes before another one who waits, that other call ends. Validators come first, then who weighs more. In a
// context that is not of a call that holds a turn, GiveBack does nothing.
func GiveBack(ctx context.Context, size int) error {
	c := callOf(ctx)
	if c == nil || c.turn == nil || c.holding() {
		return nil
	}
	c.method.holds.Store(true)
	if err := c.turn.s.held.add(c, int64(max(0, size))); err != nil || !c.holding() {
		return err
	}
	if c.turn.idle != nil {
		c.turn.idle.Reset(c.turn.s.cfg.firstMessage())
	}
	c.turn.ticket.Release()
	return nil
}

// turn is what a call holds while its handler runs.
type turn struct {
	s       *Server
	ticket  *fair.Ticket
	granted time.Time
	idle    *time.Timer  // of a stream; nil otherwise
	back    atomic.Int64 // how long after granted it was given back, plus one; 0: it was not
	size    int64        // while held
	over    bool         // the handler has returned; guarded by holds.mu
}

// holding tells whether the call has given its turn back.
func (c *call) holding() bool { return c.turn.back.Load() != 0 }

// worked is how long the call occupied its slot.
func (t *turn) worked() time.Duration {
	if back := t.back.Load(); back > 0 {
		return time.Duration(back - 1)
	}
	return time.Since(t.granted)
}

// holds are the calls that have given their turn back and wait. Their number, that of one caller, and their bytes are bounded.
type holds struct {
	maxCalls, maxPerCaller int
	maxBytes               int64
	stats                  *counters

	mu    sync.Mutex
	calls map[*call]struct{}
	per   map[gotensor.Address]int
	bytes int64
}

// room fails if the caller has as many calls waiting as he may: such a call is refused before it costs any work.
func (h *holds) room(c *call) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.roomOf(c)
}

func (h *holds) roomOf(c *call) error {
	if h.per[c.claim.Caller] < h.maxPerCaller {
		return nil
	}
	h.stats.overloaded.Add(1)
	return heldBack("too many answers of this caller wait already")
}

// add takes a call in, in place of others that come after it if there is no room; none of them ends if that would not do. A call that was
// taken in before, or is over, is left as it is: handlers may have goroutines.
func (h *holds) add(c *call, size int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.holding() || c.turn.over {
		return nil
	}
	if err := h.roomOf(c); err != nil {
		return err
	}
	if h.full(size) && !h.canMakeRoom(c, size) {
		h.stats.overloaded.Add(1)
		return heldBack("too many answers wait already")
	}
	for h.full(size) {
		last := h.last()
		h.stats.overloaded.Add(1)
		h.forget(last)
		last.end(overdueRoom)
	}
	c.turn.size = size
	h.calls[c] = struct{}{}
	h.per[c.claim.Caller]++
	h.bytes += size
	c.turn.back.Store(int64(time.Since(c.turn.granted)) + 1)
	return nil
}

// full tells whether so many bytes more are too many, or one call.
func (h *holds) full(size int64) bool { return len(h.calls) >= h.maxCalls || h.bytes > h.maxBytes-size }

// canMakeRoom tells whether there is room for c once all that come after it have ended.
func (h *holds) canMakeRoom(c *call, size int64) bool {
	calls, bytes := len(h.calls), h.bytes
	for other := range h.calls {
		if before(c.claim, other.claim) {
			calls, bytes = calls-1, bytes-other.turn.size
		}
	}
	return calls < h.maxCalls && bytes <= h.maxBytes-size
}

// remove takes a call out that is over, if it is in.
func (h *holds) remove(c *call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.turn.over = true
	h.forget(c)
}

func (h *holds) forget(c *call) {
	if _, in := h.calls[c]; !in {
		return
	}
	delete(h.calls, c)
	h.bytes -= c.turn.size
	if h.per[c.claim.Caller]--; h.per[c.claim.Caller] == 0 {
		delete(h.per, c.claim.Caller)
	}
}

// last is the call that comes after all others; any of several.
func (h *holds) last() *call {
	var last *call
	for c := range h.calls {
		if last == nil || before(last.claim, c.claim) {
			last = c
		}
	}
	return last
}

func (h *holds) open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.calls)
}

// before tells who comes first where there is no room for both.
func before(a, b fair.Claim) bool {
	if a.Validator != b.Validator {
		return a.Validator
	}
	return a.Weight > b.Weight
}

func heldBack(why string) error {
	return synapse.Refusal{
		Code: codes.ResourceExhausted, Reason: synapse.ReasonOverloaded, Message: "overloaded: " + why, Retry: holdRetry,
	}.Err()
}

// holdRetry is when to come again; how long others wait is theirs to know.
const holdRetry = time.Second
