package dendrite

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/synapse"
)

// Conn is a connection to one target for generated clients; it implements grpc.ClientConnInterface.
type Conn struct {
	client *Client
	target Target
}

// Invoke makes a unary call. Its deadline starts now. The error is an *Error.
func (c *Conn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	n := &c.client.counters
	began := time.Now()
	err := c.invoke(ctx, began, method, args, reply, opts)
	for range lookups {
		if !soon(ctx, err) {
			break
		}
		err = c.invoke(ctx, time.Now(), method, args, reply, opts)
	}
	n.ended(err)
	if err == nil {
		n.took.Add(int64(time.Since(began)))
	}
	return err
}

func (c *Conn) invoke(ctx context.Context, now time.Time, method string, args, reply any, opts []grpc.CallOption) error {
	l, err := c.client.acquire(c.target, now)
	if err != nil {
		return c.fail(method, err, nil)
	}
	defer c.client.release(l)
	if at, ok := ctx.Deadline(); !ok || at.Sub(now) > c.client.cfg.Timeout {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, now.Add(c.client.cfg.Timeout))
		defer cancel()
	}
	o := &outgoing{Context: ctx}
	if err := l.conn.Invoke(o, method, args, reply, opts...); err != nil {
		return c.fail(method, err, l)
	}
	o.answered()
	return nil
}

// NewStream opens a stream. Unlike a unary call it has no deadline of its own, as a whole or between messages: the context's holds.
// A stream must be read to its end, or its context cancelled, or it stays open. Errors of the stream's methods are *Error too.
func (c *Conn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	l, err := c.client.acquire(c.target, time.Now())
	if err != nil {
		err = c.fail(method, err, nil)
		c.client.counters.ended(err)
		return nil, err
	}
	var once sync.Once
	ended := func(err error) {
		once.Do(func() {
			c.client.release(l)
			if err != nil {
				err = c.fail(method, err, l)
			}
			c.client.counters.ended(err)
		})
	}
	o := &outgoing{Context: ctx}
	st, err := l.conn.NewStream(o, desc, method, append(opts[:len(opts):len(opts)], grpc.OnFinish(ended))...)
	if err != nil {
		ended(err)
		return nil, c.fail(method, err, l)
	}
	return &stream{ClientStream: st, conn: c, lane: l, method: method, ctx: o}, nil
}

func (c *Conn) fail(method string, err error, l *lane) error {
	var handshake error
	if l != nil {
		handshake = l.creds.lastErr()
	}
	return wrap(c.target, method, err, handshake)
}

// lookups is how often a call is made again that came while the neuron was looking us up.
const lookups = 5

// soon waits until such a call may be made again; false if the error is another one, or there is no time.
func soon(ctx context.Context, err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Reason != synapse.ReasonLookup {
		return false
	}
	return wait.Sleep(ctx, e.RetryAfter) == nil
}
