package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// weightsSetOptions are the flags of weights set.
type weightsSetOptions struct {
	netuid                *uint16
	force, noWait, dryRun bool
}

func (a *app) weightsSetCommand() *cobra.Command {
	var o weightsSetOptions
	c := &cobra.Command{
		Use:   "set UID=WEIGHT...",
		Short: "Set a validator's weights by hand",
		Long: `Commits to the given weights now, waits for the next period and reveals them; they count from the epoch after that. Only the
proportions of the numbers matter. The hotkey needs a validator's permit.

What opens the commitment is saved beside the wallet before anything is sent. If the command is interrupted, or with --no-wait,
` + "`gotensor weights reveal`" + ` finishes the work in the next period; after that it is too late, and the weights before go out of force too.
Rows of equal weights are refused unless forced.`,
		Example: `  gotensor weights set --network FOLDER --wallet judge 3=0.7 5=0.3
  gotensor weights set --network FOLDER --wallet judge 3=1 --no-wait --output json`,
		Args: takes(1, -1, "weights as UID=WEIGHT"),
		RunE: func(c *cobra.Command, args []string) error { return a.weightsSet(c.Context(), o, args) },
	}
	o.netuid = netuidFlag(c)
	c.Flags().BoolVar(&o.force, "force", false, "take a row of equal weights")
	c.Flags().BoolVar(&o.noWait, "no-wait", false, "only commit; reveal later with `weights reveal`")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "check everything and show the row, but send nothing")
	return c
}

// weightsDone is the answer of weights set and weights reveal.
type weightsDone struct {
	NetUID   gotensor.NetUID `json:"netuid"`
	UID      gotensor.UID    `json:"uid"`
	Epoch    uint64          `json:"epoch"` // period of the commitment
	Weights  []weightView    `json:"weights"`
	RevealAt gotensor.Block  `json:"reveal_at"` // first block in which it can be revealed
	Commit   *txView         `json:"commit,omitempty"`
	Reveal   *txView         `json:"reveal,omitempty"` // absent: not revealed yet
	DryRun   bool            `json:"dry_run"`
}

func (v weightsDone) print(p *page) {
	p.linef("uid %d of subnet %d, period %d: %s", v.UID, v.NetUID, v.Epoch, weightsText(v.Weights))
	switch {
	case v.DryRun:
		p.linef("Nothing was sent (--dry-run).")
	case v.Reveal != nil:
		p.linef("Revealed in block %d; the weights count from the next epoch on.", v.Reveal.Height)
	default:
		p.linef("Committed in block %d. Reveal it from block %d on, in the next period: gotensor weights reveal", v.Commit.Height, v.RevealAt)
	}
}

func (a *app) weightsSet(ctx context.Context, o weightsSetOptions, pairs []string) error {
	row, err := parseWeights(pairs, o.force)
	if err != nil {
		return err
	}
	store, err := a.store()
	if err != nil {
		return err
	}
	hotkey, _, err := store.HotkeyPublic(a.wallet, a.hotkey)
	if err != nil {
		return err
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	m, err := node.Metagraph(ctx, gotensor.NetUID(*o.netuid))
	if err != nil {
		return err
	}
	me, err := mayCommit(ctx, node, m, hotkey.Address, row)
	if err != nil {
		return err
	}
	v := weightsDone{NetUID: m.NetUID, UID: me.UID, Epoch: m.Epoch, Weights: viewEntries(row), RevealAt: m.NextBoundary, DryRun: o.dryRun}
	if o.dryRun {
		return a.show(v)
	}
	key, err := a.openHotkey()
	if err != nil {
		return err
	}
	w := weighing{app: a, node: node, key: key}
	s, err := newSecret(secret{NetUID: m.NetUID, Hotkey: keys.Account(me.Hotkey), Registered: uint64(me.Registered), Epoch: m.Epoch, Row: row})
	if err != nil {
		return err
	}
	if v.Commit, err = w.commit(ctx, s); err != nil {
		return err
	}
	if o.noWait {
		return a.show(v)
	}
	if v.Reveal, err = w.waitAndReveal(ctx, s, v.RevealAt); err != nil {
		return err
	}
	return a.show(v)
}

// mayCommit checks what the chain would check, before anything is signed.
func mayCommit(ctx context.Context, node *chain.Client, m *metagraph.Metagraph, hotkey gotensor.Address, row []weightstypes.Entry) (metagraph.Neuron, error) {
	me, ok := m.ByHotkey(hotkey)
	if !ok {
		return me, nothingf("hotkey %s is not registered on subnet %d: `gotensor subnet register`", keys.Account(hotkey), m.NetUID)
	}
	if !me.Permit {
		return me, refusedf("uid %d has no validator's permit: it takes stake behind the hotkey at an epoch (the next is at block %d); see `gotensor validator run --help`", me.UID, m.NextBoundary)
	}
	if last := row[len(row)-1].UID; int(last) >= m.N() {
		return me, usagef("there is no uid %d: subnet %d has uids 0 to %d", last, m.NetUID, m.N()-1)
	}
	h, err := node.Hyperparameters(ctx, m.NetUID)
	if err != nil {
		return me, err
	}
	for _, x := range h.Values {
		if x.Name == "min_allowed_weights" && int64(len(row)) < min(x.Value, int64(m.N())) {
			return me, usagef("%d weights above zero, subnet %d wants at least %d", len(row), m.NetUID, min(x.Value, int64(m.N())))
		}
	}
	known, err := node.Commitments(ctx, m.NetUID, hotkey)
	if err != nil && !errors.Is(err, chain.ErrNotFound) {
		return me, err
	}
	for _, k := range known {
		if k.Epoch == m.Epoch {
			return me, laterf("uid %d has committed in period %d already: the next commitment can be made at block %d", me.UID, m.Epoch, m.NextBoundary)
		}
	}
	return me, nil
}

// weighing is what both steps need.
type weighing struct {
	app  *app
	node *chain.Client
	key  keys.PrivateKey
}

// commit saves the secret and then sends the commitment.
func (w weighing) commit(ctx context.Context, s *secret) (*txView, error) {
	var err error
	if s.ChainID, err = w.node.ChainID(ctx); err != nil {
		return nil, err
	}
	hash, err := s.hash()
	if err != nil {
		return nil, err
	}
	dir, err := w.app.secrets()
	if err != nil {
		return nil, err
	}
	if err := s.save(dir); err != nil {
		return nil, err
	}
	msg, err := chain.CommitWeights(&weightstypes.MsgCommit{Hotkey: s.Hotkey, Netuid: uint32(s.NetUID), Epoch: s.Epoch, Hash: hash})
	if err != nil {
		return nil, err
	}
	r, err := w.node.Sender(w.key).Send(ctx, msg)
	var refused *chain.TxError
	if errors.As(err, &refused) {
		return nil, errors.Join(err, s.drop()) // the chain does not have it: there is nothing to open
	}
	if err != nil {
		return nil, fmt.Errorf("%w (if it arrived, `gotensor weights reveal` opens it in the next period)", err)
	}
	return txOf(r), nil
}

// waitAndReveal waits for the next period and opens the commitment.
func (w weighing) waitAndReveal(ctx context.Context, s *secret, at gotensor.Block) (*txView, error) {
	status, err := w.node.Status(ctx)
	if err != nil {
		return nil, err
	}
	if status.Height < at {
		w.app.line(true, "committed; waiting for block %d to reveal, %s", at, blocksText(at-status.Height, status.TargetBlock))
	}
	if _, err := w.node.WaitHeight(ctx, at); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("interrupted before the reveal: run `gotensor weights reveal` from block %d on, within one period: %w", at, err)
		}
		return nil, err
	}
	return w.reveal(ctx, s)
}

func (w weighing) reveal(ctx context.Context, s *secret) (*txView, error) {
	row, err := weightstypes.EncodeRow(s.Row)
	if err != nil {
		return nil, err
	}
	msg, err := chain.RevealWeights(&weightstypes.MsgReveal{Hotkey: s.Hotkey, Netuid: uint32(s.NetUID), Epoch: s.Epoch, Row: row, Salt: s.Salt})
	if err != nil {
		return nil, err
	}
	r, err := w.node.Sender(w.key).Send(ctx, msg)
	if err != nil {
		return nil, fmt.Errorf("reveal: %w", err)
	}
	return txOf(r), s.drop()
}
