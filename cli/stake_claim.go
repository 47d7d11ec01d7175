package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

// maxClaims bounds the validators claimed from in one transaction.
const maxClaims = 50

// stakeClaimOptions are the flags of stake claim.
type stakeClaimOptions struct {
	yes, dryRun bool
}

func (a *app) stakeClaimCommand() *cobra.Command {
	var o stakeClaimOptions
	c := &cobra.Command{
		Use:   "claim",
		Short: "Take the dividends that stake has earned",
		Long: `Takes all dividends that the wallet's stake has earned, and, if the wallet is a staking validator's, its take. All of it comes in
one transaction. A miner's incentive needs no claim: it is paid out by itself.`,
		Example: `  gotensor stake claim --network FOLDER --wallet me
  gotensor stake claim --network FOLDER --wallet me --dry-run --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.stakeClaim(c.Context(), o) },
	}
	spendFlags(c, &o.yes, &o.dryRun)
	return c
}

// claim is the answer of stake claim.
type claim struct {
	Delegator string       `json:"delegator"`
	Dividends gotensor.Rao `json:"rao_dividends"` // when it was looked at; more may have come until the transaction
	Take      gotensor.Rao `json:"rao_take"`
	From      []string     `json:"from"` // operators of the validators
	DryRun    bool         `json:"dry_run"`
	Tx        *txView      `json:"tx,omitempty"`
}

func (v claim) print(p *page) {
	p.facts(fact{"dividends", taoText(v.Dividends)}, fact{"take", taoText(v.Take)})
	for _, operator := range v.From {
		p.linef("  from %s", operator)
	}
	v.Tx.print(p)
}

func (a *app) stakeClaim(ctx context.Context, o stakeClaimOptions) error {
	who, err := a.coldkeyAddress()
	if err != nil {
		return err
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	v := claim{Delegator: keys.Account(who), From: []string{}, DryRun: o.dryRun}
	msgs, err := planClaim(ctx, node, who, &v)
	if err != nil {
		return err
	}
	if len(msgs) == 0 {
		return refusedf("there is nothing to claim for %s yet: dividends come with each block after an epoch", v.Delegator)
	}
	if o.dryRun {
		return a.show(v)
	}
	if err := a.confirm(o.yes, fmt.Sprintf("Claim %s into wallet %s?", taoText(v.Dividends+v.Take), a.wallet)); err != nil {
		return err
	}
	if v.Tx, err = a.sendCold(ctx, node, msgs...); err != nil {
		return err
	}
	return a.show(v)
}

func planClaim(ctx context.Context, node *chain.Client, who gotensor.Address, v *claim) ([]chain.Msg, error) {
	delegations, err := node.Delegations(ctx, who)
	if err != nil {
		return nil, err
	}
	var msgs []chain.Msg
	for _, d := range delegations {
		if d.Earned == 0 || len(msgs) == maxClaims {
			continue
		}
		msg, err := chain.ClaimDividends(who, d.Operator)
		if err != nil {
			return nil, err
		}
		msgs = append(msgs, msg)
		v.Dividends += d.Earned
		v.From = append(v.From, keys.Operator(d.Operator))
	}
	if v.Take, err = node.Commission(ctx, who); err != nil || v.Take == 0 {
		return msgs, err
	}
	msg, err := chain.ClaimCommission(who)
	return append(msgs, msg), err
}
