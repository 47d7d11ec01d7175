package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model/ngram"
)

// TestPlaysDoWhatTheySay asks each play that needs no network about the same questions: its answers are legal, and worth what such a strategy is.
func TestPlaysDoWhatTheySay(t *testing.T) {
	const items, k = 160, 64
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	reference, err := ngram.NewReference(t.Context(), dataset.Excerpt(dataset.Reference, 8000, sources...))
	require.NoError(t, err)
	rule := score.Defaults()
	rule.KMax = k
	scorer, err := score.NewScorer(rule, reference.AtWords())
	require.NoError(t, err)
	drawer, err := dataset.NewDrawer(sources, 96, rand.New(rand.NewPCG(1, 1)))
	require.NoError(t, err)
	drawn, err := drawer.Draw(items / 2)
	require.NoError(t, err)
	contexts := make([][]byte, len(drawn))
	for i := range drawn {
		contexts[i] = drawn[i].Context
	}
	w := &world{models: newLibrary()}
	gain := func(p Play) float64 {
		p.Order, p.Text, p.Write = max(p.Order, 5), "a", "same"
		p.Name = p.Predict
		require.NoError(t, p.check())
		m, err := w.predictor(t.Context(), &p, keys.PrivateKey{})
		require.NoError(t, err)
		out, err := m.Predict(t.Context(), contexts, k)
		require.NoError(t, err)
		require.Len(t, out, items)
		sum := 0.0
		for i := range out {
			require.NoErrorf(t, out[i].Check(k), "%s", p.Predict)
			q, err := scorer.Open(score.Item{Stratum: drawn[i].Source, Context: drawn[i].Context, Truth: drawn[i].Continuation})
			require.NoError(t, err)
			g, err := q.Gain(score.NewAnswer(scorer.Settings(), out[i].Candidates, out[i].Floor))
			require.NoError(t, err)
			sum += g.Nats
		}
		return sum / items
	}
	honest := gain(Play{Predict: "honest"})
	assert.Greater(t, honest, 0.4)
	assert.Less(t, gain(Play{Predict: "power", Power: 3}), honest/2)
	assert.Less(t, gain(Play{Predict: "power", Power: 0.4}), honest)
	assert.Less(t, gain(Play{Predict: "single"}), 0.1, "the reference knows the blank too")
	assert.Less(t, gain(Play{Predict: "sure"}), 0.8*honest)
	assert.InDelta(t, honest, gain(Play{Predict: "noise", Sigma: 0.1}), 0.05)
	assert.Less(t, gain(Play{Predict: "noise", Sigma: 1}), honest-0.1)
	assert.Greater(t, gain(Play{Predict: "heart"}), 15.0, "public text is known by heart")
	assert.Less(t, gain(Play{Predict: "garbage"}), 0.0)
}

func TestPlanIsChecked(t *testing.T) {
	for name, text := range map[string]string{
		"no list":       `{}`,
		"unknown field": `[{"name":"a","predict":"honest","write":"same","order":5,"text":"a","colour":1}]`,
		"predict":       `[{"name":"a","predict":"guess","write":"same","order":5,"text":"a"}]`,
		"write":         `[{"name":"a","predict":"honest","write":"","order":5,"text":"a"}]`,
		"order":         `[{"name":"a","predict":"honest","write":"same","order":9,"text":"a"}]`,
		"power":         `[{"name":"a","predict":"power","write":"same","order":5,"text":"a"}]`,
		"sigma":         `[{"name":"a","predict":"noise","write":"same","order":5,"text":"a"}]`,
		"no name":       `[{"predict":"honest","write":"same","order":5,"text":"a"}]`,
		"twice":         `[{"name":"a","predict":"honest","write":"same","order":5,"text":"a"},{"name":"a","predict":"honest","write":"same","order":5,"text":"a"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "plan.json")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			_, err := readPlan(path)
			require.ErrorIs(t, err, errPlan)
		})
	}
}
