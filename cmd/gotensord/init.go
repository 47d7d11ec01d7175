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
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
)

// node is what init prints: what others need to know of it.
type node struct {
	Moniker string `json:"moniker"`
	Home    string `json:"home"`
	NodeID  string `json:"node_id"`
	// ConsensusPubKey goes into a validator's entry of the specification, base64.
	ConsensusPubKey []byte `json:"consensus_pubkey"`
}

// defaultGasPrice is a tenth of a rao per gas: a transfer of 80,000 gas costs 8,000 rao, 0.000008 TAO, and a full block of 400 M gas
// 0.04 TAO. A price of nothing would let any account fill every block.
const defaultGasPrice = "100000000atao"

func initCmd() *cobra.Command {
	var blockMs uint32
	var minGasPrices string
	cmd := &cobra.Command{
		Use:   "init MONIKER",
		Short: "Make a node's keys and configuration",
		Long: "Makes config.toml, app.toml, the node's key and its consensus key, and prints the public parts as JSON. Keys that exist are " +
			"kept; an existing configuration is an error.",
		Example: "  gotensord init alice --home ./alice --rpc 127.0.0.1:36657 --p2p 127.0.0.1:36656 --grpc 127.0.0.1:39090 --api 127.0.0.1:31317",
		Args:    cobra.ExactArgs(1),
	}
	p := addPortFlags(cmd)
	cmd.Flags().Uint32Var(&blockMs, "target-block-ms", 2000, "block time to aim at, as in the specification; `genesis make` sets it again")
	cmd.Flags().StringVar(&minGasPrices, "minimum-gas-prices", defaultGasPrice, "least price per gas that this node accepts into its pool; 0atao lets anybody fill blocks for nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		home, err := cmd.Flags().GetString(flags.FlagHome)
		if err != nil {
			return err
		}
		if _, err := os.Stat(configFile(home)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s exists: this node is already initialised", configFile(home))
		}
		c := cometConfig(home, args[0], *p, time.Duration(blockMs)*time.Millisecond)
		if err := c.ValidateBasic(); err != nil {
			return err
		}
		n, err := makeNode(c)
		if err != nil {
			return err
		}
		serverconfig.SetConfigTemplate(serverconfig.DefaultConfigTemplate)
		serverconfig.WriteConfigFile(filepath.Join(home, "config", "app.toml"), appConfig(*p, minGasPrices))
		cmtcfg.WriteConfigFile(configFile(home), c)
		return json.NewEncoder(cmd.OutOrStdout()).Encode(n)
	}
	return cmd
}

// makeNode makes the folders and, where they are missing, the keys.
func makeNode(c *cmtcfg.Config) (node, error) {
	for _, dir := range []string{"config", "data"} {
		if err := os.MkdirAll(filepath.Join(c.RootDir, dir), 0o700); err != nil {
			return node{}, err
		}
	}
	key, err := p2p.LoadOrGenNodeKey(c.NodeKeyFile())
	if err != nil {
		return node{}, fmt.Errorf("node key: %w", err)
	}
	pub, err := privval.LoadOrGenFilePV(c.PrivValidatorKeyFile(), c.PrivValidatorStateFile()).GetPubKey()
	if err != nil {
		return node{}, fmt.Errorf("consensus key: %w", err)
	}
	return node{c.Moniker, c.RootDir, string(key.ID()), pub.Bytes()}, nil
}
