package miner

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/internal/logbook"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

// dummyServer serves the text service without answering anything.
type dummyServer struct{}

func (dummyServer) Service() (*grpc.ServiceDesc, any) {
	return &textv1.Text_ServiceDesc, &textv1.UnimplementedTextServer{}
}

func (dummyServer) Describe() mechanism.Description {
	return mechanism.Description{Model: "dummy", MaxRequest: 1 << 20}
}

// stage is a fake chain and the home of the miner "fresh", who is not registered at first.
type stage struct {
	t    *testing.T
	node *fakenode.Node
	cfg  Config
	log  *logbook.Book
}

func newStage(t *testing.T) *stage {
	t.Helper()
	w := fakenode.Sample()
	w.Difficulty, w.Ticks = 4, true
	n, err := fakenode.Start("127.0.0.1:0", w)
	require.NoError(t, err)
	t.Cleanup(n.Stop)
	log := &logbook.Book{}
	c, err := chain.Dial(n.Addr(), chain.Options{Logger: log.Logger()})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return &stage{t: t, node: n, log: log, cfg: Config{
		Chain: c, Key: fakenode.Key("fresh"), Coldkey: fakenode.Addr("cold"), NetUID: 1, Server: dummyServer{}, Home: t.TempDir(),
		Listen: "127.0.0.1:0", Version: "test", Log: log.Logger(),
	}}
}

func (s *stage) run() (stop func() error, ended <-chan error) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, s.cfg) }()
	s.t.Cleanup(cancel)
	return func() error { cancel(); return <-done }, done
}

func (s *stage) wait(what string, fits func() bool) {
	s.t.Helper()
	require.Eventually(s.t, fits, 20*time.Second, 5*time.Millisecond, what)
}

// status waits for a status file that fits.
func (s *stage) status(fits func(Status) bool) (out Status) {
	s.t.Helper()
	s.wait("status.json", func() bool {
		data, err := os.ReadFile(filepath.Join(s.cfg.Home, "status.json"))
		out = Status{}
		return err == nil && json.Unmarshal(data, &out) == nil && fits(out)
	})
	return out
}

// me is the miner as the chain has it.
func (s *stage) me() (out *fakenode.Neuron) {
	s.node.Edit(func(w *fakenode.World) {
		for _, n := range w.Neurons {
			if n.Hotkey == fakenode.Addr("fresh") {
				c := *n
				out = &c
			}
		}
	})
	return out
}

func (s *stage) register() {
	s.node.Edit(func(w *fakenode.World) {
		w.Neurons = append(w.Neurons, &fakenode.Neuron{Hotkey: fakenode.Addr("fresh"), Coldkey: fakenode.Addr("cold"), Registered: w.Height})
		w.Accounts[fakenode.Addr("fresh")] = &fakenode.Account{Number: 50}
	})
}

func (s *stage) broadcasts() int { return s.node.Calls("/cosmos.tx.v1beta1.Service/BroadcastTx") }

// TestLife: a key that owns nothing registers by work, publishes itself, answers, and comes back when it was pruned.
func TestLife(t *testing.T) {
	s := newStage(t)
	var told []Work
	s.cfg.Progress = func(w Work) { told = append(told, w) }
	stop, _ := s.run()
	st := s.status(func(st Status) bool { return st.Published })
	require.Equal(t, account("fresh"), st.Hotkey)
	require.Equal(t, "dummy", st.Model)
	require.EqualValues(t, 4, *st.UID)
	at := s.me()
	require.Equal(t, fakenode.Addr("cold"), at.Coldkey)
	require.Equal(t, st.Endpoint, netip.AddrPortFrom(netip.MustParseAddr(at.Endpoint.Host), uint16(at.Endpoint.Port)).String())
	require.Equal(t, 2, s.broadcasts(), "one registration, one announcement")

	// A validator may ask, others may not.
	dial, err := dendrite.New(dendrite.Config{ChainID: "fake-1", Signer: fakenode.Key("judge")})
	require.NoError(t, err)
	t.Cleanup(func() { dial.Close() })
	target := dendrite.Target{Addr: netip.MustParseAddrPort(st.Endpoint), Pin: [32]byte(at.Endpoint.CertificatePin), Hotkey: fakenode.Addr("fresh")}
	info, err := axonv1.NewAxonClient(dial.To(target)).Info(t.Context(), &axonv1.InfoRequest{})
	require.NoError(t, err)
	require.Equal(t, "dummy", info.GetModel())
	_, err = textv1.NewTextClient(dial.To(target)).Predict(t.Context(), &textv1.PredictRequest{})
	require.Error(t, err, "this server implements nothing")
	s.status(func(st Status) bool { return st.Failed == 1 })

	s.node.Edit(func(w *fakenode.World) { w.Neurons = w.Neurons[:4] })
	s.wait("registered and published again", func() bool { n := s.me(); return n != nil && n.Endpoint.Host != "" })
	s.status(func(st Status) bool { return st.Published })
	require.NoError(t, stop())
	require.Equal(t, 4, s.broadcasts())
	var done int
	for _, w := range told {
		if w.Done {
			done++
			require.EqualValues(t, 4, w.UID)
			require.Positive(t, w.Hashes)
			require.EqualValues(t, 4, w.Difficulty)
		}
	}
	require.Equal(t, 2, done)
}

// TestPublish: the chain is told when it has another endpoint, and only then.
func TestPublish(t *testing.T) {
	t.Run("the same certificate at the same address", func(t *testing.T) {
		s := newStage(t)
		s.register()
		stop, _ := s.run()
		st := s.status(func(st Status) bool { return st.Published })
		require.NoError(t, stop())
		s.cfg.Listen = st.Endpoint
		stop, _ = s.run()
		s.status(func(again Status) bool { return again.Height > st.Height+5 })
		require.NoError(t, stop())
		require.Equal(t, 1, s.broadcasts())
	})
	t.Run("another port", func(t *testing.T) {
		s := newStage(t)
		s.register()
		for range 2 {
			stop, _ := s.run()
			s.wait("published", func() bool {
				data, err := os.ReadFile(filepath.Join(s.cfg.Home, "status.json"))
				return err == nil && strings.Contains(string(data), `"published":true`)
			})
			require.NoError(t, stop())
			require.NoError(t, os.Remove(filepath.Join(s.cfg.Home, "status.json")))
		}
		require.Equal(t, 2, s.broadcasts())
	})
	t.Run("what is announced", func(t *testing.T) {
		for announce, want := range map[string]string{
			"203.0.113.7:8091":         "203.0.113.7:8091",
			"[2001:db8::1]:8091":       "[2001:db8::1]:8091",
			"[::ffff:203.0.113.7]:443": "203.0.113.7:443",
		} {
			s := newStage(t)
			s.register()
			s.cfg.Listen, s.cfg.Announce = "0.0.0.0:0", netip.MustParseAddrPort(announce)
			stop, _ := s.run()
			st := s.status(func(st Status) bool { return st.Published })
			require.Equal(t, want, st.Endpoint)
			require.NoError(t, stop())
		}
	})
	t.Run("an address without a port, with the port of the listener", func(t *testing.T) {
		s := newStage(t)
		s.register()
		s.cfg.Announce = netip.AddrPortFrom(netip.MustParseAddr("203.0.113.7"), 0)
		stop, _ := s.run()
		st := s.status(func(st Status) bool { return st.Published })
		require.True(t, strings.HasPrefix(st.Endpoint, "203.0.113.7:"))
		require.NotZero(t, netip.MustParseAddrPort(st.Endpoint).Port())
		require.NoError(t, stop())
	})
	t.Run("refused for a while", func(t *testing.T) {
		s := newStage(t)
		s.register()
		s.node.Break(func(f *fakenode.Faults) { f.Refuse = neuron.ErrRateLimit })
		stop, _ := s.run()
		s.wait("warned", func() bool { return s.log.Count("the chain does not know this miner yet") == 1 })
		s.node.Break(func(f *fakenode.Faults) { f.Refuse = nil })
		s.status(func(st Status) bool { return st.Published })
		require.NoError(t, stop())
		require.Equal(t, 1, s.log.Count("the chain does not know this miner yet"))
	})
}

// TestClosed: while no registration is taken the miner waits and says why; one that may not register ends.
func TestClosed(t *testing.T) {
	t.Run("waits", func(t *testing.T) {
		s := newStage(t)
		s.node.Edit(func(w *fakenode.World) { w.Closed = "too many in this interval" })
		stop, _ := s.run()
		s.wait("said why", func() bool { return s.log.Count("too many in this interval") == 1 })
		s.status(func(st Status) bool { return st.UID == nil && st.Height > 0 })
		s.node.Edit(func(w *fakenode.World) { w.Closed = "" })
		s.status(func(st Status) bool { return st.Published })
		require.NoError(t, stop())
	})
	t.Run("Register does not", func(t *testing.T) {
		s := newStage(t)
		s.node.Edit(func(w *fakenode.World) { w.Closed = "too many" })
		err := Register(t.Context(), s.registration())
		require.ErrorIs(t, err, ErrClosed)
		require.ErrorIs(t, err, ErrNotRegistered)
		require.ErrorContains(t, err, "too many")
	})
	t.Run("may not register", func(t *testing.T) {
		s := newStage(t)
		s.cfg.NoRegister = true
		_, ended := s.run()
		err := <-ended
		require.ErrorIs(t, err, ErrNotRegistered)
		require.ErrorContains(t, err, account("fresh"))
		require.Zero(t, s.broadcasts())
	})
}

func (s *stage) registration() Registration {
	return Registration{Chain: s.cfg.Chain, Key: s.cfg.Key, Coldkey: s.cfg.Coldkey, NetUID: 1}
}

func TestRegister(t *testing.T) {
	t.Run("has a uid already", func(t *testing.T) {
		s := newStage(t)
		s.register()
		var told Work
		r := s.registration()
		r.Progress = func(w Work) { told = w }
		require.NoError(t, Register(t.Context(), r))
		require.True(t, told.Done)
		require.EqualValues(t, 4, told.UID)
		require.Zero(t, s.broadcasts())
	})
	t.Run("has a uid for another coldkey", func(t *testing.T) {
		s := newStage(t)
		s.register()
		r := s.registration()
		r.Coldkey = fakenode.Addr("mine")
		r.Progress = func(Work) { require.Fail(t, "nothing is done") }
		s.refusesColdkey(Register(t.Context(), r))
	})
	t.Run("gets a uid in another way meanwhile", func(t *testing.T) {
		s := newStage(t)
		s.node.Break(func(f *fakenode.Faults) { f.Refuse = neuron.ErrRegistered })
		go func() {
			for s.broadcasts() == 0 && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
			s.register()
		}()
		require.NoError(t, Register(t.Context(), s.registration()))
		require.Equal(t, 1, s.broadcasts())
	})
	t.Run("overtaken", func(t *testing.T) {
		s := newStage(t)
		s.node.Break(func(f *fakenode.Faults) { f.FailInBlock = neuron.ErrWork })
		go func() {
			for s.broadcasts() < 2 && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
			s.node.Break(func(f *fakenode.Faults) { f.FailInBlock = nil })
		}()
		require.NoError(t, Register(t.Context(), s.registration()))
		require.GreaterOrEqual(t, s.broadcasts(), 3)
	})
	t.Run("refused again and again", func(t *testing.T) {
		s := newStage(t)
		s.node.Break(func(f *fakenode.Faults) { f.Refuse = neuron.ErrNoSlot })
		err := Register(t.Context(), s.registration())
		var refused *chain.TxError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, mostRefusals, s.broadcasts())
	})
	t.Run("stopped while it works", func(t *testing.T) {
		s := newStage(t)
		s.node.Edit(func(w *fakenode.World) { w.Difficulty = 1 << 62 })
		ctx, cancel := context.WithCancel(t.Context())
		r := s.registration()
		var last Work
		r.Progress = func(w Work) { last = w; cancel() }
		require.ErrorIs(t, Register(ctx, r), context.Canceled)
		require.Positive(t, last.Rate)
		require.Positive(t, last.Expected)
	})
}

// TestOtherColdkey: a miner does not work for a coldkey that it was not given.
func TestOtherColdkey(t *testing.T) {
	s := newStage(t)
	s.register()
	s.cfg.Coldkey = fakenode.Addr("mine")
	_, ended := s.run()
	s.refusesColdkey(<-ended)
}

func (s *stage) refusesColdkey(err error) {
	s.t.Helper()
	require.ErrorIs(s.t, err, ErrColdkey)
	require.ErrorContains(s.t, err, account("cold"))
	require.ErrorContains(s.t, err, account("mine"))
	require.Zero(s.t, s.broadcasts())
}

// TestStopped: the end of the context is success, whatever the miner was doing.
func TestStopped(t *testing.T) {
	t.Run("while no node answers", func(t *testing.T) {
		s := newStage(t)
		s.node.Stop()
		stop, _ := s.run()
		s.wait("said so", func() bool { return s.log.Count("waiting for the node") == 1 })
		require.NoError(t, stop())
	})
	t.Run("while it works", func(t *testing.T) {
		s := newStage(t)
		s.node.Edit(func(w *fakenode.World) { w.Difficulty = 1 << 62 })
		working := make(chan struct{})
		begun := sync.OnceFunc(func() { close(working) })
		s.cfg.Progress = func(Work) { begun() }
		stop, _ := s.run()
		<-working
		s.status(func(st Status) bool { return st.UID == nil })
		require.NoError(t, stop())
	})
	t.Run("while its announcement is not in a block", func(t *testing.T) {
		s := newStage(t)
		s.register()
		s.node.Break(func(f *fakenode.Faults) { f.Hidden = 1 << 20 })
		stop, _ := s.run()
		s.wait("looked for", func() bool { return s.node.Calls("/cosmos.tx.v1beta1.Service/GetTx") > 0 })
		require.NoError(t, stop())
	})
}

func TestRunRefuses(t *testing.T) {
	s := newStage(t)
	for name, tc := range map[string]struct {
		spoil func(*Config)
		says  string
	}{
		"no chain":              {func(c *Config) { c.Chain = nil }, "required"},
		"no server":             {func(c *Config) { c.Server = nil }, "required"},
		"no coldkey":            {func(c *Config) { c.Coldkey = gotensor.Address{} }, "required"},
		"no netuid":             {func(c *Config) { c.NetUID = 0 }, "required"},
		"a listener nobody has": {func(c *Config) { c.Listen = "203.0.113.7:1" }, "listen"},
		"everywhere is no address": {
			func(c *Config) { c.Listen = "0.0.0.0:0" }, "is no address that others can reach: announce one (--announce IP)",
		},
		"nor is it when announced": {func(c *Config) { c.Announce = netip.MustParseAddrPort("[::]:80") }, ":: is no address"},
		"an address with a zone":   {func(c *Config) { c.Announce = netip.MustParseAddrPort("[fe80::1%eth0]:80") }, "fe80::1%eth0 is no address"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := s.cfg
			tc.spoil(&cfg)
			err := Run(t.Context(), cfg)
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, tc.says)
		})
	}
	t.Run("a home in use", func(t *testing.T) {
		unlock, err := home.Lock(s.cfg.Home)
		require.NoError(t, err)
		defer unlock()
		require.ErrorIs(t, Run(t.Context(), s.cfg), home.ErrInUse)
	})
}

// TestCallers: neurons are known from the metagraph; strangers' bandwidth only under the policy that asks for it, after a look-up.
func TestCallers(t *testing.T) {
	s := newStage(t)
	g, err := s.cfg.Chain.Metagraph(t.Context(), 1)
	require.NoError(t, err)
	judge, alice := fakenode.Addr("judge"), fakenode.Addr("alice")

	c := newCallers(axon.PolicyRegistered)
	_, known := c.Lookup(judge)
	require.False(t, known, "before the first snapshot")
	c.neurons.Set(g, nil)
	caller, known := c.Lookup(judge)
	require.True(t, known)
	require.Equal(t, axon.Caller{Weight: uint64(1010 * gotensor.RaoPerTAO), Registered: true, Validator: true}, caller)
	_, known = c.Lookup(alice)
	require.False(t, known)
	require.Zero(t, s.node.Calls("/gotensor.neuron.v1.Query/Bandwidth"))

	c = newCallers(axon.PolicyBandwidth)
	c.neurons.Set(g, nil)
	for range 2 * maxWanted { // more than wait
		_, known = c.Lookup(alice)
		require.False(t, known, "nobody waits for the chain")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.lookUp(ctx, s.cfg.Chain) }()
	s.wait("looked up", func() bool { _, known := c.Lookup(alice); return known })
	caller, _ = c.Lookup(alice)
	require.Equal(t, axon.Caller{Weight: uint64(10 * gotensor.RaoPerTAO)}, caller)

	s.node.Edit(func(w *fakenode.World) {
		w.Grants = append(w.Grants, neuron.Grant{Delegator: keys.Account(alice), Hotkey: keys.Account(judge), SharePpm: 500_000})
	})
	caller, known = c.Lookup(judge)
	require.True(t, known, "a neuron is served while its bandwidth is looked up")
	require.True(t, caller.Pending)
	s.wait("what was lent to a neuron counts too", func() bool { caller, _ := c.Lookup(judge); return caller.Weight == uint64(1015*gotensor.RaoPerTAO) })
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.Equal(t, 2, s.node.Calls("/gotensor.neuron.v1.Query/Bandwidth"), "once for all calls of each")
}

func account(name string) string { return keys.Account(fakenode.Addr(name)) }
