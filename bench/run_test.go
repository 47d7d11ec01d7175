package bench_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/bench"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/synapse"
)

const chainID = "bench-test-1"

// admits are the keys that a neuron knows.
type admits map[gotensor.Address]uint64

func (a admits) Lookup(addr gotensor.Address) (axon.Caller, bool) {
	weight, ok := a[addr]
	return axon.Caller{Weight: weight}, ok
}

const method = "/bench.test.Thing/Do"

// neuron serves a method that does what answer does, for callers with a weight.
func neuron(t *testing.T, known admits, answer func(context.Context) error, edit func(*axon.Config)) dendrite.Target {
	t.Helper()
	cert, err := synapse.NewCertificate(time.Now())
	require.NoError(t, err)
	cfg := axon.Config{ChainID: chainID, Certificate: cert, Callers: known, Policy: axon.PolicyBandwidth, Grace: time.Second}
	if edit != nil {
		edit(&cfg)
	}
	server, err := axon.New(cfg)
	require.NoError(t, err)
	server.Register(&grpc.ServiceDesc{ServiceName: "bench.test.Thing", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Do",
		Handler: func(_ any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			if err := dec(&emptypb.Empty{}); err != nil {
				return nil, err
			}
			return &emptypb.Empty{}, answer(ctx)
		},
	}}}, struct{}{})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, lis) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: server.SPKI()}
}

func caller(t *testing.T, name string) (bench.Caller, gotensor.Address) {
	t.Helper()
	key, err := keys.GenerateKey()
	require.NoError(t, err)
	client, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: key})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return bench.Caller{Name: name, Client: client}, key.Address()
}

// do is a query of 1000 bytes and an answer of 3000.
func do(ctx context.Context, conn grpc.ClientConnInterface, _ bench.Neuron) (int, int, error) {
	return 1000, 3000, conn.Invoke(ctx, method, &emptypb.Empty{}, &emptypb.Empty{})
}

func fine(context.Context) error { return nil }

func config(callers []bench.Caller, targets ...dendrite.Target) bench.Config {
	cfg := bench.Config{
		Callers: callers, Call: do, Concurrency: 4, Duration: 300 * time.Millisecond, Deadline: 10 * time.Second, Every: 50 * time.Millisecond,
	}
	for i, target := range targets {
		cfg.Neurons = append(cfg.Neurons, bench.Neuron{UID: gotensor.UID(i), Target: target})
	}
	return cfg
}

func TestRunCountsAnswers(t *testing.T) {
	me, addr := caller(t, "me")
	cfg := config([]bench.Caller{me}, neuron(t, admits{addr: 1}, fine, nil), neuron(t, admits{addr: 1}, fine, nil))
	var seen atomic.Int64
	cfg.Observe = func(r bench.Report) {
		seen.Add(1)
		require.False(t, r.Ended)
	}
	r, err := bench.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.True(t, r.Ended)
	require.Positive(t, seen.Load())
	require.InDelta(t, 0.3, r.Seconds, 1e-9)
	c := r.Callers[0]
	require.Equal(t, "me", c.Name)
	require.NoError(t, c.FirstError)
	require.Positive(t, c.Answered)
	require.Equal(t, c.Queries, c.Answered)
	require.Equal(t, map[string]uint64{bench.Answered: c.Answered}, c.Outcomes)
	require.Empty(t, c.Kinds())
	require.Equal(t, 1.0, c.SuccessRate)
	require.InEpsilon(t, c.QueriesPerSecond*4000*8/1e6, c.MbitPerSecond, 1e-9, "bytes of both ways")
	require.LessOrEqual(t, c.QueriesPerSecond*r.Seconds, float64(c.Answered)+0.5)
	require.Positive(t, c.P50)
	require.True(t, c.P50 <= c.P90 && c.P90 <= c.P99 && c.P99 <= c.Max*1.001, "%+v", c.Figures)
	require.NotEmpty(t, c.Series)
	require.Len(t, c.Neurons, 2)
	require.Equal(t, c.Answered, c.Neurons[0].Answered+c.Neurons[1].Answered)
	require.Positive(t, c.Neurons[1].Answered)
}

func TestRunTellsOutcomesApart(t *testing.T) {
	me, addr := caller(t, "me")
	known := admits{addr: 1}
	stuck := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	gone := dendrite.Target{Addr: netip.MustParseAddrPort(nobody.Addr().String())}
	require.NoError(t, nobody.Close())
	wrong := neuron(t, known, fine, nil)
	wrong.Pin[0] ^= 1
	full := neuron(t, known, stuck, func(c *axon.Config) { c.Slots, c.MaxPerCaller, c.MaxQueued = 1, 1, 1 })
	for name, target := range map[string]dendrite.Target{
		bench.TimedOut:     neuron(t, known, stuck, func(c *axon.Config) { c.Slots = 8 }),
		bench.Refused:      full,
		bench.NotPermitted: neuron(t, admits{}, fine, nil),
		bench.Unreachable:  gone,
		bench.WrongKey:     wrong,
		bench.Failed:       neuron(t, known, func(context.Context) error { return errors.New("oh") }, nil),
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config([]bench.Caller{me}, target)
			cfg.Deadline = 100 * time.Millisecond
			r, err := bench.Run(t.Context(), cfg)
			require.NoError(t, err)
			c := r.Callers[0]
			require.Positive(t, c.Outcomes[name], "%v: %v", c.Outcomes, c.FirstError)
			require.Error(t, c.FirstError)
			require.Contains(t, c.Kinds(), name)
			require.Zero(t, c.QueriesPerSecond)
			require.Zero(t, c.SuccessRate)
			require.Less(t, c.Queries, uint64(200), "askers do not spin on failures")
			if name == bench.TimedOut {
				require.Equal(t, 1.0, c.TimeoutRate)
			}
			if name == bench.Refused {
				require.Positive(t, c.RefusedRate)
			}
		})
	}
	t.Run(bench.WrongAnswer, func(t *testing.T) {
		cfg := config([]bench.Caller{me}, neuron(t, known, fine, nil))
		cfg.Call = func(ctx context.Context, conn grpc.ClientConnInterface, to bench.Neuron) (int, int, error) {
			_, _, err := do(ctx, conn, to)
			return 0, 0, errors.Join(err, errors.New("nonsense"))
		}
		r, err := bench.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, r.Callers[0].Queries, r.Callers[0].Outcomes[bench.WrongAnswer])
	})
}

// One neuron never answers: it holds its share of the askers and the other one answers all the rest.
func TestRunIsNotHeldUpByOneNeuron(t *testing.T) {
	me, addr := caller(t, "me")
	stuck := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	cfg := config([]bench.Caller{me}, neuron(t, admits{addr: 1}, stuck, func(c *axon.Config) { c.Slots = 8 }), neuron(t, admits{addr: 1}, fine, nil))
	cfg.Deadline = 400 * time.Millisecond
	r, err := bench.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, uint64(2), r.Callers[0].Neurons[0].Queries, "half of the four askers")
	require.Greater(t, r.Callers[0].Neurons[1].Answered, uint64(10))
}

func TestRunCallersSideBySide(t *testing.T) {
	rich, addr := caller(t, "rich")
	poor, _ := caller(t, "poor")
	r, err := bench.Run(t.Context(), config([]bench.Caller{rich, poor}, neuron(t, admits{addr: 100}, fine, nil)))
	require.NoError(t, err)
	require.Equal(t, 1.0, r.Callers[0].SuccessRate)
	require.Equal(t, r.Callers[1].Queries, r.Callers[1].Outcomes[bench.NotPermitted])
}

func TestRunEndsEarlyWithItsContext(t *testing.T) {
	me, addr := caller(t, "me")
	cfg := config([]bench.Caller{me}, neuron(t, admits{addr: 1}, fine, nil))
	cfg.Duration = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Observe = func(r bench.Report) {
		if r.Callers[0].Answered > 0 {
			cancel()
		}
	}
	r, err := bench.Run(ctx, cfg)
	require.NoError(t, err)
	require.Positive(t, r.Callers[0].QueriesPerSecond)
	require.Less(t, r.Seconds, 60.0)
	require.Equal(t, 1.0, r.Callers[0].SuccessRate, "what was cut does not count")
}

func TestRunConfigErrorsNameTheField(t *testing.T) {
	me, _ := caller(t, "me")
	for name, edit := range map[string]func(*bench.Config){
		"0 callers":        func(c *bench.Config) { c.Callers = nil },
		"0 neurons":        func(c *bench.Config) { c.Neurons = nil },
		"Call is nil":      func(c *bench.Config) { c.Call = nil },
		"concurrency is 0": func(c *bench.Config) { c.Concurrency = 0 },
		"duration 0s":      func(c *bench.Config) { c.Duration = 0 },
		"deadline is 3m":   func(c *bench.Config) { c.Deadline = 3 * time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config([]bench.Caller{me}, dendrite.Target{})
			edit(&cfg)
			_, err := bench.Run(t.Context(), cfg)
			require.ErrorIs(t, err, bench.ErrConfig)
			require.ErrorContains(t, err, name)
		})
	}
}
