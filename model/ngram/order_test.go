package ngram_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
)

func seal(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(append([]byte(nil), body...), sum[:]...)
}

// littleReference is trained on the first bytes of each source's reference text, as the local network's validators do.
func littleReference(t testing.TB, perSource int) *ngram.Reference {
	t.Helper()
	ref, err := ngram.NewReference(t.Context(), dataset.Excerpt(dataset.Reference, perSource, sources(t)...))
	require.NoError(t, err)
	return ref
}

// gains scores a predictor on items and returns the gains in nats by stratum.
func gains(t testing.TB, p model.Predictor, ref score.Reference, items []dataset.Item, k int) map[int][]float64 {
	t.Helper()
	scorer, err := score.NewScorer(score.Defaults(), ref)
	require.NoError(t, err)
	contexts := make([][]byte, len(items))
	for i := range items {
		contexts[i] = items[i].Context
	}
	predictions, err := p.Predict(t.Context(), contexts, k)
	require.NoError(t, err)
	out := map[int][]float64{}
	for i, it := range items {
		q, err := scorer.Open(score.Item{Stratum: it.Source, Context: it.Context, Truth: it.Continuation})
		require.NoError(t, err)
		g, err := q.Gain(score.NewAnswer(scorer.Settings(), predictions[i].Candidates, predictions[i].Floor))
		require.NoError(t, err)
		require.Equal(t, score.OK, g.Verdict)
		out[it.Source] = append(out[it.Source], g.Nats)
	}
	return out
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// The local network relies on this: over a reference trained on 100 bytes of each book, n-grams of orders 2, 4 and 6 gain in every stratum, the
// higher the more.
func TestHigherOrdersGainMore(t *testing.T) {
	const k = 64 // as on a local network
	text := dataset.Text(dataset.Training, sources(t)...)
	ref := littleReference(t, 100)
	d, err := dataset.NewDrawer(sources(t), 128, rand.New(rand.NewPCG(11, 12)))
	require.NoError(t, err)
	items, err := d.Draw(300)
	require.NoError(t, err)
	last := map[int]float64{0: 0.1, 1: 0.1} // the lowest order must gain clearly
	for _, order := range []int{2, 4, 6} {
		m, err := ngram.Train(t.Context(), order, text, nil)
		require.NoError(t, err)
		for stratum, g := range gains(t, m.AtWords(), ref.AtWords(), items, k) {
			t.Logf("order %d, %s: %.2f nats", order, d.Sources()[stratum], mean(g))
			require.Greater(t, mean(g), last[stratum]+0.1, "order %d, stratum %d", order, stratum)
			last[stratum] = mean(g)
		}
	}
}

func TestBitsPerByteFallWithTheOrder(t *testing.T) {
	text, heldOut := dataset.Text(dataset.Training, sources(t)...), dataset.Text(dataset.HeldOut, sources(t)...)
	last := 8.0
	for order := 1; order <= 7; order++ {
		m, err := ngram.Train(t.Context(), order, text, nil)
		require.NoError(t, err)
		bits := bitsPerByte(m, heldOut[:60000])
		t.Logf("order %d: %.3f bits per byte, %d grams, %d bytes", order, bits, m.Grams(), m.Bytes())
		require.Less(t, bits, last)
		last = bits
	}
	require.Less(t, last, 2.0)
}

func bitsPerByte(m *ngram.Model, text []byte) float64 {
	bits := 0.0
	for i, b := range text {
		bits -= math.Log2(m.Prob(text[:i], b))
	}
	return bits / float64(len(text))
}

func BenchmarkTrain(b *testing.B) {
	text, heldOut := dataset.Text(dataset.Training, sources(b)...), dataset.Text(dataset.HeldOut, sources(b)...)
	for order := 2; order <= ngram.MaxOrder; order++ {
		b.Run(fmt.Sprint(order), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			var m *ngram.Model
			for b.Loop() {
				var err error
				m, err = ngram.Train(b.Context(), order, text, nil)
				require.NoError(b, err)
			}
			b.ReportMetric(bitsPerByte(m, heldOut), "bits/byte")
			b.ReportMetric(float64(m.Bytes())/float64(m.Grams()), "bytes/gram")
			b.ReportMetric(float64(m.Bytes()), "bytes")
		})
	}
}

func BenchmarkPredict32(b *testing.B) {
	text := dataset.Text(dataset.Training, sources(b)...)
	d, err := dataset.NewDrawer(sources(b), 128, rand.New(rand.NewPCG(1, 2)))
	require.NoError(b, err)
	items, err := d.Draw(16)
	require.NoError(b, err)
	contexts := make([][]byte, len(items))
	for i := range items {
		contexts[i] = items[i].Context
	}
	for _, order := range []int{2, 4, 6} {
		m, err := ngram.Train(b.Context(), order, text, nil)
		require.NoError(b, err)
		for _, k := range []int{64, 512} {
			b.Run(fmt.Sprintf("order%d/k%d", order, k), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := m.Predict(b.Context(), contexts, k)
					require.NoError(b, err)
				}
			})
		}
	}
}

func BenchmarkReferenceStep(b *testing.B) {
	ref := littleReference(b, 20000)
	history := []byte("the light that falls upon")
	for b.Loop() {
		ref.Step(history, ' ')
	}
}

func Example() {
	sources, err := dataset.Embedded()
	if err != nil {
		panic(err)
	}
	m, err := ngram.Train(context.Background(), 6, dataset.Text(dataset.Training, sources...), nil)
	if err != nil {
		panic(err)
	}
	predictions, err := m.AtWords().Predict(context.Background(), [][]byte{[]byte("The Rays of")}, 8)
	if err != nil {
		panic(err)
	}
	for _, c := range predictions[0].Candidates {
		fmt.Printf("%.2f %q\n", c.P, c.Text)
	}
	// Output:
	// 0.37 " "
	// 0.04 " L"
	// 0.06 " R"
	// 0.08 " a"
	// 0.01 " t"
	// 0.05 " th"
	// 0.05 " the"
	// 0.35 " the "
}
