package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/internal/span"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/mechanism/text/front"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/openai"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
	"github.com/gotensor/gotensor/telemetry"
)

const secret = "a prompt that nobody else may read"

type anyone struct{}

func (anyone) Lookup(gotensor.Address) (axon.Caller, bool) { return axon.Caller{Weight: 1}, true }

type guesses struct{}

func (guesses) Name() string { return "guesses" }
func (guesses) Predict(_ context.Context, contexts [][]byte, _ int) ([]model.Prediction, error) {
	return make([]model.Prediction, len(contexts)), nil
}

// backend is a server of models; sent is the traceparent of the latest request.
func backend(t *testing.T, sent *atomic.Value) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/completions") {
			http.NotFound(w, r)
			return
		}
		sent.Store(r.Header.Get("Traceparent"))
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"}}]}`+"\n\n")
		fmt.Fprint(w, `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}`+"\n\n")
		fmt.Fprint(w, "data: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// neuron serves the model behind a server, and traces.
func neuron(t *testing.T, backendURL string, seen telemetry.Sinks) metagraph.Neuron {
	t.Helper()
	pool, err := openai.New(openai.Config{Servers: []openai.Server{{URL: backendURL, Model: "small", Kind: openai.Generic}}})
	require.NoError(t, err)
	texts, err := text.NewServer(text.ServerConfig{Predictor: guesses{}, Generator: pool, Settings: text.DefaultSettings(), Hotkey: fakenode.Addr("miner-1"), AtOnce: text.Everybody})
	require.NoError(t, err)
	cert, err := synapse.NewCertificate(time.Now())
	require.NoError(t, err)
	server, err := axon.New(axon.Config{
		ChainID: "fake-1", Certificate: cert, Callers: anyone{}, Policy: axon.PolicyProven, StatsHandler: seen.Traces.Server(),
		Info: &axonv1.InfoResponse{Hotkey: keys.Account(fakenode.Addr("miner-1")), Netuid: 1, Model: "small", Capabilities: texts.Describe().Capabilities},
	})
	require.NoError(t, err)
	server.Register(texts.Service())
	require.NoError(t, seen.Add(telemetry.Axon(server.Stats)))
	lis := listen(t)
	run(t, func(ctx context.Context) error { return server.Serve(ctx, lis) })
	return metagraph.Neuron{
		UID: 1, Hotkey: fakenode.Addr("miner-1"), Incentive: 65535,
		Endpoint: metagraph.Endpoint{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: server.SPKI()},
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return lis
}

// run runs until the test ends.
func run(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

// serveGateway offers the neuron to applications and returns the URL.
func serveGateway(t *testing.T, n metagraph.Neuron, seen telemetry.Sinks) string {
	t.Helper()
	client, err := dendrite.New(dendrite.Config{ChainID: "fake-1", Signer: fakenode.Key("alice"), StatsHandler: seen.Traces.Client()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	graph, err := metagraph.New(metagraph.Info{NetUID: 1, Height: 1, Time: time.Now()}, []metagraph.Neuron{{Hotkey: fakenode.Addr("judge")}, n})
	require.NoError(t, err)
	router, err := route.New(route.Config{
		NetUID: 1, Dial: func(t dendrite.Target) grpc.ClientConnInterface { return client.To(t) },
		Follow: func(ctx context.Context, fn func(*metagraph.Metagraph) error) error {
			return errors.Join(fn(graph), func() error { <-ctx.Done(); return ctx.Err() }())
		},
	})
	require.NoError(t, err)
	f, err := front.New(front.Config{Network: router, Settings: text.DefaultSettings()})
	require.NoError(t, err)
	fake, err := fakenode.Start("127.0.0.1:0", fakenode.Sample())
	require.NoError(t, err)
	t.Cleanup(fake.Stop)
	node, err := chain.Dial(fake.Addr(), chain.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { node.Close() })
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "gateway.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, seen.Add(append(route.Metrics(router), telemetry.Dendrite(client.Stats))...))
	lis := listen(t)
	run(t, func(ctx context.Context) error {
		return gateway.Run(ctx, gateway.Config{
			Listener: lis, Networks: []gateway.Subnet{{NetUID: 1, Network: router, Front: f, Run: router.Run}}, Chain: node, ChainID: "fake-1",
			Store: db, Limits: gateway.Limits{Anonymous: 100}, Grace: time.Second, Telemetry: seen,
		})
	})
	require.Eventually(t, func() bool { return len(router.Peers(text.CanGenerate)) == 1 }, 20*time.Second, 10*time.Millisecond)
	return "http://" + lis.Addr().String()
}

// ask sends a chat with a traceparent, if any, and reads the answer to its end.
func ask(t *testing.T, url, parent string) {
	t.Helper()
	body := `{"model": "auto", "stream": true, "messages": [{"role": "user", "content": "` + secret + `"}]}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	require.NoError(t, err)
	if parent != "" {
		req.Header.Set("Traceparent", parent)
		req.Header.Set("Tracestate", "stranger=words")
		req.Header.Set("Baggage", "stranger=words")
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode, "%s", data)
	require.Contains(t, string(data), "Hello")
}

// traces are steps of one process, kept in memory.
func traces(t *testing.T, role string, cfg telemetry.TracesConfig) (*telemetry.Traces, *tracetest.InMemoryExporter) {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	cfg.Role, cfg.Version, cfg.Exporter = role, "test", kept
	tr, err := telemetry.StartTraces(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(tr.Close)
	return tr, kept
}

// A query through gateway, dendrite, axon and a model's server is one trace, each step under the one that caused it, across both processes.
func TestTraceOfAQuery(t *testing.T) {
	var sent atomic.Value
	gt, atGateway := traces(t, "gateway", telemetry.TracesConfig{})
	mt, atMiner := traces(t, "miner", telemetry.TracesConfig{})
	n := neuron(t, backend(t, &sent), telemetry.Sinks{Traces: mt})
	url := serveGateway(t, n, telemetry.Sinks{Traces: gt})
	atMiner.Reset()
	ask(t, url, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

	chainOf := []string{
		"backend POST /chat/completions", "model.generate", "axon /gotensor.text.v1.Text/Generate", "dendrite /gotensor.text.v1.Text/Generate",
		"route.try", "gateway POST /v1/chat/completions",
	}
	var all tracetest.SpanStubs
	byName := func(name string) (found []tracetest.SpanStub) {
		for _, s := range all {
			if s.Name == name && s.SpanContext.TraceID().String() == "0af7651916cd43dd8448eb211c80319c" {
				found = append(found, s)
			}
		}
		return found
	}
	require.Eventually(t, func() bool { // the last steps end after the answer has
		all = append(atGateway.GetSpans(), atMiner.GetSpans()...)
		for _, name := range append(chainOf, "axon.queue", "gateway.queue") {
			if len(byName(name)) != 1 {
				return false
			}
		}
		return true
	}, 20*time.Second, 10*time.Millisecond)
	for i, name := range chainOf[:len(chainOf)-1] {
		require.Equal(t, chainOf[i+1], nameOf(all, byName(name)[0].Parent.SpanID().String()), "parent of %s", name)
	}
	require.Equal(t, "b7ad6b7169203331", byName(chainOf[len(chainOf)-1])[0].Parent.SpanID().String(), "the application's own step")
	require.Equal(t, "axon /gotensor.text.v1.Text/Generate", nameOf(all, byName("axon.queue")[0].Parent.SpanID().String()))
	require.Equal(t, "gateway POST /v1/chat/completions", nameOf(all, byName("gateway.queue")[0].Parent.SpanID().String()))
	require.Contains(t, byName("route.try")[0].Attributes, attribute.Int("uid", 1))
	require.Contains(t, byName("model.generate")[0].Attributes, attribute.String("model", "small"))
	require.Equal(t, fmt.Sprintf("00-0af7651916cd43dd8448eb211c80319c-%s-01", byName("backend POST /chat/completions")[0].SpanContext.SpanID()), sent.Load())

	written, err := json.Marshal(all)
	require.NoError(t, err)
	for _, never := range []string{secret, "Hello", "stranger", "127.0.0.1", keys.Account(fakenode.Addr("alice"))} {
		require.NotContains(t, string(written), never)
	}
}

func nameOf(all tracetest.SpanStubs, id string) string {
	for _, s := range all {
		if s.SpanContext.SpanID().String() == id {
			return s.Name
		}
	}
	return "no step " + id
}

// A miner follows what strangers wish for at its own rate only, and a no always.
func TestStrangersWishesAreLimited(t *testing.T) {
	now := time.Unix(1, 0)
	tr, kept := traces(t, "miner", telemetry.TracesConfig{StrangeRate: 3, OwnRate: 2, Now: func() time.Time { return now }})
	begin := func(parent string) {
		_, step := span.Serve(t.Context(), tr.Provider(), parent, "call")
		step.End(nil)
	}
	count := func() int {
		n := len(kept.GetSpans())
		kept.Reset()
		return n
	}
	const yes, no = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	for range 100 {
		begin(yes)
	}
	require.Equal(t, 3, count())
	for range 100 {
		begin("")
	}
	require.Equal(t, 2, count(), "our own share is not used up by strangers")
	now = now.Add(time.Second)
	for range 100 {
		begin(no)
		begin("00-xyz-1")
	}
	require.Equal(t, 2, count(), "what is no traceparent counts as none at all; a no is a no")
	for range 100 {
		begin(yes)
	}
	require.Equal(t, 3, count())
}
