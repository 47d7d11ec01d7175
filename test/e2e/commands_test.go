//go:build e2e

package e2e

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
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gotensor runs a command against the network with its wallets, as from a second terminal, and returns its exit code.
func (s *suite) gotensor(t *testing.T, args ...string) (out []byte, complaint string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "gotensor"), append(args, "--output", "json")...)
	cmd.Env = append(os.Environ(), "GOTENSOR_NETWORK="+s.home, "GOTENSOR_WALLETS="+filepath.Join(s.home, "wallets"),
		"GOTENSOR_PASSWORD_FILE="+filepath.Join(s.home, "password"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return stdout.Bytes(), stderr.String(), cmd.ProcessState.ExitCode()
}

// ask runs a command that must succeed and reads its JSON.
func ask[T any](t *testing.T, s *suite, args ...string) T {
	t.Helper()
	out, complaint, code := s.gotensor(t, args...)
	require.Zerof(t, code, "gotensor %v: exit code %d: %s", args, code, complaint)
	var v T
	require.NoErrorf(t, json.Unmarshal(out, &v), "gotensor %v: %s", args, out)
	return v
}

type balance struct {
	Address   string `json:"address"`
	Free      uint64 `json:"rao_free"`
	Staked    uint64 `json:"rao_staked"`
	Claimable uint64 `json:"rao_claimable"`
}

type sent struct {
	Tx struct {
		Hash   string `json:"hash"`
		Height uint64 `json:"height"`
	} `json:"tx"`
}

const oneTAO = 1_000_000_000

// commands are what people do from a second terminal.
func commands(t *testing.T, s *suite) {
	t.Helper()
	t.Run("look", func(t *testing.T) { look(t, s) })
	t.Run("explain", func(t *testing.T) { explain(t, s) })
	t.Run("transfer", func(t *testing.T) { transfer(t, s) })
	t.Run("stake", func(t *testing.T) { stake(t, s) })
	t.Run("register by burn", func(t *testing.T) { burn(t, s) })
	t.Run("query", func(t *testing.T) { query(t, s) })
	t.Run("exit codes", func(t *testing.T) { exitCodes(t, s) })
}

func look(t *testing.T, s *suite) {
	t.Helper()
	list := ask[struct {
		Subnets []struct {
			NetUID    int    `json:"netuid"`
			Mechanism string `json:"mechanism"`
		} `json:"subnets"`
	}](t, s, "subnet", "list")
	require.Len(t, list.Subnets, 1)
	assert.Equal(t, netuid, list.Subnets[0].NetUID)
	assert.Equal(t, "text", list.Subnets[0].Mechanism)

	m := ask[struct {
		Neurons []struct {
			Hotkey string `json:"hotkey"`
			Permit bool   `json:"permit"`
			Axon   string `json:"axon"`
		} `json:"neurons"`
	}](t, s, "subnet", "metagraph")
	known, permits, serve := s.after.first.hotkeys(), 0, 0
	for _, n := range m.Neurons {
		if n.Permit {
			permits++
		}
		if n.Axon != "" {
			serve++
		}
		delete(known, n.Hotkey)
	}
	assert.Empty(t, known, "all neurons of the first run are there")
	assert.Equal(t, 3, permits)
	assert.GreaterOrEqual(t, serve, 5)

	h := ask[struct {
		Hyperparameters []struct {
			Name  string `json:"name"`
			Value int64  `json:"value"`
			Unit  string `json:"unit"`
		} `json:"hyperparameters"`
	}](t, s, "subnet", "hyperparameters", "--name", "tempo")
	require.Len(t, h.Hyperparameters, 1)
	assert.Equal(t, "ms", h.Hyperparameters[0].Unit)
	assert.Positive(t, h.Hyperparameters[0].Value)

	w := ask[struct {
		Rows []struct {
			Weights []struct {
				UID   int     `json:"uid"`
				Share float64 `json:"share"`
			} `json:"weights"`
		} `json:"rows"`
	}](t, s, "weights", "show")
	require.Len(t, w.Rows, 3)
	for _, row := range w.Rows {
		share := map[int]float64{}
		for _, x := range row.Weights {
			share[x.UID] = x.Share
		}
		of := func(model string) float64 { return share[s.after.first.miner(t, model).UID] }
		assert.Greater(t, of("ngram-6"), of("ngram-4"))
		assert.Greater(t, of("ngram-4"), of("ngram-2"))
		assert.Zero(t, of("garbage"))
	}
}

func transfer(t *testing.T, s *suite) {
	t.Helper()
	made := ask[struct {
		Coldkey struct {
			Address string `json:"address"`
		} `json:"coldkey"`
	}](t, s, "wallet", "create", "--wallet", "friend")
	before := ask[balance](t, s, "wallet", "balance", "--wallet", "rich")
	ask[sent](t, s, "wallet", "transfer", "--wallet", "rich", "--to", made.Coldkey.Address, "--amount", "12.500000001", "--yes")
	got := ask[balance](t, s, "wallet", "balance", "--wallet", "friend")
	assert.Equal(t, made.Coldkey.Address, got.Address)
	assert.Equal(t, uint64(12_500_000_001), got.Free, "to the rao")
	left := ask[balance](t, s, "wallet", "balance", "--wallet", "rich")
	assert.Equal(t, before.Free-12_500_000_001, left.Free, "no fee on this network")
}

func stake(t *testing.T, s *suite) {
	t.Helper()
	v := s.after.first.Validators[0]
	before, _, err := s.neuron(t, v.Hotkey)
	require.NoError(t, err)
	ask[sent](t, s, "stake", "add", "--wallet", "rich", "--validator", strconv.Itoa(v.UID), "--amount", "100", "--yes")
	after, _, err := s.neuron(t, v.Hotkey)
	require.NoError(t, err)
	assert.Equal(t, before.Stake+100*oneTAO, after.Stake)
	assert.Equal(t, uint64(100*oneTAO), ask[balance](t, s, "wallet", "balance", "--wallet", "rich").Staked)
}

// burn registers a hotkey by burning TAO, so that the supply is not only what was issued.
func burn(t *testing.T, s *suite) {
	t.Helper()
	n := s.metagraph(t).N()
	before := ask[balance](t, s, "wallet", "balance", "--wallet", "rich")
	r := ask[sent](t, s, "subnet", "register", "--wallet", "rich", "--burn", "--yes")
	var answer struct {
		Response struct {
			Events []struct {
				Type       string
				Attributes []struct{ Key, Value string }
			}
		} `json:"tx_response"`
	}
	require.NoError(t, get(s.network.REST+"/cosmos/tx/v1beta1/txs/"+r.Tx.Hash, 0, &answer))
	var paid uint64
	for _, e := range answer.Response.Events {
		for _, a := range e.Attributes {
			if e.Type == "gotensor.neuron.v1.EventRegistered" && a.Key == "paid" {
				var err error
				paid, err = strconv.ParseUint(string(bytes.Trim([]byte(a.Value), `"`)), 10, 64)
				require.NoError(t, err)
			}
		}
	}
	require.NotZero(t, paid, "the event says what was paid: %v", answer.Response.Events)
	s.spent.Add(&s.spent, atao(paid))
	after := ask[balance](t, s, "wallet", "balance", "--wallet", "rich")
	assert.LessOrEqual(t, before.Free-paid, after.Free, "no more was taken than the event says")
	assert.Greater(t, s.metagraph(t).N(), n)
}

func query(t *testing.T, s *suite) {
	t.Helper()
	v := ask[struct {
		Answers []struct {
			Model      string `json:"model"`
			Candidates []struct {
				Text        string  `json:"text"`
				Probability float64 `json:"probability"`
			} `json:"candidates"`
		} `json:"answers"`
	}](t, s, "query", "--wallet", "rich", "Tom looked at the")
	require.Len(t, v.Answers, 1)
	assert.Equal(t, "ngram-6", v.Answers[0].Model, "the best is asked")
	require.NotEmpty(t, v.Answers[0].Candidates)
	assert.Positive(t, v.Answers[0].Candidates[0].Probability)
}

func exitCodes(t *testing.T, s *suite) {
	t.Helper()
	to := ask[balance](t, s, "wallet", "balance", "--wallet", "friend").Address
	for _, c := range []struct {
		name string
		code int
		args []string
	}{
		{"usage", 2, []string{"subnet", "metagraph", "--sort", "luck"}},
		{"no node", 3, []string{"subnet", "list", "--network", "127.0.0.1:1"}},
		{"more than there is", 4, []string{"wallet", "transfer", "--wallet", "friend", "--to", s.account(t, "rich"), "--amount", "1000000", "--yes"}},
		{"bad address", 2, []string{"wallet", "transfer", "--wallet", "rich", "--to", to[:len(to)-1] + "b", "--amount", "1", "--yes"}},
		{"no wallet", 5, []string{"wallet", "balance", "--wallet", "nobody"}},
		{"no subnet", 5, []string{"subnet", "show", "--netuid", "9"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, complaint, code := s.gotensor(t, c.args...)
			assert.Equalf(t, c.code, code, "%v: %s", c.args, complaint)
			assert.NotEmpty(t, complaint)
		})
	}
}

func (s *suite) account(t *testing.T, wallet string) string {
	t.Helper()
	return ask[balance](t, s, "wallet", "balance", "--wallet", wallet).Address
}

// claim takes the dividends that the stake of an earlier step has earned by now.
func claim(t *testing.T, s *suite) {
	t.Helper()
	before := ask[balance](t, s, "wallet", "balance", "--wallet", "rich")
	eventually(t, epochs, "stake earns", func() error {
		if before = ask[balance](t, s, "wallet", "balance", "--wallet", "rich"); before.Claimable == 0 {
			return fmt.Errorf("nothing to claim yet: %+v", before)
		}
		return nil
	})
	ask[sent](t, s, "stake", "claim", "--wallet", "rich", "--yes")
	after := ask[balance](t, s, "wallet", "balance", "--wallet", "rich")
	assert.GreaterOrEqual(t, after.Free, before.Free+before.Claimable)
}
