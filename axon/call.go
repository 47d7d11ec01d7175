package axon

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/fair"
	"github.com/gotensor/gotensor/synapse"
)

// call is what the server knows of one call. It is also the call's context, in one allocation; handlers find the caller by Peer.
type call struct {
	context.Context
	cancel  context.CancelFunc
	wire    context.Context // of the transport: ended means that it has dropped the call; nil over HTTP
	claim   fair.Claim
	caller  synapse.Identity // zero for anonymous callers
	method  *method
	conn    *conn         // nil over HTTP
	turn    *turn         // nil before it has one
	overdue atomic.Uint32 // why this package ended the call, 0 if it did not
}

// Why a call was ended here; the caller reads it.
const (
	overdueBody   = iota + 1 // the request did not arrive in time
	overdueIdle              // the handler made no message of its stream in time
	overdueReader            // the caller did not take the messages of its stream in time
	overdueRoom              // it waited without a turn, and there was no room for it any more
)

type callKey struct{}

// Value implements context.Context.
func (c *call) Value(key any) any {
	if _, ok := key.(callKey); ok {
		return c
	}
	return c.Context.Value(key)
}

// Err implements context.Context: a call that was ended for being overdue is a deadline passed, not a caller who gave up.
func (c *call) Err() error {
	if c.overdue.Load() != 0 {
		return context.DeadlineExceeded
	}
	return c.Context.Err()
}

// end cancels the call for the first reason that is given.
func (c *call) end(why uint32) {
	c.overdue.CompareAndSwap(0, why)
	c.cancel()
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// Peer returns the proven identity of the caller of a handler; false for anonymous callers.
func Peer(ctx context.Context) (synapse.Identity, bool) {
	c := callOf(ctx)
	if c == nil || c.caller == (synapse.Identity{}) {
		return synapse.Identity{}, false
	}
	return c.caller, true
}

// limitCall gives a call its context. A unary one must be answered within MaxDeadline, a stream has MaxStream and a deadline for every
// message. A caller's own deadline below that is in force already, and saves a timer.
func (s *Server) limitCall(ctx context.Context, c *call) {
	c.wire = ctx
	limit := s.cfg.MaxDeadline
	if c.method.stream {
		limit = s.cfg.MaxStream
	}
	if at, ok := ctx.Deadline(); ok && time.Until(at) <= limit {
		c.Context, c.cancel = context.WithCancel(ctx)
		return
	}
	c.Context, c.cancel = context.WithTimeout(ctx, limit)
}

// expired is the error of a call whose context ended: its deadline passed, it was overdue, or the caller gave up.
func (s *Server) expired(c *call) error {
	r := synapse.Refusal{Code: codes.DeadlineExceeded, Reason: synapse.ReasonDeadline}
	switch {
	case c.overdue.Load() == overdueBody:
		return slowBody(s.cfg.BodyTimeout)
	case c.overdue.Load() == overdueIdle:
		r.Reason, r.Message = synapse.ReasonStreamIdle, fmt.Sprintf("the neuron made no message of the stream for %v", s.cfg.StreamIdle)
	case c.overdue.Load() == overdueReader:
		r.Reason, r.Message = synapse.ReasonSlowReader, "the stream's messages were not taken in time"
	case c.overdue.Load() == overdueRoom:
		return heldBack("others who come first wait for their answers")
	case c.Context.Err() == context.DeadlineExceeded:
		r.Message = "the deadline passed before the answer"
	default:
		return status.Error(codes.Canceled, "the caller gave up")
	}
	return r.Err()
}

func slowBody(limit time.Duration) error {
	return synapse.Refusal{
		Code: codes.DeadlineExceeded, Reason: synapse.ReasonSlowBody,
		Message: fmt.Sprintf("the request did not arrive within %v of its turn", limit),
	}.Err()
}
