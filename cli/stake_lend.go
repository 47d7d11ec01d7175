package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

// maxLoan is the longest time for which bandwidth is lent here; the chain itself sets no bound.
const maxLoan = 10 * 365 * 24 * time.Hour

// stakeLendOptions are the flags of stake lend.
type stakeLendOptions struct {
	share       float64
	lasts       time.Duration
	takeBack    bool
	yes, dryRun bool
}

func (a *app) stakeLendCommand() *cobra.Command {
	var o stakeLendOptions
	c := &cobra.Command{
		Use:   "lend",
		Short: "Lend the bandwidth of your stake to the key that asks miners",
		Long: `Stake buys bandwidth with miners, but the coldkey that holds it should stay off line. This lends the bandwidth, or a part of it, to
the wallet's hotkey, with which queries, benchmarks and gateways ask. The stake itself stays where it is, and the hotkey can spend
nothing. Lending again replaces what was lent; --take-back ends it.`,
		Example: `  gotensor stake lend --network FOLDER --wallet me
  gotensor stake lend --network FOLDER --wallet me --hotkey laptop --share 25 --for 168h
  gotensor stake lend --network FOLDER --wallet me --take-back`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.stakeLend(c.Context(), o) },
	}
	c.Flags().Float64Var(&o.share, "share", 100, "per cent of the bandwidth, over 0 and at most 100")
	c.Flags().DurationVar(&o.lasts, "for", 30*24*time.Hour, "how long it is lent")
	c.Flags().BoolVar(&o.takeBack, "take-back", false, "end what was lent to this hotkey")
	spendFlags(c, &o.yes, &o.dryRun)
	return c
}

// loan is the answer of stake lend.
type loan struct {
	Delegator string       `json:"delegator"`
	Hotkey    string       `json:"hotkey"`
	SharePPM  uint32       `json:"share_ppm"`
	Stake     gotensor.Rao `json:"rao_stake"` // of the delegator, of which a share is lent
	Until     *time.Time   `json:"until,omitempty"`
	DryRun    bool         `json:"dry_run"`
	Tx        *txView      `json:"tx,omitempty"`
}

func (v loan) print(p *page) {
	facts := []fact{{"from", v.Delegator}, {"to hotkey", v.Hotkey}}
	if v.Until == nil {
		p.facts(append(facts, fact{"lent then", "nothing"})...)
	} else {
		p.facts(append(facts,
			fact{"lent then", fmt.Sprintf("%s of the bandwidth of %s staked", takeText(v.SharePPM), taoText(v.Stake))},
			fact{"until", v.Until.Format(time.RFC3339)})...)
	}
	v.Tx.print(p)
}

func (a *app) stakeLend(ctx context.Context, o stakeLendOptions) error {
	switch {
	case !(o.share > 0 && o.share <= 100):
		return usagef("--share is %v, want over 0 and at most 100 per cent", o.share)
	case o.lasts < time.Minute || o.lasts > maxLoan:
		return usagef("--for is %v, want 1m to %v", o.lasts, maxLoan)
	}
	who, err := a.coldkeyAddress()
	if err != nil {
		return err
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	hotkey, err := a.openHotkey()
	if err != nil {
		return err
	}
	v := loan{Delegator: keys.Account(who), Hotkey: keys.Account(hotkey.Address()), DryRun: o.dryRun}
	msg := &neuron.MsgGrantBandwidth{Delegator: v.Delegator, Hotkey: v.Hotkey}
	if !o.takeBack {
		if err := a.planLoan(ctx, node, o, hotkey, &v, msg); err != nil {
			return err
		}
	}
	if o.dryRun {
		return a.show(v)
	}
	question := fmt.Sprintf("Lend %v %% of the bandwidth of wallet %s to hotkey %s?", o.share, a.wallet, v.Hotkey)
	if o.takeBack {
		question = fmt.Sprintf("Take back what wallet %s lent to hotkey %s?", a.wallet, v.Hotkey)
	}
	if err := a.confirm(o.yes, question); err != nil {
		return err
	}
	packed, err := chain.GrantBandwidth(msg)
	if err != nil {
		return err
	}
	if v.Tx, err = a.sendCold(ctx, node, packed); err != nil {
		return err
	}
	return a.show(v)
}

// planLoan fills in what is lent, and the hotkey's consent to it. It fails where there is no stake to lend.
func (a *app) planLoan(ctx context.Context, node *chain.Client, o stakeLendOptions, hotkey keys.PrivateKey, v *loan, msg *neuron.MsgGrantBandwidth) error {
	delegator, err := a.coldkeyAddress()
	if err != nil {
		return err
	}
	delegations, err := node.Delegations(ctx, delegator)
	if err != nil {
		return err
	}
	for _, d := range delegations {
		v.Stake += d.Stake
	}
	if v.Stake == 0 {
		return refusedf("wallet %s has nothing staked, so there is no bandwidth to lend: stake first, see `gotensor stake add`", a.wallet)
	}
	id, err := node.ChainID(ctx)
	if err != nil {
		return err
	}
	until := time.Now().Add(o.lasts).Truncate(time.Second)
	v.Until, v.SharePPM = &until, uint32(o.share*10_000)
	msg.SharePpm, msg.ExpiryUnix = v.SharePPM, until.Unix()
	pub := hotkey.PublicKey()
	msg.HotkeyPublicKey = pub[:]
	msg.HotkeySignature = hotkey.SignTx(neuron.GrantBytes(id, delegator))[:64]
	return nil
}
