package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

// stakeRemoveOptions are the flags of stake remove.
type stakeRemoveOptions struct {
	validatorFlags
	amount           string
	all, yes, dryRun bool
}

func (a *app) stakeRemoveCommand() *cobra.Command {
	var o stakeRemoveOptions
	c := &cobra.Command{
		Use:   "remove",
		Short: "Take stake back from a validator",
		Long: `Takes stake back. It stops earning at once and is free after the chain's unbonding time, which the answer names. Dividends that
it earned until then are paid out with it.`,
		Example: `  gotensor stake remove --network FOLDER --validator taovaloper1... --amount 2.5
  gotensor stake remove --network FOLDER --validator 0 --all --yes --password-file secret.txt`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.stakeRemove(c.Context(), o) },
	}
	o.add(c)
	c.Flags().StringVar(&o.amount, "amount", "", "amount in TAO, such as 10.5")
	c.Flags().BoolVar(&o.all, "all", false, "all that is staked there")
	spendFlags(c, &o.yes, &o.dryRun)
	return c
}

func (a *app) stakeRemove(ctx context.Context, o stakeRemoveOptions) error {
	if (o.amount == "") == !o.all {
		return usagef("give either --amount TAO or --all")
	}
	var amount gotensor.Rao
	if !o.all {
		var err error
		if amount, err = parseAmount("--amount", o.amount); err != nil {
			return err
		}
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
	validator, err := o.find(ctx, node)
	if err != nil {
		return err
	}
	v, err := planStake(ctx, node, who, validator)
	if err != nil {
		return err
	}
	if o.all {
		amount = v.Stake
	}
	if amount > v.Stake || v.Stake == 0 {
		return refusedf("%s has %s staked with %s: `gotensor stake list` shows what can be taken back", v.Delegator, taoText(v.Stake), v.Validator.title())
	}
	if v.Free, err = freeBalance(ctx, node, who); err != nil {
		return err
	}
	v.Amount, v.Stake, v.DryRun, v.removing = amount, v.Stake-amount, o.dryRun, true
	if o.dryRun {
		return a.show(v)
	}
	return a.undelegate(ctx, node, v, unstaking{who, validator.Operator, o.yes})
}

// unstaking is whose stake is taken back from whom.
type unstaking struct {
	who, operator gotensor.Address
	yes           bool
}

func (a *app) undelegate(ctx context.Context, node *chain.Client, v stakeMove, u unstaking) error {
	question := fmt.Sprintf("Take %s back from %s? It earns nothing from then on and is free %s later.",
		taoText(v.Amount), v.Validator.title(), duration(time.Duration(v.Unbonding)*time.Second))
	if err := a.confirm(u.yes, question); err != nil {
		return err
	}
	msg, err := chain.Undelegate(u.who, u.operator, v.Amount)
	if err != nil {
		return err
	}
	if v.Tx, err = a.sendCold(ctx, node, msg); err != nil {
		return err
	}
	// When it is free is told by the chain; the latest entry of this validator is ours.
	unbondings, err := node.Unbondings(ctx, u.who)
	if err != nil {
		return fmt.Errorf("%s was taken back in block %d (transaction %s), but when it is free could not be read: %w",
			taoText(v.Amount), v.Tx.Height, v.Tx.Hash, err)
	}
	for _, e := range unbondings {
		if e.Operator == u.operator && (v.FreeAt == nil || e.Free.After(*v.FreeAt)) {
			at := e.Free.UTC()
			v.FreeAt = &at
		}
	}
	return a.show(v)
}

// stakeOf sums what an account has staked and earned.
func stakeOf(delegations []chain.Delegation) (staked, earned gotensor.Rao) {
	for _, d := range delegations {
		staked += d.Stake
		earned += d.Earned
	}
	return staked, earned
}

// monikers are the names of staking validators by operator.
func monikers(validators []chain.Validator) map[gotensor.Address]string {
	out := make(map[gotensor.Address]string, len(validators))
	for _, v := range validators {
		out[v.Operator] = v.Moniker
		if v.Moniker == "" {
			out[v.Operator] = keys.Operator(v.Operator)
		}
	}
	return out
}
