package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	cmtcfg "github.com/cometbft/cometbft/config"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/gotensor/gotensor/app"
)

// rootCmd is the whole command line.
func rootCmd() *cobra.Command {
	home := defaultHome()
	root := &cobra.Command{
		Use:           "gotensord",
		Short:         "A node of the gotensor chain",
		SilenceUsage:  true,
		SilenceErrors: true,
		Example: "  gotensord init mynode --home ./node\n" +
			"  gotensord genesis make --spec spec.json --home ./node\n" +
			"  gotensord start --home ./node",
	}
	f := root.PersistentFlags()
	f.String(flags.FlagHome, home, "folder of configuration, keys and state")
	f.String(flags.FlagLogLevel, "info", "trace, debug, info, warn, error or none, or module:level pairs")
	f.String(flags.FlagLogFormat, "plain", "plain or json")
	f.Bool(flags.FlagLogNoColor, false, "log without colours")

	server.AddCommands(root, home, app.NewFromServer, app.ExportFromServer, func(*cobra.Command) {})
	for _, c := range root.Commands() {
		loadConfigBefore(c)
	}
	root.AddCommand(initCmd(), genesisCmd(), validateGenesisCmd())
	return root
}

func defaultHome() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ".gotensord"
	}
	return filepath.Join(dir, ".gotensord")
}

// loadConfigBefore makes a command of the SDK's server, and its subcommands, read the node's configuration first.
func loadConfigBefore(c *cobra.Command) {
	for _, sub := range c.Commands() {
		loadConfigBefore(sub)
	}
	if c.HasSubCommands() || c.Name() == "version" {
		return
	}
	c.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return loadConfig(cmd) }
}

func loadConfig(cmd *cobra.Command) error {
	home, err := cmd.Flags().GetString(flags.FlagHome)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(home, "config", "config.toml")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no node in %s: run `gotensord init NAME --home %s` first", home, home)
	}
	ctx, err := clientContext(home)
	if err != nil {
		return err
	}
	cmd.SetOut(cmd.OutOrStdout())
	if err := client.SetCmdClientContextHandler(ctx.WithCmdContext(cmd.Context()), cmd); err != nil {
		return err
	}
	return server.InterceptConfigsPreRunHandler(cmd, serverconfig.DefaultConfigTemplate, appConfig(ports{}, ""), cmtcfg.DefaultConfig())
}

// clientContext lets the node's own servers read messages; an application in memory knows them all.
func clientContext(home string) (client.Context, error) {
	a, err := app.New(app.Options{
		Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), Base: []func(*baseapp.BaseApp){baseapp.SetChainID("none")},
	})
	if err != nil {
		return client.Context{}, err
	}
	return client.Context{}.WithCodec(a.Codec).WithInterfaceRegistry(a.Registry).WithTxConfig(a.TxConfig).
		WithLegacyAmino(a.Amino).WithHomeDir(home).WithInput(os.Stdin).WithViper("GOTENSORD"), a.Close()
}
