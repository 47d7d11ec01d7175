package score_test

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// naiveGain is the rule as docs/scoring.md states it, without an index, a memory or a search.
func naiveGain(s *score.Settings, reference score.Reference, item score.Item, list []score.Candidate, floor float64) score.Gain {
	event, sum := -1, floor
	for i, c := range list {
		sum += c.P
		if bytes.HasPrefix(item.Truth, c.Text) && (event < 0 || len(c.Text) > len(list[event].Text)) {
			event = i
		}
	}
	g := score.Gain{Q: floor / sum}
	base := 1.0
	if event >= 0 {
		g.Event, g.Q = string(list[event].Text), list[event].P/sum
		base = reference.Prob(item.Context, list[event].Text)
	}
	extends := func(text []byte, of string) bool { return len(text) > len(of) && bytes.HasPrefix(text, []byte(of)) }
	var kids [][]byte
	for _, c := range list {
		between := slices.ContainsFunc(list, func(d score.Candidate) bool {
			return extends(d.Text, g.Event) && extends(c.Text, string(d.Text))
		})
		if extends(c.Text, g.Event) && !between {
			kids = append(kids, c.Text)
		}
	}
	slices.SortFunc(kids, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b)) })
	kids = kids[:min(len(kids), s.NRef)]
	slices.SortFunc(kids, bytes.Compare) // sums run in list order
	longer := 0.0
	for _, text := range kids {
		longer += reference.Prob(item.Context, text)
	}
	g.R = max(base-longer, 1e-9*base)
	g.L = s.Lambda + (1-s.Lambda)*g.Q/g.R
	g.Nats = min(math.Log(g.L), s.Cap)
	return g
}

// whole hides that a reference can be asked byte by byte.
type whole struct{ score.Reference }

// FuzzGainIsNaive: index, memory and search change no bit, however an answer was built and whatever was asked before it.
func FuzzGainIsNaive(f *testing.F) {
	f.Add([]byte("\x02\x10\x01ab\x01\x20\x02c\x03\x20\x02abb"), []byte("abababababababab"), uint8(128))
	f.Add([]byte("\x01\x10\x01a\x02\x20\x02aa\x02\x20\x02ab\x02\x20\x02bb\x01\x09\x02c"), []byte("bcabababababbbab"), uint8(2))
	f.Add([]byte("\x0c\x10\x01aaaaaaaaaaaa\x0d\x20\x02aaaaaaaaaaaa\x00\x02\x20\x02b\x00\x03\x20\x02b\x00\x00"), []byte("aaaaaaaaaaaaaaaa"), uint8(1))
	f.Fuzz(func(t *testing.T, data, truth []byte, nRef uint8) {
		settings := score.Defaults()
		settings.NRef = 1 + int(nRef)
		list, _ := bytesToList(data)
		list, floor := score.Split(list, settings.KMax)
		item := score.Item{Context: []byte("ab"), Truth: slices.Concat(truth, make([]byte, score.MaxLen))[:score.MaxLen]}
		var lengths, text []byte
		var probs []float64
		for _, c := range list {
			lengths, text, probs = append(lengths, byte(len(c.Text))), append(text, c.Text...), append(probs, c.P)
		}
		reference := bigram{"abc"}
		want := naiveGain(&settings, reference, item, list, floor)
		for _, r := range []score.Reference{reference, whole{reference}} {
			scorer, err := score.NewScorer(settings, r)
			require.NoError(t, err)
			var loaded score.Answer
			require.NoError(t, score.Load(&loaded, scorer.Settings(), lengths, text, probs, floor))
			answers := []*score.Answer{&loaded, score.NewAnswer(scorer.Settings(), list[:len(list)/2], floor), score.NewAnswer(scorer.Settings(), list, floor)}
			question, err := scorer.Open(item)
			require.NoError(t, err)
			for i, a := range answers {
				got, err := question.Gain(a)
				require.NoError(t, err)
				if i != 1 { // which only fills the memory
					require.Equal(t, want, got, "answer %d", i)
				}
			}
			scores, err := scorer.Round([]score.Item{item, item}, []score.Reply{{Key: "a", Answers: []*score.Answer{&loaded, answers[2]}}})
			require.NoError(t, err)
			require.Equal(t, []score.Gain{want, want}, scores.Replies[0].Gains)
		}
	})
}

// bytewise is a reference that gives each byte a probability of its own, and remembers how many it was asked for.
type bytewise struct {
	of    map[byte]float64
	asked int
}

func (b *bytewise) Prob(_, s []byte) float64 {
	p := 1.0
	for _, c := range s {
		p *= b.of[c]
	}
	return p
}

func (b *bytewise) Start([]byte) uint32 { return 0 }

func (b *bytewise) Walk(s []byte, at []uint32, p []float64, least float64) int {
	for i, c := range s {
		b.asked++
		if at[i+1], p[i+1] = 0, p[i]*b.of[c]; p[i+1] < least {
			return i + 1
		}
	}
	return len(s)
}

// TestNegligibleStringsCountToTheLastBit: a string that falls to next to nothing is left there, unless it could turn the last bit of
// a sum that lies at the edge between two numbers.
func TestNegligibleStringsCountToTheLastBit(t *testing.T) {
	candidate := func(text string) score.Candidate { return score.Candidate{Text: []byte(text), P: 0.2} }
	list := []score.Candidate{candidate("a"), candidate("bccccccc"), candidate("d"), candidate("e")}
	for _, tc := range []struct {
		name  string
		first float64 // "a"; with "d" the sum is at the edge of 2^-54, or below by less than "b" but more than the string
		asked int
	}{
		{"at the edge, so that next to nothing is too much", 0x1p-55, 4 + 11},
		{"below the edge, so that what it could be is too much", 0x1p-55 - 0x1p-69, 4 + 11},
		{"far from it", 0x1p-56, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			reference := &bytewise{of: map[byte]float64{'a': tc.first, 'b': 0x1p-67, 'c': 0x1p-2, 'd': 0x1p-2, 'e': 0x1p-54, 'z': 0.5}}
			item := score.Item{Truth: bytes.Repeat([]byte("z"), score.MaxLen)}
			scorer := newScorer(t, reference)
			want := naiveGain(scorer.Settings(), reference, item, list, 0.2)
			question, err := scorer.Open(item)
			require.NoError(t, err)
			for range 2 {
				reference.asked = 0
				got, err := question.Gain(score.NewAnswer(scorer.Settings(), list, 0.2))
				require.NoError(t, err)
				require.Equal(t, want, got)
				require.Equal(t, tc.asked, reference.asked, "bytes walked")
			}
		})
	}
}
