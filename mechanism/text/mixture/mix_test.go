package mixture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
)

// says builds a prediction from strings and their probabilities; the floor is the rest.
func says(parts ...any) model.Prediction {
	out := model.Prediction{Floor: 1}
	for i := 0; i < len(parts); i += 2 {
		p := parts[i+1].(float64)
		out.Candidates = append(out.Candidates, model.Candidate{Text: []byte(parts[i].(string)), P: p})
		out.Floor -= p
	}
	slices.SortFunc(out.Candidates, func(a, b model.Candidate) int { return bytes.Compare(a.Text, b.Text) })
	out.Floor = max(0, out.Floor)
	return out
}

func show(p model.Prediction) string {
	out := ""
	for _, c := range p.Candidates {
		out += fmt.Sprintf("%q %.3f  ", c.Text, c.P)
	}
	return out + fmt.Sprintf("floor %.3f", p.Floor)
}

func ExampleMix() {
	words := says(" the", 0.6, " a", 0.4)
	letters := says(" t", 0.5, " a", 0.5) // knows no words, but is sure that half of them begin with t
	fmt.Println(show(mixture.Mix([]mixture.Weighted{{Share: 3, Prediction: words}, {Share: 1, Prediction: letters}})))
	// Output: " a" 0.425  " t" 0.000  " the" 0.575  floor 0.000
}

func TestMix(t *testing.T) {
	one := says("a", 0.5, "ab", 0.25)
	for name, c := range map[string]struct {
		members []mixture.Weighted
		want    string
	}{
		"nobody":              {nil, "floor 1.000"},
		"one":                 {[]mixture.Weighted{{1, one}}, `"a" 0.500  "ab" 0.250  floor 0.250`},
		"two who agree":       {[]mixture.Weighted{{0.3, one}, {0.6, one}}, `"a" 0.500  "ab" 0.250  floor 0.250`},
		"by share":            {[]mixture.Weighted{{3, says("a", 1.0)}, {1, says("b", 1.0)}}, `"a" 0.750  "b" 0.250  floor 0.000`},
		"no shares":           {[]mixture.Weighted{{0, says("a", 1.0)}, {0, says("b", 1.0)}}, `"a" 0.500  "b" 0.500  floor 0.000`},
		"no share":            {[]mixture.Weighted{{1, says("a", 1.0)}, {0, says("b", 1.0)}, {math.NaN(), one}, {-1, one}, {math.Inf(1), one}}, `"a" 1.000  floor 0.000`},
		"no opinion":          {[]mixture.Weighted{{1, one}, {9, model.NoOpinion()}}, `"a" 0.500  "ab" 0.250  floor 0.250`},
		"broken":              {[]mixture.Weighted{{1, one}, {9, model.Prediction{Floor: 7}}}, `"a" 0.500  "ab" 0.250  floor 0.250`},
		"all without opinion": {[]mixture.Weighted{{1, model.NoOpinion()}, {2, model.NoOpinion()}}, "floor 1.000"},
		// Of the first one's floor of 0.2 the second gives 0.3 to "y" and 0.4 * 0.2 / 2 to the rest: 0.088 goes to "y", 0.012 stays.
		"floors":               {[]mixture.Weighted{{1, says("x", 0.8)}, {1, says("y", 0.6)}}, `"x" 0.582  "y" 0.388  floor 0.030`},
		"a coarse event":       {[]mixture.Weighted{{1, says("t", 1.0)}, {1, says("the", 0.6, "to", 0.4)}}, `"t" 0.000  "the" 0.600  "to" 0.400  floor 0.000`},
		"what is not in it":    {[]mixture.Weighted{{1, says("t", 0.5, "th", 0.5)}, {1, says("the", 0.5, "to", 0.5)}}, `"t" 0.000  "th" 0.000  "the" 0.500  "to" 0.500  floor 0.000`},
		"neither begins other": {[]mixture.Weighted{{1, says("the", 0.9, "t", 0.1)}, {1, says("to", 0.5, "t", 0.5)}}, `"t" 0.050  "the" 0.675  "to" 0.275  floor 0.000`},
	} {
		t.Run(name, func(t *testing.T) {
			got := mixture.Mix(c.members)
			require.NoError(t, got.Check(len(got.Candidates)))
			require.Equal(t, c.want, show(got))
		})
	}
}

func TestEvent(t *testing.T) {
	p := says("a", 0.5, "ab", 0.25)
	for continuation, want := range map[string]string{"abc": "ab", "ac": "a", "xyz": "", "": ""} {
		event, got := mixture.Event(&p, []byte(continuation))
		require.Equal(t, want, string(event))
		require.InDelta(t, map[string]float64{"ab": 0.25, "a": 0.5, "": 0.25}[want], got, 1e-12)
	}
}

// Members keep the probabilities of their own events: on what all can tell apart, the mixture is the mean by share.
func TestMixKeepsWhatMembersAreSureOf(t *testing.T) {
	a, b := says("th", 0.7, "w", 0.3), says("the", 0.2, "this", 0.3, "was", 0.4, "w", 0.1)
	got := mixture.Mix([]mixture.Weighted{{1, a}, {3, b}})
	starts := func(p model.Prediction, with string) (sum float64) {
		for _, c := range p.Candidates {
			if bytes.HasPrefix(c.Text, []byte(with)) {
				sum += c.P
			}
		}
		return sum
	}
	for _, with := range []string{"th", "w"} {
		require.InDelta(t, (starts(a, with)+3*starts(b, with))/4, starts(got, with), 1e-12, with)
	}
}

// fromBytes reads any number of valid predictions with shares out of a fuzzer's bytes.
func fromBytes(data []byte) []mixture.Weighted {
	next := func() byte {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return b
	}
	var out []mixture.Weighted
	for len(data) > 0 && len(out) < 6 {
		w := mixture.Weighted{Share: float64(next()) / 16}
		var starts []score.Candidate
		for range int(next()) % 12 {
			text := make([]byte, 1+int(next())%4)
			for i := range text {
				text[i] = 'a' + next()%3
			}
			starts = append(starts, score.Candidate{Text: text, P: float64(next()) / 255 / 12})
		}
		w.Prediction.Candidates, w.Prediction.Floor = score.Disjoint(starts, 100)
		out = append(out, w)
	}
	return out
}

func FuzzMix(f *testing.F) {
	f.Add([]byte{16, 2, 0, 0, 200, 1, 0, 1, 100, 8, 1, 2, 0, 1, 2, 255})
	f.Add([]byte("\x10\x03abcdefghijkl\x20\x04mnopqrstuvwxyz\x05\x02zzzzzzzzzz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		members := fromBytes(data)
		got := mixture.Mix(members)
		require.NoError(t, got.Check(len(got.Candidates)))
		sum := got.Floor
		for _, c := range got.Candidates {
			sum += c.P
		}
		require.InDelta(t, 1, sum, 1e-9)
		slices.Reverse(members)
		again := mixture.Mix(members)
		require.Len(t, again.Candidates, len(got.Candidates))
		for i := range got.Candidates {
			require.Equal(t, got.Candidates[i].Text, again.Candidates[i].Text)
			require.InDelta(t, got.Candidates[i].P, again.Candidates[i].P, 1e-9)
		}
		require.InDelta(t, got.Floor, again.Floor, 1e-9)
		u := 0.0
		if len(data) >= 8 {
			u = float64(binary.LittleEndian.Uint64(data)>>11) / (1 << 53)
		}
		if n := (mixture.Sampling{Temperature: 1, TopP: 0.9}).Draw(&got, u); n >= 0 {
			after := mixture.After(got.Candidates[n].Text, &got, again)
			require.NoError(t, after.Check(len(after.Candidates)))
		} else {
			require.InDelta(t, 1, got.Floor, 1e-9)
		}
	})
}

func TestDraw(t *testing.T) {
	p := says("a", 0.1, "b", 0.4, "c", 0.3, "d", 0.0)
	draws := func(s mixture.Sampling) map[string]float64 {
		out := map[string]float64{}
		const n = 1000
		for i := range n {
			out[string(p.Candidates[s.Draw(&p, (float64(i)+0.5)/n)].Text)] += 1.0 / n
		}
		return out
	}
	for name, c := range map[string]struct {
		s    mixture.Sampling
		want map[string]float64
	}{
		"the likeliest":       {mixture.Sampling{TopP: 1}, map[string]float64{"b": 1}},
		"as they are":         {mixture.Sampling{Temperature: 1, TopP: 1}, map[string]float64{"a": 1. / 8, "b": 4. / 8, "c": 3. / 8}},
		"hot":                 {mixture.Sampling{Temperature: 2, TopP: 1}, map[string]float64{"a": 0.211, "b": 0.423, "c": 0.366}},
		"the likeliest half":  {mixture.Sampling{Temperature: 1, TopP: 0.5}, map[string]float64{"b": 1}},
		"a little over":       {mixture.Sampling{Temperature: 1, TopP: 0.51}, map[string]float64{"b": 4. / 7, "c": 3. / 7}},
		"no top_p is the top": {mixture.Sampling{Temperature: 1}, map[string]float64{"b": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got := draws(c.s)
			require.Len(t, got, len(c.want))
			for text, want := range c.want {
				require.InDelta(t, want, got[text], 0.002, text)
			}
		})
	}
	nothing := model.NoOpinion()
	require.Equal(t, -1, mixture.Sampling{Temperature: 1, TopP: 1}.Draw(&nothing, 0.5))
}

func TestAfter(t *testing.T) {
	from := says("th", 0.1, "the", 0.6, "this", 0.3)
	next := says("e", 0.5, "en", 0.1, "i", 0.1, "o", 0.1, "is", 0.2)
	for name, c := range map[string]struct{ drawn, want string }{
		"the longer ones are ruled out": {"th", `"i" 0.500  "o" 0.500  floor 0.000`},
		"nothing is longer":             {"the", show(next)},
		"not drawn from it":             {"x", show(next)},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, show(mixture.After([]byte(c.drawn), &from, next)))
		})
	}
	t.Run("nothing is left", func(t *testing.T) {
		require.Equal(t, show(says("e", 1.0)), show(mixture.After([]byte("th"), &from, says("e", 1.0))))
	})
}

func BenchmarkMix(b *testing.B) {
	a := half(b, 0, "")
	var members []mixture.Weighted
	for order := 4; order <= 7; order++ {
		p, err := trained(b, "", order, a).Predict(b.Context(), [][]byte{[]byte("and the light of the sun")}, 512)
		require.NoError(b, err)
		members = append(members, mixture.Weighted{Share: float64(order), Prediction: p[0]})
	}
	b.ReportAllocs()
	for b.Loop() {
		mixture.Mix(members)
	}
}
