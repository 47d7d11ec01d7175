package validator

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// TestKilled: a validator that is killed at any point between two steps, and started again with the same home, ends with the same
// row on the chain and never commits twice.
func TestKilled(t *testing.T) {
	for _, tc := range []struct {
		name string
		// live plays periods 1 and 2 with as many lives as it likes.
		live func(t *testing.T, s *stage)
	}{
		{"never", func(t *testing.T, s *stage) {
			t.Helper()
			v := s.begin()
			s.at(16, v)
			s.at(21, v)
		}},
		{"after saving the salt, before sending", func(t *testing.T, s *stage) {
			t.Helper()
			v := s.begin()
			_, err := v.file.prepare(0, 1, v.row.Load().row)
			require.NoError(t, err)
			s.at(16, s.begin())
			s.at(21, s.begin())
		}},
		{"after sending, before saving that it was sent", func(t *testing.T, s *stage) {
			t.Helper()
			v := s.begin()
			_, err := v.file.prepare(0, 1, v.row.Load().row)
			require.NoError(t, err)
			before, err := os.ReadFile(s.file())
			require.NoError(t, err)
			s.at(16, v)
			require.NoError(t, os.WriteFile(s.file(), before, 0o600))
			again := s.begin()
			s.at(17, again)
			require.True(t, again.file.of(0, 1).Sent, "the chain has it, as a look shows")
			s.at(21, s.begin())
		}},
		{"after sending, and started again only in the next period", func(t *testing.T, s *stage) {
			t.Helper()
			v := s.begin()
			_, err := v.file.prepare(0, 1, v.row.Load().row)
			require.NoError(t, err)
			before, err := os.ReadFile(s.file())
			require.NoError(t, err)
			s.at(16, v)
			require.NoError(t, os.WriteFile(s.file(), before, 0o600))
			s.at(21, s.begin())
		}},
		{"before the reveal", func(t *testing.T, s *stage) {
			t.Helper()
			s.at(16, s.begin())
			s.at(21, s.begin())
		}},
		{"after the reveal, before saving it", func(t *testing.T, s *stage) {
			t.Helper()
			s.at(16, s.begin())
			before, err := os.ReadFile(s.file())
			require.NoError(t, err)
			s.at(21, s.begin())
			require.NoError(t, os.WriteFile(s.file(), before, 0o600))
			again := s.begin()
			s.at(22, again)
			require.True(t, again.file.of(0, 1).Revealed)
		}},
		{"while the node went away with the commitment", func(t *testing.T, s *stage) {
			t.Helper()
			s.chain.Break(func(f *fakenode.Faults) { f.Lost = 1 })
			s.at(16, s.begin())
			s.chain.Break(func(f *fakenode.Faults) { f.Lost = 1 })
			s.at(21, s.begin())
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t)
			s.clearRow()
			tc.live(t, s)
			on, row := s.onChain()
			require.Len(t, on, 1)
			require.True(t, on[0].Revealed)
			require.EqualValues(t, 1, on[0].Epoch)
			require.Equal(t, ours, row)
			// Whoever is started now has nothing left to do, and shows what was done.
			v, sent := s.begin(), s.broadcasts()
			s.at(23, v)
			require.Equal(t, sent, s.broadcasts())
			require.EqualValues(t, 1, *v.state.committedTo)
			require.EqualValues(t, 1, *v.state.opened)
			require.Zero(t, s.log.Count("level=ERROR"))
		})
	}
}

func TestWhenToCommit(t *testing.T) {
	for _, tc := range []struct {
		name   string
		height int64
		rounds int // behind the row; 0: no row
		world  func(w *fakenode.World)
		want   bool
	}{
		{name: "late in the period", height: 16, rounds: 3, want: true},
		{name: "early in the period", height: 15, rounds: 3},
		{name: "too few rounds", height: 16, rounds: 2},
		{name: "no row yet", height: 16},
		{name: "without a permit", height: 16, rounds: 3, world: func(w *fakenode.World) { w.Neurons[0].Permit = false }},
		{name: "the next block is the last of the period", height: 18, rounds: 3, want: true},
		{name: "the next block is of another period", height: 19, rounds: 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t)
			if tc.world != nil {
				s.chain.Edit(tc.world)
			}
			v := s.begin()
			if tc.rounds == 0 {
				v.row.Store(nil)
			} else {
				v.row.Store(&judgement{row: v.row.Load().row, rounds: tc.rounds})
			}
			s.at(tc.height, v)
			on, _ := s.onChain()
			require.Equal(t, tc.want, len(on) == 1)
			_, err := os.Stat(s.file())
			require.Equal(t, tc.want, err == nil, "a salt is made only for what is sent")
			// Once in a period.
			sent := s.broadcasts()
			s.at(tc.height, v)
			if tc.want {
				require.Equal(t, sent, s.broadcasts())
			}
		})
	}
}

// TestFreshWeights: what is committed is the row of the time of the commitment, and stays that until it is revealed.
func TestFreshWeights(t *testing.T) {
	s := newStage(t)
	v := s.begin()
	s.at(13, v)
	v.row.Store(&judgement{row: mechanism.Row{UIDs: []gotensor.UID{3}, Weights: []uint16{65535}}, rounds: 4})
	s.at(16, v)
	v.row.Store(&judgement{row: mechanism.Row{UIDs: []gotensor.UID{2}, Weights: []uint16{65535}}, rounds: 5})
	s.at(21, v)
	_, row := s.onChain()
	require.Equal(t, []weights.Entry{{UID: 3, Value: 65535}}, row)
}

// TestMissedReveal: a commitment that was not opened in its time is said loudly, and forgotten.
func TestMissedReveal(t *testing.T) {
	s := newStage(t)
	s.at(16, s.begin())
	v := s.begin()
	s.at(31, v)
	require.Equal(t, 1, s.log.Count("a commitment was not revealed in time"))
	require.Equal(t, 1, s.log.Count("no weights are in force until the next reveal\" epoch=1"))
	require.Empty(t, v.file.file.All)
	s.at(32, s.begin())
	require.Equal(t, 1, s.log.Count("a commitment was not revealed in time"), "once")
}

// TestRegisteredAnew: what was committed under an earlier registration cannot be revealed, and does not stand in the way.
func TestRegisteredAnew(t *testing.T) {
	s := newStage(t)
	s.at(16, s.begin())
	s.chain.Edit(func(w *fakenode.World) { w.Neurons[0].Registered, w.Neurons[0].Commitments = 17, nil })
	v := s.begin()
	s.at(18, v)
	on, _ := s.onChain()
	require.Len(t, on, 1)
	require.Len(t, v.file.file.All, 1)
	require.EqualValues(t, 17, v.file.file.All[0].Registered)
}

// TestRefused: what the chain refuses for good is not tried with every block.
func TestRefused(t *testing.T) {
	t.Run("a commitment", func(t *testing.T) {
		s := newStage(t)
		s.chain.Break(func(f *fakenode.Faults) { f.Refuse = neuron.ErrRateLimit })
		v := s.begin()
		for height := range int64(3) {
			s.at(16+height, v)
			s.at(16+height, v)
		}
		require.Equal(t, mostCommits, s.broadcasts())
		require.Equal(t, 1, s.log.Count("commitment given up"))
	})
	t.Run("a reveal", func(t *testing.T) {
		s := newStage(t)
		v := s.begin()
		s.at(16, v)
		s.chain.Break(func(f *fakenode.Faults) { f.Refuse = weights.ErrMismatch })
		for height := int64(20); height < 26; height++ { // then it commits again
			s.at(height, v)
			s.at(height, v)
			if height == 21 {
				require.Equal(t, 1+1, s.broadcasts(), "not at once: the node may lag behind")
			}
		}
		require.Equal(t, 1+mostReveals, s.broadcasts())
		require.Equal(t, 1, s.log.Count("reveal given up"))
	})
	t.Run("a node in trouble is asked again", func(t *testing.T) {
		s := newStage(t)
		v := s.begin()
		for range 4 {
			s.chain.Break(func(f *fakenode.Faults) { f.NoIndex = true })
			v.refused("commitment", &commitment{}, &metagraph.Metagraph{}, chain.ErrUnreachable)
		}
		s.chain.Break(func(f *fakenode.Faults) { f.NoIndex = false })
		s.at(16, v)
		on, _ := s.onChain()
		require.Len(t, on, 1)
	})
	t.Run("another validator with this key", func(t *testing.T) {
		s := newStage(t)
		s.at(16, s.begin())
		require.NoError(t, os.Remove(s.file()))
		v, sent := s.begin(), s.broadcasts()
		for range 3 {
			s.at(17, v)
		}
		require.Equal(t, sent+1, s.broadcasts())
		require.Equal(t, 1, s.log.Count("does a second validator run with this key?"))
	})
	t.Run("a commitment that never arrived", func(t *testing.T) {
		s := newStage(t)
		v := s.begin()
		_, err := v.file.prepare(0, 1, v.row.Load().row)
		require.NoError(t, err)
		s.at(21, v)
		require.Equal(t, 1, s.log.Count("the chain has no commitment to reveal"))
		sent := s.broadcasts()
		s.at(22, v)
		require.Equal(t, sent, s.broadcasts())
	})
}

// TestRevealPastALaggingNode: nodes that do not know the commitment yet do not make a validator give up on its reveal.
func TestRevealPastALaggingNode(t *testing.T) {
	s := newStage(t)
	v := s.begin()
	s.at(16, v)
	var had []weights.Commitment
	s.chain.Edit(func(w *fakenode.World) { had, w.Neurons[0].Commitments = w.Neurons[0].Commitments, nil })
	for _, height := range []int64{20, 21, 22} {
		s.at(height, v)
	}
	s.chain.Edit(func(w *fakenode.World) { w.Neurons[0].Commitments = had })
	for height := int64(23); height < 28; height++ {
		s.at(height, v)
	}
	on, row := s.onChain()
	require.True(t, on[0].Revealed)
	require.Equal(t, ours, row)
}

func TestOpenCommitments(t *testing.T) {
	s := newStage(t)
	s.at(16, s.begin())
	good, err := os.ReadFile(s.file())
	require.NoError(t, err)
	info, err := os.Stat(s.file())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "salts are secret until they are revealed")

	judge := fakenode.Addr("judge")
	for _, tc := range []struct {
		name   string
		chain  string
		netuid gotensor.NetUID
		hotkey gotensor.Address
		says   string
	}{
		{"another chain", "fake-2", 1, judge, `chain "fake-1"`},
		{"another subnet", "fake-1", 2, judge, "subnet 1"},
		{"another hotkey", "fake-1", 1, fakenode.Addr("bob"), account("judge")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := openCommitments(s.file(), tc.chain, tc.netuid, tc.hotkey)
			require.ErrorIs(t, err, ErrCommitments)
			require.ErrorContains(t, err, s.file())
			require.ErrorContains(t, err, tc.says)
			require.ErrorContains(t, err, "a home of its own")
		})
	}
	for name, text := range map[string]string{
		"cut":                string(good[:len(good)/2]),
		"empty":              "",
		"lengths differ":     edited(t, good, func(c map[string]any) { c["weights"] = []int{1} }),
		"short salt":         edited(t, good, func(c map[string]any) { c["salt"] = "AAAA" }),
		"weights beyond u16": edited(t, good, func(c map[string]any) { c["weights"] = []int{1, 70000} }),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "commitments.json")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			_, err := openCommitments(path, "fake-1", 1, judge)
			require.ErrorIs(t, err, ErrCommitments)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, "move")
		})
	}
}

// edited changes the one commitment of a file.
func edited(t *testing.T, file []byte, change func(map[string]any)) string {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal(file, &all))
	change(all["commitments"].([]any)[0].(map[string]any)) //nolint:forcetypeassert // as it was written
	out, err := json.Marshal(all)
	require.NoError(t, err)
	return string(out)
}

// FuzzOpenCommitments: a file is refused or can be used; nothing in it stops the program.
func FuzzOpenCommitments(f *testing.F) {
	f.Add([]byte(`{"chain_id":"c","netuid":1,"hotkey":"` + account("judge") + `","commitments":[{"epoch":3,"uids":[1],"weights":[2],"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "commitments.json")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		c, err := openCommitments(path, "c", 1, fakenode.Addr("judge"))
		if err != nil {
			require.ErrorIs(t, err, ErrCommitments)
			return
		}
		for i := range c.file.All {
			_, _ = c.hash(&c.file.All[i])
		}
	})
}
