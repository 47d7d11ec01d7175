//go:build e2e

package e2e

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/x/weights/types"
)

// commitment that a hotkey made in a period, as the chain has it.
func (s *suite) commitment(t *testing.T, wallet string, epoch uint64) (types.Commitment, error) {
	t.Helper()
	all, err := s.node.Commitments(t.Context(), netuid, s.hotkey(t, wallet))
	if err != nil {
		return types.Commitment{}, err
	}
	for _, c := range all {
		if c.Epoch == epoch {
			return c, nil
		}
	}
	return types.Commitment{}, fmt.Errorf("the chain has no commitment of epoch %d, but %v", epoch, all)
}

// restarted waits until the localnet has started a process again.
func (s *suite) restarted(t *testing.T, name string, old int) {
	t.Helper()
	eventually(t, soon, name+" is started again", func() error {
		if pid := s.pid(name); pid == 0 || pid == old {
			return fmt.Errorf("pid %d, was %d", pid, old)
		}
		return nil
	})
}

// validatorKilled kills a validator when the chain holds a commitment of it that only the salt on its disk opens. It must come
// back knowing what it had learnt, open that commitment, and go on.
func validatorKilled(t *testing.T, s *suite) {
	t.Helper()
	const name = "validator-2"
	var made types.Commitment
	eventually(t, epochs, "a commitment", func() error {
		m := s.metagraph(t)
		var err error
		if made, err = s.commitment(t, name, m.Epoch); err == nil && made.Revealed {
			err = errors.New("it is open already")
		}
		return err
	})
	old := s.kill(t, name)
	rounds, err := s.judged(name)
	require.NoError(t, err, "what a killed validator leaves can be read")
	require.GreaterOrEqual(t, rounds, 10)
	s.restarted(t, name, old)
	t.Run("knows what it had learnt", func(t *testing.T) {
		eventually(t, soon, "rounds go on", func() error {
			now, err := s.judged(name)
			if err != nil {
				return err
			}
			require.GreaterOrEqual(t, now, rounds, "rounds are lost")
			if now < rounds+3 {
				return fmt.Errorf("%d rounds, %d when it was killed", now, rounds)
			}
			return nil
		})
		v, err := s.says(name)
		require.NoError(t, err)
		assert.False(t, v.WarmingUp)
	})
	t.Run("opens what it had committed to", func(t *testing.T) {
		eventually(t, epochs, "the weights in force", func() error {
			n, m, err := s.neuron(t, s.after.first.validator(t, name).Hotkey)
			if err != nil {
				return err
			}
			require.LessOrEqual(t, int64(n.LastUpdate), made.Height, "the commitment was never opened, only a later one")
			if int64(n.LastUpdate) < made.Height {
				return fmt.Errorf("in epoch %d they are of height %d, want %d", m.Epoch, n.LastUpdate, made.Height)
			}
			return nil
		})
	})
	t.Run("commits again", func(t *testing.T) {
		eventually(t, epochs, "the next reveal", func() error {
			v, err := s.says(name)
			if err == nil && v.Revealed <= made.Epoch {
				err = fmt.Errorf("opened epoch %d, want one after %d", v.Revealed, made.Epoch)
			}
			return err
		})
		log, err := os.ReadFile(filepath.Join(s.home, "logs", name+".log"))
		require.NoError(t, err)
		assert.NotContains(t, string(log), "was not revealed in time")
	})
}

// nodeKilled kills the only node in the middle of an epoch. The chain must go on from the same state, and everybody with it.
func nodeKilled(t *testing.T, s *suite) {
	t.Helper()
	eventually(t, epochs, "the middle of an epoch", func() error {
		m := s.metagraph(t)
		done, all := m.Height-m.LastBoundary, m.NextBoundary-m.LastBoundary
		if done*4 < all || done*4 > 3*all {
			return fmt.Errorf("block %d of %d", done, all)
		}
		return nil
	})
	paid, err := s.paidEpochs(t)
	require.NoError(t, err)
	roles := []string{"validator-1", "validator-2", "validator-3", "miner-1", "miner-2", "miner-3"}
	before := map[string]said{}
	for _, name := range roles {
		before[name], err = s.says(name)
		require.NoError(t, err)
	}
	height, hash := s.application(t)
	past := map[uint64]block{}
	for h := height - 5; h <= height; h++ {
		past[h], err = s.blockAt(h)
		require.NoError(t, err)
	}
	money := s.booksAt(t, height)
	old := s.kill(t, "node")
	s.restarted(t, "node", old)
	t.Run("same app hash", func(t *testing.T) {
		eventually(t, soon, "the chain goes on", func() error {
			_, err := s.blockAt(height + 3)
			return err
		})
		next, err := s.blockAt(height + 1)
		require.NoError(t, err)
		assert.Equal(t, strings.ToUpper(hex.EncodeToString(hash)), next.App, "the state after block %d", height)
		for h, was := range past {
			is, err := s.blockAt(h)
			require.NoError(t, err)
			assert.Equalf(t, was, is, "block %d", h)
		}
		assert.Equal(t, money, s.booksAt(t, height), "what everybody held at block %d", height)
	})
	t.Run("roles come back", func(t *testing.T) {
		eventually(t, epochs, "everybody works again", func() error {
			for _, name := range roles {
				was := before[name]
				is, err := s.says(name)
				switch {
				case err != nil:
					return err
				case is.Height <= height+3:
					return fmt.Errorf("%s has seen block %d only, it was %d", name, is.Height, height)
				case strings.HasPrefix(name, "validator") && (is.Revealed <= was.Revealed+1 || is.Round <= was.Round):
					return fmt.Errorf("%s has judged %d rounds and opened epoch %d, it was %d and %d", name, is.Round, is.Revealed, was.Round, was.Revealed)
				case strings.HasPrefix(name, "miner") && is.Served <= was.Served:
					return fmt.Errorf("%s has answered %d times, it was %d", name, is.Served, was.Served)
				}
			}
			return nil
		})
		for _, name := range roles[1:] {
			assert.NotZerof(t, s.pid(name), "%s runs", name)
		}
	})
	t.Run("epochs pay", func(t *testing.T) {
		eventually(t, epochs, "the next paid epochs", func() error {
			now, err := s.paidEpochs(t)
			if err == nil && now < paid+2 {
				err = fmt.Errorf("%d paid epochs, it was %d", now, paid)
			}
			return err
		})
	})
}

// validator of a name.
func (s state) validator(t *testing.T, name string) validatorOfView {
	t.Helper()
	for _, v := range s.Validators {
		if v.Name == name {
			return v
		}
	}
	require.FailNowf(t, "no validator", "%s is not among %v", name, s.Validators)
	return validatorOfView{}
}
