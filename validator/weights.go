package validator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// commitAfter is the part of a period, in percent, that passes before the commitment: late enough for fresh weights, early enough
// for a transaction to be tried again.
const commitAfter = 55

// A transaction, tries and inclusion together, may take a third of what is left of its period, within these bounds: one that a
// node lost can then be sent again in time.
const (
	leastTxTime = 5 * time.Second
	mostTxTime  = 2 * time.Minute
)

// How often the chain may refuse a commitment or a reveal before it is given up: as many as go without a fee in a period.
const (
	mostCommits = 2
	mostReveals = 4
)

// setWeights looks at each new block and does what is due. Only a disk that cannot be written ends it.
func (n *node) setWeights(ctx context.Context, c *commitments) error {
	var m *metagraph.Metagraph
	for {
		var err error
		if m, err = n.latest.Next(ctx, m); err != nil {
			return err
		}
		me, registered := m.ByHotkey(n.cfg.Key.Address())
		if !registered {
			continue
		}
		if err := n.due(ctx, c, m, me); err != nil {
			return err
		}
	}
}

// due reveals what was committed in the period before, and commits for this one.
func (n *node) due(ctx context.Context, c *commitments, m *metagraph.Metagraph, me metagraph.Neuron) error {
	registered := uint64(me.Registered)
	missed, err := c.forget(registered, m.Epoch)
	if err != nil {
		return err
	}
	for _, x := range missed {
		n.counts.missed.Inc()
		n.log.Error("a commitment was not revealed in time; no weights are in force until the next reveal", "epoch", x.Epoch)
	}
	if m.Epoch > 0 {
		if x := c.of(registered, m.Epoch-1); x != nil && !x.Revealed && x.refusals < mostReveals && m.Height >= x.notBefore {
			if err := n.reveal(ctx, c, m, x); err != nil {
				return err
			}
		}
	}
	if !me.Permit || !late(m) {
		return nil
	}
	x := c.of(registered, m.Epoch)
	if x == nil {
		j := n.row.Load()
		if j == nil || j.rounds < n.cfg.MinRounds {
			return nil
		}
		row, err := n.fit(ctx, j.row, m.N())
		if err != nil {
			n.log.Warn("no commitment with this block", "err", err)
			return nil
		}
		if x, err = c.prepare(registered, m.Epoch, row); err != nil {
			return err
		}
	}
	if x.Sent || x.refusals >= mostCommits || m.Height < x.notBefore {
		return nil
	}
	return n.commit(ctx, c, m, x)
}

// late tells whether the period is old enough to commit, and the next block still belongs to it.
func late(m *metagraph.Metagraph) bool {
	if m.Height+1 >= m.NextBoundary || m.Height < m.LastBoundary {
		return false
	}
	return (m.Height-m.LastBoundary)*100 >= (m.NextBoundary-m.LastBoundary)*commitAfter
}

// commit sends a commitment that is already on disk. One that the chain turns out to have is as good as sent: the answer to an
// earlier try was lost.
func (n *node) commit(ctx context.Context, c *commitments, m *metagraph.Metagraph, x *commitment) error {
	hash, err := c.hash(x)
	if err != nil {
		return fmt.Errorf("commitment of epoch %d: %w", x.Epoch, err)
	}
	msg, err := chain.CommitWeights(&weights.MsgCommit{
		Hotkey: keys.Account(n.cfg.Key.Address()), Netuid: uint32(n.cfg.NetUID), Epoch: x.Epoch, Hash: hash,
	})
	if err != nil {
		return fmt.Errorf("commitment of epoch %d: %w", x.Epoch, err)
	}
	if err := n.send(ctx, m, msg); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		known, kerr := n.onChain(ctx, x.Epoch)
		switch {
		case kerr == nil && bytes.Equal(known.Hash, hash):
			// An earlier try arrived, and its answer was lost.
		case kerr == nil && known.Hash != nil:
			x.refusals = mostCommits
			n.log.Error("another commitment of this hotkey stands: does a second validator run with this key?", "epoch", x.Epoch)
			return nil
		default:
			n.refused("commitment", x, m, err)
			return nil
		}
	}
	x.Sent, x.refusals, x.notBefore = true, 0, 0
	n.state.committed(x.Epoch)
	n.log.Info("committed weights", "epoch", x.Epoch, "entries", len(x.UIDs))
	return c.save()
}

// reveal opens a commitment of the period before.
func (n *node) reveal(ctx context.Context, c *commitments, m *metagraph.Metagraph, x *commitment) error {
	row, err := x.row()
	if err != nil {
		return fmt.Errorf("row of epoch %d: %w", x.Epoch, err)
	}
	msg, err := chain.RevealWeights(&weights.MsgReveal{
		Hotkey: keys.Account(n.cfg.Key.Address()), Netuid: uint32(n.cfg.NetUID), Epoch: x.Epoch, Row: row, Salt: x.Salt,
	})
	if err != nil {
		return fmt.Errorf("reveal of epoch %d: %w", x.Epoch, err)
	}
	if err := n.send(ctx, m, msg); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		known, kerr := n.onChain(ctx, x.Epoch)
		switch {
		case kerr == nil && known.Revealed:
		case kerr == nil && known.Hash == nil && !x.Sent:
			// The commitment never reached the chain: there is nothing to open.
			n.log.Warn("the chain has no commitment to reveal", "epoch", x.Epoch)
			x.Revealed = true
			return c.save()
		default:
			n.refused("reveal", x, m, err)
			return nil
		}
	}
	x.Sent, x.Revealed = true, true
	n.state.revealed(x.Epoch)
	n.log.Info("revealed weights", "epoch", x.Epoch, "entries", len(x.UIDs))
	return c.save()
}

// refused notes that a transaction was not taken: what the chain's modules refuse is not tried for ever, and not at once either. The tries are
// spread over the period, each a quarter of what is left of it later, so that a node which lags behind for some blocks does not use them up.
func (n *node) refused(what string, x *commitment, m *metagraph.Metagraph, err error) {
	most := mostCommits
	if x.Epoch != m.Epoch {
		most = mostReveals
	}
	var no *chain.TxError
	if errors.As(err, &no) && no.Codespace != "sdk" {
		x.refusals++
		x.notBefore = m.Height + 1
		if m.NextBoundary > m.Height {
			x.notBefore = m.Height + max(1, (m.NextBoundary-m.Height)/4)
		}
	}
	if x.refusals < most {
		n.log.Warn(what+" not taken, it is tried again while its period lasts", "epoch", x.Epoch, "err", err)
		return
	}
	n.log.Error(what+" given up", "epoch", x.Epoch, "err", err)
}

func (n *node) send(ctx context.Context, m *metagraph.Metagraph, msg chain.Msg) error {
	left := time.Duration(0)
	if m.NextBoundary > m.Height {
		left = time.Duration(m.NextBoundary-m.Height) * n.block
	}
	ctx, cancel := context.WithTimeout(ctx, min(max(left/3, leastTxTime), mostTxTime))
	defer cancel()
	_, err := n.cfg.Chain.Sender(n.cfg.Key).Send(ctx, msg)
	return err
}

// onChain reads the commitment of a period as the chain has it; the zero value if it has none.
func (n *node) onChain(ctx context.Context, epoch uint64) (weights.Commitment, error) {
	all, err := n.cfg.Chain.Commitments(ctx, n.cfg.NetUID, n.cfg.Key.Address())
	if err != nil && !errors.Is(err, chain.ErrNotFound) {
		return weights.Commitment{}, err
	}
	for _, k := range all {
		if k.Epoch == epoch {
			return k, nil
		}
	}
	return weights.Commitment{}, nil
}
