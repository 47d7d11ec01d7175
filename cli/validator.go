package cli

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/validator"
)

func (a *app) validatorCommand() *cobra.Command {
	return group(&cobra.Command{Use: "validator", Short: "Judge models and earn dividends"}, a.validatorRunCommand())
}

// validatorOptions are the flags of validator run.
type validatorOptions struct {
	netuid         *uint16
	home           string
	sources        []string
	referenceBytes int
	minRounds      int
	stake          string
	take           uint32
	moniker        string
	telemetry      telemetryOptions
	plugin         string
	through        []string
	throughKeys    []string
}

func (a *app) validatorRunCommand() *cobra.Command {
	var o validatorOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Judge miners and set weights",
		Long: `Asks miners about passages that they were not shown, scores the answers, and puts weights on the chain by commit and reveal.

Only the hotkey is needed once everything is set up. With --stake, what is missing is made first: the staking validator (with that
much TAO of the coldkey), the hotkey's registration (by proof of work) and its appointment; the coldkey is asked for just then.

Text to ask about comes from the embedded books unless --source names folders or files of your own. Embedded text is public: a
network with real pay needs text that miners cannot have read.

Where a subnet pays for what people get, miners are asked for texts too, as any user would. With --through these requests go through
gateways, so that miners cannot tell them from users'; without, miners see this validator's hotkey and can serve it alone.`,
		Example: `  gotensor validator run --network FOLDER --wallet judge
  gotensor validator run --network FOLDER --wallet judge --stake 100 --moniker judge
  gotensor validator run --network FOLDER --wallet judge --source ./news --source ./letters.jsonl
  gotensor validator run --network FOLDER --wallet judge --through https://gw.example --through-key-file gw.key
  gotensor validator run --network FOLDER --wallet judge --netuid 2 --plugin http://127.0.0.1:9000`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.validatorRun(c.Context(), o) },
	}
	f := c.Flags()
	o.netuid = netuidFlag(c)
	f.StringVar(&o.home, "home", "", "folder of this validator: what it has learnt, salts (default ~/.gotensor/validators/WALLET-HOTKEY)")
	f.StringArrayVar(&o.sources, "source", nil, "folder, .txt or .jsonl of text to ask about; at least two, each is a pot of its own")
	f.IntVar(&o.referenceBytes, "reference-bytes", 0, "train the reference model on so many bytes of each source only; 0: all")
	f.IntVar(&o.minRounds, "min-rounds", validator.DefaultMinRounds, "rounds to judge before the first commitment")
	f.StringVar(&o.stake, "stake", "", "TAO to stake if this wallet has no staking validator yet")
	f.Uint32Var(&o.take, "take-ppm", 180_000, "share of delegators' dividends that a new staking validator takes, parts per million")
	f.StringVar(&o.moniker, "moniker", "", "name of a new staking validator (default: the wallet's)")
	f.StringArrayVar(&o.through, "through", nil, "URL of a gateway to ask for texts through, so that miners do not know who asks; may be given more than once")
	f.StringArrayVar(&o.throughKeys, "through-key-file", nil, "file with an API key for --through: one for all, or one for each in their order")
	o.telemetry.flags(f)
	f.StringVar(&o.plugin, "plugin", "", "URL of the plug-in that asks and scores on a subnet of the mechanism custom")
	return c
}

func (a *app) validatorRun(ctx context.Context, o validatorOptions) error {
	client, err := a.dial()
	if err != nil {
		return err
	}
	defer client.Close()
	netuid := gotensor.NetUID(*o.netuid)
	if o.stake != "" {
		if err := a.prepareValidator(ctx, client, o); err != nil {
			return err
		}
	}
	hotkey, err := a.openHotkey()
	if err != nil {
		return err
	}
	home, err := a.roleHome(o.home, "validators")
	if err != nil {
		return err
	}
	seen, err := a.observe(ctx, "validator", o.telemetry)
	if err != nil {
		return err
	}
	defer seen.close()
	a.log().Info("stake", "risk", validator.Risk(ctx, client, netuid, hotkey.Address()))
	judge, err := a.judge(ctx, client, netuid, o, home)
	if err != nil {
		return err
	}
	cfg := validator.Config{
		Chain: client, Key: hotkey, NetUID: netuid, Judge: judge, Home: home, MinRounds: o.minRounds, Log: a.log(),
		Telemetry: seen.sinks,
	}
	return seen.during(ctx, func(ctx context.Context) error { return validator.Run(ctx, cfg) })
}

// prepareValidator makes what is missing on the chain. It is the only part of the role that opens the coldkey.
func (a *app) prepareValidator(ctx context.Context, client *chain.Client, o validatorOptions) error {
	stake, err := parseTAO(o.stake)
	if err != nil {
		return err
	}
	coldkey, err := a.openColdkey()
	if err != nil {
		return err
	}
	hotkey, err := a.openHotkey()
	if err != nil {
		return err
	}
	moniker := o.moniker
	if moniker == "" {
		moniker = a.wallet
	}
	return validator.Prepare(ctx, validator.Preparation{
		Chain: client, Coldkey: coldkey, Hotkey: hotkey, NetUID: gotensor.NetUID(*o.netuid), Stake: stake, TakePPM: o.take, Moniker: moniker, Log: a.log(),
		// Roles do not import each other: the miner's way to register is handed in.
		Register: func(ctx context.Context) error {
			return a.work(ctx, client, hotkey, coldkey.Address(), gotensor.NetUID(*o.netuid))
		},
	})
}

// openSources opens the text to ask about: the embedded books unless there are sources of one's own.
func openSources(paths []string) ([]dataset.Source, error) {
	if len(paths) == 0 {
		return dataset.Embedded()
	}
	if len(paths) < 2 {
		return nil, usagef("--source is given once; give at least two, so that no single text decides all pay")
	}
	var out []dataset.Source
	for _, p := range paths {
		s, err := dataset.Open(p)
		if err != nil {
			return nil, usagef("--source %s: %v", p, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// secretRand is a generator that no miner can predict.
func secretRand() (*rand.Rand, error) {
	var seed [32]byte
	if _, err := crand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("random seed: %w", err)
	}
	return rand.New(rand.NewChaCha8(seed)), nil
}
