package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// registerOptions are the flags of subnet register.
type registerOptions struct {
	netuid      *uint16
	burn        bool
	maxPrice    string
	wait        bool
	timeout     time.Duration
	coldkey     string
	yes, dryRun bool
}

func (a *app) subnetRegisterCommand() *cobra.Command {
	var o registerOptions
	c := &cobra.Command{
		Use:   "register",
		Short: "Take a uid of a subnet, by work or by burning TAO",
		Long: `Registers the wallet's hotkey. By default a proof of work is searched on all cores: the hotkey need own nothing and pays nothing,
and pay will go to the wallet's coldkey (or to --coldkey), of which only the address is used.

With --burn TAO of the coldkey is burned instead, and both keys sign. The price falls with time and jumps with each registration, so
it may differ from the one shown: --max-price bounds it, and is the price of now unless given. A hotkey that is registered already stays as it is.

With --wait this is a standing order: it looks at every block, registers as soon as the price is at --max-price or below and the subnet takes
registrations, and says on standard error what it waits for. Passwords are asked for before, and a node that goes away is waited for.
The transaction's fee comes on top of the price. Ctrl-C or the end of --timeout ends it with exit code 3.`,
		Example: `  gotensor subnet register --network FOLDER --wallet me
  gotensor subnet register --network FOLDER --wallet me --burn --max-price 0.5
  gotensor subnet register --network FOLDER --wallet me --burn --max-price 0.2 --wait --timeout 24h
  gotensor subnet register --network FOLDER --wallet me --dry-run --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.subnetRegister(c.Context(), o) },
	}
	o.netuid = netuidFlag(c)
	f := c.Flags()
	f.BoolVar(&o.burn, "burn", false, "burn TAO of the coldkey instead of working")
	f.StringVar(&o.maxPrice, "max-price", "", "with --burn: most TAO to pay (default: the price of now)")
	f.BoolVar(&o.wait, "wait", false, "with --burn and --max-price: wait until the price has fallen so far")
	f.DurationVar(&o.timeout, "timeout", 0, "with --wait: longest wait, such as 24h (default: until it is stopped)")
	f.StringVar(&o.coldkey, "coldkey", "", "by work: account that receives the pay instead of the wallet's coldkey")
	spendFlags(c, &o.yes, &o.dryRun)
	return c
}

// registered is the answer of subnet register.
type registered struct {
	NetUID   gotensor.NetUID  `json:"netuid"`
	Hotkey   string           `json:"hotkey"`
	Coldkey  string           `json:"coldkey"`
	Method   string           `json:"method"`  // pow or burn
	UID      *gotensor.UID    `json:"uid"`     // null after --dry-run
	Already  bool             `json:"already"` // it was registered before, nothing was done
	MaxPrice gotensor.Rao     `json:"rao_max_price"`
	Cost     registrationView `json:"cost"` // as it was before
	DryRun   bool             `json:"dry_run"`
	Tx       *txView          `json:"tx,omitempty"` // of a burn
}

func (v registered) print(p *page) {
	facts := []fact{{"hotkey", v.Hotkey}, {"pay goes to", v.Coldkey}, {"neurons", fmt.Sprintf("%d of %d", v.Cost.Neurons, v.Cost.Slots)}}
	if v.Method == "burn" {
		facts = append(facts, fact{"price", taoText(v.Cost.Price)}, fact{"at most", taoText(v.MaxPrice)})
	} else {
		facts = append(facts, fact{"work", count(float64(v.Cost.Difficulty)) + " hashes on average"})
	}
	p.facts(facts...)
	switch {
	case v.Already:
		p.linef("Registered already on subnet %d, uid %d.", v.NetUID, *v.UID)
	case v.UID != nil:
		p.linef("Registered on subnet %d, uid %s.", v.NetUID, p.bold(fmt.Sprint(*v.UID)))
	default:
		p.linef("Nothing was done (--dry-run).")
	}
}

func (a *app) subnetRegister(ctx context.Context, o registerOptions) error {
	if err := o.check(); err != nil {
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
	coldkey, err := a.accountNamed(o.coldkey)
	if err != nil {
		return fmt.Errorf("coldkey: %w", err)
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	netuid := gotensor.NetUID(*o.netuid)
	v := registered{NetUID: netuid, Hotkey: keys.Account(hotkey.Address), Coldkey: keys.Account(coldkey), Method: "pow", DryRun: o.dryRun}
	if o.burn {
		v.Method = "burn"
	}
	if v.Cost, err = readRegistration(ctx, node, netuid); err != nil {
		return err
	}
	if err := findUID(ctx, node, hotkey.Address, &v); err == nil {
		v.Already = true
		return a.show(v)
	} else if !errors.Is(err, chain.ErrNotFound) {
		return err
	}
	if !v.Cost.Open && !o.wait || v.Method == "pow" && !v.Cost.PowOpen {
		return laterf("subnet %d takes no registration by %s now: %s", netuid, v.Method, orDash(v.Cost.Closed))
	}
	if o.burn {
		return a.registerByBurn(ctx, node, o, v)
	}
	if o.dryRun {
		return a.show(v)
	}
	key, err := a.openHotkey()
	if err != nil {
		return err
	}
	if err := a.work(ctx, node, key, coldkey, netuid); err != nil {
		return err
	}
	return a.afterRegistration(ctx, node, key.Address(), v)
}

func (a *app) registerByBurn(ctx context.Context, node *chain.Client, o registerOptions, v registered) error {
	v.MaxPrice = v.Cost.Price
	if o.maxPrice != "" {
		var err error
		if v.MaxPrice, err = parseAmount("--max-price", o.maxPrice); err != nil {
			return err
		}
	}
	if v.Cost.Price > v.MaxPrice {
		if !o.wait {
			return laterf("a registration costs %s now, more than --max-price %s: the price falls with time, try again later, let --wait do so, or raise it",
				taoText(v.Cost.Price), taoText(v.MaxPrice))
		}
		if err := a.canFall(ctx, node, v); err != nil {
			return err
		}
	}
	coldkey, err := keys.ParseAccount(v.Coldkey)
	if err != nil {
		return err
	}
	if _, err := enough(ctx, node, coldkey, min(v.Cost.Price, v.MaxPrice)); err != nil {
		return err
	}
	if o.dryRun {
		return a.show(v)
	}
	if err := a.confirm(o.yes, v.question(o, a.wallet)); err != nil {
		return err
	}
	hotkey, err := a.openHotkey()
	if err != nil {
		return err
	}
	id, err := node.ChainID(ctx)
	if err != nil {
		return err
	}
	pub := hotkey.PublicKey()
	msg, err := chain.RegisterBurn(&neurontypes.MsgRegisterBurn{
		Coldkey: v.Coldkey, Hotkey: v.Hotkey, Netuid: uint32(v.NetUID), MaxPrice: uint64(v.MaxPrice),
		HotkeyPublicKey: pub[:], HotkeySignature: hotkey.SignTx(neurontypes.RegisterBytes(id, coldkey, v.NetUID))[:neurontypes.SignatureLen],
	})
	if err != nil {
		return err
	}
	if o.wait {
		return a.waitForPrice(ctx, a.newOrder(node, hotkey.Address(), v), msg, o.timeout)
	}
	if v.Tx, err = a.sendCold(ctx, node, msg); err != nil {
		return err
	}
	return a.afterRegistration(ctx, node, hotkey.Address(), v)
}

// check refuses flags that contradict each other.
func (o registerOptions) check() error {
	switch {
	case o.maxPrice != "" && !o.burn, o.coldkey != "" && o.burn:
		return usagef("--max-price goes with --burn, and --coldkey without it: a burn is paid and owned by the wallet's coldkey")
	case o.wait && o.maxPrice == "":
		return usagef("--wait needs --burn and --max-price TAO, the price to wait for")
	case o.timeout != 0 && !o.wait:
		return usagef("--timeout goes with --wait")
	case o.timeout < 0:
		return usagef("--timeout is %s, want a time above 0 such as 24h, or none", o.timeout)
	}
	return nil
}

// question is what a person confirms before TAO is burned.
func (v registered) question(o registerOptions, wallet string) string {
	if o.wait {
		return fmt.Sprintf("Burn at most %s of wallet %s for a uid of subnet %d as soon as it costs no more (now %s)? It cannot be had back.",
			taoText(v.MaxPrice), wallet, v.NetUID, taoText(v.Cost.Price))
	}
	return fmt.Sprintf("Burn %s (at most %s) of wallet %s for a uid of subnet %d? It cannot be had back.", taoText(v.Cost.Price), taoText(v.MaxPrice), wallet, v.NetUID)
}

// afterRegistration shows the uid that the chain gave.
func (a *app) afterRegistration(ctx context.Context, node *chain.Client, hotkey gotensor.Address, v registered) error {
	if err := findUID(ctx, node, hotkey, &v); err != nil {
		return err
	}
	return a.show(v)
}

// findUID fills in the uid that the hotkey holds, and whose it is; chain.ErrNotFound if it holds none.
func findUID(ctx context.Context, node *chain.Client, hotkey gotensor.Address, v *registered) error {
	n, err := node.Neuron(ctx, v.NetUID, hotkey)
	if err != nil {
		return err
	}
	uid := gotensor.UID(n.Neuron.Uid)
	v.UID, v.Coldkey = &uid, n.Neuron.Coldkey
	return nil
}
