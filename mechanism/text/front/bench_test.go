package front_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gotensor/gotensor/mechanism/text/front"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// sink is a client that takes everything at once.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Flush()                      {}

func (s *sink) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkStream is the front's own cost of a streamed token, without network: a neuron in the same process, a client that takes all. One
// operation is one token.
func BenchmarkStream(b *testing.B) {
	const tokens = 1000
	for _, c := range []struct {
		name, fields string
		piece        *textv1.GenerateResponse
	}{
		{"plain", "", &textv1.GenerateResponse{Text: " token"}},
		{"logprobs", `"logprobs":true,"top_logprobs":5,`, &textv1.GenerateResponse{Text: " token", Logprobs: probs(-0.5)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			net := newNetwork(&neuron{script: append(many(tokens, event{piece: c.piece}), last("stop"))})
			net.quiet = true
			f, err := front.New(front.Config{Network: net})
			if err != nil {
				b.Fatal(err)
			}
			handler := f.Routes()[0].Handler
			body := []byte(`{"stream":true,` + c.fields + hello[1:])
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for done := tokens; ; done++ {
					if done == tokens {
						done = 0
						req, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, "/", bytes.NewReader(body))
						handler.ServeHTTP(&sink{header: http.Header{}}, req)
					}
					if !pb.Next() {
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkServed is the same over HTTP on the loopback, with a client that reads.
func BenchmarkServed(b *testing.B) {
	const tokens = 1000
	net := newNetwork(&neuron{script: append(many(tokens, event{piece: &textv1.GenerateResponse{Text: " token"}}), last("stop"))})
	net.quiet = true
	s := serve(b, front.Config{Network: net})
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += tokens {
		res, err := s.Client().Post(s.URL+"/v1/chat/completions", "application/json", strings.NewReader(`{"stream":true,`+hello[1:]))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}
