package route_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
)

const netuid gotensor.NetUID = 1

// behaviour is how a neuron of these tests takes a call, up to the first piece.
type behaviour func(ctx context.Context) (string, error)

func answers(after time.Duration) behaviour {
	return func(ctx context.Context) (string, error) {
		select {
		case <-ctx.Done():
			return "", &dendrite.Error{Kind: dendrite.ErrCanceled}
		case <-time.After(after):
			return "piece", nil
		}
	}
}

func fails(after time.Duration, err error) behaviour {
	return func(ctx context.Context) (string, error) {
		if _, err := answers(after)(ctx); err != nil {
			return "", err
		}
		return "", err
	}
}

func hangs(ctx context.Context) (string, error) { return answers(time.Hour)(ctx) }

var (
	refused = fails(0, &dendrite.Error{Kind: dendrite.ErrUnreachable})
	reset   = fails(30*time.Millisecond, &dendrite.Error{Kind: dendrite.ErrUnreachable})
	// What real connections give for a neuron's own error is a dendrite.Error around such a status.
	breaks  = fails(30*time.Millisecond, status.Error(codes.Internal, "backend is gone"))
	rejects = fails(0, status.Error(codes.InvalidArgument, "the prompt is too long"))
	garbage = fails(30*time.Millisecond, fmt.Errorf("%w: two first pieces", mechanism.ErrBadAnswer))
	large   = fails(0, &dendrite.Error{Kind: dendrite.ErrTooLarge})
	wrong   = fails(0, &dendrite.Error{Kind: dendrite.ErrPin})
	denies  = fails(0, &dendrite.Error{Kind: dendrite.ErrNotPermitted})
	seals   = fails(0, &dendrite.Error{Kind: dendrite.ErrSealed})
)

func busyFor(hint time.Duration) behaviour {
	return fails(0, &dendrite.Error{Kind: dendrite.ErrOverloaded, RetryAfter: hint})
}

// miner is a neuron of the tests' world.
type miner struct {
	mu      sync.Mutex
	do      behaviour
	info    axonv1.InfoResponse
	infoErr error
	calls   int
	now     int // calls under way
	most    int // calls under way at once, ever
	share   uint16
	dark    bool // publishes no endpoint
}

func (m *miner) set(do behaviour, infoErr error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.do, m.infoErr = do, infoErr
}

func (m *miner) counted() (calls, now int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls, m.now
}

// world is a subnet whose neurons answer from memory.
type world struct {
	miners []*miner
	height gotensor.Block
	moved  int // added to all ports
	graphs chan *metagraph.Metagraph
}

func hotkeyOf(uid int) gotensor.Address {
	return gotensor.Address{0: 1, 18: byte(uid >> 8), 19: byte(uid)}
}

// newWorld has a neuron for each share of the incentive; all offer "generate" by a model of their own, "model-UID", after 50 ms.
func newWorld(shares ...uint16) *world {
	w := &world{height: 10}
	for uid, share := range shares {
		w.miners = append(w.miners, &miner{do: answers(50 * time.Millisecond), share: share, info: axonv1.InfoResponse{
			Hotkey: keys.Account(hotkeyOf(uid)), Netuid: uint32(netuid), Mechanism: "text",
			Model: fmt.Sprintf("model-%d", uid), Capabilities: []string{"generate"},
		}})
	}
	return w
}

func (w *world) graph(t testing.TB) *metagraph.Metagraph {
	t.Helper()
	neurons := make([]metagraph.Neuron, len(w.miners))
	for i, m := range w.miners {
		neurons[i] = metagraph.Neuron{UID: gotensor.UID(i), Hotkey: hotkeyOf(i), Registered: 1, Incentive: m.share}
		if !m.dark {
			neurons[i].Endpoint = metagraph.Endpoint{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), uint16(8091+w.moved))}
		}
	}
	g, err := metagraph.New(metagraph.Info{NetUID: netuid, Height: w.height, Time: time.Unix(1_700_000_000, 0).UTC(), Mechanism: "text"}, neurons)
	require.NoError(t, err)
	w.height++
	return g
}

// follow is a chain whose snapshots come out of graphs.
func (w *world) follow(ctx context.Context, fn func(*metagraph.Metagraph) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case g := <-w.graphs:
			if err := fn(g); err != nil {
				return err
			}
		}
	}
}

func (w *world) dial(t dendrite.Target) grpc.ClientConnInterface {
	ip := t.Addr.Addr().As4()
	return conn{w.miners[int(ip[2])<<8|int(ip[3])]}
}

type conn struct{ m *miner }

func (c conn) Invoke(ctx context.Context, method string, _, reply any, _ ...grpc.CallOption) error {
	m := c.m
	m.mu.Lock()
	if method == axonv1.Axon_Info_FullMethodName {
		defer m.mu.Unlock()
		if m.infoErr != nil {
			return m.infoErr
		}
		to := reply.(*axonv1.InfoResponse) //nolint:forcetypeassert // of this method
		to.Hotkey, to.Netuid, to.Model, to.Capabilities, to.Schema = m.info.Hotkey, m.info.Netuid, m.info.Model, m.info.Capabilities, m.info.Schema
		return nil
	}
	m.calls++
	m.now++
	m.most = max(m.most, m.now)
	do := m.do
	m.mu.Unlock()
	text, err := do(ctx)
	m.mu.Lock()
	m.now--
	m.mu.Unlock()
	*reply.(*string) = text //nolint:forcetypeassert // of ask
	return err
}

func (conn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "these tests stream by hand")
}

// started is a router of the world that runs and knows all neurons that answer. Call it in a bubble of synctest.
func (w *world) started(t *testing.T, change func(*route.Config)) *route.Router {
	t.Helper()
	w.graphs = make(chan *metagraph.Metagraph, 16) // of this bubble
	cfg := route.Config{NetUID: netuid, Follow: w.follow, Dial: w.dial, Rand: func() float64 { return 0.05 }}
	if change != nil {
		change(&cfg)
	}
	r, err := route.New(cfg)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	if len(w.miners) > 0 {
		w.graphs <- w.graph(t)
	}
	time.Sleep(time.Second)
	synctest.Wait()
	return r
}

// ask opens one answer.
func ask(ctx context.Context, r *route.Router, a mechanism.Ask) (string, mechanism.Lease, error) {
	return mechanism.Open(ctx, r, a, func(ctx context.Context, _ mechanism.Peer, conn grpc.ClientConnInterface) (string, error) {
		var text string
		err := conn.Invoke(ctx, "/test.Test/Open", nil, &text)
		return text, err
	})
}

var generate = mechanism.Ask{Capability: "generate", Streams: true}

func only(uid int) mechanism.Ask {
	return mechanism.Ask{Capability: "generate", Model: fmt.Sprintf("uid-%d", uid), Streams: true}
}

func stateOf(t *testing.T, r *route.Router, uid int) route.Standing {
	t.Helper()
	for _, s := range r.Standings() {
		if int(s.UID) == uid {
			return s
		}
	}
	t.Fatalf("uid %d does not serve", uid)
	return route.Standing{}
}

// opener is ask's, and keeps the context that the neuron's part of the call runs under.
func (w *world) opener(inner *context.Context) func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error) {
	return func(ctx context.Context, _ mechanism.Peer, conn grpc.ClientConnInterface) (any, error) {
		*inner = ctx
		var text string
		err := conn.Invoke(ctx, "/test.Test/Open", nil, &text)
		return text, err
	}
}

// goroutines counts those that run code of the router or of this test; others belong to the test binary.
func goroutines() int {
	buf := make([]byte, 8<<20)
	return bytes.Count(buf[:runtime.Stack(buf, true)], []byte("synctest bubble"))
}
