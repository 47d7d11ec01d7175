package axon

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"time"

	"google.golang.org/grpc/stats"

	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

// Config describes a Server. ChainID, Certificate and Callers are required; every other zero value means its default.
type Config struct {
	// ChainID is the chain that callers' proofs must name, 1 to 50 bytes.
	ChainID string
	// Certificate is the neuron's own, see synapse.LoadOrCreateCertificate.
	Certificate tls.Certificate
	// Callers is asked for the standing of every caller.
	Callers Callers
	// Policy says whose calls are answered.
	Policy Policy
	// AllowAnonymous admits JSON requests without a proof, all together with the lowest weight. gRPC always needs a proof.
	AllowAnonymous bool
	// Info is what the service gotensor.axon.v1.Axon answers; nil leaves that service out. Its limits are filled in. Calls that name
	// another hotkey than its own are refused.
	Info *axonv1.InfoResponse

	// Slots is how many calls are worked on at the same time (number of processors). Of two or more one is kept for validators where
	// others are admitted too.
	Slots int
	// MaxQueued bounds the calls that wait for a slot (1024), MaxPerCaller those of one caller (16).
	MaxQueued, MaxPerCaller int
	// MaxHeld bounds the calls that have given their turn back and wait to answer (1024), MaxHeldBytes what they keep in memory, all
	// of them together (256 MiB); of one caller at most MaxPerCaller wait so.
	MaxHeld, MaxHeldBytes int
	// MaxMessageBytes bounds one encoded request (4 MiB); larger ones are refused by their announced length.
	MaxMessageBytes int
	// MaxDeadline bounds the time of one call from its headers to its answer (60 s), whatever the caller asks for, and again the time
	// in which the caller must take a large answer. Of a stream it bounds the wait for its turn, and the time for which its caller may
	// keep messages waiting, all of them together.
	MaxDeadline time.Duration
	// MaxStream bounds the life of a stream (1 h), StreamIdle the time in which the handler must make its next message and in which the
	// caller must take one (30 s). The first message may take as long as a unary answer: MaxDeadline, or StreamIdle if that is more.
	MaxStream, StreamIdle time.Duration
	// BodyTimeout bounds the arrival of a request's body once it is the call's turn (3 s): a dripping body holds a slot.
	BodyTimeout time.Duration

	// MaxConns bounds open connections (4096), MaxConnsPerIP those of one IPv4 address or IPv6 /64 (64), MaxUnproven those of
	// callers without a right so far (512): beyond it the oldest of them ends.
	MaxConns, MaxConnsPerIP, MaxUnproven int
	// HandshakeTimeout bounds the TLS handshake (5 s), ProofTimeout the time from there to the proof (10 s).
	HandshakeTimeout, ProofTimeout time.Duration
	// WriteTimeout closes a connection whose peer does not take any bytes for so long (20 s).
	WriteTimeout time.Duration
	// Grace is how long calls in progress may go on after Serve's context ends (10 s).
	Grace time.Duration

	// StatsHandler is told of every gRPC call and connection, e.g. OpenTelemetry's; nil costs nothing. Calls refused for their proof or by
	// policy do not reach it: Stats counts them.
	StatsHandler stats.Handler
	// Now is the clock of proofs and of the queue (time.Now).
	Now func() time.Time
	// Log receives warnings about handlers that panic (discarded).
	Log *slog.Logger
}

func (c *Config) setDefaults() {
	def(&c.Slots, runtime.GOMAXPROCS(0))
	def(&c.MaxQueued, 1024)
	def(&c.MaxPerCaller, 16)
	def(&c.MaxHeld, 1024)
	def(&c.MaxHeldBytes, 256<<20)
	def(&c.MaxMessageBytes, 4<<20)
	def(&c.MaxDeadline, time.Minute)
	def(&c.MaxStream, time.Hour)
	def(&c.StreamIdle, 30*time.Second)
	def(&c.BodyTimeout, 3*time.Second)
	def(&c.MaxConns, 4096)
	def(&c.MaxConnsPerIP, 64)
	def(&c.MaxUnproven, 512)
	def(&c.HandshakeTimeout, 5*time.Second)
	def(&c.ProofTimeout, 10*time.Second)
	def(&c.WriteTimeout, 20*time.Second)
	def(&c.Grace, 10*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// firstMessage is how long a handler may take to the first message of its stream.
func (c *Config) firstMessage() time.Duration { return max(c.StreamIdle, c.MaxDeadline) }

// kept is how many slots only validators get.
func (c *Config) kept() int {
	if c.Slots > 1 && (c.Policy != PolicyValidators || c.AllowAnonymous) {
		return 1
	}
	return 0
}

// streams is how many calls one connection may have at the same time: a gateway is one caller on one connection, may fill every slot,
// its place in the queue and that among the calls that wait without a turn, and what exceeds that is to be refused with a reason, not to wait unseen in the caller's transport.
func (c *Config) streams() uint32 {
	return uint32(min(max(minStreams, c.Slots+2*c.MaxPerCaller+spareStreams), math.MaxInt32))
}

// def sets a field that is zero.
func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) validate() error {
	switch {
	case c.ChainID == "" || len(c.ChainID) > synapse.MaxChainID:
		return fmt.Errorf("%w: ChainID %q has %d bytes, must have 1 to %d", ErrConfig, c.ChainID, len(c.ChainID), synapse.MaxChainID)
	case len(c.Certificate.Certificate) == 0:
		return fmt.Errorf("%w: Certificate is empty, make one with synapse.LoadOrCreateCertificate", ErrConfig)
	case c.Callers == nil:
		return fmt.Errorf("%w: Callers is nil, without it no caller has any right", ErrConfig)
	case c.Policy < PolicyValidators || c.Policy > PolicyProven:
		return fmt.Errorf("%w: Policy %d is unknown, see PolicyValidators and those after it", ErrConfig, c.Policy)
	case c.Info != nil && len(c.Info.GetModel()) > maxModelName:
		return fmt.Errorf("%w: Info.Model has %d bytes, at most %d are possible", ErrConfig, len(c.Info.GetModel()), maxModelName)
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Slots", int64(c.Slots)},
		{"MaxQueued", int64(c.MaxQueued)},
		{"MaxPerCaller", int64(c.MaxPerCaller)},
		{"MaxHeld", int64(c.MaxHeld)},
		{"MaxHeldBytes", int64(c.MaxHeldBytes)},
		{"MaxMessageBytes", int64(c.MaxMessageBytes)},
		{"MaxDeadline", int64(c.MaxDeadline)},
		{"MaxStream", int64(c.MaxStream)},
		{"StreamIdle", int64(c.StreamIdle)},
		{"BodyTimeout", int64(c.BodyTimeout)},
		{"MaxConns", int64(c.MaxConns)},
		{"MaxConnsPerIP", int64(c.MaxConnsPerIP)},
		{"MaxUnproven", int64(c.MaxUnproven)},
		{"HandshakeTimeout", int64(c.HandshakeTimeout)},
		{"ProofTimeout", int64(c.ProofTimeout)},
		{"WriteTimeout", int64(c.WriteTimeout)},
		{"Grace", int64(c.Grace)},
	} {
		if f.value < 0 {
			return fmt.Errorf("%w: %s is %d, must be positive, or 0 for the default", ErrConfig, f.name, f.value)
		}
	}
	return nil
}
