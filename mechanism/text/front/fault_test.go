package front_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/front"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

func word(s string) event { return event{piece: &textv1.GenerateResponse{Text: s}} }

func many(n int, e event) []event {
	out := make([]event, n)
	for i := range out {
		out[i] = e
	}
	return out
}

// TestBeforeFirstPiece: until an answer has begun, an error is one of HTTP, streamed or not.
func TestBeforeFirstPiece(t *testing.T) {
	lone := func(n *neuron) *network { return newNetwork(n) }
	for _, c := range []struct {
		name   string
		net    *network
		status int
		code   string
		retry  string
		words  string
	}{
		{"no neuron", &network{err: fmt.Errorf("%w: all down", mechanism.ErrNoNeuron)}, 503, "no_neuron", "5", "no neuron that is up"},
		{"unknown model", &network{err: mechanism.ErrUnknownModel}, 404, "model_not_found", "", "GET /v1/models"},
		{"overloaded", lone(&neuron{refuses: &dendrite.Error{Kind: dendrite.ErrOverloaded, RetryAfter: 3 * time.Second}}), 503, "overloaded", "3", "busy"},
		{"overloaded for ever", lone(&neuron{refuses: &dendrite.Error{Kind: dendrite.ErrOverloaded, RetryAfter: time.Hour}}), 503, "overloaded", "60", "busy"},
		{"unreachable", lone(&neuron{refuses: &dendrite.Error{Kind: dendrite.ErrUnreachable}}), 502, "upstream_failed", "", "failed"},
		{"deadline", &network{err: context.DeadlineExceeded}, 504, "deadline_exceeded", "", "deadline"},
		{"deadline of a neuron", lone(&neuron{refuses: &dendrite.Error{Kind: dendrite.ErrDeadline}}), 504, "deadline_exceeded", "", "deadline"},
		{"refused", lone(&neuron{refuses: refusal(codes.InvalidArgument, "too \x1b[31mlong")}), 400, "refused_by_neuron", "", "too ?[31mlong"},
		{"breaks", lone(&neuron{script: []event{{err: refusal(codes.Unavailable, "at 10.0.0.1:8091")}}}), 502, "upstream_failed", "", "failed"},
		{"sealed", lone(&neuron{refuses: &dendrite.Error{Kind: dendrite.ErrSealed}}), 403, "predictions_sealed", "", "--at-once with the hotkey of this gateway"},
		{"nothing at all", lone(&neuron{}), 502, "upstream_failed", "", "no sense"},
		{"empty pieces without end", lone(&neuron{script: many(100_000, word(""))}), 502, "upstream_failed", "", "no sense"},
		{"unknown finish", lone(&neuron{script: []event{last("bored")}}), 502, "upstream_failed", "", "no sense"},
		{"a tool nobody gave", lone(&neuron{script: []event{{piece: &textv1.GenerateResponse{ToolCallsJson: []byte(`[{"function":{"name":"rm"}}]`)}}}}), 502, "upstream_failed", "", "no sense"},
		{"tool_calls without any", lone(&neuron{script: []event{last("tool_calls")}}), 502, "upstream_failed", "", "no sense"},
		{"too much at once", lone(&neuron{script: []event{word(strings.Repeat("a", 1024*64+1025))}}), 502, "upstream_failed", "", "no sense"},
	} {
		for _, mode := range []string{"whole", "stream"} {
			t.Run(c.name+"/"+mode, func(t *testing.T) {
				var log strings.Builder
				s := serve(t, front.Config{Network: c.net, Log: slog.New(slog.NewTextHandler(&log, nil))})
				body := hello
				if mode == "stream" {
					body = `{"stream":true,` + hello[1:]
				}
				r := post(t, s, "/v1/chat/completions", body)
				require.Equal(t, c.status, r.status, r.body)
				require.Equal(t, "application/json", r.header.Get("Content-Type"))
				require.Contains(t, r.body, `"code":"`+c.code+`"`)
				require.Contains(t, r.body, c.words)
				require.Equal(t, c.retry, r.header.Get("Retry-After"))
				require.NotContains(t, r.body, "10.0.0.1", "addresses of neurons stay here")
				require.Zero(t, c.net.running)
			})
		}
	}
}

// TestAfterFirstPiece: a stream that has begun ends with an error event and without [DONE]; a whole answer fails.
func TestAfterFirstPiece(t *testing.T) {
	nan := []*textv1.TokenLogprob{{Token: []byte("a"), Logprob: math.NaN()}}
	for _, c := range []struct {
		name   string
		script []event
		kind   error // how the lease ends
		words  string
	}{
		{"breaks", []event{word("a"), {err: refusal(codes.Unavailable, "reset by 10.0.0.1")}}, nil, "the neurons that were asked failed; try again"},
		{"stalls", []event{word("a"), {stall: true}}, mechanism.ErrStalled, "the neuron stopped in the middle of its answer; try again"},
		{"never finishes", []event{word("a")}, mechanism.ErrBadAnswer, "the neuron's answer made no sense; try again"},
		{"writes for ever", many(1<<20, word(strings.Repeat("a", 1000))), mechanism.ErrBadAnswer, "the neuron's answer made no sense; try again"},
		{"empty for ever", append([]event{word("a")}, many(1<<20, word(""))...), mechanism.ErrBadAnswer, "the neuron's answer made no sense; try again"},
		{"no number", []event{word("a"), {piece: &textv1.GenerateResponse{Text: "b", Logprobs: nan}}}, mechanism.ErrBadAnswer, "the neuron's answer made no sense; try again"},
		{"no JSON", []event{word("a"), {piece: &textv1.GenerateResponse{ToolCallsJson: []byte(`[{"index":0`)}}}, mechanism.ErrBadAnswer, "the neuron's answer made no sense; try again"},
		{"unknown finish", []event{word("a"), last("tired")}, mechanism.ErrBadAnswer, "the neuron's answer made no sense; try again"},
	} {
		const body = `"logprobs":true,"tools":[{"type":"function","function":{"name":"look"}}],`
		t.Run(c.name+"/stream", func(t *testing.T) {
			net := newNetwork(&neuron{script: c.script})
			r := post(t, serve(t, front.Config{Network: net}), "/v1/chat/completions", `{"stream":true,`+body+hello[1:])
			require.Equal(t, 200, r.status)
			require.Contains(t, r.body, `"delta":{"content":"a`)
			require.True(t, strings.HasSuffix(r.body, "\n\ndata: {\"error\":{\"message\":\""+c.words+"\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_failed\"}}\n\n"), last500(r.body))
			require.NotContains(t, r.body, "[DONE]")
			requireKind(t, c.kind, net.end(t))
		})
		t.Run(c.name+"/whole", func(t *testing.T) {
			net := newNetwork(&neuron{script: c.script})
			r := post(t, serve(t, front.Config{Network: net}), "/v1/chat/completions", `{`+body+hello[1:])
			require.Equal(t, 502, r.status)
			require.Contains(t, r.body, c.words)
			requireKind(t, c.kind, net.end(t))
		})
	}
}

func last500(s string) string { return s[max(0, len(s)-500):] }

func requireKind(t *testing.T, want, got error) {
	t.Helper()
	require.Error(t, got)
	if want != nil {
		require.ErrorIs(t, got, want)
	}
}

// TestRetries: garbage as the first piece costs the caller nothing while there is another neuron.
func TestRetries(t *testing.T) {
	net := newNetwork(&neuron{script: []event{last("bored")}}, parrot("hello"))
	r := post(t, serve(t, front.Config{Network: net}), "/v1/chat/completions", hello)
	require.Equal(t, 200, r.status)
	require.Equal(t, "8", r.header.Get("Gt-Uid"))
	require.Equal(t, "2", r.header.Get("Gt-Tried"))
}

// TestAfterLastPiece: what comes after the end is not the caller's concern.
func TestAfterLastPiece(t *testing.T) {
	for _, c := range []struct {
		name  string
		after event
		bad   bool
	}{
		{"more text", word("and"), true},
		{"never ends", event{hang: true}, false},
		{"breaks", event{err: refusal(codes.Unavailable, "")}, false},
	} {
		for _, mode := range []string{"whole", "stream"} {
			t.Run(c.name+"/"+mode, func(t *testing.T) {
				net := newNetwork(&neuron{script: append(says("hello"), c.after)})
				body := hello
				if mode == "stream" {
					body = `{"stream":true,` + hello[1:]
				}
				r := post(t, serve(t, front.Config{Network: net}), "/v1/chat/completions", body)
				require.Equal(t, 200, r.status)
				require.NotContains(t, r.body, "and")
				require.NotContains(t, r.body, `"error"`)
				err := net.end(t)
				if c.bad {
					require.ErrorIs(t, err, mechanism.ErrBadAnswer)
				} else {
					require.NoError(t, err)
				}
			})
		}
	}
}

// TestClientLeaves: the neuron is let go at once and is not to blame.
func TestClientLeaves(t *testing.T) {
	for _, mode := range []string{"whole", "stream"} {
		t.Run(mode, func(t *testing.T) {
			begun := make(chan struct{})
			net := newNetwork(&neuron{script: []event{word("a"), {hang: true}}})
			s := serveWith(t, front.Config{Network: net}, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { close(begun); h.ServeHTTP(w, r) })
			})
			body := hello
			if mode == "stream" {
				body = `{"stream":true,` + hello[1:]
			}
			ctx, cancel := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/v1/chat/completions", strings.NewReader(body))
			require.NoError(t, err)
			go func() {
				res, err := s.Client().Do(req)
				if err == nil {
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			}()
			<-begun
			require.Eventually(t, func() bool { net.mu.Lock(); defer net.mu.Unlock(); return net.running == 1 }, 10*time.Second, time.Millisecond)
			cancel()
			require.ErrorIs(t, net.end(t), context.Canceled)
		})
	}
}

// TestDeadline: a request as a whole is bounded in time.
func TestDeadline(t *testing.T) {
	net := newNetwork(&neuron{script: []event{word("a"), {hang: true}}})
	s := serve(t, front.Config{Network: net, Deadline: 50 * time.Millisecond})
	r := post(t, s, "/v1/chat/completions", hello)
	require.Equal(t, 504, r.status)
	require.ErrorIs(t, net.end(t), context.DeadlineExceeded)
	r = post(t, s, "/v1/chat/completions", `{"stream":true,`+hello[1:])
	require.Equal(t, 200, r.status)
	require.Contains(t, r.body, `data: {"error":{"message":"the answer took longer than the deadline`)
	require.NotContains(t, r.body, "[DONE]")
}

// TestDrip: a neuron that begins at once and then gives next to nothing until the deadline has failed, and the network hears so.
func TestDrip(t *testing.T) {
	net := newNetwork(&neuron{script: []event{word("a"), {hang: true}}})
	s := serve(t, front.Config{Network: net, Deadline: 600 * time.Millisecond})
	for _, body := range []string{hello, `{"stream":true,` + hello[1:]} {
		require.Contains(t, post(t, s, "/v1/chat/completions", body).body, "longer than the deadline")
		require.ErrorIs(t, net.end(t), mechanism.ErrStalled)
	}
}

// TestDripIsNoticedBeforeTheDeadline: a piece now and then keeps a neuron from being given up as silent, but not for long.
func TestDripIsNoticedBeforeTheDeadline(t *testing.T) {
	net := newNetwork(&neuron{script: many(30, event{piece: word("a").piece, after: 600 * time.Millisecond})})
	s := serve(t, front.Config{Network: net, Patience: 300 * time.Millisecond})
	require.Contains(t, post(t, s, "/v1/chat/completions", `{"stream":true,`+hello[1:]).body, "stopped in the middle")
	require.ErrorIs(t, net.end(t), mechanism.ErrStalled)
}

// TestSlowReaderBlamesNobody: a neuron that gives up because the client did not read is not to blame, one that only says so is.
func TestSlowReaderBlamesNobody(t *testing.T) {
	gaveUp := event{err: &dendrite.Error{Kind: dendrite.ErrDeadline, Reason: synapse.ReasonSlowReader}}
	t.Run("behind", func(t *testing.T) {
		net := newNetwork(&neuron{script: append(many(600, word(strings.Repeat("a", 60))), gaveUp)})
		c := narrow(t, front.Config{Network: net})
		last := -1
		require.Eventually(t, func() bool { // until no piece gets through any more
			net.mu.Lock()
			defer net.mu.Unlock()
			was := last
			last = net.touched
			return was > 0 && was == last
		}, 10*time.Second, 100*time.Millisecond)
		go func() { _, _ = io.Copy(io.Discard, c) }() // until the test ends
		require.ErrorIs(t, net.end(t), context.Canceled)
	})
	t.Run("not behind", func(t *testing.T) {
		net := newNetwork(&neuron{script: []event{word("a"), gaveUp}})
		post(t, serve(t, front.Config{Network: net}), "/v1/chat/completions", `{"stream":true,`+hello[1:])
		require.ErrorIs(t, net.end(t), dendrite.ErrDeadline)
	})
}

// TestOneOfSeveralFails: half an answer is none.
func TestOneOfSeveralFails(t *testing.T) {
	net := newNetwork(&neuron{script: []event{word("a"), {err: errors.New("gone")}}})
	r := post(t, serve(t, front.Config{Network: net}), "/v1/chat/completions", `{"n":4,`+hello[1:])
	require.Equal(t, 502, r.status)
	require.Zero(t, net.running)
}

// TestPing: a silent stream says that it lives, before the first piece and between pieces.
func TestPing(t *testing.T) {
	first, second := make(chan struct{}), make(chan struct{})
	net := newNetwork(&neuron{script: append([]event{{piece: &textv1.GenerateResponse{Text: "a"}, wait: first}, {piece: &textv1.GenerateResponse{Text: "b"}, wait: second}}, last("stop"))})
	s := serve(t, front.Config{Network: net, Ping: 5 * time.Millisecond})
	res, err := s.Client().Post(s.URL+"/v1/chat/completions", "application/json", strings.NewReader(`{"stream":true,`+hello[1:]))
	require.NoError(t, err)
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	until := func(want string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		require.Fail(t, "the stream ended", "without %s", want)
	}
	until(": ping")
	until(": ping")
	close(first)
	until(`"content":"a"`)
	until(": ping")
	close(second)
	until(`"content":"b"`)
	until("[DONE]")
}

// TestClientDoesNotRead: its neuron is not to blame while it waits, and the stream ends when its patience does.
func TestClientDoesNotRead(t *testing.T) {
	net := newNetwork(&neuron{script: append(many(4000, word(strings.Repeat("a", 60))), last("stop"))})
	narrow(t, front.Config{Network: net, WriteTimeout: 700 * time.Millisecond})
	require.ErrorIs(t, net.end(t), context.Canceled)
	require.Positive(t, net.touched)
}

// narrow asks for a long stream over a connection that holds little, and reads none of it.
func narrow(t *testing.T, cfg front.Config) net.Conn {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	f, err := front.New(cfg)
	require.NoError(t, err)
	s.Config.Handler = f.Routes()[0].Handler
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10) //nolint:forcetypeassert // it is one
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c, err := dial(s.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	body := `{"stream":true,"max_tokens":4096,` + hello[1:]
	_, err = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	require.NoError(t, err)
	return c
}

// dial connects with the smallest receive window.
func dial(addr string) (net.Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err == nil {
		err = c.(*net.TCPConn).SetReadBuffer(4 << 10) //nolint:forcetypeassert // it is one
	}
	return c, err
}
