package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/cli"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/internal/logbook"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// greets is a model that writes "Hello world".
type greets struct{ says }

func (greets) Generate(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error {
	if err := emit(model.Piece{Text: "Hello "}); err != nil {
		return err
	}
	return emit(model.Piece{Text: "world", Finish: model.FinishStop, Usage: &model.Usage{Prompt: 3, Completion: 2}})
}

// startMiner serves as uid 1 of the fake node's subnet.
func startMiner(t *testing.T, n *fakenode.Node) {
	t.Helper()
	cert, err := synapse.NewCertificate(time.Now())
	require.NoError(t, err)
	pin, err := synapse.SPKIHash(&cert)
	require.NoError(t, err)
	texts, err := text.NewServer(text.ServerConfig{Predictor: says{}, Generator: greets{}, Settings: text.DefaultSettings(), Hotkey: fakenode.Addr("miner-1"), AtOnce: text.Everybody})
	require.NoError(t, err)
	server, err := axon.New(axon.Config{
		ChainID: "fake-1", Certificate: cert, Callers: knows(true), Policy: axon.PolicyBandwidth,
		Info: &axonv1.InfoResponse{Hotkey: keys.Account(fakenode.Addr("miner-1")), Netuid: 1, Model: "greets", Capabilities: texts.Describe().Capabilities},
	})
	require.NoError(t, err)
	server.Register(texts.Service())
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, lis) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	addr := netip.MustParseAddrPort(lis.Addr().String())
	n.Edit(func(w *fakenode.World) {
		w.Neurons[1].Endpoint = neurontypes.Endpoint{Host: addr.Addr().String(), Port: uint32(addr.Port()), CertificatePin: pin[:]}
	})
}

// gateways is a folder of wallets and a gateway's home, for commands that run in this process.
type gateways struct {
	t    *testing.T
	dir  string
	log  *logbook.Book
	node *fakenode.Node
}

func (g *gateways) gotensor(ctx context.Context, args ...string) (string, int) {
	var out bytes.Buffer
	args = append(args, "--network", g.dir, "--wallet-path", filepath.Join(g.dir, "wallets"), "--wallet", "alice", "--home", filepath.Join(g.dir, "gw"))
	code := cli.Main(ctx, args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: g.log, Getenv: func(string) string { return "" }})
	return out.String(), code
}

// run starts a gateway and returns its URL.
func (g *gateways) run(args ...string) (url string, stop func()) {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	done := make(chan int, 1)
	go func() {
		_, code := g.gotensor(ctx, append([]string{"gateway", "run", "--listen", "127.0.0.1:0"}, args...)...)
		done <- code
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		require.Equal(g.t, cli.ExitOK, <-done, "%s", g.log)
	})
	g.t.Cleanup(stop)
	var file struct{ URL string }
	require.Eventually(g.t, func() bool {
		data, err := os.ReadFile(filepath.Join(g.dir, "gw", "gateway.json"))
		return err == nil && json.Unmarshal(data, &file) == nil && is200(g.call(file.URL+"/readyz", "", ""))
	}, time.Minute, 50*time.Millisecond)
	return file.URL, stop
}

func is200(status int, _ string) bool { return status == 200 }

// call makes a request and returns its status and body.
func (g *gateways) call(url, key, body string) (int, string) {
	g.t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, url, strings.NewReader(body))
	require.NoError(g.t, err)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(g.t, err)
	return resp.StatusCode, string(data)
}

func (g *gateways) get(url, key, body string) int {
	status, _ := g.call(url, key, body)
	return status
}

// The whole way: a wallet signs in, an application asks, a neuron answers, also while the node is away and after a new start.
func TestGatewayServesApplications(t *testing.T) {
	g := &gateways{t: t, dir: t.TempDir(), log: &logbook.Book{}}
	wallets := keys.NewStore(filepath.Join(g.dir, "wallets"), keys.WithWorkFactor(1))
	_, err := wallets.CreateHotkey("alice", "default", fakenode.Key("alice"), keys.Unencrypted())
	require.NoError(t, err)
	world := fakenode.Sample()
	world.Ticks = true
	g.node, err = fakenode.Start("127.0.0.1:0", world)
	require.NoError(t, err)
	t.Cleanup(g.node.Stop)
	startMiner(t, g.node)
	network := `{"chain_id": "fake-1", "grpc": "` + g.node.Addr() + `"}`
	require.NoError(t, os.WriteFile(filepath.Join(g.dir, "network.json"), []byte(network), 0o600))
	url, stop := g.run()

	out, code := g.gotensor(t.Context(), "gateway", "login", "--output", "json")
	require.Equal(t, cli.ExitOK, code, "%s", g.log)
	var login struct {
		Base string `json:"base_url"`
		Key  string `json:"key"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &login))
	require.Equal(t, url+"/v1", login.Base)

	const chat = `{"model": "auto", "messages": [{"role": "user", "content": "a secret prompt"}]}`
	status, body := g.call(login.Base+"/chat/completions", login.Key, chat)
	require.Equal(t, 200, status, body)
	require.Contains(t, body, `"Hello world"`)
	require.Contains(t, body, keys.Account(fakenode.Addr("miner-1")))
	status, body = g.call(login.Base+"/chat/completions", login.Key, strings.Replace(chat, "{", `{"stream": true, `, 1))
	require.Equal(t, 200, status, body)
	require.Contains(t, body, "data: [DONE]")
	status, body = g.call(url+"/subnets/1/v1/models", login.Key, "")
	require.Equal(t, 200, status, body)
	require.Contains(t, body, `"greets"`)
	require.Equal(t, 401, g.get(login.Base+"/chat/completions", "", chat))
	status, body = g.call(url+"/api/subnets/1/metagraph", "", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"model":"greets"`)
	require.NotContains(t, body, "127.0.0.1")

	// The node goes away: the gateway goes on, and one that starts now serves from the last snapshot.
	g.node.Stop()
	status, body = g.call(login.Base+"/chat/completions", login.Key, chat)
	require.Equal(t, 200, status, body)
	stop()
	out, code = g.gotensor(t.Context(), "gateway", "usage", "--output", "json")
	require.Equal(t, cli.ExitOK, code)
	require.Contains(t, out, `"requests":3,"tokens_in":9,"tokens_out":6`)
	url, _ = g.run()
	status, body = g.call(url+"/v1/chat/completions", login.Key, chat)
	require.Equal(t, 200, status, body)

	require.NotContains(t, g.log.String(), "a secret prompt")
	require.NotContains(t, g.log.String(), login.Key)
}
