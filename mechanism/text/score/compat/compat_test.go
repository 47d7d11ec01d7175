package compat_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
)

func Example() {
	for _, loss := range []float64{1.5, 3, 4, 6} {
		fmt.Printf("%.1f nats per token: %.3g parameters\n", loss, compat.EffectiveParams(loss))
	}
	// Output:
	// 1.5 nats per token: 8.83e+10 parameters
	// 3.0 nats per token: 4.64e+07 parameters
	// 4.0 nats per token: 1.05e+06 parameters
	// 6.0 nats per token: 5.08e+03 parameters
}

func ExampleStep() {
	// Two miners, each right on one of two items: their synergy is 23 times what either is worth alone.
	out, err := compat.Step([]compat.Response{
		{UID: 0, Success: true, First: []float64{2, 6}, Phrase: []float64{2, 6}},
		{UID: 1, Success: true, First: []float64{6, 2}, Phrase: []float64{6, 2}},
	}, compat.DefaultPowers)
	fmt.Printf("base %.0f synergy %.0f %v\n", out.Stats[0]["base_params_nxt"], out.Stats[0]["synergy_nxt"], err)
	// Output: base 1026 synergy 23578 <nil>
}

func TestAnswerLoss(t *testing.T) {
	s := score.Defaults()
	truth := []byte(" the end of it a")
	answer := func(list []score.Candidate, floor float64) *score.Answer { return score.NewAnswer(&s, list, floor) }
	c := func(text string, p float64) score.Candidate { return score.Candidate{Text: []byte(text), P: p} }
	spread := func(floor float64, k int) float64 { return floor / float64(compat.VocabMin-k) }
	cases := []struct {
		name   string
		answer *score.Answer
		want   float64
	}{
		{"missing", nil, compat.BadLoss},
		{"invalid", answer([]score.Candidate{c("a", 0.5)}, 0), compat.BadLoss},
		{"no opinion", answer(nil, 1), -math.Log(1e-40)},
		{"all on the phrase", answer([]score.Candidate{c(" the", 1)}, 0), 0},
		{"every listed prefix counts", answer([]score.Candidate{c(" ", 0.25), c(" the", 0.25)}, 0.5), -math.Log(0.5 + 2*spread(0.5, 2))},
		{"another phrase", answer([]score.Candidate{c(" a", 0.5)}, 0.5), -math.Log(2 * spread(0.5, 1))},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			require.InDelta(t, tc.want, compat.AnswerLoss(tc.answer, truth), 1e-9)
		})
	}
}

// TestAnswerLossIsCrossEntropy: an answer of today, its bytes taken for tokens, scores as the same list did in 2022.
func TestAnswerLossIsCrossEntropy(t *testing.T) {
	s := score.Defaults()
	list, floor := score.Disjoint([]score.Candidate{
		{Text: []byte("a"), P: 0.2}, {Text: []byte("ab"), P: 0.3}, {Text: []byte("abc"), P: 0.1}, {Text: []byte("x"), P: 0.2},
	}, 10)
	truth := []byte("abracadabra")
	var tensor compat.Tensor
	var target []int
	for _, b := range truth {
		target = append(target, int(b))
	}
	row := func(p float64, text []byte) []float64 {
		out := []float64{p, compat.IgnoreIndex, compat.IgnoreIndex, compat.IgnoreIndex}
		for i, b := range text {
			out[1+i] = float64(b)
		}
		return out
	}
	for _, c := range list {
		tensor = append(tensor, row(c.P, c.Text))
	}
	tensor = append(tensor, row(floor/float64(compat.VocabMin-len(list)), nil))
	_, want, err := compat.CrossEntropy(tensor, target, compat.VocabMin)
	require.NoError(t, err)
	require.InDelta(t, want, compat.AnswerLoss(score.NewAnswer(&s, list, floor), truth), 1e-12)
}

func TestErrors(t *testing.T) {
	good := compat.Tensor{{0.5, 1}, {0.1, compat.IgnoreIndex}}
	_, _, err := compat.CrossEntropy(nil, []int{1}, 10)
	require.ErrorIs(t, err, compat.ErrShape)
	_, _, err = compat.CrossEntropy(compat.Tensor{{0.5}}, []int{1}, 10)
	require.ErrorIs(t, err, compat.ErrShape)
	_, _, err = compat.CrossEntropy(compat.Tensor{{0.5, 1}, {0.1}}, []int{1}, 10)
	require.ErrorIs(t, err, compat.ErrShape)
	_, _, err = compat.CrossEntropy(good, nil, 10)
	require.ErrorIs(t, err, compat.ErrShape)
	_, err = compat.TopKTensor([]float64{1, 2}, [][]int{{1}}, 1)
	require.ErrorIs(t, err, compat.ErrShape)
	_, err = compat.Unravel([]float64{0.5, 3}, 0)
	require.ErrorIs(t, err, compat.ErrWire)
	_, err = compat.Unravel(nil, 1)
	require.ErrorIs(t, err, compat.ErrWire)
	_, err = compat.Step([]compat.Response{{UID: 1, Success: true, First: []float64{1}, Phrase: []float64{1, 2}}}, compat.DefaultPowers)
	require.ErrorIs(t, err, compat.ErrShape)
	_, err = compat.Step([]compat.Response{{UID: 1}, {UID: 1}}, compat.DefaultPowers)
	require.ErrorIs(t, err, compat.ErrShape)
	_, err = compat.StepLogits([][]int{{1, 2, 9}}, 1, []compat.LogitsResponse{{Success: true, Logits: [][][]float64{{{0, 0, 0}, {0, 0, 0}}}}}, compat.DefaultPowers)
	require.ErrorIs(t, err, compat.ErrShape, "token 9 of a vocabulary of 3")
	_, err = compat.StepLogits(nil, 1, nil, compat.DefaultPowers)
	require.ErrorIs(t, err, compat.ErrShape)
	_, _, err = compat.EmitU32([]int{1}, nil)
	require.ErrorIs(t, err, compat.ErrWeights)
}

// TestUnravelBounded: one very long phrase among many short ones must not make every row that long.
func TestUnravelBounded(t *testing.T) {
	wire := make([]float64, 1<<17)
	for i := range wire {
		if wire[i] = 0.5; i >= len(wire)/2 {
			wire[i] = 7
		}
	}
	_, err := compat.Unravel(wire, 1)
	require.ErrorIs(t, err, compat.ErrWire)
}

func FuzzUnravel(f *testing.F) {
	seed := compat.Compact([]compat.Tensor{{{0.5, 10, 11}, {0.25, 12, compat.IgnoreIndex}, {1e-6, compat.IgnoreIndex, compat.IgnoreIndex}}})
	var raw []byte
	for _, v := range seed {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	}
	f.Add(raw, 2)
	f.Fuzz(func(t *testing.T, raw []byte, topk int) {
		var wire []float64
		for len(raw) >= 4 {
			wire = append(wire, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
			raw = raw[4:]
		}
		batch, err := compat.Unravel(wire, topk)
		if err != nil {
			require.ErrorIs(t, err, compat.ErrWire)
			return
		}
		for _, tensor := range batch {
			require.Len(t, tensor, topk+1)
			if len(tensor[0]) < 2 {
				continue
			}
			first, phrase, err := compat.CrossEntropy(tensor, []int{5, 6, 7}, compat.VocabMin)
			require.NoError(t, err)
			for _, loss := range []float64{first, phrase} {
				require.True(t, math.IsNaN(loss) || loss >= 0 && loss < 93, "loss %v", loss)
			}
		}
	})
}

func BenchmarkCrossEntropy(b *testing.B) {
	tensor := make(compat.Tensor, 4097)
	for i := range tensor {
		tensor[i] = []float64{1e-4, float64(i % 500), float64(i % 70), compat.IgnoreIndex, compat.IgnoreIndex}
	}
	target := []int{5, 6, 7, 8, 9, 10, 11, 12}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := compat.CrossEntropy(tensor, target, compat.VocabMin); err != nil {
			b.Fatal(err)
		}
	}
}
