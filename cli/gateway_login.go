package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor/gateway"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/synapse"
)

const (
	// loginTime bounds a sign-in, maxLoginAnswer what a gateway may say in it, maxGatewayWords what is shown of that.
	loginTime       = 20 * time.Second
	maxLoginAnswer  = 64 << 10
	maxGatewayWords = 500
)

// gatewayLoginOptions are the flags of gateway login.
type gatewayLoginOptions struct {
	url, home, name, file string
	coldkey               bool
	rpm, tpm              int64
	days                  int
}

func (a *app) gatewayLoginCommand() *cobra.Command {
	var o gatewayLoginOptions
	c := &cobra.Command{
		Use:   "login",
		Short: "Make an API key for yourself",
		Long: `Signs a short text with the wallet's key and gets an API key of a gateway for it, which uses the bandwidth of that key's account. By
default the hotkey signs: stake of its own delegations or bandwidth granted to it counts. With --coldkey the coldkey signs, once.

The text names the gateway by its URL, so that no other gateway can use it. The key is shown once, or written to --file.`,
		Example: `  gotensor gateway login --url https://gw.example --wallet me
  gotensor gateway login --url https://gw.example --wallet me --coldkey --name laptop --rpm 60 --file gateway.key`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.gatewayLogin(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.url, "url", "", "URL of the gateway (default: the one on this machine in --home)")
	f.StringVar(&o.home, "home", "", "folder of a gateway on this machine (default ~/.gotensor/gateways/WALLET-HOTKEY)")
	f.StringVar(&o.name, "name", "", "name of the API key (default: the wallet's)")
	f.StringVar(&o.file, "file", "", "new file to write the API key to, instead of showing it")
	f.BoolVar(&o.coldkey, "coldkey", false, "sign with the coldkey instead of the hotkey")
	f.Int64Var(&o.rpm, "rpm", 0, "most requests per minute of the key; 0: as many as the account")
	f.Int64Var(&o.tpm, "tpm", 0, "most tokens per minute of the key; 0: as many as the account")
	f.IntVar(&o.days, "days", 0, "days that it is valid; 0: until it is revoked")
	return c
}

// loginAnswer is the answer of gateway login.
type loginAnswer struct {
	BaseURL string `json:"base_url"` // for clients of OpenAI's API
	File    string `json:"file,omitempty"`
	gateway.KeyView
}

func (v loginAnswer) print(p *page) {
	p.facts(fact{"account", v.Account}, fact{"name", v.Name}, fact{"id", v.ID}, fact{"expires", dateOr(v.Expires, "never")})
	if v.File != "" {
		p.linef("The API key is in %s. For clients of OpenAI's API:\n", v.File)
		p.linef("  export OPENAI_BASE_URL=%s", v.BaseURL)
		p.linef("  export OPENAI_API_KEY=$(cat '%s')", v.File)
		return
	}
	p.linef("The API key is shown only now. For clients of OpenAI's API:\n")
	p.linef("  export OPENAI_BASE_URL=%s", v.BaseURL)
	p.linef("  export OPENAI_API_KEY=%s", p.bold(v.Key))
}

func (a *app) gatewayLogin(ctx context.Context, o gatewayLoginOptions) error {
	origin, err := a.gatewayURL(o)
	if err != nil {
		return err
	}
	open := a.openHotkey
	if o.coldkey {
		open = a.openColdkey
	}
	key, err := open()
	if err != nil {
		return err
	}
	if o.name == "" {
		o.name = a.wallet
	}
	file, err := newKeyFile(o.file)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	v, err := signIn(ctx, origin, key, o)
	if err != nil {
		if file != nil {
			_ = os.Remove(o.file) // empty
		}
		return err
	}
	answer := loginAnswer{BaseURL: origin + "/v1", File: o.file, KeyView: v}
	if file != nil {
		_, err := io.WriteString(file, v.Key+"\n")
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("the key %s was made but could not be written: %w", v.ID, err)
		}
		answer.Key = ""
	}
	return a.show(answer)
}

// newKeyFile makes the file before the key, which nobody could show again.
func newKeyFile(path string) (*os.File, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no file is asked for
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, usagef("--file: %v", err)
	}
	return f, nil
}

func (a *app) gatewayURL(o gatewayLoginOptions) (string, error) {
	if o.url == "" {
		home, err := a.roleHome(o.home, "gateways")
		if err != nil {
			return "", err
		}
		file, err := readGatewayFile(home)
		if err != nil {
			return "", err
		}
		o.url = file.URL
	}
	origin, err := gateway.Origin(o.url)
	if err != nil {
		return "", usagef("--url: %v", err)
	}
	return origin, nil
}

// signIn asks the gateway for its chain, signs, and gets the key.
func signIn(ctx context.Context, origin string, key keys.PrivateKey, o gatewayLoginOptions) (gateway.KeyView, error) {
	var network struct {
		ChainID string `json:"chain_id"`
	}
	if err := callGateway(ctx, http.MethodGet, origin+"/api/network", nil, &network); err != nil {
		return gateway.KeyView{}, err
	}
	l := gateway.Login{
		Gateway: origin, ChainID: network.ChainID, Account: key.Address(), Name: o.name, Requests: o.rpm, Tokens: o.tpm, Days: o.days,
		Time: time.Now().UTC().Truncate(time.Second),
	}
	_, _ = rand.Read(l.Nonce[:]) // never fails
	text := l.Text()
	if _, err := gateway.ParseLogin(text); err != nil {
		return gateway.KeyView{}, usagef("%v", err)
	}
	signature, err := key.Sign(gateway.LoginTag, []byte(text))
	if err != nil {
		return gateway.KeyView{}, err
	}
	var v gateway.KeyView
	if err := callGateway(ctx, http.MethodPost, origin+"/api/keys", gateway.LoginRequest{Message: text, Signature: signature}, &v); err != nil {
		return gateway.KeyView{}, err
	}
	if _, err := store.ParseSecret(v.Key); err != nil {
		return gateway.KeyView{}, fmt.Errorf("%s answered without an API key: %w", origin, err)
	}
	return v, nil
}

// callGateway makes one JSON call. It follows no redirect: what was signed is for this origin.
func callGateway(ctx context.Context, method, url string, body, into any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		return usagef("--url: %v", err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return laterf("the gateway does not answer: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxLoginAnswer))
	if err != nil {
		return laterf("the gateway broke off: %v", err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return gatewayError(resp.StatusCode, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s is no gotensor gateway: %w", url, err)
	}
	return nil
}

// gatewayError is what a gateway said, with the exit code that fits.
func gatewayError(status int, text []byte) error {
	var body struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	words := http.StatusText(status)
	if json.Unmarshal(text, &body) == nil && body.Error.Message != "" {
		words = synapse.Printable(body.Error.Message, maxGatewayWords)
	}
	switch {
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		return laterf("the gateway says: %s", words)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return refusedf("the gateway says: %s", words)
	default:
		return fmt.Errorf("the gateway says (%d): %s", status, words)
	}
}
