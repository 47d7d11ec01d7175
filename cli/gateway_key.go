package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/keys"
)

func (a *app) gatewayKeyCommand() *cobra.Command {
	return group(&cobra.Command{
		Use: "key", Short: "Make, list and revoke a gateway's API keys",
		Long: `These commands are the operator's: they open the gateway's own state, also while it runs. Users make keys for themselves by
gotensor gateway login.`,
		Example: "  gotensor gateway key list --wallet me",
	}, a.gatewayKeyCreateCommand(), a.gatewayKeyListCommand(), a.gatewayKeyRevokeCommand())
}

// gatewayKeyOptions are the flags of gateway key create.
type gatewayKeyOptions struct {
	where         gatewayStore
	account, name string
	limits        store.Limits
	days          int
}

func (a *app) gatewayKeyCreateCommand() *cobra.Command {
	var o gatewayKeyOptions
	c := &cobra.Command{
		Use:   "create",
		Short: "Make an API key for an account",
		Long: `Makes an API key and shows it once; the gateway keeps only its hash. The key uses the bandwidth of the account, whose limits hold
for all its keys together; limits of the key's own can only be lower. 0 means none of its own.`,
		Example: `  gotensor gateway key create --wallet me --account tao1... --name laptop
  gotensor gateway key create --wallet me --account alice --name demo --rpm 10 --tpm 5000 --days 30`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.gatewayKeyCreate(c.Context(), o) },
	}
	f := c.Flags()
	o.where.flags(c)
	f.StringVar(&o.account, "account", "", "address (tao1...) or wallet whose coldkey's stake the key uses")
	f.StringVar(&o.name, "name", "", "name of the key, for people")
	f.Int64Var(&o.limits.Requests, "rpm", 0, "most requests per minute")
	f.Int64Var(&o.limits.Tokens, "tpm", 0, "most tokens per minute")
	f.Int64Var(&o.limits.Concurrent, "concurrent", 0, "most requests at the same time")
	f.IntVar(&o.days, "days", 0, "days that it is valid; 0: until it is revoked")
	return c
}

// gatewayKeyView is an API key in answers.
type gatewayKeyView struct{ gateway.KeyView }

func (v gatewayKeyView) print(p *page) {
	p.facts(
		fact{"key", p.bold(v.Key)}, fact{"id", v.ID}, fact{"name", v.Name}, fact{"account", v.Account},
		fact{"requests per minute", own(v.Requests)}, fact{"tokens per minute", own(v.Tokens)}, fact{"expires", dateOr(v.Expires, "never")},
	)
	p.linef("The key is shown only now.")
}

// own is a limit of a key's own.
func own(n int64) string {
	if n == 0 {
		return "the account's"
	}
	return strconv.FormatInt(n, 10)
}

func dateOr(t *time.Time, otherwise string) string {
	if t == nil {
		return otherwise
	}
	return t.Format(time.DateTime)
}

func (a *app) gatewayKeyCreate(ctx context.Context, o gatewayKeyOptions) error {
	if o.days < 0 {
		return usagef("--days is %d, want 0 or more", o.days)
	}
	account, err := a.accountOrWallet(o.account)
	if err != nil {
		return err
	}
	db, err := a.openGateway(ctx, o.where)
	if err != nil {
		return err
	}
	defer db.Close()
	secret := store.NewSecret()
	k := store.NewKey(secret, account, o.name, time.Now())
	k.Limits = o.limits
	if o.days > 0 {
		k.Expires = k.Created.AddDate(0, 0, o.days)
	}
	if err := db.AddKey(ctx, k, 0); err != nil {
		return err
	}
	v := gatewayKeyView{gateway.ViewKey(k)}
	v.Key = secret.Reveal()
	return a.show(v)
}

// accountOrWallet reads an address, or the name of a wallet, whose coldkey's address it returns.
func (a *app) accountOrWallet(text string) (gotensor.Address, error) {
	if text == "" {
		return gotensor.Address{}, usagef("--account is required: an address (tao1...) or the name of a wallet")
	}
	if strings.HasPrefix(text, gotensor.Bech32Prefix+"1") {
		return keys.ParseAccount(text)
	}
	wallets, err := a.store()
	if err != nil {
		return gotensor.Address{}, err
	}
	pub, err := wallets.ColdkeyPublic(text)
	return pub.Address, err
}

// openGateway opens the state of a gateway on this machine, or the shared one.
func (a *app) openGateway(ctx context.Context, where gatewayStore) (*store.DB, error) {
	home, err := a.roleHome(where.home, "gateways")
	if err != nil {
		return nil, err
	}
	return a.openGatewayStore(ctx, where.url, home)
}

func (a *app) gatewayKeyListCommand() *cobra.Command {
	var where gatewayStore
	var account string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the API keys",
		Long:  "Lists the API keys of a gateway, of all accounts or of one. Their secrets are kept nowhere.",
		Example: `  gotensor gateway key list --wallet me
  gotensor gateway key list --wallet me --account tao1... --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.gatewayKeyList(c.Context(), where, account) },
	}
	where.flags(c)
	c.Flags().StringVar(&account, "account", "", "only those of this address or wallet")
	return c
}

// gatewayKeys is the answer of gateway key list.
type gatewayKeys struct {
	Keys []gateway.KeyView `json:"keys"`
	now  time.Time
}

func (a *app) gatewayKeyList(ctx context.Context, where gatewayStore, account string) error {
	var only gotensor.Address
	if account != "" {
		var err error
		if only, err = a.accountOrWallet(account); err != nil {
			return err
		}
	}
	db, err := a.openGateway(ctx, where)
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := db.Keys(ctx, only)
	if err != nil {
		return err
	}
	v := gatewayKeys{Keys: []gateway.KeyView{}, now: time.Now()}
	for _, k := range all {
		v.Keys = append(v.Keys, gateway.ViewKey(k))
	}
	return a.show(v)
}

func (v gatewayKeys) print(p *page) {
	t := grid{columns: []column{col("ID"), col("NAME"), col("ACCOUNT"), num("RPM"), num("TPM"), col("CREATED"), col("STATE")}}
	limit := func(n int64) string {
		if n == 0 {
			return "-"
		}
		return strconv.FormatInt(n, 10)
	}
	for _, k := range v.Keys {
		state := "live"
		switch {
		case k.Revoked != nil:
			state = "revoked " + dateOr(k.Revoked, "")
		case k.Expires != nil && !v.now.Before(*k.Expires):
			state = "expired " + dateOr(k.Expires, "")
		case k.Expires != nil:
			state = "until " + dateOr(k.Expires, "")
		}
		t.add(k.ID, k.Name, p.addr(k.Account), limit(k.Requests), limit(k.Tokens), k.Created.Format(time.DateTime), state)
	}
	p.table(t)
}

func (a *app) gatewayKeyRevokeCommand() *cobra.Command {
	var where gatewayStore
	c := &cobra.Command{
		Use:     "revoke ID",
		Short:   "Revoke an API key",
		Long:    "Ends an API key for good. Gateways that run notice within five seconds.",
		Example: "  gotensor gateway key revoke --wallet me key_0123456789abcdef",
		Args:    takes(1, 1, "one ID, as gateway key list shows it"),
		RunE:    func(c *cobra.Command, args []string) error { return a.gatewayKeyRevoke(c.Context(), where, args[0]) },
	}
	where.flags(c)
	return c
}

// gatewayKeyRevoked is the answer of gateway key revoke.
type gatewayKeyRevoked struct {
	ID      string `json:"id"`
	Revoked bool   `json:"revoked"`
}

func (v gatewayKeyRevoked) print(p *page) { p.linef("%s is revoked.", v.ID) }

func (a *app) gatewayKeyRevoke(ctx context.Context, where gatewayStore, id string) error {
	db, err := a.openGateway(ctx, where)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Revoke(ctx, id, gotensor.Address{}, time.Now()); err != nil {
		return err
	}
	return a.show(gatewayKeyRevoked{id, true})
}

func (a *app) gatewayUsageCommand() *cobra.Command {
	var where gatewayStore
	var days int
	c := &cobra.Command{
		Use:   "usage",
		Short: "Show who used how much",
		Long:  "Shows requests and tokens by day (UTC) and API key. A gateway that runs writes them every five seconds.",
		Example: `  gotensor gateway usage --wallet me
  gotensor gateway usage --wallet me --days 30 --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.gatewayUsage(c.Context(), where, days) },
	}
	where.flags(c)
	c.Flags().IntVar(&days, "days", 7, "days to show, today included")
	return c
}

// usageView is what one key used in one day.
type usageView struct {
	Day      string `json:"day"`
	KeyID    string `json:"key_id"` // "anonymous" for all requests without a key
	Name     string `json:"name"`
	Account  string `json:"account"`
	Requests int64  `json:"requests"`
	In       int64  `json:"tokens_in"`
	Out      int64  `json:"tokens_out"`
}

// gatewayUsage is the answer of gateway usage.
type gatewayUsage struct {
	Usage []usageView `json:"usage"`
}

func (a *app) gatewayUsage(ctx context.Context, where gatewayStore, days int) error {
	if days < 1 {
		return usagef("--days is %d, want at least 1", days)
	}
	db, err := a.openGateway(ctx, where)
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := db.Keys(ctx, gotensor.Address{})
	if err != nil {
		return err
	}
	known := map[string]store.Key{}
	for _, k := range all {
		known[k.ID] = k
	}
	used, err := db.Usage(ctx, time.Now().UTC().AddDate(0, 0, 1-days).Format(time.DateOnly))
	if err != nil {
		return err
	}
	v := gatewayUsage{Usage: []usageView{}}
	for _, u := range used {
		k := known[u.KeyID]
		v.Usage = append(v.Usage, usageView{u.Day, u.KeyID, k.Name, accountOf(k.Account), u.Requests, u.In, u.Out})
	}
	return a.show(v)
}

func (v gatewayUsage) print(p *page) {
	t := grid{columns: []column{col("DAY"), col("KEY"), col("NAME"), col("ACCOUNT"), num("REQUESTS"), num("TOKENS IN"), num("TOKENS OUT")}}
	for _, u := range v.Usage {
		t.add(u.Day, u.KeyID, orDash(u.Name), orDash(p.addr(u.Account)), fmt.Sprint(u.Requests), fmt.Sprint(u.In), fmt.Sprint(u.Out))
	}
	p.table(t)
}
