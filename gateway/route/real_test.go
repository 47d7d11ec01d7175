package route_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

type anyone struct{}

func (anyone) Lookup(gotensor.Address) (axon.Caller, bool) { return axon.Caller{Weight: 1}, true }

// writer answers with one piece and holds the stream until the caller lets go.
type writer struct {
	textv1.UnimplementedTextServer
	freed *atomic.Int32
}

func (w writer) Generate(_ *textv1.GenerateRequest, out grpc.ServerStreamingServer[textv1.GenerateResponse]) error {
	if err := out.Send(&textv1.GenerateResponse{Text: "piece"}); err != nil {
		return err
	}
	<-out.Context().Done()
	w.freed.Add(1)
	return out.Context().Err()
}

// realNeuron serves on a port of its own until the test ends or stop is called.
func realNeuron(t *testing.T, uid int, freed *atomic.Int32) (metagraph.Neuron, func()) {
	t.Helper()
	cert, err := synapse.NewCertificate(time.Now())
	require.NoError(t, err)
	server, err := axon.New(axon.Config{
		ChainID: "route-1", Certificate: cert, Callers: anyone{}, Policy: axon.PolicyProven, Slots: 1000, MaxPerCaller: 1000, Grace: time.Millisecond,
		Info: &axonv1.InfoResponse{Hotkey: keys.Account(hotkeyOf(uid)), Netuid: uint32(netuid), Model: "real", Capabilities: []string{"generate"}},
	})
	require.NoError(t, err)
	server.Register(&textv1.Text_ServiceDesc, writer{freed: freed})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, lis) }()
	stop := sync.OnceFunc(func() {
		cancel()
		<-ended //nolint:errcheck // an error where calls were cut off, as here on purpose
	})
	t.Cleanup(stop)
	return metagraph.Neuron{
		UID: gotensor.UID(uid), Hotkey: hotkeyOf(uid), Incentive: 1000,
		Endpoint: metagraph.Endpoint{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: server.SPKI()},
	}, stop
}

// Over real connections: half of the neurons end while calls come in, and no call is lost before its first piece.
func TestOverRealConnections(t *testing.T) {
	var freed atomic.Int32
	var neurons []metagraph.Neuron
	var stops []func()
	for uid := range 4 {
		n, stop := realNeuron(t, uid, &freed)
		neurons, stops = append(neurons, n), append(stops, stop)
	}
	graph, err := metagraph.New(metagraph.Info{NetUID: netuid, Height: 1}, neurons)
	require.NoError(t, err)
	hotkey, err := keys.NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	require.NoError(t, err)
	client, err := dendrite.New(dendrite.Config{ChainID: "route-1", Signer: hotkey})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	r, err := route.New(route.Config{
		NetUID: netuid,
		Dial:   func(t dendrite.Target) grpc.ClientConnInterface { return client.To(t) },
		Follow: func(ctx context.Context, fn func(*metagraph.Metagraph) error) error {
			return errors.Join(fn(graph), func() error { <-ctx.Done(); return ctx.Err() }())
		},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool { return len(r.Peers("generate")) == 4 }, 20*time.Second, 10*time.Millisecond)

	open := func(ctx context.Context, _ mechanism.Peer, conn grpc.ClientConnInterface) (string, error) {
		stream, err := textv1.NewTextClient(conn).Generate(ctx, &textv1.GenerateRequest{Prompt: "x", MaxTokens: 1})
		if err != nil {
			return "", err
		}
		first, err := stream.Recv()
		if err != nil {
			return "", err
		}
		return first.GetText(), nil
	}
	const n = 400
	errs := make(chan error, n)
	work := make(chan int)
	for range 16 {
		go func() {
			for range work {
				text, lease, err := mechanism.Open(ctx, r, generate, open)
				if err == nil {
					lease.Done(nil)
					if text != "piece" {
						err = fmt.Errorf("%q", text)
					}
				}
				errs <- err
			}
		}()
	}
	for i := range n {
		work <- i
		if i == n/4 {
			go stops[0]()
			go stops[1]()
		}
	}
	close(work)
	for range n {
		require.NoError(t, <-errs)
	}
	s := r.Stats()
	require.Zero(t, s.Running)
	require.EqualValues(t, n, s.Answers)
	require.Eventually(t, func() bool { return freed.Load() >= n/2 }, 20*time.Second, 10*time.Millisecond, "a lease that ends frees the neuron")
	for _, uid := range []int{0, 1} {
		_, _, err := mechanism.Open(ctx, r, only(uid), open)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "127.0.0.1")
	}
}
