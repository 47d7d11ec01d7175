package front

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/synapse"
)

// What a caller is told to wait before the next try where nobody knows better.
const (
	waitNeuron = 5 * time.Second
	waitBusy   = time.Second
)

// maxWords is the most bytes that a caller sees of a neuron's own words.
const maxWords = 300

// errGone is the cause that ends a stream whose client does not read.
var errGone = errors.New("the client does not take the answer")

// problem turns an error into one that the caller may see. Addresses of neurons, which their errors name, stay here; the neuron's own words
// are shown only where they say what is wrong with the request.
func (f *Front) problem(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*apierror.Error](err); ok {
		return err
	}
	words, refused := refusal(err)
	switch {
	case errors.Is(err, mechanism.ErrUnknownModel):
		e := unknownModel("")
		if err != mechanism.ErrUnknownModel { //nolint:errorlint // the sentinel alone says no more
			e.Message = synapse.Printable(err.Error(), maxWords) + "; GET /v1/models lists them" // the network says which names are near
		}
		return e
	case errors.Is(err, mechanism.ErrNoNeuron):
		return &apierror.Error{
			Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "no_neuron", Retry: waitNeuron,
			Message: "no neuron that is up serves this at the moment; try again, or another model of GET /v1/models",
		}
	case errors.Is(err, model.ErrRequest):
		return &apierror.Error{Status: http.StatusBadRequest, Type: apierror.InvalidRequest, Message: synapse.Printable(err.Error(), maxWords), Code: "unsupported"}
	case refused:
		return &apierror.Error{
			Status: http.StatusBadRequest, Type: apierror.InvalidRequest, Code: "refused_by_neuron",
			Message: "the neuron refuses the request: " + words,
		}
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, dendrite.ErrDeadline):
		return &apierror.Error{
			Status: http.StatusGatewayTimeout, Type: apierror.Server, Code: "deadline_exceeded",
			Message: "the answer took longer than the deadline; ask for fewer tokens, or another model",
		}
	case errors.Is(err, dendrite.ErrOverloaded):
		return overloaded(err)
	case errors.Is(err, mechanism.ErrStalled):
		return upstream("the neuron stopped in the middle of its answer; try again")
	case errors.Is(err, mechanism.ErrBadAnswer):
		f.log.Warn("an answer made no sense", "err", err)
		return upstream("the neuron's answer made no sense; try again")
	default:
		f.log.Debug("a request failed", "err", err)
		return upstream("the neurons that were asked failed; try again")
	}
}

func upstream(message string) *apierror.Error {
	return &apierror.Error{Status: http.StatusBadGateway, Type: apierror.Server, Code: "upstream_failed", Message: message}
}

func unknownModel(name string) *apierror.Error {
	message := "no neuron of this network serves a model of that name"
	if name != "" {
		message = fmt.Sprintf("no neuron of this network serves the model %q", synapse.Printable(name, 80))
	}
	return &apierror.Error{
		Status: http.StatusNotFound, Type: apierror.InvalidRequest, Param: "model", Code: "model_not_found",
		Message: message + "; GET /v1/models lists them, \"auto\" takes whichever is best",
	}
}

func overloaded(err error) *apierror.Error {
	wait := waitBusy
	if e, ok := errors.AsType[*dendrite.Error](err); ok && e.RetryAfter > 0 {
		wait = min(e.RetryAfter, time.Minute)
	}
	return &apierror.Error{
		Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "overloaded", Retry: wait,
		Message: "all neurons that were asked are busy; try again",
	}
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
