//go:build e2e && llm

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowRunWithin bounds a run with a language model on one core: its rounds take 14 s, and ten of them come before any pay.
const slowRunWithin = 20 * time.Minute

// TestLanguageModelComesOutOnTop runs a network with a real language model among the miners; GOTENSOR_LLM_PYTHON is a Python that
// has the packages of test/llm/setup.sh.
func TestLanguageModelComesOutOnTop(t *testing.T) {
	python := os.Getenv("GOTENSOR_LLM_PYTHON")
	require.NotEmpty(t, python, "run `make e2e`, which sets GOTENSOR_LLM_PYTHON")
	serve, err := filepath.Abs(filepath.Join("..", "llm", "serve.py"))
	require.NoError(t, err)
	s := newSuite(t)
	out := s.start(t, "--epochs", "2", "--silent-after", "1s", "--llm", python+" "+serve).wait(t, slowRunWithin)
	last := readState(t, out)
	best := last.miner(t, "openai")
	for _, m := range last.Miners {
		t.Logf("%-8s incentive %5d, %d rao", m.Model, m.Incentive, m.RaoEarned)
		if m.Model != "openai" {
			assert.Less(t, m.RaoEarned, best.RaoEarned, m.Model)
			assert.Less(t, m.Incentive, best.Incentive, m.Model)
		}
	}
}
