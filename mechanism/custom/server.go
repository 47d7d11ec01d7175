package custom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/mechanism"
	customv1 "github.com/gotensor/gotensor/proto/gotensor/custom/v1"
	"github.com/gotensor/gotensor/synapse"
)

// Bounds in time of a plug-in.
const (
	callTimeout  = 30 * time.Second
	pieceTimeout = 20 * time.Second
)

// mostPieces bounds a stream.
const mostPieces = 1 << 16

// ServerConfig says what a miner serves. URL is required.
type ServerConfig struct {
	// URL of the plug-in, such as http://127.0.0.1:9000.
	URL string
	// Settings of the subnet bound sizes.
	Settings Settings
	// Parallel is how many calls the plug-in works on at the same time; 0: as many as there are processors.
	Parallel int
	// StartTimeout is how long a plug-in that does not answer yet is waited for (60 s); CallTimeout bounds a call, and the wait for the
	// first piece of a stream (30 s); PieceTimeout the wait for each further piece (20 s).
	StartTimeout, CallTimeout, PieceTimeout time.Duration
	// Log; nil: none. No input of a caller is ever written to it.
	Log *slog.Logger
}

// Server puts a plug-in on an axon. It implements mechanism.Server.
type Server struct {
	customv1.UnimplementedCustomServer
	cfg    ServerConfig
	plugin *plugin
	schema *Schema
}

var _ mechanism.Server = (*Server)(nil)

// NewServer reads the plug-in's schema. It fails with ErrConfig, ErrSettings, ErrPlugin for a plug-in that does not come up in time, and
// ErrSchema for one that declares what cannot be served.
func NewServer(ctx context.Context, cfg ServerConfig) (*Server, error) {
	if err := cfg.Settings.Validate(); err != nil {
		return nil, err
	}
	if cfg.Parallel < 0 || cfg.StartTimeout < 0 || cfg.CallTimeout < 0 || cfg.PieceTimeout < 0 {
		return nil, fmt.Errorf("%w: Parallel or a timeout is negative, want at least 0", ErrConfig)
	}
	cfg.StartTimeout = cmp.Or(cfg.StartTimeout, startWithin)
	cfg.CallTimeout = cmp.Or(cfg.CallTimeout, callTimeout)
	cfg.PieceTimeout = cmp.Or(cfg.PieceTimeout, pieceTimeout)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p, err := newPlugin(cfg.URL, cfg.Parallel)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, plugin: p}
	s.schema, err = p.schema(ctx, cfg.StartTimeout, func(err error) { cfg.Log.Info("waiting for the plug-in", "url", cfg.URL, "err", err) })
	return s, err
}

// Service describes gotensor.custom.v1.Custom for an axon.
func (s *Server) Service() (*grpc.ServiceDesc, any) { return &customv1.Custom_ServiceDesc, s }

// Describe tells every caller the schema. Each operation is a capability of its own.
func (s *Server) Describe() mechanism.Description {
	d := mechanism.Description{
		Model: cmp.Or(s.schema.Model, s.schema.Name), Parallel: s.cfg.Parallel, Schema: s.schema.source,
		MaxRequest: 4*s.cfg.Settings.InputBytes/3 + 4<<10, // as JSON has bytes in base64
	}
	for i := range s.schema.Operations {
		d.Capabilities = append(d.Capabilities, s.schema.Operations[i].Name)
	}
	slices.Sort(d.Capabilities)
	return d
}

// Call answers in one piece. Errors are NotFound for an operation that is not declared, InvalidArgument for an input that does not fit or
// that the plug-in refuses in its own words, and Unavailable where the plug-in fails, without its words.
func (s *Server) Call(ctx context.Context, req *customv1.CallRequest) (*customv1.CallResponse, error) {
	op, err := s.check(req)
	if err != nil {
		return nil, err
	}
	if op.Stream {
		return nil, status.Errorf(codes.InvalidArgument, "operation %s answers in pieces: call it by Stream", op.Name)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.CallTimeout, hangs(s.cfg.CallTimeout))
	defer cancel()
	out, err := s.plugin.do(ctx, "/call/"+op.Name, req.GetJson(), s.cfg.Settings.OutputBytes)
	if err == nil {
		err = s.fits(op, out)
	}
	if err != nil {
		return nil, s.failed(ctx, op, err)
	}
	return &customv1.CallResponse{Json: out}, nil
}

// Stream answers in pieces, with the errors of Call. The plug-in's work ends as soon as the caller gives up.
func (s *Server) Stream(req *customv1.CallRequest, stream grpc.ServerStreamingServer[customv1.CallResponse]) error {
	op, err := s.check(req)
	if err != nil {
		return err
	}
	if !op.Stream {
		resp, err := s.Call(stream.Context(), req)
		if err != nil {
			return err
		}
		return stream.Send(resp)
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	guard := newGuard(s.cfg.CallTimeout, cancel)
	defer guard.stop()
	pieces := 0
	var unsent error
	err = s.plugin.lines(ctx, "/call/"+op.Name, req.GetJson(), s.cfg.Settings.OutputBytes, func(line []byte) error {
		guard.stop() // a slow caller is not the plug-in's fault
		if err := s.fits(op, line); err != nil {
			return err
		}
		if pieces++; pieces > mostPieces {
			return fmt.Errorf("%w: over %d pieces", ErrPlugin, mostPieces)
		}
		if unsent = stream.Send(&customv1.CallResponse{Json: append([]byte(nil), line...)}); unsent != nil {
			return unsent
		}
		guard.start(s.cfg.PieceTimeout)
		return nil
	})
	switch {
	case unsent != nil:
		return unsent
	case err != nil:
		return s.failed(ctx, op, err)
	}
	return nil
}

func (s *Server) check(req *customv1.CallRequest) (*Operation, error) {
	op, ok := s.schema.Operation(req.GetOperation())
	if !ok {
		return nil, status.Errorf(codes.NotFound, "operation is %q, which this neuron does not declare", synapse.Printable(req.GetOperation(), maxName))
	}
	if n := len(req.GetJson()); n < 1 || n > s.cfg.Settings.InputBytes {
		return nil, status.Errorf(codes.InvalidArgument, "json has %d bytes, want 1 to %d", n, s.cfg.Settings.InputBytes)
	}
	if err := op.CheckInput(req.GetJson()); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "json: %s", synapse.Printable(err.Error(), maxWords))
	}
	return op, nil
}

// fits holds the plug-in to what it declares: an answer that does not fit would be refused by those who asked.
func (s *Server) fits(op *Operation, out []byte) error {
	if err := op.CheckOutput(out); err != nil {
		return fmt.Errorf("%w: output of %s: %w", ErrPlugin, op.Name, err)
	}
	return nil
}

// failed turns an error of the plug-in into one for the caller, and notes it in the log.
func (s *Server) failed(ctx context.Context, op *Operation, err error) error {
	if own, ok := errors.AsType[*refused](err); ok {
		return status.Error(codes.InvalidArgument, own.words)
	}
	cause := context.Cause(ctx)
	switch {
	case cause != nil && status.Code(cause) == codes.Unavailable: // a deadline of this server
		s.cfg.Log.Warn("the plug-in hangs", "operation", op.Name, "err", cause)
		return cause
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	}
	s.cfg.Log.Warn("the plug-in did not answer as it must", "operation", op.Name, "err", err)
	return status.Error(codes.Unavailable, "the plug-in behind this neuron does not answer")
}

func hangs(limit time.Duration) error {
	return status.Errorf(codes.Unavailable, "the plug-in behind this neuron gave nothing for %v", limit)
}

// guard ends a context if a plug-in gives nothing for too long.
type guard struct {
	mu     sync.Mutex
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func newGuard(limit time.Duration, cancel context.CancelCauseFunc) *guard {
	g := &guard{cancel: cancel}
	g.start(limit)
	return g
}

func (g *guard) start(limit time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer = time.AfterFunc(limit, func() { g.cancel(hangs(limit)) })
}

func (g *guard) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer.Stop()
}
