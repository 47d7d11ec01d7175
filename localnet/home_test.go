package localnet

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/logbook"
	"github.com/gotensor/gotensor/keys"
)

// config is of a network whose programs the test binary plays.
func config(t *testing.T) (Config, *logbook.Book) {
	t.Helper()
	log := &logbook.Book{}
	c := Config{
		Home: filepath.Join(t.TempDir(), "net"), Gotensor: self(t), Gotensord: self(t), Validators: 2, Models: []string{"ngram-2", "silent"}, Log: log.Logger(),
	}
	require.NoError(t, c.fill())
	return c, log
}

// TestLayOut: a new home has all that its programs need, and is taken up as it was.
func TestLayOut(t *testing.T) {
	c, _ := config(t)
	p, leave, err := enter(t.Context(), &c)
	require.NoError(t, err)
	require.Equal(t, []string{"validator-1", "validator-2"}, p.Validators)
	require.Equal(t, []minerPlan{{"miner-1", "ngram-2"}, {"miner-2", "silent"}}, p.Miners)
	network, err := chain.FindNetwork(c.Home)
	require.NoError(t, err)
	require.Equal(t, p.Network, network)
	for _, name := range []string{"node", "rich", "gateway", "validator-1", "validator-2", "miner-1", "miner-2"} {
		hot, _, err := c.wallets().HotkeyPublic(name, "default")
		require.NoError(t, err)
		require.False(t, hot.Address.IsZero())
		_, err = c.wallets().ColdkeyPublic(name)
		require.NoError(t, err)
	}
	var spec struct {
		ChainID    string           `json:"chain_id"`
		Validators []map[string]any `json:"validators"`
	}
	data, err := os.ReadFile(filepath.Join(c.Home, "spec.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &spec))
	require.Equal(t, chainID, spec.ChainID)
	require.Len(t, spec.Validators, 3, "the producer and two that judge")
	info, err := os.Stat(passwordIn(c.Home))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	_, _, err = enter(t.Context(), &c)
	require.ErrorIs(t, err, ErrRunning)
	leave()
	again := c
	again.Validators, again.Models = 5, []string{"garbage"}
	q, leave, err := enter(t.Context(), &again)
	require.NoError(t, err)
	leave()
	require.Equal(t, p, q, "as it was, whatever is asked for now")
}

// TestRuleOfAHome: validators pay by the rule that the chain was made with.
func TestRuleOfAHome(t *testing.T) {
	for given, want := range map[string]string{"": "gain", "winner": "winner"} {
		t.Run(want, func(t *testing.T) {
			c, _ := config(t)
			c.Rule = given
			_, leave, err := enter(t.Context(), &c)
			require.NoError(t, err)
			leave()
			data, err := os.ReadFile(filepath.Join(c.Home, "spec.json"))
			require.NoError(t, err)
			require.Contains(t, string(data), fmt.Sprintf(`"rule": %q`, want))

			c.Rule = "equal"
			_, _, err = enter(t.Context(), &c)
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, fmt.Sprintf("was made with the rule %q", want))
			for _, same := range []string{"", want} {
				c.Rule = same
				_, leave, err = enter(t.Context(), &c)
				require.NoError(t, err)
				leave()
			}
		})
	}
}

func TestEnterRefuses(t *testing.T) {
	write := func(c *Config, name, text string) {
		require.NoError(t, os.MkdirAll(c.Home, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(c.Home, name), []byte(text), 0o600))
	}
	for _, tc := range []struct {
		name string
		make func(c *Config)
		says string
	}{
		{"somebody's folder", func(c *Config) { write(c, "thesis.tex", "x") }, "neither empty nor the home of a localnet"},
		{"one that was laid out half", func(c *Config) { write(c, "lock", ""); write(c, "network.json", "{}") }, "neither empty nor the home of a localnet"},
		{"a damaged plan", func(c *Config) { write(c, "localnet.json", "{") }, "damaged or of another version"},
		{"a plan of another version", func(c *Config) { write(c, "localnet.json", `{"version":7}`) }, "(7, want 1)"},
		{"an empty plan", func(c *Config) { write(c, "localnet.json", `{"version":1}`) }, "no validators or no address"},
		{"a plan that leads elsewhere", func(c *Config) {
			write(c, "localnet.json", `{"version":1,"validators":["validator-1/../../x"],"network":{"grpc":"127.0.0.1:1"}}`)
		}, `wallet "validator-1/../../x"`},
		{"a language model in a network of short rounds", func(c *Config) {
			c.OpenAIURL = "http://127.0.0.1:1"
			write(c, "localnet.json", `{"version":1,"validators":["validator-1"],"network":{"grpc":"127.0.0.1:1"}}`)
		}, "its rounds are too short for one"},
		{"a home below a file", func(c *Config) { write(c, "file", ""); c.Home = filepath.Join(c.Home, "file", "net") }, "home"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, _ := config(t)
			tc.make(&c)
			before, _ := os.ReadDir(c.Home)
			_, _, err := enter(t.Context(), &c)
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, tc.says)
			require.ErrorContains(t, err, filepath.Dir(c.Home))
			if len(before) == 1 && before[0].Name() == "thesis.tex" {
				after, err := os.ReadDir(c.Home)
				require.NoError(t, err)
				require.Len(t, after, 1, "nothing was put into it")
			}
		})
	}
}

// TestLayOutFails: what could not be finished is taken away, so that the next try begins anew.
func TestLayOutFails(t *testing.T) {
	c, _ := config(t)
	good := c.Gotensord
	c.Gotensord = filepath.Join(t.TempDir(), "none")
	_, _, err := enter(t.Context(), &c)
	require.ErrorContains(t, err, "none init")
	there, err := contents(c.Home)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"lock": true}, there)
	c.Gotensord = good
	_, leave, err := enter(t.Context(), &c)
	require.NoError(t, err)
	leave()
}

func TestFill(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"9 validators":      func(c *Config) { c.Validators = 9 },
		"-1 validators":     func(c *Config) { c.Validators = -1 },
		"model \"a b\"":     func(c *Config) { c.Models = []string{"a b"} },
		"model \"../x\"":    func(c *Config) { c.Models = []string{"../x"} },
		"both binaries are": func(c *Config) { c.Gotensord = "" },
		"rule is \"fair\"":  func(c *Config) { c.Rule = "fair" },
	} {
		t.Run(name, func(t *testing.T) {
			c := Config{Home: "x", Gotensor: "a", Gotensord: "b"}
			spoil(&c)
			err := c.fill()
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, name)
		})
	}
	c := Config{Home: "x", Gotensor: "a", Gotensord: "b"}
	require.NoError(t, c.fill())
	require.Equal(t, 3, c.Validators)
	require.Equal(t, DefaultModels(), c.Models)
	require.True(t, filepath.IsAbs(c.Home))
}

// TestRoles: each role gets its own home and wallet, and what its model needs.
func TestRoles(t *testing.T) {
	c, _ := config(t)
	c.OpenAIModel = "m"
	all := c.roles(&plan{Validators: []string{"validator-1"}, Miners: []minerPlan{{"miner-1", "ngram-2"}, {"miner-2", "silent"}, {"miner-3", "openai"}}}, "http://u")
	require.Len(t, all, 4)
	for i, want := range [][]string{
		{"validator", "run"},
		{"miner", "run", "--model", "ngram-2"},
		{"miner", "run", "--model", "silent", "--silent-after", "1m0s"},
		{"miner", "run", "--model", "openai", "--openai-url", "http://u", "--openai-model", "m"},
	} {
		require.Equal(t, want, all[i].args[:len(want)])
		require.Equal(t, all[i].name, flag(all[i].args, "--wallet"))
		require.Equal(t, roleIn(c.Home, all[i].name), flag(all[i].args, "--home"))
		require.Equal(t, c.Home, flag(all[i].args, "--network"))
		require.NotContains(t, all[i].args, "--at-once", "there is no gateway")
	}
	gateway, err := makeWallet(&c, gatewayName)
	require.NoError(t, err)
	all = c.roles(&plan{Gateway: "127.0.0.1:1", Validators: []string{"validator-1"}, Miners: []minerPlan{{"miner-1", "ngram-2"}}}, "")
	require.NotContains(t, all[0].args, "--at-once")
	require.Equal(t, keys.Account(gateway.hot), flag(all[1].args, "--at-once"))
}
