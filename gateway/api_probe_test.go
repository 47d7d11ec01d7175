package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
)

var _ prober = (*route.Router)(nil)

// probeNetwork is a network whose neurons are called in memory.
type probeNetwork struct {
	*fakeNetwork
	calls atomic.Int64
	err   atomic.Pointer[error]
}

func (p *probeNetwork) Probe(_ context.Context, n metagraph.Neuron) (time.Duration, error) {
	p.calls.Add(1)
	if n.Hotkey != fakenode.Addr("miner-1") || !n.Endpoint.Serves() {
		return 0, errors.New("not what was asked for")
	}
	if err := p.err.Load(); err != nil {
		return time.Millisecond, *err
	}
	return 1500 * time.Microsecond, nil
}

// listed lets the first miner serve.
func (p *probeNetwork) listed(t *testing.T) {
	t.Helper()
	var neurons []metagraph.Neuron
	for n := range p.Metagraph().All() {
		if n.UID == 1 {
			n.Endpoint = metagraph.Endpoint{Addr: netip.MustParseAddrPort("127.0.0.1:8091"), Pin: [32]byte{1}}
		}
		neurons = append(neurons, n)
	}
	m, err := metagraph.New(p.Metagraph().Info, neurons)
	require.NoError(t, err)
	p.m.Store(m)
}

func newProbe(t *testing.T) (*world, *probeNetwork) {
	t.Helper()
	var p *probeNetwork
	w := newWorld(t, func(c *Config) {
		p = &probeNetwork{fakeNetwork: c.Networks[0].Network.(*fakeNetwork)} //nolint:forcetypeassert // of newWorld
		c.Networks[0].Network = p
	})
	p.listed(t)
	return w, p
}

func TestProbe(t *testing.T) {
	w, p := newProbe(t)
	v := w.read("/api/probe?netuid=1&uid=1") // which also looks that no address is in the answer
	require.Equal(t, true, v["up"])
	require.EqualValues(t, 1.5, v["latency_ms"])
	require.Equal(t, keys.Account(fakenode.Addr("miner-1")), v["hotkey"])
	require.NotContains(t, v, "error")

	down := error(&dendrite.Error{Kind: dendrite.ErrUnreachable})
	p.err.Store(&down)
	v = w.read("/api/probe?netuid=1&uid=1")
	require.Equal(t, true, v["up"], "what was found holds for a moment")
	require.EqualValues(t, 1, p.calls.Load())
	w.clock.add(probeFor)
	v = w.read("/api/probe?netuid=1&uid=1")
	require.Equal(t, false, v["up"])
	require.Equal(t, "unreachable", v["error"])
	require.EqualValues(t, 2, p.calls.Load())

	for query, want := range map[string]int{
		"": 400, "?netuid=1": 400, "?netuid=1&uid=x": 400, "?netuid=1&uid=2": 404, "?netuid=1&uid=9": 404, "?netuid=2&uid=1": 404, "?netuid=1&uid=70000": 400,
	} {
		got := w.ask("GET", "/api/probe"+query, "", "", "From", "192.0.2."+fmt.Sprint(len(query))+":1")
		require.Equal(t, want, got.Code, "%s: %s", query, got.Body)
	}
	require.EqualValues(t, 2, p.calls.Load(), "nobody is called whom the chain does not list")
}

func TestProbeWords(t *testing.T) {
	for _, x := range []struct {
		err  error
		up   bool
		word string
	}{
		{nil, true, ""},
		{dendrite.ErrNotPermitted, true, ""},
		{dendrite.ErrOverloaded, true, ""},
		{dendrite.ErrPin, false, "other_certificate"},
		{dendrite.ErrProof, false, "proof_refused"},
		{dendrite.ErrDeadline, false, "deadline"},
		{context.DeadlineExceeded, false, "deadline"},
		{dendrite.ErrUnreachable, false, "unreachable"},
		{errors.New("dial tcp 10.0.0.1:22: something that only we may see"), false, "failed"},
	} {
		got := sightOf(time.Second, x.err)
		require.Equal(t, sight{x.up, 1000, x.word}, got)
	}
}

func TestProbesAreLimited(t *testing.T) {
	w, _ := newProbe(t)
	codes := map[int]int{}
	for range probesPerMinute + 3 {
		codes[w.ask("GET", "/api/probe?netuid=1&uid=1", "", "").Code]++
	}
	require.Equal(t, map[int]int{200: probesPerMinute, 429: 3}, codes)
	got := w.ask("GET", "/api/probe?netuid=1&uid=1", "", "")
	require.Contains(t, got.Body.String(), "rate_limit_exceeded")
	require.NotEmpty(t, got.Header().Get("Retry-After"))
	require.Equal(t, 200, w.ask("GET", "/api/probe?netuid=1&uid=1", "", "", "From", "192.0.2.9:1").Code, "others are not held up")
}

func TestProbesAtTheSameTimeAreBounded(t *testing.T) {
	w, _ := newProbe(t)
	for range maxProbes {
		w.g.api.probing <- struct{}{}
	}
	require.Equal(t, 429, w.ask("GET", "/api/probe?netuid=1&uid=1", "", "").Code)
}

func TestANetworkThatCannotProbeSaysSo(t *testing.T) {
	w, p := newProbe(t)
	w.g.cfg.Networks[0].Network = p.fakeNetwork
	got := w.ask("GET", "/api/probe?netuid=1&uid=1", "", "")
	require.Equal(t, 404, got.Code)
	require.Contains(t, got.Body.String(), "does not probe neurons of subnet "+fmt.Sprint(gotensor.NetUID(1)))
}
