package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/openai"
)

func TestProbeKnowsKinds(t *testing.T) {
	for _, c := range []struct {
		name     string
		files    map[string]string
		kind     openai.Kind
		model    string
		title    string
		parallel int
	}{
		{
			"llama.cpp",
			map[string]string{"/v1/models": "llamacpp/models.json", "/v1/completions": "llamacpp/predict.json"},
			openai.LlamaCpp, "/models/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_1", 1,
		},
		{
			"vLLM",
			map[string]string{"/v1/models": "vllm/models.json", "/v1/completions": "vllm/predict.json"},
			openai.VLLM, "Qwen/Qwen2.5-1.5B-Instruct", "Qwen/Qwen2.5-1.5B-Instruct", 16,
		},
		{
			"Ollama",
			map[string]string{"/v1/models": "ollama/models.json", "/api/version": "ollama/version.json", "/api/generate": "ollama/predict.json"},
			openai.Ollama, "llama3.2:1b", "llama3.2:1b", 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReplay(t, c.files)
			p := predictor(t, openai.Config{Servers: at(r.URL)})
			require.Equal(t, "unknown", p.Status()[0].State)
			require.NoError(t, p.Probe(t.Context(), 64))
			s := p.Status()[0]
			require.Equal(t, c.kind, s.Kind)
			require.Equal(t, c.model, s.Model)
			require.Equal(t, c.title, p.Name())
			require.Equal(t, c.parallel, p.Parallel())
			require.Equal(t, "up", s.State)
			if c.kind == openai.Ollama {
				require.InDelta(t, 20, r.request(t, "/api/generate")["top_logprobs"], 0, "the most that Ollama gives")
				got, err := p.Predict(t.Context(), [][]byte{[]byte("Once upon a")}, 64)
				require.NoError(t, err)
				require.Equal(t, map[string]float64{" time": .6065, " night": .1054}, probabilities(got[0]))
			}
		})
	}
}

func TestSlotsOfLlamaCpp(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "llamacpp/models.json")) })
	mux.HandleFunc("POST /v1/completions", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "llamacpp/predict.json")) })
	mux.HandleFunc("GET /props", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"total_slots":4}`)) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p := predictor(t, openai.Config{Servers: at(server.URL)})
	require.NoError(t, p.Probe(t.Context(), 4))
	require.Equal(t, 4, p.Parallel())
	p = predictor(t, openai.Config{Servers: []openai.Server{{URL: server.URL, Parallel: 2}}})
	require.NoError(t, p.Probe(t.Context(), 4))
	require.Equal(t, 2, p.Parallel(), "what the operator says goes first")
}

func TestProbeWaitsWhileAServerLoads(t *testing.T) {
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write(recorded(t, "llamacpp/loading.json"))
			return
		}
		_, _ = w.Write(recorded(t, "llamacpp/models.json"))
	})
	mux.HandleFunc("POST /v1/completions", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "llamacpp/predict.json")) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var log bytes.Buffer
	p := predictor(t, openai.Config{Servers: at(server.URL), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, p.Probe(t.Context(), 4))
	require.Contains(t, log.String(), "Loading model")
	require.Contains(t, log.String(), "is ready")
}

func TestProbeTakesWhatVLLMGives(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Logprobs int }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Logprobs > 20 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write(recorded(t, "vllm/maxlogprobs.json"))
			return
		}
		_, _ = w.Write(recorded(t, "vllm/predict.json"))
	})
	var log bytes.Buffer
	p := predictor(t, openai.Config{Servers: at(url), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, p.Probe(t.Context(), 64))
	require.Contains(t, log.String(), "--max-logprobs")
	_, err := p.Predict(t.Context(), [][]byte{[]byte("Once upon a")}, 512)
	require.NoError(t, err)
}

// One server that will do is enough to start; the other is taken in as soon as it answers.
func TestRunFindsWhoIsBackAndHowBusyItIs(t *testing.T) {
	var gone atomic.Bool
	metrics := recorded(t, "vllm/metrics.txt")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "vllm/models.json")) })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(metrics) })
	mux.HandleFunc("POST /v1/completions", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "vllm/predict.json")) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	client := &http.Client{Transport: door{&gone, server.Client().Transport}}
	other := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "vllm/predict.json")) })
	gone.Store(true)
	p := predictor(t, openai.Config{Servers: at("http://gone.invalid", other), Client: &http.Client{Transport: route{client.Transport, server.URL}}, ProbeEvery: 10 * time.Millisecond, Cooldown: time.Minute})
	require.NoError(t, p.Probe(t.Context(), 4), "one will do")
	require.Equal(t, "down", p.Status()[0].State)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	gone.Store(false)
	require.Eventually(t, func() bool { return p.Status()[0].State == "up" }, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return p.Status()[0].Others == 5 }, 5*time.Second, time.Millisecond, "3 run, 2 wait")
	require.Equal(t, openai.VLLM, p.Status()[0].Kind)

	gone.Store(true)
	require.Eventually(t, func() bool { return p.Status()[0].State == "down" }, 5*time.Second, time.Millisecond, "seen without a request")
	gone.Store(false)
	require.Eventually(t, func() bool { return p.Status()[0].State == "trying" }, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		_, err := p.Predict(t.Context(), [][]byte{[]byte("a"), []byte("b"), []byte("c")}, 4)
		return err == nil && p.Status()[0].State == "up"
	}, 5*time.Second, time.Millisecond)
}

// door lets nobody through while gone; route leads the made-up host to a real one.
type door struct {
	gone *atomic.Bool
	to   http.RoundTripper
}

func (d door) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.gone.Load() {
		return nil, refusedConnection{}
	}
	return d.to.RoundTrip(r)
}

type route struct {
	to  http.RoundTripper
	url string
}

func (d route) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.String(), "http://gone.invalid") {
		return http.DefaultTransport.RoundTrip(r)
	}
	q := r.Clone(r.Context())
	q.URL.Host = strings.TrimPrefix(d.url, "http://")
	return d.to.RoundTrip(q)
}

func TestEmbed(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"llama.cpp": {"/v1/models": "llamacpp/models.json", "/v1/embeddings": "llamacpp/embeddings.json"},
		"vLLM":      {"/v1/models": "vllm/models.json", "/v1/embeddings": "vllm/embeddings.json"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReplay(t, files)
			p := predictor(t, openai.Config{Servers: []openai.Server{{URL: r.URL, Model: "m"}}})
			vectors, usage, err := p.Embed(t.Context(), []string{"Two birds sing.", "A bird sings."})
			require.NoError(t, err)
			require.Len(t, vectors, 2)
			require.Positive(t, usage.Prompt)
			for _, v := range vectors {
				sum := 0.0
				for _, x := range v {
					sum += float64(x) * float64(x)
				}
				require.InDelta(t, 1, math.Sqrt(sum), 1e-6)
			}
			require.Equal(t, map[string]any{"model": "m", "input": []any{"Two birds sing.", "A bird sings."}, "encoding_format": "float"}, r.request(t, "/v1/embeddings"))
		})
	}
	p := predictor(t, openai.Config{Servers: at("http://localhost")})
	_, _, err := p.Embed(t.Context(), nil)
	require.ErrorIs(t, err, model.ErrRequest)
	_, _, err = p.Embed(t.Context(), make([]string, 257))
	require.ErrorIs(t, err, model.ErrRequest)
}

func TestEmbedInBatchesAndOrder(t *testing.T) {
	var requests atomic.Int32
	url := serveEmbeddings(t, func(texts []string) any {
		requests.Add(1)
		var data []map[string]any
		for i := range texts {
			j := len(texts) - 1 - i // from the last to the first
			data = append(data, map[string]any{"index": j, "embedding": []float64{float64(len(texts[j])), 1}})
		}
		return map[string]any{"data": data, "usage": map[string]int{"prompt_tokens": len(texts)}}
	})
	p := predictor(t, openai.Config{Servers: []openai.Server{{URL: url, Parallel: 3}}})
	texts := make([]string, 70)
	for i := range texts {
		texts[i] = strings.Repeat("x", i+1)
	}
	vectors, usage, err := p.Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Equal(t, 70, usage.Prompt)
	require.EqualValues(t, 3, requests.Load())
	for i, v := range vectors {
		require.InDelta(t, float64(i+1), float64(v[0]/v[1]), 1e-3)
	}
}

func serveEmbeddings(t testing.TB, answer func(texts []string) any) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recorded(t, "vllm/models.json")) })
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(answer(request.Input))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestBadVectors(t *testing.T) {
	vector := func(i int, v ...float64) map[string]any { return map[string]any{"index": i, "embedding": v} }
	for name, data := range map[string][]map[string]any{
		"too few":       {vector(0, 1)},
		"index twice":   {vector(0, 1), vector(0, 1)},
		"index outside": {vector(0, 1), vector(2, 1)},
		"empty":         {vector(0), vector(1)},
		"zero":          {vector(0, 1, 0), vector(1, 0, 0)},
		"lengths":       {vector(0, 1, 0), vector(1, 1)},
		"too long":      {vector(0, make([]float64, 8193)...), vector(1, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			url := serveEmbeddings(t, func([]string) any { return map[string]any{"data": data} })
			p := predictor(t, openai.Config{Servers: at(url), Attempts: 1})
			_, _, err := p.Embed(t.Context(), []string{"a", "b"})
			require.ErrorIs(t, err, openai.ErrServer)
			if name != "too few" { // which is right for the one text of a probe
				require.ErrorIs(t, p.ProbeEmbeddings(t.Context()), openai.ErrServer)
			}
		})
	}
}

// refusedConnection is what a dial of a closed port returns.
type refusedConnection struct{}

func (refusedConnection) Error() string { return "connection refused" }
func (refusedConnection) Unwrap() error { return syscall.ECONNREFUSED }
