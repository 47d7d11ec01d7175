package ngram

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReferenceAtWords: behind a whole word the blank is as good as certain and the rest is the reference's; elsewhere nothing changes.
func TestReferenceAtWords(t *testing.T) {
	m := trainPlain(t, []byte("the cat sat on the mat and the rat sat on the cat, "+"and then the cat ran at the rat"))
	r := m.automaton()
	w := r.AtWords()
	for _, c := range []struct {
		context string
		word    bool
	}{{"the cat", true}, {"cat,", true}, {"sat\n", false}, {"the ", false}, {"", false}, {"never seen: qqq", true}} {
		t.Run(c.context, func(t *testing.T) {
			context := []byte(c.context)
			sum := 0.0
			for b := range 256 {
				first := []byte{byte(b)}
				p := w.Prob(context, first)
				require.Positive(t, p)
				sum += p
				plain := r.Prob(context, first)
				switch {
				case !c.word:
					require.Equal(t, plain, p)
				case b == ' ':
					require.InDelta(t, 1-(1-plain)/1024, p, 1e-15)
				default:
					require.InDelta(t, plain/1024, p, 1e-15)
				}
				for _, rest := range []string{"t", "the rat", "\x00\xff"} {
					s := append([]byte{byte(b)}, rest...)
					require.InEpsilon(t, p*r.Prob(append([]byte(c.context), byte(b)), []byte(rest)), w.Prob(context, s), 1e-12, "%q", s)
				}
			}
			require.InDelta(t, 1, sum, 1e-12)
		})
	}
}

// TestReferenceAtWordsStops: a walk ends as the reference's does, also behind the first byte, and needs no bytes.
func TestReferenceAtWordsStops(t *testing.T) {
	w := trainPlain(t, []byte("the cat sat on the mat and the rat sat on the cat, and so on and on")).automaton().AtWords()
	for _, s := range []string{"", " ", " and", "x", "xy"} {
		at, p := make([]uint32, len(s)+1), make([]float64, len(s)+1)
		at[0], p[0] = w.Start([]byte("the cat")), 0.5
		require.Equal(t, len(s), w.Walk([]byte(s), at, p, 0), s)
		require.InEpsilon(t, w.Prob([]byte("the cat"), []byte(s)), 2*p[len(s)], 1e-12, s)
		for i := range s {
			short := append([]float64{0.5}, make([]float64, len(s))...)
			least := math.Nextafter(p[i+1], 2)
			n := w.Walk([]byte(s), at, short, least)
			require.LessOrEqual(t, n, i+1, s)
			require.Less(t, short[n], least, s)
		}
	}
}
