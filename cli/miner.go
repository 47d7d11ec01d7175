package cli

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/miner"
)

func (a *app) minerCommand() *cobra.Command {
	return group(&cobra.Command{Use: "miner", Short: "Serve a model and earn"}, a.minerRunCommand())
}

// minerOptions are the flags of miner run.
type minerOptions struct {
	netuid     *uint16
	models     modelOptions
	coldkey    string
	home       string
	listen     string
	announce   string
	policy     string
	atOnce     []string
	noRegister bool
	telemetry  telemetryOptions
}

func (a *app) minerRunCommand() *cobra.Command {
	var o minerOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Register if need be, serve a model, earn",
		Long: `Serves a model to validators and is paid for how useful its answers are.

A hotkey without a uid registers by proof of work; it needs to own nothing and to have no account. A wallet that does not exist
yet is made, with an unencrypted hotkey so that the miner can start again by itself; then only the address of its coldkey is used.

Models: ngram-1 ... ngram-8 (trained once on embedded books, no download), openai (any OpenAI-compatible server, --openai-url),
garbage (nonsense) and silent (ngram-3 that stops answering), which show what such miners earn.

On a subnet of the mechanism custom the miner serves a plug-in of yours, an HTTP server in any language: --plugin URL.

Several servers that serve the same model share the work: give --openai-url once for each. A server has words of its own behind its URL:
URL,parallel=8,model=NAME,kind=ollama,key-file=FILE. Kinds: llama.cpp, vllm, ollama and openai; most are recognised.

Predictions are sealed: a caller has the seal of an answer at once and the answer itself when half of the subnet's deadline has passed, so
that nobody can pass a question on and sell your answer as his own. Gateways that mix several miners into one text, and programs
that want log-probabilities, need answers at once: name the hotkeys that you trust with --at-once. Whoever is answered at once can relay
your answers, and takes from your pay if he does. Texts that people ask for are written as ever.

The texts that callers send are not written down, unless you ask for it with --log-prompts.`,
		Example: `  gotensor miner run --network FOLDER --wallet me
  gotensor miner run --network FOLDER --wallet me --model ngram-7 --listen 0.0.0.0:8091 --announce 203.0.113.7
  gotensor miner run --network FOLDER --wallet llm --openai-url http://127.0.0.1:8080
  gotensor miner run --network FOLDER --wallet llm --openai-url http://a:8000,parallel=32 --openai-url http://b:8000,parallel=32
  gotensor miner run --network FOLDER --wallet me --at-once tao1gateway...
  gotensor miner run --network FOLDER --wallet me --netuid 2 --plugin http://127.0.0.1:9000`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.minerRun(c.Context(), o) },
	}
	f := c.Flags()
	o.netuid = netuidFlag(c)
	o.models.flags(f)
	f.StringVar(&o.coldkey, "coldkey", "", "account that receives the pay instead of the wallet's coldkey")
	f.StringVar(&o.home, "home", "", "folder of this miner: certificate, trained models (default ~/.gotensor/miners/WALLET-HOTKEY)")
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to serve at; port 0 takes a free one")
	f.StringVar(&o.announce, "announce", "", "IP or IP:PORT that the chain is told (default: the listen address)")
	f.StringVar(&o.policy, "policy", "bandwidth", "who may ask: validators, registered, bandwidth (keys with stake behind them too) or proven")
	f.StringArrayVar(&o.atOnce, "at-once", nil, "whom predictions are told without a seal: nobody (default), everybody, or hotkeys, separated by commas; may be repeated")
	f.BoolVar(&o.noRegister, "no-register", false, "fail instead of registering by proof of work")
	o.telemetry.flags(f)
	return c
}

func (a *app) minerRun(ctx context.Context, o minerOptions) error {
	policy, err := axon.ParsePolicy(o.policy)
	if err != nil {
		return usagef("--policy: %v", err)
	}
	announce, err := parseAnnounce(o.announce)
	if err != nil {
		return err
	}
	atOnce, err := atOnceFor(o.atOnce)
	if err != nil {
		return err
	}
	client, err := a.dial()
	if err != nil {
		return err
	}
	defer client.Close()
	hotkey, coldkey, err := a.minerKeys(o.coldkey)
	if err != nil {
		return err
	}
	home, err := a.roleHome(o.home, "miners")
	if err != nil {
		return err
	}
	seen, err := a.observe(ctx, "miner", o.telemetry)
	if err != nil {
		return err
	}
	defer seen.close()
	m := a.models(ctx, o.models, home)
	m.self, m.atOnce = hotkey.Address(), atOnce
	defer m.close()
	server, err := m.server(ctx, client, gotensor.NetUID(*o.netuid))
	if err != nil {
		return err
	}
	cfg := miner.Config{
		Chain: client, Key: hotkey, Coldkey: coldkey, NetUID: gotensor.NetUID(*o.netuid), Server: server, Home: home,
		Listen: o.listen, Announce: announce, Policy: policy, NoRegister: o.noRegister, Progress: a.workProgress(), Version: Version, Log: a.log(),
		Telemetry: seen.sinks,
	}
	return seen.during(ctx, func(ctx context.Context) error { return miner.Run(ctx, cfg) })
}

func parseAnnounce(s string) (netip.AddrPort, error) {
	if s == "" {
		return netip.AddrPort{}, nil
	}
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at, nil
	}
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return netip.AddrPort{}, usagef("--announce is %q, want an IP address, with or without :PORT", s)
	}
	return netip.AddrPortFrom(ip, 0), nil
}

// minerKeys opens the hotkey and reads the coldkey's address, unless one is given. A wallet that does not exist yet is made, so that a newcomer starts
// with one command; its words are shown once on standard error.
func (a *app) minerKeys(given string) (keys.PrivateKey, gotensor.Address, error) {
	store, err := a.store()
	if err != nil {
		return keys.PrivateKey{}, gotensor.Address{}, err
	}
	_, _, herr := store.HotkeyPublic(a.wallet, a.hotkey)
	_, cerr := store.ColdkeyPublic(a.wallet)
	if herr != nil && cerr != nil {
		if err := a.makeMinerWallet(store); err != nil {
			return keys.PrivateKey{}, gotensor.Address{}, err
		}
	}
	coldkey, err := a.accountNamed(given)
	if err != nil {
		return keys.PrivateKey{}, gotensor.Address{}, fmt.Errorf("coldkey: %w", err)
	}
	hotkey, err := a.openHotkey()
	return hotkey, coldkey, err
}

// makeMinerWallet makes a coldkey that lives on paper only, as words, and an unencrypted hotkey.
func (a *app) makeMinerWallet(store *keys.Store) error {
	words, err := keys.NewMnemonic(12)
	if err != nil {
		return err
	}
	cold, err := words.Derive(0)
	if err != nil {
		return err
	}
	hot, err := keys.GenerateKey()
	if err != nil {
		return err
	}
	if _, err := store.WatchColdkey(a.wallet, cold.PublicKey()); err != nil {
		return err
	}
	if _, err := store.CreateHotkey(a.wallet, a.hotkey, hot, keys.Unencrypted()); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "made wallet %q. Its coldkey %s receives the pay and is NOT on this machine.\nIts words, shown only now; write them down (gotensor wallet import brings it back):\n\n  %s\n\n",
		a.wallet, keys.Account(cold.Address()), words.Reveal())
	return nil
}

// roleHome is the folder of a role's own files.
func (a *app) roleHome(given, kind string) (string, error) {
	if given == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", usagef("no home folder: name one with --home")
		}
		given = filepath.Join(home, ".gotensor", kind, a.wallet+"-"+a.hotkey)
	}
	return given, os.MkdirAll(given, 0o700)
}

// work registers a hotkey by proof of work and shows how it goes.
func (a *app) work(ctx context.Context, client *chain.Client, hotkey keys.PrivateKey, coldkey gotensor.Address, netuid gotensor.NetUID) error {
	return miner.Register(ctx, miner.Registration{Chain: client, Key: hotkey, Coldkey: coldkey, NetUID: netuid, Progress: a.workProgress()})
}
