package ngram_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
)

var _ score.Walker = (*ngram.Reference)(nil)

func train(t testing.TB, order int, text string) *ngram.Model {
	t.Helper()
	m, err := ngram.Train(t.Context(), order, []byte(text), nil)
	require.NoError(t, err)
	return m
}

func sources(t testing.TB) []dataset.Source {
	t.Helper()
	s, err := dataset.Embedded()
	require.NoError(t, err)
	return s
}

const rhyme = "the cat sat on the mat, the rat sat on the cat; that cat ate that rat and that mat, and that is that. zebra?"

// oracle computes interpolated Kneser-Ney from scratch, with maps, from the definition: counts of a ring of text, for contexts
// below the top the number of different bytes before the gram.
type oracle struct {
	text  string
	order int
	// discount of a count at a context length; raw tells which counts.
	discount func(length int, raw bool, count int) float64
}

func (o oracle) counts(context string, raw bool) map[byte]int {
	ring := o.text + o.text[:16]
	out, seen := map[byte]int{}, map[string]bool{}
	for i := range o.text {
		// position i is the byte before the context, so that it exists for every gram
		gram := ring[i+1 : i+2+len(context)]
		if !strings.HasPrefix(gram, context) {
			continue
		}
		if before := ring[i : i+2+len(context)]; raw || !seen[before] {
			seen[before] = true
			out[gram[len(context)]]++
		}
	}
	return out
}

func (o oracle) prob(history string, b byte, length int, raw bool) float64 {
	if length < 0 {
		return 1.0 / 256
	}
	if length > len(history) {
		return o.prob(history, b, len(history), false)
	}
	counts := o.counts(history[len(history)-length:], raw)
	if len(counts) == 0 {
		return o.prob(history, b, length-1, false)
	}
	total, freed, p := 0, 0.0, 0.0
	for c, n := range counts {
		d := o.discount(length, raw, n)
		total += n
		freed += d
		if c == b {
			p = float64(n) - d
		}
	}
	return (p + freed*o.prob(history, b, length-1, false)) / float64(total)
}

// classes counts the grams of count 1..4 over all contexts of a length.
func (o oracle) classes(length int, raw bool) (n [5]float64) {
	ring, seen := o.text+o.text[:16], map[string]bool{}
	for i := range o.text {
		context := ring[i : i+length]
		if seen[context] {
			continue
		}
		seen[context] = true
		for _, c := range o.counts(context, raw) {
			if c < 5 {
				n[c]++
			}
		}
	}
	return n
}

func (o oracle) modified(length int, raw bool, count int) float64 {
	n := o.classes(length, raw)
	if n[1] == 0 || n[2] == 0 {
		return 0.5
	}
	y := n[1] / (n[1] + 2*n[2])
	d := [4]float64{0, 1 - 2*y*n[2]/n[1]}
	for c := 2; c <= 3; c++ {
		d[c] = float64(c) - float64(c+1)*y*n[c+1]/max(n[c], 1)
		d[c] = min(max(d[c], d[c-1]), d[c-1]+0.9)
	}
	return d[min(count, 3)]
}

func (o oracle) absolute(length int, raw bool, _ int) float64 {
	n := o.classes(length, raw)
	if n[1] == 0 || n[2] == 0 {
		return 0.5
	}
	return n[1] / (n[1] + 2*n[2])
}

func memo(f func(int, bool, int) float64) func(int, bool, int) float64 {
	known := map[[3]int]float64{}
	return func(length int, raw bool, count int) float64 {
		key := [3]int{length, map[bool]int{true: 1}[raw], min(count, 3)}
		if _, ok := known[key]; !ok {
			known[key] = f(length, raw, count)
		}
		return known[key]
	}
}

var histories = []string{"", "t", "the cat", " sat on the", "xyz", "q the ", "that mat, and that is", "\xff\x00", "and that i"}

func TestProbabilitiesEqualTheDefinition(t *testing.T) {
	for order := 1; order <= ngram.MaxOrder; order++ {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			m := train(t, order, rhyme)
			o := oracle{text: rhyme, order: order}
			o.discount = memo(o.modified)
			for _, h := range histories {
				for _, b := range []byte("t ae.zq\xfe") {
					length := min(order-1, len(h))
					require.InDelta(t, o.prob(h, b, length, length == order-1), m.Prob([]byte(h), b), 1e-12, "%q then %q", h, b)
				}
			}
		})
	}
}

func TestReferenceEqualsTheDefinition(t *testing.T) {
	ref, err := ngram.NewReference(t.Context(), []byte(rhyme))
	require.NoError(t, err)
	o := oracle{text: rhyme, order: 5}
	o.discount = memo(o.absolute)
	for _, h := range histories {
		sum := 0.0
		for b := range 256 {
			sum += ref.Step([]byte(h), byte(b))
		}
		require.InDelta(t, 1, sum, 1e-12, "%q", h)
		for _, b := range []byte("t ae.zq\xfe") {
			want := 0.0
			for i, w := range []float64{.05, .10, .15, .30, .40} {
				length := min(i, len(h))
				want += w * o.prob(h, b, length, length == i)
			}
			require.InDelta(t, want, ref.Step([]byte(h), b), 1e-12, "%q then %q", h, b)
		}
	}
	whole := ref.Step([]byte("on t"), 'h') * ref.Step([]byte("on th"), 'e') * ref.Step([]byte("on the"), ' ')
	require.InEpsilon(t, whole, ref.Prob([]byte("on t"), []byte("he ")), 1e-12)
	require.Equal(t, 1.0, ref.Prob([]byte("on t"), nil))
}

func TestProbabilitiesSumToOne(t *testing.T) {
	text := dataset.Text(dataset.Reference, sources(t)...)
	for order := 1; order <= ngram.MaxOrder; order++ {
		m, err := ngram.Train(t.Context(), order, text, nil)
		require.NoError(t, err)
		for _, h := range histories {
			sum := 0.0
			for b := range 256 {
				p := m.Prob([]byte(h), byte(b))
				require.Greater(t, p, 0.0)
				sum += p
			}
			require.InDelta(t, 1, sum, 1e-12, "order %d after %q", order, h)
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	for _, order := range []int{-1, 0, 9} {
		_, err := ngram.Train(t.Context(), order, []byte(rhyme), nil)
		require.ErrorIs(t, err, ngram.ErrOrder)
		_, err = ngram.Load(t.Context(), ngram.Config{Dir: t.TempDir(), Order: order, Text: []byte(rhyme)})
		require.ErrorIs(t, err, ngram.ErrOrder)
	}
	_, err := ngram.Train(t.Context(), 3, []byte("short"), nil)
	require.ErrorIs(t, err, ngram.ErrText)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = ngram.Train(ctx, 3, []byte(rhyme), nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = train(t, 3, rhyme).Predict(ctx, [][]byte{nil}, 4)
	require.ErrorIs(t, err, context.Canceled)
	_, err = train(t, 3, rhyme).Predict(t.Context(), [][]byte{nil}, 0)
	require.ErrorIs(t, err, model.ErrRequest)
}

func TestPredictionsAreHonestAndBest(t *testing.T) {
	for _, order := range []int{1, 2, 4, 8} {
		m := train(t, order, rhyme)
		contexts := [][]byte{nil, []byte("the c"), []byte("\xff"), []byte("the")}
		for name, p := range map[string]model.Predictor{"plain": m, "at words": m.AtWords()} {
			for _, k := range []int{1, 16, 300} {
				predictions, err := p.Predict(t.Context(), contexts, k)
				require.NoError(t, err)
				require.Len(t, predictions, len(contexts))
				for i := range predictions {
					require.NoError(t, predictions[i].Check(k))
					require.Len(t, predictions[i].Candidates, k)
					blank := name == "at words" && model.AtWordEnd(contexts[i])
					requireHonest(t, m, contexts[i], &predictions[i], blank)
				}
			}
		}
	}
}

// requireHonest sums the longest-match probabilities back to those of the text starting with each candidate.
func requireHonest(t *testing.T, m *ngram.Model, context []byte, p *model.Prediction, blank bool) {
	t.Helper()
	sum := p.Floor
	for _, c := range p.Candidates {
		want, starts := 1.0, 0.0
		for i, b := range c.Text {
			if i > 0 || !blank {
				want *= m.Prob(append(append([]byte(nil), context...), c.Text[:i]...), b)
			}
		}
		for _, longer := range p.Candidates {
			if bytes.HasPrefix(longer.Text, c.Text) {
				starts += longer.P
			}
		}
		require.InDelta(t, want, starts, 1e-12, "%q after %q", c.Text, context)
		if blank {
			require.Equal(t, byte(' '), c.Text[0])
		}
		sum += c.P
	}
	require.InDelta(t, 1, sum, 1e-12)
}

func TestLoadTrainsOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "models")
	var trained atomic.Int32
	cfg := ngram.Config{Dir: dir, Order: 5, Text: []byte(rhyme), Progress: func(p ngram.Progress) {
		if p.Done == p.Total {
			trained.Add(1)
		}
	}}
	models := make([]*ngram.Model, 8)
	var wg sync.WaitGroup
	for i := range models {
		wg.Go(func() {
			var err error
			models[i], err = ngram.Load(t.Context(), cfg)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, trained.Load())
	want := train(t, 5, rhyme)
	for _, m := range models {
		require.NotNil(t, m)
		require.Equal(t, want.Prob([]byte("the c"), 'a'), m.Prob([]byte("the c"), 'a'))
	}

	files, err := filepath.Glob(filepath.Join(dir, "*.bin"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	whole, err := os.ReadFile(files[0])
	require.NoError(t, err)
	for name, damaged := range map[string][]byte{
		"flipped bit":   append(append([]byte(nil), whole[:100]...), append([]byte{whole[100] ^ 1}, whole[101:]...)...),
		"cut off":       whole[:len(whole)/2],
		"empty":         nil,
		"other version": append([]byte("gotensor ngram 0"), whole[16:]...),
	} {
		t.Run(name+" is retrained", func(t *testing.T) {
			require.NoError(t, os.WriteFile(files[0], damaged, 0o600))
			trained.Store(0)
			m, err := ngram.Load(t.Context(), cfg)
			require.NoError(t, err)
			require.EqualValues(t, 1, trained.Load())
			require.Equal(t, want.Prob([]byte("the c"), 'a'), m.Prob([]byte("the c"), 'a'))
			again, err := os.ReadFile(files[0])
			require.NoError(t, err)
			require.Equal(t, whole, again)
		})
	}
	t.Run("another text has another file", func(t *testing.T) {
		other := cfg
		other.Text = []byte(rhyme + " ")
		_, err := ngram.Load(t.Context(), other)
		require.NoError(t, err)
		files, err := filepath.Glob(filepath.Join(dir, "*.bin"))
		require.NoError(t, err)
		require.Len(t, files, 2)
	})
	t.Run("no folder", func(t *testing.T) {
		bad := cfg
		bad.Dir = filepath.Join(files[0], "sub")
		_, err := ngram.Load(t.Context(), bad)
		require.Error(t, err)
	})
}

func TestProgress(t *testing.T) {
	var seen []ngram.Progress
	text := dataset.Text(dataset.Reference, sources(t)...)
	_, err := ngram.Train(t.Context(), 6, text, func(p ngram.Progress) { seen = append(seen, p) })
	require.NoError(t, err)
	require.Greater(t, len(seen), 5)
	for i, p := range seen {
		require.Equal(t, len(text), p.Total)
		require.True(t, i == 0 || p.Done >= seen[i-1].Done && p.Elapsed >= seen[i-1].Elapsed)
	}
	last := seen[len(seen)-1]
	require.Equal(t, last.Total, last.Done)
	require.Greater(t, last.Rate(), 0.0)
	require.Zero(t, ngram.Progress{Done: 5}.Rate())
}

func FuzzUnmarshal(f *testing.F) {
	for _, order := range []int{1, 3, 8} {
		data, err := train(f, order, rhyme).MarshalBinary()
		require.NoError(f, err)
		f.Add(data[:len(data)-32])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m := new(ngram.Model)
		if err := m.UnmarshalBinary(body); err != nil {
			require.ErrorIs(t, err, ngram.ErrFile)
		}
		// With a right checksum any damage must still be found or be harmless.
		if err := m.UnmarshalBinary(seal(body)); err != nil {
			require.ErrorIs(t, err, ngram.ErrFile)
			return
		}
		for _, h := range histories {
			p := m.Prob([]byte(h), 't')
			require.False(t, math.IsNaN(p))
		}
		_, err := m.Predict(t.Context(), [][]byte{[]byte("the")}, 8)
		require.NoError(t, err)
	})
}
