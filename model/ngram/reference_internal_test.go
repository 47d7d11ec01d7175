package ngram

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainStep is the reference's rule on a trained model, without an automaton: one walk from the shortest context to the longest that is
// known, on each of which the order that ends there reads the counts and those above it the numbers of different bytes before.
func plainStep(m *Model, history []byte, b byte) float64 {
	shorter, p, at, known := 1.0/256, 0.0, 0, true
	for d, weight := range referenceWeights {
		if !known {
			p += weight * shorter
			continue
		}
		l := &m.levels[d]
		lo, hi := l.grams.at(at)
		gram := bytes.IndexByte(l.next[lo:hi], b)
		kept := func(of *discounts, count func(int) uint32) float64 {
			if gram < 0 {
				return 0
			}
			n := count(lo + gram)
			return float64(n) - of.of(n)
		}
		p += weight * ((kept(&l.rawDiscount, func(i int) uint32 { return l.raw[i] }) + l.rawSums[at].freed*shorter) / l.rawSums[at].total)
		if d == referenceOrder-1 {
			break
		}
		shorter = (kept(&l.contDiscount, func(i int) uint32 { return uint32(l.cont[i]) + 1 }) + l.contSums[at].freed*shorter) / l.contSums[at].total
		if known = d < len(history); known {
			lo, hi = l.kids.at(at)
			i := bytes.IndexByte(m.levels[d+1].first[lo:hi], history[len(history)-1-d])
			at, known = lo+i, i >= 0
		}
	}
	return p
}

func trainPlain(tb testing.TB, text []byte) *Model {
	tb.Helper()
	t := trainer{order: referenceOrder, text: text, absolute: true}
	m, err := t.train(tb.Context())
	require.NoError(tb, err)
	return m
}

// requirePlain compares every bit of what the reference says of s after context with the rule.
func requirePlain(tb testing.TB, m *Model, r *Reference, context, s []byte) {
	tb.Helper()
	at, probs := make([]uint32, len(s)+1), make([]float64, len(s)+1)
	at[0], probs[0] = r.Start(context), 1
	require.Equal(tb, len(s), r.Walk(s, at, probs, 0))
	history, product := bytes.Clone(context), 1.0
	for i, b := range s {
		want := plainStep(m, history, b)
		require.Equal(tb, want, r.Step(history, b), "%q then %q", history, b)
		product *= want
		history = append(history, b)
		require.Equal(tb, product, probs[i+1], "%q then %q", context, s[:i+1])
		require.Equal(tb, r.Start(history), at[i+1], "%q", history)
	}
	require.Equal(tb, product, r.Prob(context, s))
	for i := range s {
		short := append([]float64{1}, make([]float64, len(s))...)
		least := math.Nextafter(probs[i+1], 2)
		n := r.Walk(s, at, short, least)
		require.LessOrEqual(tb, n, i+1)
		require.Equal(tb, probs[:n+1], short[:n+1])
		require.Less(tb, short[n], least)
	}
}

// TestAutomatonIsTheRule: to the last bit, for texts of few letters and many, and histories that are known, partly known and not.
func TestAutomatonIsTheRule(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for letters := 1; letters <= 256; letters *= 2 {
		for _, size := range []int{64, 100, 3000, 50_000} {
			text := make([]byte, size)
			for i := range text {
				text[i] = byte(min(rng.IntN(letters), rng.IntN(letters)))
			}
			m := trainPlain(t, text)
			r := m.automaton()
			for range 200 {
				s := make([]byte, 1+rng.IntN(20))
				at := rng.IntN(size)
				for i := range s {
					s[i] = text[(at+i)%size]
					if rng.IntN(4) == 0 {
						s[i] = byte(rng.IntN(letters + 1))
					}
				}
				cut := rng.IntN(len(s) + 1)
				requirePlain(t, m, r, s[:cut], s[cut:])
			}
		}
	}
}

// FuzzAutomatonIsTheRule: no text and no history makes a difference.
func FuzzAutomatonIsTheRule(f *testing.F) {
	f.Add([]byte("the cat sat on the mat and the rat sat on the cat "), []byte("the c"), []byte("at sat on a hat"))
	f.Add([]byte{0, 255, 255, 0}, []byte{255}, []byte{0, 0, 255, 255, 1})
	f.Fuzz(func(t *testing.T, text, context, s []byte) {
		for len(text) < minText {
			text = append(text, append(text, 'x')...)
		}
		text, context, s = text[:min(len(text), 5000)], context[:min(len(context), 20)], s[:min(len(s), 50)]
		m := trainPlain(t, text)
		requirePlain(t, m, m.automaton(), context, s)
	})
}

// TestAutomatonIsCompact: rows are laid into one another, so slots are not many more than grams even where contexts have long rows.
func TestAutomatonIsCompact(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	text := make([]byte, 50_000)
	for i := range text {
		text[i] = byte(rng.IntN(30) * rng.IntN(8))
	}
	m := trainPlain(t, text)
	require.Less(t, len(m.automaton().slots), 3*m.Grams())
}
