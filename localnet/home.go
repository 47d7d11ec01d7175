package localnet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

const (
	planVersion = 1
	// chainID names the localnet's chain; two localnets never meet, as their nodes have other keys.
	chainID = "gotensor-local"
	// password of the wallets' coldkeys. They hold TAO that is worth nothing, and the file with it lies beside them.
	password = "localnet"
	// cheap is the work of guessing that password, as small as it gets.
	cheap = 8
)

// Paths within a home.
func walletsIn(home string) string    { return filepath.Join(home, "wallets") }
func nodeIn(home string) string       { return filepath.Join(home, "node") }
func logsIn(home string) string       { return filepath.Join(home, "logs") }
func roleIn(home, name string) string { return filepath.Join(home, "roles", name) }
func passwordIn(home string) string   { return filepath.Join(home, "password") }
func planIn(home string) string       { return filepath.Join(home, "localnet.json") }
func (c *Config) wallets() *keys.Store {
	return keys.NewStore(walletsIn(c.Home), keys.WithWorkFactor(cheap))
}
func networkIn(home string) string { return filepath.Join(home, chain.NetworkFile) }

// layOut makes a new home, or reads what an old one was made for. A home that was laid out only half is refused: nothing in it is
// worth keeping, but it may hold what a person put there.
func layOut(ctx context.Context, c *Config) (*plan, error) {
	data, err := os.ReadFile(planIn(c.Home))
	if err == nil {
		return readPlan(c, data)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := os.MkdirAll(c.Home, 0o755); err != nil {
		return nil, fmt.Errorf("%w: home: %w", ErrConfig, err)
	}
	if entries, err := os.ReadDir(c.Home); err != nil || len(entries) > 0 {
		return nil, fmt.Errorf("%w: %s is neither empty nor the home of a localnet: name another folder with --home", ErrConfig, c.Home)
	}
	p, err := newPlan(c)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(passwordIn(c.Home), []byte(password+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("lay out %s: %w", c.Home, err)
	}
	holders, err := makeWallets(c, p)
	if err != nil {
		return nil, err
	}
	if err := makeChain(ctx, c, p, holders); err != nil {
		return nil, err
	}
	if err := writeJSON(networkIn(c.Home), p.Network); err != nil {
		return nil, err
	}
	return p, writeJSON(planIn(c.Home), p) // last: now the home is whole
}

// readPlan takes an old home up. Its ports may be taken by now; then the node says so.
func readPlan(c *Config, data []byte) (*plan, error) {
	var p plan
	if err := json.Unmarshal(data, &p); err != nil || p.Version != planVersion {
		return nil, fmt.Errorf("%w: %s is damaged or of another version (%d, want %d): name another folder with --home", ErrConfig, planIn(c.Home), p.Version, planVersion)
	}
	if c.slowModel() {
		for _, m := range p.Miners {
			if m.Model == "openai" {
				return &p, nil
			}
		}
		return nil, fmt.Errorf("%w: %s was made without a language model, and its rounds are too short for one: name another folder with --home", ErrConfig, c.Home)
	}
	return &p, nil
}

func newPlan(c *Config) (*plan, error) {
	p := &plan{Version: planVersion}
	for i := range c.Validators {
		p.Validators = append(p.Validators, fmt.Sprintf("validator-%d", i+1))
	}
	models := c.Models
	if c.slowModel() {
		models = append(models[:len(models):len(models)], "openai")
	}
	for i, m := range models {
		p.Miners = append(p.Miners, minerPlan{Wallet: fmt.Sprintf("miner-%d", i+1), Model: m})
	}
	ports, err := freePorts(4)
	if err != nil {
		return nil, err
	}
	p.Network = chain.Network{Name: "localnet", ChainID: chainID, GRPC: ports[0], RPC: "http://" + ports[1], REST: "http://" + ports[2]}
	p.P2P = ports[3]
	return p, nil
}

// freePorts finds ports that nobody uses now. All are held until all are found, so that none is found twice.
func freePorts(n int) ([]string, error) {
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		out = append(out, l.Addr().String())
	}
	return out, nil
}

// makeWallets makes a wallet for everybody: an encrypted coldkey, and a hotkey that processes can open by themselves.
func makeWallets(c *Config, p *plan) (map[string]wallet, error) {
	names := append([]string{"node", "rich"}, p.Validators...)
	for _, m := range p.Miners {
		names = append(names, m.Wallet)
	}
	out := map[string]wallet{}
	for _, name := range names {
		words, err := keys.NewMnemonic(12)
		if err != nil {
			return nil, err
		}
		cold, err := words.Derive(0)
		if err != nil {
			return nil, err
		}
		hot, err := keys.GenerateKey()
		if err != nil {
			return nil, err
		}
		store := c.wallets()
		if _, err := store.CreateColdkey(name, cold, password); err != nil {
			return nil, err
		}
		if _, err := store.CreateHotkey(name, "default", hot, keys.Unencrypted()); err != nil {
			return nil, err
		}
		out[name] = wallet{cold: cold.Address(), hot: hot.Address()}
	}
	return out, nil
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	if err := renameio.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// command runs a short command of the node to its end and returns what it printed; an error holds what it complained about.
func command(ctx context.Context, path string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(path), strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}
