package localnet

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/gotensor/gotensor/chain"
)

// ErrConfig is returned by Run for a configuration that cannot work.
var ErrConfig = errors.New("localnet configuration")

// DefaultModels are what the miners of a localnet serve.
func DefaultModels() []string { return []string{"ngram-2", "ngram-4", "ngram-6", "garbage", "silent"} }

// Config says what to run. Home, Gotensor and Gotensord are required.
type Config struct {
	Home      string // folder of the network; one that has a network goes on where it was
	Gotensor  string // path of the binary of the roles
	Gotensord string // path of the node's binary

	Validators  int           // with equal stake, 1..8 (3)
	Models      []string      // one miner each (DefaultModels)
	SilentAfter time.Duration // how long the miner "silent" answers (60 s)
	OpenAIURL   string        // adds a miner before this server, and gives miners the time that a language model needs
	OpenAIModel string
	LLM         []string // command that serves a language model like OpenAI on 127.0.0.1 at the --port that is added to it

	Rule string // of pay, of package text (its default, or what the home was made with)

	NoGateway bool // run no gateway

	Subnets int      // 1, or 2 with one of plug-ins beside that of text (1)
	Plugin  []string // command of the second subnet's plug-ins; --port N and, for miners, --limit BITS are added to it

	Epochs uint64 // stop after so many epochs that paid; 0: run until the context ends
	// Metrics gives each role an address for metrics, which metrics.json and prometheus.yml in Home name; Pprof adds profiles there.
	Metrics, Pprof bool

	Observe func(State) // called after each block; nil: nobody looks
	Log     *slog.Logger

	scrapes *scrapes
}

func (c *Config) fill() error {
	if c.Home == "" || c.Gotensor == "" || c.Gotensord == "" {
		return fmt.Errorf("%w: home and both binaries are required", ErrConfig)
	}
	home, err := filepath.Abs(c.Home)
	if err != nil {
		return fmt.Errorf("%w: home: %w", ErrConfig, err)
	}
	c.Home = home
	c.scrapes = &scrapes{home: home, at: map[string]string{}, roles: map[string]string{}}
	if c.Validators == 0 {
		c.Validators = 3
	}
	if c.Validators < 1 || c.Validators > 8 {
		return fmt.Errorf("%w: %d validators, want 1 to 8", ErrConfig, c.Validators)
	}
	if c.Subnets == 0 {
		c.Subnets = 1
	}
	if c.Subnets < 1 || c.Subnets > 2 {
		return fmt.Errorf("%w: %d subnets, want 1 or 2", ErrConfig, c.Subnets)
	}
	if c.Subnets == 2 && len(c.Plugin) == 0 {
		return fmt.Errorf("%w: the second subnet needs the command of a plug-in", ErrConfig)
	}
	if c.Models == nil {
		c.Models = DefaultModels()
	}
	for _, m := range c.Models {
		if m == "" || strings.ContainsAny(m, " /\\") {
			return fmt.Errorf("%w: model %q", ErrConfig, m)
		}
	}
	if err := settings(c.slowModel(), c.Rule).Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if c.SilentAfter == 0 {
		c.SilentAfter = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observe == nil {
		c.Observe = func(State) {}
	}
	return nil
}

func (c *Config) slowModel() bool { return c.OpenAIURL != "" || len(c.LLM) > 0 }

// plan is what a home was laid out for. It is kept there, so that the network goes on as it was.
type plan struct {
	Version    int           `json:"version"`
	Validators []string      `json:"validators"` // names of wallets
	Miners     []minerPlan   `json:"miners"`
	Plugins    []minerPlan   `json:"plugins,omitempty"` // miners of the second subnet
	Network    chain.Network `json:"network"`
	P2P        string        `json:"p2p"`
	Rule       string        `json:"rule,omitempty"`    // of pay; empty: the default
	Gateway    string        `json:"gateway,omitempty"` // host:port, kept also while a run has none
}

type minerPlan struct {
	Wallet string `json:"wallet"`
	Model  string `json:"model"`
}
