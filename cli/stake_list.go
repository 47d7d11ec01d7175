package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

func (a *app) stakeListCommand() *cobra.Command {
	var address string
	var validators bool
	c := &cobra.Command{
		Use:   "list",
		Short: "Show stake and what it earned, or whom one can stake with",
		Long: `Shows an account's stake by validator, the dividends that can be claimed, and stake on its way back.

With --validators it shows all staking validators instead: the stake behind each, the share of dividends that it takes, and
whether it is bonded, which is when its stake counts.`,
		Example: `  gotensor stake list --network FOLDER --wallet me
  gotensor stake list --network FOLDER --validators --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			if validators {
				return a.stakeValidators(c.Context())
			}
			return a.stakeList(c.Context(), address)
		},
	}
	c.Flags().StringVar(&address, "address", "", "account to look at instead of the wallet's coldkey")
	c.Flags().BoolVar(&validators, "validators", false, "list the staking validators instead")
	return c
}

// validatorList is the answer of stake list --validators.
type validatorList struct {
	Validators []validatorView `json:"validators"`
}

func (a *app) stakeValidators(ctx context.Context) error {
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	all, err := node.Validators(ctx)
	if err != nil {
		return err
	}
	v := validatorList{Validators: []validatorView{}}
	for _, x := range all {
		v.Validators = append(v.Validators, viewValidator(x))
	}
	return a.show(v)
}

func (v validatorList) print(p *page) {
	t := grid{columns: []column{col("VALIDATOR"), col("OPERATOR"), num("STAKE"), num("TAKE"), col("STATE")}}
	for _, x := range v.Validators {
		t.add(orDash(x.Moniker), x.Operator, taoNumber(x.Stake), takeText(x.TakePPM), x.state())
	}
	p.table(t)
}

// stakeView is stake with one validator.
type stakeView struct {
	Validator string       `json:"validator"`
	Moniker   string       `json:"moniker"`
	Stake     gotensor.Rao `json:"rao_stake"`
	Earned    gotensor.Rao `json:"rao_earned"` // claimable dividends
}

// stakeList is the answer of stake list.
type stakeList struct {
	Delegator string          `json:"delegator"`
	Stake     []stakeView     `json:"stake"`
	Unbonding []unbondingView `json:"unbonding"`
	Staked    gotensor.Rao    `json:"rao_staked"`
	Earned    gotensor.Rao    `json:"rao_earned"`
}

func (a *app) stakeList(ctx context.Context, address string) error {
	who, err := a.accountNamed(address)
	if err != nil {
		return err
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	v, err := readStake(ctx, node, who)
	if err != nil {
		return err
	}
	return a.show(v)
}

func readStake(ctx context.Context, node *chain.Client, who gotensor.Address) (stakeList, error) {
	v := stakeList{Delegator: keys.Account(who), Stake: []stakeView{}, Unbonding: []unbondingView{}}
	delegations, err := node.Delegations(ctx, who)
	if err != nil {
		return v, err
	}
	validators, err := node.Validators(ctx)
	if err != nil {
		return v, err
	}
	names := monikers(validators)
	for _, d := range delegations {
		v.Stake = append(v.Stake, stakeView{Validator: keys.Operator(d.Operator), Moniker: names[d.Operator], Stake: d.Stake, Earned: d.Earned})
	}
	v.Staked, v.Earned = stakeOf(delegations)
	unbondings, err := node.Unbondings(ctx, who)
	if err != nil {
		return v, err
	}
	for _, u := range unbondings {
		v.Unbonding = append(v.Unbonding, unbondingView{Validator: keys.Operator(u.Operator), Amount: u.Amount, Free: u.Free.UTC()})
	}
	return v, nil
}

func (v stakeList) print(p *page) {
	p.linef("%s", p.bold(v.Delegator))
	if len(v.Stake) == 0 && len(v.Unbonding) == 0 {
		p.linef("No stake. `gotensor stake list --validators` shows whom you can stake with.")
		return
	}
	t := grid{columns: []column{col("VALIDATOR"), col("OPERATOR"), num("STAKE"), num("EARNED")}, strong: map[int]bool{len(v.Stake): true}}
	for _, s := range v.Stake {
		t.add(orDash(s.Moniker), p.addr(s.Validator), taoNumber(s.Stake), taoNumber(s.Earned))
	}
	t.add("total", "", taoNumber(v.Staked), taoNumber(v.Earned))
	p.table(t)
	for _, u := range v.Unbonding {
		p.linef("%s from %s is free at %s", taoText(u.Amount), p.addr(u.Validator), u.Free.Format(time.RFC3339))
	}
}
