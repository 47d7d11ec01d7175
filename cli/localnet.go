package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor/localnet"
)

// localnetOptions are the flags of localnet.
type localnetOptions struct {
	home        string
	gotensord   string
	validators  int
	models      []string
	silentAfter time.Duration
	openAIURL   string
	openAIModel string
	llm         string
	noGateway   bool
	rule        string
	subnets     int
	plugin      string
	epochs      uint64
	metrics     bool
	pprof       bool
}

func (a *app) localnetCommand() *cobra.Command {
	var o localnetOptions
	c := &cobra.Command{
		Use:   "localnet",
		Short: "Run a whole network on this machine",
		Long: `Starts a node, validators and miners, each a real process with keys of its own, and shows who earns what. Ctrl-C stops all of it.

Without --home the network lives in a temporary folder and is gone afterwards; with one, the same command goes on where it was.
From a second terminal, anything works with --network FOLDER, for example a miner of your own:

  gotensor miner run --network FOLDER --wallet me --wallet-path FOLDER/wallets

A gateway serves a page to open in a browser, and OpenAI's API below /v1 without a key; its address stands in the view and in
FOLDER/network.json.

The wallet "rich" in FOLDER/wallets holds TAO to play with; the password of all coldkeys there is in FOLDER/password.`,
		Example: `  gotensor localnet
  gotensor localnet --home ./net
  gotensor localnet --openai-url http://127.0.0.1:8080
  gotensor localnet --subnets 2
  gotensor localnet --epochs 2 --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.localnet(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.home, "home", "", "folder of the network (default: a temporary one)")
	f.StringVar(&o.gotensord, "gotensord", "", "the node's binary (default: beside this one, else on PATH)")
	f.IntVar(&o.validators, "validators", 3, "validators with equal stake, 1 to 8")
	f.StringSliceVar(&o.models, "models", localnet.DefaultModels(), "what the miners serve")
	f.DurationVar(&o.silentAfter, "silent-after", 75*time.Second, "how long the miner \"silent\" answers")
	f.StringVar(&o.openAIURL, "openai-url", "", "add a miner before this OpenAI-compatible server")
	f.StringVar(&o.openAIModel, "openai-model", "", "name of the model on that server")
	f.StringVar(&o.llm, "llm", "", "add a miner before a server that this command starts; --port N is added to it")
	f.StringVar(&o.rule, "rule", "", "how validators pay: gain, or winner, equal, 2022 to compare it with (default gain, or as in --home)")
	f.BoolVar(&o.noGateway, "no-gateway", false, "run no gateway: no page to open, no API for applications")
	f.BoolVar(&o.metrics, "metrics", false, "give each process an address for metrics; metrics.json and prometheus.yml in --home name them")
	f.BoolVar(&o.pprof, "pprof", false, "serve profiles beside the metrics")
	f.IntVar(&o.subnets, "subnets", 1, "2 adds a subnet of the mechanism custom, whose miners and validators are plug-ins")
	f.StringVar(&o.plugin, "plugin", "", "command of those plug-ins; --port N and, for miners, --limit BITS are added (default: gotensor-plugin-factor beside this one, else on PATH)")
	f.Uint64Var(&o.epochs, "epochs", 0, "stop after so many epochs that paid; 0: run until Ctrl-C")
	return c
}

func (a *app) localnet(ctx context.Context, o localnetOptions) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("path of this program: %w", err)
	}
	node, err := findNode(o.gotensord, self)
	if err != nil {
		return err
	}
	home := o.home
	if home == "" {
		if home, err = os.MkdirTemp("", "gotensor-localnet-"); err != nil {
			return fmt.Errorf("temporary folder: %w", err)
		}
		defer os.RemoveAll(home)
	}
	cfg := localnet.Config{
		Home: home, Gotensor: self, Gotensord: node, Validators: o.validators, Models: o.models, SilentAfter: o.silentAfter,
		OpenAIURL: o.openAIURL, OpenAIModel: o.openAIModel, LLM: strings.Fields(o.llm), NoGateway: o.noGateway, Rule: o.rule, Epochs: o.epochs, Log: a.log(),
		Metrics: o.metrics || o.pprof, Pprof: o.pprof,
	}
	if cfg.Subnets = o.subnets; cfg.Subnets > 1 {
		if cfg.Plugin, err = findPlugin(o.plugin, self); err != nil {
			return err
		}
	}
	last, err := a.watchLocalnet(ctx, cfg)
	if errors.Is(err, localnet.ErrConfig) || errors.Is(err, localnet.ErrRunning) {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if err != nil {
		return err
	}
	if a.asJSON() {
		enc := json.NewEncoder(a.Out)
		enc.SetIndent("", "  ")
		return enc.Encode(last)
	}
	return nil
}

// findNode finds the node's binary.
func findNode(given, self string) (string, error) {
	if given != "" {
		return given, nil
	}
	return findBeside("gotensord", "--gotensord", self)
}

// findPlugin finds the command of the second subnet's plug-ins.
func findPlugin(given, self string) ([]string, error) {
	if command := strings.Fields(given); len(command) > 0 {
		return command, nil
	}
	path, err := findBeside("gotensor-plugin-factor", "--plugin", self)
	return []string{path}, err
}

func findBeside(name, flag, self string) (string, error) {
	beside := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(beside); err == nil {
		return beside, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", usagef("%s is neither beside this program nor on PATH: build it with `make build`, or name it with %s", name, flag)
	}
	return path, nil
}
