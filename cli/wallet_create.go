package cli

import (
	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor/keys"
)

// walletCreateOptions are the flags of wallet create.
type walletCreateOptions struct {
	words       int
	hotkeyOnly  bool
	unencrypted bool
}

func (a *app) walletCreateCommand() *cobra.Command {
	var o walletCreateOptions
	c := &cobra.Command{
		Use:   "create",
		Short: "Make a wallet: a coldkey and a hotkey",
		Long: `Makes a coldkey and a hotkey from words of their own and stores them encrypted. The words are shown once: who has them has the key.

With --hotkey-only a hotkey is added, also to a wallet whose coldkey is elsewhere. Keys that exist are never touched: then nothing
is made and the exit code is 4. One password protects both keys unless the hotkey is left unencrypted, for servers that start
with nobody at the keyboard.`,
		Example: `  gotensor wallet create --wallet me
  gotensor wallet create --wallet me --hotkey-only --hotkey miner2 --unencrypted-hotkey
  gotensor wallet create --wallet ci --password-file secret.txt --output json`,
		Args: takes(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return a.walletCreate(o) },
	}
	f := c.Flags()
	f.IntVar(&o.words, "words", 12, "number of words of each key: 12 or 24")
	f.BoolVar(&o.hotkeyOnly, "hotkey-only", false, "make only a hotkey")
	f.BoolVar(&o.unencrypted, "unencrypted-hotkey", false, "store the hotkey readable, for a server that starts by itself")
	return c
}

func (a *app) walletCreate(o walletCreateOptions) error {
	if o.words != 12 && o.words != 24 {
		return usagef("--words is %d, want 12 or 24", o.words)
	}
	store, err := a.store()
	if err != nil {
		return err
	}
	if err := a.mustBeAbsent(store, !o.hotkeyOnly, true); err != nil {
		return err
	}
	made := walletMade{Wallet: a.wallet}
	var password keys.Password
	if !o.hotkeyOnly {
		if password, err = a.newPassword("wallet " + a.wallet); err != nil {
			return err
		}
		if made.Coldkey, err = a.createColdkey(store, o.words, password); err != nil {
			return err
		}
	}
	if made.Hotkey, err = a.createHotkey(store, o, password); err != nil {
		// The coldkey exists by now: its words must not be lost with the error.
		if made.Coldkey != nil {
			_ = a.show(made)
		}
		return err
	}
	return a.show(made)
}

func (a *app) createColdkey(store *keys.Store, words int, password keys.Password) (*keyView, error) {
	m, key, err := newKey(words)
	if err != nil {
		return nil, err
	}
	pub, err := store.CreateColdkey(a.wallet, key, password)
	if err != nil {
		return nil, err
	}
	v := viewOf(pub, true)
	v.Mnemonic = m.Reveal()
	return v, nil
}

func (a *app) createHotkey(store *keys.Store, o walletCreateOptions, password keys.Password) (*keyView, error) {
	protection, err := a.protection(o.unencrypted, password)
	if err != nil {
		return nil, err
	}
	m, key, err := newKey(o.words)
	if err != nil {
		return nil, err
	}
	pub, err := store.CreateHotkey(a.wallet, a.hotkey, key, protection)
	if err != nil {
		return nil, err
	}
	v := viewOf(pub, !o.unencrypted)
	v.Name, v.Mnemonic = a.hotkey, m.Reveal()
	return v, nil
}

func newKey(words int) (keys.Mnemonic, keys.PrivateKey, error) {
	m, err := keys.NewMnemonic(words)
	if err != nil {
		return keys.Mnemonic{}, keys.PrivateKey{}, err
	}
	key, err := m.Derive(0)
	return m, key, err
}
