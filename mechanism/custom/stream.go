package custom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism"
	customv1 "github.com/gotensor/gotensor/proto/gotensor/custom/v1"
)

// errGone is the cause that ends a stream whose client does not read.
var errGone = errors.New("the client does not take the answer")

// flowing is an answer that has begun.
type flowing struct {
	ctx    context.Context //nolint:containedctx // the stream's own: its cause tells why the stream ended
	stream grpc.ServerStreamingClient[customv1.CallResponse]
	first  []byte // nil: the answer has no pieces
}

// next waits for a piece; io.EOF after the last.
func (f *Front) next(op *Operation, a *flowing) ([]byte, error) {
	m, err := a.stream.Recv()
	switch cause := context.Cause(a.ctx); {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil && cause != nil && !errors.Is(cause, context.Canceled):
		return nil, cause // why the network ended it, e.g. mechanism.ErrStalled
	case err != nil:
		return nil, err
	}
	return m.GetJson(), f.fits(op, m.GetJson())
}

// stream passes pieces on as server-sent events, "data: JSON" each and "data: [DONE]" at the end. An error before the first one is an
// error of HTTP; a later one is an event and the end.
func (f *Front) stream(w http.ResponseWriter, r *http.Request, a *asked) error {
	ctx := r.Context()
	got, lease, err := mechanism.Open(ctx, f.cfg.Network, a.ask, func(ctx context.Context, _ mechanism.Peer, conn grpc.ClientConnInterface) (*flowing, error) {
		stream, err := customv1.NewCustomClient(conn).Stream(ctx, &customv1.CallRequest{Operation: a.op.Name, Json: a.input}, f.limit())
		if err != nil {
			return nil, err
		}
		one := &flowing{ctx: ctx, stream: stream}
		if one.first, err = f.next(a.op, one); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return one, nil
	})
	if err != nil {
		return err
	}
	who(w.Header(), lease)
	out := &sender{front: f, w: w, rc: http.NewResponseController(w)}
	err = out.relay(ctx, a, got, lease)
	if ctx.Err() != nil || errors.Is(err, errGone) { // the caller's doing, or his deadline
		lease.Done(context.Canceled)
	} else {
		lease.Done(err)
	}
	switch {
	case err == nil:
		_ = out.send([]byte("data: [DONE]\n\n")) // the client may be gone by now
	case !errors.Is(err, errGone):
		_ = out.send(event(apierror.Body(f.problem(ctx, err))))
	}
	_ = out.rc.SetWriteDeadline(time.Time{}) // not every ResponseWriter can; the connection may be used again
	return nil
}

// sender writes events.
type sender struct {
	front *Front
	w     http.ResponseWriter
	rc    *http.ResponseController
}

func (s *sender) relay(ctx context.Context, a *asked, got *flowing, lease mechanism.Lease) error {
	s.begin()
	piece, sum := got.first, 0
	spend(ctx, len(a.input), 0)
	defer func() { spend(ctx, 0, sum) }()
	for pieces := 0; piece != nil; pieces++ {
		if pieces == mostPieces {
			return fmt.Errorf("%w: over %d pieces", mechanism.ErrBadAnswer, mostPieces)
		}
		sum += len(piece)
		if err := s.send(event(piece)); err != nil {
			return err
		}
		lease.Touch()
		var err error
		if piece, err = s.front.next(a.op, got); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		lease.Touch()
	}
	return nil
}

func (s *sender) begin() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s.w.WriteHeader(http.StatusOK)
}

// event is a piece as an event. JSON may stand on several lines, each of which is then one of the event's.
func event(piece []byte) []byte {
	var out []byte
	for line := range bytes.Lines(bytes.ReplaceAll(piece, []byte{'\r'}, nil)) {
		out = append(append(append(out, "data: "...), bytes.TrimRight(line, "\n")...), '\n')
	}
	return append(out, '\n')
}

func (s *sender) send(data []byte) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(s.front.cfg.WriteTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return errors.Join(errGone, err)
	}
	if _, err := s.w.Write(data); err != nil {
		return errors.Join(errGone, err)
	}
	if err := s.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return errors.Join(errGone, err)
	}
	return nil
}
