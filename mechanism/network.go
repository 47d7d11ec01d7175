package mechanism

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/metagraph"
)

// What Network.Open can fail with, beside the context's error and that of the latest neuron asked.
var (
	// ErrNoNeuron: no neuron that is up has the capability and the model that were asked for.
	ErrNoNeuron = errors.New("no neuron serves this")
	// ErrUnknownModel: no neuron of the subnet calls its model so, up or not.
	ErrUnknownModel = errors.New("no neuron serves a model of this name")
	// ErrUpstream: every neuron that was tried failed; the causes are joined.
	ErrUpstream = errors.New("the neurons that were asked failed")
	// ErrStalled ends a Lease whose neuron gave nothing for too long between two pieces.
	ErrStalled = errors.New("the neuron stopped in the middle of its answer")
	// ErrBadAnswer is wrapped by a Front where a neuron's answer makes no sense: it counts as the neuron's failure.
	ErrBadAnswer = errors.New("the neuron's answer makes no sense")
)

// Front is how a gateway offers a subnet to applications. Handlers find the caller's Account in the request's context, and fail by
// package internal/apierror, whose bodies OpenAI's clients understand.
type Front interface {
	Routes() []Route
}

// Route is one thing that a Front serves.
type Route struct {
	// Pattern is one of http.ServeMux with a method, e.g. "POST /v1/completions".
	Pattern string
	Handler http.Handler
	// Free routes cost the network nothing (a list, a description): they take no turn in the gateway's queue. All need a key.
	Free bool
}

// Network is a subnet as a gateway sees it. It is safe for concurrent use.
type Network interface {
	// Metagraph is the newest snapshot, however old; nil before the first.
	Metagraph() *metagraph.Metagraph
	// Peers are the neurons that serve, in the order in which they would be asked now; those without the capability are left out
	// ("": none is).
	Peers(capability string) []Peer
	// Open asks one neuron after another, a second one in parallel where the first is slow (a hedge), until open succeeds for one of
	// them; then all others are cancelled. open must return once the first piece of an answer is there: from then on the
	// answer is that neuron's alone. The context given to open ends with the lease. The error wraps one of those above.
	Open(ctx context.Context, ask Ask, open func(ctx context.Context, p Peer, conn grpc.ClientConnInterface) (any, error)) (any, Lease, error)
}

// Ask says which neurons will do.
type Ask struct {
	// Capability that a neuron must declare; empty: none.
	Capability string
	// Model is what the user wrote: "" or "auto" for whichever neuron is best at the moment, "best" for the one that earns most,
	// "uid-7" or a hotkey's address for one neuron, else a model's name.
	Model string
	// Once asks a single neuron a single time: no hedge, no retry.
	Once bool
	// Streams marks answers that come in pieces: Lease.Touch must follow each of them.
	Streams bool
}

// Lease is the right to an answer under way. Done must be called once; it frees the neuron.
type Lease interface {
	// Peer answers.
	Peer() Peer
	// FirstPiece is how long the neuron that answers took to its first piece; Tried how many neurons were asked.
	FirstPiece() time.Duration
	Tried() int
	// Touch notes another piece and starts the deadline for the next.
	Touch()
	// Done reports how the answer ended: nil, or what was wrong with it. What the caller himself broke off is no failure.
	Done(err error)
}

// Open is Network.Open for one type of answer.
func Open[T any](ctx context.Context, n Network, ask Ask, open func(ctx context.Context, p Peer, conn grpc.ClientConnInterface) (T, error)) (T, Lease, error) {
	got, lease, err := n.Open(ctx, ask, func(ctx context.Context, p Peer, conn grpc.ClientConnInterface) (any, error) {
		return open(ctx, p, conn)
	})
	if err != nil {
		var zero T
		return zero, nil, err
	}
	return got.(T), lease, nil //nolint:forcetypeassert // what open returned
}

// Peer is a neuron that serves and what is known of it here. Everything but Neuron is this gateway's own observation or the neuron's claim.
type Peer struct {
	metagraph.Neuron
	// Share of the subnet's incentive, 0..1.
	Share float64
	// Model, Capabilities and Schema are the neuron's own words, made printable; empty before it was first reached.
	Model        string
	Capabilities []string
	Schema       []byte
	// Latency is a moving mean to the first piece of an answer, 0 before the first; Success that of answers that ended well, 0..1.
	Latency time.Duration
	Success float64
	// Running counts the answers under way from this gateway.
	Running int
	// State of the circuit breaker: "unknown" before the first contact, "up", "trying" after a pause, "down".
	State string
}

// Account is who pays for a request.
type Account struct {
	// Name of the API key, for people; Address of the wallet behind it, zero for none.
	Name    string
	Address gotensor.Address
}

// Usage is what a request took, in the mechanism's own units (tokens for text).
type Usage struct {
	In, Out int
}

type meterKey struct{}

// Meter is told what a request takes, so that limits of the next ones hold.
type Meter interface {
	Account() Account
	// Spend adds to what the request took; it may be called again and again.
	Spend(u Usage)
}

// WithMeter returns a context that carries a request's meter.
func WithMeter(ctx context.Context, m Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// MeterOf returns the request's meter; one that counts nothing if there is none, as in tests.
func MeterOf(ctx context.Context) Meter {
	if m, ok := ctx.Value(meterKey{}).(Meter); ok {
		return m
	}
	return noMeter{}
}

type noMeter struct{}

func (noMeter) Account() Account { return Account{} }
func (noMeter) Spend(Usage)      {}
