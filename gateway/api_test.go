package gateway

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
)

func (w *world) read(path string) map[string]any {
	w.t.Helper()
	got := w.ask("GET", path, "", "", "Origin", "https://app.example")
	require.Equal(w.t, 200, got.Code, "%s", got.Body)
	require.Equal(w.t, "*", got.Header().Get("Access-Control-Allow-Origin"))
	var v map[string]any
	require.NoError(w.t, json.Unmarshal(got.Body.Bytes(), &v))
	require.Contains(w.t, v, "height")
	require.Contains(w.t, v, "time")
	require.Contains(w.t, v, "age_ms")
	require.NotContains(w.t, got.Body.String(), "127.0.0.1")
	return v
}

func TestReadOnlyJSON(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits.Anonymous, c.Limits.MinStake = 7, gotensor.RaoPerTAO })
	w.chain.stake(alice, 1<<63)
	w.clock.add(3 * time.Second)

	v := w.read("/api/network")
	require.Equal(t, "fake-1", v["chain_id"])
	require.EqualValues(t, 22, v["height"], "our snapshot is newer than the node's word")
	require.EqualValues(t, 4000, v["age_ms"])
	require.Equal(t, map[string]any{
		"version": "test", "uptime_s": 3.0, "netuids": []any{1.0}, "anonymous_requests_per_minute": 7.0, "min_stake_rao": "1000000000",
	}, v["gateway"])

	v = w.read("/api/subnets")
	require.Equal(t, map[string]any{
		"netuid": 1.0, "name": "first", "mechanism": "text", "n": 3.0, "tempo": 9.0, "epoch": 2.0, "next_boundary": 30.0, "offered": true,
	}, v["subnets"].([]any)[0])
	require.Equal(t, false, v["subnets"].([]any)[1].(map[string]any)["offered"])

	v = w.read("/api/subnets/1/metagraph")
	neurons := v["neurons"].([]any)
	require.Len(t, neurons, 3)
	require.Equal(t, "1152921504606846976", neurons[0].(map[string]any)["stake_rao"], "more than a JavaScript number holds")
	miner := map[string]any{
		"uid": 1.0, "hotkey": keys.Account(fakenode.Addr("miner-1")), "coldkey": keys.Account(alice), "registered": 3.0, "stake_rao": "0",
		"incentive": 49151.0, "dividends": 0.0, "consensus": 0.0, "trust": 0.0, "permit": false, "active": false, "emission_rao": "5", "accrued_rao": "0",
		"serves": false, "model": "ngram-5", "capabilities": []any{"generate"}, "latency_ms": 1.5, "success": 0.5, "running": 2.0, "state": "up",
	}
	require.Equal(t, miner, neurons[1])

	v = w.read("/api/subnets/1/neurons/1")
	for name, value := range miner {
		require.Equal(t, value, v[name], name)
	}
	require.Equal(t, []any{map[string]any{"uid": 0.0, "weight": 65535.0}}, v["weights"])
	require.Empty(t, v["row"])
	v = w.read("/api/subnets/1/neurons/0")
	require.Equal(t, []any{map[string]any{"uid": 1.0, "weight": 65535.0}, map[string]any{"uid": 2.0, "weight": 21845.0}}, v["row"])
	require.Empty(t, v["weights"])

	v = w.read("/api/accounts/" + keys.Account(alice))
	require.Equal(t, "123456789012345678901", v["balance_atao"])
	require.Equal(t, "9223372036854775808", v["bandwidth_rao"])
	require.Equal(t, []any{map[string]any{"validator": keys.Operator(fakenode.Addr("north")), "moniker": "north", "rao": "9223372036854775808"}}, v["stake"])
	require.Equal(t, []any{map[string]any{"netuid": 1.0, "uid": 1.0, "role": "miner", "key": "coldkey"}}, v["neurons"])
	v = w.read("/api/accounts/" + keys.Account(fakenode.Addr("judge")))
	require.Equal(t, []any{map[string]any{"netuid": 1.0, "uid": 0.0, "role": "validator", "key": "hotkey"}}, v["neurons"])

	for path, status := range map[string]int{
		"/api/subnets/x/metagraph": 400, "/api/subnets/2/metagraph": 404, "/api/subnets/70000/metagraph": 400, "/api/subnets/1/neurons/3": 404,
		"/api/subnets/1/neurons/-1": 400, "/api/accounts/alice": 400,
	} {
		got := w.ask("GET", path, "", "")
		require.Equal(t, status, got.Code, path)
		code(t, got)
	}
}

func TestReadOnlyJSONWhileTheNodeIsAway(t *testing.T) {
	w := newWorld(t, nil)
	known := "/api/accounts/" + keys.Account(alice)
	w.read("/api/subnets")
	w.read(known)
	w.read("/api/subnets/1/neurons/0")
	w.chain.away.Store(true)
	w.clock.add(10 * time.Minute)
	before := w.chain.calls.Load()
	require.EqualValues(t, 601_000, w.read("/api/subnets/1/metagraph")["age_ms"])
	require.EqualValues(t, 601_000, w.read("/api/network")["age_ms"])
	require.Len(t, w.read("/api/subnets")["subnets"], 2)
	require.EqualValues(t, 600_000, w.read(known)["age_ms"], "the height that the account was seen at")
	require.Len(t, w.read("/api/subnets/1/neurons/0")["row"], 2)
	for range 10 {
		w.read("/api/subnets")
	}
	require.Less(t, w.chain.calls.Load()-before, int64(8), "a node that is away is not asked by every request")
	got := w.ask("GET", "/api/accounts/"+keys.Account(bob), "", "")
	require.Equal(t, 503, got.Code)
	require.Equal(t, "chain_unavailable", code(t, got))
	require.NotEmpty(t, got.Header().Get("Retry-After"))
}

func TestBeforeAnythingIsKnown(t *testing.T) {
	w := newWorld(t, nil)
	w.chain.away.Store(true)
	w.network.m.Store(nil)
	v := w.read("/api/network")
	require.Equal(t, "fake-1", v["chain_id"], "whoever signs in needs it")
	require.EqualValues(t, 0, v["height"])
	for _, path := range []string{"/api/subnets", "/api/subnets/1/metagraph", "/api/subnets/1/neurons/0", "/api/subnets/1/incentive"} {
		require.Equal(t, 503, w.ask("GET", path, "", "").Code, path)
	}
}

func TestIncentiveByEpoch(t *testing.T) {
	w := newWorld(t, nil)
	seen := map[gotensor.NetUID]gotensor.Block{}
	s := w.cfg.Networks[0]
	for boundary := gotensor.Block(20); boundary <= 40; boundary += 10 {
		w.network.set(t, w.clock.now(), boundary)
		w.g.api.collectOne(t.Context(), s, seen)
		w.g.api.collectOne(t.Context(), s, seen)
	}
	v := w.read("/api/subnets/1/incentive")
	require.Equal(t, []any{20.0, 30.0, 40.0}, v["heights"])
	require.Equal(t, []any{
		map[string]any{"uid": 1.0, "hotkey": keys.Account(fakenode.Addr("miner-1")), "values": []any{49151.0, 49151.0, 49151.0}},
		map[string]any{"uid": 2.0, "hotkey": keys.Account(fakenode.Addr("miner-2")), "values": []any{16384.0, 16384.0, 16384.0}},
	}, v["series"])
}

func TestLookupsAreBounded(t *testing.T) {
	w := newWorld(t, nil)
	for range lookupsPerMinute {
		require.Equal(t, 200, w.ask("GET", "/api/subnets", "", "").Code)
	}
	require.Equal(t, 429, w.ask("GET", "/api/subnets", "", "").Code)
	require.Equal(t, 200, w.ask("GET", "/api/subnets", "", "", "From", "192.0.2.9:1").Code)
	require.Less(t, w.chain.calls.Load(), int64(10), "and mostly answered from memory")
}

func TestCacheIsBounded(t *testing.T) {
	w := newWorld(t, nil)
	for i := range maxCached + 10 {
		w.clock.add(time.Millisecond)
		_, _, err := w.g.api.accounts.get(t.Context(), gotensor.Address{byte(i), byte(i >> 8), 1})
		require.NoError(t, err, fmt.Sprint(i))
	}
	require.Len(t, w.g.api.accounts.entries, maxCached)
}
