//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stateOfSubnets is what --subnets adds to the answer of `gotensor localnet`.
type stateOfSubnets struct {
	state
	Subnets []struct {
		state
		NetUID    int    `json:"netuid"`
		Mechanism string `json:"mechanism"`
	} `json:"subnets"`
}

// Two subnets of different mechanisms on one chain: text, and plug-ins that factor numbers. The better factorer earns more; applications and
// people reach it through the gateway and the command line.
func TestTwoSubnets(t *testing.T) {
	s := newSuite(t)
	p := s.start(t, "--subnets", "2", "--epochs", "2", "--validators", "2", "--models", "ngram-4", "--plugin", filepath.Join(s.bin, "gotensor-plugin-factor"))
	s.connect(t)
	ctx, cancel := context.WithTimeout(t.Context(), epochs)
	defer cancel()
	call := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "gotensor"), append([]string{
			"call", "--network", s.home, "--wallet-path", filepath.Join(s.home, "wallets"), "--wallet", "validator-1", "--netuid", "2", "-o", "json",
		}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			return out, fmt.Errorf("%w: %s", err, out)
		}
		return out, nil
	}
	var answer struct {
		Output struct {
			Factors []string `json:"factors"`
		} `json:"output"`
	}
	eventually(t, soon, "a call from the command line", func() error {
		out, err := call("factor", `{"n": "15"}`)
		if err != nil {
			return err
		}
		return json.Unmarshal(out, &answer)
	})
	require.ElementsMatch(t, []string{"3", "5"}, answer.Output.Factors)
	eventually(t, soon, "a call through the gateway", func() error {
		res, err := http.Post(s.gatewayURL()+"/v1/subnets/2/factor", "application/json", strings.NewReader(`{"n": "21"}`))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Gt-Uid") == "" {
			return fmt.Errorf("status %d: %s (%w)", res.StatusCode, body, err)
		}
		return json.Unmarshal(body, &answer.Output)
	})
	require.ElementsMatch(t, []string{"3", "7"}, answer.Output.Factors)

	var last stateOfSubnets
	require.NoError(t, json.Unmarshal(p.wait(t, epochs+time.Minute), &last))
	require.GreaterOrEqual(t, last.PaidEpochs, uint64(2))
	require.Positive(t, last.miner(t, "ngram-4").RaoEarned)
	require.Len(t, last.Subnets, 1)
	other := last.Subnets[0]
	require.Equal(t, 2, other.NetUID)
	require.Equal(t, "custom", other.Mechanism)
	require.GreaterOrEqual(t, other.PaidEpochs, uint64(2))
	best, middle, worst := other.miner(t, "rho-64"), other.miner(t, "rho-44"), other.miner(t, "rho-24")
	require.Greater(t, best.RaoEarned, middle.RaoEarned)
	require.Greater(t, middle.RaoEarned, worst.RaoEarned)
	require.Positive(t, worst.RaoEarned)
}

// gatewayURL is where the network's gateway serves.
func (s *suite) gatewayURL() string {
	var n struct {
		Gateway string `json:"gateway"`
	}
	if data, err := os.ReadFile(filepath.Join(s.home, "network.json")); err == nil {
		_ = json.Unmarshal(data, &n) // a try that finds none is made again
	}
	return n.Gateway
}
