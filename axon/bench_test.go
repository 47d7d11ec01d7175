package axon_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/gotensor/gotensor/axon"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// parrot answers with the first context.
type parrot struct {
	textv1.UnimplementedTextServer
}

func (parrot) Predict(_ context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	return &textv1.PredictResponse{Predictions: []*textv1.Prediction{{Arena: req.GetContexts()[0]}}}, nil
}

// BenchmarkQuery measures calls of 1 KB (and 100 KB) through axon and dendrite with proofs, both ends in this process, beside
// the same calls through grpc-go alone with TLS.
func BenchmarkQuery(b *testing.B) {
	ours := start(b, parrot{}, func(c *axon.Config) { c.MaxPerCaller, c.Slots = 2048, 64 })
	for _, way := range []struct {
		name   string
		client textv1.TextClient
	}{
		{"axon", textv1.NewTextClient(ours.client.To(ours.target))},
		{"bare", bareClient(b)},
	} {
		for _, size := range []int{1 << 10, 100 << 10} {
			for _, concurrency := range []int{1, 16, 256} {
				if size > 1<<10 && concurrency != 16 {
					continue
				}
				b.Run(fmt.Sprintf("%s/%dKB/conc=%d", way.name, size>>10, concurrency), func(b *testing.B) {
					benchCalls(b, way.client, size, concurrency)
				})
			}
		}
	}
}

func benchCalls(b *testing.B, client textv1.TextClient, size, concurrency int) {
	b.Helper()
	req := &textv1.PredictRequest{Contexts: [][]byte{make([]byte, size)}}
	_, err := client.Predict(b.Context(), req) // connect
	require.NoError(b, err)
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range concurrency {
		all.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(b.N) {
					return
				}
				began := time.Now()
				if _, err := client.Predict(b.Context(), req); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "q/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkConnect measures a new connection with its handshake, proof and first call.
func BenchmarkConnect(b *testing.B) {
	n := start(b, parrot{}, nil)
	for b.Loop() {
		c := newClient(b, n.key)
		_, err := textv1.NewTextClient(c.To(n.target)).Predict(b.Context(), &textv1.PredictRequest{Contexts: [][]byte{nil}})
		require.NoError(b, err)
		require.NoError(b, c.Close())
	}
}

func bareClient(b *testing.B) textv1.TextClient {
	b.Helper()
	cert := testCertificate(b)
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	textv1.RegisterTextServer(server, parrot{})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(lis) }()
	conn, err := grpc.NewClient("passthrough:///"+lis.Addr().String(), grpc.WithNoProxy(),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}))) //nolint:gosec // a yardstick, not a client
	require.NoError(b, err)
	b.Cleanup(func() {
		require.NoError(b, conn.Close())
		server.Stop()
		require.NoError(b, <-done)
	})
	return textv1.NewTextClient(conn)
}
