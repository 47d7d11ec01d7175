//go:build llm

package mixture_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/openai"
)

// lenient has no opinion where the server gives no probabilities: llama.cpp does not where its model would end the text.
type lenient struct{ model.Predictor }

func (l lenient) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	out, err := l.Predictor.Predict(ctx, contexts, k)
	if err == nil || len(contexts) != 1 {
		return out, err
	}
	return []model.Prediction{model.NoOpinion()}, nil
}

// TestTheMixtureWithALanguageModel needs a server of completions with log-probabilities, as test/llm/serve.py starts one:
//
//	.venv/bin/python test/llm/serve.py --port 8081 &
//	GOTENSOR_LLM_URL=http://127.0.0.1:8081 go test -tags llm -run LanguageModel -v -timeout 30m ./mechanism/text/mixture
func TestTheMixtureWithALanguageModel(t *testing.T) {
	url := os.Getenv("GOTENSOR_LLM_URL")
	require.NotEmpty(t, url, "GOTENSOR_LLM_URL is empty: name a model server, e.g. http://127.0.0.1:8081")
	p, err := openai.New(openai.Config{Servers: []openai.Server{{URL: url}}, AtWords: true})
	require.NoError(t, err)
	require.NoError(t, p.Probe(t.Context(), 512))
	a, b := half(t, 0, ""), half(t, 1, "")
	members := []member{{"SmolLM2-135M", lenient{p}}, trained(t, "half A", 7, a), trained(t, "half B", 7, b), trained(t, "all", 7, append(a, b...))}
	x := experiment{rounds: 4, roundItems: 16, items: 160, context: 128, k: 512}
	rows := x.run(t, members)
	require.Less(t, rows[len(members)].loss, best(rows, len(members)).loss)
	rows = x.sequences(t, members, measured(t, 80))
	require.Less(t, rows[len(members)].loss, best(rows, len(members)).loss)
}
