package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/doctor"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// node is a chain whose newest block is of now.
func node(t *testing.T) (*fakenode.Node, *chain.Client) {
	t.Helper()
	w := fakenode.Sample()
	w.Began = time.Now().Add(-time.Duration(w.Height*int64(w.TargetMs)) * time.Millisecond)
	n, err := fakenode.Start("127.0.0.1:0", w)
	require.NoError(t, err)
	t.Cleanup(n.Stop)
	c, err := chain.Dial(n.Addr(), chain.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return n, c
}

// everybody is known to an axon.
type everybody bool

func (e everybody) Lookup(gotensor.Address) (axon.Caller, bool) {
	if !e {
		return axon.Caller{}, false
	}
	return axon.Caller{Weight: 1}, true
}

// serve makes miner-1 serve with the certificate in home, under the hotkey's name.
func serve(t *testing.T, n *fakenode.Node, home string, callers axon.Callers) {
	t.Helper()
	cert, err := synapse.LoadOrCreateCertificate(filepath.Join(home, "axon.pem"), time.Now())
	require.NoError(t, err)
	pin, err := synapse.SPKIHash(&cert)
	require.NoError(t, err)
	server, err := axon.New(axon.Config{
		ChainID: "fake-1", Certificate: cert, Callers: callers, Policy: axon.PolicyBandwidth,
		Info: &axonv1.InfoResponse{Hotkey: keys.Account(fakenode.Addr("miner-1")), Netuid: 1, Mechanism: "text", Model: "says", Capabilities: []string{"embed"}},
	})
	require.NoError(t, err)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, lis) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	at := netip.MustParseAddrPort(lis.Addr().String())
	n.Edit(func(w *fakenode.World) {
		w.Neurons[1].Endpoint = neurontypes.Endpoint{Host: at.Addr().String(), Port: uint32(at.Port()), CertificatePin: pin[:]}
	})
}

func write(t *testing.T, v any, path ...string) {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(path...), data, 0o600))
}

func find(t *testing.T, r doctor.Report, role doctor.Role, name string) doctor.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Role == role && c.Name == name {
			return c
		}
	}
	require.Fail(t, "no such check", "%s %s", role, name)
	return doctor.Check{}
}

func TestAMinerOnRealConnections(t *testing.T) {
	n, c := node(t)
	home := t.TempDir()
	serve(t, n, home, everybody(true))
	account := keys.Account(fakenode.Addr("miner-1"))
	write(t, doctor.MinerStatus{Hotkey: account, Model: "says", Time: time.Now()}, home, "status.json")
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/api/probe?netuid=1&uid=1" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"hotkey":%q,"up":true,"latency_ms":12}`, account)
	}))
	t.Cleanup(gateway.Close)
	asked := 0
	cfg := doctor.Config{
		Chain: c, Network: chain.Network{GRPC: n.Addr(), ChainID: "fake-1"}, NetUID: 1, Hotkey: fakenode.Addr("miner-1"), Key: fakenode.Key("miner-1"),
		Secrets: []string{filepath.Join(home, "axon.pem"), filepath.Join(home, "none")}, MinerHome: home, From: gateway.URL + "/",
		Speed: func(context.Context, grpc.ClientConnInterface, *metagraph.Metagraph, metagraph.Neuron) (doctor.Speed, error) {
			return doctor.Speed{What: "a question", Took: time.Second, Deadline: 12 * time.Second}, nil
		},
		Progress: func(_, n int, _ []string) { asked = n },
	}
	r, err := doctor.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, []doctor.Role{doctor.Miner}, r.Roles)
	for _, x := range r.Checks {
		require.NotEqual(t, doctor.Fail, x.State, "%s: %s", x.Name, x.Seen)
	}
	require.Contains(t, find(t, r, doctor.Miner, "reachable from here").Seen, "with the right key in ")
	require.Contains(t, find(t, r, doctor.Miner, "reachable from here").Seen, "says, version -, capabilities embed")
	require.Contains(t, find(t, r, doctor.Miner, "endpoint").Seen, "is published with the key of "+home)
	require.Equal(t, doctor.OK, find(t, r, doctor.Miner, "speed").State)
	out := find(t, r, doctor.Miner, "reachable from outside")
	require.Equal(t, doctor.Skip, out.State, "a gateway on this machine proves nothing: %s", out.Seen)
	require.Contains(t, out.Seen, "reaches it in 12ms, but runs on this machine")
	require.Contains(t, find(t, r, doctor.General, "wallet").Seen, "1 file with secrets")
	require.Greater(t, asked, 12)

	t.Run("with another certificate at home", func(t *testing.T) {
		cfg := cfg
		cfg.MinerHome = t.TempDir()
		_, err := synapse.LoadOrCreateCertificate(filepath.Join(cfg.MinerHome, "axon.pem"), time.Now())
		require.NoError(t, err)
		r, err := doctor.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, doctor.Fail, find(t, r, doctor.Miner, "endpoint").State)
	})
	t.Run("whose certificate the chain does not list", func(t *testing.T) {
		n.Edit(func(w *fakenode.World) { w.Neurons[1].Endpoint.CertificatePin[0]++ })
		t.Cleanup(func() { n.Edit(func(w *fakenode.World) { w.Neurons[1].Endpoint.CertificatePin[0]-- }) })
		r, err := doctor.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, doctor.Fail, find(t, r, doctor.Miner, "reachable from here").State)
		require.Contains(t, find(t, r, doctor.Miner, "reachable from here").Seen, "another certificate key")
		require.Equal(t, doctor.Skip, find(t, r, doctor.Miner, "speed").State)
	})
	t.Run("of which a gateway of another chain is asked", func(t *testing.T) {
		cfg := cfg
		cfg.Hotkey = fakenode.Addr("miner-2")
		n.Edit(func(w *fakenode.World) { w.Neurons[2].Endpoint = w.Neurons[1].Endpoint })
		r, err := doctor.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Contains(t, find(t, r, doctor.Miner, "reachable from outside").Seen, "did not look: unexpected answer: 404")
		require.Equal(t, doctor.Fail, find(t, r, doctor.Miner, "reachable from here").State, "it refuses to be taken for another")
	})
}

func TestAMinerThatDoesNotAdmitUs(t *testing.T) {
	n, c := node(t)
	home := t.TempDir()
	serve(t, n, home, everybody(false))
	r, err := doctor.Run(t.Context(), doctor.Config{
		Chain: c, NetUID: 1, Hotkey: fakenode.Addr("miner-1"), MinerHome: home, Roles: []doctor.Role{doctor.Miner},
		Speed: func(context.Context, grpc.ClientConnInterface, *metagraph.Metagraph, metagraph.Neuron) (doctor.Speed, error) {
			return doctor.Speed{}, errors.New("must not be asked")
		},
	})
	require.NoError(t, err)
	require.Equal(t, doctor.OK, find(t, r, doctor.Miner, "reachable from here").State)
	require.Contains(t, find(t, r, doctor.Miner, "reachable from here").Seen, "does not admit a key without stake")
	require.Equal(t, "its policy does not admit a key without stake (the hotkey could not be opened)", find(t, r, doctor.Miner, "speed").Seen)
}

func TestAValidator(t *testing.T) {
	_, c := node(t)
	home := t.TempDir()
	account := keys.Account(fakenode.Addr("judge"))
	write(t, map[string]any{"hotkey": account, "time": time.Now(), "round": 3, "warming_up": true, "min_rounds": 10}, home, "status.json")
	write(t, map[string]any{"chain_id": "fake-1", "netuid": 1, "hotkey": account, "commitments": []any{map[string]any{"epoch": 0, "sent": true, "salt": "AAAA"}}}, home, "commitments.json")
	cfg := doctor.Config{
		Chain: c, NetUID: 1, Hotkey: fakenode.Addr("judge"), ValidatorHome: home,
		Risk: func(context.Context) (string, error) { return "not at risk: " + account, nil },
	}
	r, err := doctor.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, []doctor.Role{doctor.Validator}, r.Roles)
	for _, name := range []string{"process", "stake", "appointment", "staking validator", "permit", "weights", "commitment", "trust", "risk"} {
		require.Equal(t, doctor.OK, find(t, r, doctor.Validator, name).State, "%s: %s", name, find(t, r, doctor.Validator, name).Seen)
	}
	require.Contains(t, find(t, r, doctor.Validator, "reveals").Seen, "that of period 0 comes now")

	write(t, map[string]any{"chain_id": "fake-2", "netuid": 1, "hotkey": account}, home, "commitments.json")
	r, err = doctor.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Contains(t, find(t, r, doctor.Validator, "reveals").Seen, "none missed", "those of another chain do not count")
}

func TestAGateway(t *testing.T) {
	_, c := node(t)
	home := t.TempDir()
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
		case "/readyz":
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"ready":false,"why":"no neuron is up","subnets":[{"netuid":1,"height":12,"age_ms":900,"up":0}]}`)
		case "/api/subnets/1/metagraph":
			fmt.Fprint(w, `{"neurons":[{"serves":true,"state":"down","latency_ms":0}]}`)
		case "/net_info":
			fmt.Fprint(w, `{"result":{"n_peers":"4"}}`)
		case "/status":
			fmt.Fprint(w, `{"result":{"sync_info":{"catching_up":true}}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(at.Close)
	write(t, map[string]string{"url": at.URL}, home, "gateway.json")
	r, err := doctor.Run(t.Context(), doctor.Config{
		Chain: c, Network: chain.Network{RPC: at.URL}, NetUID: 1, Hotkey: fakenode.Addr("newcomer"), GatewayHome: home,
		Store: func(context.Context) (doctor.Store, error) {
			return doctor.Store{Keys: []doctor.KeyUse{{ID: "key_1"}}}, nil
		},
	})
	require.NoError(t, err)
	require.Equal(t, []doctor.Role{doctor.Gateway}, r.Roles)
	for name, want := range map[string]doctor.State{
		"healthz": doctor.OK, "readyz": doctor.Fail, "snapshot": doctor.OK, "miners": doctor.Fail, "first piece": doctor.Skip, "store": doctor.OK,
		"API keys": doctor.OK, "admission": doctor.Fail,
	} {
		require.Equal(t, want, find(t, r, doctor.Gateway, name).State, "%s: %s", name, find(t, r, doctor.Gateway, name).Seen)
	}
	require.Equal(t, "the node is catching up with the chain, 4 peers", find(t, r, doctor.General, "peers").Seen)
	require.Equal(t, doctor.OK, find(t, r, doctor.General, "registration").State, "a gateway needs no uid")
}

// deaf is a chain whose answers never come, and whose client does not heed its context: the worst that can happen.
type deaf struct{ doctor.Chain }

func (deaf) Status(context.Context) (chain.Status, error) { select {} }
func (deaf) Metagraph(ctx context.Context, _ gotensor.NetUID) (*metagraph.Metagraph, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestNothingHangs(t *testing.T) {
	_, c := node(t)
	began := time.Now()
	r, err := doctor.Run(t.Context(), doctor.Config{Chain: deaf{c}, NetUID: 1, Hotkey: fakenode.Addr("miner-1"), Timeout: 300 * time.Millisecond})
	require.NoError(t, err)
	require.Less(t, time.Since(began), 30*time.Second)
	require.Equal(t, doctor.Fail, find(t, r, doctor.General, "node").State)
	require.Contains(t, find(t, r, doctor.General, "node").Seen, "no answer in time")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = doctor.Run(ctx, doctor.Config{Chain: gone{}, NetUID: 1})
	require.ErrorIs(t, err, context.Canceled)
}

// gone is a node that is away.
type gone struct{ doctor.Chain }

func (gone) Status(context.Context) (chain.Status, error) {
	return chain.Status{}, chain.ErrUnreachable
}

func (gone) Metagraph(context.Context, gotensor.NetUID) (*metagraph.Metagraph, error) {
	return nil, chain.ErrUnreachable
}

func (gone) Registration(context.Context, gotensor.NetUID) (*neurontypes.QueryRegistrationResponse, error) {
	return nil, chain.ErrUnreachable
}

func TestConfig(t *testing.T) {
	for _, cfg := range []doctor.Config{{NetUID: 1}, {Chain: gone{}}, {Chain: gone{}, NetUID: 1, Roles: []doctor.Role{"bot"}}} {
		_, err := doctor.Run(t.Context(), cfg)
		require.ErrorIs(t, err, doctor.ErrConfig)
	}
}

func ExampleRun() {
	report, err := doctor.Run(context.Background(), doctor.Config{
		Chain: gone{}, Network: chain.Network{GRPC: "node.example:9090"}, NetUID: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := report.Checks[0]
	fmt.Println(c.State, c.Name+":", c.Seen)
	fmt.Println("next:", c.Next)
	// Output:
	// fail node: the node at node.example:9090 does not answer: the node does not answer
	// next: start the node, or name another with --network
}
