package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/openai"
)

// serve starts a server whose /v1/completions is handle.
func serve(t testing.TB, handle http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/completions", handle)
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data": [{"id": "first"}, {"id": "second"}]}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return b
}

func at(urls ...string) []openai.Server {
	out := make([]openai.Server, len(urls))
	for i, url := range urls {
		out[i] = openai.Server{URL: url}
	}
	return out
}

func predictor(t testing.TB, cfg openai.Config) *openai.Pool {
	t.Helper()
	cfg.Backoff = time.Millisecond
	p, err := openai.New(cfg)
	require.NoError(t, err)
	return p
}

func probabilities(p model.Prediction) map[string]float64 {
	out := map[string]float64{}
	for _, c := range p.Candidates {
		out[string(c.Text)] = math.Round(1e4*c.P) / 1e4
	}
	return out
}

func TestBothShapes(t *testing.T) {
	long := math.Exp(-6.0) + math.Exp(-7.0) // begin alike for 16 bytes
	for _, c := range []struct {
		name, file string
		words      bool
		k          int
		want       map[string]float64
		floor      float64
	}{
		{
			name: "llama.cpp", file: "llamacpp/predict.json", k: 6,
			want:  map[string]float64{" the": .628, " Earth": .0748, " a": .067, " our": .058, " earth": .0177, " this": .0115},
			floor: .143,
		},
		{
			name: "legacy", file: "vllm/predict.json", k: 64,
			want: map[string]float64{
				" the": .6005, ",": .1496, " a": .0302, "\xe2\x80": .0183, " antidisestablis": math.Round(1e4*long) / 1e4,
			},
			floor: 1 - math.Exp(-.51) - math.Exp(-1.9) - math.Exp(-3.5) - math.Exp(-4) - long,
		},
		{name: "fewer candidates than listed", file: "vllm/predict.json", k: 2, want: map[string]float64{" the": .6005, ",": .1496}, floor: .2499}, //nolint:gocritic // tokens begin with blanks
		{
			name: "at words", file: "vllm/predict.json", k: 2, words: true,
			want: map[string]float64{" the": .7595, " a": .0382}, floor: .2021,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var request map[string]any
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
					t.Error(err)
				}
				_, _ = w.Write(recorded(t, c.file))
			})
			p := predictor(t, openai.Config{Servers: []openai.Server{{URL: url, Model: "m"}}, AtWords: c.words})
			got, err := p.Predict(t.Context(), [][]byte{[]byte("The Rays of the Sun which fall upon")}, c.k)
			require.NoError(t, err)
			require.NoError(t, got[0].Check(c.k))
			require.Equal(t, c.want, probabilities(got[0]))
			require.InDelta(t, c.floor, got[0].Floor, 1e-3)
			require.Equal(t, map[string]any{
				"model": "m", "prompt": "The Rays of the Sun which fall upon", "max_tokens": 1., "temperature": 1., "logprobs": float64(c.k),
			}, request)
		})
	}
}

func TestFaults(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server sees that its client is gone only after the body
		<-r.Context().Done()
	}
	for _, c := range []struct {
		name     string
		handle   http.HandlerFunc
		err      error
		says     string
		attempts int32
	}{
		{"server error", status(500, `{"error": {"message": "out of memory"}}`), openai.ErrServer, "500 Internal Server Error: out of memory", 3},
		{"overloaded", status(429, "slow down"), openai.ErrServer, "429 Too Many Requests: slow down", 3},
		{"loading", status(503, `{"error": "Loading model"}`), openai.ErrServer, "Loading model", 3},
		{"hangs", hang, openai.ErrStalled, "deadline exceeded", 1},
		{"garbage", status(200, "<html>hello"), openai.ErrServer, "not the JSON", 3},
		{"empty", status(200, ""), openai.ErrServer, "not the JSON", 3},
		{"no choices", status(200, `{}`), openai.ErrServer, "no choices", 1},
		{"null logprobs", status(200, `{"choices": [{"text": "x", "logprobs": null}]}`), openai.ErrLogprobs, "--max-logprobs", 1},
		{"empty logprobs", status(200, `{"choices": [{"logprobs": {"content": [{"top_logprobs": []}]}}]}`), openai.ErrLogprobs, "--max-logprobs", 1},
		{"positive", status(200, `{"choices": [{"logprobs": {"top_logprobs": [{"a": 3}]}}]}`), openai.ErrLogprobs, "at most 0", 1},
		{"above one", status(200, `{"choices": [{"logprobs": {"top_logprobs": [{"a": -0.1, "b": -0.2}]}}]}`), openai.ErrLogprobs, "sum to", 1},
		{"bytes out of range", status(200, `{"choices": [{"logprobs": {"content": [{"top_logprobs": [{"bytes": [256]}]}]}}]}`), openai.ErrServer, "JSON", 3},
		{"too many logprobs", status(400, `{"message": "Requested sample logprobs of 64, maximum is 20"}`), openai.ErrLogprobs, "--max-logprobs", 1},
		{"wrong key", status(401, `{"error": {"message": "no"}}`), openai.ErrServer, "API key", 1},
		{"wrong path", status(404, ""), openai.ErrServer, "check the URL", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var attempts atomic.Int32
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				attempts.Add(1)
				c.handle(w, r)
			})
			p := predictor(t, openai.Config{Servers: []openai.Server{{URL: url, APIKey: "secret"}}, Timeout: 50 * time.Millisecond, WarmUp: 200 * time.Millisecond})
			_, err := p.Predict(t.Context(), [][]byte{[]byte("Once upon a")}, 64)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "secret")
			require.Equal(t, c.attempts, attempts.Load())
			require.ErrorIs(t, p.Probe(t.Context(), 64), c.err)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		server := httptest.NewServer(nil)
		server.Close()
		p := predictor(t, openai.Config{Servers: at(server.URL)})
		_, err := p.Predict(t.Context(), [][]byte{[]byte("x")}, 1)
		require.ErrorIs(t, err, openai.ErrServer)
		require.ErrorIs(t, p.Probe(t.Context(), 1), openai.ErrServer)
	})
}

func TestRecoversFromFaultsThatPass(t *testing.T) {
	var attempts atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch attempts.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		default:
			assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
			_, _ = w.Write(recorded(t, "llamacpp/predict.json"))
		}
	})
	p := predictor(t, openai.Config{Servers: []openai.Server{{URL: url + "/v1/", APIKey: "secret"}}})
	got, err := p.Predict(t.Context(), [][]byte{[]byte("Once upon a")}, 4)
	require.NoError(t, err)
	require.Len(t, got[0].Candidates, 4)
	require.EqualValues(t, 3, attempts.Load())
}

func TestDeadlineLeavesNoOpinion(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Prompt string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		if request.Prompt == "slow" {
			<-r.Context().Done()
			return
		}
		_, _ = w.Write(recorded(t, "llamacpp/predict.json"))
	})
	var logged bytes.Buffer
	p := predictor(t, openai.Config{Servers: []openai.Server{{URL: url, Parallel: 4}}, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	got, err := p.Predict(ctx, [][]byte{[]byte("fast"), []byte("slow"), []byte("fast"), nil}, 8)
	require.NoError(t, err, "the time of ctx was left unspent")
	require.NotEmpty(t, got[0].Candidates)
	require.Equal(t, model.NoOpinion(), got[1])
	require.NotEmpty(t, got[2].Candidates)
	require.Equal(t, model.NoOpinion(), got[3])
	require.Contains(t, logged.String(), "count=1")
	require.NoError(t, ctx.Err())

	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = p.Predict(ctx, [][]byte{[]byte("fast")}, 8)
	require.ErrorIs(t, err, context.Canceled)
}

func TestConcurrencyIsBounded(t *testing.T) {
	const parallel = 3
	var running, most atomic.Int32
	full := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		now := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		if now == parallel {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		<-full // the first ones wait until as many run as may
		_, _ = w.Write(recorded(t, "llamacpp/predict.json"))
	})
	p := predictor(t, openai.Config{Servers: []openai.Server{{URL: url, Parallel: parallel}}})
	contexts := make([][]byte, 20)
	for i := range contexts {
		contexts[i] = []byte("some text")
	}
	_, err := p.Predict(t.Context(), contexts, 8)
	require.NoError(t, err)
	require.EqualValues(t, parallel, most.Load())
}

func TestPrompts(t *testing.T) {
	var prompt string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Prompt string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		prompt = request.Prompt
		_, _ = w.Write(recorded(t, "llamacpp/predict.json"))
	})
	long := strings.Repeat("many words ", 400)
	for _, c := range []struct{ name, context, want string }{
		{"short", "ut of reach", "ut of reach"},
		{"cut in a character", "\x80\xa6 and more", " and more"},
		{"not UTF-8 inside", "a\xffb", "ab"},
		{"cut in a word", "ord " + strings.Repeat("word ", 30) + "end", strings.Repeat("word ", 30) + "end"},
		{"too long", long, long[len(long)-1024+1:]},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := predictor(t, openai.Config{Servers: at(url)}).Predict(t.Context(), [][]byte{[]byte(c.context)}, 4)
			require.NoError(t, err)
			require.Equal(t, c.want, prompt)
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]openai.Config{
		"no server":     {},
		"no URL":        {Servers: at("")},
		"no scheme":     {Servers: at("localhost:80")},
		"other scheme":  {Servers: at("ftp://localhost")},
		"query":         {Servers: at("http://localhost?key=1")},
		"many servers":  {Servers: make([]openai.Server, 65)},
		"many requests": {Servers: []openai.Server{{URL: "http://localhost", Parallel: 1000}}},
		"kind":          {Servers: []openai.Server{{URL: "http://localhost", Kind: "gpt"}}},
		"no attempts":   {Servers: at("http://localhost"), Attempts: -1},
		"no time":       {Servers: at("http://localhost"), Timeout: time.Nanosecond},
		"no first":      {Servers: at("http://localhost"), FirstToken: time.Nanosecond},
		"logprobs":      {Servers: at("http://localhost"), TopLogprobs: 5000},
		"prompt":        {Servers: at("http://localhost"), MaxPrompt: -1},
		"queue":         {Servers: at("http://localhost"), MaxQueued: -1},
		"name":          {Servers: at("http://localhost"), Name: strings.Repeat("x", 65)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openai.New(cfg)
			require.ErrorIs(t, err, openai.ErrConfig)
		})
	}
	_, err := predictor(t, openai.Config{Servers: at("http://localhost")}).Predict(t.Context(), nil, 0)
	require.ErrorIs(t, err, model.ErrRequest)
}

func TestProbeFindsTheModel(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Model string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Model != "first" {
			t.Error(request.Model, err)
		}
		_, _ = w.Write(recorded(t, "vllm/predict.json"))
	})
	p := predictor(t, openai.Config{Servers: at(url)})
	require.Equal(t, "openai", p.Name())
	require.NoError(t, p.Probe(t.Context(), 64))
	require.Equal(t, "first", p.Name())
	status := p.Status()[0]
	require.Equal(t, "first", status.Model)
	require.Equal(t, []string{"first", "second"}, status.Models)
	require.Equal(t, "up", status.State)
	require.Equal(t, openai.Generic, status.Kind)
}

func TestKeyIsNotLogged(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "cfg", openai.Config{Servers: []openai.Server{{URL: "http://user:pass@host", APIKey: "secret"}}})
	require.Contains(t, out.String(), "host")
	require.NotContains(t, out.String(), "secret")
	require.NotContains(t, out.String(), "pass@")
}

// Whatever a server answers, the prediction is one that validators accept, or there is an error.
func FuzzAnswer(f *testing.F) {
	f.Add(recorded(f, "llamacpp/predict.json"), true)
	f.Add(recorded(f, "vllm/predict.json"), false)
	f.Add([]byte(`{"choices": [{"logprobs": {"top_logprobs": [{"a": -0.1, " b": -9e999}]}}]}`), true)
	var answer atomic.Pointer[[]byte]
	client := &http.Client{Transport: transport(func() []byte { return *answer.Load() })}
	f.Fuzz(func(t *testing.T, body []byte, words bool) {
		answer.Store(&body)
		p, err := openai.New(openai.Config{Servers: at("http://model"), Attempts: 1, AtWords: words, Client: client})
		require.NoError(t, err)
		got, err := p.Predict(t.Context(), [][]byte{[]byte("text")}, 3)
		if err != nil {
			return
		}
		require.NoError(t, got[0].Check(3))
	})
}

type transport func() []byte

func (tr transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	_, err := w.Write(tr())
	response := w.Result()
	response.Request = r
	return response, err
}

func Example() {
	// A server of your own, for example llama.cpp's: llama-server -m model.gguf --port 8080
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"choices": [{"logprobs": {"top_logprobs": [{" time": -0.1, " hill": -3}]}}]}`)
	}))
	defer server.Close()
	p, err := openai.New(openai.Config{Servers: []openai.Server{{URL: server.URL, Model: "small"}}})
	if err != nil {
		panic(err)
	}
	predictions, err := p.Predict(context.Background(), [][]byte{[]byte("Once upon a")}, 64)
	if err != nil {
		panic(err)
	}
	for _, c := range predictions[0].Candidates {
		fmt.Printf("%.2f %q\n", c.P, c.Text)
	}
	fmt.Printf("%.2f none\n", predictions[0].Floor)
	// Output:
	// 0.05 " hill"
	// 0.90 " time"
	// 0.05 none
}
