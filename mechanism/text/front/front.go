package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gotensor/gotensor/internal/fronts"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/model"
)

// Model names that mean a choice rather than a model.
const (
	modelAuto    = "auto"
	modelBest    = "best"
	modelNetwork = "network"
)

// ErrConfig is returned by New for a Config that cannot work.
var ErrConfig = errors.New("front configuration")

// Mixer makes one model of many neurons, see package mechanism/text/mixture.
type Mixer interface {
	// Generate writes a text as model.Generator does, each step from what several neurons predict.
	Generate(ctx context.Context, net mechanism.Network, p model.Prompt, emit func(model.Piece) error) error
	// Step asks neurons for at most k phrases each with which the context goes on.
	Step(ctx context.Context, net mechanism.Network, context []byte, k int) ([]mixture.Answer, error)
}

var _ Mixer = (*mixture.Mixture)(nil)

// Config describes a Front. Network is required; every other zero value means its default.
type Config struct {
	Network  mechanism.Network
	Settings text.Settings // of the subnet (text.DefaultSettings)
	// Mixer serves the model "network"; nil: there is no such model.
	Mixer Mixer
	// Hotkey with which this gateway asks neurons, as an account: errors name it where neurons tell it nothing at once; may be empty.
	Hotkey string
	// MaxTokens is the most that a request may ask for (the subnet's own bound), DefaultTokens what a chat gets if it does not say (1024).
	MaxTokens, DefaultTokens int
	// Deadline bounds a request as a whole (1 h). Long before, a neuron that stops is noticed by the network, and one that only drips by
	// Patience, for which it may be slower than a few bytes a second (1 min).
	Deadline, Patience time.Duration
	// Ping is the longest silence of a stream (15 s): then a comment goes out, so that nothing between here and the client gives up. If that
	// happens before the first piece, the headers do not say who answers, and an error is an event.
	Ping time.Duration
	// WriteTimeout ends an answer whose client takes no bytes for so long (30 s); a large one in one piece has a second more per 64 KiB.
	WriteTimeout time.Duration
	// Now dates answers (time.Now).
	Now func() time.Time
	// Log gets warnings about answers that make no sense (discarded).
	Log *slog.Logger
}

// Front implements mechanism.Front for text. It is safe for concurrent use.
type Front struct {
	cfg  Config
	net  mechanism.Network
	log  *slog.Logger
	born int64 // Unix seconds, what models are dated with
}

var _ mechanism.Front = (*Front)(nil)

// New returns a Front; ErrConfig says what cannot work.
func New(cfg Config) (*Front, error) {
	if cfg.Network == nil {
		return nil, fmt.Errorf("%w: Network is nil, it is what answers", ErrConfig)
	}
	if cfg.Settings == (text.Settings{}) {
		cfg.Settings = text.DefaultSettings()
	}
	if err := cfg.Settings.Validate(); err != nil {
		return nil, fmt.Errorf("%w: Settings: %w", ErrConfig, err)
	}
	def(&cfg.MaxTokens, cfg.Settings.GenerateTokensMax)
	def(&cfg.DefaultTokens, min(1024, cfg.MaxTokens))
	def(&cfg.Deadline, time.Hour)
	def(&cfg.Patience, time.Minute)
	def(&cfg.Ping, 15*time.Second)
	def(&cfg.WriteTimeout, 30*time.Second)
	switch {
	case cfg.MaxTokens < 1 || cfg.MaxTokens > cfg.Settings.GenerateTokensMax:
		return nil, fmt.Errorf("%w: MaxTokens is %d, want 1 to %d, the subnet's generate_tokens_max", ErrConfig, cfg.MaxTokens, cfg.Settings.GenerateTokensMax)
	case cfg.DefaultTokens < 1 || cfg.DefaultTokens > cfg.MaxTokens:
		return nil, fmt.Errorf("%w: DefaultTokens is %d, want 1 to %d, as MaxTokens is", ErrConfig, cfg.DefaultTokens, cfg.MaxTokens)
	case cfg.Deadline < 0 || cfg.Patience < 0 || cfg.Ping < 0 || cfg.WriteTimeout < 0:
		return nil, fmt.Errorf("%w: a time is negative, must be positive, or 0 for the default", ErrConfig)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Front{cfg: cfg, net: cfg.Network, log: cfg.Log, born: cfg.Now().Unix()}, nil
}

// def sets a field that is zero.
func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Routes implements mechanism.Front.
func (f *Front) Routes() []mechanism.Route {
	return []mechanism.Route{
		{Pattern: "POST /v1/chat/completions", Handler: f.handler(f.chat)},
		{Pattern: "POST /v1/completions", Handler: f.handler(f.completions)},
		{Pattern: "POST /v1/embeddings", Handler: f.handler(f.embeddings)},
		{Pattern: "POST /v1/step", Handler: f.handler(f.step)},
		{Pattern: "GET /v1/models", Handler: f.handler(f.models), Free: true},
		{Pattern: "GET /v1/models/{id...}", Handler: f.handler(f.oneModel), Free: true}, // names of models may hold slashes
	}
}

// handler serves a request within the deadline.
func (f *Front) handler(serve func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return fronts.Handler(f.cfg.Deadline, f.problem, serve)
}
