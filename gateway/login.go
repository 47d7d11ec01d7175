package gateway

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/synapse"
)

const (
	// LoginTag is the tag under which a wallet signs a sign-in (keys.PrivateKey.Sign).
	LoginTag = "gotensor/gateway-login/v1"
	// LoginSkew is how far the time of a sign-in may be from the gateway's clock, either way.
	LoginSkew = 2 * time.Minute
	// loginHead is the first line, for whoever is asked to sign it.
	loginHead  = "Make an API key for a gotensor gateway."
	nonceBytes = 16
	maxLogin   = 1024
	maxDays    = 36_500
)

// Login is what a wallet signs to get an API key: a text that a person can read, in one fixed form.
//
//	Make an API key for a gotensor gateway.
//	gateway: https://gw.example
//	chain: gotensor-1
//	account: tao1...
//	name: laptop
//	requests-per-minute: 0
//	tokens-per-minute: 0
//	days: 0
//	time: 2026-01-02T12:00:00Z
//	nonce: 32 digits of lower-case hex
//
// It names the gateway by the URL that its owner meant, so that a gateway that is shown it cannot use it at another; and the chain.
type Login struct {
	Gateway  string           // origin, see Origin
	ChainID  string           //
	Account  gotensor.Address // whose key signs, and whose bandwidth the API key uses
	Name     string           // of the API key
	Requests int64            // the API key's own limits per minute, 0: the account's
	Tokens   int64
	Days     int       // that it lives, 0: until it is revoked
	Time     time.Time // of signing, in whole seconds
	Nonce    [nonceBytes]byte
}

// Text is what is signed.
func (l Login) Text() string {
	return strings.Join([]string{
		loginHead,
		"gateway: " + l.Gateway,
		"chain: " + l.ChainID,
		"account: " + keys.Account(l.Account),
		"name: " + l.Name,
		"requests-per-minute: " + strconv.FormatInt(l.Requests, 10),
		"tokens-per-minute: " + strconv.FormatInt(l.Tokens, 10),
		"days: " + strconv.Itoa(l.Days),
		"time: " + l.Time.UTC().Format(time.RFC3339),
		"nonce: " + hex.EncodeToString(l.Nonce[:]),
	}, "\n")
}

// ParseLogin reads a sign-in. It fails with ErrLogin for any text that Text would not write.
func ParseLogin(text string) (Login, error) {
	var l Login
	if len(text) > maxLogin {
		return l, fmt.Errorf("%w: %d bytes, want at most %d", ErrLogin, len(text), maxLogin)
	}
	lines := strings.Split(text, "\n")
	fields := []struct {
		name string
		read func(value string) error
	}{
		{"gateway", func(v string) (err error) { l.Gateway, err = Origin(v); return err }},
		{"chain", func(v string) error { l.ChainID = v; return nonempty(v, synapse.MaxChainID) }},
		{"account", func(v string) (err error) { l.Account, err = keys.ParseAccount(v); return err }},
		{"name", func(v string) error { l.Name = v; return store.CheckName(v) }},
		{"requests-per-minute", func(v string) (err error) { l.Requests, err = count(v, store.MaxRate); return err }},
		{"tokens-per-minute", func(v string) (err error) { l.Tokens, err = count(v, store.MaxRate); return err }},
		{"days", func(v string) error {
			n, err := count(v, maxDays)
			l.Days = int(n)
			return err
		}},
		{"time", func(v string) (err error) { l.Time, err = time.Parse(time.RFC3339, v); return err }},
		{"nonce", func(v string) error {
			b, err := hex.DecodeString(v)
			if err == nil && len(b) != nonceBytes {
				err = fmt.Errorf("%d bytes, want %d", len(b), nonceBytes)
			}
			copy(l.Nonce[:], b)
			return err
		}},
	}
	if len(lines) != len(fields)+1 || lines[0] != loginHead {
		return l, fmt.Errorf("%w: want %d lines that begin with %q", ErrLogin, len(fields)+1, loginHead)
	}
	for i, f := range fields {
		value, ok := strings.CutPrefix(lines[i+1], f.name+": ")
		if !ok {
			return l, fmt.Errorf("%w: line %d is not %q", ErrLogin, i+2, f.name+": ...")
		}
		if err := f.read(value); err != nil {
			return l, fmt.Errorf("%w: %s: %w", ErrLogin, f.name, err)
		}
	}
	if l.Text() != text {
		return l, fmt.Errorf("%w: it is not in the one form that it has: numbers without zeros before them, lower case, time in UTC", ErrLogin)
	}
	return l, nil
}

func nonempty(v string, most int) error {
	if v == "" || len(v) > most {
		return fmt.Errorf("%d bytes, want 1 to %d", len(v), most)
	}
	return nil
}

func count(v string, most int64) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("%q, want a number from 0 to %d", v, most)
	}
	return n, nil
}

// verify checks that a sign-in is for this gateway, of now, and signed by its account.
func (l Login) verify(signed LoginRequest, remote string, g *gateway) error {
	if l.ChainID != g.cfg.ChainID {
		return fmt.Errorf("it is for chain %q, this gateway is on %q", l.ChainID, g.cfg.ChainID)
	}
	if !g.known(l.Gateway, remote) {
		return fmt.Errorf("it is for %s, which this gateway does not go by: its operator names its URLs with --public-url (without one, only its own machine fits)", l.Gateway)
	}
	if off := g.cfg.Now().Sub(l.Time); off > LoginSkew || off < -LoginSkew {
		return fmt.Errorf("its time is %s off this gateway's clock, want %s at most: check both clocks", off.Round(time.Second), LoginSkew)
	}
	public, err := keys.Recover(LoginTag, []byte(signed.Message), signed.Signature)
	if err != nil {
		return err
	}
	signer, err := public.Address()
	if err != nil {
		return err
	}
	if signer != l.Account {
		return errors.New("it is signed by another key than its account's")
	}
	return nil
}
