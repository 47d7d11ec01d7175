package custom

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/synapse"
)

// problem turns an error into one that the caller may see. Addresses of neurons, which their errors name, stay here; a neuron's own words
// are shown only where they say what is wrong with the request.
func (f *Front) problem(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*apierror.Error](err); ok {
		return err
	}
	words, isRefusal := refusal(err)
	switch {
	case errors.Is(err, mechanism.ErrUnknownModel):
		return &apierror.Error{Status: http.StatusNotFound, Type: apierror.NotFound, Param: "uid", Code: "unknown_uid", Message: "no neuron of this subnet that serves has this uid"}
	case errors.Is(err, mechanism.ErrNoNeuron):
		return &apierror.Error{
			Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "no_neuron", Retry: 5 * time.Second,
			Message: "no neuron that is up serves this at the moment; try again",
		}
	case isRefusal:
		return &apierror.Error{Status: http.StatusBadRequest, Type: apierror.InvalidRequest, Code: "refused_by_neuron", Message: "the neuron refuses the request: " + words}
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, dendrite.ErrDeadline):
		return &apierror.Error{Status: http.StatusGatewayTimeout, Type: apierror.Server, Code: "deadline_exceeded", Message: "the answer took longer than the deadline"}
	case errors.Is(err, dendrite.ErrOverloaded):
		wait := time.Second
		if e, ok := errors.AsType[*dendrite.Error](err); ok && e.RetryAfter > 0 {
			wait = min(e.RetryAfter, time.Minute)
		}
		return &apierror.Error{
			Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "overloaded", Retry: wait,
			Message: "all neurons that were asked are busy; try again",
		}
	case errors.Is(err, mechanism.ErrBadAnswer):
		f.cfg.Log.Warn("an answer made no sense", "err", err)
		return failedUpstream("the neurons' answers do not fit the schema; try again")
	case errors.Is(err, mechanism.ErrStalled):
		return failedUpstream("the neuron stopped in the middle of its answer; try again")
	default:
		f.cfg.Log.Debug("a request failed", "err", err)
		return failedUpstream("the neurons that were asked failed; try again")
	}
}

func failedUpstream(message string) *apierror.Error {
	return &apierror.Error{Status: http.StatusBadGateway, Type: apierror.Server, Code: "upstream_failed", Message: message}
}

// refusal finds what a neuron said that thinks the request cannot be served as it is.
func refusal(err error) (words string, found bool) {
	if s, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		if st := s.GRPCStatus(); st.Code() == codes.InvalidArgument {
			return synapse.Printable(st.Message(), maxWords), true
		}
	}
	switch e := err.(type) { //nolint:errorlint // this is the walk
	case interface{ Unwrap() error }:
		return refusal(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if words, found := refusal(one); found {
				return words, true
			}
		}
	}
	return "", false
}
