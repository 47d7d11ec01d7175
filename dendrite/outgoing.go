package dendrite

import (
	"context"
	"time"
)

// outgoing is the context of one call on its way. It learns which connection the call travels on, and rounds the deadline that is
// told to the neuron.
type outgoing struct {
	context.Context
	auth *authInfo // of the connection of the latest attempt, while the neuron may not know our key there
}

type outgoingKey struct{}

// Value implements context.Context.
func (o *outgoing) Value(key any) any {
	if _, ok := key.(outgoingKey); ok {
		return o
	}
	return o.Context.Value(key)
}

const (
	exactBelow = time.Second
	deadlines  = 50 * time.Millisecond
)

// Deadline implements context.Context for gRPC, which tells the neuron how much time is left. In microseconds that would be a new
// header for every call; rounded up, calls with the same timeout share one of a byte. Our own deadline stays exact: Done is the
// context's.
func (o *outgoing) Deadline() (time.Time, bool) {
	at, ok := o.Context.Deadline()
	if !ok {
		return at, false
	}
	now := time.Now()
	left := at.Sub(now)
	if left < exactBelow {
		return at, true
	}
	return now.Add((left + deadlines - 1) / deadlines * deadlines), true
}

// answered notes that the neuron answered a call on its connection, so that it knows our key there.
func (o *outgoing) answered() {
	if o.auth != nil {
		o.auth.known.Store(true)
		o.auth = nil
	}
}
