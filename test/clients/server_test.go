package clients_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/front"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

const chainID = "gotensor-test"

// scripted is a miner whose answer depends on the last words that it was told.
type scripted struct {
	textv1.UnimplementedTextServer
	cancelled chan struct{} // a call was given up by its caller

	mu   sync.Mutex
	seen map[string]int
}

func (s *scripted) Generate(req *textv1.GenerateRequest, stream grpc.ServerStreamingServer[textv1.GenerateResponse]) error {
	said, role := req.GetPrompt(), ""
	if n := len(req.GetMessages()); n > 0 {
		said, role = req.GetMessages()[n-1].GetContent(), req.GetMessages()[n-1].GetRole()
	}
	s.mu.Lock()
	s.seen[said]++
	first := s.seen[said] == 1
	s.mu.Unlock()
	words := []string{"You ", "said: ", said}
	switch {
	case said == "fail once" && first:
		return status.Error(codes.Unavailable, "the model is loading")
	case said == "refuse":
		return status.Error(codes.InvalidArgument, "that is more than this model reads")
	case said == "break":
		_ = stream.Send(&textv1.GenerateResponse{Text: "one "})
		return status.Error(codes.Unavailable, "the model is gone")
	case said == "hang":
		_ = stream.Send(&textv1.GenerateResponse{Text: "one "})
		<-stream.Context().Done()
		s.cancelled <- struct{}{}
		return stream.Context().Err()
	case strings.HasPrefix(said, "write "):
		n, _ := strconv.Atoi(strings.TrimPrefix(said, "write "))
		words = slices.Repeat([]string{" token"}, n)
	case role == "tool":
		words = []string{"It is ", said, "."}
	case len(req.GetToolsJson()) > 0:
		return s.callTool(stream)
	}
	return write(req, stream, words)
}

func (s *scripted) callTool(stream grpc.ServerStreamingServer[textv1.GenerateResponse]) error {
	for _, part := range []string{
		`[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":""}}]`,
		`[{"index":0,"function":{"arguments":"{\"city\":"}}]`,
		`[{"index":0,"function":{"arguments":"\"Paris\"}"}}]`,
	} {
		if err := stream.Send(&textv1.GenerateResponse{ToolCallsJson: []byte(part)}); err != nil {
			return err
		}
	}
	return stream.Send(&textv1.GenerateResponse{FinishReason: "tool_calls", Usage: &textv1.Usage{PromptTokens: 20, CompletionTokens: 9}})
}

func write(req *textv1.GenerateRequest, stream grpc.ServerStreamingServer[textv1.GenerateResponse], words []string) error {
	for i, w := range words {
		if uint32(i) == req.GetMaxTokens() {
			return stream.Send(&textv1.GenerateResponse{FinishReason: "length", Usage: &textv1.Usage{PromptTokens: 4, CompletionTokens: uint32(i)}})
		}
		m := &textv1.GenerateResponse{Text: w}
		if req.GetLogprobs() {
			t := &textv1.TokenLogprob{Token: []byte(w), Logprob: -0.25}
			for range req.GetTopLogprobs() {
				t.Top = append(t.Top, &textv1.TokenLogprob{Token: []byte(w), Logprob: -0.25})
			}
			m.Logprobs = []*textv1.TokenLogprob{t}
		}
		if err := stream.Send(m); err != nil {
			return err
		}
	}
	return stream.Send(&textv1.GenerateResponse{FinishReason: "stop", Usage: &textv1.Usage{PromptTokens: 4, CompletionTokens: uint32(len(words))}})
}

func (s *scripted) Embed(_ context.Context, req *textv1.EmbedRequest) (*textv1.EmbedResponse, error) {
	out := &textv1.EmbedResponse{Usage: &textv1.Usage{PromptTokens: uint32(len(req.GetTexts()))}}
	for _, t := range req.GetTexts() {
		x := float64(len(t))
		out.Vectors = append(out.Vectors, &textv1.Vector{Values: []float32{float32(math.Cos(x)), float32(math.Sin(x))}})
	}
	return out, nil
}

// network asks its only neuron; what else a gateway's router does is not about clients.
type network struct {
	peer   mechanism.Peer
	conn   grpc.ClientConnInterface
	served atomic.Int64
}

func (n *network) Metagraph() *metagraph.Metagraph { return nil }
func (n *network) Peers(string) []mechanism.Peer   { return []mechanism.Peer{n.peer} }

func (n *network) Open(ctx context.Context, ask mechanism.Ask, open func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error)) (any, mechanism.Lease, error) {
	switch ask.Model {
	case "", "auto", "best", "uid-7", n.peer.Model:
	case "nobody-home":
		return nil, nil, mechanism.ErrNoNeuron
	default:
		return nil, nil, mechanism.ErrUnknownModel
	}
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	got, err := open(ctx, n.peer, n.conn)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("%w: %w", mechanism.ErrUpstream, err)
	}
	n.served.Add(1)
	return got, &lease{peer: n.peer, took: time.Since(start), cancel: cancel}, nil
}

type lease struct {
	peer   mechanism.Peer
	took   time.Duration
	cancel func()
}

func (l *lease) Peer() mechanism.Peer      { return l.peer }
func (l *lease) FirstPiece() time.Duration { return l.took }
func (l *lease) Tried() int                { return 1 }
func (l *lease) Touch()                    {}
func (l *lease) Done(error)                { l.cancel() }

type everyone struct{}

func (everyone) Lookup(gotensor.Address) (axon.Caller, bool) { return axon.Caller{}, false }

// gateway serves a Front over one miner behind a real axon. Of what a gateway does itself it has the two errors that clients know best.
type gateway struct {
	url   string
	miner *scripted
	net   *network
}

func start(t testing.TB) *gateway {
	t.Helper()
	miner := &scripted{seen: map[string]int{}, cancelled: make(chan struct{}, 16)}
	net := &network{
		peer: mechanism.Peer{Neuron: metagraph.Neuron{UID: 7, Hotkey: gotensor.Address{1}, Stake: 9_000_000_000_000_000_001}, Share: 0.5, Model: "scripted", State: "up"},
		conn: connect(t, miner),
	}
	f, err := front.New(front.Config{Network: net})
	require.NoError(t, err)
	mux := http.NewServeMux()
	for _, r := range f.Routes() {
		mux.Handle(r.Pattern, r.Handler)
	}
	var limited atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); {
		case key == "limited" && limited.Add(1)%2 == 1: // every other request
			apierror.Write(w, &apierror.Error{Status: 429, Type: apierror.RateLimit, Code: "rate_limit_exceeded", Message: "wait", Retry: 10 * time.Millisecond})
		case key == "wrong":
			apierror.Write(w, &apierror.Error{Status: 401, Type: apierror.Authentication, Code: "invalid_api_key", Message: "no such key"})
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return &gateway{url: s.URL + "/v1", miner: miner, net: net}
}

// connect puts the miner on an axon and returns a proven connection to it.
func connect(t testing.TB, miner *scripted) grpc.ClientConnInterface {
	t.Helper()
	certificate, err := synapse.NewCertificate(time.Now())
	require.NoError(t, err)
	server, err := axon.New(axon.Config{
		ChainID: chainID, Certificate: certificate, Callers: everyone{}, Policy: axon.PolicyProven, Slots: 512, MaxPerCaller: 1024, Grace: time.Second,
	})
	require.NoError(t, err)
	server.Register(&textv1.Text_ServiceDesc, miner)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, lis) }()
	hotkey, err := keys.NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	require.NoError(t, err)
	client, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: hotkey})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = client.Close()
		cancel()
		require.NoError(t, <-done)
	})
	return client.To(dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: server.SPKI()})
}
