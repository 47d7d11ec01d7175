package custom

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/internal/fronts"
	"github.com/gotensor/gotensor/mechanism"
)

// problem turns an error into one that the caller may see. Addresses of neurons, which their errors name, stay here; a neuron's own words
// are shown only where they say what is wrong with the request.
func (f *Front) problem(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*apierror.Error](err); ok {
		return err
	}
	refused := fronts.Refused(err)
	switch {
	case errors.Is(err, mechanism.ErrUnknownModel):
		return &apierror.Error{Status: http.StatusNotFound, Type: apierror.NotFound, Param: "uid", Code: "unknown_uid", Message: "no neuron of this subnet that serves has this uid"}
	case errors.Is(err, mechanism.ErrNoNeuron):
		return &apierror.Error{
			Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "no_neuron", Retry: 5 * time.Second,
			Message: "no neuron that is up serves this at the moment; try again",
		}
	case refused != nil:
		return refused
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, dendrite.ErrDeadline):
		return &apierror.Error{Status: http.StatusGatewayTimeout, Type: apierror.Server, Code: "deadline_exceeded", Message: "the answer took longer than the deadline"}
	case errors.Is(err, dendrite.ErrOverloaded):
		return fronts.Overloaded(err)
	case errors.Is(err, mechanism.ErrBadAnswer):
		f.cfg.Log.Warn("an answer made no sense", "err", err)
		return fronts.Upstream("the neurons' answers do not fit the schema; try again")
	case errors.Is(err, mechanism.ErrStalled):
		return fronts.Upstream("the neuron stopped in the middle of its answer; try again")
	default:
		f.cfg.Log.Debug("a request failed", "err", err)
		return fronts.Upstream("the neurons that were asked failed; try again")
	}
}
