package axon_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// BenchmarkStreams measures a thousand streams at once of one caller, both ends in this process, over one connection and over many: an
// operation is one piece of one stream, as fast as they come.
func BenchmarkStreams(b *testing.B) {
	const streams = 1000
	for name, conns := range map[string]int{"conns=1": 1, "conns=16": 16} {
		b.Run(name, func(b *testing.B) {
			each := max(b.N/streams, 1)
			n := start(b, &textServer{write: func(_ question, out pieces) error {
				for range each {
					if err := out.Send(piece("token")); err != nil {
						return err
					}
				}
				return nil
			}}, func(c *axon.Config) { c.Slots = 1024 })
			clients := make([]*dendrite.Client, conns)
			for i := range clients {
				clients[i] = newClient(b, n.key)
				_, err := textv1.NewTextClient(clients[i].To(n.target)).Predict(b.Context(), &textv1.PredictRequest{}) // connect
				require.NoError(b, err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			began := time.Now()
			var all sync.WaitGroup
			for i := range streams {
				all.Go(func() {
					st, err := textv1.NewTextClient(clients[i%conns].To(n.target)).Generate(b.Context(), &textv1.GenerateRequest{})
					if err == nil {
						_, err = drain(st)
					}
					if err != nil {
						b.Error(err)
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(streams*each)/time.Since(began).Seconds(), "pieces/s")
		})
	}
}
