package localnet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

func account(name string) string { return keys.Account(fakenode.Addr(name)) }

// TestRun: the programs are started in order, seen, and stopped in the opposite order; the network goes on when run again.
func TestRun(t *testing.T) {
	cfg, log := config(t)
	cfg.Epochs = 1 // the sample chain has paid once
	s, err := Run(t.Context(), cfg)
	require.NoError(t, err)
	require.EqualValues(t, 1, s.PaidEpochs)
	require.Empty(t, s.WarmingUp)
	require.Zero(t, log.Count("level=WARN"))
	for _, name := range []string{"node", "validator-1", "validator-2", "miner-1", "miner-2", "gateway"} {
		p := process{name: name, home: cfg.Home}
		require.NotContains(t, printed(t, &p), "unknown")
		require.NoFileExists(t, filepath.Join(logsIn(cfg.Home), name+".pid"))
	}
	require.Contains(t, printed(t, &process{name: "node", home: cfg.Home}), "ended start")

	// Again, until it is stopped, with validators that had time to say what they know.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg.Epochs = 0
	bound := time.Now().Add(20 * time.Second)
	cfg.Observe = func(s State) {
		if s.MixtureGain > 0 && s.Validators[0].Rounds > 0 && s.Validators[1].Rounds > 0 || time.Now().After(bound) {
			cancel()
		}
	}
	s, err = Run(ctx, cfg)
	require.NoError(t, err)
	require.InDelta(t, 0.5, s.MixtureGain, 1e-9)
	require.Len(t, s.Validators, 3)
	require.Equal(t, []string{"validator-1", "validator-2", ""}, []string{s.Validators[0].Name, s.Validators[1].Name, s.Validators[2].Name})
	outside := s.Validators[2]
	require.Equal(t, account("judge"), outside.Hotkey)
	require.EqualValues(t, 0, *outside.UID)
	require.Equal(t, 1010*gotensor.RaoPerTAO, outside.Stake)
	require.EqualValues(t, 65535, outside.Dividends)
	require.Equal(t, gotensor.RaoPerTAO, outside.RaoEarned)
	require.Len(t, s.Miners, 3)
	m := s.Miners[0]
	require.Empty(t, m.Name)
	require.Equal(t, "from-outside", m.Model)
	require.InDelta(t, 0.25, *m.Gain, 1e-9)
	require.InDelta(t, 0.75, *m.Weight, 1e-9)
	require.Positive(t, m.RaoEarned)
	require.Less(t, m.RaoEarned, 90*gotensor.RaoPerTAO, "not the coldkey's other money")
	require.Nil(t, s.Miners[1].Gain)
}

// TestRunStopped: a node that does not start is said, with the place of its log, until the run is stopped.
func TestRunStopped(t *testing.T) {
	cfg, log := config(t)
	_, leave, err := enter(t.Context(), &cfg)
	require.NoError(t, err)
	leave()
	cfg.Gotensord = filepath.Join(t.TempDir(), "none")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for log.Count("starting it again") == 0 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, err = Run(ctx, cfg)
	require.NoError(t, err, "it was stopped before there was anything to see")
	require.Positive(t, log.Count(filepath.Join("logs", "node.log")))
}

// TestEarned: what a miner from outside got is added up epoch by epoch, once each.
func TestEarned(t *testing.T) {
	w := &watcher{hot: map[string]string{}, epoch: map[string]uint64{}, given: map[string]gotensor.Rao{}}
	at := func(epoch uint64) *metagraph.Metagraph {
		m, err := metagraph.New(metagraph.Info{NetUID: 1, Epoch: epoch}, nil)
		require.NoError(t, err)
		return m
	}
	n := metagraph.Neuron{Hotkey: gotensor.Address{1}}
	for _, step := range []struct {
		epoch    uint64
		emission gotensor.Rao
		want     gotensor.Rao
	}{{3, 0, 0}, {4, 10, 10}, {4, 10, 10}, {5, 0, 10}, {6, 7, 17}, {6, 7, 17}} {
		n.Emission = step.emission
		got, err := w.earned(t.Context(), at(step.epoch), n)
		require.NoError(t, err)
		require.Equal(t, step.want, got)
	}
	n.Emission = 1<<64 - 1
	_, err := w.earned(t.Context(), at(7), n)
	require.ErrorContains(t, err, "what uid 0 earned")
}

func TestWarmingUp(t *testing.T) {
	one := uint64(1)
	judged := func(round int) *said {
		return &said{MinRounds: 10, Overview: mechanism.Overview{Round: round}}
	}
	with := func(s *said, committed, revealed *uint64) *said {
		s.Committed, s.Revealed = committed, revealed
		return s
	}
	for _, tc := range []struct {
		name   string
		epoch  uint64
		paid   uint64
		miners int
		status map[string]*said
		want   string
	}{
		{name: "the first period", want: "validators get their permits at block 20"},
		{name: "nobody serves", epoch: 1, want: "miners register by proof of work"},
		{name: "no validator has said anything", epoch: 1, miners: 1, want: "validators are starting"},
		{name: "rounds", epoch: 1, miners: 1, status: map[string]*said{"a": judged(3), "b": judged(4)}, want: "round 4 of 10 before validators commit"},
		{
			name: "enough rounds", epoch: 1, miners: 1, status: map[string]*said{"a": judged(10)},
			want: "enough rounds; weights are committed in the second half of the period that ends at block 20",
		},
		{
			name: "committed", epoch: 1, miners: 1, status: map[string]*said{"a": with(judged(12), &one, nil), "b": judged(3)},
			want: "weights are committed, and revealed after block 20",
		},
		{
			name: "revealed", epoch: 2, miners: 1, status: map[string]*said{"a": with(judged(30), &one, &one)},
			want: "weights are revealed; the first pay comes at block 20",
		},
		{name: "paid", epoch: 3, paid: 1, want: ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, err := metagraph.New(metagraph.Info{NetUID: 1, Epoch: tc.epoch, NextBoundary: 20}, nil)
			require.NoError(t, err)
			s := State{PaidEpochs: tc.paid, Miners: make([]Miner, tc.miners)}
			require.Equal(t, tc.want, (&watcher{}).warmingUp(m, s, tc.status))
		})
	}
}

func TestMixture(t *testing.T) {
	require.Zero(t, mixture(nil))
	require.InDelta(t, 0.3, mixture(map[string]*said{
		"a": {Overview: mechanism.Overview{Round: 2, MixtureGain: 0.2}}, "b": {Overview: mechanism.Overview{Round: 5, MixtureGain: 0.4}}, "c": {},
	}), 1e-9, "who has not judged does not count")
}

// TestLookFails: a node that cannot be read is no state.
func TestLookFails(t *testing.T) {
	n, err := fakenode.Start("127.0.0.1:0", fakenode.Sample())
	require.NoError(t, err)
	t.Cleanup(n.Stop)
	c, err := chain.Dial(n.Addr(), chain.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	m, err := c.Metagraph(t.Context(), 1)
	require.NoError(t, err)
	w := &watcher{cfg: &Config{}, plan: &plan{}, chain: c, hot: map[string]string{}, epoch: map[string]uint64{}, given: map[string]gotensor.Rao{}}
	_, err = w.look(t.Context(), m)
	require.NoError(t, err)
	n.Stop()
	_, err = w.look(t.Context(), m)
	require.ErrorIs(t, err, chain.ErrUnreachable)
}

func ExampleRun() {
	_, err := Run(context.Background(), Config{Home: "net"})
	fmt.Println(errors.Is(err, ErrConfig), strings.TrimPrefix(err.Error(), ErrConfig.Error()+": "))
	// Output:
	// true home and both binaries are required
}
