package localnet

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
)

const (
	// validatorStake is what each neural validator has; producerStake is small, so that they earn nearly all dividends.
	validatorStake = 1000 * genesis.OneTAO
	producerStake  = 10 * genesis.OneTAO
	// richBalance is for a person to play with: the wallet "rich".
	richBalance = 10_000 * genesis.OneTAO
	pocketMoney = 10 * genesis.OneTAO
)

// wallet is who holds what on the new chain.
type wallet struct{ cold, hot gotensor.Address }

// settings of the text mechanism: short rounds of few questions, or such as a small language model on one core can keep up with. Answers
// must be sealed within half of the deadline.
func settings(slow bool, rule string) text.Settings {
	s := text.DefaultSettings()
	s.Rule = cmp.Or(rule, s.Rule)
	s.Items, s.ContextBytes, s.DeadlineMs, s.RoundMs, s.KMax = 16, 128, 900, 1_000, 64
	if slow {
		s.Items, s.DeadlineMs, s.RoundMs = 8, 18_000, 20_000
		// All miners share the cores, and texts are written while predictions are asked for.
		s.Probes, s.FirstPieceMs, s.BytesPerSecond = 1, 6_000, 4
	}
	return s
}

// tempo in milliseconds: ten rounds fit into it.
func tempo(slow bool) int64 {
	if slow {
		return 60_000
	}
	return 12_000
}

// makeChain makes the node's home and the genesis that everybody starts from.
func makeChain(ctx context.Context, c *Config, p *plan, holders map[string]wallet) error {
	home := nodeIn(c.Home)
	out, err := command(ctx, c.Gotensord, "init", "localnet", "--home", home, "--target-block-ms", strconv.Itoa(genesis.LocalnetBlockMs), "--minimum-gas-prices", "0atao",
		"--grpc", p.Network.GRPC, "--rpc", p.Network.RPC[len("http://"):], "--api", p.Network.REST[len("http://"):], "--p2p", p.P2P)
	if err != nil {
		return err
	}
	var made struct {
		ConsensusPubKey []byte `json:"consensus_pubkey"`
	}
	if err := json.Unmarshal(out, &made); err != nil || len(made.ConsensusPubKey) != 32 {
		return fmt.Errorf("gotensord init gave no consensus key: %s", out)
	}
	spec, err := specOf(c, p, holders, made.ConsensusPubKey)
	if err != nil {
		return err
	}
	path := filepath.Join(c.Home, "spec.json")
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the specification: %w", err)
	}
	if err := spec.Write(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write the specification: %w", err)
	}
	_, err = command(ctx, c.Gotensord, "genesis", "make", "--spec", path, "--home", home)
	return err
}

func specOf(c *Config, p *plan, holders map[string]wallet, producerKey []byte) (genesis.Spec, error) {
	slow := c.slowModel()
	mechanism, err := json.Marshal(settings(slow, p.Rule))
	if err != nil {
		return genesis.Spec{}, fmt.Errorf("encode settings: %w", err)
	}
	o := genesis.LocalnetOptions{
		ChainID: chainID, GenesisTime: time.Now(), Settings: mechanism,
		Hyperparameters: map[string]int64{"tempo": tempo(slow), "immunity_period": 20 * tempo(slow)},
		Accounts:        []genesis.Account{{Address: keys.Account(holders["rich"].cold), Balance: richBalance}},
		Validators: []genesis.Validator{{
			Moniker: "node", Operator: keys.Account(holders["node"].cold), ConsensusPubKey: producerKey, Stake: producerStake, Producer: true,
		}},
	}
	for _, name := range p.Validators {
		w := holders[name]
		// No node has this key: these validators judge models and leave the blocks to the producer.
		noNode := chain.NoNodeKey(w.cold)
		o.Accounts = append(o.Accounts, genesis.Account{Address: keys.Account(w.cold), Balance: pocketMoney})
		o.Validators = append(o.Validators, genesis.Validator{
			Moniker: name, Operator: keys.Account(w.cold), ConsensusPubKey: noNode[:], Stake: validatorStake, CommissionPpm: 180_000, Hotkey: keys.Account(w.hot),
		})
	}
	spec := genesis.Localnet(o)
	if len(p.Plugins) > 0 {
		return spec, addSecond(&spec, slow)
	}
	return spec, nil
}
