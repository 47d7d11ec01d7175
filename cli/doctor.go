package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/doctor"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/validator"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	netuid  *uint16
	home    string
	url     string
	from    string
	store   string
	timeout time.Duration
}

func (a *app) doctorCommand() *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:   "doctor [miner|validator|gateway]",
		Short: "Look for what is wrong, and say what to do",
		Long: `Checks the node, the clock, the wallet and this machine, and what the hotkey runs: a miner, a validator, a gateway. Without a role it
looks at those that the chain and the folders below ~/.gotensor show. Nothing is changed, and nothing is sent to the chain.

Each check is ok, warn (works, but not well or not for long), fail (does not work) or skip (could not be looked at; it says why), and
says what to do next. A miner is called at its published address, as validators do, with a question of the subnet's size. That the
address works from here says nothing about firewalls between it and others: --from URL asks a gateway elsewhere to look.

The exit code is 0 if no check failed and 1 otherwise; warnings do not count.`,
		Example: `  gotensor doctor --network FOLDER --wallet me
  gotensor doctor miner --network FOLDER --wallet me --from https://gw.example
  gotensor doctor gateway --network FOLDER --wallet me --url https://gw.example --output json`,
		Args:      takes(0, 1, "one role at most: miner, validator or gateway"),
		ValidArgs: []string{string(doctor.Miner), string(doctor.Validator), string(doctor.Gateway)},
		RunE:      func(c *cobra.Command, args []string) error { return a.doctor(c.Context(), o, args) },
	}
	f := c.Flags()
	o.netuid = netuidFlag(c)
	f.StringVar(&o.home, "home", "", "folder of the role that is named (default ~/.gotensor/ROLEs/WALLET-HOTKEY)")
	f.StringVar(&o.url, "url", "", "URL of the gateway to look at (default: the one that runs in its folder)")
	f.StringVar(&o.from, "from", "", "URL of a gateway on another machine that looks whether it reaches the miner")
	f.StringVar(&o.store, "store", "", "the gateway's postgres://... (env GOTENSOR_GATEWAY_STORE; default: gateway.db in its folder)")
	f.DurationVar(&o.timeout, "timeout", doctor.DefaultTimeout, "longest time for all checks together")
	return c
}

// errUnwell is what doctor ends with where a check failed.
var errUnwell = errors.New("not well")

func (a *app) doctor(ctx context.Context, o doctorOptions, args []string) error {
	cfg, err := a.doctorConfig(o, args)
	if err != nil {
		return err
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	cfg.Chain = node
	cfg.Risk = func(ctx context.Context) (string, error) {
		return validator.Risk(ctx, node, cfg.NetUID, cfg.Hotkey), nil
	}
	cfg.Progress = a.doctorProgress()
	report, err := doctor.Run(ctx, cfg)
	a.clearLine()
	if err != nil {
		return err
	}
	if err := a.show(doctorAnswer{Report: report, Summary: summarize(report)}); err != nil {
		return err
	}
	if n := report.Count(doctor.Fail); n > 0 {
		return fmt.Errorf("%w: %s failed", errUnwell, plural(n, "check"))
	}
	return nil
}

func (a *app) doctorConfig(o doctorOptions, args []string) (doctor.Config, error) {
	cfg := doctor.Config{NetUID: gotensor.NetUID(*o.netuid), GatewayURL: o.url, From: o.from, Speed: speedOf, Timeout: o.timeout}
	if cfg.NetUID == 0 || cfg.NetUID == 65535 {
		return cfg, usagef("--netuid is %d, want 1 to 65534", cfg.NetUID)
	}
	if o.timeout < time.Second {
		return cfg, usagef("--timeout is %v, want at least 1s", o.timeout)
	}
	if err := errors.Join(webURL("--url", o.url), webURL("--from", o.from)); err != nil {
		return cfg, err
	}
	var err error
	if cfg.Network, err = chain.FindNetwork(a.network); err != nil {
		return cfg, err
	}
	homes := map[doctor.Role]*string{doctor.Miner: &cfg.MinerHome, doctor.Validator: &cfg.ValidatorHome, doctor.Gateway: &cfg.GatewayHome}
	for role, at := range homes {
		if *at, err = a.defaultHome(string(role) + "s"); err != nil && o.home == "" {
			return cfg, err
		}
	}
	switch {
	case len(args) == 1:
		role := doctor.Role(args[0])
		at, known := homes[role]
		if !known {
			return cfg, usagef("role is %q, want miner, validator or gateway", args[0])
		}
		cfg.Roles = []doctor.Role{role}
		if o.home != "" {
			*at = o.home
		}
	case o.home != "":
		return cfg, usagef("--home is the folder of one role: name it, such as `gotensor doctor miner --home %s`", o.home)
	}
	cfg.Store = func(ctx context.Context) (doctor.Store, error) { return a.doctorStore(ctx, o.store, cfg.GatewayHome) }
	return a.doctorWallet(cfg)
}

// webURL checks a flag that is the URL of a gateway.
func webURL(flag, text string) error {
	if text == "" {
		return nil
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return usagef("%s is %q, want a URL such as https://gw.example", flag, text)
	}
	return nil
}

// defaultHome is where a role has its files; unlike roleHome it makes nothing.
func (a *app) defaultHome(kind string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usagef("no home folder: name a role and its folder with --home")
	}
	return filepath.Join(home, ".gotensor", kind, a.wallet+"-"+a.hotkey), nil
}

// doctorWallet finds the hotkey. What is wrong with the wallet is a finding and no error.
func (a *app) doctorWallet(cfg doctor.Config) (doctor.Config, error) {
	dir, err := a.walletDir()
	if err != nil {
		return cfg, err
	}
	cfg.Secrets = []string{
		filepath.Join(dir, a.wallet, "coldkey"), filepath.Join(dir, a.wallet, "hotkeys", a.hotkey),
		filepath.Join(cfg.MinerHome, "axon.pem"), filepath.Join(cfg.ValidatorHome, "commitments.json"),
	}
	public, _, err := keys.NewStore(dir).HotkeyPublic(a.wallet, a.hotkey)
	if errors.Is(err, keys.ErrName) {
		return cfg, err
	}
	if err != nil {
		cfg.Wallet = err
		return cfg, nil
	}
	cfg.Hotkey = public.Address
	if len(cfg.Roles) > 0 && cfg.Roles[0] != doctor.Miner {
		return cfg, nil // nobody is called
	}
	key, err := a.openHotkey()
	if err != nil {
		a.log().Debug("the hotkey cannot be opened: the miner is called with a key that nobody knows", "error", err)
		return cfg, nil
	}
	cfg.Key = key
	return cfg, nil
}

// errNoStore says that a gateway has no database where one was looked for.
var errNoStore = errors.New("there is no gateway.db in the gateway's folder")

// doctorStore reads the keys of a gateway and what they were used for today. It makes no database.
func (a *app) doctorStore(ctx context.Context, where, home string) (doctor.Store, error) {
	if where == "" && a.Getenv("GOTENSOR_GATEWAY_STORE") == "" {
		if _, err := os.Stat(filepath.Join(home, "gateway.db")); err != nil {
			return doctor.Store{}, fmt.Errorf("%w: %s", errNoStore, home)
		}
	}
	db, err := a.openGatewayStore(ctx, where, home)
	if err != nil {
		return doctor.Store{}, err
	}
	defer db.Close()
	all, err := db.Keys(ctx, gotensor.Address{})
	if err != nil {
		return doctor.Store{}, err
	}
	now := time.Now().UTC()
	used, err := db.Usage(ctx, now.Format(time.DateOnly))
	if err != nil {
		return doctor.Store{}, err
	}
	return doctor.Store{Shared: db.Shared(), Keys: keyUses(all, used, now)}, nil
}

// keyUses puts live keys beside their mean rate of the day.
func keyUses(all []store.Key, used []store.Usage, now time.Time) []doctor.KeyUse {
	requests := map[string]int64{}
	for _, u := range used {
		requests[u.KeyID] += u.Requests
	}
	minutes := max(now.Sub(now.Truncate(24*time.Hour)).Minutes(), 1)
	var out []doctor.KeyUse
	for _, k := range all {
		if k.Live(now) {
			out = append(out, doctor.KeyUse{ID: k.ID, Name: k.Name, Limit: k.Limits.Requests, PerMinute: float64(requests[k.ID]) / minutes, Expires: k.Expires})
		}
	}
	return out
}

// doctorProgress shows on a terminal what is still waited for.
func (a *app) doctorProgress() func(done, asked int, waiting []string) {
	if !a.errOnTerminal() {
		return nil
	}
	return func(done, asked int, waiting []string) {
		a.line(false, "%d of %d answers, waiting for %s", done, asked, strings.Join(waiting, ", "))
	}
}

// clearLine removes the line of progress.
func (a *app) clearLine() {
	if a.errOnTerminal() {
		fmt.Fprint(a.Err, "\r\033[K")
	}
}
