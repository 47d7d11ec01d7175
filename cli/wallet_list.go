package cli

import (
	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor/keys"
)

func (a *app) walletListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show the wallets of this machine",
		Long: `Shows all wallets as a tree of coldkeys and hotkeys with their addresses. No password is needed.

Files that cannot be read are named on standard error after the rest, with exit code 1.`,
		Example: `  gotensor wallet list
  gotensor wallet list --wallet-path FOLDER/wallets --output json`,
		Args: takes(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return a.walletList() },
	}
}

// walletView is one wallet in the answer of wallet list.
type walletView struct {
	Name    string     `json:"name"`
	Coldkey *keyView   `json:"coldkey"` // null for a wallet of hotkeys only
	Hotkeys []*keyView `json:"hotkeys"`
}

// walletList is the answer of wallet list.
type walletList struct {
	Wallets []walletView `json:"wallets"`
}

func (a *app) walletList() error {
	store, err := a.store()
	if err != nil {
		return err
	}
	wallets, broken := store.List()
	answer := walletList{Wallets: []walletView{}}
	for _, w := range wallets {
		answer.Wallets = append(answer.Wallets, viewWallet(w))
	}
	if err := a.show(answer); err != nil {
		return err
	}
	return broken
}

func viewWallet(w keys.Wallet) walletView {
	v := walletView{Name: w.Name, Hotkeys: []*keyView{}}
	if w.Coldkey != nil {
		v.Coldkey = viewOf(*w.Coldkey, !w.WatchOnly)
		v.Coldkey.WatchOnly = w.WatchOnly
	}
	for _, h := range w.Hotkeys {
		k := viewOf(h.Public, h.Encrypted)
		k.Name = h.Name
		v.Hotkeys = append(v.Hotkeys, k)
	}
	return v
}

func (v walletList) print(p *page) {
	if len(v.Wallets) == 0 {
		p.linef("No wallets yet: `gotensor wallet create` makes one.")
		return
	}
	for _, w := range v.Wallets {
		cold := p.faint("no coldkey here")
		if w.Coldkey != nil {
			cold = w.Coldkey.Address
			if w.Coldkey.WatchOnly {
				cold += p.faint("  watch only")
			}
		}
		p.linef("%s  %s", p.bold(w.Name), cold)
		for i, h := range w.Hotkeys {
			branch := "├──"
			if i == len(w.Hotkeys)-1 {
				branch = "└──"
			}
			note := ""
			if !h.Encrypted {
				note = p.faint("  not encrypted")
			}
			p.linef("%s hotkey %s  %s%s", branch, h.Name, h.Address, note)
		}
	}
}
