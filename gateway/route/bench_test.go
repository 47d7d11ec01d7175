package route

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

func none2(ctx context.Context, _ func(*metagraph.Metagraph) error) error {
	<-ctx.Done()
	return ctx.Err()
}
func none3(dendrite.Target) grpc.ClientConnInterface { return nil }

// crowd is a router that knows n neurons, of which a part is down.
func crowd(t testing.TB, n, dead int) *Router {
	t.Helper()
	neurons := make([]metagraph.Neuron, n)
	for i := range neurons {
		neurons[i] = metagraph.Neuron{
			UID: gotensor.UID(i), Hotkey: gotensor.Address{1, byte(i >> 8), byte(i)}, Incentive: uint16(i % 97),
			Endpoint: metagraph.Endpoint{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 8091)},
		}
	}
	g, err := metagraph.New(metagraph.Info{NetUID: 1, Height: 1}, neurons)
	require.NoError(t, err)
	r, err := New(Config{NetUID: 1, Follow: none2, Dial: none3})
	require.NoError(t, err)
	r.arrange(g)
	for i, e := range r.view.Load().entries {
		e.peer.claims.Store(&claims{model: fmt.Sprintf("m%d", i%5), capabilities: []string{"embed", "generate"}})
		if i < dead {
			for range 2 {
				e.peer.breaker.bad(unreachable, false, time.Now().Add(time.Hour), 0)
			}
		}
	}
	r.stale.Store(true)
	r.rearrange()
	return r
}

var noWork = func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error) { return struct{}{}, nil }

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{16, 256, 4096} {
		for _, dead := range []int{0, n / 2} {
			b.Run(fmt.Sprintf("peers=%d/down=%d", n, dead), func(b *testing.B) {
				r := crowd(b, n, dead)
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						_, lease, err := r.Open(b.Context(), mechanism.Ask{Capability: "generate", Streams: true}, noWork)
						if err != nil {
							b.Error(err)
							return
						}
						lease.Touch()
						lease.Done(nil)
					}
				})
			})
		}
	}
}

func BenchmarkTouch(b *testing.B) {
	r := crowd(b, 16, 0)
	_, lease, err := r.Open(b.Context(), mechanism.Ask{Streams: true}, noWork)
	require.NoError(b, err)
	defer lease.Done(nil)
	b.ReportAllocs()
	for b.Loop() {
		lease.Touch()
	}
}

func BenchmarkPeers(b *testing.B) {
	r := crowd(b, 4096, 0)
	b.ReportAllocs()
	for b.Loop() {
		r.Peers("generate")
	}
}

// BenchmarkArrange is what a new block costs.
func BenchmarkArrange(b *testing.B) {
	r := crowd(b, 4096, 0)
	g := r.Metagraph()
	b.ReportAllocs()
	for b.Loop() {
		r.arrange(g)
	}
}

// A thousand streams at once, and nothing stays of them.
func TestThousandStreams(t *testing.T) {
	r := crowd(t, 64, 0)
	base := runtime.NumGoroutine()
	var wg sync.WaitGroup
	leases := make([]mechanism.Lease, 1000)
	for i := range leases {
		wg.Go(func() {
			_, lease, err := r.Open(t.Context(), mechanism.Ask{Capability: "generate", Streams: true}, noWork)
			if err == nil {
				leases[i] = lease
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1000, r.Stats().Running)
	require.LessOrEqual(t, runtime.NumGoroutine(), base+5, "a stream under way takes no goroutine here")
	for _, l := range leases {
		require.NotNil(t, l)
		wg.Go(func() {
			l.Touch()
			l.Done(nil)
		})
	}
	wg.Wait()
	require.Zero(t, r.Stats().Running)
	require.EqualValues(t, 1000, r.Stats().Answers)
}
