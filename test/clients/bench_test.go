package clients_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// BenchmarkTokens compares a stream from the miner alone (gRPC over a proven connection) with the same through the front (HTTP,
// server-sent events). One operation is one token; miner, front and client share the machine.
func BenchmarkTokens(b *testing.B) {
	const tokens = 500
	said := fmt.Sprintf("write %d", tokens)
	for _, streams := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("miner/streams=%d", streams), func(b *testing.B) {
			g := start(b)
			client := textv1.NewTextClient(g.net.conn)
			load(b, streams, tokens, func() error {
				stream, err := client.Generate(context.Background(), &textv1.GenerateRequest{Prompt: said, MaxTokens: tokens + 1})
				for err == nil {
					_, err = stream.Recv()
				}
				if err == io.EOF { //nolint:errorlint // it is never wrapped
					return nil
				}
				return err
			})
		})
		b.Run(fmt.Sprintf("front/streams=%d", streams), func(b *testing.B) {
			g := start(b)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: streams}}
			body := fmt.Sprintf(`{"stream":true,"max_tokens":%d,"messages":[{"role":"user","content":%q}]}`, tokens+1, said)
			load(b, streams, tokens, func() error {
				res, err := client.Post(g.url+"/chat/completions", "application/json", strings.NewReader(body))
				if err != nil {
					return err
				}
				defer res.Body.Close()
				all, err := io.ReadAll(res.Body)
				if err == nil && !bytes.HasSuffix(all, []byte("data: [DONE]\n\n")) {
					err = fmt.Errorf("%d: %s", res.StatusCode, all[max(0, len(all)-200):])
				}
				return err
			})
			client.CloseIdleConnections()
		})
	}
}

// load makes streams of tokens until there are b.N tokens.
func load(b *testing.B, streams, tokens int, one func() error) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	left := make(chan struct{}, b.N/tokens+1)
	for range b.N/tokens + 1 {
		left <- struct{}{}
	}
	close(left)
	failed := make(chan error, streams)
	for range streams {
		go func() {
			for range left {
				if err := one(); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	for range streams {
		if err := <-failed; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64((b.N/tokens+1)*tokens)/b.Elapsed().Seconds(), "tokens/s")
}
