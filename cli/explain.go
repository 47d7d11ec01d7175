package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/explain"
	"github.com/gotensor/gotensor/keys"
)

// errDiffers makes the exit code 1 where a replay is not what the chain stored.
var errDiffers = errors.New("the replay differs from what the chain stored")

// explainOptions are the flags of explain.
type explainOptions struct {
	netuid *uint16
	who    string
	epoch  int64
	whatIf []string
	chart  string
	top    int
}

func (a *app) explainCommand() *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain [UID|HOTKEY]",
		Short: "Explain why a neuron earned what it earned",
		Long: `Reads what an epoch of the chain read, computes it once more, checks that the result is the chain's to the bit, and shows what one
neuron's pay is made of: who weighed it and what consensus clipped, its bonds and dividends, its place among its peers, and
what changed since the epoch before, split by cause. Without UID or HOTKEY it explains the wallet's own hotkey.

--what-if computes the same epoch with something changed; it can be repeated:
  kappa=0.6               a hyperparameter that the epoch reads, by its name on the chain: a whole number is in the unit of the
                          schema, a number with a decimal point is a share of one
  weight:0:4=0.25         validator 0 gives a quarter of its row to miner 4, and the rest as it was
  stake:0=1000            uid 0 has 1000 TAO of stake

An epoch of the past needs a node that keeps the state of its block; an ordinary node keeps the last 100000 blocks. The exit code is 1 if the
replay differs from the chain, and the first difference of each column is shown.`,
		Example: `  gotensor explain --network FOLDER --wallet me
  gotensor explain 4 --network FOLDER --epoch -2 --json
  gotensor explain 4 --network FOLDER --what-if kappa=0.6 --chart pay.png`,
		Args: takes(0, 1, "one UID or HOTKEY, or none for the wallet's own hotkey"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.who = args[0]
			}
			return a.explain(c.Context(), o)
		},
	}
	o.netuid = netuidFlag(c)
	f := c.Flags()
	f.Int64Var(&o.epoch, "epoch", -1, "number of the epoch, from 0; negative counts back: -1 is the latest")
	f.StringArrayVar(&o.whatIf, "what-if", nil, "change something: PARAMETER=VALUE, weight:VALIDATOR:MINER=SHARE or stake:UID=TAO; can be repeated")
	f.StringVar(&o.chart, "chart", "", "draw the pay by validator, by miner and by epoch into this .png or .svg file")
	f.IntVar(&o.top, "top", 10, "most rows of each table; all are in the JSON")
	return c
}

// explainView is the answer of explain.
type explainView struct {
	NetUID   gotensor.NetUID `json:"netuid"`
	Epoch    uint64          `json:"epoch"`
	Height   int64           `json:"height"` // of the boundary at which it ran
	UID      uint16          `json:"uid"`
	Hotkey   string          `json:"hotkey"`
	Replayed bool            `json:"replayed_to_the_bit"` // all columns of all uids but Replaced, at least of one, are those that the chain stored
	// Differences are the first of each column that is not.
	Differences []explain.Difference `json:"differences"`
	// Slashed lost stake in the boundary's block before the epoch; Replaced changed hands in it afterwards, and are not compared.
	Slashed  []gotensor.UID `json:"slashed"`
	Replaced []gotensor.UID `json:"replaced"`
	// Drained is what the pot held; OwnerCut went to the subnet's owner before all else.
	Drained  gotensor.Rao     `json:"rao_drained"`
	OwnerCut gotensor.Rao     `json:"rao_owner_cut"`
	Account  *explain.Account `json:"account"`
	// Change is null where the epoch before cannot be had; ChangeUnknown says why.
	Change        *explain.Change `json:"change"`
	ChangeUnknown string          `json:"change_unknown,omitempty"`
	WhatIf        *whatIfView     `json:"what_if"`
	Charts        []string        `json:"charts,omitempty"` // files

	before uint64 // number of the epoch before
	top    int
}

// whatIfView is the same epoch with something changed.
type whatIfView struct {
	Changes []string         `json:"changes"`
	Account *explain.Account `json:"account"`
	// Winners and Losers gain and lose the most.
	Winners []explain.Mover `json:"winners"`
	Losers  []explain.Mover `json:"losers"`
}

func (a *app) explain(ctx context.Context, o explainOptions) error {
	if o.top < 1 {
		return usagef("--top is %d, want 1 or more", o.top)
	}
	if err := checkChart(o.chart); err != nil {
		return err
	}
	who, err := a.explained(o.who)
	if err != nil {
		return err
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	e, err := node.Epoch(ctx, gotensor.NetUID(*o.netuid), o.epoch)
	if err != nil {
		return err
	}
	uid, err := who.in(e)
	if err != nil {
		return err
	}
	v, replay, err := explainEpoch(e, uid)
	if err != nil {
		return err
	}
	v.top = o.top
	if err := v.sinceBefore(ctx, node, replay); err != nil {
		return err
	}
	if err := v.whatIf(e, replay, o); err != nil {
		return err
	}
	if o.chart != "" {
		if err := v.draw(ctx, node, o.chart); err != nil {
			return err
		}
	}
	if err := a.show(v); err != nil {
		return err
	}
	if !v.Replayed {
		return errDiffers
	}
	return nil
}

// explained is who is to be explained: a uid, or a hotkey where uid is negative.
type explained struct {
	uid    int
	hotkey gotensor.Address
}

// explained reads the argument; none is the wallet's own hotkey.
func (a *app) explained(text string) (explained, error) {
	if text == "" {
		store, err := a.store()
		if err != nil {
			return explained{}, err
		}
		public, _, err := store.HotkeyPublic(a.wallet, a.hotkey)
		return explained{-1, public.Address}, err
	}
	if uid, err := strconv.ParseUint(text, 10, 16); err == nil {
		return explained{uid: int(uid)}, nil
	}
	hotkey, err := keys.ParseAccount(text)
	if err != nil {
		return explained{}, usagef("%q is neither a uid nor the address of a hotkey: %v", text, err)
	}
	return explained{-1, hotkey}, nil
}

// in finds the uid in an epoch.
func (w explained) in(e *chain.Epoch) (uint16, error) {
	uid := w.uid
	if uid < 0 {
		uid = slices.Index(e.Hotkeys, w.hotkey)
	}
	switch {
	case uid < 0:
		return 0, nothingf("%s had no uid on subnet %d in epoch %d", keys.Account(w.hotkey), e.NetUID, e.Report.Epoch)
	case uid >= e.Input.N:
		return 0, nothingf("subnet %d had %d uids in epoch %d, from 0, no %d", e.NetUID, e.Input.N, e.Report.Epoch, uid)
	}
	return uint16(uid), nil
}

// explainEpoch replays an epoch, compares it with the chain, and accounts for one uid.
func explainEpoch(e *chain.Epoch, uid uint16) (*explainView, *explain.Replay, error) {
	replay, err := explain.Run(&e.Input, fundedIn(e))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: epoch %d: %w", chain.ErrBadAnswer, e.Report.Epoch, err)
	}
	account, err := replay.Account(uid)
	if err != nil {
		return nil, nil, err
	}
	v := &explainView{
		NetUID: e.NetUID, Epoch: e.Report.Epoch, Height: e.Report.Height, UID: uid, Hotkey: accountOf(e.Hotkeys[uid]),
		Differences: replay.Check(storedBy(e)), Slashed: e.Slashed, Replaced: e.Replaced, Drained: gotensor.Rao(e.Report.Drained), OwnerCut: e.OwnerCut,
		Account: account,
	}
	if v.Slashed == nil {
		v.Slashed = []gotensor.UID{}
	}
	if v.Replaced == nil {
		v.Replaced = []gotensor.UID{}
	}
	v.Replayed = len(v.Differences) == 0 && len(v.Replaced) < e.Input.N
	return v, replay, nil
}

// fundedIn tells who has a staking validator, to whom dividends can be paid.
func fundedIn(e *chain.Epoch) []bool {
	out := make([]bool, len(e.Validators))
	for uid, v := range e.Validators {
		out[uid] = !v.IsZero()
	}
	return out
}

// storedBy is what the chain stored of an epoch.
func storedBy(e *chain.Epoch) *explain.Stored {
	s := &explain.Stored{
		Bonds: e.Bonds, Gone: make([]bool, e.After.N()),
		Sums: &explain.Sums{Incentive: gotensor.Rao(e.Report.Incentive), Dividends: gotensor.Rao(e.Report.Dividends)},
	}
	for n := range e.After.All() {
		s.Consensus, s.Incentive = append(s.Consensus, n.Consensus), append(s.Incentive, n.Incentive)
		s.Dividends, s.VTrust = append(s.Dividends, n.Dividends), append(s.VTrust, n.Trust)
		s.Permit, s.Active = append(s.Permit, n.Permit), append(s.Active, n.Active)
		s.Emission, s.Stake = append(s.Emission, n.Emission), append(s.Stake, n.EpochStake)
	}
	for _, uid := range e.Replaced {
		s.Gone[uid] = true
	}
	return s
}

// sinceBefore compares with the epoch before, if there is one that can be read.
func (v *explainView) sinceBefore(ctx context.Context, node *chain.Client, now *explain.Replay) error {
	if v.Epoch == 0 {
		v.ChangeUnknown = "it was the first epoch"
		return nil
	}
	v.before = v.Epoch - 1
	e, err := node.Epoch(ctx, v.NetUID, int64(v.before))
	switch {
	case errors.Is(err, chain.ErrPruned), errors.Is(err, chain.ErrUnpaid), errors.Is(err, chain.ErrNotFound):
		v.ChangeUnknown = err.Error()
		return nil
	case err != nil:
		return err
	}
	before, err := explain.Run(&e.Input, fundedIn(e))
	if err != nil {
		return fmt.Errorf("%w: epoch %d: %w", chain.ErrBadAnswer, v.before, err)
	}
	v.Change, err = explain.Compare(before, now, v.UID)
	return err
}

// whatIf replays the epoch with changes.
func (v *explainView) whatIf(e *chain.Epoch, now *explain.Replay, o explainOptions) error {
	if len(o.whatIf) == 0 {
		return nil
	}
	in, err := explain.Apply(&e.Input, o.whatIf...)
	if err != nil {
		return err
	}
	replay, err := explain.Run(in, fundedIn(e))
	if err != nil {
		return usagef("%v", err)
	}
	v.WhatIf = &whatIfView{Changes: o.whatIf}
	v.WhatIf.Winners, v.WhatIf.Losers = explain.Movers(now, replay, o.top)
	v.WhatIf.Account, err = replay.Account(v.UID)
	return err
}
