package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

func (a *app) weightsRevealCommand() *cobra.Command {
	var netuid *uint16
	var noWait bool
	c := &cobra.Command{
		Use:   "reveal",
		Short: "Open a commitment that `weights set` has left",
		Long: `Reveals the weights that ` + "`gotensor weights set`" + ` committed to and could not reveal itself. A commitment of one period is revealed
in the next: if that has not begun yet the command waits for it, or fails with exit code 3 under --no-wait.`,
		Example: `  gotensor weights reveal --network FOLDER --wallet judge
  gotensor weights reveal --network FOLDER --wallet judge --no-wait --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.weightsReveal(c.Context(), gotensor.NetUID(*netuid), noWait)
		},
	}
	netuid = netuidFlag(c)
	c.Flags().BoolVar(&noWait, "no-wait", false, "fail if it is too early instead of waiting")
	return c
}

func (a *app) weightsReveal(ctx context.Context, netuid gotensor.NetUID, noWait bool) error {
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
	m, err := node.Metagraph(ctx, netuid)
	if err != nil {
		return err
	}
	me, ok := m.ByHotkey(hotkey.Address)
	if !ok {
		return nothingf("hotkey %s is not registered on subnet %d: what it committed to before is void", keys.Account(hotkey.Address), netuid)
	}
	open, err := openCommitment(ctx, node, netuid, hotkey.Address, m.Epoch)
	if err != nil {
		return err
	}
	v := weightsDone{NetUID: netuid, UID: me.UID, Epoch: open.Epoch, RevealAt: m.LastBoundary}
	if open.Epoch == m.Epoch {
		v.RevealAt = m.NextBoundary
		if noWait {
			return laterf("the commitment of period %d can be revealed from block %d on; it is block %d now", open.Epoch, v.RevealAt, m.Height)
		}
	}
	dir, err := a.secrets()
	if err != nil {
		return err
	}
	s, err := openSecret(dir, open.Hash)
	if err != nil {
		return err
	}
	key, err := a.openHotkey()
	if err != nil {
		return err
	}
	w := weighing{app: a, node: node, key: key}
	v.Weights = viewEntries(s.Row)
	if v.Reveal, err = w.waitAndReveal(ctx, s, v.RevealAt); err != nil {
		return err
	}
	return a.show(v)
}

// openCommitment is the commitment that can be revealed now, else the one that can be in the next period.
func openCommitment(ctx context.Context, node *chain.Client, netuid gotensor.NetUID, hotkey gotensor.Address, period uint64) (weightstypes.Commitment, error) {
	all, err := node.Commitments(ctx, netuid, hotkey)
	if err != nil && !errors.Is(err, chain.ErrNotFound) {
		return weightstypes.Commitment{}, err
	}
	var later *weightstypes.Commitment
	for i, k := range all {
		switch {
		case k.Revealed:
		case k.Epoch+1 == period:
			return k, nil
		case k.Epoch == period:
			later = &all[i]
		}
	}
	if later != nil {
		return *later, nil
	}
	return weightstypes.Commitment{}, nothingf("hotkey %s has nothing to reveal on subnet %d in period %d: a commitment is revealed in the period after its own", keys.Account(hotkey), netuid, period)
}
