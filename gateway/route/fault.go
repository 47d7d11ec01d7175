package route

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/synapse"
)

// fault is how an answer ended, as far as the neuron is concerned.
type fault uint8

const (
	none        fault = iota
	ours              // the caller or this gateway broke off: nothing is known
	lost              // another neuron was faster
	large             // the request or the answer exceeds a limit
	rejected          // the neuron does not like the request
	overloaded        // no room, it says when to come back
	unreachable       // no connection, or it broke
	impostor          // another certificate key than the chain lists, or another neuron
	denied            // it does not admit this gateway
	sealed            // it tells this gateway nothing at once, which is its right
	late              // no first piece in time
	stalled           // no further piece in time
	failed            // any other error of the neuron
	garbage           // an answer that makes no sense
	faults
)

var faultNames = [faults]string{
	"none", "ours", "lost", "too_large", "rejected", "overloaded", "unreachable", "impostor", "denied", "sealed", "late", "stalled", "failed", "garbage",
}

func (f fault) String() string { return faultNames[f] }

// points that a failure counts towards the breaker; 0: not the neuron's, or not of a kind that lasts.
func (f fault) points() int {
	switch f {
	case unreachable, impostor, denied, late, stalled, garbage:
		return 2
	case failed:
		return 1
	default:
		return 0
	}
}

// unreached tells whether Axon.Info would fail in the same way, so that its success means that the failure is over.
func (f fault) unreached() bool { return f == unreachable || f == impostor || f == denied }

// worked tells whether the neuron may have begun to work on the request.
func (f fault) worked() bool { return f != overloaded && f != sealed && !f.unreached() }

// causes of contexts that this package ends.
var (
	errLost   = errors.New("another neuron was faster")
	errDone   = errors.New("the lease has ended")
	errLate   = errors.New("no first piece in time")
	errGaveUp = errors.New("the caller went away")
)

// faultOf reads an error of a call. caller is the context of who asked, call that of this neuron's part. begun is true after the
// first piece: then an error of an unknown kind is likelier one of the caller's own connection.
func faultOf(caller, call context.Context, err error, begun bool) fault {
	switch cause := context.Cause(call); {
	case err == nil:
		return none
	case errors.Is(cause, errLate):
		return late
	case errors.Is(cause, mechanism.ErrStalled), errors.Is(err, mechanism.ErrStalled): // ours, or a Front's verdict
		return stalled
	case errors.Is(cause, errLost):
		return lost
	case caller.Err() != nil, errors.Is(err, dendrite.ErrClosed):
		return ours
	case errors.Is(err, mechanism.ErrBadAnswer):
		return garbage
	}
	f := kindOf(err, begun)
	if deadline, ok := caller.Deadline(); f == late && ok && time.Until(deadline) < 50*time.Millisecond {
		return ours // the neuron knew the caller's deadline and gave up a moment before
	}
	return f
}

func kindOf(err error, begun bool) fault {
	for _, k := range []struct {
		kind error
		is   fault
	}{
		{dendrite.ErrOverloaded, overloaded},
		{dendrite.ErrUnreachable, unreachable},
		{dendrite.ErrPin, impostor},
		{dendrite.ErrProof, denied},
		{dendrite.ErrNotPermitted, denied},
		{dendrite.ErrSealed, sealed},
		{dendrite.ErrTooLarge, large},
		{dendrite.ErrDeadline, late},
		{dendrite.ErrCanceled, failed}, // the neuron's doing: ours would have been seen before
	} {
		if errors.Is(err, k.kind) {
			return k.is
		}
	}
	if st, ok := status.FromError(err); ok {
		switch st.Code() {
		case codes.InvalidArgument, codes.OutOfRange:
			return rejected
		case codes.Unavailable:
			return unreachable
		default:
			return failed
		}
	}
	switch {
	case errors.Is(err, dendrite.ErrFailed):
		return failed
	case errors.Is(err, context.DeadlineExceeded):
		return late
	case begun, errors.Is(err, context.Canceled):
		return ours
	}
	return failed
}

// failure is one neuron's part in the error of Open. Its words hold no address: applications may read them.
type failure struct {
	uid   gotensor.UID
	fault fault
	err   error
}

func (f *failure) Error() string { return fmt.Sprintf("uid %d: %s", f.uid, f.words()) }
func (f *failure) Unwrap() error { return f.err }

const maxWords = 256

func (f *failure) words() string {
	switch f.fault {
	case late:
		return errLate.Error()
	case ours:
		return "the gateway broke off"
	default:
	}
	var e *dendrite.Error
	if !errors.As(f.err, &e) {
		if f.fault == garbage {
			return synapse.Printable(f.err.Error(), maxWords)
		}
		return f.fault.String()
	}
	text := e.Kind.Error()
	if st := e.GRPCStatus(); f.fault == rejected {
		text += ": " + synapse.Printable(st.Message(), maxWords)
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(" (try again in %v)", e.RetryAfter)
	}
	return text
}

// retryAfter is the neuron's hint, 0 if it gave none.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*dendrite.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
