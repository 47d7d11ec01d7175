package validator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/telemetry"
)

// DefaultMinRounds is how many rounds a validator judges before it commits for the first time.
const DefaultMinRounds = 10

// ErrConfig is returned by Run for a configuration that cannot work.
var ErrConfig = errors.New("validator configuration")

// Config is what a validator needs. Chain, Key, NetUID, Judge and Home are required.
type Config struct {
	Chain     *chain.Client
	Key       keys.PrivateKey // the hotkey
	NetUID    gotensor.NetUID
	Judge     mechanism.Judge
	Home      string       // folder of its own for state and salts
	MinRounds int          // 0: DefaultMinRounds
	Log       *slog.Logger // nil: silent
	// Telemetry is where metrics and traces go.
	Telemetry telemetry.Sinks
}

// JudgeFile is where Run keeps the judge's state within Home; whoever makes the judge reads it back.
func JudgeFile(home string) string { return filepath.Join(home, "judge.json") }

// node is one running validator.
type node struct {
	cfg   Config
	log   *slog.Logger
	dial  *dendrite.Client
	block time.Duration // that the chain means to take for one

	latest chain.Latest
	row    atomic.Pointer[judgement]
	models modelNames
	state  statusFile
	counts *metrics

	now    mechanism.Period // of the latest round
	warned bool             // that it has no beacon

	service map[string]string // what was said last of a neuron's service, by hotkey
}

// judgement is the latest row with the rounds behind it.
type judgement struct {
	row    mechanism.Row
	rounds int
}

// Run judges until ctx ends, and then returns nil. A node that does not answer, a missing registration or permit, miners that
// fail: all that is waited out and said in the log and in Home/status.json. It returns an error if it cannot work at all.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Chain == nil || cfg.Judge == nil || cfg.Key.IsZero() || cfg.NetUID == 0 || cfg.Home == "" {
		return fmt.Errorf("%w: chain, judge, key, netuid and home are required", ErrConfig)
	}
	if cfg.MinRounds == 0 {
		cfg.MinRounds = DefaultMinRounds
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Home, 0o700); err != nil {
		return fmt.Errorf("%w: home: %w", ErrConfig, err)
	}
	unlock, err := home.Lock(cfg.Home)
	if err != nil {
		return fmt.Errorf("%w: home: %w", ErrConfig, err)
	}
	defer unlock()
	status, err := cfg.Chain.WaitReady(ctx)
	if err != nil {
		return wait.Ended(ctx, err)
	}
	pending, err := openCommitments(filepath.Join(cfg.Home, "commitments.json"), status.ChainID, cfg.NetUID, cfg.Key.Address())
	if err != nil {
		return err
	}
	dial, err := dendrite.New(dendrite.Config{ChainID: status.ChainID, Signer: cfg.Key, StatsHandler: cfg.Telemetry.Traces.Client()})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	defer dial.Close()
	n := &node{
		cfg: cfg, log: cfg.Log, dial: dial, block: status.TargetBlock,
		models: modelNames{ask: nameOf(dial)}, state: statusFile{path: filepath.Join(cfg.Home, "status.json")},
		counts: newMetrics(),
	}
	if err := cfg.Telemetry.Add(append(n.counts.collectors(n.state.last.Load), telemetry.Dendrite(dial.Stats))...); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	n.state.resume(pending)
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return cfg.Chain.Follow(gctx, cfg.NetUID, func(m *metagraph.Metagraph) error { n.latest.Set(m); return nil })
	})
	group.Go(func() error { return n.judge(gctx) })
	group.Go(func() error { return n.setWeights(gctx, pending) })
	return wait.Ended(ctx, group.Wait())
}
