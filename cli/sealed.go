package cli

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	textmechanism "github.com/gotensor/gotensor/mechanism/text"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// predicted is an answer and how it came.
type predicted struct {
	resp *textv1.PredictResponse
	// took is from sending to the answer; of a sealed one seal is from sending to the seal, and zero otherwise.
	took, seal time.Duration
}

// held is how long the neuron kept the answer after it had committed itself to it.
func (p predicted) held() time.Duration {
	if p.seal == 0 {
		return 0
	}
	return p.took - p.seal
}

// predict asks a neuron for predictions at once, and where it tells this key none, by a sealed call.
func predict(ctx context.Context, conn grpc.ClientConnInterface, hotkey gotensor.Address, s *textmechanism.Settings, req *textv1.PredictRequest) (predicted, error) {
	began := time.Now()
	resp, err := textv1.NewTextClient(conn).Predict(ctx, req, textmechanism.AnswerLimits(len(req.GetContexts()), int(req.GetKMax()))...)
	if s.Sealed && errors.Is(err, dendrite.ErrSealed) {
		return predictSealed(ctx, conn, hotkey, s, req)
	}
	return predicted{resp: resp, took: time.Since(began)}, err
}

// predictSealed asks as validators do where predictions are sealed, and checks what opens the seal.
func predictSealed(ctx context.Context, conn grpc.ClientConnInterface, hotkey gotensor.Address, s *textmechanism.Settings, req *textv1.PredictRequest) (predicted, error) {
	watch := &sealWatch{ClientConnInterface: conn, began: time.Now()}
	resp, err := textmechanism.PredictSealed(ctx, watch, hotkey, req, s.Hold())
	return predicted{resp: resp, took: time.Since(watch.began), seal: watch.seal}, err
}

// sealWatch is a connection that notes when the first message of its only stream comes.
type sealWatch struct {
	grpc.ClientConnInterface
	began time.Time
	seal  time.Duration
}

// NewStream implements grpc.ClientConnInterface.
func (w *sealWatch) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	st, err := w.ClientConnInterface.NewStream(ctx, desc, method, opts...)
	if err != nil {
		return nil, err
	}
	return &watchedStream{ClientStream: st, watch: w}, nil
}

type watchedStream struct {
	grpc.ClientStream
	watch *sealWatch
}

// RecvMsg implements grpc.ClientStream.
func (s *watchedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil && s.watch.seal == 0 {
		s.watch.seal = max(time.Since(s.watch.began), 1)
	}
	return err
}
