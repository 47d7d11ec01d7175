package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

// app is one run of the program: its streams and the flags that all commands share.
type app struct {
	Streams
	network      string
	output       string
	json         bool
	walletPath   string
	wallet       string
	hotkey       string
	passwordFile string
	verbose      bool
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "gotensor",
		Short: "Serve models, judge them, and be paid in TAO for how useful they are",
		Long: `gotensor runs every role of an incentivised neural network but the node itself (that is gotensord).

Its TAO is that of the chain you connect to; it is not Finney's TAO.

Exit codes: 0 done, 1 unexpected, 2 usage, 3 try again later, 4 refused, 5 not found.`,
		Example: `  gotensor localnet                          # a whole network on this machine
  gotensor subnet metagraph --network FOLDER # who earns what
  gotensor miner run --network FOLDER --wallet me`,
		Version:       Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%v (see `%s --help`)", err, c.CommandPath())
	})
	f := root.PersistentFlags()
	f.StringVar(&a.network, "network", a.Getenv("GOTENSOR_NETWORK"), "network: a folder with a network.json, or HOST:PORT of a node's gRPC (env GOTENSOR_NETWORK)")
	f.StringVarP(&a.output, "output", "o", "text", "output: text or json")
	f.BoolVar(&a.json, "json", false, "the same as --output json")
	f.StringVar(&a.walletPath, "wallet-path", a.Getenv("GOTENSOR_WALLETS"), "folder of wallets (env GOTENSOR_WALLETS; default ~/.gotensor/wallets)")
	f.StringVarP(&a.wallet, "wallet", "w", "default", "name of the wallet")
	f.StringVar(&a.hotkey, "hotkey", "default", "name of the hotkey within the wallet")
	f.StringVar(&a.passwordFile, "password-file", a.Getenv("GOTENSOR_PASSWORD_FILE"), "file with the password, for use without a terminal (env GOTENSOR_PASSWORD_FILE)")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log more to standard error")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if c.Flags().Changed("json") && c.Flags().Changed("output") && a.json != (a.output == "json") {
			return usagef("--json=%t contradicts --output %s: give one of them", a.json, a.output)
		}
		if a.output != "text" && a.output != "json" {
			return usagef("--output is %q, want text or json", a.output)
		}
		return nil
	}
	return group(root, a.walletCommand(), a.stakeCommand(), a.subnetCommand(), a.weightsCommand(), a.minerCommand(), a.validatorCommand(), a.gatewayCommand(),
		a.queryCommand(), a.callCommand(), a.explainCommand(), a.localnetCommand(), a.benchCommand(), a.simCommand(), a.doctorCommand())
}

func (a *app) asJSON() bool { return a.json || a.output == "json" }

// log writes to standard error, so that output stays parseable.
func (a *app) log() *slog.Logger {
	level := slog.LevelInfo
	if a.verbose {
		level = slog.LevelDebug
	}
	opts := &slog.HandlerOptions{Level: level}
	if a.asJSON() {
		return slog.New(slog.NewJSONHandler(a.Err, opts))
	}
	return slog.New(slog.NewTextHandler(a.Err, opts))
}

// dial connects to the network that was named.
func (a *app) dial() (*chain.Client, error) {
	n, err := chain.FindNetwork(a.network)
	if err != nil {
		return nil, err
	}
	return chain.Dial(n.GRPC, chain.Options{Logger: a.log()})
}

// walletDir is the folder of wallets: that named, else the one in the home folder.
func (a *app) walletDir() (string, error) {
	if a.walletPath != "" {
		return a.walletPath, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usagef("no home folder: name a folder of wallets with --wallet-path")
	}
	return filepath.Join(home, ".gotensor", "wallets"), nil
}

func (a *app) store() (*keys.Store, error) {
	dir, err := a.walletDir()
	if err != nil {
		return nil, err
	}
	return keys.NewStore(dir), nil
}

// netuidFlag adds --netuid to a command.
func netuidFlag(c *cobra.Command) *uint16 {
	return c.Flags().Uint16("netuid", 1, "number of the subnet")
}

// parseTAO reads an amount such as "1.5", with at most nine decimals.
func parseTAO(text string) (gotensor.Rao, error) {
	whole, frac, _ := strings.Cut(text, ".")
	if len(frac) > 9 {
		return 0, usagef("amount %q has more than nine decimals: the smallest amount is 1 rao, 0.000000001 TAO", text)
	}
	digits := whole + frac + strings.Repeat("0", 9-len(frac))
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || whole == "" {
		return 0, usagef("amount %q is not a number of TAO such as 1.5", text)
	}
	return gotensor.Rao(n), nil
}
