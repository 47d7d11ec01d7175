package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

// stakeAddOptions are the flags of stake add.
type stakeAddOptions struct {
	validatorFlags
	amount      string
	yes, dryRun bool
}

func (a *app) stakeAddCommand() *cobra.Command {
	var o stakeAddOptions
	c := &cobra.Command{
		Use:   "add",
		Short: "Stake TAO with a validator",
		Long: `Delegates TAO of the wallet's coldkey to a staking validator. Whether the validator exists and the amount is there is checked
before anything is signed. Stake counts at once for bandwidth and votes, and from the next epoch on in consensus.`,
		Example: `  gotensor stake add --network FOLDER --validator taovaloper1... --amount 10
  gotensor stake add --network FOLDER --validator 0 --netuid 1 --amount 10 --dry-run`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.stakeAdd(c.Context(), o) },
	}
	o.add(c)
	c.Flags().StringVar(&o.amount, "amount", "", "amount in TAO, such as 10.5 (required)")
	spendFlags(c, &o.yes, &o.dryRun)
	return c
}

func (a *app) stakeAdd(ctx context.Context, o stakeAddOptions) error {
	if o.amount == "" {
		return usagef("--amount TAO is required")
	}
	amount, err := parseAmount("--amount", o.amount)
	if err != nil {
		return err
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
	if validator.Jailed && !o.yes {
		return refusedf("validator %s is jailed: its stake counts for nothing now; stake with another one, or say --yes", keys.Operator(validator.Operator))
	}
	free, err := enough(ctx, node, who, amount)
	if err != nil {
		return err
	}
	v, err := planStake(ctx, node, who, validator)
	if err != nil {
		return err
	}
	v.Amount, v.Stake, v.Free, v.DryRun = amount, v.Stake+amount, free-amount, o.dryRun
	if o.dryRun {
		return a.show(v)
	}
	if err := a.confirm(o.yes, fmt.Sprintf("Stake %s of wallet %s with %s?", taoText(amount), a.wallet, v.Validator.title())); err != nil {
		return err
	}
	msg, err := chain.Delegate(who, validator.Operator, amount)
	if err != nil {
		return err
	}
	if v.Tx, err = a.sendCold(ctx, node, msg); err != nil {
		return err
	}
	return a.show(v)
}

// planStake is the answer of stake add and remove before its amounts: what is staked there now.
func planStake(ctx context.Context, node *chain.Client, who gotensor.Address, validator chain.Validator) (stakeMove, error) {
	v := stakeMove{Delegator: keys.Account(who), Validator: viewValidator(validator)}
	unbonding, err := node.UnbondingTime(ctx)
	if err != nil {
		return v, err
	}
	v.Unbonding = int64(unbonding.Seconds())
	delegations, err := node.Delegations(ctx, who)
	if err != nil {
		return v, err
	}
	for _, d := range delegations {
		if d.Operator == validator.Operator {
			v.Stake = d.Stake
		}
	}
	return v, nil
}
