package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/logbook"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/openai"
)

const (
	greeting = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n"
	goodbye  = "data: {\"choices\":[{\"delta\":{\"content\":\" there\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
)

func stream(w http.ResponseWriter, parts ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, p := range parts {
		_, _ = w.Write([]byte(p))
		w.(http.Flusher).Flush()
	}
}

func hangs(r *http.Request) {
	_ = json.NewDecoder(r.Body).Decode(new(any)) // a server sees that its client is gone only after the body
	<-r.Context().Done()
}

func reset(t testing.TB, w http.ResponseWriter) {
	t.Helper()
	conn, _, err := http.NewResponseController(w).Hijack()
	if assert.NoError(t, err) {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// refusing is the URL of a port where nobody listens.
func refusing(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(nil)
	server.Close()
	return server.URL
}

// TestFaultsBeforeAndAfterTheFirstToken has a bad server and a good one behind a pool, and shows what the caller sees of each fault.
func TestFaultsBeforeAndAfterTheFirstToken(t *testing.T) {
	for _, c := range []struct {
		name  string
		bad   func(t *testing.T, w http.ResponseWriter, r *http.Request)
		text  string
		state string // of the bad server afterwards
		err   error
	}{
		{"reset", func(t *testing.T, w http.ResponseWriter, _ *http.Request) { t.Helper(); reset(t, w) }, "hello there", "unknown", nil},
		{"429", func(_ *testing.T, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
		}, "hello there", "up", nil},
		{"500", func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "hello there", "unknown", nil},
		{"503 while loading", func(t *testing.T, w http.ResponseWriter, _ *http.Request) {
			t.Helper()
			w.WriteHeader(503)
			_, _ = w.Write(recorded(t, "llamacpp/loading.json"))
		}, "hello there", "up", nil},
		{"wrong key", func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, "hello there", "up", nil},
		{"hangs before the answer", func(_ *testing.T, _ http.ResponseWriter, r *http.Request) { hangs(r) }, "hello there", "down", nil},
		{"hangs before the first token", func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			stream(w, greeting[:strings.Index(greeting, "\n\n")+2], ": still here\n\n")
			hangs(r)
		}, "hello there", "down", nil},
		{"garbage", func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { stream(w, "data: <html>\n\n") }, "hello there", "unknown", nil},
		{"truncated before the first token", func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { stream(w, ": hello\n\n") }, "hello there", "unknown", nil},
		{"hangs between tokens", func(_ *testing.T, w http.ResponseWriter, r *http.Request) { stream(w, greeting); hangs(r) }, "hello", "down", openai.ErrStalled},
		{"truncated between tokens", func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { stream(w, greeting) }, "hello", "unknown", openai.ErrServer},
		{"reset between tokens", func(t *testing.T, w http.ResponseWriter, _ *http.Request) {
			t.Helper()
			stream(w, greeting)
			reset(t, w)
		}, "hello", "unknown", openai.ErrServer},
		{"garbage between tokens", func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { stream(w, greeting, "data: {\n\n") }, "hello", "unknown", openai.ErrServer},
		{"hangs after the end", func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			stream(w, greeting, strings.Split(goodbye, "data: [DONE]")[0])
			hangs(r)
		}, "hello there", "up", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bad := serveChat(t, func(w http.ResponseWriter, r *http.Request) { c.bad(t, w, r) })
			good := serveChat(t, func(w http.ResponseWriter, _ *http.Request) { stream(w, greeting, goodbye) })
			p := predictor(t, openai.Config{Servers: at(bad, good), FirstToken: time.Second, NextToken: time.Second, Cooldown: time.Minute})
			got, err := generate(t, p, chat("Hi"))
			require.Equal(t, c.text, got.text)
			require.Equal(t, c.state, p.Status()[0].State)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
		})
	}
	t.Run("refused", func(t *testing.T) {
		good := serveChat(t, func(w http.ResponseWriter, _ *http.Request) { stream(w, greeting, goodbye) })
		p := predictor(t, openai.Config{Servers: at(refusing(t), good), Cooldown: time.Minute})
		got, err := generate(t, p, chat("Hi"))
		require.NoError(t, err)
		require.Equal(t, "hello there", got.text)
		require.Equal(t, "down", p.Status()[0].State)
	})
	t.Run("nobody is left", func(t *testing.T) {
		p := predictor(t, openai.Config{Servers: at(refusing(t), refusing(t)), Cooldown: time.Minute})
		_, err := generate(t, p, chat("Hi"))
		require.ErrorIs(t, err, openai.ErrServer)
		require.NotErrorIs(t, err, model.ErrBusy)
		_, err = generate(t, p, chat("Hi"))
		require.ErrorContains(t, err, "none of the 2 is up")
	})
}

// A slow server is no fault while each token comes in time, though all of them take longer than one may.
func TestSlowIsNotHung(t *testing.T) {
	url := serveChat(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w, greeting)
		for range 12 {
			select { // a token's pace, not a wait for something
			case <-time.After(50 * time.Millisecond):
			case <-r.Context().Done():
			}
			stream(w, greeting)
		}
		stream(w, goodbye)
	})
	p := predictor(t, openai.Config{Servers: at(url), NextToken: 500 * time.Millisecond})
	got, err := generate(t, p, chat("Hi"))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("hello", 13)+" there", got.text)
}

// The time that our own caller takes is not the server's.
func TestSlowReaderIsNotTheServersFault(t *testing.T) {
	url := serveChat(t, func(w http.ResponseWriter, _ *http.Request) { stream(w, greeting, goodbye) })
	p := predictor(t, openai.Config{Servers: at(url), FirstToken: time.Second, NextToken: 300 * time.Millisecond})
	require.NoError(t, p.Generate(t.Context(), chat("Hi"), func(model.Piece) error {
		time.Sleep(400 * time.Millisecond) // the slow reader itself
		return nil
	}))
}

func TestCallerGoesAway(t *testing.T) {
	freed := make(chan struct{})
	url := serveChat(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w, greeting)
		hangs(r)
		close(freed)
	})
	p := predictor(t, openai.Config{Servers: at(url)})
	ctx, cancel := context.WithCancel(t.Context())
	err := p.Generate(ctx, chat("Hi"), func(piece model.Piece) error {
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	<-freed
	require.Equal(t, "unknown", p.Status()[0].State, "which says nothing about the server")

	full := fmt.Errorf("no room for a piece")
	url = serveChat(t, func(w http.ResponseWriter, _ *http.Request) { stream(w, greeting, goodbye) })
	p = predictor(t, openai.Config{Servers: at(url)})
	require.ErrorIs(t, p.Generate(t.Context(), chat("Hi"), func(model.Piece) error { return full }), full)
}

func TestBusyServersAreWaitedForOrTold(t *testing.T) {
	var asked atomic.Int32
	after := "1"
	url := serveChat(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		stream(w, greeting, goodbye)
	})
	start := time.Now()
	_, err := generate(t, predictor(t, openai.Config{Servers: at(url)}), chat("Hi"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(start), time.Second)

	asked.Store(0)
	after = "60"
	_, err = generate(t, predictor(t, openai.Config{Servers: at(url)}), chat("Hi"))
	require.ErrorIs(t, err, model.ErrBusy)
	var told *openai.BusyError
	require.ErrorAs(t, err, &told)
	require.Equal(t, time.Minute, told.Retry)
	require.EqualValues(t, 1, asked.Load())
}

func TestQueueIsBounded(t *testing.T) {
	let, arrived := make(chan struct{}), make(chan struct{}, 10)
	url := serveChat(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-let
		stream(w, greeting, goodbye)
	})
	p := predictor(t, openai.Config{Servers: at(url), MaxQueued: 2})
	results := make(chan error, 4)
	call := func() {
		_, err := generate(t, p, chat("Hi"))
		results <- err
	}
	go call()
	<-arrived
	for range 3 { // two wait, one is refused, whichever comes last
		go call()
	}
	err := <-results
	require.ErrorIs(t, err, model.ErrBusy)
	require.ErrorContains(t, err, "2 requests wait already")
	close(let)
	for range 3 {
		require.NoError(t, <-results)
	}

	// Who waits can give up, and leaves no hole.
	let = make(chan struct{})
	go call()
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.Generate(ctx, chat("Hi"), func(model.Piece) error { return nil }), context.DeadlineExceeded)
	close(let)
	require.NoError(t, <-results)
	require.Zero(t, p.Status()[0].Running)
}

func TestLeastLoadedIsChosen(t *testing.T) {
	const calls = 12
	var mu sync.Mutex
	running, most := map[string]int{}, map[string]int{}
	all := make(chan struct{})
	server := func(name string) string {
		return serveChat(t, func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			running[name]++
			most[name] = max(most[name], running[name])
			if running["small"]+running["large"] == calls {
				close(all)
			}
			mu.Unlock()
			<-all
			stream(w, greeting, goodbye)
		})
	}
	p := predictor(t, openai.Config{Servers: []openai.Server{{URL: server("small"), Parallel: 3}, {URL: server("large"), Parallel: 9}}})
	require.Equal(t, calls, p.Parallel())
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			_, err := generate(t, p, chat("Hi"))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	require.Equal(t, map[string]int{"small": 3, "large": 9}, most)
}

func TestServerComesBack(t *testing.T) {
	var ill atomic.Bool
	ill.Store(true)
	url := serveChat(t, func(w http.ResponseWriter, _ *http.Request) {
		if ill.Load() {
			w.WriteHeader(500)
			return
		}
		stream(w, greeting, goodbye)
	})
	var log bytes.Buffer
	p := predictor(t, openai.Config{Servers: at(url), Cooldown: 20 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	_, err := generate(t, p, chat("Hi"))
	require.ErrorIs(t, err, openai.ErrServer)
	require.NotEqual(t, "up", p.Status()[0].State)
	ill.Store(false)
	require.Eventually(t, func() bool {
		_, err := generate(t, p, chat("Hi"))
		return err == nil
	}, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, "up", p.Status()[0].State)
	require.Contains(t, log.String(), "left alone")
	require.Contains(t, log.String(), "is back")
}

func TestPredictUsesAllServers(t *testing.T) {
	var counts [2]atomic.Int32
	urls := make([]string, 2)
	for i := range urls {
		urls[i] = serve(t, func(w http.ResponseWriter, _ *http.Request) {
			counts[i].Add(1)
			_, _ = w.Write(recorded(t, "llamacpp/predict.json"))
		})
	}
	p := predictor(t, openai.Config{Servers: at(urls[0], urls[1], refusing(t))})
	contexts := make([][]byte, 30)
	for i := range contexts {
		contexts[i] = []byte("some text")
	}
	got, err := p.Predict(t.Context(), contexts, 8)
	require.NoError(t, err)
	for i := range got {
		require.NotEmpty(t, got[i].Candidates, "the server that is gone costs no answer")
	}
	require.Positive(t, counts[0].Load())
	require.Positive(t, counts[1].Load())
}

func TestAnywhere(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "vllm/predict.json")) })
	p := predictor(t, openai.Config{Servers: at(url), AtWords: true})
	got, err := p.Predict(model.WithAnywhere(t.Context()), [][]byte{[]byte("upon")}, 64)
	require.NoError(t, err)
	require.Contains(t, probabilities(got[0]), ",", "no blank is believed in")
}

// A server that lets the deadlines of callers pass, which are shorter than its own, is left alone after three of them.
func TestHangsWithinCallersDeadlines(t *testing.T) {
	hung := serve(t, func(_ http.ResponseWriter, r *http.Request) { hangs(r) })
	good := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "llamacpp/predict.json")) })
	p := predictor(t, openai.Config{Servers: at(hung, good), Timeout: time.Second, Cooldown: time.Minute})
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
		got, err := p.Predict(ctx, [][]byte{[]byte("one"), []byte("two")}, 4)
		cancel()
		require.NoError(t, err)
		require.Len(t, got, 2)
	}
	require.Equal(t, "down", p.Status()[0].State)
	got, err := p.Predict(t.Context(), [][]byte{[]byte("one"), []byte("two")}, 4)
	require.NoError(t, err)
	require.NotEmpty(t, got[0].Candidates)
	require.NotEmpty(t, got[1].Candidates)
}

func TestWrongKeyIsNotAskedForever(t *testing.T) {
	var asked atomic.Int32
	url := serveChat(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	})
	p := predictor(t, openai.Config{Servers: at(url), Cooldown: time.Minute})
	for range 5 {
		_, err := generate(t, p, chat("Hi"))
		require.ErrorContains(t, err, "check the API key")
	}
	require.EqualValues(t, 3, asked.Load())
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { stream(w, greeting, goodbye) }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	p := predictor(t, openai.Config{Servers: at(server.URL)})
	for range 20 {
		_, err := generate(t, p, chat("Hi"))
		require.NoError(t, err)
	}
	require.LessOrEqual(t, opened.Load(), int32(10), "of 20")
}

// TestBurstOfFailures: requests that fail together leave the server alone for one pause, not for one that doubles with each of them.
func TestBurstOfFailures(t *testing.T) {
	log := &logbook.Book{}
	bad := serveChat(t, func(w http.ResponseWriter, r *http.Request) { hangs(r) })
	p := predictor(t, openai.Config{
		Servers: []openai.Server{{URL: bad, Parallel: 16}}, Attempts: 1, FirstToken: 50 * time.Millisecond, NextToken: 50 * time.Millisecond, Cooldown: time.Minute, Logger: log.Logger(),
	})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			_, err := generate(t, p, chat("Hi"))
			assert.Error(t, err)
		})
	}
	all.Wait()
	require.Equal(t, "down", p.Status()[0].State)
	require.Equal(t, 1, log.Count("is left alone"))
}
