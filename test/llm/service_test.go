//go:build llm

package llm

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/model/openai"
)

// TestRealTextsAreWhatPredictionsSay asks a real language model for texts and predictions of the same contexts, as validators do: its
// service must be that of an honest miner, and n-gram texts under its predictions that of a cheat.
func TestRealTextsAreWhatPredictionsSay(t *testing.T) {
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	drawer, err := dataset.NewDrawer(sources, contextBytes, rand.New(rand.NewPCG(7, 8)))
	require.NoError(t, err)
	drawn, err := drawer.Draw(30)
	require.NoError(t, err)
	scorer := newScorer(t, sources)
	cheap, err := ngram.Train(t.Context(), 4, dataset.Text(dataset.Training, sources...), nil)
	require.NoError(t, err)
	p, err := openai.New(openai.Config{Servers: []openai.Server{{URL: startServer(t, "--parallel", "2")}}, AtWords: true})
	require.NoError(t, err)
	require.NoError(t, p.Probe(t.Context(), k))
	contexts := make([][]byte, len(drawn))
	for i := range drawn {
		contexts[i] = drawn[i].Context
	}
	predictions, err := p.Predict(t.Context(), contexts, k)
	require.NoError(t, err)
	for _, tc := range []struct {
		name        string
		writer      model.Generator
		temperature float64
		low, high   float64
	}{
		{"honest", p, 1, 0.75, 1}, {"honest", p, 0.7, 0.75, 1}, {"n-gram", cheap, 1, 0, 0.5}, {"n-gram", cheap, 0.7, 0, 0.6},
	} {
		var s score.Service
		var probes []score.Probe
		sum := score.Agreement{}
		for i, c := range contexts {
			text := write(t, tc.writer, model.Prompt{Text: string(c), MaxTokens: 20, Temperature: tc.temperature, TopP: 1}).text
			one := score.Probe{OK: true, Speed: 1, Predicted: true, Temperature: tc.temperature, Level: 1}
			one.Agreement, one.Comparable, err = scorer.Agree(c, score.NewAnswer(scorer.Settings(), predictions[i].Candidates, predictions[i].Floor), []byte(text))
			require.NoError(t, err)
			sum.Surprise += one.Agreement.Surprise
			sum.Entropy += one.Agreement.Entropy
			probes = append(probes, one)
		}
		s.Observe(1, probes)
		got := s.Standing(1)
		f := s.Free
		if tc.temperature < 1 {
			f = s.Sharp
		}
		t.Logf("%s at %v: agreement %.2f (raw %.2f of %.0f, variety %.2f), service %.2f", tc.name, tc.temperature, got.Agreement,
			1-f.Short/f.Distance, f.N, sum.Surprise/sum.Entropy, got.Service)
		require.GreaterOrEqual(t, got.Agreement, tc.low)
		require.LessOrEqual(t, got.Agreement, tc.high)
	}
}
