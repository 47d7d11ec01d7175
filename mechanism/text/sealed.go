package text

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// errLateSeal is the end of a call whose seal did not come in time.
var errLateSeal = errors.New("no seal in time")

// PredictSealed asks one neuron and returns what it had committed itself to before it could know anybody else's answer: the seal must come
// within sealWithin (Settings.Hold) of the moment before the question was sent, the opening before ctx ends. The bytes that are read and the
// predictions that are decoded are bounded by the request as AnswerLimits has it, inside of the opening too; opts are applied after that.
//
// It fails with ErrSeal where the neuron itself broke its commitment: what it opened is no answer or does not fit, it ended the call in
// good order without opening, or it sent more. What merely did not come, the seal or, by a broken connection or at the deadline, the opening,
// fails with the connection's own error: nobody can tell whose fault that was.
func PredictSealed(ctx context.Context, conn grpc.ClientConnInterface, hotkey gotensor.Address, req *textv1.PredictRequest, sealWithin time.Duration, opts ...grpc.CallOption) (*textv1.PredictResponse, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now() // before anything is sent: nobody whom this question is passed on to can have it earlier
	timer := time.AfterFunc(sealWithin, func() { cancel(errLateSeal) })
	defer timer.Stop()
	limits := AnswerLimits(len(req.GetContexts()), int(req.GetKMax()))
	stream, err := textv1.NewTextClient(conn).PredictSealed(ctx, req, append(limits, opts...)...)
	if err != nil {
		return nil, silence(ctx, err)
	}
	sealed, err := stream.Recv()
	// An opening leaves another neuron sealWithin after began at the earliest. So a seal of that very moment is late: it could be of that answer.
	inTime := timer.Stop() && time.Since(began) < sealWithin
	switch {
	case err != nil:
		return nil, silence(ctx, err)
	case !inTime:
		return nil, errLateSeal
	case len(sealed.GetSeal()) != sha256.Size:
		return nil, fmt.Errorf("%w: the seal has %d bytes, want %d", ErrSeal, len(sealed.GetSeal()), sha256.Size)
	}
	// Whatever else it came with would be kept in memory until the opening, of all neurons at the same time.
	sealed = &textv1.SealedPrediction{Seal: bytes.Clone(sealed.GetSeal())}
	opened, err := stream.Recv()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: it was not opened", ErrSeal)
	case err != nil:
		return nil, err
	}
	if _, err := stream.Recv(); err == nil {
		return nil, fmt.Errorf("%w: there are more than two messages", ErrSeal)
	}
	answer, err := unseal(hotkey, sealed, opened)
	if err != nil {
		return nil, err
	}
	return decodeSealed(answer, len(req.GetContexts()))
}

// silence says why no seal came.
func silence(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errLateSeal) {
		return errLateSeal
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the call ended without", errLateSeal)
	}
	return err
}

// decodeSealed reads an opened answer. One with too many predictions decodes to one with none, as in a call that is not sealed.
func decodeSealed(answer []byte, contexts int) (*textv1.PredictResponse, error) {
	out := new(textv1.PredictResponse)
	if countField(answer, predictionsField) > contexts {
		return out, nil
	}
	if err := proto.Unmarshal(answer, out); err != nil {
		return nil, fmt.Errorf("%w: it opens to what is no answer: %w", ErrSeal, err)
	}
	return out, nil
}
