package localnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/metagraph"
)

// netuid of the subnet of text.
const netuid gotensor.NetUID = 1

// startWithin bounds the time until the node makes blocks.
const startWithin = 2 * time.Minute

// ErrRunning is returned by Run where a network runs in the home already.
var ErrRunning = errors.New("a network is running there already")

// errEnough ends the watch after the epochs that were asked for.
var errEnough = errors.New("enough epochs have paid")

// Run runs the network until ctx ends or Config.Epochs have paid, stops all of it, and returns the last state that was seen. It
// fails with ErrConfig for a home or configuration that cannot work, and with the reason if the node does not start.
func Run(ctx context.Context, cfg Config) (State, error) {
	if err := cfg.fill(); err != nil {
		return State{}, err
	}
	plan, leave, err := enter(ctx, &cfg)
	if err != nil {
		return State{}, err
	}
	defer leave()
	if err := os.MkdirAll(logsIn(cfg.Home), 0o755); err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := cfg.scrapes.forget(); err != nil {
		return State{}, err
	}
	llm, err := startLLM(ctx, &cfg, plan)
	if err != nil {
		return State{}, wait.Ended(ctx, err)
	}
	defer llm.stop()
	node := start(cfg.node())
	defer node.stop()
	client, err := chain.Dial(plan.Network.GRPC, chain.Options{})
	if err != nil {
		return State{}, err
	}
	defer client.Close()
	cfg.Log.Info("starting the node", "home", cfg.Home)
	soon, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if _, err := client.WaitHeight(soon, 1); err != nil {
		if ctx.Err() != nil {
			return State{}, nil // stopped before there was anything to see
		}
		return State{}, fmt.Errorf("the node makes no blocks, see %s: %w", cfg.node().logFile(), err)
	}
	others, err := cfg.secondRoles(plan)
	if err != nil {
		return State{}, err
	}
	roles := start(append(cfg.roles(plan, llm.url), others...)...)
	defer roles.stop()
	defer startGateway(&cfg, plan, client)()
	watcher, err := newWatchers(&cfg, plan, client)
	if err != nil {
		return State{}, err
	}
	return watch(ctx, &cfg, client, watcher)
}

func watch(ctx context.Context, cfg *Config, client *chain.Client, w *watcher) (State, error) {
	var last State
	err := client.Follow(ctx, netuid, func(m *metagraph.Metagraph) error {
		s, err := w.look(ctx, m)
		if err == nil {
			err = w.lookSecond(ctx, client, &s)
		}
		if err != nil {
			if ctx.Err() == nil {
				cfg.Log.Warn("not everything could be read, looking again", "err", err)
			}
			return nil
		}
		last = s
		cfg.Observe(s)
		if cfg.Epochs > 0 && s.paid() >= cfg.Epochs {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) || ctx.Err() != nil {
		return last, nil
	}
	return last, err
}
