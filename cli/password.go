package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// onTerminal tells whether a person can answer a prompt.
func (a *app) onTerminal() bool { return isTerminal(a.In) }

// password asks for a password, or reads --password-file. Off a terminal it fails rather than wait for nobody.
func (a *app) password(what string) (keys.Password, error) {
	if a.passwordFile != "" {
		f, err := os.Open(a.passwordFile)
		if err != nil {
			return "", usagef("--password-file: %v", err)
		}
		defer f.Close()
		line, err := bufio.NewReader(io.LimitReader(f, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", usagef("--password-file: %v", err)
		}
		return keys.Password(strings.TrimRight(line, "\r\n")), nil
	}
	if !a.onTerminal() {
		return "", usagef("%s needs a password and there is no terminal to ask at: give --password-file FILE", what)
	}
	fmt.Fprintf(a.Err, "password of %s: ", what)
	secret, err := term.ReadPassword(int(a.In.(*os.File).Fd())) //nolint:forcetypeassert // onTerminal has checked it
	fmt.Fprintln(a.Err)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	return keys.Password(secret), nil
}

// newPassword asks twice.
func (a *app) newPassword(what string) (keys.Password, error) {
	first, err := a.password("new " + what)
	if err != nil || a.passwordFile != "" {
		return first, err
	}
	second, err := a.password("new " + what + ", again")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", usagef("the passwords differ")
	}
	return first, nil
}

// openColdkey unlocks the wallet's coldkey.
func (a *app) openColdkey() (keys.PrivateKey, error) {
	store, err := a.store()
	if err != nil {
		return keys.PrivateKey{}, err
	}
	if _, err := store.ColdkeyPublic(a.wallet); err != nil {
		return keys.PrivateKey{}, err
	}
	pw, err := a.password("the coldkey of wallet " + a.wallet)
	if err != nil {
		return keys.PrivateKey{}, err
	}
	return store.Coldkey(a.wallet, pw)
}

// openHotkey unlocks the chosen hotkey; one that is not encrypted needs no password.
func (a *app) openHotkey() (keys.PrivateKey, error) {
	store, err := a.store()
	if err != nil {
		return keys.PrivateKey{}, err
	}
	_, encrypted, err := store.HotkeyPublic(a.wallet, a.hotkey)
	if err != nil {
		return keys.PrivateKey{}, err
	}
	var pw keys.Password
	if encrypted {
		if pw, err = a.password("hotkey " + a.hotkey + " of wallet " + a.wallet); err != nil {
			return keys.PrivateKey{}, err
		}
	}
	return store.Hotkey(a.wallet, a.hotkey, pw)
}

// coldkeyAddress is the address of the wallet's coldkey, which needs no password.
func (a *app) coldkeyAddress() (gotensor.Address, error) {
	store, err := a.store()
	if err != nil {
		return gotensor.Address{}, err
	}
	pub, err := store.ColdkeyPublic(a.wallet)
	return pub.Address, err
}

// confirm asks before something that cannot be taken back. Off a terminal, or with --yes, it does not ask.
func (a *app) confirm(yes bool, question string) error {
	if yes || !a.onTerminal() {
		return nil
	}
	fmt.Fprintf(a.Err, "%s [y/N] ", question)
	line, err := bufio.NewReader(a.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read answer: %w", err)
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return usagef("not confirmed, nothing was done")
	}
	return nil
}

// errOnTerminal tells whether standard error is looked at by a person.
func (a *app) errOnTerminal() bool { return isTerminal(a.Err) }

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
