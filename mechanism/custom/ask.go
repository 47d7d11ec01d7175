package custom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
		conn := ask.To(q.neuron)
		a := answer{Replies: make([]reply, len(requests))}
		left := budget
		for _, i := range q.order {
			a.Replies[i] = askOne(ctx, conn, &requests[i], min(left, j.settings.OutputBytes))
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

func askOne(ctx context.Context, conn grpc.ClientConnInterface, r *request, most int) reply {
	start := time.Now()
	out, err := call(ctx, conn, r, most)
	took := reply{Ms: float64(time.Since(start).Microseconds()) / 1000}
	switch {
	case err != nil:
		took.Error = word(err)
	default:
		took.Output = out
	}
	return took
}

var errLarge = errors.New("the pieces are too large together")

// Ask calls an operation of a neuron and hands each piece of the answer to piece, the only one where it does not stream. Every piece has at
// most so many bytes and fits the schema; one that does not ends the answer with mechanism.ErrBadAnswer.
func (o *Operation) Ask(ctx context.Context, conn grpc.ClientConnInterface, input []byte, most int, piece func([]byte) error) error {
	client, req := customv1.NewCustomClient(conn), &customv1.CallRequest{Operation: o.Name, Json: input}
	limit := grpc.MaxCallRecvMsgSize(most + slack)
	take := func(m *customv1.CallResponse) error {
		if err := o.CheckOutput(m.GetJson()); err != nil {
			return fmt.Errorf("%w: %w", mechanism.ErrBadAnswer, err)
		}
		return piece(m.GetJson())
	}
	if !o.Stream {
		resp, err := client.Call(ctx, req, limit)
		if err != nil {
			return err
		}
		return take(resp)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Stream(ctx, req, limit)
	if err != nil {
		return err
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(m)
		}
		if err != nil {
			return err
		}
	}
}

// call asks one neuron; the pieces of a stream are joined into an array.
func call(ctx context.Context, conn grpc.ClientConnInterface, r *request, most int) (out []byte, err error) {
	err = r.op.Ask(ctx, conn, r.Input, most, func(piece []byte) error {
		piece = bytes.TrimSpace(piece)
		if !r.op.Stream {
			out = piece
			return nil
		}
		if len(out)+len(piece)+2 > most {
			return errLarge
		}
		if len(out) > 0 {
			out = append(out, ',')
		}
		out = append(out, piece...)
		return nil
	})
	if r.op.Stream {
		out = append(append([]byte{'['}, out...), ']')
	}
	return out, err
}

// word is what the plug-in is told of an error.
func word(err error) string {
	switch {
	case errors.Is(err, dendrite.ErrDeadline), errors.Is(err, context.DeadlineExceeded):
		return errorTimeout
	case errors.Is(err, dendrite.ErrTooLarge), errors.Is(err, errLarge):
		return errorTooLarge
	case errors.Is(err, mechanism.ErrBadAnswer):
		return errorBad
	}
	if c := status.Code(err); c == codes.InvalidArgument || c == codes.NotFound || c == codes.Unimplemented {
		return errorRefused
	}
	return errorUnreachable
}
