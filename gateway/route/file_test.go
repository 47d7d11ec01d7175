package route

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
)

func sample(t testing.TB) *metagraph.Metagraph {
	t.Helper()
	g, err := metagraph.New(metagraph.Info{
		NetUID: 3, Height: 99, Time: time.Unix(1_700_000_000, 5).UTC(), Epoch: 2, LastBoundary: 90, NextBoundary: 120, Tempo: 30, Mechanism: "text", Settings: `{"a":1}`,
	}, []metagraph.Neuron{
		{
			UID: 0, Hotkey: gotensor.Address{1}, Coldkey: gotensor.Address{2}, Registered: 4, LastUpdate: 5, Stake: 1 << 63, EpochStake: 7, Validator: gotensor.Address{8},
			Consensus: 9, Incentive: 10, Dividends: 11, Trust: 12, Permit: true, Active: true, Emission: 13, Accrued: 14,
			Endpoint: metagraph.Endpoint{Addr: netip.MustParseAddrPort("[2001:db8::1]:8091"), Pin: [32]byte{15}},
		},
		{UID: 1, Hotkey: gotensor.Address{3}},
	})
	require.NoError(t, err)
	return g
}

func TestSnapshotRoundTrip(t *testing.T) {
	g := sample(t)
	data, err := encode(g)
	require.NoError(t, err)
	back, err := decode(data, 3)
	require.NoError(t, err)
	require.Equal(t, g.Info, back.Info)
	require.Equal(t, slices.Collect(g.All()), slices.Collect(back.All()))
}

func TestBadSnapshots(t *testing.T) {
	good, err := encode(sample(t))
	require.NoError(t, err)
	for _, c := range []struct {
		name, old, new, words string
	}{
		{"no JSON", "{", "", "invalid character"},
		{"version", `"version":1`, `"version":2`, "version is 2, must be 1"},
		{"subnet", `"NetUID":3`, `"NetUID":4`, "of subnet 4, must be of 3"},
		{"short key", `"hotkey":"01`, `"hotkey":"`, "uid 0: hotkey has 38 digits, must have 40"},
		{"no digits", `"hotkey":"01`, `"hotkey":"zz`, "uid 0: hotkey"},
		{"same key", `"hotkey":"03`, `"hotkey":"01`, "have the hotkey"},
		{"address", `[2001:db8::1]:8091`, `somewhere`, "uid 0: addr"},
		{"port", `:8091"`, `:0"`, "port is 0"},
		{"pin alone", `"addr":"[2001:db8::1]:8091"`, `"addr":""`, "pin stands without addr"},
		{"pin", `"pin":"0f`, `"pin":"`, "uid 0: pin has 62 digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(string(good), c.old, c.new, 1)
			require.NotEqual(t, string(good), bad)
			_, err := decode([]byte(bad), 3)
			require.ErrorIs(t, err, ErrSnapshot)
			require.ErrorContains(t, err, c.words)
		})
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	g, err := load(filepath.Join(dir, "none"), 3)
	require.NoError(t, err)
	require.Nil(t, g)
	_, err = load(dir, 3)
	require.Error(t, err)
	path := filepath.Join(dir, "bad")
	require.NoError(t, os.WriteFile(path, []byte("half a fi"), 0o600))
	_, err = load(path, 3)
	require.ErrorIs(t, err, ErrSnapshot)
	r, err := New(Config{NetUID: 3, SnapshotFile: path, Follow: none2, Dial: none3})
	require.NoError(t, err, "a broken file is no reason not to start")
	require.Nil(t, r.Metagraph())
}

func FuzzDecodeSnapshot(f *testing.F) {
	good, err := encode(sample(f))
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte(`{"version":1,"info":{"NetUID":3},"neurons":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := decode(data, 3)
		if err != nil {
			require.ErrorIs(t, err, ErrSnapshot)
			return
		}
		again, err := encode(g)
		require.NoError(t, err)
		back, err := decode(again, 3)
		require.NoError(t, err)
		require.Equal(t, slices.Collect(g.All()), slices.Collect(back.All()))
	})
}

func FuzzClaims(f *testing.F) {
	f.Add("model", "generate", []byte("{}"))
	f.Add(strings.Repeat("ä", 40), "\x1b[2J", bytes.Repeat([]byte("1"), mostSchema+1))
	f.Fuzz(func(t *testing.T, model, capability string, schema []byte) {
		c, err := read(&axonv1.InfoResponse{Hotkey: "h", Netuid: 1, Model: model, Capabilities: []string{capability, capability}, Schema: schema}, "h", 1)
		require.NoError(t, err)
		require.LessOrEqual(t, len(c.model), maxModel)
		require.LessOrEqual(t, len(c.capabilities), 1)
		require.LessOrEqual(t, len(c.schema), mostSchema)
		for _, word := range append(c.capabilities, c.model) {
			require.NotContains(t, word, "\x1b")
			require.NotContains(t, word, "\n")
		}
	})
}

func TestSchemasAreSharedAndBounded(t *testing.T) {
	r := &Router{known: map[tenure]*peer{}}
	put := func(i int, schema []byte) *claims {
		p := &peer{}
		c := r.intern(&claims{schema: schema})
		p.claims.Store(c)
		r.known[tenure{registered: gotensor.Block(i)}] = p
		return c
	}
	one := put(0, []byte("[1]"))
	two := put(1, []byte("[1]"))
	require.Same(t, &one.schema[0], &two.schema[0])
	kept := 0
	for i := 2; i < 2+2*mostSchemas/mostSchema; i++ {
		if put(i, bytes.Repeat([]byte{byte(i), byte(i >> 8)}, mostSchema/2)).schema != nil {
			kept++
		}
	}
	require.Equal(t, mostSchemas/mostSchema-1, kept)
}

func TestNearest(t *testing.T) {
	names := []string{"llama-3-8b", "llama-3-70b", "Qwen3-0.6B", "x"}
	for _, c := range []struct {
		name string
		want []string
	}{
		{"llama-3-8", []string{"llama-3-8b", "llama-3-70b"}},
		{"qwen3-0.6b", []string{"Qwen3-0.6B"}},
		{"qwen3", []string{"Qwen3-0.6B"}},
		{"y", []string{"x"}},
		{"gemma", []string{}},
		{strings.Repeat("l", 1000), nil},
	} {
		t.Run(c.name[:min(len(c.name), 10)], func(t *testing.T) { require.Equal(t, c.want, nearest(c.name, names, 3)) })
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"abc", "abc", 0}} {
		require.Equal(t, c.want, edits(c.a, c.b), "%s %s", c.a, c.b)
	}
}
