package validator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/internal/span"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// judge asks round after round, as long as the chain lets this key.
func (n *node) judge(ctx context.Context) error {
	waiting := ""
	for {
		m := n.latest.Get()
		if why := n.hindrance(m); why != "" {
			if why != waiting {
				n.log.Info("not judging yet", "why", why)
				waiting = why
			}
			if err := n.showWaiting(m, why); err != nil {
				return err
			}
			if _, err := n.latest.Next(ctx, m); err != nil {
				return err
			}
			continue
		}
		waiting = ""
		if err := wait.Sleep(ctx, untilTurn(m, n.cfg.Key.Address(), n.cfg.Judge.Every(), time.Now())); err != nil {
			return err
		}
		if m = n.latest.Get(); n.hindrance(m) != "" {
			continue // the chain changed its mind meanwhile
		}
		if err := n.round(ctx, m); err != nil {
			return err
		}
	}
}

// hindrance says why this key cannot judge now, empty if it can.
func (n *node) hindrance(m *metagraph.Metagraph) string {
	if m == nil {
		return "the metagraph is not read yet"
	}
	me, registered := m.ByHotkey(n.cfg.Key.Address())
	switch {
	case !registered:
		return fmt.Sprintf("this hotkey is not registered on subnet %d: gotensor subnet register --netuid %d", m.NetUID, m.NetUID)
	case !me.Permit && me.Stake == 0:
		return "no staking validator has appointed this hotkey, or its stake does not count yet: gotensor validator run with --wallet makes one"
	case !me.Permit:
		return fmt.Sprintf("no permit yet: the stake of %s counts from the next epoch on, at block %d", me.Stake, m.NextBoundary)
	case len(n.miners(m)) == 0:
		return "no other neuron of the subnet serves"
	}
	return ""
}

// miners are the neurons to ask: all that serve, but this one.
func (n *node) miners(m *metagraph.Metagraph) []metagraph.Neuron {
	var out []metagraph.Neuron
	for nb := range m.All() {
		if nb.Endpoint.Serves() && nb.Hotkey != n.cfg.Key.Address() {
			out = append(out, nb)
		}
	}
	return out
}

// untilTurn is how long to wait for this validator's next turn. Validators with a permit share the time between two rounds: the
// i-th of k starts i/k into it, by the clock, so that miners are not asked by all at once. Nothing depends on clocks agreeing.
func untilTurn(m *metagraph.Metagraph, me gotensor.Address, every time.Duration, now time.Time) time.Duration {
	rank, count := 0, 0
	for nb := range m.All() {
		if !nb.Permit {
			continue
		}
		if nb.Hotkey == me {
			rank = count
		}
		count++
	}
	offset := every * time.Duration(rank) / time.Duration(max(count, 1))
	since := time.Duration(now.UnixNano()) - offset
	return every - since%every
}

// round asks everybody once, saves what was learnt, and works out the row.
func (n *node) round(ctx context.Context, m *metagraph.Metagraph) error {
	asked := n.miners(m)
	began := time.Now()
	traced, step := span.Serve(ctx, n.cfg.Telemetry.Traces.Provider(), "", "validator.round")
	err := n.cfg.Judge.Round(traced, asker{n.dial}, n.period(ctx, m), asked)
	step.Int("asked", len(asked))
	step.End(err)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n.counts.round(asked, time.Since(began), false)
		n.log.Error("round failed, it does not count", "err", err)
		return nil
	}
	n.counts.round(asked, time.Since(began), true)
	state, err := n.cfg.Judge.Encode()
	if err != nil {
		return fmt.Errorf("judge's state: %w", err)
	}
	// Written whole or not at all, and synced: what is lost here would be paid wrongly.
	if err := home.Write(JudgeFile(n.cfg.Home), state, 0o600); err != nil {
		return fmt.Errorf("save the judge's state: %w", err)
	}
	row, err := n.cfg.Judge.Weights(m)
	switch {
	case errors.Is(err, mechanism.ErrNoWeights):
		n.row.Store(nil)
	case err != nil:
		n.log.Error("no weights from this round", "err", err)
	default:
		n.row.Store(&judgement{row: row, rounds: n.cfg.Judge.Rounds()})
	}
	n.models.refresh(ctx, asked)
	overview := n.cfg.Judge.Standings(m)
	n.log.Info("round", "n", overview.Round, "asked", len(asked), "best", best(overview))
	n.logService(overview)
	return n.showRound(m, overview)
}

// period is the present one with its beacon, which is asked for once. A node that cannot say it is asked again in the next round;
// till then judges go without.
func (n *node) period(ctx context.Context, m *metagraph.Metagraph) mechanism.Period {
	if n.now.Number == m.Epoch && n.now.Beacon != [32]byte{} {
		return n.now
	}
	known := n.now.Number == m.Epoch && n.warned
	n.now, n.warned = mechanism.Period{Number: m.Epoch}, known
	if m.LastBoundary == 0 {
		return n.now // the first has none
	}
	beacon, err := n.cfg.Chain.Beacon(ctx, m)
	switch {
	case err == nil:
		n.now.Beacon = beacon
	case ctx.Err() == nil && !known:
		n.warned = true
		n.log.Info("the node does not say this period's beacon, it is asked again", "err", err)
	}
	return n.now
}

// logService says whose pay is held back for how it serves people, and why; once the judge has seen enough of it, and then when the
// reason changes.
func (n *node) logService(o mechanism.Overview) {
	said := map[string]string{}
	for _, s := range o.Neurons {
		why := serviceOf(s.Service)
		if said[s.Hotkey] = why; why != "" && why != n.service[s.Hotkey] {
			n.log.Info("served people badly, is paid less", "uid", s.UID, "why", why, "success", s.Service.Success, "speed", s.Service.Speed,
				"honesty", s.Service.Honesty, "pay_factor", s.Service.Factor)
		}
	}
	n.service = said
}

// serviceOf names the worst part of a service that is bad; empty for a good one, and for one of which too little is known.
func serviceOf(s *mechanism.Service) string {
	const enough, good = 5, 0.6
	switch {
	case s == nil || !s.Unable && s.Probes < enough:
		return ""
	case s.Unable:
		return "it does not serve people"
	case min(s.Success, s.Speed, s.Honesty) >= good:
		return ""
	case s.Success <= min(s.Speed, s.Honesty):
		return "requests fail"
	case s.Speed <= s.Honesty:
		return "answers are slow"
	default:
		return "answers are not what its paid answers say"
	}
}

func best(o mechanism.Overview) string {
	top := mechanism.Standing{Gain: -1}
	for _, s := range o.Neurons {
		if s.Gain > top.Gain {
			top = s
		}
	}
	if top.Rounds == 0 {
		return "nobody"
	}
	return fmt.Sprintf("uid %d with %.3f", top.UID, top.Gain)
}

// asker connects to neurons by what the chain says of them.
type asker struct{ dial *dendrite.Client }

func (a asker) To(nb metagraph.Neuron) grpc.ClientConnInterface { return a.dial.To(target(nb)) }

func target(nb metagraph.Neuron) dendrite.Target {
	return dendrite.Target{Addr: nb.Endpoint.Addr, Pin: nb.Endpoint.Pin, Hotkey: nb.Hotkey}
}
