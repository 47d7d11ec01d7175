//go:build attacks

package attacks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/port"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
)

const (
	netuid = 1
	// Rounds are slower than a localnet's, and ten fit into a period.
	deadlineMs, roundMs, tempoMs = 2_800, 3_400, 34_000
	// referenceBytes of each book train the validators' reference: weak models gain over it too.
	referenceBytes = 500
	// soon bounds what takes seconds where nothing else runs, stopWithin a stop.
	soon       = 2 * time.Minute
	stopWithin = 40 * time.Second
	pollEvery  = 200 * time.Millisecond
)

// network is a chain and its processes, all in one folder.
type network struct {
	bin, home  string
	at         chain.Network
	node       *chain.Client
	validators []string
}

// newNetwork lays a chain out, starts its node and its validators, and stops all when the test ends.
func newNetwork(t *testing.T, validators int) *network {
	t.Helper()
	n := &network{bin: os.Getenv("GOTENSOR_BUILD"), home: t.TempDir()}
	if n.bin == "" {
		n.bin = filepath.Join("..", "..", "build")
	}
	var err error
	n.bin, err = filepath.Abs(n.bin)
	require.NoError(t, err)
	for _, name := range []string{"gotensor", "gotensord", "gotensor-attacker"} {
		_, err := os.Stat(filepath.Join(n.bin, name))
		require.NoErrorf(t, err, "%s is not built: `make attacks` builds it", name)
	}
	require.NoError(t, os.Mkdir(n.path("logs"), 0o755))
	spec := n.layOut(t, validators)
	f, err := os.Create(n.path("spec.json"))
	require.NoError(t, err)
	require.NoError(t, spec.Write(f))
	require.NoError(t, f.Close())
	n.run(t, "gotensord", "genesis", "make", "--spec", n.path("spec.json"), "--home", n.path("node"))
	data, err := json.Marshal(n.at)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(n.path(chain.NetworkFile), data, 0o600))

	n.launch(t, "node", "gotensord", "start", "--home", n.path("node"), "--log_no_color", "--log_level", "info")
	n.node, err = chain.Dial(n.at.GRPC, chain.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { n.node.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, err = n.node.WaitHeight(ctx, 1)
	require.NoError(t, err, "the node makes no blocks")
	ask := []string{"validator", "run", "--reference-bytes", strconv.Itoa(referenceBytes)}
	for _, path := range n.texts(t) {
		ask = append(ask, "--source", path)
	}
	for _, name := range n.validators {
		n.role(t, name, ask...)
	}
	return n
}

func (n *network) path(name ...string) string {
	return filepath.Join(append([]string{n.home}, name...)...)
}

// layOut makes the node's home and the wallets, and says what the chain begins with.
func (n *network) layOut(t *testing.T, validators int) genesis.Spec {
	t.Helper()
	ports, err := port.Free(4)
	require.NoError(t, err)
	n.at = chain.Network{Name: "attacks", ChainID: "gotensor-attacks", GRPC: ports[0], RPC: "http://" + ports[1], REST: "http://" + ports[2]}
	var made struct {
		ConsensusPubKey []byte `json:"consensus_pubkey"`
	}
	require.NoError(t, json.Unmarshal(n.run(t, "gotensord", "init", "attacks", "--home", n.path("node"), "--target-block-ms", strconv.Itoa(genesis.LocalnetBlockMs),
		"--minimum-gas-prices", "0atao", "--grpc", ports[0], "--rpc", ports[1], "--api", ports[2], "--p2p", ports[3]), &made))

	s := text.DefaultSettings()
	s.Items, s.ContextBytes, s.KMax, s.DeadlineMs, s.RoundMs, s.FirstPieceMs = 33, 96, 128, deadlineMs, roundMs, 500
	settings, err := json.Marshal(s)
	require.NoError(t, err)
	cold, _ := n.wallet(t, "node")
	o := genesis.LocalnetOptions{
		ChainID: n.at.ChainID, GenesisTime: time.Now(), Settings: settings,
		Hyperparameters: map[string]int64{
			"tempo": tempoMs, "immunity_period": 100 * tempoMs, "target_registrations_per_interval": 40, "initial_difficulty": 100_000,
		},
		Validators: []genesis.Validator{{
			Moniker: "node", Operator: keys.Account(cold), ConsensusPubKey: made.ConsensusPubKey, Stake: 10 * genesis.OneTAO, Producer: true,
		}},
	}
	for i := range validators {
		name := fmt.Sprintf("validator-%d", i+1)
		cold, hot := n.wallet(t, name)
		noNode := chain.NoNodeKey(cold)
		o.Validators = append(o.Validators, genesis.Validator{
			Moniker: name, Operator: keys.Account(cold), ConsensusPubKey: noNode[:], Stake: 1000 * genesis.OneTAO, CommissionPpm: 180_000, Hotkey: keys.Account(hot),
		})
		n.validators = append(n.validators, name)
	}
	return genesis.Localnet(o)
}

// wallet makes one whose hotkey needs no password.
func (n *network) wallet(t *testing.T, name string) (cold, hot gotensor.Address) {
	t.Helper()
	c, err := keys.GenerateKey()
	require.NoError(t, err)
	h, err := keys.GenerateKey()
	require.NoError(t, err)
	store := keys.NewStore(n.path("wallets"))
	_, err = store.WatchColdkey(name, c.PublicKey())
	require.NoError(t, err)
	_, err = store.CreateHotkey(name, "default", h, keys.Unencrypted())
	require.NoError(t, err)
	return c.Address(), h.Address()
}

// role runs a validator or a miner with the wallet of its name.
func (n *network) role(t *testing.T, name string, args ...string) {
	t.Helper()
	args = append(args, "--network", n.home, "--wallet-path", n.path("wallets"), "--wallet", name, "--home", n.path("roles", name))
	n.launch(t, name, "gotensor", args...)
}

// launch runs a program until the test ends.
func (n *network) launch(t *testing.T, name, program string, args ...string) {
	t.Helper()
	log, err := os.Create(n.path("logs", name+".log"))
	require.NoError(t, err)
	defer log.Close()
	cmd := exec.Command(filepath.Join(n.bin, program), args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = log, log, time.Second
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		select {
		case <-ended:
			t.Errorf("%s ended by itself", name)
		default:
		}
		if t.Failed() {
			t.Logf("end of %s's log:\n%s", name, tail(log.Name(), 8))
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("stop %s: %v", name, err)
		}
		select {
		case <-ended:
		case <-time.After(stopWithin):
			t.Errorf("%s did not stop within %s and is killed", name, stopWithin)
			_ = cmd.Process.Kill()
			<-ended
		}
	})
}

// run runs a command to its end and returns what it printed.
func (n *network) run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(n.bin, program), args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	require.NoErrorf(t, cmd.Run(), "%s %s: %s", program, strings.Join(args, " "), &complaint)
	return out.Bytes()
}

// tail returns the last lines of a file.
func tail(path string, lines int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// eventually waits until f finds nothing wrong, and tells the last thing that was wrong when time is over.
func eventually(t *testing.T, within time.Duration, what string, f func() error) {
	t.Helper()
	end := time.After(within)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-end:
			require.FailNowf(t, what, "not within %s: %v", within, err)
		case <-tick.C:
		}
	}
}
