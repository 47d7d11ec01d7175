package mixture_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
)

// half is the training text of an experiment's member: one of two halves of the training passages, passage by passage in turn, of one
// source or, with "", of all.
func half(t testing.TB, which int, only string) []byte {
	t.Helper()
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	var out []byte
	for _, s := range sources {
		turn := 0
		for i, p := range s.Passages() {
			if dataset.SplitOf(i) != dataset.Training || only != "" && s.Name() != only {
				continue
			}
			if turn++; turn%2 == which {
				out = append(out, p...)
			}
		}
	}
	require.NotEmpty(t, out)
	return out
}

// member is a model with the name that tables show.
type member struct {
	name string
	model.Predictor
}

func trained(t testing.TB, name string, order int, text []byte) member {
	t.Helper()
	m, err := ngram.Train(t.Context(), order, text, nil)
	require.NoError(t, err)
	return member{fmt.Sprintf("ngram-%d %s", order, name), m.AtWords()}
}

// experiment asks members about held-out text: first rounds of questions by which the judge pays them, then others to measure by.
type experiment struct {
	rounds, roundItems, items, context, k int
}

// row is one line of a table, means over the measured items.
type row struct {
	name  string
	share float64
	gain  float64 // over the reference, nats
	loss  float64 // of the 16 bytes of an item, nats: the reference's less the gain
	old   float64 // phrase loss of 2022
}

// size is the model's by the law of 2022 from the loss per token of four bytes; oldSize that from the phrase loss of 2022.
func (r *row) size() float64    { return compat.EffectiveParams(r.loss / 4) }
func (r *row) oldSize() float64 { return compat.EffectiveParams(r.old) }

// reference is the validators', trained on the whole reference text.
var reference = sync.OnceValues(func() (*ngram.Reference, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	return ngram.NewReference(context.Background(), dataset.Text(dataset.Reference, sources...))
})

// run returns a row for each member, one for their mixture by pay, one for their mixture in equal parts, and one for the mixture by pay of
// the distributions that answers and reference make together: what Mix would be if everybody knew the reference.
func (x experiment) run(t testing.TB, members []member) []row {
	t.Helper()
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	ref, err := reference()
	require.NoError(t, err)
	rule := score.Defaults()
	rule.KMax = score.CandidateLimit // a mixture has the candidates of all members
	scorer, err := score.NewScorer(rule, ref.AtWords())
	require.NoError(t, err)
	drawer, err := dataset.NewDrawer(sources, x.context, rand.New(rand.NewPCG(2022, 11)))
	require.NoError(t, err)
	shares := x.pay(t, members, scorer, drawer)
	asked, err := drawer.Draw(x.items / len(sources)) // never a place that was asked before
	require.NoError(t, err)
	answers := predictions(t, members, asked, x.k)
	rows := make([]row, len(members)+3)
	var used float64
	for n, it := range asked {
		q, err := scorer.Open(score.Item{Stratum: it.Source, Context: it.Context, Truth: it.Continuation})
		require.NoError(t, err)
		lossOfReference := -math.Log(ref.AtWords().Prob(it.Context, it.Continuation))
		used += lossOfReference
		byPay, equal := make([]mixture.Weighted, len(members)), make([]mixture.Weighted, len(members))
		for i := range members {
			byPay[i] = mixture.Weighted{Share: shares[i], Prediction: answers[i][n]}
			equal[i] = mixture.Weighted{Share: 1, Prediction: answers[i][n]}
		}
		densities := 0.0
		for i := range rows[:len(members)+2] {
			var p model.Prediction
			switch i {
			case len(members):
				p = mixture.Mix(byPay)
			case len(members) + 1:
				p = mixture.Mix(equal)
			default:
				p = answers[i][n]
			}
			a := score.NewAnswer(&rule, p.Candidates, p.Floor)
			g, err := q.Gain(a)
			require.NoError(t, err)
			require.Equal(t, score.OK, g.Verdict)
			if i < len(members) {
				densities += shares[i] * math.Exp(g.Nats)
			}
			rows[i].gain += g.Nats / float64(len(asked))
			rows[i].loss += (lossOfReference - g.Nats) / float64(len(asked))
			rows[i].old += compat.AnswerLoss(a, it.Continuation) / float64(len(asked))
		}
		last := &rows[len(members)+2]
		last.gain += math.Log(densities) / float64(len(asked))
		last.loss += (lossOfReference - math.Log(densities)) / float64(len(asked))
	}
	rows[len(members)+2].old = math.NaN()
	for i := range rows {
		switch i {
		case len(members):
			rows[i].name, rows[i].share = "mixture by pay", 1
		case len(members) + 1:
			rows[i].name, rows[i].share = "mixture, equal parts", 1
		case len(members) + 2:
			rows[i].name, rows[i].share = "mixture of densities", 1
		default:
			rows[i].name, rows[i].share = members[i].name, shares[i]
		}
	}
	t.Logf("%d items, reference %.3f nats\n%s", len(asked), used/float64(len(asked)), table(rows))
	return rows
}

// pay is what the text judge gives the members after some rounds.
func (x experiment) pay(t testing.TB, members []member, scorer *score.Scorer, drawer *dataset.Drawer) []float64 {
	t.Helper()
	board, err := score.NewBoard(*scorer.Settings(), drawer.Sources())
	require.NoError(t, err)
	keys := make([]score.Key, len(members))
	for i, m := range members {
		keys[i] = score.Key(fmt.Sprint(i, m.name))
	}
	for range x.rounds {
		drawn, err := drawer.Draw(x.roundItems / len(drawer.Sources()))
		require.NoError(t, err)
		items := make([]score.Item, len(drawn))
		for n, it := range drawn {
			items[n] = score.Item{Stratum: it.Source, Context: it.Context, Truth: it.Continuation}
		}
		replies := make([]score.Reply, len(members))
		for i, answers := range predictions(t, members, drawn, x.k) {
			replies[i].Key = keys[i]
			for _, p := range answers {
				replies[i].Answers = append(replies[i].Answers, score.NewAnswer(scorer.Settings(), p.Candidates, p.Floor))
			}
		}
		scores, err := scorer.Round(items, replies)
		require.NoError(t, err)
		_, err = board.Observe(scores)
		require.NoError(t, err)
	}
	payout, err := board.Weights(keys)
	require.NoError(t, err)
	require.NotNil(t, payout.Weights, "nobody earns anything")
	return payout.Weights
}

func predictions(t testing.TB, members []member, drawn []dataset.Item, k int) [][]model.Prediction {
	t.Helper()
	contexts := make([][]byte, len(drawn))
	for n, it := range drawn {
		contexts[n] = it.Context
	}
	out := make([][]model.Prediction, len(members))
	for i, m := range members {
		var err error
		out[i], err = m.Predict(t.Context(), contexts, k)
		require.NoError(t, err)
	}
	return out
}

func table(rows []row) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-28s %6s %8s %8s %9s %9s %10s\n", "", "share", "gain", "loss", "bits/byte", "size", "by phrases")
	for _, r := range rows {
		fmt.Fprintf(&out, "%-28s %6.3f %8.3f %8.3f %9.3f %9.2g %10.2g\n", r.name, r.share, r.gain, r.loss, r.loss/16/math.Ln2, r.size(), r.oldSize())
	}
	return out.String()
}

// families are the groups of members that docs/mixture.md reports.
func families(t testing.TB) map[string][]member {
	t.Helper()
	a, b := half(t, 0, ""), half(t, 1, "")
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	out := map[string][]member{
		"orders 2 to 7 on alternate halves": {
			trained(t, "half A", 2, a), trained(t, "half B", 3, b), trained(t, "half A", 4, a),
			trained(t, "half B", 5, b), trained(t, "half A", 6, a), trained(t, "half B", 7, b),
		},
		"order 6 on each half": {trained(t, "half A", 6, a), trained(t, "half B", 6, b)},
	}
	for _, s := range sources {
		all := append(half(t, 0, s.Name()), half(t, 1, s.Name())...)
		out["one book each"] = append(out["one book each"], trained(t, s.Name(), 6, all))
	}
	return out
}

// best is the member with the least loss.
func best(rows []row, members int) row {
	out := rows[0]
	for _, r := range rows[:members] {
		if r.loss < out.loss {
			out = r
		}
	}
	return out
}

func TestTheMixtureIsBetterThanItsBestMember(t *testing.T) {
	for name, members := range families(t) {
		t.Run(name, func(t *testing.T) {
			rows := experiment{rounds: 10, roundItems: 32, items: 600, context: 128, k: 512}.run(t, members)
			require.Less(t, rows[len(members)].loss, best(rows, len(members)).loss)
		})
	}
}

// Orders of one family on one text know hardly anything that the highest order does not: their mixture is as good. The bound that holds for
// every mixture of distributions: its loss exceeds that of a member by no more than the logarithm of 1/share.
func TestTheMixtureOfModelsThatKnowTheSameIsNotBetter(t *testing.T) {
	var members []member
	for order := 2; order <= 7; order++ {
		members = append(members, trained(t, "half A", order, half(t, 0, "")))
	}
	rows := experiment{rounds: 10, roundItems: 32, items: 600, context: 128, k: 512}.run(t, members)
	mixed, mean := rows[len(members)], 0.0
	for _, r := range rows[:len(members)] {
		mean += r.share * r.loss
	}
	top := best(rows, len(members))
	require.Less(t, mixed.loss, mean, "better than its members are on average")
	require.InDelta(t, top.loss, mixed.loss, 0.05, "the others add hardly anything")
	require.Less(t, mixed.loss, top.loss-math.Log(top.share))
}
