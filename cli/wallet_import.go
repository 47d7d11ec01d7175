package cli

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gotensor/gotensor/keys"
)

// maxMnemonic bounds what is read as words: 24 of at most 8 letters, and room for blanks.
const maxMnemonic = 1024

// walletImportOptions are the flags of wallet import.
type walletImportOptions struct {
	mnemonicFile string
	publicKey    string
	index        uint32
	asHotkey     bool
	unencrypted  bool
}

func (a *app) walletImportCommand() *cobra.Command {
	var o walletImportOptions
	c := &cobra.Command{
		Use:   "import",
		Short: "Bring a key back from its words, or watch one that lies elsewhere",
		Long: `Stores the key that words stand for (BIP-39, path m/44'/60'/0'/0/INDEX, as Ethereum wallets have it). The words come from a prompt
that does not show them, from --mnemonic-file, or, without a terminal, from standard input; never from the command line, where
other users could read them.

With --public-key only the public half is stored: such a wallet can be looked at and receives pay, but cannot send.`,
		Example: `  gotensor wallet import --wallet me
  gotensor wallet import --wallet me --mnemonic-file words.txt --password-file secret.txt
  gotensor wallet import --wallet me --hotkey-only --hotkey miner2 --unencrypted-hotkey < words.txt
  gotensor wallet import --wallet vault --public-key 02c0...9f`,
		Args: takes(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return a.walletImport(o) },
	}
	f := c.Flags()
	f.StringVar(&o.mnemonicFile, "mnemonic-file", "", "file with the words; - is standard input")
	f.StringVar(&o.publicKey, "public-key", "", "watch only: the coldkey's public key, 33 bytes in hexadecimal")
	f.Uint32Var(&o.index, "index", 0, "number of the key among those of the words")
	f.BoolVar(&o.asHotkey, "hotkey-only", false, "the words are a hotkey's, not the coldkey's")
	f.BoolVar(&o.unencrypted, "unencrypted-hotkey", false, "store the hotkey readable, for a server that starts by itself")
	return c
}

func (a *app) walletImport(o walletImportOptions) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	if o.publicKey != "" {
		return a.watch(store, o)
	}
	_, cold := store.ColdkeyPublic(a.wallet)
	// A coldkey that is only watched may be completed by its words: the store checks that they are its own.
	if watched := cold == nil && a.watchOnly(store); !watched {
		if err := a.mustBeAbsent(store, !o.asHotkey, o.asHotkey); err != nil {
			return err
		}
	} else if err := a.mustBeAbsent(store, false, o.asHotkey); err != nil {
		return err
	}
	m, err := a.readMnemonic(o.mnemonicFile)
	if err != nil {
		return err
	}
	key, err := m.Derive(o.index)
	if err != nil {
		return err
	}
	made := walletMade{Wallet: a.wallet}
	if o.asHotkey {
		protection, err := a.protection(o.unencrypted, "")
		if err != nil {
			return err
		}
		pub, err := store.CreateHotkey(a.wallet, a.hotkey, key, protection)
		if err != nil {
			return err
		}
		made.Hotkey = viewOf(pub, !o.unencrypted)
		made.Hotkey.Name = a.hotkey
		return a.show(made)
	}
	password, err := a.newPassword("wallet " + a.wallet)
	if err != nil {
		return err
	}
	pub, err := store.CreateColdkey(a.wallet, key, password)
	if err != nil {
		return err
	}
	made.Coldkey = viewOf(pub, true)
	return a.show(made)
}

// watch stores a public key alone.
func (a *app) watch(store *keys.Store, o walletImportOptions) error {
	if o.mnemonicFile != "" || o.asHotkey {
		return usagef("--public-key watches a coldkey: it goes with neither --mnemonic-file nor --hotkey-only")
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(o.publicKey, "0x"))
	if err != nil {
		return usagef("--public-key is not hexadecimal: %v", err)
	}
	pub, err := keys.ParsePublicKey(raw)
	if err != nil {
		return usagef("--public-key: %v", err)
	}
	if err := a.mustBeAbsent(store, true, false); err != nil {
		return err
	}
	public, err := store.WatchColdkey(a.wallet, pub)
	if err != nil {
		return err
	}
	v := viewOf(public, false)
	v.WatchOnly = true
	return a.show(walletMade{Wallet: a.wallet, Coldkey: v})
}

func (a *app) watchOnly(store *keys.Store) bool {
	wallets, _ := store.List()
	for _, w := range wallets {
		if w.Name == a.wallet {
			return w.WatchOnly
		}
	}
	return false
}

// readMnemonic reads words without showing them.
func (a *app) readMnemonic(file string) (keys.Mnemonic, error) {
	in := a.In
	switch {
	case file != "" && file != "-":
		f, err := os.Open(file)
		if err != nil {
			return keys.Mnemonic{}, usagef("--mnemonic-file: %v", err)
		}
		defer f.Close()
		in = f
	case file == "" && a.onTerminal():
		fmt.Fprint(a.Err, "words: ")
		words, err := term.ReadPassword(int(a.In.(*os.File).Fd())) //nolint:forcetypeassert // onTerminal has checked it
		fmt.Fprintln(a.Err)
		if err != nil {
			return keys.Mnemonic{}, fmt.Errorf("read words: %w", err)
		}
		return keys.ParseMnemonic(string(words))
	}
	words, err := io.ReadAll(io.LimitReader(in, maxMnemonic))
	if err != nil {
		return keys.Mnemonic{}, fmt.Errorf("read words: %w", err)
	}
	if strings.TrimSpace(string(words)) == "" {
		return keys.Mnemonic{}, usagef("no words: give them with --mnemonic-file FILE, on standard input, or at the prompt of a terminal")
	}
	return keys.ParseMnemonic(string(words))
}
