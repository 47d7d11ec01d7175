package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/internal/logbook"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

var (
	alice   = fakenode.Addr("alice")
	bob     = fakenode.Addr("bob")
	errAway = errors.New("the node is away")
)

// fakeNetwork is a subnet of one validator and two miners, of which the second is down.
type fakeNetwork struct {
	m  atomic.Pointer[metagraph.Metagraph]
	up atomic.Bool
}

func newNetwork(t *testing.T, at time.Time) *fakeNetwork {
	t.Helper()
	f := &fakeNetwork{}
	f.set(t, at, 20)
	f.up.Store(true)
	return f
}

func (f *fakeNetwork) set(t *testing.T, at time.Time, boundary gotensor.Block) {
	t.Helper()
	neurons := []metagraph.Neuron{
		{UID: 0, Hotkey: fakenode.Addr("judge"), Coldkey: fakenode.Addr("north"), Stake: 1 << 60, Permit: true, Dividends: 65535},
		{UID: 1, Hotkey: fakenode.Addr("miner-1"), Coldkey: alice, Registered: 3, Incentive: 49151, Emission: 5},
		{UID: 2, Hotkey: fakenode.Addr("miner-2"), Coldkey: bob, Incentive: 16384},
	}
	m, err := metagraph.New(metagraph.Info{NetUID: 1, Height: boundary + 2, Time: at, Epoch: uint64(boundary / 10), LastBoundary: boundary, NextBoundary: boundary + 10, Tempo: 9}, neurons)
	require.NoError(t, err)
	f.m.Store(m)
}

func (f *fakeNetwork) Metagraph() *metagraph.Metagraph { return f.m.Load() }

func (f *fakeNetwork) Peers(string) []mechanism.Peer {
	m := f.m.Load()
	if m == nil {
		return nil
	}
	one, _ := m.At(1)
	two, _ := m.At(2)
	state := map[bool]string{true: "up", false: "down"}[f.up.Load()]
	return []mechanism.Peer{
		{Neuron: one, Model: "ngram-5", Capabilities: []string{"generate"}, Latency: 1500 * time.Microsecond, Success: 0.5, Running: 2, State: state},
		{Neuron: two, State: "down"},
	}
}

func (f *fakeNetwork) Open(context.Context, mechanism.Ask, func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error)) (any, mechanism.Lease, error) {
	return nil, nil, mechanism.ErrNoNeuron
}

// fakeFront serves what tests need.
type fakeFront struct{ routes []mechanism.Route }

func (f fakeFront) Routes() []mechanism.Route { return f.routes }

// echo answers with the body, and takes a token in for each of its bytes and two out.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	mechanism.MeterOf(r.Context()).Spend(mechanism.Usage{In: len(body), Out: 2})
	w.Header().Set("Gt-Uid", "1")
	_, _ = w.Write(body)
}

// fakeChain is a node that can go away.
type fakeChain struct {
	away      atomic.Bool
	calls     atomic.Int64
	mu        sync.Mutex
	bandwidth map[gotensor.Address]gotensor.Rao
	now       func() time.Time
}

func (c *fakeChain) err() error {
	c.calls.Add(1)
	if c.away.Load() {
		return errAway
	}
	return nil
}

func (c *fakeChain) Status(context.Context) (chain.Status, error) {
	return chain.Status{ChainID: "fake-1", Height: 21, Time: c.now()}, c.err()
}

func (c *fakeChain) Subnets(context.Context) ([]subnet.SubnetView, error) {
	return []subnet.SubnetView{
		{Subnet: subnet.Subnet{Netuid: 1, Name: "first", Mechanism: "text"}, Clock: subnet.Clock{Epoch: 2, NextBoundary: 30, Tempo: 9}},
		{Subnet: subnet.Subnet{Netuid: 2, Name: "second", Mechanism: "image"}},
	}, c.err()
}

func (c *fakeChain) Weights(context.Context, gotensor.NetUID) ([]weights.UIDRow, error) {
	row, err := weights.EncodeRow([]weights.Entry{{UID: 1, Value: 65535}, {UID: 2, Value: 21845}})
	return []weights.UIDRow{{Uid: 0, Row: row}}, errors.Join(err, c.err())
}

func (c *fakeChain) Bandwidth(_ context.Context, who gotensor.Address) (gotensor.Rao, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bandwidth[who], c.err()
}

func (c *fakeChain) stake(who gotensor.Address, amount gotensor.Rao) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bandwidth[who] = amount
}

func (c *fakeChain) Balance(context.Context, gotensor.Address) (*big.Int, error) {
	x, _ := new(big.Int).SetString("123456789012345678901", 10)
	return x, c.err()
}

func (c *fakeChain) Delegations(context.Context, gotensor.Address) ([]chain.Delegation, error) {
	return []chain.Delegation{{Operator: fakenode.Addr("north"), Stake: 1 << 63}}, c.err()
}

func (c *fakeChain) Validators(context.Context) ([]chain.Validator, error) {
	return []chain.Validator{{Operator: fakenode.Addr("north"), Moniker: "north"}}, c.err()
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is a gateway whose surroundings a test holds in its hands.
type world struct {
	t       *testing.T
	cfg     Config
	g       *gateway
	chain   *fakeChain
	network *fakeNetwork
	clock   *clock
	db      *store.DB
	log     *logbook.Book
}

// newWorld makes a gateway with one route, POST /v1/echo, and a free one, GET /v1/list.
func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{t: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)}}
	w.chain = &fakeChain{bandwidth: map[gotensor.Address]gotensor.Rao{}, now: w.clock.now}
	w.network = newNetwork(t, w.clock.now().Add(-time.Second))
	var err error
	w.db, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "gateway.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.db.Close() })
	w.log = &logbook.Book{}
	w.cfg = Config{
		Listen: "127.0.0.1:0", Chain: w.chain, ChainID: "fake-1", Store: w.db, Now: w.clock.now, Version: "test", Log: w.log.Logger(),
		Networks: []Subnet{{NetUID: 1, Network: w.network, Front: fakeFront{[]mechanism.Route{
			{Pattern: "POST /v1/echo", Handler: http.HandlerFunc(echo)},
			{Pattern: "GET /v1/list", Handler: http.HandlerFunc(echo), Free: true},
			{Pattern: "GET /v1/list/{id}", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.PathValue("id")) }), Free: true},
		}}}},
	}
	if change != nil {
		change(&w.cfg)
	}
	w.g, err = newGateway(w.cfg)
	require.NoError(t, err)
	return w
}

// key makes an API key.
func (w *world) key(account gotensor.Address, limits store.Limits) string {
	w.t.Helper()
	s := store.NewSecret()
	k := store.NewKey(s, account, "test", w.clock.now())
	k.Limits = limits
	require.NoError(w.t, w.db.AddKey(w.t.Context(), k, 0))
	return s.Reveal()
}

// ask makes a request without a network.
func (w *world) ask(method, path, key, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, bytes.NewBufferString(body))
	r.RemoteAddr = "127.0.0.1:1234"
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "From" {
			r.RemoteAddr = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	w.g.outer(w.g.mux).ServeHTTP(out, r)
	return out
}

// code is the code of an error's body, which must have the form that OpenAI's clients expect.
func code(t *testing.T, r *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct {
		Error struct{ Message, Type, Code string }
	}
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), &body), "%s", r.Body)
	require.NotEmpty(t, body.Error.Message)
	require.NotEmpty(t, body.Error.Type)
	return body.Error.Code
}

// listen opens a port of this machine.
func listen(t *testing.T) net.Listener {
	t.Helper()
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return lis
}
