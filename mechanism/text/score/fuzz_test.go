package score_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// bytesToList reads any bytes as a list of candidates with any numbers, in no order.
func bytesToList(data []byte) (list []score.Candidate, floor float64) {
	floor = 0.25
	for len(data) > 3 && len(list) < 600 {
		n := min(int(data[0]%20), len(data)-3)
		p := float64(data[1]) / 255 / float64(1+data[2]%8)
		switch data[2] {
		case 250:
			p = math.NaN()
		case 251:
			p = math.Inf(1)
		case 252:
			p = -p
		case 253:
			p, floor = 5*p, math.NaN()
		}
		list = append(list, score.Candidate{Text: data[3 : 3+n], P: p})
		data = data[3+n:]
	}
	return list, floor
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte("\x02\xff\x01ab\x01\x80\x02c"))
	f.Add([]byte("\x02\x10\xfaab\x00\x80\x02"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := score.Defaults()
		list, floor := bytesToList(data)
		streamed := score.NewAnswer(&s, list, floor)
		var lengths, text []byte
		var probs []float64
		for _, c := range list {
			lengths, text, probs = append(lengths, byte(len(c.Text))), append(text, c.Text...), append(probs, c.P)
		}
		var loaded score.Answer
		require.NoError(t, score.Load(&loaded, &s, lengths, text, probs, floor))
		require.Equal(t, streamed.Verdict(), loaded.Verdict())
		if streamed.Verdict() != score.OK {
			return
		}
		require.Equal(t, len(list), streamed.Len())
		sum := floor
		for i, c := range list {
			got, p := loaded.Candidate(i)
			require.True(t, bytes.Equal(c.Text, got))
			require.True(t, p >= 0 && p <= 1)
			require.True(t, i == 0 || bytes.Compare(list[i-1].Text, c.Text) < 0)
			sum += p
		}
		require.InDelta(t, 1, sum, s.Tolerance)
	})
}

func FuzzGain(f *testing.F) {
	f.Add([]byte("\x02\xff\x01ab\x01\x80\x02c"), []byte("abababababababab"), true)
	f.Add([]byte{}, []byte("abababababababab"), false)
	f.Fuzz(func(t *testing.T, data, truth []byte, tidy bool) {
		scorer := newScorer(t, bigram{"abc"})
		truth = append(truth, make([]byte, score.MaxLen)...)[:score.MaxLen]
		question, err := scorer.Open(score.Item{Truth: truth})
		require.NoError(t, err)
		list, floor := bytesToList(data)
		if tidy {
			list, floor = score.Split(list, 512)
		}
		g, err := question.Gain(score.NewAnswer(scorer.Settings(), list, floor))
		require.NoError(t, err)
		require.True(t, g.Nats >= scorer.Settings().Worst() && g.Nats <= scorer.Settings().Cap, "gain %v", g.Nats)
		require.True(t, bytes.HasPrefix(truth, []byte(g.Event)))
		if g.Verdict == score.OK {
			require.True(t, g.Q >= 0 && g.Q <= 1.002 && g.R > 0 && g.R <= 1, "%+v", g)
		} else {
			require.InDelta(t, scorer.Settings().Worst(), g.Nats, 0)
		}
	})
}

// FuzzSplit: what miners' helpers make always passes the checks, whatever the model said.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("\x02\xff\x01ab\x01\x80\x02c\x01\x80\xfad"), 512)
	f.Add([]byte("\x01\xff\x01a\x02\xff\x01ab\x02\xff\x01ac"), 2)
	f.Fuzz(func(t *testing.T, data []byte, kMax int) {
		s := score.Defaults()
		in, _ := bytesToList(data)
		before := append([]score.Candidate(nil), in...)
		for _, helper := range []func([]score.Candidate, int) ([]score.Candidate, float64){score.Split, score.Disjoint} {
			list, floor := helper(in, min(kMax, s.KMax))
			require.Equal(t, score.OK, score.Check(&s, list, floor), "%v %v", list, floor)
			require.LessOrEqual(t, len(list), max(0, kMax))
			narrow := make([]float32, len(list))
			var lengths, text []byte
			for i, c := range list {
				narrow[i] = float32(c.P)
				lengths, text = append(lengths, byte(len(c.Text))), append(text, c.Text...)
			}
			var a score.Answer
			require.NoError(t, score.Load(&a, &s, lengths, text, narrow, float32(floor)))
			require.Equal(t, score.OK, a.Verdict(), "as float32")
		}
		require.Len(t, in, len(before))
		for i := range in {
			require.Equal(t, math.Float64bits(before[i].P), math.Float64bits(in[i].P), "input unchanged")
		}
	})
}

func TestSplit(t *testing.T) {
	c := func(text string, p float64) score.Candidate { return score.Candidate{Text: []byte(text), P: p} }
	cases := []struct {
		name   string
		helper func([]score.Candidate, int) ([]score.Candidate, float64)
		in     []score.Candidate
		kMax   int
		want   []score.Candidate
		floor  float64
	}{
		{"nothing", score.Split, nil, 5, nil, 1},
		{
			"nested", score.Split,
			[]score.Candidate{c("the", 0.5), c("t", 0.75), c("them", 0.125), c("a", 0.125)},
			5,
			[]score.Candidate{c("a", 0.125), c("t", 0.25), c("the", 0.375), c("them", 0.125)},
			0.125,
		},
		{
			"likeliest stay", score.Split,
			[]score.Candidate{c("the", 0.5), c("t", 0.75), c("them", 0.125), c("a", 0.125)},
			2,
			[]score.Candidate{c("t", 0.25), c("the", 0.5)},
			0.25,
		},
		{"equal texts: the likelier", score.Split, []score.Candidate{c("a", 0.25), c("a", 0.5)}, 5, []score.Candidate{c("a", 0.5)}, 0.5},
		{"equal texts add up", score.Disjoint, []score.Candidate{c("a", 0.25), c("a", 0.5)}, 5, []score.Candidate{c("a", 0.75)}, 0.25},
		{"above one", score.Disjoint, []score.Candidate{c("a", 1), c("b", 1)}, 5, []score.Candidate{c("a", 0.5), c("b", 0.5)}, 0},
		{"no candidates wanted", score.Disjoint, []score.Candidate{c("a", 1)}, 0, nil, 1},
		{"dropped", score.Disjoint, []score.Candidate{c("", 0.5), c("b", math.NaN()), c("c", -1), c("d", 0.5)}, 5, []score.Candidate{c("d", 0.5)}, 0.5},
		{"cut", score.Disjoint, []score.Candidate{c("0123456789abcdefXYZ", 0.5)}, 5, []score.Candidate{c("0123456789abcdef", 0.5)}, 0.5},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, floor := tc.helper(tc.in, tc.kMax)
			require.Len(t, got, len(tc.want))
			for i := range got {
				require.Equal(t, string(tc.want[i].Text), string(got[i].Text))
				require.InDelta(t, tc.want[i].P, got[i].P, 1e-12)
			}
			require.InDelta(t, tc.floor, floor, 1e-12)
		})
	}
}
