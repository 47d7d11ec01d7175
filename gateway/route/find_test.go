package route_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// variety is a subnet of neurons that differ in what they offer.
func variety(t *testing.T) *route.Router {
	t.Helper()
	w := newWorld(30000, 20000, 10000, 5000, 0)
	w.miners[1].info.Model, w.miners[2].info.Model = "Qwen3", "Qwen3"
	w.miners[2].info.Capabilities = []string{"embed", "generate"}
	w.miners[3].infoErr = &dendrite.Error{Kind: dendrite.ErrUnreachable} // serves, but never says what
	w.miners[4].dark = true
	w.miners[0].info.Model = "best" // a name that it cannot take
	return w.started(t, nil)
}

func TestModels(t *testing.T) {
	for _, c := range []struct {
		name, model, capability string
		uid                     int
		err                     error
		words                   string
	}{
		{"empty", "", "generate", 0, nil, ""},
		{"auto", "auto", "generate", 0, nil, ""},
		{"best", "best", "generate", 0, nil, ""},
		{"best of those that can", "best", "embed", 2, nil, ""},
		{"a uid", "uid-2", "generate", 2, nil, ""},
		{"a uid without need", "uid-3", "", 3, nil, ""},
		{"an address", keys.Account(hotkeyOf(1)), "generate", 1, nil, ""},
		{"a name", "Qwen3", "generate", 1, nil, ""},
		{"a name, and what it can do", "Qwen3", "embed", 2, nil, ""},
		{"no such name", "qwen3", "generate", 0, mechanism.ErrUnknownModel, `did you mean "Qwen3"?`},
		{"nothing like it", "gpt-9-ultra", "generate", 0, mechanism.ErrUnknownModel, `there are "auto", "best" and "Qwen3"`},
		{"no such uid", "uid-5", "generate", 0, mechanism.ErrUnknownModel, "its uids are 0 to 4"},
		{"no number", "uid-x\x1b", "generate", 0, mechanism.ErrUnknownModel, `no "uid-x?"`},
		{"no such key", keys.Account(hotkeyOf(77)), "generate", 0, mechanism.ErrUnknownModel, "is not registered on subnet 1"},
		{"half an address", "tao1abc", "generate", 0, mechanism.ErrUnknownModel, "copied whole"},
		{"a uid that cannot", "uid-1", "embed", 0, mechanism.ErrNoNeuron, `uid 1 does not offer "embed"`},
		{"a uid that said nothing yet", "uid-3", "generate", 0, mechanism.ErrNoNeuron, "has not answered yet"},
		{"a uid that does not serve", "uid-4", "generate", 0, mechanism.ErrNoNeuron, "publishes no endpoint"},
		{"nobody can", "auto", "draw", 0, mechanism.ErrNoNeuron, "of 4 neurons that publish an endpoint 3 have answered"},
		{"none of that name can", "Qwen3", "draw", 0, mechanism.ErrNoNeuron, `no neuron with the model "Qwen3" offers "draw"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := variety(t)
				_, lease, err := ask(t.Context(), r, mechanism.Ask{Model: c.model, Capability: c.capability})
				if c.err != nil {
					require.ErrorIs(t, err, c.err)
					require.ErrorContains(t, err, c.words)
					return
				}
				require.NoError(t, err)
				require.EqualValues(t, c.uid, lease.Peer().UID)
				lease.Done(nil)
			})
		})
	}
}

func TestNoSnapshotYet(t *testing.T) {
	w := newWorld()
	r, err := route.New(route.Config{NetUID: netuid, Follow: w.follow, Dial: w.dial})
	require.NoError(t, err)
	_, _, err = ask(t.Context(), r, generate)
	require.ErrorIs(t, err, mechanism.ErrNoNeuron)
	require.Nil(t, r.Metagraph())
	require.Empty(t, r.Peers(""))
	require.Empty(t, r.Standings())
	require.Zero(t, r.Stats().Height)
}

func TestConfig(t *testing.T) {
	w := newWorld()
	good := route.Config{NetUID: netuid, Follow: w.follow, Dial: w.dial}
	for _, c := range []struct {
		name  string
		spoil func(*route.Config)
		words string
	}{
		{"netuid", func(c *route.Config) { c.NetUID = 0 }, "NetUID is 0"},
		{"follow", func(c *route.Config) { c.Follow = nil }, "Follow is nil"},
		{"dial", func(c *route.Config) { c.Dial = nil }, "Dial is nil"},
		{"hedges", func(c *route.Config) { c.HedgeShare = 2 }, "HedgeShare is 2"},
		{"time", func(c *route.Config) { c.StallTimeout = -time.Second }, "StallTimeout is -1s"},
		{"number", func(c *route.Config) { c.MaxRunning = -1 }, "MaxRunning is -1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := good
			c.spoil(&cfg)
			_, err := route.New(cfg)
			require.ErrorIs(t, err, route.ErrConfig)
			require.ErrorContains(t, err, c.words)
		})
	}
}

func TestPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(30000, 20000, 10000, 0)
		w.miners[1].set(refused, &dendrite.Error{Kind: dendrite.ErrUnreachable})
		w.miners[2].info.Model = "evil\x1b[2J" + strings.Repeat("x", 100)
		w.miners[2].info.Capabilities = []string{"b", "a", "a", "", strings.Repeat("c", 33), "d\n"}
		w.miners[2].info.Schema = []byte("{not json")
		w.miners[0].info.Schema = []byte(`{"type":"object"}`)
		w.miners[3].info.Hotkey = keys.Account(hotkeyOf(0)) // not who the chain lists
		r := w.started(t, nil)
		peers := r.Peers("")
		require.Len(t, peers, 4)
		require.EqualValues(t, 0, peers[0].UID)
		require.Equal(t, 0.5, peers[0].Share)
		require.Equal(t, "up", peers[0].State)
		require.Equal(t, "model-0", peers[0].Model)
		require.JSONEq(t, `{"type":"object"}`, string(peers[0].Schema))
		require.Zero(t, peers[0].Latency)

		evil := stateOf(t, r, 2)
		require.Equal(t, "evil?[2J"+strings.Repeat("x", 56), evil.Model)
		require.Equal(t, []string{"a", "b"}, evil.Capabilities)
		require.Empty(t, evil.Schema)

		require.Equal(t, "unknown", stateOf(t, r, 1).State)
		time.Sleep(6 * time.Second)
		require.Equal(t, "down", stateOf(t, r, 1).State, "two questions without an answer")
		require.Equal(t, "down", stateOf(t, r, 3).State, "another neuron answers there")
		require.Empty(t, stateOf(t, r, 3).Model)
		require.EqualValues(t, 1, r.Peers("")[2].UID, "those that are down are last")
		require.Len(t, r.Peers("generate"), 1)
		require.Empty(t, r.Peers("draw"))

		_, lease, err := ask(t.Context(), r, only(0))
		require.NoError(t, err)
		require.Equal(t, 1, r.Peers("generate")[0].Running)
		lease.Done(nil)
		p := r.Peers("generate")[0]
		require.Equal(t, mechanism.Peer{
			Neuron: p.Neuron, Share: 0.5, Model: "model-0", Capabilities: []string{"generate"}, Schema: p.Schema,
			Latency: 50 * time.Millisecond, Success: 1, State: "up",
		}, p)
		s := r.Stats()
		require.Equal(t, map[string]int{"unknown": 0, "up": 2, "trying": 0, "down": 2}, s.States)
		require.EqualValues(t, 10, s.Height)
		require.EqualValues(t, 6, s.InfoFailures, "two neurons at 0, 5 and 6 s")
	})
}

// A neuron at another address, and another neuron under its uid, start anew; the others keep what is known of them.
func TestTenures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(30000, 20000)
		r := w.started(t, nil)
		for uid := range 2 {
			_, lease, err := ask(t.Context(), r, only(uid))
			require.NoError(t, err)
			lease.Done(nil)
		}
		w.graphs <- w.graph(t)
		time.Sleep(time.Second)
		require.EqualValues(t, 1, stateOf(t, r, 0).Asked, "a new block changes nothing")
		require.EqualValues(t, 11, r.Metagraph().Height)
		w.moved = 1
		w.miners[0].info.Model = "new"
		w.graphs <- w.graph(t)
		time.Sleep(time.Second)
		require.Zero(t, stateOf(t, r, 0).Asked)
		require.Equal(t, "new", stateOf(t, r, 0).Model, "it is asked at once what it can do there")
	})
}

func TestClaimsAreRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(30000)
		r := w.started(t, nil)
		w.miners[0].mu.Lock()
		w.miners[0].info.Capabilities = []string{"embed", "generate"}
		w.miners[0].mu.Unlock()
		require.Empty(t, r.Peers("embed"))
		time.Sleep(7 * time.Minute)
		require.Len(t, r.Peers("embed"), 1)
	})
}

// The gateway starts while no node answers: it serves by the snapshot of its last run.
func TestSnapshotFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "metagraph.json")
	var before uint64
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(30000, 20000)
		r := w.started(t, func(c *route.Config) { c.SnapshotFile = file })
		before = uint64(r.Metagraph().Height)
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(30000, 20000)
		w.miners, w.height = w.miners[:0:0], 0 // no snapshot comes
		full := newWorld(30000, 20000)
		r := w.started(t, func(c *route.Config) { c.SnapshotFile, c.Dial = file, full.dial })
		require.EqualValues(t, before, r.Metagraph().Height)
		require.Equal(t, gotensor.UID(0), r.Peers("generate")[0].UID)
		_, lease, err := ask(t.Context(), r, generate)
		require.NoError(t, err)
		lease.Done(nil)
	})
}

func TestRunEndsWithFollow(t *testing.T) {
	broken := errors.New("broken")
	w := newWorld()
	r, err := route.New(route.Config{NetUID: netuid, Dial: w.dial, Follow: func(context.Context, func(*metagraph.Metagraph) error) error { return broken }})
	require.NoError(t, err)
	require.ErrorIs(t, r.Run(t.Context()), broken)
}
