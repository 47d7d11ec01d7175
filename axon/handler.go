package axon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor/fair"
	"github.com/gotensor/gotensor/internal/span"
	"github.com/gotensor/gotensor/synapse"
)

// unary is the type of a generated unary handler: it decodes the request by calling dec, and answers.
type unary = func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error)

// wrap returns a service's description with every unary handler wrapped, and every stream waiting for its turn.
func (s *Server) wrap(desc *grpc.ServiceDesc, wrapUnary func(unary) unary) *grpc.ServiceDesc {
	d := *desc
	d.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		d.Methods[i] = grpc.MethodDesc{MethodName: m.MethodName, Handler: wrapUnary(m.Handler)}
	}
	d.Streams = make([]grpc.StreamDesc, len(desc.Streams))
	for i, m := range desc.Streams {
		m.Handler = s.queuedStream(m.Handler)
		d.Streams[i] = m
	}
	return &d
}

// queuedUnary makes calls of a method wait for their turn before any of their body is read. gRPC runs a unary handler when the
// headers have arrived and reads the body when the handler decodes the request, so waiting in between leaves at most the
// flow-control window of a waiting upload in memory. The negative tests count the bytes.
func (s *Server) queuedUnary(h unary) unary {
	return func(srv any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		c := callOf(ctx)
		if c == nil {
			return nil, errNoCall
		}
		defer c.cancel()
		res, err := s.inTurn(ctx, c, func() (any, error) {
			return h(srv, ctx, func(req any) error { return s.receive(c, dec, req) }, nil)
		})
		if m, ok := res.(proto.Message); ok && err == nil && c.conn != nil && c.wire.Err() == nil {
			c.conn.owes(proto.Size(m), s.cfg.MaxDeadline)
		}
		return res, err
	}
}

// inTurn waits for the call's turn, runs f while it holds a slot, and counts the outcome. A panic of f ends the call, not the
// neuron. traced holds the trace of the call, if there is one.
func (s *Server) inTurn(traced context.Context, c *call, f func() (any, error)) (res any, err error) {
	began := time.Now()
	if c.method.holds.Load() {
		if err := s.held.room(c); err != nil {
			c.method.refused.Add(1)
			return nil, err
		}
	}
	_, step := span.Start(traced, "axon.queue")
	ctx, cancel := s.acquireContext(c)
	t, err := s.queue.Acquire(ctx, c.claim)
	cancel()
	if err != nil {
		err = s.noTurn(c, err)
		step.End(err)
		return nil, err
	}
	step.End(nil)
	granted := time.Now()
	c.turn = &turn{s: s, ticket: t, granted: granted}
	c.method.waiting.Add(int64(granted.Sub(began)))
	defer func() {
		if p := recover(); p != nil {
			s.stats.panics.Add(1)
			s.cfg.Log.Error("axon: handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			res, err = nil, status.Error(codes.Internal, "the neuron failed to answer")
		}
		t.Release()
		s.held.remove(c)
		if err != nil {
			err = s.explain(c, err)
		}
		c.method.done(c.turn.worked(), err)
	}()
	return f()
}

// noTurn is what a caller reads whom the queue did not serve.
func (s *Server) noTurn(c *call, err error) error {
	c.method.refused.Add(1)
	var full *fair.Overload
	if errors.As(err, &full) {
		s.stats.overloaded.Add(1)
		return synapse.Refusal{
			Code: codes.ResourceExhausted, Reason: synapse.ReasonOverloaded, Message: "overloaded: " + full.Why, Retry: full.Retry,
		}.Err()
	}
	if c.Err() != nil {
		return s.expired(c)
	}
	return synapse.Refusal{ // a stream's wait is shorter than its life
		Code: codes.DeadlineExceeded, Reason: synapse.ReasonDeadline,
		Message: fmt.Sprintf("the stream's turn did not come within %v", s.cfg.MaxDeadline),
	}.Err()
}

// receive decodes the request, for which the caller has BodyTimeout: he occupies a slot meanwhile. What fails here gRPC itself
// tells the caller, at once and in its own words: DeadlineExceeded, or ResourceExhausted for a message beyond the limit.
func (s *Server) receive(c *call, dec func(any) error, req any) error {
	timer := time.AfterFunc(s.cfg.BodyTimeout, func() { c.end(overdueBody) })
	defer timer.Stop()
	return dec(req)
}

// explain turns a bare end of the context into a refusal with a reason; other errors stay as the handler made them.
func (s *Server) explain(c *call, err error) error {
	if c.Err() == nil || !isExpiry(err) {
		return err
	}
	if st, ok := status.FromError(err); ok && len(st.Details()) > 0 {
		return err
	}
	return s.expired(c)
}
