package front

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/internal/fronts"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/synapse"
)

// waitNeuron is what a caller is told to wait before the next try where no neuron is up.
const waitNeuron = 5 * time.Second

// errGone is the cause that ends a stream whose client does not read.
var errGone = errors.New("the client does not take the answer")

// problem turns an error into one that the caller may see. Addresses of neurons, which their errors name, stay here; the neuron's own words
// are shown only where they say what is wrong with the request.
func (f *Front) problem(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*apierror.Error](err); ok {
		return err
	}
	refused := fronts.Refused(err)
	switch {
	case errors.Is(err, mechanism.ErrUnknownModel):
		e := unknownModel("")
		if err != mechanism.ErrUnknownModel { //nolint:errorlint // the sentinel alone says no more
			e.Message = synapse.Printable(err.Error(), fronts.MaxWords) + "; GET /v1/models lists them" // the network says which names are near
		}
		return e
	case errors.Is(err, mechanism.ErrNoNeuron):
		return &apierror.Error{
			Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "no_neuron", Retry: waitNeuron,
			Message: "no neuron that is up serves this at the moment; try again, or another model of GET /v1/models",
		}
	case errors.Is(err, model.ErrRequest):
		return &apierror.Error{Status: http.StatusBadRequest, Type: apierror.InvalidRequest, Message: synapse.Printable(err.Error(), fronts.MaxWords), Code: "unsupported"}
	case refused != nil:
		return refused
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, dendrite.ErrDeadline):
		return &apierror.Error{
			Status: http.StatusGatewayTimeout, Type: apierror.Server, Code: "deadline_exceeded",
			Message: "the answer took longer than the deadline; ask for fewer tokens, or another model",
		}
	case errors.Is(err, dendrite.ErrOverloaded):
		return fronts.Overloaded(err)
	case errors.Is(err, mechanism.ErrStalled):
		return fronts.Upstream("the neuron stopped in the middle of its answer; try again")
	case errors.Is(err, mechanism.ErrBadAnswer):
		f.log.Warn("an answer made no sense", "err", err)
		return fronts.Upstream("the neuron's answer made no sense; try again")
	case errors.Is(err, dendrite.ErrSealed):
		return f.sealed()
	default:
		f.log.Debug("a request failed", "err", err)
		return fronts.Upstream("the neurons that were asked failed; try again")
	}
}

// sealed is the error of a request that needs predictions at once, where no neuron tells this gateway any: trying again is no use.
func (f *Front) sealed() *apierror.Error {
	hotkey := f.cfg.Hotkey
	if hotkey == "" {
		hotkey = "with the hotkey of this gateway"
	}
	return &apierror.Error{
		Status: http.StatusForbidden, Type: apierror.Permission, Code: "predictions_sealed", Message: fmt.Sprintf(
			"the neurons that were asked tell this gateway no predictions at once, which the model %q and logprobs need: take another model of "+
				"GET /v1/models or leave logprobs out; or ask operators of miners to run them with --at-once %s", modelNetwork, hotkey),
	}
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
