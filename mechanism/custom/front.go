package custom

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/internal/fronts"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	customv1 "github.com/gotensor/gotensor/proto/gotensor/custom/v1"
	"github.com/gotensor/gotensor/synapse"
)

// FrontConfig describes a Front. Network and NetUID are required; every other zero value means its default.
type FrontConfig struct {
	Network  mechanism.Network
	NetUID   gotensor.NetUID
	Settings Settings
	// Deadline bounds a request as a whole (5 min).
	Deadline time.Duration
	// WriteTimeout ends an answer whose client takes no bytes for so long (30 s).
	WriteTimeout time.Duration
	// Log gets warnings about answers that make no sense (discarded).
	Log *slog.Logger
}

// Front offers a subnet's operations to applications. It implements mechanism.Front and is safe for concurrent use.
type Front struct {
	cfg FrontConfig

	mu     sync.Mutex
	latest *Schema   // the one that was offered last
	chosen time.Time // when that was
}

var _ mechanism.Front = (*Front)(nil)

// NewFront returns a Front; ErrConfig or ErrSettings say what cannot work.
func NewFront(cfg FrontConfig) (*Front, error) {
	switch {
	case cfg.Network == nil:
		return nil, fmt.Errorf("%w: Network is nil, it is what answers", ErrConfig)
	case cfg.NetUID == 0:
		return nil, fmt.Errorf("%w: NetUID is 0", ErrConfig)
	case cfg.Deadline < 0 || cfg.WriteTimeout < 0:
		return nil, fmt.Errorf("%w: a time is negative, must be positive, or 0 for the default", ErrConfig)
	}
	if err := cfg.Settings.Validate(); err != nil {
		return nil, err
	}
	if cfg.Deadline == 0 {
		cfg.Deadline = 5 * time.Minute
	}
	if cfg.WriteTimeout == 0 {
		cfg.WriteTimeout = 30 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Front{cfg: cfg}, nil
}

// Routes implements mechanism.Front.
func (f *Front) Routes() []mechanism.Route {
	base := fmt.Sprintf("/v1/subnets/%d/", f.cfg.NetUID)
	return []mechanism.Route{
		{Pattern: "GET " + base + schemaRoute, Handler: f.handler(f.showSchema), Free: true},
		{Pattern: "POST " + base + "{operation}", Handler: f.handler(f.call)},
	}
}

// handler serves a request within the deadline.
func (f *Front) handler(serve func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return fronts.Handler(f.cfg.Deadline, f.problem, serve)
}

// schema is the one that the largest share of pay declares. Neurons that declare others may still be asked: what they answer is
// checked against this one. It is chosen anew each second.
func (f *Front) schema() (*Schema, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.latest != nil && time.Since(f.chosen) < time.Second {
		return f.latest, nil
	}
	type party struct {
		schema []byte
		share  float64
		count  int
	}
	var parties []party
	at := map[string]int{}
	for _, p := range f.cfg.Network.Peers("") {
		if len(p.Schema) == 0 {
			continue
		}
		i, ok := at[string(p.Schema)]
		if !ok {
			i = len(parties)
			at[string(p.Schema)] = i
			parties = append(parties, party{schema: p.Schema})
		}
		parties[i].share += p.Share
		parties[i].count++
	}
	f.chosen = time.Now()
	for len(parties) > 0 {
		best := 0
		for i, p := range parties {
			b := parties[best]
			if p.share > b.share || p.share == b.share && (p.count > b.count || p.count == b.count && string(p.schema) < string(b.schema)) {
				best = i
			}
		}
		if f.latest != nil && string(f.latest.declared) == string(parties[best].schema) {
			return f.latest, nil
		}
		s, err := ParseSchema(parties[best].schema)
		if err == nil {
			f.latest = s
			return s, nil
		}
		f.cfg.Log.Debug("a schema cannot be offered", "err", err)
		parties = append(parties[:best], parties[best+1:]...)
	}
	if f.latest != nil {
		return f.latest, nil
	}
	return nil, mechanism.ErrNoNeuron
}

func (f *Front) showSchema(w http.ResponseWriter, _ *http.Request) error {
	s, err := f.schema()
	if err != nil {
		return err
	}
	f.write(w, "application/json", append(s.source[:len(s.source):len(s.source)], '\n'))
	return nil
}

// asked is a request that was checked.
type asked struct {
	op    *Operation
	input []byte
	ask   mechanism.Ask
}

func (f *Front) read(r *http.Request) (*asked, error) {
	s, err := f.schema()
	if err != nil {
		return nil, err
	}
	name := r.PathValue("operation")
	op, ok := s.Operation(name)
	if !ok {
		return nil, &apierror.Error{
			Status: http.StatusNotFound, Type: apierror.NotFound, Code: "unknown_operation",
			Message: fmt.Sprintf("subnet %d has no operation %q; GET /v1/subnets/%d/%s lists them", f.cfg.NetUID, synapse.Printable(name, maxName), f.cfg.NetUID, schemaRoute),
		}
	}
	most := f.cfg.Settings.InputBytes
	input, err := io.ReadAll(io.LimitReader(r.Body, int64(most)+1))
	switch {
	case err != nil:
		return nil, apierror.Invalid("", "the body could not be read")
	case len(input) > most:
		return nil, &apierror.Error{
			Status: http.StatusRequestEntityTooLarge, Type: apierror.InvalidRequest, Code: "request_too_large",
			Message: fmt.Sprintf("the body is larger than %d bytes", most),
		}
	}
	if err := op.CheckInput(input); err != nil {
		return nil, &apierror.Error{Status: http.StatusBadRequest, Type: apierror.InvalidRequest, Code: "invalid_input", Message: synapse.Printable(err.Error(), 2*maxWords)}
	}
	a := &asked{op: op, input: input, ask: mechanism.Ask{Capability: op.Name, Streams: op.Stream}}
	if uid := r.URL.Query().Get("uid"); uid != "" {
		n, err := strconv.ParseUint(uid, 10, 16)
		if err != nil {
			return nil, apierror.Invalid("uid", fmt.Sprintf("uid is %q, want a number from 0 to 65535", synapse.Printable(uid, maxName)))
		}
		a.ask.Model = fmt.Sprintf("uid-%d", n)
	}
	return a, nil
}

// call answers with the output of an operation: in one piece, or as server-sent events.
func (f *Front) call(w http.ResponseWriter, r *http.Request) error {
	a, err := f.read(r)
	if err != nil {
		return err
	}
	if a.op.Stream {
		return f.stream(w, r, a)
	}
	out, lease, err := mechanism.Open(r.Context(), f.cfg.Network, a.ask, func(ctx context.Context, _ mechanism.Peer, conn grpc.ClientConnInterface) ([]byte, error) {
		resp, err := customv1.NewCustomClient(conn).Call(ctx, &customv1.CallRequest{Operation: a.op.Name, Json: a.input}, f.limit())
		if err != nil {
			return nil, err
		}
		return resp.GetJson(), f.fits(a.op, resp.GetJson())
	})
	if err != nil {
		return err
	}
	lease.Done(nil)
	spend(r.Context(), len(a.input), len(out))
	who(w.Header(), lease)
	f.write(w, "application/json", out)
	return nil
}

func (f *Front) limit() grpc.CallOption {
	return grpc.MaxCallRecvMsgSize(f.cfg.Settings.OutputBytes + slack)
}

// fits fails with mechanism.ErrBadAnswer, so that another neuron is asked.
func (f *Front) fits(op *Operation, out []byte) error {
	if len(out) > f.cfg.Settings.OutputBytes {
		return fmt.Errorf("%w: it has %d bytes, want at most %d", mechanism.ErrBadAnswer, len(out), f.cfg.Settings.OutputBytes)
	}
	if err := op.CheckOutput(out); err != nil {
		return fmt.Errorf("%w: %w", mechanism.ErrBadAnswer, err)
	}
	return nil
}

// spend puts a call on the caller's meter: four bytes are a token, as in English text.
func spend(ctx context.Context, in, out int) {
	mechanism.MeterOf(ctx).Spend(mechanism.Usage{In: (in + 3) / 4, Out: (out + 3) / 4})
}

// who tells which neuron answered.
func who(h http.Header, lease mechanism.Lease) {
	p := lease.Peer()
	h.Set("Gt-Uid", strconv.Itoa(int(p.UID)))
	h.Set("Gt-Hotkey", keys.Account(p.Hotkey))
	h.Set("Gt-Model", ascii(synapse.Printable(p.Model, maxName)))
	h.Set("Gt-First-Piece-Ms", strconv.FormatInt(lease.FirstPiece().Milliseconds(), 10))
	h.Set("Gt-Tried", strconv.Itoa(lease.Tried()))
}

// ascii is what a header may hold.
func ascii(s string) string {
	out := []byte(s)
	for i, b := range out {
		if b < 0x20 || b > 0x7e {
			out[i] = '?'
		}
	}
	return string(out)
}

// write answers with a body of known length.
func (f *Front) write(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	rc := http.NewResponseController(w)
	// Neither is every ResponseWriter able to do this, nor the client still there.
	_ = rc.SetWriteDeadline(time.Now().Add(f.cfg.WriteTimeout + time.Duration(len(body)>>16)*time.Second))
	_, _ = w.Write(body)
	_ = rc.Flush()
	_ = rc.SetWriteDeadline(time.Time{})
}
