package dendrite_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

var (
	fanoutAxons = flag.Int("fanout-axons", 256, "BenchmarkFanout: axons to ask")
	fanoutBytes = flag.Int("fanout-bytes", 1<<10, "BenchmarkFanout: bytes of a query and of its answer")
)

// serveAxons is set in the process that serves for BenchmarkFanout, to the number of axons.
const serveAxons = "GOTENSOR_TEST_SERVE_AXONS"

// footprint is what a process holds after a garbage collection.
type footprint struct {
	Goroutines int
	Bytes      uint64 // of heap and stacks
}

func measure() footprint {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{runtime.NumGoroutine(), m.HeapInuse + m.StackInuse}
}

func (f footprint) since(before footprint, n int) (kb, goroutines float64) {
	return float64(int64(f.Bytes)-int64(before.Bytes)) / 1024 / float64(n), float64(f.Goroutines-before.Goroutines) / float64(n)
}

// TestServeAxons is no test but the other process of BenchmarkFanout: it writes its targets, then its footprint for every line it reads.
func TestServeAxons(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv(serveAxons), &n); err != nil {
		t.Skip("the serving process of BenchmarkFanout")
	}
	var targets []dendrite.Target
	for range n {
		targets = append(targets, startAxon(t, echo{}))
	}
	out := json.NewEncoder(os.Stdout)
	require.NoError(t, out.Encode(targets))
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		require.NoError(t, out.Encode(measure()))
	}
}

// serving is the other process as the benchmark holds it.
type serving struct {
	ask     func() footprint
	targets []dendrite.Target
}

func startServing(b *testing.B, axons int) serving {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestServeAxons$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", serveAxons, axons))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	answers := json.NewDecoder(out)
	var s serving
	require.NoError(b, answers.Decode(&s.targets))
	s.ask = func() footprint {
		_, err := in.Write([]byte("\n"))
		require.NoError(b, err)
		var f footprint
		require.NoError(b, answers.Decode(&f))
		return f
	}
	return s
}

// BenchmarkFanout measures rounds in which one client asks many axons of another process, each over a connection of its own, and what an
// idle connection costs either side.
func BenchmarkFanout(b *testing.B) {
	s := startServing(b, *fanoutAxons)
	client, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: testKey(b)})
	require.NoError(b, err)
	defer client.Close()
	req := &textv1.PredictRequest{Contexts: [][]byte{make([]byte, *fanoutBytes)}}
	var took []time.Duration
	round := func() time.Duration {
		began := time.Now()
		results := dendrite.Each(b.Context(), s.targets, 0, func(ctx context.Context, t dendrite.Target) (time.Duration, error) {
			began := time.Now()
			_, err := textv1.NewTextClient(client.To(t)).Predict(ctx, req)
			return time.Since(began), err
		})
		all := time.Since(began)
		for _, r := range results {
			require.NoError(b, r.Err)
			took = append(took, r.Value)
		}
		return all
	}
	ours, theirs := measure(), s.ask()
	cold := round()
	for b.Loop() {
		round()
	}
	slices.Sort(took)
	n := len(s.targets)
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "q/s")
	b.ReportMetric(float64(cold.Milliseconds()), "cold-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	kb, goroutines := measure().since(ours, n)
	b.ReportMetric(kb, "client-KB/conn")
	b.ReportMetric(goroutines, "client-goroutines/conn")
	kb, goroutines = s.ask().since(theirs, n)
	b.ReportMetric(kb, "server-KB/conn")
	b.ReportMetric(goroutines, "server-goroutines/conn")
}

// startAxon runs an axon that admits the validator until the test ends.
func startAxon(tb testing.TB, impl textv1.TextServer) dendrite.Target {
	tb.Helper()
	server, err := axon.New(axon.Config{
		ChainID: chainID, Certificate: certificate(tb), Callers: everyone{}, Policy: axon.PolicyProven, Slots: 4,
	})
	require.NoError(tb, err)
	server.Register(&textv1.Text_ServiceDesc, impl)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, lis) }()
	tb.Cleanup(func() {
		cancel()
		require.NoError(tb, <-ended)
	})
	return dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: server.SPKI()}
}
