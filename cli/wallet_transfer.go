package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

// transferOptions are the flags of wallet transfer.
type transferOptions struct {
	to, amount  string
	yes, dryRun bool
}

func (a *app) walletTransferCommand() *cobra.Command {
	var o transferOptions
	c := &cobra.Command{
		Use:   "transfer",
		Short: "Send TAO to another account",
		Long: `Sends TAO from the wallet's coldkey. The address and the balance are checked first, and on a terminal the effect is shown and
confirmed before the password is asked for. Without a terminal --password-file is needed and nothing is asked.`,
		Example: `  gotensor wallet transfer --network FOLDER --to tao1... --amount 1.5
  gotensor wallet transfer --network FOLDER --to tao1... --amount 1.5 --dry-run
  gotensor wallet transfer --network FOLDER --to tao1... --amount 1.5 --yes --password-file secret.txt --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.walletTransfer(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "account that receives, tao1... (required)")
	f.StringVar(&o.amount, "amount", "", "amount in TAO, such as 1.5 (required)")
	spendFlags(c, &o.yes, &o.dryRun)
	return c
}

// spendFlags adds the flags of every command that moves TAO.
func spendFlags(c *cobra.Command, yes, dryRun *bool) {
	c.Flags().BoolVarP(yes, "yes", "y", false, "do not ask for confirmation")
	c.Flags().BoolVar(dryRun, "dry-run", false, "check everything and show the effect, but send nothing")
}

// transfer is the answer of wallet transfer.
type transfer struct {
	From   string       `json:"from"`
	To     string       `json:"to"`
	Amount gotensor.Rao `json:"rao_amount"`
	Left   gotensor.Rao `json:"rao_left"` // free after it, before the fee
	DryRun bool         `json:"dry_run"`
	Tx     *txView      `json:"tx,omitempty"`
}

func (v transfer) print(p *page) {
	p.facts(fact{"from", v.From}, fact{"to", v.To}, fact{"amount", taoText(v.Amount)}, fact{"left", taoText(v.Left) + " before the fee"})
	v.Tx.print(p)
}

func (a *app) walletTransfer(ctx context.Context, o transferOptions) error {
	if o.to == "" || o.amount == "" {
		return usagef("--to ADDRESS and --amount TAO are required")
	}
	to, err := keys.ParseAccount(o.to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	amount, err := parseAmount("--amount", o.amount)
	if err != nil {
		return err
	}
	from, err := a.coldkeyAddress()
	if err != nil {
		return err
	}
	if from == to {
		return usagef("--to is the wallet's own address: nothing would change")
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	free, err := enough(ctx, node, from, amount)
	if err != nil {
		return err
	}
	v := transfer{From: keys.Account(from), To: keys.Account(to), Amount: amount, Left: free - amount, DryRun: o.dryRun}
	if o.dryRun {
		return a.show(v)
	}
	question := fmt.Sprintf("Send %s to %s, leaving %s in wallet %s?", taoText(amount), v.To, taoText(v.Left), a.wallet)
	if err := a.confirm(o.yes, question); err != nil {
		return err
	}
	msg, err := chain.Transfer(from, to, amount)
	if err != nil {
		return err
	}
	if v.Tx, err = a.sendCold(ctx, node, msg); err != nil {
		return err
	}
	return a.show(v)
}

// parseAmount reads an amount of TAO above zero.
func parseAmount(flag, s string) (gotensor.Rao, error) {
	amount, err := parseTAO(s)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", flag, err)
	}
	if amount == 0 {
		return 0, usagef("%s is 0, want more", flag)
	}
	return amount, nil
}

// enough fails unless an account can spend an amount now, and returns what it has free.
func enough(ctx context.Context, node *chain.Client, who gotensor.Address, amount gotensor.Rao) (gotensor.Rao, error) {
	free, err := freeBalance(ctx, node, who)
	if err != nil {
		return 0, err
	}
	if free < amount {
		return free, refusedf("%s has %s free, %s are needed: lower the amount, or see `gotensor wallet balance`", keys.Account(who), taoText(free), taoText(amount))
	}
	return free, nil
}

// sendCold opens the coldkey, signs and waits until a block holds the transaction.
func (a *app) sendCold(ctx context.Context, node *chain.Client, msgs ...chain.Msg) (*txView, error) {
	key, err := a.openColdkey()
	if err != nil {
		return nil, err
	}
	r, err := node.Sender(key).Send(ctx, msgs...)
	if err != nil {
		return nil, err
	}
	return txOf(r), nil
}
