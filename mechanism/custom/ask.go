package custom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	customv1 "github.com/gotensor/gotensor/proto/gotensor/custom/v1"
)

const (
	// slack is what a message takes beside its JSON.
	slack = 1 << 10
	// roundBytes is what all outputs of a round may take in memory, shared equally; one output always fits.
	roundBytes = 64 << 20
)

// request is one thing that a plug-in wants every neuron to be asked.
type request struct {
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input"`

	op *Operation // as the plug-in declares it
}

// answer is what one neuron said.
type answer struct {
	ID      string  `json:"id"`
	Replies []reply `json:"replies"` // in the order of the requests
}

// reply to one request: an output, or an error in one word. The neuron's own words stay here.
type reply struct {
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Ms     float64         `json:"ms"` // until the output was there, or the error
}

// Why there is no output.
const (
	errorTimeout     = "timeout"     // the deadline passed first
	errorRefused     = "refused"     // the neuron does not take this operation or input
	errorTooLarge    = "too_large"   // the output has more bytes than the subnet allows
	errorBad         = "bad_output"  // the output does not fit the schema that the validator's plug-in declares
	errorUnreachable = "unreachable" // the neuron, or its plug-in, is not there or failed
)

func (a *answer) silent() bool {
	for _, r := range a.Replies {
		if r.Error == "" {
			return false
		}
	}
	return true
}

// question is one neuron with the secret order in which it is asked.
type question struct {
	neuron metagraph.Neuron
	order  []int
}

// askAll asks all neurons at the same time, each all requests one after the other, and returns answers in the order of neurons.
func (j *Judge) askAll(ctx context.Context, ask mechanism.Asker, neurons []metagraph.Neuron, requests []request) []answer {
	questions := make([]question, len(neurons))
	for i, n := range neurons {
		questions[i] = question{n, j.rng.Perm(len(requests))}
	}
	budget := max(j.settings.OutputBytes, roundBytes/len(neurons))
	results := dendrite.Each(ctx, questions, len(questions), func(ctx context.Context, q question) (answer, error) {
		ctx, cancel := context.WithTimeout(ctx, j.settings.Deadline())
		defer cancel()
		client := customv1.NewCustomClient(ask.To(q.neuron))
		a := answer{Replies: make([]reply, len(requests))}
		left := budget
		for _, i := range q.order {
			a.Replies[i] = askOne(ctx, client, &requests[i], min(left, j.settings.OutputBytes))
			left -= len(a.Replies[i].Output)
		}
		return a, nil
	})
	out := make([]answer, len(neurons))
	for i, r := range results {
		out[i] = r.Value
		if r.Err != nil || len(r.Value.Replies) == 0 { // the context ended before it was asked
			out[i].Replies = make([]reply, len(requests))
			for k := range out[i].Replies {
				out[i].Replies[k].Error = errorTimeout
			}
		}
	}
	return out
}

func askOne(ctx context.Context, client customv1.CustomClient, r *request, most int) reply {
	start := time.Now()
	out, err := call(ctx, client, r, most)
	took := reply{Ms: float64(time.Since(start).Microseconds()) / 1000}
	switch {
	case err != nil:
		took.Error = word(err)
	case !r.fits(out):
		took.Error = errorBad
	default:
		took.Output = out
	}
	return took
}

// fits tells whether an output is what the validator's plug-in expects, so that no miner can make it stumble. The pieces of a stream
// were looked at one by one.
func (r *request) fits(out []byte) bool { return r.op.Stream || r.op.CheckOutput(out) == nil }

var (
	errLarge = errors.New("the pieces are too large together")
	errBad   = errors.New("a piece does not fit the schema")
)

// call asks one neuron; the pieces of a stream are joined into an array.
func call(ctx context.Context, client customv1.CustomClient, r *request, most int) ([]byte, error) {
	req := &customv1.CallRequest{Operation: r.Operation, Json: r.Input}
	limit := grpc.MaxCallRecvMsgSize(most + slack)
	if !r.op.Stream {
		resp, err := client.Call(ctx, req, limit)
		return resp.GetJson(), err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Stream(ctx, req, limit)
	if err != nil {
		return nil, err
	}
	out := []byte{'['}
	for {
		piece, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return append(out, ']'), nil
		}
		if err != nil {
			return nil, err
		}
		if len(out)+len(piece.GetJson()) > most {
			return nil, errLarge
		}
		if r.op.CheckOutput(piece.GetJson()) != nil {
			return nil, errBad
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, bytes.TrimSpace(piece.GetJson())...)
	}
}

// word is what the plug-in is told of an error.
func word(err error) string {
	switch {
	case errors.Is(err, dendrite.ErrDeadline), errors.Is(err, context.DeadlineExceeded):
		return errorTimeout
	case errors.Is(err, dendrite.ErrTooLarge), errors.Is(err, errLarge):
		return errorTooLarge
	case errors.Is(err, errBad):
		return errorBad
	}
	if c := status.Code(err); c == codes.InvalidArgument || c == codes.NotFound || c == codes.Unimplemented {
		return errorRefused
	}
	return errorUnreachable
}
