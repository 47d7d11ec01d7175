//go:build llm

// Package llm proves with a real small language model that the better model earns more: SmolLM2-135M, served by llama.cpp, gains
// more than the best n-gram over the reference of the local network's validators.
//
//	test/llm/setup.sh && go test -tags llm -v ./test/llm
//
// Its other tests ask the same server for texts, which takes seconds: go test -tags llm -run Real ./test/llm
//
// GOTENSOR_LLM_PYTHON names another Python that has the packages of setup.sh.
package llm

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/internal/port"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/model/openai"
)

const (
	items         = 24 // per source
	contextBytes  = 128
	referenceText = 1000 // bytes per source
	k             = 64
)

func TestLanguageModelGainsMost(t *testing.T) {
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	drawer, err := dataset.NewDrawer(sources, contextBytes, rand.New(rand.NewPCG(5, 6)))
	require.NoError(t, err)
	drawn, err := drawer.Draw(items)
	require.NoError(t, err)
	scorer := newScorer(t, sources)

	best := math.Inf(-1)
	for _, order := range []int{2, 4, 6} {
		m, err := ngram.Train(t.Context(), order, dataset.Text(dataset.Training, sources...), nil)
		require.NoError(t, err)
		best = max(best, gain(t, scorer, m.AtWords(), drawn, k))
	}
	p, err := openai.New(openai.Config{Servers: []openai.Server{{URL: startServer(t, "--parallel", "1")}}, AtWords: true})
	require.NoError(t, err)
	require.NoError(t, p.Probe(t.Context(), k))
	for _, candidates := range []int{16, k, 512} {
		if g := gain(t, scorer, p, drawn, candidates); candidates >= k {
			require.Greater(t, g, best, "k %d", candidates)
		}
	}
}

// newScorer trains the reference on little text, as the local network does.
func newScorer(t *testing.T, sources []dataset.Source) *score.Scorer {
	t.Helper()
	ref, err := ngram.NewReference(t.Context(), dataset.Excerpt(dataset.Reference, referenceText, sources...))
	require.NoError(t, err)
	scorer, err := score.NewScorer(score.Defaults(), ref.AtWords())
	require.NoError(t, err)
	return scorer
}

// gain returns the mean gain in nats and logs it by source.
func gain(t *testing.T, scorer *score.Scorer, p model.Predictor, drawn []dataset.Item, k int) float64 {
	t.Helper()
	contexts := make([][]byte, len(drawn))
	for i := range drawn {
		contexts[i] = drawn[i].Context
	}
	start := time.Now()
	predictions, err := p.Predict(t.Context(), contexts, k)
	require.NoError(t, err)
	spent := time.Since(start)
	sum, sources := 0.0, map[int]float64{}
	for i, it := range drawn {
		q, err := scorer.Open(score.Item{Stratum: it.Source, Context: it.Context, Truth: it.Continuation})
		require.NoError(t, err)
		g, err := q.Gain(score.NewAnswer(scorer.Settings(), predictions[i].Candidates, predictions[i].Floor))
		require.NoError(t, err)
		require.Equal(t, score.OK, g.Verdict)
		sum += g.Nats
		sources[it.Source] += g.Nats * 2 / float64(len(drawn))
	}
	mean := sum / float64(len(drawn))
	t.Logf("%s, k %d: %.2f nats (by source %.2f, %.2f), %.3f s per item", p.Name(), k, mean, sources[0], sources[1], spent.Seconds()/float64(len(drawn)))
	return mean
}

// startServer runs serve.py until the test ends and returns its URL.
func startServer(t *testing.T, flags ...string) string {
	t.Helper()
	python := os.Getenv("GOTENSOR_LLM_PYTHON")
	if python == "" {
		python = filepath.Join("..", "..", ".venv", "bin", "python")
	}
	if _, err := os.Stat(python); errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is not there: run test/llm/setup.sh", python)
	}
	free, err := port.Free(1)
	require.NoError(t, err)
	_, at, err := net.SplitHostPort(free[0])
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	cmd := exec.CommandContext(ctx, python, append([]string{"serve.py", "--port", at, "--until-eof"}, flags...)...)
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		timer := time.AfterFunc(10*time.Second, cancel)
		defer timer.Stop()
		_ = cmd.Wait()
		cancel()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		rest := stderr.String()
		t.Fatalf("the server did not start: %v\n%s", err, rest[max(0, len(rest)-2000):])
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	return strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
}
