package validator

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/renameio/v2"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
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

	mu                  sync.Mutex
	committedTo, opened *uint64
}

func (f *statusFile) committed(epoch uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.committedTo = &epoch
}
func (f *statusFile) revealed(epoch uint64) { f.mu.Lock(); defer f.mu.Unlock(); f.opened = &epoch }

func (f *statusFile) write(s Status) error {
	f.mu.Lock()
	s.CommittedEpoch, s.RevealedEpoch = f.committedTo, f.opened
	f.mu.Unlock()
	s.Time = time.Now().UTC()
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

// askNamesEvery is the number of rounds after which all neurons are asked again what they run.
const askNamesEvery = 20

// Most bytes of a neuron's description, and of the model's name in it.
const (
	maxInfo = 2 << 10
	maxName = 64
)

// modelNames are what neurons say they run, for people; nothing depends on them. Used by the judging loop alone.
type modelNames struct {
	dial  *dendrite.Client
	round int
	known map[string]string // by hotkey and pin
	names map[string]string // by hotkey
}

// refresh asks the neurons whose name is not known.
func (k *modelNames) refresh(ctx context.Context, neurons []metagraph.Neuron) {
	if k.round++; k.round%askNamesEvery == 0 {
		clear(k.known)
	}
	var ask []metagraph.Neuron
	for _, n := range neurons {
		if _, ok := k.known[nameKey(n)]; !ok {
			ask = append(ask, n)
		}
	}
	results := dendrite.Each(ctx, ask, 0, func(ctx context.Context, n metagraph.Neuron) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		info, err := axonv1.NewAxonClient(k.dial.To(target(n))).Info(ctx, &axonv1.InfoRequest{}, grpc.MaxCallRecvMsgSize(maxInfo))
		return synapse.Printable(info.GetModel(), maxName), err
	})
	for i, r := range results {
		if r.Err == nil {
			k.known[nameKey(ask[i])] = r.Value
		}
	}
	names := map[string]string{}
	for _, n := range neurons {
		if name := k.known[nameKey(n)]; name != "" {
			names[keys.Account(n.Hotkey)] = name
		}
	}
	k.names = names
}

func nameKey(n metagraph.Neuron) string {
	return fmt.Sprintf("%x/%x", n.Hotkey[:], n.Endpoint.Pin[:])
}
