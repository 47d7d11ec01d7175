package localnet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/internal/port"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
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
func walletsIn(dir string) string    { return filepath.Join(dir, "wallets") }
func nodeIn(dir string) string       { return filepath.Join(dir, "node") }
func logsIn(dir string) string       { return filepath.Join(dir, "logs") }
func roleIn(dir, name string) string { return filepath.Join(dir, "roles", name) }
func passwordIn(dir string) string   { return filepath.Join(dir, "password") }
func planIn(dir string) string       { return filepath.Join(dir, "localnet.json") }
func (c *Config) wallets() *keys.Store {
	return keys.NewStore(walletsIn(c.Home), keys.WithWorkFactor(cheap))
}
func networkIn(dir string) string { return filepath.Join(dir, chain.NetworkFile) }

// enter takes a home for this program alone and lays it out, or takes up what is there. A folder with other things in it is refused
// and not touched.
func enter(ctx context.Context, c *Config) (p *plan, leave func(), err error) {
	if err := os.MkdirAll(c.Home, 0o755); err != nil {
		return nil, nil, fmt.Errorf("%w: home: %w", ErrConfig, err)
	}
	there, err := contents(c.Home)
	if err != nil {
		return nil, nil, err
	}
	if len(there) > 0 && !there[home.LockFile] && !there[filepath.Base(planIn(c.Home))] {
		return nil, nil, errForeign(c)
	}
	leave, err = home.Lock(c.Home)
	if errors.Is(err, home.ErrInUse) {
		return nil, nil, fmt.Errorf("%w: %s", ErrRunning, c.Home)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if p, err = layOut(ctx, c); err != nil {
		leave()
		return nil, nil, err
	}
	return p, leave, nil
}

func errForeign(c *Config) error {
	return fmt.Errorf("%w: %s is neither empty nor the home of a localnet: name another folder with --home", ErrConfig, c.Home)
}

// layOut makes a new home, or reads what an old one was made for. One that was laid out only half is refused: nothing in it is
// worth keeping, but it may hold what a person put there. Where laying out fails, nothing is left.
func layOut(ctx context.Context, c *Config) (p *plan, err error) {
	data, err := os.ReadFile(planIn(c.Home))
	if err == nil {
		if p, err = readPlan(c, data); err != nil {
			return nil, err
		}
		return p, addGateway(c, p)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	there, err := contents(c.Home)
	if err != nil {
		return nil, err
	}
	delete(there, home.LockFile)
	if len(there) > 0 {
		return nil, errForeign(c)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, empty(c.Home))
		}
	}()
	if p, err = newPlan(c); err != nil {
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

// contents are the names in a folder.
func contents(dir string) (map[string]bool, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: home: %w", ErrConfig, err)
	}
	out := map[string]bool{}
	for _, e := range entries {
		out[e.Name()] = true
	}
	return out, nil
}

// empty removes what is in a folder but its lock.
func empty(dir string) error {
	there, err := contents(dir)
	if err != nil {
		return err
	}
	delete(there, home.LockFile)
	for name := range there {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
	}
	return err
}

// readPlan takes an old home up. Its ports may be taken by now; then the node says so.
func readPlan(c *Config, data []byte) (*plan, error) {
	var p plan
	if err := json.Unmarshal(data, &p); err != nil || p.Version != planVersion {
		return nil, fmt.Errorf("%w: %s is damaged or of another version (%d, want %d): name another folder with --home", ErrConfig, planIn(c.Home), p.Version, planVersion)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%w: %s is damaged: %w: name another folder with --home", ErrConfig, planIn(c.Home), err)
	}
	if c.slowModel() && !slices.ContainsFunc(p.Miners, func(m minerPlan) bool { return m.Model == "openai" }) {
		return nil, fmt.Errorf("%w: %s was made without a language model, and its rounds are too short for one: name another folder with --home", ErrConfig, c.Home)
	}
	if n := 1 + min(1, len(p.Plugins)); c.Subnets > n || n > 1 && len(c.Plugin) == 0 {
		return nil, fmt.Errorf("%w: %s was made with --subnets %d: give the same, or name another folder with --home", ErrConfig, c.Home, n)
	}
	if made := cmp.Or(p.Rule, text.RuleGain); c.Rule != "" && c.Rule != made {
		return nil, fmt.Errorf("%w: %s was made with the rule %q: give the same, or name another folder with --home", ErrConfig, c.Home, made)
	}
	return &p, nil
}

// check fails for a plan that this package has not written: its names become paths and arguments.
func (p *plan) check() error {
	if len(p.Validators) == 0 || p.Network.GRPC == "" {
		return errors.New("it has no validators or no address")
	}
	if at, err := netip.ParseAddrPort(p.Gateway); p.Gateway != "" && (err != nil || !at.Addr().IsLoopback()) {
		return fmt.Errorf("gateway %q, want an address of this machine", p.Gateway)
	}
	names := slices.Clone(p.Validators)
	for _, m := range p.everyMiner() {
		names = append(names, m.Wallet)
		if strings.HasPrefix(m.Model, "-") {
			return fmt.Errorf("model %q", m.Model)
		}
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "validator-") && !strings.HasPrefix(name, "miner-") || strings.ContainsAny(name, "/\\") {
			return fmt.Errorf("wallet %q", name)
		}
	}
	return nil
}

func newPlan(c *Config) (*plan, error) {
	p := &plan{Version: planVersion, Rule: c.Rule}
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
	p.planSecond(c)
	ports, err := port.Free(4)
	if err != nil {
		return nil, err
	}
	p.Network = chain.Network{Name: "localnet", ChainID: chainID, GRPC: ports[0], RPC: "http://" + ports[1], REST: "http://" + ports[2]}
	p.P2P = ports[3]
	return p, planGateway(c, p)
}

// makeWallets makes a wallet for everybody: an encrypted coldkey, and a hotkey that processes can open by themselves.
func makeWallets(c *Config, p *plan) (map[string]wallet, error) {
	names := append([]string{"node", "rich", gatewayName}, p.Validators...)
	for _, m := range p.everyMiner() {
		names = append(names, m.Wallet)
	}
	out := map[string]wallet{}
	for _, name := range names {
		w, err := makeWallet(c, name)
		if err != nil {
			return nil, err
		}
		out[name] = w
	}
	return out, nil
}

func makeWallet(c *Config, name string) (wallet, error) {
	words, err := keys.NewMnemonic(12)
	if err != nil {
		return wallet{}, err
	}
	cold, err := words.Derive(0)
	if err != nil {
		return wallet{}, err
	}
	hot, err := keys.GenerateKey()
	if err != nil {
		return wallet{}, err
	}
	store := c.wallets()
	if _, err := store.CreateColdkey(name, cold, password); err != nil {
		return wallet{}, err
	}
	if _, err := store.CreateHotkey(name, "default", hot, keys.Unencrypted()); err != nil {
		return wallet{}, err
	}
	return wallet{cold: cold.Address(), hot: hot.Address()}, nil
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
