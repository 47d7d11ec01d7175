package mixture_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
)

// speller goes through a text as Generate writes one, step by step, and says how probable it was to be written so.
type speller struct {
	predict func(ctx context.Context, prefix []byte) model.Prediction
	ref     *ngram.Reference
	steps   int
}

// probability of rest behind prefix. Each step takes the longest candidate with which the rest begins; what is longer than the rest and begins
// with it counts too. A byte that no candidate begins with is taken from the reference, out of the floor. last and drawn are the step before.
func (s *speller) probability(ctx context.Context, prefix, rest []byte, last model.Prediction, drawn []byte) float64 {
	if len(rest) == 0 {
		return 1
	}
	s.steps++
	p := mixture.After(drawn, &last, s.predict(ctx, prefix))
	ctx = model.WithAnywhere(ctx) // only the first place is known to be the end of a word
	longer := 0.0
	for _, c := range p.Candidates {
		if len(c.Text) > len(rest) && bytes.HasPrefix(c.Text, rest) {
			longer += c.P
		}
	}
	event, q := mixture.Event(&p, rest)
	if event == nil {
		event = rest[:1]
		q *= s.ref.Step(prefix, rest[0])
	}
	onward := append(bytes.Clone(prefix), event...)
	if q == 0 {
		return longer
	}
	return longer + q*s.probability(ctx, onward, rest[len(event):], p, event)
}

// sequences returns the mean loss of the items' 16 bytes, in nats, of each member alone and of their mixture by pay, both written step by
// step by themselves.
func (x experiment) sequences(t testing.TB, members []member, n int) (rows []row) {
	t.Helper()
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	ref, err := reference()
	require.NoError(t, err)
	scorer, err := score.NewScorer(score.Defaults(), ref.AtWords())
	require.NoError(t, err)
	drawer, err := dataset.NewDrawer(sources, x.context, rand.New(rand.NewPCG(2022, 11)))
	require.NoError(t, err)
	shares := x.pay(t, members, scorer, drawer)
	asked, err := drawer.Draw(n / len(sources))
	require.NoError(t, err)
	one := func(ctx context.Context, m member, prefix []byte) model.Prediction {
		p, err := m.Predict(ctx, [][]byte{prefix[max(0, len(prefix)-x.context):]}, x.k)
		require.NoError(t, err)
		return p[0]
	}
	for i := range len(members) + 1 {
		s := speller{ref: ref, predict: func(ctx context.Context, prefix []byte) model.Prediction {
			if i < len(members) {
				return one(ctx, members[i], prefix)
			}
			said := make([]mixture.Weighted, len(members))
			for j, m := range members {
				said[j] = mixture.Weighted{Share: shares[j], Prediction: one(ctx, m, prefix)}
			}
			return mixture.Mix(said)
		}}
		r := row{name: "mixture by pay", share: 1}
		if i < len(members) {
			r.name, r.share = members[i].name, shares[i]
		}
		begin := time.Now()
		for _, it := range asked {
			q := s.probability(t.Context(), it.Context, it.Continuation, model.NoOpinion(), nil)
			r.loss -= math.Log(max(q, 1e-30)) / float64(len(asked))
		}
		t.Logf("%-28s share %.3f  %7.3f nats  %.3f bits/byte  size %.2g  %.1f steps and %v an item", r.name, r.share, r.loss, r.loss/16/math.Ln2, r.size(),
			float64(s.steps)/float64(len(asked)), (time.Since(begin) / time.Duration(len(asked))).Round(time.Millisecond/10))
		rows = append(rows, r)
	}
	return rows
}

// measured is how many items a measurement takes: few in every run, more where GOTENSOR_MIXTURE_ITEMS says so.
func measured(t testing.TB, few int) int {
	t.Helper()
	if more := os.Getenv("GOTENSOR_MIXTURE_ITEMS"); more != "" {
		n, err := strconv.Atoi(more)
		require.NoError(t, err, "GOTENSOR_MIXTURE_ITEMS")
		return n
	}
	return few
}

func TestTheMixtureWritesBetterThanItsBestMember(t *testing.T) {
	a, b := half(t, 0, ""), half(t, 1, "")
	members := []member{trained(t, "half A", 4, a), trained(t, "half B", 5, b), trained(t, "half A", 6, a), trained(t, "half B", 7, b)}
	rows := experiment{rounds: 6, roundItems: 32, context: 128, k: 256}.sequences(t, members, measured(t, 60))
	require.Less(t, rows[len(members)].loss, best(rows, len(members)).loss)
}

// A speller that knows the truth byte by byte finds the product of its bytes' probabilities.
func TestSpeller(t *testing.T) {
	ref, err := reference()
	require.NoError(t, err)
	s := speller{ref: ref, predict: func(context.Context, []byte) model.Prediction { return says("a", 0.5, "ab", 0.25) }}
	for rest, want := range map[string]float64{"": 1, "a": 0.75, "ab": 0.25, "aba": 0.25 * 0.75} {
		require.InDelta(t, want, s.probability(t.Context(), []byte("x"), []byte(rest), model.NoOpinion(), nil), 1e-12, rest)
	}
	require.Equal(t, fmt.Sprint(compat.EffectiveParams(4)), fmt.Sprint((&row{loss: 16}).size()))
}
