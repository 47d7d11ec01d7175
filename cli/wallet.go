package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

func (a *app) walletCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "wallet",
		Short: "Make keys, look at them, send TAO",
		Long: `A wallet is a folder with a coldkey, which holds TAO and signs rarely, and any number of hotkeys, which run neurons and hold nothing.

Keys are encrypted with a password and are never overwritten.`,
		Example: `  gotensor wallet create --wallet me
  gotensor wallet balance --wallet me --network FOLDER`,
	}, a.walletCreateCommand(), a.walletImportCommand(), a.walletListCommand(), a.walletBalanceCommand(), a.walletTransferCommand())
}

// keyView is one key of a wallet in answers.
type keyView struct {
	Name      string `json:"name,omitempty"` // of a hotkey
	Address   string `json:"address"`
	PublicKey string `json:"public_key"`          // hexadecimal, 33 bytes
	Encrypted bool   `json:"encrypted"`           // false also where the private part is elsewhere
	Mnemonic  string `json:"mnemonic,omitempty"`  // only in the answer that made the key, never again
	WatchOnly bool   `json:"watch_only,omitzero"` // of a coldkey whose private part lies elsewhere
}

// walletMade is the answer of wallet create and wallet import.
type walletMade struct {
	Wallet  string   `json:"wallet"`
	Coldkey *keyView `json:"coldkey,omitempty"`
	Hotkey  *keyView `json:"hotkey,omitempty"`
}

func (v walletMade) print(p *page) {
	if c := v.Coldkey; c != nil {
		p.linef("coldkey of wallet %s: %s", p.bold(v.Wallet), p.bold(c.Address))
		printWords(p, c)
	}
	if h := v.Hotkey; h != nil {
		p.linef("hotkey %s of wallet %s: %s", p.bold(h.Name), p.bold(v.Wallet), p.bold(h.Address))
		printWords(p, h)
		if !h.Encrypted {
			p.linef("This hotkey is not encrypted: whoever reads its file can run your neuron, but holds none of your TAO.")
		}
	}
}

func printWords(p *page, k *keyView) {
	if k.Mnemonic == "" {
		return
	}
	p.linef("")
	p.linef("  %s", k.Mnemonic)
	p.linef("")
	p.linef("These words are the key. They are shown only now: write them down on paper.")
	p.linef("")
}

func viewOf(pub keys.Public, encrypted bool) *keyView {
	return &keyView{Address: keys.Account(pub.Address), PublicKey: pub.PublicKey.String(), Encrypted: encrypted}
}

// mustBeAbsent fails, naming the address, before anything is made that would stand beside an existing key.
func (a *app) mustBeAbsent(store *keys.Store, cold, hot bool) error {
	if cold {
		pub, err := store.ColdkeyPublic(a.wallet)
		if err == nil {
			return refusedf("wallet %q has the coldkey %s already and keys are never overwritten: add a hotkey with --hotkey-only --hotkey NAME, or make another wallet with --wallet NAME",
				a.wallet, keys.Account(pub.Address))
		}
		if !errors.Is(err, keys.ErrNotFound) {
			return err
		}
	}
	if hot {
		pub, _, err := store.HotkeyPublic(a.wallet, a.hotkey)
		if err == nil {
			return refusedf("wallet %q has the hotkey %q already, %s, and keys are never overwritten: choose another name with --hotkey NAME",
				a.wallet, a.hotkey, keys.Account(pub.Address))
		}
		if !errors.Is(err, keys.ErrNotFound) {
			return err
		}
	}
	return nil
}

// protection says how a hotkey is stored; a password that was asked for already is used again.
func (a *app) protection(unencrypted bool, password keys.Password) (keys.Protection, error) {
	if unencrypted {
		return keys.Unencrypted(), nil
	}
	if password == "" {
		var err error
		if password, err = a.newPassword("hotkey " + a.hotkey + " of wallet " + a.wallet); err != nil {
			return keys.Protection{}, err
		}
	}
	return keys.Encrypted(password), nil
}

// accountNamed is the account that a command is about: --address, else the wallet's coldkey.
func (a *app) accountNamed(address string) (gotensor.Address, error) {
	if address != "" {
		return keys.ParseAccount(address)
	}
	return a.coldkeyAddress()
}

// txView is a transaction in answers; absent after --dry-run.
type txView struct {
	Hash    string         `json:"hash"`
	Height  gotensor.Block `json:"height"`
	GasUsed uint64         `json:"gas_used"`
}

func txOf(r chain.Result) *txView { return &txView{Hash: r.Hash, Height: r.Height, GasUsed: r.GasUsed} }

func (t *txView) print(p *page) {
	if t == nil {
		p.linef("Nothing was sent (--dry-run).")
		return
	}
	p.linef("Done in block %d, transaction %s.", t.Height, t.Hash)
}
