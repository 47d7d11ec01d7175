package dendrite

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/synapse"
)

// What can go wrong with a call. Every error of a call is an *Error that matches exactly one of these by errors.Is.
var (
	// ErrUnreachable: no connection could be made or it broke; the neuron may be down.
	ErrUnreachable = errors.New("neuron is unreachable")
	// ErrPin: something answers there, but not with the certificate key that the chain lists.
	ErrPin = errors.New("neuron answers with another certificate key than the chain lists")
	// ErrProof: the neuron refused the proof of our key.
	ErrProof = errors.New("neuron refused the proof of our key")
	// ErrNotPermitted: our key is proven, but the neuron does not admit it.
	ErrNotPermitted = errors.New("neuron does not admit our key")
	// ErrSealed: the neuron tells our key no predictions at once; they can be had by a sealed call.
	ErrSealed = errors.New("neuron tells our key no predictions at once")
	// ErrOverloaded: the neuron has no room; Error.RetryAfter says when to try again.
	ErrOverloaded = errors.New("neuron is overloaded")
	// ErrTooLarge: the request exceeds the neuron's limit, or the answer ours.
	ErrTooLarge = errors.New("message is too large")
	// ErrDeadline: the deadline passed before the answer.
	ErrDeadline = errors.New("deadline passed")
	// ErrCanceled: the caller's context was cancelled.
	ErrCanceled = errors.New("call was cancelled")
	// ErrFailed: the neuron answered with any other error.
	ErrFailed = errors.New("neuron failed to answer")
	// ErrConfig is returned by New for a Config that cannot work.
	ErrConfig = errors.New("dendrite configuration")
	// ErrClosed: the client was closed.
	ErrClosed = errors.New("dendrite is closed")
)

// Error is a failed call.
type Error struct {
	Target Target
	Method string
	Kind   error // one of the sentinels
	// Reason is the neuron's own word for a refusal, may be empty.
	Reason synapse.Reason
	// RetryAfter is the neuron's hint for ErrOverloaded, 0 if it gave none.
	RetryAfter time.Duration
	cause      error
}

// maxWords is the most bytes of the neuron's own words in an error's text.
const maxWords = 512

// Error says what failed where. The neuron's own words are cut and made printable: it may be hostile.
func (e *Error) Error() string {
	text := fmt.Sprintf("call %s at %s: %v", e.Method, e.Target.Addr, e.Kind)
	if e.cause != nil {
		text += ": " + synapse.Printable(e.cause.Error(), maxWords)
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(" (try again in %v)", e.RetryAfter)
	}
	return text
}

// Unwrap gives the sentinel and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.cause} }

// GRPCStatus is the status that the neuron or gRPC gave.
func (e *Error) GRPCStatus() *status.Status { return status.Convert(e.cause) }

// wrap types an error of a call; handshake is the last failed handshake with the target, if any.
func wrap(t Target, method string, err, handshake error) error {
	if err == nil {
		return nil
	}
	e := &Error{Target: t, Method: method, cause: err}
	if errors.Is(err, ErrClosed) {
		return &Error{Target: t, Method: method, Kind: ErrClosed}
	}
	r, ok := synapse.RefusalOf(err)
	if !ok {
		e.Kind = ErrFailed
		return e
	}
	e.Reason, e.RetryAfter = r.Reason, r.Retry
	e.Kind = kindOf(r)
	if r.Code == codes.Unavailable && errors.Is(handshake, ErrPin) {
		e.Kind, e.cause = ErrPin, handshake
	}
	return e
}

func kindOf(r synapse.Refusal) error {
	switch r.Code {
	case codes.Unauthenticated:
		return ErrProof
	case codes.PermissionDenied:
		if r.Reason == synapse.ReasonSealed {
			return ErrSealed // it admits us
		}
		return ErrNotPermitted
	case codes.ResourceExhausted:
		if r.Reason == synapse.ReasonOverloaded || r.Reason == synapse.ReasonLookup {
			return ErrOverloaded
		}
		return ErrTooLarge // also what gRPC itself answers when a message exceeds a limit
	case codes.DeadlineExceeded:
		return ErrDeadline
	case codes.Canceled:
		return ErrCanceled
	case codes.Unavailable:
		if r.Reason == synapse.ReasonModel {
			return ErrFailed // the neuron answers, its model does not
		}
		return ErrUnreachable
	case codes.OK, codes.Unknown, codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition,
		codes.Aborted, codes.OutOfRange, codes.Unimplemented, codes.Internal, codes.DataLoss:
		return ErrFailed
	default:
		return ErrFailed
	}
}
