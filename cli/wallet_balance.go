package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

func (a *app) walletBalanceCommand() *cobra.Command {
	var address string
	c := &cobra.Command{
		Use:   "balance",
		Short: "Show what a wallet owns",
		Long: `Shows the TAO of an account: free, staked, on its way back from stake (unbonding), and dividends that can be claimed.

A miner's incentive arrives as free TAO by itself. No password is needed.`,
		Example: `  gotensor wallet balance --network FOLDER --wallet me
  gotensor wallet balance --network FOLDER --address tao1... --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.walletBalance(c.Context(), address) },
	}
	c.Flags().StringVar(&address, "address", "", "account to look at instead of the wallet's coldkey")
	return c
}

// balance is the answer of wallet balance.
type balance struct {
	Address   string          `json:"address"`
	Free      gotensor.Rao    `json:"rao_free"`
	Staked    gotensor.Rao    `json:"rao_staked"`
	Unbonding gotensor.Rao    `json:"rao_unbonding"`
	Claimable gotensor.Rao    `json:"rao_claimable"`
	Total     gotensor.Rao    `json:"rao_total"`
	Waiting   []unbondingView `json:"unbonding"` // what makes up rao_unbonding
}

// unbondingView is stake on its way back.
type unbondingView struct {
	Validator string       `json:"validator"`
	Amount    gotensor.Rao `json:"rao_amount"`
	Free      time.Time    `json:"free_at"`
}

func (a *app) walletBalance(ctx context.Context, address string) error {
	who, err := a.accountNamed(address)
	if err != nil {
		return err
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	v, err := readBalance(ctx, node, who)
	if err != nil {
		return err
	}
	return a.show(v)
}

func readBalance(ctx context.Context, node *chain.Client, who gotensor.Address) (balance, error) {
	v := balance{Address: keys.Account(who), Waiting: []unbondingView{}}
	var err error
	if v.Free, err = freeBalance(ctx, node, who); err != nil {
		return v, err
	}
	delegations, err := node.Delegations(ctx, who)
	if err != nil {
		return v, err
	}
	for _, d := range delegations {
		v.Staked += d.Stake
		v.Claimable += d.Earned
	}
	take, err := node.Commission(ctx, who)
	if err != nil {
		return v, err
	}
	v.Claimable += take
	unbonding, err := node.Unbondings(ctx, who)
	if err != nil {
		return v, err
	}
	for _, u := range unbonding {
		v.Unbonding += u.Amount
		v.Waiting = append(v.Waiting, unbondingView{Validator: keys.Operator(u.Operator), Amount: u.Amount, Free: u.Free.UTC()})
	}
	v.Total = v.Free + v.Staked + v.Unbonding + v.Claimable
	return v, nil
}

// freeBalance is what an account can send, in whole rao.
func freeBalance(ctx context.Context, node *chain.Client, who gotensor.Address) (gotensor.Rao, error) {
	atao, err := node.Balance(ctx, who)
	if err != nil {
		return 0, err
	}
	free, _, err := gotensor.RaoFromAtao(atao)
	return free, err
}

func (v balance) print(p *page) {
	p.linef("%s", p.bold(v.Address))
	t := grid{columns: []column{col(""), num("TAO")}, strong: map[int]bool{4: true}}
	t.add("free", v.Free.String()[:len(v.Free.String())-len(" TAO")])
	for _, r := range []struct {
		name   string
		amount gotensor.Rao
	}{{"staked", v.Staked}, {"unbonding", v.Unbonding}, {"claimable", v.Claimable}, {"total", v.Total}} {
		t.add(r.name, r.amount.String()[:len(r.amount.String())-len(" TAO")])
	}
	p.table(t)
	for _, u := range v.Waiting {
		p.linef("%s from %s is free at %s", taoText(u.Amount), p.addr(u.Validator), u.Free.Format(time.RFC3339))
	}
	if v.Claimable > 0 {
		p.linef("`gotensor stake claim` takes what is claimable.")
	}
}
