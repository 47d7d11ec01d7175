package text

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/span"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// What a Server can do beyond Predict, as its Description and the gateway's peers name it.
const (
	CanEmbed    = "embed"
	CanGenerate = "generate"
	CanLogprobs = "logprobs" // Generate tells log-probabilities
	CanTools    = "tools"    // Generate understands tools
)

// Bounds in time of a model that writes for people.
const (
	firstTokenTimeout = 30 * time.Second
	tokenTimeout      = 10 * time.Second
)

// ErrServer is returned for a server that has nothing to serve.
var ErrServer = errors.New("invalid server of the text mechanism")

// errModel is wrapped where a model breaks its own contract.
var errModel = errors.New("the model's answer makes no sense")

// ServerConfig says what a miner serves.
type ServerConfig struct {
	// Predictor is what the miner is paid for.
	Predictor model.Predictor
	// Generator writes text for people; nil: the miner cannot. A Generator with a method Capabilities() []string tells by it what
	// it can do beyond writing: CanLogprobs, CanTools.
	Generator model.Generator
	// Embedder makes vectors; nil: the miner cannot.
	Embedder model.Embedder
	// Settings of the subnet bound what a caller may ask for.
	Settings Settings
	// Hotkey of this neuron, which its seals are bound to; needed where Settings.Sealed.
	Hotkey gotensor.Address
	// AtOnce tells whom answers are given at once where predictions are sealed: whoever is trusted not to pass them on. Callers without a
	// proven key are the zero address. nil: Nobody.
	AtOnce func(caller gotensor.Address) bool
	// Parallel is how many calls the models can work on at the same time; 0: as many as there are processors.
	Parallel int
	// FirstTokenTimeout is how long Generate waits for its first piece, and Embed for its vectors (30 s); TokenTimeout how long Generate
	// waits for each further piece (10 s). Then the model is taken to hang and the call ends with Unavailable.
	FirstTokenTimeout, TokenTimeout time.Duration
	// Log; nil: none. No text of a caller is ever written to it.
	Log *slog.Logger
}

// Server answers Predict, PredictSealed, Generate and Embed with models. It implements mechanism.Server.
type Server struct {
	textv1.UnimplementedTextServer
	cfg ServerConfig
}

var _ mechanism.Server = (*Server)(nil)

// NewServer serves models under a subnet's settings. It fails with ErrSettings, or ErrServer for a config that cannot work.
func NewServer(cfg ServerConfig) (*Server, error) {
	if err := cfg.Settings.Validate(); err != nil {
		return nil, err
	}
	switch {
	case cfg.Predictor == nil:
		return nil, fmt.Errorf("%w: Predictor is nil, want a model", ErrServer)
	case cfg.Settings.Sealed && cfg.Hotkey.IsZero():
		return nil, fmt.Errorf("%w: Hotkey is zero, want the neuron's own: seals are bound to it", ErrServer)
	case cfg.Parallel < 0 || cfg.FirstTokenTimeout < 0 || cfg.TokenTimeout < 0:
		return nil, fmt.Errorf("%w: Parallel %d, FirstTokenTimeout %v or TokenTimeout %v is negative, want at least 0",
			ErrServer, cfg.Parallel, cfg.FirstTokenTimeout, cfg.TokenTimeout)
	}
	cfg.FirstTokenTimeout = cmp.Or(cfg.FirstTokenTimeout, firstTokenTimeout)
	cfg.TokenTimeout = cmp.Or(cfg.TokenTimeout, tokenTimeout)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg}, nil
}

// Service describes gotensor.text.v1.Text for an axon.
func (s *Server) Service() (*grpc.ServiceDesc, any) { return &textv1.Text_ServiceDesc, s }

// Describe says which model answers and what it can do. Its largest request is that of the largest of its methods; those that are
// smaller refuse the rest themselves.
func (s *Server) Describe() mechanism.Description {
	d := mechanism.Description{Model: s.cfg.Predictor.Name(), MaxRequest: s.predictBytes(), Parallel: s.cfg.Parallel, Hold: s.cfg.Settings.Hold()}
	if s.cfg.Embedder != nil {
		d.Capabilities = append(d.Capabilities, CanEmbed)
		d.MaxRequest = max(d.MaxRequest, s.serveBytes())
	}
	if s.cfg.Generator != nil {
		d.Capabilities = append(d.Capabilities, CanGenerate)
		d.MaxRequest = max(d.MaxRequest, s.serveBytes())
		if able, ok := s.cfg.Generator.(interface{ Capabilities() []string }); ok {
			for _, c := range []string{CanLogprobs, CanTools} {
				if slices.Contains(able.Capabilities(), c) {
					d.Capabilities = append(d.Capabilities, c)
				}
			}
		}
	}
	return d
}

// predictBytes is twice what the longest contexts of Predict take, as JSON has them in base64.
func (s *Server) predictBytes() int {
	return 2*s.cfg.Settings.Items*(s.cfg.Settings.ContextBytes+8) + 4<<10
}

// serveBytes is twice the longest text, as JSON may spell every byte with two, and what stands around it in 1024 turns.
func (s *Server) serveBytes() int {
	return 2*s.cfg.Settings.GeneratePromptBytes + maxMessages*96 + 4<<10
}

// Predict answers with one prediction per context. It refuses what the wire type forbids with InvalidArgument, naming field,
// value and bound; a model that fails is Unavailable, and its own words stay in the miner's log. Where predictions are sealed, only
// callers for whom ServerConfig.AtOnce is true are answered; others are refused with PermissionDenied and synapse.ReasonSealed.
func (s *Server) Predict(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	if !s.atOnce(ctx) {
		return nil, s.sealedOnly("predictions are", "call PredictSealed")
	}
	return s.predict(ctx, req)
}

func (s *Server) predict(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	if err := s.checkPredict(req); err != nil {
		return nil, err
	}
	if req.GetAnywhere() {
		ctx = model.WithAnywhere(ctx)
	}
	traced, step := span.Start(ctx, "model.predict")
	step.Text("model", s.cfg.Predictor.Name())
	predictions, err := s.cfg.Predictor.Predict(traced, req.GetContexts(), int(req.GetKMax()))
	step.End(err)
	if err != nil {
		return nil, s.failed(ctx, s.cfg.Predictor.Name(), err, func() []string { return textsOf(req.GetContexts()) })
	}
	out := &textv1.PredictResponse{Predictions: make([]*textv1.Prediction, len(predictions))}
	for i := range predictions {
		out.Predictions[i] = Encode(&predictions[i])
	}
	return out, nil
}

func (s *Server) checkPredict(req *textv1.PredictRequest) error {
	// What other methods take would be a thousand times the contexts that validators ask about.
	if n := proto.Size(req); n > s.predictBytes() {
		return status.Errorf(codes.InvalidArgument, "the request has %d bytes, want at most %d", n, s.predictBytes())
	}
	// No more than a validator asks at once: else the calls of strangers could hold the model for much longer than those that are paid.
	if n := len(req.GetContexts()); n == 0 || n > s.cfg.Settings.Items {
		return status.Errorf(codes.InvalidArgument, "contexts: %d of them, want 1 to %d, the items of this subnet", n, s.cfg.Settings.Items)
	}
	if k := int(req.GetKMax()); k < 1 || k > s.cfg.Settings.KMax {
		return status.Errorf(codes.InvalidArgument, "k_max is %d, want 1 to %d", k, s.cfg.Settings.KMax)
	}
	for i, c := range req.GetContexts() {
		if len(c) > s.cfg.Settings.ContextBytes {
			return status.Errorf(codes.InvalidArgument, "contexts[%d] has %d bytes, want at most %d", i, len(c), s.cfg.Settings.ContextBytes)
		}
	}
	return nil
}

// failed turns the error of a model into one for the caller: his own mistake in the model's words, all else without them. The
// log shows the model's words, but none of the caller's texts.
func (s *Server) failed(ctx context.Context, name string, err error, texts func() []string) error {
	cause := context.Cause(ctx)
	switch {
	case cause != nil && status.Code(cause) != codes.Unknown: // a deadline of this server
		s.cfg.Log.Warn("the model hangs", "model", name, "err", cause)
		return cause
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	case errors.Is(err, model.ErrRequest):
		return status.Error(codes.InvalidArgument, err.Error())
	case errors.Is(err, model.ErrBusy):
		r := synapse.Refusal{Code: codes.ResourceExhausted, Reason: synapse.ReasonOverloaded, Message: "the model behind this neuron is busy", Retry: time.Second}
		if hint, ok := errors.AsType[interface {
			error
			RetryAfter() time.Duration
		}](err); ok && hint.RetryAfter() > 0 {
			r.Retry = hint.RetryAfter()
		}
		return r.Err()
	}
	s.cfg.Log.Warn("the model did not answer", "model", name, "err", masked(err.Error(), texts()))
	return modelFailed("the model behind this neuron does not answer")
}

// modelFailed is the refusal of a neuron whose model does not do its part. The reason tells callers that the neuron itself is there: asking
// many more what one request does to their models would be no help.
func modelFailed(message string) error {
	return synapse.Refusal{Code: codes.Unavailable, Reason: synapse.ReasonModel, Message: message}.Err()
}
