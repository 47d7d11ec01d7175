package main

import (
	"path/filepath"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"
)

// ports are where a node listens, host:port; all on the loopback interface unless its operator says otherwise.
type ports struct{ p2p, rpc, grpc, api string }

func addPortFlags(cmd *cobra.Command) *ports {
	p := &ports{}
	f := cmd.Flags()
	f.StringVar(&p.p2p, "p2p", "127.0.0.1:26656", "address for other nodes, host:port")
	f.StringVar(&p.rpc, "rpc", "127.0.0.1:26657", "address of CometBFT's RPC, host:port")
	f.StringVar(&p.grpc, "grpc", "127.0.0.1:9090", "address of the chain's gRPC, host:port")
	f.StringVar(&p.api, "api", "127.0.0.1:1317", "address of the chain's REST, host:port")
	return p
}

// States that a node keeps, in blocks, and how often it drops older ones.
const (
	keepRecent    = "100000"
	pruneInterval = "100"
)

// appConfig is app.toml: gRPC and REST on, no telemetry, old states pruned.
func appConfig(p ports, minGasPrices string) *serverconfig.Config {
	c := serverconfig.DefaultConfig()
	c.MinGasPrices = minGasPrices
	c.Pruning, c.PruningKeepRecent, c.PruningInterval = pruningtypes.PruningOptionCustom, keepRecent, pruneInterval
	c.GRPC.Enable, c.GRPC.Address = true, p.grpc
	c.GRPCWeb.Enable = false
	c.API.Enable, c.API.Swagger, c.API.Address = true, false, "tcp://"+p.api
	// Browsers may read the chain: nothing that REST does needs a secret of the node, and it listens on the loopback interface.
	c.API.EnableUnsafeCORS = true
	return c
}

// cometConfig is config.toml: an index of transactions, from which clients learn how theirs ended (a producer that serves no
// clients may set it to "null"), no profiler, several nodes of one machine may be peers.
func cometConfig(home, moniker string, p ports, block time.Duration) *cmtcfg.Config {
	c := cmtcfg.DefaultConfig()
	c.SetRoot(home)
	c.Moniker = moniker
	c.P2P.ListenAddress, c.RPC.ListenAddress = "tcp://"+p.p2p, "tcp://"+p.rpc
	c.P2P.AddrBookStrict, c.P2P.AllowDuplicateIP = false, true
	c.RPC.PprofListenAddress = ""
	c.RPC.GRPCListenAddress = ""
	c.TxIndex.Indexer = "kv"
	c.Instrumentation.Prometheus = false
	setBlockTime(c, block)
	return c
}

// blockWork is about what making, voting on and storing a small block takes a producer that is alone.
const blockWork = 30 * time.Millisecond

// setBlockTime waits after each commit so that blocks come at about the target.
func setBlockTime(c *cmtcfg.Config, block time.Duration) {
	c.Consensus.TimeoutCommit = block - min(block/10, blockWork)
	c.Consensus.SkipTimeoutCommit = false
	c.Consensus.CreateEmptyBlocks = true
	c.Consensus.TimeoutPropose = max(block, time.Second)
	c.Consensus.TimeoutPrevote = max(block/2, 500*time.Millisecond)
	c.Consensus.TimeoutPrecommit = max(block/2, 500*time.Millisecond)
}

func configFile(home string) string { return filepath.Join(home, "config", "config.toml") }

// readComet reads a node's config.toml.
func readComet(home string) (*cmtcfg.Config, error) {
	v := viper.New()
	v.SetConfigFile(configFile(home))
	if err := v.ReadInConfig(); err != nil {
		return nil, err
	}
	c := cmtcfg.DefaultConfig()
	if err := v.Unmarshal(c); err != nil {
		return nil, err
	}
	c.SetRoot(home)
	return c, c.ValidateBasic()
}
