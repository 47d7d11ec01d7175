package validator

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/renameio/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// Status is what a running validator shows of itself in Home/status.json, for people and for the localnet's view.
type Status struct {
	Hotkey string         `json:"hotkey"`
	UID    *gotensor.UID  `json:"uid"` // absent while not registered
	Height gotensor.Block `json:"height"`
	Epoch  uint64         `json:"epoch"`
	Time   time.Time      `json:"time"`
	// Waiting says why nothing is judged now; empty while judging.
	Waiting string `json:"waiting,omitempty"`
	// WarmingUp is true until there are enough rounds to commit.
	WarmingUp bool `json:"warming_up"`
	MinRounds int  `json:"min_rounds"`
	// CommittedEpoch and RevealedEpoch are the latest periods whose weights were committed to and opened; absent before the first.
	CommittedEpoch *uint64 `json:"committed_epoch,omitempty"`
	RevealedEpoch  *uint64 `json:"revealed_epoch,omitempty"`

	mechanism.Overview
	// Models are the names that neurons give themselves, by hotkey.
	Models map[string]string `json:"models"`
}

// statusFile is written by the judging loop; the weights loop notes its progress in it.
type statusFile struct {
	path string

	last atomic.Pointer[Status] // as written

	mu                  sync.Mutex
	committedTo, opened *uint64
}

func (f *statusFile) committed(epoch uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.committedTo = &epoch
}

func (f *statusFile) revealed(epoch uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened = &epoch
}

// resume takes the progress up from what is on disk.
func (f *statusFile) resume(c *commitments) {
	for _, x := range c.file.All {
		if x.Sent {
			f.committed(x.Epoch)
		}
		if x.Sent && x.Revealed {
			f.revealed(x.Epoch)
		}
	}
}

func (f *statusFile) write(s Status) error {
	f.mu.Lock()
	s.CommittedEpoch, s.RevealedEpoch = f.committedTo, f.opened
	f.mu.Unlock()
	s.Time = time.Now().UTC()
	f.last.Store(&s)
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	if err := renameio.WriteFile(f.path, data, 0o644); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

func (n *node) about(m *metagraph.Metagraph) Status {
	s := Status{
		Hotkey: keys.Account(n.cfg.Key.Address()), MinRounds: n.cfg.MinRounds, WarmingUp: n.cfg.Judge.Rounds() < n.cfg.MinRounds, Models: n.models.names,
	}
	if m == nil {
		return s
	}
	s.Height, s.Epoch = m.Height, m.Epoch
	if me, ok := m.ByHotkey(n.cfg.Key.Address()); ok {
		s.UID = &me.UID
	}
	return s
}

func (n *node) showWaiting(m *metagraph.Metagraph, why string) error {
	s := n.about(m)
	s.Waiting = why
	return n.state.write(s)
}

func (n *node) showRound(m *metagraph.Metagraph, o mechanism.Overview) error {
	s := n.about(m)
	s.Overview = o
	return n.state.write(s)
}
