package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/miner"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/garbage"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/model/openai"
	"github.com/gotensor/gotensor/model/silent"
)

func (a *app) minerCommand() *cobra.Command {
	return group(&cobra.Command{Use: "miner", Short: "Serve a model and earn"}, a.minerRunCommand())
}

// minerOptions are the flags of miner run.
type minerOptions struct {
	netuid      *uint16
	model       string
	silentAfter time.Duration
	openAIURL   string
	openAIModel string
	openAIKey   string
	coldkey     string
	home        string
	listen      string
	announce    string
	policy      string
	noRegister  bool
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
garbage (nonsense) and silent (ngram-3 that stops answering), which show what such miners earn.`,
		Example: `  gotensor miner run --network FOLDER --wallet me
  gotensor miner run --network FOLDER --wallet me --model ngram-7 --listen 0.0.0.0:8091 --announce 203.0.113.7
  gotensor miner run --network FOLDER --wallet llm --model openai --openai-url http://127.0.0.1:8080`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.minerRun(c.Context(), o) },
	}
	f := c.Flags()
	o.netuid = netuidFlag(c)
	f.StringVar(&o.model, "model", "ngram-5", "ngram-ORDER, openai, garbage or silent")
	f.DurationVar(&o.silentAfter, "silent-after", time.Minute, "how long the model silent answers")
	f.StringVar(&o.openAIURL, "openai-url", "", "URL of an OpenAI-compatible server; selects the model openai")
	f.StringVar(&o.openAIModel, "openai-model", "", "name of the model on that server (default: its first)")
	f.StringVar(&o.openAIKey, "openai-key-file", "", "file with that server's API key")
	f.StringVar(&o.coldkey, "coldkey", "", "account that receives the pay instead of the wallet's coldkey")
	f.StringVar(&o.home, "home", "", "folder of this miner: certificate, trained models (default ~/.gotensor/miners/WALLET-HOTKEY)")
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to serve at; port 0 takes a free one")
	f.StringVar(&o.announce, "announce", "", "IP or IP:PORT that the chain is told (default: the listen address)")
	f.StringVar(&o.policy, "policy", "bandwidth", "who may ask: validators, registered, bandwidth (keys with stake behind them too) or proven")
	f.BoolVar(&o.noRegister, "no-register", false, "fail instead of registering by proof of work")
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
	server, err := a.server(ctx, client, gotensor.NetUID(*o.netuid), o, home)
	if err != nil {
		return err
	}
	return miner.Run(ctx, miner.Config{
		Chain: client, Key: hotkey, Coldkey: coldkey, NetUID: gotensor.NetUID(*o.netuid), Server: server, Home: home,
		Listen: o.listen, Announce: announce, Policy: policy, NoRegister: o.noRegister, Progress: a.workProgress(), Version: Version, Log: a.log(),
	})
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

// server makes what the subnet's mechanism serves. This is one of two places that know which mechanisms there are.
func (a *app) server(ctx context.Context, client *chain.Client, netuid gotensor.NetUID, o minerOptions, home string) (mechanism.Server, error) {
	v, err := client.Subnet(ctx, netuid)
	if err != nil {
		return nil, err
	}
	switch v.Subnet.Mechanism {
	case text.Name:
		settings, err := text.ParseSettings(v.Subnet.Settings)
		if err != nil {
			return nil, err
		}
		p, err := a.predictor(ctx, o, settings, home)
		if err != nil {
			return nil, err
		}
		return text.NewServer(text.ServerConfig{Predictor: p, Settings: settings, Log: a.log()})
	default:
		return nil, usagef("subnet %d has the mechanism %q, which this version does not serve", netuid, v.Subnet.Mechanism)
	}
}

// predictor makes the model that was chosen.
func (a *app) predictor(ctx context.Context, o minerOptions, s text.Settings, home string) (model.Predictor, error) {
	name := o.model
	if o.openAIURL != "" {
		name = "openai"
	}
	switch name {
	case "openai":
		return a.openAI(ctx, o, s)
	case "garbage":
		return garbage.New(garbage.Random, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	case silent.Name:
		inner, err := a.ngram(ctx, 3, home)
		if err != nil {
			return nil, err
		}
		return silent.After(inner, time.Now().Add(o.silentAfter)), nil
	}
	var order int
	if n, err := fmt.Sscanf(name, "ngram-%d", &order); n != 1 || err != nil || name != fmt.Sprintf("ngram-%d", order) || order < 1 || order > ngram.MaxOrder {
		return nil, usagef("--model is %q, want ngram-1 to ngram-%d, openai, garbage or silent", name, ngram.MaxOrder)
	}
	return a.ngram(ctx, order, home)
}

func (a *app) ngram(ctx context.Context, order int, home string) (model.Predictor, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	m, err := ngram.Load(ctx, ngram.Config{
		Dir: filepath.Join(home, "models"), Order: order, Text: dataset.Text(dataset.Training, sources...), Progress: a.trainProgress(order),
	})
	if err != nil {
		return nil, err
	}
	return m.AtWords(), nil
}

func (a *app) openAI(ctx context.Context, o minerOptions, s text.Settings) (model.Predictor, error) {
	cfg := openai.Config{URL: o.openAIURL, Model: o.openAIModel, AtWords: true, Timeout: s.Deadline(), Logger: a.log()}
	if o.openAIKey != "" {
		key, err := os.ReadFile(o.openAIKey)
		if err != nil {
			return nil, usagef("--openai-key-file: %v", err)
		}
		cfg.APIKey = strings.TrimSpace(string(key))
	}
	p, err := openai.New(cfg)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return p, p.Probe(ctx, min(s.KMax, 64))
}

// work registers a hotkey by proof of work and shows how it goes.
func (a *app) work(ctx context.Context, client *chain.Client, hotkey keys.PrivateKey, coldkey gotensor.Address, netuid gotensor.NetUID) error {
	return miner.Register(ctx, miner.Registration{Chain: client, Key: hotkey, Coldkey: coldkey, NetUID: netuid, Progress: a.workProgress()})
}
