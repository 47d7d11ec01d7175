package text

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// ErrServer is returned for a server that has nothing to serve.
var ErrServer = errors.New("invalid server of the text mechanism")

// ServerConfig says what a miner serves.
type ServerConfig struct {
	// Predictor is what the miner is paid for.
	Predictor model.Predictor
	// Generator writes text for people; nil: the miner cannot. A Generator with a method Capabilities() []string tells by it what
	// it can do beyond writing, e.g. "logprobs" and "tools".
	Generator model.Generator
	// Embedder makes vectors; nil: the miner cannot.
	Embedder model.Embedder
	// Settings of the subnet bound what a caller may ask for.
	Settings Settings
	// Parallel is how many calls the models can work on at the same time; 0: as many as there are processors.
	Parallel int
	// Log; nil: none. No text of a caller is ever written to it.
	Log *slog.Logger
}

// Server answers Predict, Generate and Embed with models. It implements mechanism.Server.
type Server struct {
	textv1.UnimplementedTextServer
	model    model.Predictor
	settings Settings
	log      *slog.Logger
	cfg      ServerConfig
}

var _ mechanism.Server = (*Server)(nil)

// NewServer serves models under a subnet's settings. It fails with ErrSettings, or ErrServer without a Predictor.
func NewServer(cfg ServerConfig) (*Server, error) {
	if err := cfg.Settings.Validate(); err != nil {
		return nil, err
	}
	if cfg.Predictor == nil || cfg.Parallel < 0 {
		return nil, fmt.Errorf("%w: Predictor is nil or Parallel is %d, want a model and at least 0", ErrServer, cfg.Parallel)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{model: cfg.Predictor, settings: cfg.Settings, log: cfg.Log, cfg: cfg}, nil
}

// Service describes gotensor.text.v1.Text for an axon.
func (s *Server) Service() (*grpc.ServiceDesc, any) { return &textv1.Text_ServiceDesc, s }

// Describe says which model answers. Its largest request is twice what the longest contexts take, as JSON has them in base64.
func (s *Server) Describe() mechanism.Description {
	return mechanism.Description{Model: s.model.Name(), MaxRequest: 2*s.settings.Items*(s.settings.ContextBytes+8) + 4<<10}
}

// Predict answers with one prediction per context. It refuses what the wire type forbids with InvalidArgument, naming field,
// value and bound; a model that fails is Unavailable, and its own words stay in the miner's log.
func (s *Server) Predict(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	// No more than a validator asks at once: else the calls of strangers could hold the model for much longer than those that are paid.
	if n := len(req.GetContexts()); n == 0 || n > s.settings.Items {
		return nil, status.Errorf(codes.InvalidArgument, "contexts: %d of them, want 1 to %d, the items of this subnet", n, s.settings.Items)
	}
	k := int(req.GetKMax())
	if k < 1 || k > s.settings.KMax {
		return nil, status.Errorf(codes.InvalidArgument, "k_max is %d, want 1 to %d", k, s.settings.KMax)
	}
	for i, c := range req.GetContexts() {
		if len(c) > s.settings.ContextBytes {
			return nil, status.Errorf(codes.InvalidArgument, "contexts[%d] has %d bytes, want at most %d", i, len(c), s.settings.ContextBytes)
		}
	}
	if req.GetAnywhere() {
		ctx = model.WithAnywhere(ctx)
	}
	predictions, err := s.model.Predict(ctx, req.GetContexts(), k)
	switch {
	case ctx.Err() != nil:
		return nil, status.FromContextError(ctx.Err()).Err()
	case errors.Is(err, model.ErrRequest):
		return nil, status.Error(codes.InvalidArgument, err.Error())
	case err != nil:
		s.log.Warn("the model did not answer", "model", s.model.Name(), "err", err)
		return nil, status.Error(codes.Unavailable, "the model behind this neuron does not answer")
	}
	out := &textv1.PredictResponse{Predictions: make([]*textv1.Prediction, len(predictions))}
	for i := range predictions {
		out.Predictions[i] = Encode(&predictions[i])
	}
	return out, nil
}

// Encode packs a prediction for the wire.
func Encode(p *model.Prediction) *textv1.Prediction {
	size := 0
	for _, c := range p.Candidates {
		size += len(c.Text)
	}
	out := &textv1.Prediction{
		Arena: make([]byte, 0, size), Lengths: make([]byte, len(p.Candidates)), Probabilities: make([]float64, len(p.Candidates)), Floor: p.Floor,
	}
	for i, c := range p.Candidates {
		out.Arena = append(out.Arena, c.Text...)
		out.Lengths[i] = byte(len(c.Text))
		out.Probabilities[i] = c.P
	}
	return out
}
