package validator

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// TestStaggered: the turns of k validators divide the time between two rounds evenly, whatever the clock says.
func TestStaggered(t *testing.T) {
	const every = 12 * time.Second
	for k := 1; k <= 8; k++ {
		t.Run(strconv.Itoa(k), func(t *testing.T) {
			var neurons []metagraph.Neuron
			for uid := range 2 * k { // every other one is a miner
				neurons = append(neurons, metagraph.Neuron{UID: gotensor.UID(uid), Hotkey: gotensor.Address{byte(uid + 1)}, Permit: uid%2 == 1})
			}
			m, err := metagraph.New(metagraph.Info{NetUID: 1}, neurons)
			require.NoError(t, err)
			now := time.Unix(1_700_000_000, 123_456_789)
			var turns []time.Duration
			for n := range m.All() {
				if !n.Permit {
					continue
				}
				d := untilTurn(m, n.Hotkey, every, now)
				require.Positive(t, d)
				require.LessOrEqual(t, d, every)
				again := untilTurn(m, n.Hotkey, every, now.Add(d))
				require.Equal(t, every, again, "the turn after a turn")
				turns = append(turns, time.Duration(now.Add(d).UnixNano())%every)
			}
			slices.Sort(turns)
			for i, turn := range turns {
				require.Equal(t, every*time.Duration(i)/time.Duration(k), turn)
			}
		})
	}
}

// run starts a validator and returns what stops it and gives its error.
func (s *stage) run(j *dummyJudge) (stop func() error) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, s.config(j)) }()
	s.t.Cleanup(cancel)
	return func() error { cancel(); return <-ended }
}

// status waits for a status file that fits.
func (s *stage) status(fits func(Status) bool) (out Status) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		data, err := os.ReadFile(filepath.Join(s.home, "status.json"))
		out = Status{}
		return err == nil && json.Unmarshal(data, &out) == nil && fits(out)
	}, 20*time.Second, 5*time.Millisecond)
	return out
}

// TestRun: a validator whose chain goes on judges, commits, reveals, shows it, and goes on where it was when started again.
func TestRun(t *testing.T) {
	s := newStage(t)
	s.clearRow()
	s.chain.Edit(func(w *fakenode.World) { w.Ticks, w.Tempo = true, 39 })
	j := &dummyJudge{every: 20 * time.Millisecond, fail: 2}
	stop := s.run(j)
	st := s.status(func(st Status) bool { return st.RevealedEpoch != nil })
	// A reveal is due in a later period than the first; the round after the one that was under way then belongs to it for sure.
	enough := st.Round + 2
	st = s.status(func(st Status) bool { return st.Round >= enough })
	require.NoError(t, stop())
	_, row := s.onChain()
	require.Equal(t, ours, row)
	require.EqualValues(t, 0, *st.UID)
	require.Equal(t, account("judge"), st.Hotkey)
	require.Positive(t, st.Height)
	require.NotNil(t, st.CommittedEpoch)
	require.False(t, st.WarmingUp)
	require.Equal(t, 3, st.MinRounds)
	require.Empty(t, st.Waiting)
	require.InDelta(t, 0.5, st.MixtureGain, 0)
	require.Len(t, st.Neurons, 1)
	require.WithinDuration(t, time.Now(), st.Time, time.Minute)
	require.Equal(t, 2, s.log.Count("round failed, it does not count"))
	require.Equal(t, 2, j.Failed)
	require.Contains(t, j.asked, 3, "the miners, and not this validator")
	beacons := map[uint64][32]byte{}
	for _, p := range j.periods {
		if p.Number > 0 {
			require.NotZero(t, p.Beacon)
			require.Contains(t, [][32]byte{{}, p.Beacon}, beacons[p.Number], "one for all rounds of a period")
			beacons[p.Number] = p.Beacon
		}
	}
	require.NotEmpty(t, beacons)
	require.LessOrEqual(t, s.chain.Calls("/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight"), len(beacons), "asked for once")

	var saved dummyJudge
	data, err := os.ReadFile(JudgeFile(s.home))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &saved))
	require.Equal(t, j.Count, saved.Count, "saved after every round")

	stop = s.run(&dummyJudge{every: 20 * time.Millisecond, Count: saved.Count})
	again := s.status(func(st Status) bool { return st.Round > saved.Count })
	require.NotNil(t, again.RevealedEpoch, "known from before")
	require.NoError(t, stop())
}

// TestWaiting: a validator that cannot judge says why, and begins when it can.
func TestWaiting(t *testing.T) {
	for _, tc := range []struct {
		name  string
		world func(w *fakenode.World)
		why   string
	}{
		{"not registered", func(w *fakenode.World) { w.Neurons[0].Hotkey = fakenode.Addr("stranger") }, "gotensor subnet register --netuid 1"},
		{"no stake", func(w *fakenode.World) { w.Neurons[0].Permit, w.Neurons[0].Stake = false, 0 }, "no staking validator has appointed this hotkey"},
		{"no permit", func(w *fakenode.World) { w.Neurons[0].Permit = false }, "no permit yet: the stake of 1010"},
		{"nobody serves", func(w *fakenode.World) {
			for _, n := range w.Neurons {
				n.Endpoint.Host = ""
			}
		}, "no other neuron of the subnet serves"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			var before []fakenode.Neuron
			s.chain.Edit(func(w *fakenode.World) {
				for _, n := range w.Neurons {
					before = append(before, *n)
				}
				tc.world(w)
			})
			stop := s.run(&dummyJudge{every: 20 * time.Millisecond})
			st := s.status(func(st Status) bool { return st.Height > 0 && st.Waiting != "" })
			require.Contains(t, st.Waiting, tc.why)
			require.True(t, st.WarmingUp)
			s.chain.Edit(func(w *fakenode.World) {
				for i := range before {
					*w.Neurons[i] = before[i]
				}
				w.Height++
			})
			s.status(func(st Status) bool { return st.Round > 0 && st.Waiting == "" })
			require.NoError(t, stop())
		})
	}
}

// TestRunStopped: the end of the context is success, whatever the validator was waiting for.
func TestRunStopped(t *testing.T) {
	t.Run("while no node answers", func(t *testing.T) {
		s := newStage(t)
		s.chain.Stop()
		stop := s.run(&dummyJudge{every: time.Second})
		require.Eventually(t, func() bool { return s.log.Count("waiting for the node") == 1 }, 10*time.Second, 5*time.Millisecond)
		require.NoError(t, stop())
	})
	t.Run("while a commitment is not in a block", func(t *testing.T) {
		s := newStage(t)
		s.chain.Edit(func(w *fakenode.World) { w.Height = 16 })
		s.chain.Break(func(f *fakenode.Faults) { f.Hidden = 1 << 20 })
		stop := s.run(&dummyJudge{every: 10 * time.Millisecond, Count: 3})
		require.Eventually(t, func() bool {
			s.chain.Edit(func(w *fakenode.World) { w.Height++ }) // from one period to the next, until a row is there in time
			return s.chain.Calls("/cosmos.tx.v1beta1.Service/GetTx") > 0
		}, 20*time.Second, 30*time.Millisecond)
		require.NoError(t, stop())
	})
}

func TestRunRefuses(t *testing.T) {
	s := newStage(t)
	good := s.config(&dummyJudge{every: time.Second})
	for name, spoil := range map[string]func(*Config){
		"no chain":  func(c *Config) { c.Chain = nil },
		"no judge":  func(c *Config) { c.Judge = nil },
		"no netuid": func(c *Config) { c.NetUID = 0 },
		"no home":   func(c *Config) { c.Home = "" },
		"a home below a file": func(c *Config) {
			file := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(file, nil, 0o600))
			c.Home = filepath.Join(file, "home")
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			spoil(&cfg)
			require.ErrorIs(t, Run(t.Context(), cfg), ErrConfig)
		})
	}
	t.Run("a home in use", func(t *testing.T) {
		unlock, err := home.Lock(s.home)
		require.NoError(t, err)
		defer unlock()
		err = Run(t.Context(), good)
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorIs(t, err, home.ErrInUse)
	})
	t.Run("another validator's salts", func(t *testing.T) {
		require.NoError(t, os.WriteFile(s.file(), []byte(`{"chain_id":"fake-1","netuid":1,"hotkey":"`+account("bob")+`"}`), 0o600))
		require.ErrorIs(t, Run(t.Context(), good), ErrCommitments)
	})
}

// TestNoWeights: a judge with nothing to say leaves no row to commit to.
func TestNoWeights(t *testing.T) {
	s := newStage(t)
	j := &dummyJudge{every: 10 * time.Millisecond, none: true}
	stop := s.run(j)
	s.status(func(st Status) bool { return st.Round >= 4 })
	s.chain.Edit(func(w *fakenode.World) { w.Height = 16 })
	s.status(func(st Status) bool { return st.Height == 16 })
	require.NoError(t, stop())
	on, _ := s.onChain()
	require.Empty(t, on)
}

// TestNames: a name is asked for once, again after a while, and stays when a neuron falls silent, as long as it is the same neuron.
func TestNames(t *testing.T) {
	asked, answer := 0, map[gotensor.Address]string{{1}: "ngram-4"}
	k := modelNames{ask: func(_ context.Context, n metagraph.Neuron) (string, error) {
		asked++
		if name, ok := answer[n.Hotkey]; ok {
			return name, nil
		}
		return "", errors.New("nobody there")
	}}
	one := metagraph.Neuron{UID: 1, Hotkey: gotensor.Address{1}, Registered: 5, Endpoint: metagraph.Endpoint{Pin: [32]byte{1}}}
	rounds := func(n int, neurons ...metagraph.Neuron) (calls int) {
		asked = 0
		for range n {
			k.refresh(t.Context(), neurons)
		}
		return asked
	}
	got := func() (out string) {
		for _, v := range k.names {
			out = v
		}
		return out
	}
	require.Equal(t, 1, rounds(askNamesEvery, one))
	require.Equal(t, "ngram-4", got())
	delete(answer, one.Hotkey)
	rounds(3*askNamesEvery, one)
	require.Equal(t, "ngram-4", got(), "it does not answer any more")
	require.Less(t, rounds(10*askNamesEvery, one), 20, "who is silent is asked rarely")
	answer[one.Hotkey] = "ngram-6"
	rounds(askNamesEvery, one)
	require.Equal(t, "ngram-6", got(), "it came back with another model")
	answer[one.Hotkey] = "ngram-2"
	moved := one
	moved.Endpoint.Pin = [32]byte{2}
	require.Equal(t, 1, rounds(1, moved))
	require.Equal(t, "ngram-2", got(), "it moved: asked at once")
	delete(answer, one.Hotkey)
	anew := moved
	anew.Registered = 99
	rounds(1, anew)
	require.Empty(t, k.names, "another registration owes nothing to the one before")
	rounds(1)
	require.Empty(t, k.known, "who left is forgotten")
}

// TestPeriodWithoutBeacon: a node that cannot say the beacon stops nothing; it is asked again, and the log hears of it once a period.
func TestPeriodWithoutBeacon(t *testing.T) {
	s := newStage(t)
	v := s.begin()
	m, err := s.client.Metagraph(t.Context(), 1)
	require.NoError(t, err)
	s.chain.Break(func(f *fakenode.Faults) { f.ShortHash = true })
	for range 2 {
		require.Equal(t, mechanism.Period{Number: 1}, v.period(t.Context(), m))
	}
	require.Equal(t, 1, s.log.Count("the node does not say this period's beacon, it is asked again"))
	s.chain.Break(func(f *fakenode.Faults) { f.ShortHash = false })
	require.NotZero(t, v.period(t.Context(), m).Beacon)
	s.chain.Edit(func(w *fakenode.World) { w.Height = 3 })
	first, err := s.client.Metagraph(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, mechanism.Period{}, v.period(t.Context(), first), "the first period has none")
}
