// Command attacker runs miners that try to be paid for more than they are worth. It is for tests only.
//
// It is written as an attacker would: from the public packages, with keys and registrations of its own (proof of work), an axon per miner and a
// model behind it, see play.go for the strategies. Miners of one process share trained models and nothing else. It takes a plan, a JSON list of Play, and
// writes "hotkeys.json" into its home once all keys are made; each miner registers by itself.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/miner"
)

const netuid gotensor.NetUID = 1

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("attacker", flag.ContinueOnError)
	network := f.String("network", "", "folder of the network")
	home := f.String("home", "", "folder of this process")
	path := f.String("plan", "", "file with the plays")
	if err := f.Parse(args); err != nil {
		return err
	}
	plays, err := readPlan(*path)
	if err != nil {
		return err
	}
	where, err := chain.FindNetwork(*network)
	if err != nil {
		return err
	}
	client, err := chain.Dial(where.GRPC, chain.Options{})
	if err != nil {
		return err
	}
	defer client.Close()
	status, err := client.WaitReady(ctx)
	if err != nil {
		return err
	}
	graph, err := client.Metagraph(ctx, netuid)
	if err != nil {
		return err
	}
	settings, err := text.ParseSettings(graph.Settings)
	if err != nil {
		return err
	}
	w := &world{
		chain: client, chainID: status.ChainID, settings: settings, home: *home, models: newLibrary(),
		log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
	return w.run(ctx, plays)
}

// world is what the miners of this process share.
type world struct {
	chain    *chain.Client
	chainID  string
	settings text.Settings
	home     string
	models   *library
	latest   chain.Latest
	log      *slog.Logger
}

// identity is one miner's keys. An attacker pays every uid to a coldkey of its own, so that nothing on the chain ties them together.
type identity struct {
	hot  keys.PrivateKey
	cold gotensor.Address
}

func (w *world) run(ctx context.Context, plays []Play) error {
	who := make([]identity, len(plays))
	hotkeys := map[string]string{}
	for i := range plays {
		hot, err := keys.GenerateKey()
		if err != nil {
			return err
		}
		cold, err := keys.GenerateKey()
		if err != nil {
			return err
		}
		who[i] = identity{hot: hot, cold: cold.Address()}
		hotkeys[plays[i].Name] = keys.Account(hot.Address())
	}
	servers := make([]*text.Server, len(plays))
	for i := range plays {
		var err error
		if servers[i], err = w.server(ctx, &plays[i], who[i].hot); err != nil {
			return fmt.Errorf("%s: %w", plays[i].Name, err)
		}
	}
	data, err := json.Marshal(hotkeys)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.home, "hotkeys.json"), data, 0o600); err != nil {
		return err
	}
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.chain.Follow(gctx, netuid, w.see) })
	for i := range plays {
		group.Go(func() error {
			err := miner.Run(gctx, miner.Config{
				Chain: w.chain, Key: who[i].hot, Coldkey: who[i].cold, NetUID: netuid, Server: servers[i], Home: filepath.Join(w.home, plays[i].Name),
				Listen: "127.0.0.1:0", Policy: axon.PolicyBandwidth, Version: "attacker", Log: w.log.With("play", plays[i].Name),
			})
			return err
		})
	}
	return group.Wait()
}

// server is what one play answers with.
func (w *world) server(ctx context.Context, p *Play, key keys.PrivateKey) (*text.Server, error) {
	cfg := text.ServerConfig{Settings: w.settings, Hotkey: key.Address(), Parallel: 16, Log: w.log.With("play", p.Name)}
	var err error
	if cfg.Predictor, err = w.predictor(ctx, p, key); err != nil {
		return nil, err
	}
	if cfg.Generator, err = w.generator(ctx, p); err != nil {
		return nil, err
	}
	return text.NewServer(cfg)
}
