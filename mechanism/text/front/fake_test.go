package front_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/front"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// event is what a scripted neuron does next.
type event struct {
	piece *textv1.GenerateResponse
	err   error         // ends the call
	stall bool          // gives nothing until the network ends the lease for it
	hang  bool          // gives nothing until the caller gives up
	wait  chan struct{} // gives nothing until it is closed
	after time.Duration // gives nothing for so long
}

// neuron answers all calls by the same script.
type neuron struct {
	peer    mechanism.Peer
	refuses error // of the call as a whole
	script  []event
	vectors *textv1.EmbedResponse
}

// network is a Network that asks its neurons in order.
type network struct {
	neurons []*neuron
	err     error // of Open
	quiet   bool  // keeps no record

	mu       sync.Mutex
	asked    []mechanism.Ask
	requests []*textv1.GenerateRequest
	ends     []error // of leases
	touched  int
	running  int
	ended    chan struct{} // of one: a lease ended
}

func newNetwork(neurons ...*neuron) *network {
	for i, n := range neurons {
		n.peer.UID = gotensor.UID(7 + i)
		n.peer.Hotkey = gotensor.Address{19: byte(7 + i)}
		n.peer.Stake = 5_000_000_000
		n.peer.Share = 0.25
		if n.peer.Model == "" {
			n.peer.Model = "parrot"
		}
		n.peer.State = "up"
	}
	return &network{neurons: neurons, ended: make(chan struct{}, 64)}
}

func (n *network) Metagraph() *metagraph.Metagraph { return nil }

func (n *network) Peers(string) []mechanism.Peer {
	out := make([]mechanism.Peer, len(n.neurons))
	for i := range n.neurons {
		out[i] = n.neurons[len(n.neurons)-1-i].peer // not in order of uid
	}
	return out
}

func (n *network) Open(ctx context.Context, ask mechanism.Ask, open func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error)) (any, mechanism.Lease, error) {
	n.mu.Lock()
	n.asked = append(n.asked, ask)
	n.mu.Unlock()
	if n.err != nil {
		return nil, nil, n.err
	}
	var causes []error
	known := false
	for i, one := range n.neurons {
		if ask.Model != "" && ask.Model != "auto" && ask.Model != one.peer.Model && ask.Model != fmt.Sprintf("uid-%d", one.peer.UID) {
			continue
		}
		known = true
		leased, cancel := context.WithCancelCause(ctx)
		got, err := open(leased, one.peer, &conn{net: n, neuron: one, stalled: cancel})
		if err == nil {
			n.mu.Lock()
			n.running++
			n.mu.Unlock()
			return got, &lease{net: n, peer: one.peer, tried: i + 1, cancel: cancel}, nil
		}
		cancel(err)
		causes = append(causes, err)
	}
	if !known {
		return nil, nil, fmt.Errorf("%w: %q", mechanism.ErrUnknownModel, ask.Model)
	}
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	return nil, nil, fmt.Errorf("%w: %w", mechanism.ErrUpstream, errors.Join(causes...))
}

type lease struct {
	net    *network
	peer   mechanism.Peer
	tried  int
	cancel context.CancelCauseFunc
}

func (l *lease) Peer() mechanism.Peer      { return l.peer }
func (l *lease) FirstPiece() time.Duration { return 12 * time.Millisecond }
func (l *lease) Tried() int                { return l.tried }

func (l *lease) Touch() {
	if l.net.quiet {
		return
	}
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	l.net.touched++
}

func (l *lease) Done(err error) {
	l.cancel(nil)
	if l.net.quiet {
		return
	}
	l.net.mu.Lock()
	l.net.ends = append(l.net.ends, err)
	l.net.running--
	l.net.mu.Unlock()
	l.net.ended <- struct{}{}
}

// end waits for a lease to end and returns how.
func (n *network) end(t *testing.T) error {
	t.Helper()
	select {
	case <-n.ended:
	case <-time.After(10 * time.Second):
		require.Fail(t, "no lease ended")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ends[len(n.ends)-1]
}

type conn struct {
	net     *network
	neuron  *neuron
	stalled context.CancelCauseFunc
}

func (c *conn) Invoke(_ context.Context, _ string, _, reply any, _ ...grpc.CallOption) error {
	if c.neuron.refuses != nil {
		return c.neuron.refuses
	}
	proto.Merge(reply.(proto.Message), c.neuron.vectors) //nolint:forcetypeassert // a test
	return nil
}

func (c *conn) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	if c.neuron.refuses != nil {
		return nil, c.neuron.refuses
	}
	return &stream{conn: c, ctx: ctx}, nil
}

type stream struct {
	conn *conn
	ctx  context.Context //nolint:containedctx // as gRPC's own
	at   int
}

func (s *stream) Header() (metadata.MD, error) { return nil, nil } //nolint:nilnil // nobody reads it
func (s *stream) Trailer() metadata.MD         { return nil }
func (s *stream) CloseSend() error             { return nil }
func (s *stream) Context() context.Context     { return s.ctx }

func (s *stream) SendMsg(m any) error {
	n := s.conn.net
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests = append(n.requests, m.(*textv1.GenerateRequest)) //nolint:forcetypeassert // a test
	return nil
}

func (s *stream) RecvMsg(m any) error {
	if s.ctx.Err() != nil {
		return status.FromContextError(s.ctx.Err()).Err()
	}
	if s.at == len(s.conn.neuron.script) {
		return io.EOF
	}
	e := s.conn.neuron.script[s.at]
	s.at++
	if e.stall {
		s.conn.stalled(mechanism.ErrStalled)
	}
	if e.stall || e.hang || e.wait != nil || e.after > 0 {
		var later <-chan time.Time
		if e.after > 0 {
			later = time.After(e.after)
		}
		select {
		case <-later:
		case <-e.wait:
		case <-s.ctx.Done():
			return status.FromContextError(s.ctx.Err()).Err()
		}
	}
	if e.err != nil {
		return e.err
	}
	into := m.(*textv1.GenerateResponse) //nolint:forcetypeassert // a test
	proto.Reset(into)
	if e.piece != nil {
		proto.Merge(into, e.piece)
	}
	return nil
}

// says is a script that writes words and ends.
func says(words ...string) []event {
	var out []event
	for _, w := range words {
		out = append(out, event{piece: &textv1.GenerateResponse{Text: w}})
	}
	return append(out, last("stop"))
}

func last(reason string) event {
	return event{piece: &textv1.GenerateResponse{FinishReason: reason, Usage: &textv1.Usage{PromptTokens: 5, CompletionTokens: 2}}}
}

func parrot(words ...string) *neuron { return &neuron{script: says(words...)} }

// serve starts a gateway's worth of server around a Front.
func serve(t testing.TB, cfg front.Config) *httptest.Server {
	t.Helper()
	return serveWith(t, cfg, func(h http.Handler) http.Handler { return h })
}

func serveWith(t testing.TB, cfg front.Config, wrap func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Unix(1_700_000_000, 0) }
	}
	f, err := front.New(cfg)
	require.NoError(t, err)
	mux := http.NewServeMux()
	for _, r := range f.Routes() {
		mux.Handle(r.Pattern, wrap(r.Handler))
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

type reply struct {
	status int
	header http.Header
	body   string
}

func post(t testing.TB, s *httptest.Server, path, body string) reply {
	t.Helper()
	res, err := s.Client().Post(s.URL+path, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	return read(t, res)
}

func get(t testing.TB, s *httptest.Server, path string) reply {
	t.Helper()
	res, err := s.Client().Get(s.URL + path)
	require.NoError(t, err)
	return read(t, res)
}

func read(t testing.TB, res *http.Response) reply {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return reply{res.StatusCode, res.Header, string(anonymous(body))}
}

// anonymous replaces random ids.
func anonymous(body []byte) []byte {
	for _, prefix := range []string{`"id":"chatcmpl-`, `"id":"cmpl-`, `"id":"call_`} {
		for at := 0; ; {
			i := bytes.Index(body[at:], []byte(prefix))
			if i < 0 {
				break
			}
			at += i + len(prefix)
			end := bytes.IndexByte(body[at:], '"')
			body = slices.Concat(body[:at], []byte("ID"), body[at+end:])
		}
	}
	return body
}

// meter counts.
type meter struct {
	mu    sync.Mutex
	spent mechanism.Usage
	calls int
}

func (m *meter) Account() mechanism.Account { return mechanism.Account{} }

func (m *meter) Spend(u mechanism.Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spent.In += u.In
	m.spent.Out += u.Out
	m.calls++
}

// wrap puts the meter into every request.
func (m *meter) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(mechanism.WithMeter(r.Context(), m)))
	})
}

func refusal(code codes.Code, words string) error { return status.Error(code, words) }
