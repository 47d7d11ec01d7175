package dendrite

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Stats is a snapshot of a client's counters. Targets, Conns and Running are of now; all others only ever grow.
type Stats struct {
	Targets int // remembered
	Conns   int // open
	Running int // calls and streams in progress

	// Outcomes counts calls and streams that ended, by "ok", "unreachable", "pin", "proof", "not_permitted", "overloaded", "too_large",
	// "deadline", "canceled", "failed" and "closed": one for each sentinel error. Every word is always there.
	Outcomes map[string]uint64
	// Took is the time of unary calls that were answered, summed.
	Took time.Duration
	// Handshakes that succeeded, and that failed for any reason.
	Handshakes, FailedHandshakes uint64
	// Bytes from and to the network, TLS included.
	BytesRead, BytesWritten uint64
}

// outcomes are the words of Stats.Outcomes; the first is that of no error.
var outcomes = [...]struct {
	word string
	kind error
}{
	{"ok", nil},
	{"unreachable", ErrUnreachable},
	{"pin", ErrPin},
	{"proof", ErrProof},
	{"not_permitted", ErrNotPermitted},
	{"sealed", ErrSealed},
	{"overloaded", ErrOverloaded},
	{"too_large", ErrTooLarge},
	{"deadline", ErrDeadline},
	{"canceled", ErrCanceled},
	{"closed", ErrClosed},
	{"failed", ErrFailed},
}

type counters struct {
	outcomes                [len(outcomes)]atomic.Uint64
	took, conns, running    atomic.Int64
	handshakes, failed      atomic.Uint64
	bytesRead, bytesWritten atomic.Uint64
}

// ended counts a call or a stream by its error, which is an *Error or nil.
func (c *counters) ended(err error) {
	i := 0
	if err != nil {
		for i = 1; i < len(outcomes)-1 && !errors.Is(err, outcomes[i].kind); {
			i++
		}
	}
	c.outcomes[i].Add(1)
}

// Stats returns the counters.
func (c *Client) Stats() Stats {
	c.mu.RLock()
	targets := len(c.conns)
	c.mu.RUnlock()
	n := &c.counters
	st := Stats{
		Targets: targets, Conns: int(n.conns.Load()), Running: int(n.running.Load()),
		Outcomes: make(map[string]uint64, len(outcomes)), Took: time.Duration(n.took.Load()),
		Handshakes: n.handshakes.Load(), FailedHandshakes: n.failed.Load(),
		BytesRead: n.bytesRead.Load(), BytesWritten: n.bytesWritten.Load(),
	}
	for i := range outcomes {
		st.Outcomes[outcomes[i].word] = n.outcomes[i].Load()
	}
	return st
}

// counted is a connection below TLS.
type counted struct {
	net.Conn
	n    *counters
	once sync.Once
}

func (c *counters) open(raw net.Conn) net.Conn {
	c.conns.Add(1)
	return &counted{Conn: raw, n: c}
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.bytesRead.Add(uint64(max(n, 0)))
	return n, err
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.n.bytesWritten.Add(uint64(max(n, 0)))
	return n, err
}

func (c *counted) Close() error {
	c.once.Do(func() { c.n.conns.Add(-1) })
	return c.Conn.Close()
}
