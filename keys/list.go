package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Wallet is what can be known of a wallet without a password.
type Wallet struct {
	Name string
	// Coldkey is nil for a wallet of hotkeys only.
	Coldkey *Public
	// WatchOnly tells that the coldkey's private part lies elsewhere.
	WatchOnly bool
	Hotkeys   []Hotkey
}

// Hotkey is what can be known of a hotkey without a password.
type Hotkey struct {
	Name string
	Public
	Encrypted bool
}

// List returns the wallets by name. Files that cannot be read are left out and named in the error, which comes beside
// the others; a folder that does not exist holds no wallets.
func (s *Store) List() ([]Wallet, error) {
	entries, err := dir(s.dir)
	if err != nil {
		return nil, err
	}
	var wallets []Wallet
	var faults []error
	for _, entry := range entries {
		if !entry.IsDir() || checkName("wallet", entry.Name()) != nil {
			continue
		}
		wallet, err := s.describe(entry.Name())
		faults = append(faults, err)
		if wallet.Coldkey != nil || len(wallet.Hotkeys) > 0 {
			wallets = append(wallets, wallet)
		}
	}
	return wallets, errors.Join(faults...)
}

func (s *Store) describe(name string) (Wallet, error) {
	wallet := Wallet{Name: name}
	var faults []error
	public, err := s.ColdkeyPublic(name)
	switch {
	case err == nil:
		wallet.Coldkey = &public
		wallet.WatchOnly = absent(s.coldkey(name)) == nil
	case !errors.Is(err, ErrNotFound):
		faults = append(faults, err)
	}
	entries, err := dir(filepath.Join(s.dir, name, "hotkeys"))
	faults = append(faults, err)
	for _, entry := range entries {
		if entry.IsDir() || checkName("hotkey", entry.Name()) != nil {
			continue
		}
		hotkey := Hotkey{Name: entry.Name()}
		if hotkey.Public, hotkey.Encrypted, err = s.HotkeyPublic(name, entry.Name()); err != nil {
			faults = append(faults, err)
			continue
		}
		wallet.Hotkeys = append(wallet.Hotkeys, hotkey)
	}
	return wallet, errors.Join(faults...)
}

// dir lists a folder by name; one that does not exist is empty.
func dir(path string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return entries, nil
}
