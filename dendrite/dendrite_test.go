package dendrite_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

const chainID = "gotensor-test-1"

// everyone is a Callers that knows nobody; with PolicyProven that is enough.
type everyone struct{}

func (everyone) Lookup(gotensor.Address) (axon.Caller, bool) { return axon.Caller{}, false }

type echo struct {
	textv1.UnimplementedTextServer
	before func(context.Context) error
}

func (e echo) Predict(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	if e.before != nil {
		if err := e.before(ctx); err != nil {
			return nil, err
		}
	}
	return &textv1.PredictResponse{Predictions: []*textv1.Prediction{{Arena: req.GetContexts()[0]}}}, nil
}

// count is a service with one server stream: k_max answers, then an error if there is a context.
var count = grpc.ServiceDesc{
	ServiceName: "test.Count", HandlerType: (*any)(nil),
	Streams: []grpc.StreamDesc{{StreamName: "Up", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
		var req textv1.PredictRequest
		if err := s.RecvMsg(&req); err != nil {
			return err
		}
		for range req.GetKMax() {
			if err := s.SendMsg(&textv1.PredictResponse{}); err != nil {
				return err
			}
		}
		if len(req.GetContexts()) > 0 {
			return synapse.Refusal{Code: codes.ResourceExhausted, Reason: synapse.ReasonOverloaded, Message: "enough", Retry: time.Second}.Err()
		}
		return nil
	}}},
}

func testKey(tb testing.TB) keys.PrivateKey {
	tb.Helper()
	sum := sha256.Sum256([]byte("caller"))
	k, err := keys.NewPrivateKey(sum[:])
	require.NoError(tb, err)
	return k
}

func certificate(tb testing.TB) tls.Certificate {
	tb.Helper()
	c, err := synapse.NewCertificate(time.Now())
	require.NoError(tb, err)
	return c
}

// serve runs a neuron at addr until stop is called or the test ends.
func serve(tb testing.TB, addr string, cert tls.Certificate, impl textv1.TextServer) (dendrite.Target, *axon.Server, func()) {
	tb.Helper()
	s, err := axon.New(axon.Config{
		ChainID: chainID, Certificate: cert, Callers: everyone{}, Policy: axon.PolicyProven,
		Slots: 8, MaxPerCaller: 1024, Grace: 100 * time.Millisecond,
	})
	require.NoError(tb, err)
	s.Register(&textv1.Text_ServiceDesc, impl)
	s.Register(&count, nil)
	lis, err := net.Listen("tcp", addr)
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, lis) }()
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(tb, <-ended)
		}
	}
	tb.Cleanup(stop)
	return dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: s.SPKI()}, s, stop
}

func newClient(tb testing.TB, edit func(*dendrite.Config)) *dendrite.Client {
	tb.Helper()
	cfg := dendrite.Config{ChainID: chainID, Signer: testKey(tb)}
	if edit != nil {
		edit(&cfg)
	}
	c, err := dendrite.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	return c
}

func ask(ctx context.Context, c *dendrite.Client, t dendrite.Target) error {
	_, err := textv1.NewTextClient(c.To(t)).Predict(ctx, &textv1.PredictRequest{Contexts: [][]byte{[]byte("x")}})
	return err
}

func TestWrongPin(t *testing.T) {
	target, s, _ := serve(t, "127.0.0.1:0", certificate(t), echo{})
	c := newClient(t, nil)
	wrong := target
	wrong.Pin[0] ^= 1
	err := ask(t.Context(), c, wrong)
	require.ErrorIs(t, err, dendrite.ErrPin)
	require.NotErrorIs(t, err, dendrite.ErrUnreachable)
	require.ErrorContains(t, err, wrong.Addr.String())
	require.Zero(t, s.Stats().Proofs, "nothing was said to the wrong neuron")
	require.NoError(t, ask(t.Context(), c, target), "the right pin at the same address is another connection")
}

func TestUnreachable(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := netip.MustParseAddrPort(lis.Addr().String())
	require.NoError(t, lis.Close())
	c := newClient(t, nil)
	for name, a := range map[string]netip.AddrPort{"nobody listens": addr, "no address": {}, "port 0": netip.AddrPortFrom(addr.Addr(), 0)} {
		t.Run(name, func(t *testing.T) {
			err := ask(t.Context(), c, dendrite.Target{Addr: a})
			require.ErrorIs(t, err, dendrite.ErrUnreachable)
			var e *dendrite.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, codes.Unavailable, status.Code(err))
			require.Equal(t, textv1.Text_Predict_FullMethodName, e.Method)
		})
	}
}

func TestSilentServerMeetsTheDeadline(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, says nothing
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, lis.Close()) })
	c := newClient(t, func(c *dendrite.Config) { c.Timeout = 100 * time.Millisecond })
	err = ask(t.Context(), c, dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String())})
	require.ErrorIs(t, err, dendrite.ErrDeadline)
}

func TestDeadlineIsTheClientsUnlessTheContextSaysLess(t *testing.T) {
	var left atomic.Int64
	target, _, _ := serve(t, "127.0.0.1:0", certificate(t), echo{before: func(ctx context.Context) error {
		d, _ := ctx.Deadline()
		left.Store(int64(time.Until(d)))
		return nil
	}})
	c := newClient(t, nil)
	require.NoError(t, ask(t.Context(), c, target))
	require.InDelta(t, 12*time.Second, left.Load(), float64(2*time.Second))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.NoError(t, ask(ctx, c, target))
	require.InDelta(t, 5*time.Second, left.Load(), float64(2*time.Second))
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	target, _, _ := serve(t, "127.0.0.1:0", certificate(t), echo{before: func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}})
	require.ErrorIs(t, ask(ctx, newClient(t, nil), target), dendrite.ErrCanceled)
}

func TestReconnect(t *testing.T) {
	cert := certificate(t)
	target, _, stop := serve(t, "127.0.0.1:0", cert, echo{})
	c := newClient(t, nil)
	require.NoError(t, ask(t.Context(), c, target))
	stop()
	require.ErrorIs(t, ask(t.Context(), c, target), dendrite.ErrUnreachable)

	again, s, stop := serve(t, target.Addr.String(), cert, echo{})
	require.Equal(t, target, again)
	require.Eventually(t, func() bool { return ask(t.Context(), c, target) == nil }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, uint64(1), s.Stats().Proofs, "a new connection carries a proof of its own")
	stop()

	// The neuron serves anew with another key at the same address: the old pin fails, the new one works at once.
	moved, _, _ := serve(t, target.Addr.String(), certificate(t), echo{})
	require.Eventually(t, func() bool { return errors.Is(ask(t.Context(), c, target), dendrite.ErrPin) }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, ask(t.Context(), c, moved))
}

func TestTargetsAreBounded(t *testing.T) {
	cert := certificate(t)
	c := newClient(t, func(c *dendrite.Config) { c.MaxTargets = 2 })
	var servers []*axon.Server
	for range 4 {
		target, s, _ := serve(t, "127.0.0.1:0", cert, echo{})
		servers = append(servers, s)
		require.NoError(t, ask(t.Context(), c, target))
	}
	require.Eventually(t, func() bool {
		return servers[0].Stats().Conns == 0 && servers[1].Stats().Conns == 0
	}, 10*time.Second, 5*time.Millisecond, "the oldest are dropped")
	require.Equal(t, 1, servers[2].Stats().Conns)
	require.Equal(t, 1, servers[3].Stats().Conns)
}

func TestIdleConnectionsEndAndComeBack(t *testing.T) {
	target, s, _ := serve(t, "127.0.0.1:0", certificate(t), echo{})
	c := newClient(t, func(c *dendrite.Config) { c.IdleTimeout = 50 * time.Millisecond })
	require.NoError(t, ask(t.Context(), c, target))
	require.Eventually(t, func() bool { return s.Stats().Conns == 0 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, ask(t.Context(), c, target))
	require.Equal(t, uint64(2), s.Stats().Proofs)
}

func TestClosed(t *testing.T) {
	c := newClient(t, nil)
	require.NoError(t, c.Close())
	require.ErrorIs(t, ask(t.Context(), c, dendrite.Target{}), dendrite.ErrClosed)
}

func TestTooLargeAnswer(t *testing.T) {
	target, _, _ := serve(t, "127.0.0.1:0", certificate(t), echo{})
	c := newClient(t, func(c *dendrite.Config) { c.MaxMessageBytes = 1000 })
	_, err := textv1.NewTextClient(c.To(target)).Predict(t.Context(), &textv1.PredictRequest{Contexts: [][]byte{make([]byte, 2000)}})
	require.ErrorIs(t, err, dendrite.ErrTooLarge)
}

func TestStream(t *testing.T) {
	target, s, _ := serve(t, "127.0.0.1:0", certificate(t), echo{})
	c := newClient(t, nil)
	up := func(req *textv1.PredictRequest) (int, error) {
		st, err := c.To(target).NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/test.Count/Up")
		require.NoError(t, err)
		require.NoError(t, st.SendMsg(req))
		require.NoError(t, st.CloseSend())
		for n := 0; ; n++ {
			if err := st.RecvMsg(&textv1.PredictResponse{}); err != nil {
				return n, err
			}
		}
	}
	n, err := up(&textv1.PredictRequest{KMax: 3})
	require.Equal(t, 3, n)
	require.ErrorIs(t, err, io.EOF)
	n, err = up(&textv1.PredictRequest{KMax: 2, Contexts: [][]byte{nil}})
	require.Equal(t, 2, n)
	require.ErrorIs(t, err, dendrite.ErrOverloaded)
	var e *dendrite.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, time.Second, e.RetryAfter)
	require.Eventually(t, func() bool { return s.Stats().Running == 0 }, 10*time.Second, 5*time.Millisecond)
}

func TestCallsSpreadOverConnections(t *testing.T) {
	leave := make(chan struct{})
	target, s, _ := serve(t, "127.0.0.1:0", certificate(t), echo{before: func(ctx context.Context) error {
		select {
		case <-leave:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	c := newClient(t, func(c *dendrite.Config) { c.CallsPerConn, c.MaxConns = 4, 3 })
	results := make(chan error, 1000)
	started := 0
	begin := func() {
		started++
		go func() { results <- ask(t.Context(), c, target) }()
	}
	for range 4 {
		begin()
	}
	require.Eventually(t, func() bool { return s.Stats().Queued+s.Stats().Running == 4 }, 10*time.Second, time.Millisecond)
	require.Equal(t, 1, s.Stats().Conns, "one connection is enough for a few")
	require.Eventually(t, func() bool {
		if started < cap(results) {
			begin()
		}
		return s.Stats().Proofs == 3 // each connection carries a call
	}, 10*time.Second, time.Millisecond)
	close(leave)
	for range started {
		require.NoError(t, <-results)
	}
	require.Equal(t, 3, s.Stats().Conns, "and no more than that")
	require.Zero(t, c.Stats().Running)
}

func TestConfigErrorsNameTheField(t *testing.T) {
	for name, cfg := range map[string]dendrite.Config{
		"ChainID": {Signer: testKey(t)},
		"Signer":  {ChainID: chainID},
		"limit":   {ChainID: chainID, Signer: testKey(t), Timeout: -1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dendrite.New(cfg)
			require.ErrorIs(t, err, dendrite.ErrConfig)
			require.ErrorContains(t, err, name)
		})
	}
}

func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items := make([]int, 1000)
		for i := range items {
			items[i] = i
		}
		var running, most atomic.Int64
		odd := errors.New("odd")
		results := dendrite.Each(t.Context(), items, 0, func(_ context.Context, i int) (int, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			time.Sleep(time.Millisecond)
			if i%2 == 1 {
				return 0, odd
			}
			return i * i, nil
		})
		require.LessOrEqual(t, most.Load(), int64(dendrite.DefaultFanout))
		for i, r := range results {
			if i%2 == 1 {
				require.ErrorIs(t, r.Err, odd)
			} else {
				require.NoError(t, r.Err)
				require.Equal(t, i*i, r.Value)
			}
		}
	})
}

func TestEachStopsBeginningWhenTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	began := 0
	results := dendrite.Each(ctx, make([]int, 10), 1, func(context.Context, int) (int, error) {
		began++
		cancel()
		return 1, nil
	})
	require.Equal(t, 1, began)
	require.NoError(t, results[0].Err)
	require.ErrorIs(t, results[9].Err, context.Canceled)
	require.Empty(t, dendrite.Each(ctx, []int(nil), 0, func(context.Context, int) (int, error) { return 0, nil }))
}

// TestWhoIsLookedUpAsksAgain: a neuron that does not know us yet says so, and a call waits for that instead of failing.
func TestWhoIsLookedUpAsksAgain(t *testing.T) {
	var calls atomic.Int64
	lookUp := synapse.Refusal{Code: codes.ResourceExhausted, Reason: synapse.ReasonLookup, Message: "wait", Retry: time.Millisecond}.Err()
	known := func(after int64) echo {
		return echo{before: func(context.Context) error {
			if calls.Add(1) <= after {
				return lookUp
			}
			return nil
		}}
	}
	for name, c := range map[string]struct{ after, calls int64 }{"soon": {2, 3}, "never": {1000, 6}} {
		t.Run(name, func(t *testing.T) {
			calls.Store(0)
			target, _, _ := serve(t, "127.0.0.1:0", certificate(t), known(c.after))
			err := ask(t.Context(), newClient(t, nil), target)
			require.Equal(t, c.calls, calls.Load())
			if c.after < c.calls {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, dendrite.ErrOverloaded)
			}
		})
	}
}
