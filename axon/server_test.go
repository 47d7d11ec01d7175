package axon_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

const chainID = "gotensor-test-1"

// registry is a Callers with fixed content.
type registry struct {
	mu      sync.Mutex
	callers map[gotensor.Address]axon.Caller
}

func (r *registry) Lookup(a gotensor.Address) (axon.Caller, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.callers[a]
	return c, ok
}

// textServer answers each context with its SHA-256 hash as the only candidate; before, if set, runs first.
type textServer struct {
	textv1.UnimplementedTextServer
	before func(ctx context.Context, req *textv1.PredictRequest) error
	pad    int // bytes added to every answer
	write  func(req *textv1.GenerateRequest, out textv1.Text_GenerateServer) error
}

func (s *textServer) Generate(req *textv1.GenerateRequest, out textv1.Text_GenerateServer) error {
	return s.write(req, out)
}

func (s *textServer) Predict(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	if s.before != nil {
		if err := s.before(ctx, req); err != nil {
			return nil, err
		}
	}
	res := &textv1.PredictResponse{}
	for _, c := range req.GetContexts() {
		sum := sha256.Sum256(c)
		arena := append(sum[:16], make([]byte, s.pad)...)
		res.Predictions = append(res.Predictions, &textv1.Prediction{
			Arena: arena, Lengths: []byte{16}, Probabilities: []float64{0.25}, Floor: 0.75,
		})
	}
	return res, nil
}

// neuron is a running server with a client that it admits.
type neuron struct {
	server *axon.Server
	target dendrite.Target
	key    keys.PrivateKey // registered as a validator
	client *dendrite.Client
	stop   context.CancelFunc
	ended  <-chan error
}

func testKey(tb testing.TB, seed string) keys.PrivateKey {
	tb.Helper()
	sum := sha256.Sum256([]byte(seed))
	k, err := keys.NewPrivateKey(sum[:])
	require.NoError(tb, err)
	return k
}

func testCertificate(tb testing.TB) tls.Certificate {
	tb.Helper()
	cert, err := synapse.NewCertificate(time.Now())
	require.NoError(tb, err)
	return cert
}

// start runs a server on a free port of the loopback until the test ends; edit may change its configuration.
func start(tb testing.TB, impl textv1.TextServer, edit func(*axon.Config)) *neuron {
	tb.Helper()
	n := &neuron{key: testKey(tb, "validator")}
	cfg := axon.Config{
		ChainID:     chainID,
		Certificate: testCertificate(tb),
		Callers: &registry{callers: map[gotensor.Address]axon.Caller{
			n.key.Address(): {Weight: 1e9, Registered: true, Validator: true},
		}},
		Info:  &axonv1.InfoResponse{Hotkey: keys.Account(testKey(tb, "miner").Address()), Netuid: 1, Mechanism: "text"},
		Slots: 4,
		Grace: 5 * time.Second,
	}
	if edit != nil {
		edit(&cfg)
	}
	server, err := axon.New(cfg)
	require.NoError(tb, err)
	server.Register(&textv1.Text_ServiceDesc, impl)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, lis) }()
	n.server, n.stop, n.ended = server, cancel, ended
	n.target = dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: server.SPKI()}
	n.client = newClient(tb, n.key)
	tb.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(tb, err)
		case <-time.After(20 * time.Second):
			tb.Error("server did not stop")
		}
	})
	return n
}

func newClient(tb testing.TB, key keys.PrivateKey) *dendrite.Client {
	tb.Helper()
	c, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: key})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	return c
}

func (n *neuron) predict(ctx context.Context, contexts ...string) (*textv1.PredictResponse, error) {
	req := &textv1.PredictRequest{KMax: 8}
	for _, c := range contexts {
		req.Contexts = append(req.Contexts, []byte(c))
	}
	return textv1.NewTextClient(n.client.To(n.target)).Predict(ctx, req)
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	require.Eventually(t, cond, 10*time.Second, 2*time.Millisecond, what)
}

func TestCallsAreAnswered(t *testing.T) {
	n := start(t, &textServer{}, nil)
	res, err := n.predict(t.Context(), "one", "two")
	require.NoError(t, err)
	require.Len(t, res.GetPredictions(), 2)
	sum := sha256.Sum256([]byte("two"))
	require.Equal(t, sum[:16], res.GetPredictions()[1].GetArena())

	info, err := axonv1.NewAxonClient(n.client.To(n.target)).Info(t.Context(), &axonv1.InfoRequest{})
	require.NoError(t, err)
	require.Equal(t, uint64(4<<20), info.GetLimits().GetMaxMessageBytes())
	require.Equal(t, uint32(60_000), info.GetLimits().GetMaxDeadlineMs())

	st := n.server.Stats()
	require.Equal(t, uint64(1), st.Accepted, "both services share one connection")
	require.Equal(t, uint64(1), st.Proofs, "and one proof")
	require.Equal(t, 1, st.Conns)
	require.Zero(t, st.Unproven)
}

func TestPeerIsTheProvenCaller(t *testing.T) {
	var got synapse.Identity
	n := start(t, &textServer{before: func(ctx context.Context, _ *textv1.PredictRequest) error {
		got, _ = axon.Peer(ctx)
		return nil
	}}, nil)
	_, err := n.predict(t.Context(), "x")
	require.NoError(t, err)
	require.Equal(t, n.key.Address(), got.Address)
}

func TestConcurrentCallsShareAConnection(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.MaxPerCaller = 200 })
	results := dendrite.Each(t.Context(), make([]struct{}, 200), 0, func(ctx context.Context, _ struct{}) (*textv1.PredictResponse, error) {
		return n.predict(ctx, strings.Repeat("x", 1000))
	})
	for _, r := range results {
		require.NoError(t, r.Err)
	}
	require.Equal(t, uint64(1), n.server.Stats().Accepted)
	require.Equal(t, uint64(200), n.server.Stats().Served)
}

func TestPanicEndsTheCallNotTheNeuron(t *testing.T) {
	n := start(t, &textServer{before: func(_ context.Context, req *textv1.PredictRequest) error {
		if string(req.GetContexts()[0]) == "bad" {
			panic("model fell over")
		}
		return nil
	}}, nil)
	_, err := n.predict(t.Context(), "bad")
	require.ErrorIs(t, err, dendrite.ErrFailed)
	_, err = n.predict(t.Context(), "good")
	require.NoError(t, err)
	require.Equal(t, uint64(1), n.server.Stats().Panics)
}

func TestShutdownLetsCallsFinish(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	n := start(t, &textServer{before: func(context.Context, *textv1.PredictRequest) error {
		close(entered)
		<-leave
		return nil
	}}, nil)
	done := make(chan error, 1)
	go func() {
		_, err := n.predict(t.Context(), "x")
		done <- err
	}()
	<-entered
	n.stop()
	eventually(t, "listener closed", func() bool {
		c, err := net.Dial("tcp", n.target.Addr.String())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	close(leave)
	require.NoError(t, <-done)
}

func TestShutdownIsBounded(t *testing.T) {
	entered := make(chan struct{})
	n := start(t, &textServer{before: func(ctx context.Context, _ *textv1.PredictRequest) error {
		close(entered)
		<-ctx.Done()
		return ctx.Err()
	}}, func(c *axon.Config) { c.Grace = 50 * time.Millisecond })
	done := make(chan error, 1)
	go func() {
		_, err := n.predict(t.Context(), "x")
		done <- err
	}()
	<-entered
	n.stop()
	require.ErrorIs(t, <-done, dendrite.ErrUnreachable)
}

func TestServeOnce(t *testing.T) {
	n := start(t, &textServer{}, nil)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, err = n.predict(t.Context(), "x") // Serve runs for sure
	require.NoError(t, err)
	require.ErrorIs(t, n.server.Serve(t.Context(), lis), axon.ErrServed)
}

func TestConfigErrorsNameTheField(t *testing.T) {
	good := axon.Config{ChainID: chainID, Certificate: testCertificate(t), Callers: &registry{}}
	for name, edit := range map[string]func(*axon.Config){
		"ChainID":      func(c *axon.Config) { c.ChainID = "" },
		"Certificate":  func(c *axon.Config) { c.Certificate = tls.Certificate{} },
		"Callers":      func(c *axon.Config) { c.Callers = nil },
		"Policy":       func(c *axon.Config) { c.Policy = 9 },
		"Slots":        func(c *axon.Config) { c.Slots = -1 },
		"Info.Model":   func(c *axon.Config) { c.Info = &axonv1.InfoResponse{Model: strings.Repeat("m", 65)} },
		"MaxDeadline":  func(c *axon.Config) { c.MaxDeadline = -time.Second },
		"MaxPerCaller": func(c *axon.Config) { c.MaxPerCaller = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			edit(&cfg)
			_, err := axon.New(cfg)
			require.ErrorIs(t, err, axon.ErrConfig)
			require.ErrorContains(t, err, name)
		})
	}
}
