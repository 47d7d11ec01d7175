package axon

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// queuedStream waits for the call's turn before any of its body is read, as for unary calls, and holds the slot until the handler ends
// or gives it back.
// The wait is bounded by MaxDeadline, whatever the stream itself may take.
func (s *Server) queuedStream(h grpc.StreamHandler) grpc.StreamHandler {
	return func(srv any, st grpc.ServerStream) error {
		c := callOf(st.Context())
		if c == nil {
			return errNoCall
		}
		defer c.cancel()
		_, err := s.inTurn(st.Context(), c, func() (any, error) {
			t := newTurnStream(s, c, st)
			defer t.stop()
			return nil, h(srv, t)
		})
		return err
	}
}

// turnStream is a stream that has its turn. It keeps the deadlines between messages: the handler must make one within StreamIdle (the
// first within MaxDeadline), and the caller must take each within StreamIdle and may keep all of them waiting for MaxDeadline in sum, because he occupies a slot
// meanwhile. What gRPC holds of a stream that nobody reads is bounded by itself: SendMsg waits beyond 64 KB.
type turnStream struct {
	grpc.ServerStream
	s    *Server
	c    *call
	idle *time.Timer

	mu      sync.Mutex // handlers may send and receive at the same time
	asked   bool       // the request was received
	sending bool
	waited  time.Duration // in SendMsg

	owed, last uint64 // bytes of all messages and of the last one, for forgive
}

func newTurnStream(s *Server, c *call, st grpc.ServerStream) *turnStream {
	t := &turnStream{ServerStream: st, s: s, c: c}
	t.idle = time.AfterFunc(s.cfg.firstMessage(), t.overdue)
	c.turn.idle = t.idle
	return t
}

// overdue ends a stream whose next message is not there in time.
func (t *turnStream) overdue() {
	t.mu.Lock()
	why := uint32(overdueIdle)
	if t.sending {
		why = overdueReader
	}
	t.mu.Unlock()
	t.c.end(why)
}

func (t *turnStream) stop() {
	t.idle.Stop()
	if t.c.conn != nil && t.c.wire.Err() != nil {
		t.c.conn.forgive(min(t.owed, freeAnswers+t.last))
	}
}

// Context implements grpc.ServerStream.
func (t *turnStream) Context() context.Context { return t.ServerStream.Context() }

// RecvMsg implements grpc.ServerStream. The first message is the request, which must arrive within BodyTimeout.
func (t *turnStream) RecvMsg(m any) error {
	t.mu.Lock()
	first := !t.asked
	t.asked = true
	t.mu.Unlock()
	if !first {
		err := t.ServerStream.RecvMsg(m)
		if err == nil {
			t.idle.Reset(t.s.cfg.StreamIdle)
		}
		return err
	}
	err := t.s.receive(t.c, t.ServerStream.RecvMsg, m)
	if err == nil {
		t.idle.Reset(t.s.cfg.firstMessage())
	}
	return err
}

// SendMsg implements grpc.ServerStream. Where it fails gRPC itself tells the caller, as in receive.
func (t *turnStream) SendMsg(m any) error {
	t.account(m)
	t.setSending(true)
	t.idle.Reset(t.s.cfg.StreamIdle)
	began := time.Now()
	err := t.ServerStream.SendMsg(m)
	took := time.Since(began)
	t.setSending(false)
	if err != nil {
		return err
	}
	if t.waited += took; t.waited > t.s.cfg.MaxDeadline {
		t.c.end(overdueReader)
		return t.s.expired(t.c)
	}
	t.idle.Reset(t.silence())
	return nil
}

// silence is how long the handler may take to the next message.
func (t *turnStream) silence() time.Duration {
	if t.c.holding() {
		return t.s.cfg.firstMessage()
	}
	return t.s.cfg.StreamIdle
}

func (t *turnStream) setSending(now bool) {
	t.mu.Lock()
	t.sending = now
	t.mu.Unlock()
}

// account counts the message among what the connection's caller must take.
func (t *turnStream) account(m any) {
	pm, ok := m.(proto.Message)
	if !ok || t.c.conn == nil {
		return
	}
	t.last = uint64(proto.Size(pm))
	t.owed += t.last
	t.c.conn.owes(int(t.last), t.s.cfg.MaxDeadline)
}

// acquireContext bounds the wait of a stream for its turn; a unary call's own deadline covers its wait.
func (s *Server) acquireContext(c *call) (context.Context, context.CancelFunc) {
	if !c.method.stream {
		return c, func() {}
	}
	return context.WithTimeout(c, s.cfg.MaxDeadline)
}

// isExpiry tells whether an error is the bare end of a context, which says less than what this package knows.
func isExpiry(err error) bool {
	code := status.Code(err)
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		code == codes.DeadlineExceeded || code == codes.Canceled
}
