package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/bench"
	"github.com/gotensor/gotensor/model/openai"
)

// paced serves the model without a model and returns its URL.
func paced(t *testing.T, cfg bench.PacedConfig) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg.Listener = lis
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- bench.ServePaced(ctx, cfg) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return "http://" + lis.Addr().String()
}

func gateways(url string) bench.GatewayConfig {
	return bench.GatewayConfig{
		Endpoints: []bench.Endpoint{{Name: "gateway", URL: url}}, Streams: []int{1, 3}, Tokens: 5,
		Duration: 200 * time.Millisecond, Slice: 100 * time.Millisecond, Deadline: 10 * time.Second,
	}
}

func TestGateways(t *testing.T) {
	cfg := gateways(paced(t, bench.PacedConfig{Rate: 100, Tokens: 8, Slots: 4}) + "/v1")
	cfg.Direct = &bench.Endpoint{Name: "direct", URL: cfg.Endpoints[0].URL + "/"}
	var observed []string
	cfg.Observe = func(r bench.GatewayRun) { observed = append(observed, fmt.Sprintf("%s %d", r.Name, r.Streams)) }
	report, err := bench.Gateways(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"gateway 1", "direct 1", "gateway 3", "direct 3"}, observed)
	require.Len(t, report.Runs, 4)
	for _, r := range report.Runs {
		require.Zero(t, r.Errors, r.FirstError)
		require.GreaterOrEqual(t, r.Requests, uint64(2*r.Streams), "each stream asks in each of the two slices")
		require.InDelta(t, 5, r.TokensPerAnswer, 0)
		require.GreaterOrEqual(t, r.FirstP50, 9.9, "the first token comes one step after the request")
		require.GreaterOrEqual(t, r.WholeP50, 49.0, "five steps")
		require.Positive(t, r.BetweenP50)
		require.Positive(t, r.TokensPerSecond)
		require.LessOrEqual(t, r.TokensPerSecond, 100*float64(r.Streams)+60, "no faster than the pace, but for whole tokens")
		require.Equal(t, r.Name == "gateway", r.Over != nil)
	}
}

func TestGatewaysThatFail(t *testing.T) {
	const piece = `data: {"choices":[{"delta":{"content":"a"}}]}` + "\n\n"
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"whole":            {200, piece + "data: [DONE]\n\n", ""},
		"comments between": {200, ": wait\n\n" + piece + "\n" + "data:[DONE]\n\n", ""},
		"refused":          {429, `{"error":{"message":"slow down"}}`, "429 Too Many Requests: {\"error\":{\"message\":\"slow down\"}}"},
		"cut":              {200, piece, "ends without [DONE] after 1 pieces"},
		"empty":            {200, "data: [DONE]\n\n", "has no text"},
		"error inside":     {200, piece + `data: {"error":{"message":"the model is gone"}}` + "\n\n", "the model is gone"},
		"no JSON":          {200, "data: {\n\n", "unexpected end of JSON input"},
		"endless line":     {200, "data: " + strings.Repeat("x", 2<<20), "token too long"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var q map[string]any
				if json.NewDecoder(r.Body).Decode(&q) != nil || q["model"] != "m" || q["stream"] != true || r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("X-Way") != "1" {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			defer s.Close()
			cfg := gateways(s.URL)
			cfg.Endpoints[0].Key, cfg.Endpoints[0].Model, cfg.Endpoints[0].Header = "secret", "m", http.Header{"X-Way": {"1"}}
			cfg.Streams, cfg.Duration, cfg.Slice = []int{1}, 20*time.Millisecond, 20*time.Millisecond
			report, err := bench.Gateways(t.Context(), cfg)
			require.NoError(t, err)
			r := report.Runs[0]
			if tt.want == "" {
				require.Zero(t, r.Errors, r.FirstError)
				require.InDelta(t, 1, r.TokensPerAnswer, 0)
				return
			}
			require.Equal(t, r.Requests, r.Errors)
			require.Contains(t, r.FirstError, tt.want)
		})
	}
}

func TestGatewaysRefuse(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*bench.GatewayConfig)
		want   string
	}{
		"nobody":         {func(c *bench.GatewayConfig) { c.Endpoints = nil }, "0 endpoints"},
		"no streams":     {func(c *bench.GatewayConfig) { c.Streams = []int{0} }, "streams are 0, want 1 to 10000"},
		"no tokens":      {func(c *bench.GatewayConfig) { c.Tokens = 0 }, "tokens of an answer are 0"},
		"no time":        {func(c *bench.GatewayConfig) { c.Slice = 0 }, "slice 0s"},
		"no URL":         {func(c *bench.GatewayConfig) { c.Endpoints[0].URL = "localhost:80" }, `"localhost:80" is no URL`},
		"the same twice": {func(c *bench.GatewayConfig) { c.Direct = &c.Endpoints[0] }, `two endpoints are called "gateway"`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := gateways("http://127.0.0.1:1/v1")
			tt.change(&cfg)
			_, err := bench.Gateways(t.Context(), cfg)
			require.ErrorIs(t, err, bench.ErrConfig)
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err := bench.Gateways(t.Context(), gateways("http://127.0.0.1:1/v1"))
	require.ErrorIs(t, err, bench.ErrPeer, "nobody listens")
	require.ErrorIs(t, bench.ServePaced(t.Context(), bench.PacedConfig{Tokens: 1, Slots: 1}), bench.ErrConfig)
}

// TestPacedServesAMiner: a miner's pool of model servers takes it for a real one.
func TestPacedServesAMiner(t *testing.T) {
	url := paced(t, bench.PacedConfig{Rate: 1000, Tokens: 3, Slots: 7})
	pool, err := openai.New(openai.Config{Servers: []openai.Server{{URL: url}}})
	require.NoError(t, err)
	require.NoError(t, pool.Probe(t.Context(), 64))
	require.Equal(t, 7, pool.Parallel())
	res, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(`{"messages":[],"max_completion_tokens":2}`))
	require.NoError(t, err)
	defer res.Body.Close()
	var answer struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
		Usage map[string]int `json:"usage"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
	require.Equal(t, " sea and", answer.Choices[0].Message.Content)
	require.Equal(t, 22, answer.Usage["total_tokens"])
	for path, body := range map[string]string{"/v1/chat/completions": "{", "/v1/completions": `{"stream":true}`} {
		bad, err := http.Post(url+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, bad.Body.Close())
		require.Equal(t, http.StatusBadRequest, bad.StatusCode, path)
	}
}
