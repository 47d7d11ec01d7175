package text

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// PredictSealed commits this neuron to its answer at once and tells it Settings.Hold after the request came: see the wire type. The
// turn on the axon is given back while the answer waits. Errors are those of Predict, and come before the seal.
func (s *Server) PredictSealed(req *textv1.PredictRequest, stream grpc.ServerStreamingServer[textv1.SealedPrediction]) error {
	opens := time.Now().Add(s.cfg.Settings.held()) // whoever passed this question on had it before now
	ctx := stream.Context()
	resp, err := s.predict(ctx, req)
	if err != nil {
		return err
	}
	answer, err := proto.MarshalOptions{Deterministic: true}.Marshal(resp)
	if err != nil {
		return status.Errorf(codes.Internal, "encode the answer: %v", err)
	}
	sealed, opened := seal(s.cfg.Hotkey, answer)
	if err := axon.GiveBack(ctx, len(answer)); err != nil {
		return err
	}
	if err := stream.Send(sealed); err != nil {
		return err
	}
	timer := time.NewTimer(time.Until(opens))
	defer timer.Stop()
	select {
	case <-timer.C:
		return stream.Send(opened)
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// fastClocks allows for clocks that are fast by one part in so many; clocks of computers are within one in ten thousand or so.
const fastClocks = 500

// held is how long a neuron keeps an answer by its own clock, so that it is Hold by any other.
func (s Settings) held() time.Duration { return s.Hold() + s.Hold()/fastClocks }

// atOnce tells whether the caller may have answers that are not sealed.
func (s *Server) atOnce(ctx context.Context) bool {
	if !s.cfg.Settings.Sealed {
		return true
	}
	if s.cfg.AtOnce == nil {
		return false
	}
	who, _ := axon.Peer(ctx)
	return s.cfg.AtOnce(who.Address)
}

// sealedOnly refuses a caller who is not to have at once what he asked for.
func (s *Server) sealedOnly(what, instead string) error {
	return synapse.Refusal{Code: codes.PermissionDenied, Reason: synapse.ReasonSealed, Message: fmt.Sprintf(
		"%s sealed on this subnet, so that nobody can pass them on in time: %s, or ask this neuron's operator to answer your hotkey at once (gotensor miner run --at-once)",
		what, instead)}.Err()
}

// Nobody is a ServerConfig.AtOnce: everybody's answers are sealed.
func Nobody(gotensor.Address) bool { return false }

// Everybody is a ServerConfig.AtOnce: whoever asks can pass the answers on as his own.
func Everybody(gotensor.Address) bool { return true }
