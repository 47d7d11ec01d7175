package scoring

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model/ngram"
)

// bench is two models and a question about a text that both know.
func bench(t *testing.T) (own, victim *knowledge) {
	t.Helper()
	trained := func(order int, text string) *knowledge {
		m, err := ngram.Train(t.Context(), order, []byte(text), nil)
		require.NoError(t, err)
		return &knowledge{
			model: m, context: []byte("the quick brown"), alphabet: []byte(" abcdefghijklmnopqrstuvwxyz"), steps: map[string]*[256]float64{}, best: map[string][]byte{},
		}
	}
	return trained(2, "the quick dog jumps over the lazy fox and the other dog runs after the fox of the forest "), trained(6, "the quick brown fox jumps over the lazy dog and the quick brown cat ")
}

func TestGuessLearns(t *testing.T) {
	own, victim := bench(t)
	texts := [][]byte{[]byte(" fox jumps over "), []byte(" fox jumps over "), []byte(" cat the quick b")}
	chance := func(g guess, text string) float64 {
		p := 1.0
		for i := 1; i < len(text); i++ {
			next := g.next([]byte(text[:i]))
			p *= next[text[i]]
		}
		return p
	}
	truth := chance(guess{own: victim}, " fox")
	for name, c := range map[string]struct {
		g      guess
		within float64 // of what the victim believes
	}{
		"nothing":            {guess{own: own, victim: victim}, 1},
		"texts":              {guess{own: own, victim: victim, texts: texts, weight: 4}, 0.6},
		"with probabilities": {guess{own: own, victim: victim, texts: texts, shows: drawnLogprobs}, 1e-9},
		"with the likeliest": {guess{own: own, victim: victim, texts: texts, shows: topLogprobs}, 1e-9},
	} {
		t.Run(name, func(t *testing.T) {
			require.InDelta(t, truth, chance(c.g, " fox"), c.within)
			if name != "nothing" {
				require.Greater(t, chance(c.g, " fox"), 2*chance(guess{own: own}, " fox"))
			}
			list, floor := c.g.candidates()
			rule := score.Defaults()
			require.NotEmpty(t, list)
			require.Equal(t, score.OK, score.Check(&rule, list, floor))
		})
	}
}

func TestBelieveStaysADistribution(t *testing.T) {
	own, victim := bench(t)
	for name, shown := range map[string][]byte{"none": nil, "one": []byte("f"), "all": []byte(" abcdefghijklmnopqrstuvwxyz")} {
		t.Run(name, func(t *testing.T) {
			p := *own.next([]byte(" "))
			believe(&p, victim.next([]byte(" ")), shown)
			sum := 0.0
			for _, x := range p {
				require.GreaterOrEqual(t, x, 0.0)
				sum += x
			}
			require.InDelta(t, 1, sum, 0.2) // what is outside the alphabet is left out
			for _, b := range shown {
				require.InDelta(t, victim.next([]byte(" "))[b], p[b], 1e-12)
			}
		})
	}
	require.Len(t, victim.likeliest([]byte(" ")), topShown)
}

func TestSamplingIsTheSameAgain(t *testing.T) {
	e, err := theExam()
	require.NoError(t, err)
	s := &sampler{exam: e, own: map[string]*ngram.Model{}, alphabet: []byte(" abcdefghijklmnopqrstuvwxyz")}
	s.victim, err = ngram.Train(t.Context(), 5, e.text["quarter"], nil)
	require.NoError(t, err)
	s.own["weak"] = s.victim
	ways := []sampling{{own: "weak", texts: 4}, {own: "weak", texts: 2, shows: drawnLogprobs}}
	play := func(seed uint64) [][]float64 {
		var out [][]float64
		for item := range 20 {
			gains, err := s.item(t.Context(), seed, item, ways, func(int) []float64 { return trust[:1] })
			require.NoError(t, err)
			out = append(out, gains[0], gains[1])
		}
		return out
	}
	require.Equal(t, play(1), play(1))
	require.NotEqual(t, play(1), play(2))
}
