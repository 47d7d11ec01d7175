package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client/flags"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/gotensor/gotensor/app"
	"github.com/gotensor/gotensor/genesis"
)

func genesisCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "genesis", Short: "Make a new chain"}
	cmd.AddCommand(genesisMakeCmd())
	return cmd
}

func genesisMakeCmd() *cobra.Command {
	var spec, output string
	var force bool
	cmd := &cobra.Command{
		Use:   "make",
		Short: "Make a genesis file from a specification",
		Long: "Turns a specification (JSON, see package genesis) into a genesis file. Without --output it goes to the node in --home, whose " +
			"configuration takes the specification's block time. The same specification gives the same file.",
		Example: "  gotensord genesis make --spec spec.json --home ./node\n  gotensord genesis make --spec spec.json --output genesis.json",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&spec, "spec", "", "file of the specification (required)")
	cmd.Flags().StringVar(&output, "output", "", "file to write instead of the node's genesis file; - is standard output")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite an existing genesis file")
	if err := cmd.MarkFlagRequired("spec"); err != nil {
		panic(err) // wiring
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := readSpec(spec)
		if err != nil {
			return err
		}
		g, err := app.Genesis(s)
		if err != nil {
			return err
		}
		if output == "-" {
			e := json.NewEncoder(cmd.OutOrStdout())
			e.SetIndent("", "  ")
			return e.Encode(g)
		}
		home, err := cmd.Flags().GetString(flags.FlagHome)
		if err != nil {
			return err
		}
		file := output
		if file == "" {
			file = genesisFile(home)
			if err := setNodeBlockTime(home, time.Duration(s.TargetBlockMs)*time.Millisecond); err != nil {
				return err
			}
		}
		if _, err := os.Stat(file); !force && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s exists: --force overwrites it", file)
		}
		return g.SaveAs(file)
	}
	return cmd
}

func genesisFile(home string) string { return filepath.Join(home, "config", "genesis.json") }

func readSpec(file string) (genesis.Spec, error) {
	f, err := os.Open(file)
	if err != nil {
		return genesis.Spec{}, err
	}
	defer f.Close()
	s, err := genesis.Read(f)
	if err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

func setNodeBlockTime(home string, block time.Duration) error {
	c, err := readComet(home)
	if err != nil {
		return fmt.Errorf("no node in %s (%w): run `gotensord init NAME --home %s` first, or name an --output", home, err, home)
	}
	setBlockTime(c, block)
	cmtcfg.WriteConfigFile(configFile(home), c)
	return nil
}

func validateGenesisCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "validate-genesis [FILE]",
		Short:   "Check a genesis file, by default the node's",
		Example: "  gotensord validate-genesis genesis.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := cmd.Flags().GetString(flags.FlagHome)
			if err != nil {
				return err
			}
			file := genesisFile(home)
			if len(args) == 1 {
				file = args[0]
			}
			if err := validateGenesis(file); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "valid:", file)
			return err
		},
	}
}

func validateGenesis(file string) error {
	g, err := genutiltypes.AppGenesisFromFile(file)
	if err != nil {
		return err
	}
	if err := g.ValidateAndComplete(); err != nil {
		return err
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(g.AppState, &state); err != nil {
		return fmt.Errorf("app_state: %w", err)
	}
	a, err := app.New(app.Options{
		Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), Base: []func(*baseapp.BaseApp){baseapp.SetChainID(g.ChainID)},
	})
	if err != nil {
		return err
	}
	defer a.Close()
	return a.ValidateGenesis(state)
}
