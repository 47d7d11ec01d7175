// Package fronts is what the Fronts of all mechanisms do alike: bound a request in time, and say what became of it without telling
// where neurons live.
//
// Start at Handler.
package fronts

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/synapse"
)

const (
	// statusGone is what nginx notes for requests whose client went away.
	statusGone = 499
	// waitBusy is what a caller is told to wait before the next try where nobody knows better.
	waitBusy = time.Second
	// MaxWords is the most bytes that a caller sees of a neuron's own words.
	MaxWords = 300
)

// Handler bounds a request in time and answers with the error of serve, which must not have answered then; problem turns it into one that
// the caller may see.
func Handler(deadline time.Duration, problem func(ctx context.Context, err error) error, serve func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), deadline)
		defer cancel()
		err := serve(w, r.WithContext(ctx))
		switch {
		case err == nil:
		case errors.Is(r.Context().Err(), context.Canceled): // nobody reads this, but the gateway's log and figures shall not blame anyone
			w.WriteHeader(statusGone)
		default:
			apierror.Write(w, problem(ctx, err))
		}
	})
}

// Upstream is the error of a request that neurons failed to answer.
func Upstream(message string) *apierror.Error {
	return &apierror.Error{Status: http.StatusBadGateway, Type: apierror.Server, Code: "upstream_failed", Message: message}
}

// Overloaded is the error of a request for which no neuron had room, with the neurons' own hint when to come again.
func Overloaded(err error) *apierror.Error {
	wait := waitBusy
	if e, ok := errors.AsType[*dendrite.Error](err); ok && e.RetryAfter > 0 {
		wait = min(e.RetryAfter, time.Minute)
	}
	return &apierror.Error{
		Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "overloaded", Retry: wait,
		Message: "all neurons that were asked are busy; try again",
	}
}

// Refused is the error of a request that a neuron thinks cannot be served as it is, in its own words made printable; nil if none
// of those asked said so.
func Refused(err error) *apierror.Error {
	words, found := refusal(err)
	if !found {
		return nil
	}
	return &apierror.Error{
		Status: http.StatusBadRequest, Type: apierror.InvalidRequest, Code: "refused_by_neuron",
		Message: "the neuron refuses the request: " + words,
	}
}

func refusal(err error) (words string, found bool) {
	if s, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		if st := s.GRPCStatus(); st.Code() == codes.InvalidArgument {
			return synapse.Printable(st.Message(), MaxWords), true
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
