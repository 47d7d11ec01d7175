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
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
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
}

// JudgeFile is where Run keeps the judge's state within Home; whoever makes the judge reads it back.
func JudgeFile(home string) string { return filepath.Join(home, "judge.json") }

// node is one running validator.
type node struct {
	cfg     Config
	log     *slog.Logger
	dial    *dendrite.Client
	chainID string

	snapshot atomic.Pointer[metagraph.Metagraph]
	news     chan struct{} // holds a token when a snapshot is new for the judging loop
	blocks   chan *metagraph.Metagraph
	row      atomic.Pointer[judgement]
	models   modelNames
	state    statusFile
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
	chainID, err := waitForNode(ctx, cfg.Chain, cfg.Log)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	pending, err := openCommitments(filepath.Join(cfg.Home, "commitments.json"), chainID, cfg.NetUID, cfg.Key.Address())
	if err != nil {
		return err
	}
	dial, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: cfg.Key})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	defer dial.Close()
	n := &node{
		cfg: cfg, log: cfg.Log, dial: dial, chainID: chainID,
		news: make(chan struct{}, 1), blocks: make(chan *metagraph.Metagraph, 1),
		models: modelNames{dial: dial, known: map[string]string{}},
		state:  statusFile{path: filepath.Join(cfg.Home, "status.json")},
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return cfg.Chain.Follow(ctx, cfg.NetUID, n.observe) })
	group.Go(func() error { return n.judge(ctx) })
	group.Go(func() error { return n.setWeights(ctx, pending) })
	return ignoreEnd(ctx, group.Wait())
}

// observe hands a new snapshot to both loops; a loop that is busy gets the newest one later.
func (n *node) observe(m *metagraph.Metagraph) error {
	n.snapshot.Store(m)
	select {
	case n.news <- struct{}{}:
	default:
	}
	select {
	case <-n.blocks:
	default:
	}
	n.blocks <- m
	return nil
}

// waitForNode asks for the chain's name until a node answers.
func waitForNode(ctx context.Context, c *chain.Client, log *slog.Logger) (string, error) {
	for {
		id, err := c.ChainID(ctx)
		if err == nil {
			return id, nil
		}
		log.Warn("waiting for the node", "err", err)
		if err := sleep(ctx, time.Second); err != nil {
			return "", err
		}
	}
}

// ignoreEnd turns the end of the context, which is how a role is stopped, into success.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
