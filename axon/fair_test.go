package axon_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/stats"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// crowd is an axon with callers that never stop asking. Every call waits to be let through by the test, so that shares depend on the
// queue alone and not on the machine.
type crowd struct {
	*neuron
	let     chan struct{} // one for each call that may end
	stopped atomic.Bool
	all     sync.WaitGroup

	mu     sync.Mutex
	served map[gotensor.Address]int
}

func (c *crowd) count(who gotensor.Address) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.served[who]
}

// newCrowd admits everybody; callers are known as given.
func newCrowd(t *testing.T, callers map[gotensor.Address]axon.Caller, edit func(*axon.Config)) *crowd {
	t.Helper()
	c := &crowd{let: make(chan struct{}), served: map[gotensor.Address]int{}}
	now := time.Now()
	c.neuron = start(t, &textServer{before: func(ctx context.Context, _ *textv1.PredictRequest) error {
		select {
		case <-c.let:
		case <-ctx.Done():
			return ctx.Err()
		}
		who, _ := axon.Peer(ctx)
		c.mu.Lock()
		c.served[who.Address]++
		c.mu.Unlock()
		return nil
	}}, func(cfg *axon.Config) {
		cfg.Callers, cfg.Policy, cfg.Slots = &registry{callers: callers}, axon.PolicyProven, 1
		cfg.Now = func() time.Time { return now } // calls take no time, so that a busy machine charges nobody for it
		edit(cfg)
	})
	return c
}

// ask keeps inFlight calls of a caller going, refused ones again after a while, until the crowd is dismissed.
func (c *crowd) ask(t *testing.T, seed string, inFlight int) gotensor.Address {
	t.Helper()
	key := testKey(t, seed)
	client := textv1.NewTextClient(newClient(t, key).To(c.target))
	for range inFlight {
		c.all.Go(func() {
			for !c.stopped.Load() {
				if _, err := client.Predict(t.Context(), &textv1.PredictRequest{Contexts: [][]byte{nil}}); err != nil {
					runtime.Gosched()
				}
			}
		})
	}
	return key.Address()
}

// dismiss lets everything through until the callers have ended.
func (c *crowd) dismiss() {
	c.stopped.Store(true)
	done := make(chan struct{})
	go func() {
		c.all.Wait()
		close(done)
	}()
	for {
		select {
		case c.let <- struct{}{}:
		case <-done:
			return
		}
	}
}

func TestSharesFollowStakes(t *testing.T) {
	const inFlight, missing, rounds = 8, 4, 1110
	stakes := []uint64{1e9, 10e9, 100e9}
	callers := map[gotensor.Address]axon.Caller{}
	for i, stake := range stakes {
		callers[testKey(t, fmt.Sprint("staker", i)).Address()] = axon.Caller{Weight: stake, Registered: true}
	}
	c := newCrowd(t, callers, func(*axon.Config) {})
	var who []gotensor.Address
	for i := range stakes {
		who = append(who, c.ask(t, fmt.Sprint("staker", i), inFlight))
	}
	for range rounds {
		// All ask for more than there is, always: each has half of his calls in the queue at least.
		for c.server.Stats().Queued < len(stakes)*inFlight-missing {
			runtime.Gosched()
		}
		c.let <- struct{}{}
	}
	eventually(t, "the last is counted", func() bool { return c.server.Stats().Served == rounds })
	got := []int{c.count(who[0]), c.count(who[1]), c.count(who[2])}
	for i, want := range []int{10, 100, 1000} {
		require.InEpsilon(t, want, got[i], 0.1, "served %v", got)
	}
	c.dismiss()
}

// TestValidatorIsHeardInAFlood: strangers hold every slot they can, for ever, and fill the queue.
func TestValidatorIsHeardInAFlood(t *testing.T) {
	validator := testKey(t, "validator")
	c := newCrowd(t, map[gotensor.Address]axon.Caller{validator.Address(): {Registered: true, Validator: true}}, func(cfg *axon.Config) {
		cfg.Slots, cfg.MaxQueued, cfg.MaxPerCaller = 3, 8, 8
	})
	for i := range 4 {
		c.ask(t, fmt.Sprint("stranger", i), 8)
	}
	eventually(t, "the flood is on", func() bool {
		st := c.server.Stats()
		return st.Running == 2 && st.Queued == 8 && st.Overloaded > 0
	})
	results := make(chan error)
	for range 50 {
		const together = 4 // one is served, three take places of strangers in the queue
		for range together {
			go func() {
				_, err := c.predict(t.Context(), "x")
				results <- err
			}()
		}
		for range together {
			for served := false; !served; {
				select {
				case c.let <- struct{}{}: // whoever is first among those that have a slot
				case err := <-results:
					require.NoError(t, err)
					served = true
				}
			}
		}
	}
	c.dismiss()
	require.Equal(t, 200, c.count(validator.Address()))
}

// tagger counts what a stats.Handler is told.
type tagger struct {
	calls, conns, ends, proofs atomic.Int64
}

func (g *tagger) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	g.calls.Add(1)
	return ctx
}

func (g *tagger) HandleRPC(_ context.Context, s stats.RPCStats) {
	switch s := s.(type) {
	case *stats.End:
		g.ends.Add(1)
	case *stats.InHeader:
		g.proofs.Add(int64(len(s.Header[synapse.MetadataKey])))
	}
}

func (g *tagger) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	g.conns.Add(1)
	return ctx
}

func (*tagger) HandleConn(context.Context, stats.ConnStats) {}

func TestStatsHandlerSeesCalls(t *testing.T) {
	var here, there tagger
	n := start(t, &textServer{}, func(c *axon.Config) { c.StatsHandler = &there })
	client, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: n.key, StatsHandler: &here})
	require.NoError(t, err)
	for range 3 {
		_, err = textv1.NewTextClient(client.To(n.target)).Predict(t.Context(), &textv1.PredictRequest{Contexts: [][]byte{nil}})
		require.NoError(t, err)
	}
	require.NoError(t, client.Close())
	for _, g := range []*tagger{&here, &there} {
		eventually(t, "three calls on one connection", func() bool {
			return g.calls.Load() == 3 && g.ends.Load() == 3 && g.conns.Load() == 1
		})
	}
	require.Equal(t, int64(1), there.proofs.Load(), "a neuron that has answered knows the key")
	m := n.server.Stats().Methods[predictPath]
	require.Equal(t, uint64(3), m.Served)
	require.Positive(t, m.Handling)
	var inBuckets uint64
	for _, b := range m.Latency {
		inBuckets += b
	}
	require.Equal(t, uint64(3), inBuckets)
}

// BenchmarkRefusal measures how long a caller waits for his refusal while the slots are held and others keep asking too.
func BenchmarkRefusal(b *testing.B) {
	leave := make(chan struct{})
	n := start(b, &textServer{before: func(ctx context.Context, _ *textv1.PredictRequest) error {
		select {
		case <-leave:
		case <-ctx.Done():
		}
		return nil
	}}, func(c *axon.Config) { c.Slots, c.MaxPerCaller = 1, 1 })
	var held sync.WaitGroup
	for range 2 {
		held.Go(func() { _, _ = n.predict(b.Context(), "x") })
	}
	for n.server.Stats().Queued == 0 {
		runtime.Gosched()
	}
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range 4 { // more would only measure the processor
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				began := time.Now()
				if _, err := n.predict(b.Context(), "x"); err == nil {
					b.Error("served")
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	close(leave)
	held.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "refusals/s")
}
