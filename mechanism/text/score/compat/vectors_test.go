package compat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
)

// number reads a JSON number, one of the strings NaN, Infinity, -Infinity, or null as NaN.
type number float64

func (n *number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = number(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	*n = number(v)
	return err
}

func floats(in []number) []float64 {
	out := make([]float64, len(in))
	for i := range in {
		out[i] = float64(in[i])
	}
	return out
}

func tensors(in [][][]number) []compat.Tensor {
	out := make([]compat.Tensor, len(in))
	for b := range in {
		for _, row := range in[b] {
			out[b] = append(out[b], floats(row))
		}
	}
	return out
}

// scoringCase is one case; Expect.F64 is either a result or {"error": ...}.
type scoringCase struct {
	Name   string
	Input  json.RawMessage
	Expect struct{ F64 json.RawMessage }
}

func (c scoringCase) wantError() bool {
	var e struct{ Error *string }
	return json.Unmarshal(c.Expect.F64, &e) == nil && e.Error != nil
}

func decode[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal(data, &v))
	return v
}

func near(t *testing.T, want, got float64, what string) {
	t.Helper()
	nearBy(t, want, got, 1e-9, what)
}

// nearBy compares to a relative tolerance; NaN equals NaN and infinities equal themselves.
func nearBy(t *testing.T, want, got, tolerance float64, what string) {
	t.Helper()
	if math.IsNaN(want) || math.IsInf(want, 0) {
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), what)
		return
	}
	require.Falsef(t, math.IsNaN(got), "%s is NaN, want %v", what, want)
	require.LessOrEqualf(t, math.Abs(want-got), 1e-12+tolerance*math.Abs(want), "%s: want %v, got %v", what, want, got)
}

func nearRow(t *testing.T, want []number, got []float64, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		near(t, float64(want[i]), got[i], fmt.Sprintf("%s[%d]", what, i))
	}
}

func nearTensor(t *testing.T, want [][]number, got compat.Tensor, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		nearRow(t, want[i], got[i], fmt.Sprintf("%s row %d", what, i))
	}
}

func TestVectorsScoring(t *testing.T) {
	dir := vectors.Dir(t, "scoring")
	files := []struct {
		name  string
		count int
		run   func(t *testing.T, c scoringCase)
	}{
		{"phrase_cross_entropy", 18, checkCrossEntropy},
		{"topk_token_phrases", 1, checkTopK},
		{"topk_wire", 4, checkWire},
		{"scaling_law", 2, checkScalingLaw},
		{"shapley_next", 9, checkStep},
		{"shapley_next_tensors", 2, checkStepTensors},
		{"shapley_causallm", 2, checkCausal},
		{"ema", 4, checkAverages},
		{"normalize_max_weight", 14, checkNormalize},
		{"calculate_weights", 4, checkCalculate},
		{"emit_u32", 4, checkEmit},
	}
	total := 0
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.name+".json"))
		if errors.Is(err, fs.ErrNotExist) && !vectors.Committed() {
			continue
		}
		require.NoError(t, err)
		cases := decode[[]scoringCase](t, data)
		if vectors.Committed() {
			require.Len(t, cases, f.count, f.name)
		}
		total += len(cases)
		for _, c := range cases {
			t.Run(f.name+"/"+c.Name, func(t *testing.T) { f.run(t, c) })
		}
	}
	require.Positive(t, total, "no cases in %s", dir)
	if vectors.Committed() {
		require.Equal(t, 64, total)
	}
}

func checkCrossEntropy(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		Tensor  [][][]number `json:"topk_tensor"`
		Targets [][]int
		Vocab   int `json:"vocab_size_min"`
		Reduce  bool
		Ignore  int `json:"ignore_index"`
	}](t, c.Input)
	require.Equal(t, compat.IgnoreIndex, in.Ignore)
	var first, phrase []float64
	for b, tensor := range tensors(in.Tensor) {
		f, p, err := compat.CrossEntropy(tensor, in.Targets[b], in.Vocab)
		require.NoError(t, err)
		first, phrase = append(first, f), append(phrase, p)
	}
	if in.Reduce {
		want := decode[struct {
			First  number `json:"loss_val"`
			Phrase number `json:"loss"`
		}](t, c.Expect.F64)
		near(t, float64(want.First), average(first), "loss_val")
		near(t, float64(want.Phrase), average(phrase), "loss")
		return
	}
	want := decode[struct {
		First  []number `json:"loss_val"`
		Phrase []number `json:"loss"`
	}](t, c.Expect.F64)
	nearRow(t, want.First, first, "loss_val")
	nearRow(t, want.Phrase, phrase, "loss")
}

func checkTopK(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		Logits  [][]float64
		Phrases [][]int `json:"std_token_phrases"`
		K       int     `json:"topk"`
	}](t, c.Input)
	want := decode[struct {
		Tensor [][][]number `json:"topk_tensor"`
	}](t, c.Expect.F64)
	require.Len(t, want.Tensor, len(in.Logits))
	for b := range in.Logits {
		got, err := compat.TopKTensor(in.Logits[b], in.Phrases, in.K)
		require.NoError(t, err)
		require.Len(t, got, len(want.Tensor[b]))
		for i, row := range want.Tensor[b] {
			// The original is float32 arithmetic whatever the case says, and its sums run in vector order.
			nearBy(t, float64(row[0]), got[i][0], 1e-6, "probability")
			require.Equal(t, floats(row[1:len(got[i])]), got[i][1:], "tokens")
			for _, rest := range row[len(got[i]):] {
				require.InDelta(t, compat.IgnoreIndex, float64(rest), 0)
			}
		}
	}
}

func checkWire(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		Tensor [][][]number `json:"topk_tensor"`
		K      int          `json:"topk"`
	}](t, c.Input)
	want := decode[struct {
		Compact    []number
		Unravelled json.RawMessage
	}](t, c.Expect.F64)
	compact := compat.Compact(tensors(in.Tensor))
	nearRow(t, want.Compact, compact, "compact")
	batch, err := compat.Unravel(compact, in.K)
	var failure string
	if json.Unmarshal(want.Unravelled, &failure) == nil {
		require.ErrorIs(t, err, compat.ErrWire)
		return
	}
	require.NoError(t, err)
	tensor := decode[[][][]number](t, want.Unravelled)
	require.Len(t, batch, len(tensor))
	for b := range tensor {
		nearTensor(t, tensor[b], batch[b], "unravelled")
	}
}

func checkScalingLaw(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		Losses []number
		Powers []float64
	}](t, c.Input)
	want := decode[struct {
		Params []number
		Pow    map[string][]number
	}](t, c.Expect.F64)
	var params []float64
	for _, l := range in.Losses {
		params = append(params, compat.EffectiveParams(float64(l)))
	}
	nearRow(t, want.Params, params, "params")
	require.Len(t, want.Pow, len(in.Powers))
	for _, p := range in.Powers {
		var got []float64
		for _, n := range params {
			got = append(got, math.Pow(n, p))
		}
		nearRow(t, want.Pow[strconv.FormatFloat(p, 'f', -1, 64)], got, "pow")
	}
}

// stepExpect is what a step gives; the matrices of shares are named after the synapse.
type stepExpect struct {
	Loss  number
	Stats map[int]map[string]number
	Joint []struct {
		Ext  string
		UIDs [2]int
		Loss number `json:"measured_loss"`
	}
	Next map[int]map[int]number `json:"loss_diff_nxt"`
	Seq  map[int]map[int]number `json:"loss_diff"`
	Val  map[int]map[int]number `json:"loss_diff_val"`
}

func checkOutcome(t *testing.T, want stepExpect, got compat.Outcome) {
	t.Helper()
	near(t, float64(want.Loss), got.Loss, "loss")
	require.Len(t, got.Stats, len(want.Stats))
	for uid, stats := range want.Stats {
		require.Len(t, got.Stats[uid], len(stats), "statistics of uid %d: %v", uid, got.Stats[uid])
		for key, v := range stats {
			require.Contains(t, got.Stats[uid], key)
			tolerance := 1e-9
			if strings.HasPrefix(key, "response_time") {
				tolerance = 1e-7 // given in float32, expected in decimals
			}
			nearBy(t, float64(v), got.Stats[uid][key], tolerance, key)
		}
	}
	require.Len(t, got.Joint, len(want.Joint))
	for i, j := range want.Joint {
		require.Equal(t, j.Ext, got.Joint[i].Ext)
		require.Equal(t, j.UIDs, got.Joint[i].UIDs)
		near(t, float64(j.Loss), got.Joint[i].Loss, "joint loss")
	}
	for ext, matrix := range map[string]map[int]map[int]number{"_nxt": want.Next, "": want.Seq, "_val": want.Val} {
		require.Len(t, got.LossDiff[ext], len(matrix), ext)
		for a, row := range matrix {
			require.Len(t, got.LossDiff[ext][a], len(row))
			for b, v := range row {
				near(t, float64(v), got.LossDiff[ext][a][b], "loss difference")
			}
		}
	}
}

type powersInput struct {
	Base    float64 `json:"scaling_law_power"`
	Synergy float64 `json:"synergy_scaling_law_power"`
}

func checkStep(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		UIDs    []int
		Ops     []int            `json:"return_ops"`
		First   map[int][]number `json:"losses_val"`
		Phrase  map[int][]number `json:"losses"`
		Routing []float64        `json:"routing_score"`
		Times   []float64
	}](t, c.Input)
	p := decode[powersInput](t, c.Input)
	var responses []compat.Response
	for i, uid := range in.UIDs {
		responses = append(responses, compat.Response{
			UID: uid, Success: in.Ops[i] == 1, Seconds: in.Times[i], Routing: in.Routing[uid],
			First: floats(in.First[uid]), Phrase: floats(in.Phrase[uid]),
		})
	}
	got, err := compat.Step(responses, compat.Powers(p))
	require.NoError(t, err)
	checkOutcome(t, decode[stepExpect](t, c.Expect.F64), got)
}

func checkStepTensors(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		Inputs    [][]int
		Held      int `json:"validation_len"`
		Responses map[int][][][]number
		Ops       []int     `json:"return_ops"`
		Routing   []float64 `json:"routing_score"`
	}](t, c.Input)
	p := decode[powersInput](t, c.Input)
	var responses []compat.Response
	for i, uid := range slices.Sorted(maps.Keys(in.Responses)) {
		r := compat.Response{UID: uid, Success: in.Ops[i] == 1, Seconds: 1, Routing: in.Routing[uid]}
		for b, tensor := range tensors(in.Responses[uid]) {
			row := in.Inputs[b]
			first, phrase, err := compat.CrossEntropy(tensor, row[len(row)-in.Held:], compat.VocabMin)
			require.NoError(t, err)
			r.First, r.Phrase = append(r.First, first), append(r.Phrase, phrase)
		}
		responses = append(responses, r)
	}
	got, err := compat.Step(responses, compat.Powers(p))
	require.NoError(t, err)
	checkOutcome(t, decode[stepExpect](t, c.Expect.F64), got)
}

func checkCausal(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		Inputs  [][]int
		Held    int `json:"validation_len"`
		Logits  map[int][][][]number
		Ops     []int     `json:"return_ops"`
		Routing []float64 `json:"routing_score"`
	}](t, c.Input)
	p := decode[powersInput](t, c.Input)
	var responses []compat.LogitsResponse
	for i, uid := range slices.Sorted(maps.Keys(in.Logits)) {
		r := compat.LogitsResponse{UID: uid, Success: in.Ops[i] == 1, Seconds: 1, Routing: in.Routing[uid]}
		for _, tensor := range tensors(in.Logits[uid]) {
			r.Logits = append(r.Logits, tensor)
		}
		responses = append(responses, r)
	}
	got, err := compat.StepLogits(in.Inputs, in.Held, responses, compat.Powers(p))
	require.NoError(t, err)
	checkOutcome(t, decode[stepExpect](t, c.Expect.F64), got)
}

func checkAverages(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		Alpha float64
		Keys  []string `json:"synapse_keys"`
		Steps []map[int]map[string]number
	}](t, c.Input)
	want := decode[struct {
		Steps []struct {
			Responsive, Queried []int
			Stats               map[int]map[string]number
		}
	}](t, c.Expect.F64)
	require.Len(t, want.Steps, len(in.Steps))
	averages := compat.NewAverages(in.Alpha, in.Keys...)
	for i, step := range in.Steps {
		stats := map[int]compat.Stats{}
		for uid, s := range step {
			stats[uid] = compat.Stats{}
			for key, v := range s {
				stats[uid][key] = float64(v)
			}
		}
		require.Len(t, step, len(want.Steps[i].Queried))
		require.ElementsMatch(t, want.Steps[i].Responsive, averages.Update(stats, want.Steps[i].Queried))
		require.Len(t, averages.Stats, len(want.Steps[i].Stats))
		for uid, s := range want.Steps[i].Stats {
			require.Len(t, averages.Stats[uid], len(s), "step %d uid %d: %v", i, uid, averages.Stats[uid])
			for key, v := range s {
				near(t, float64(v), averages.Stats[uid][key], key)
			}
		}
	}
}

func checkNormalize(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		X     []number
		Limit float64
	}](t, c.Input)
	want := decode[struct{ Y []number }](t, c.Expect.F64)
	nearRow(t, want.Y, compat.NormalizeMaxWeight(floats(in.X), in.Limit), "y")
}

type u32Expect struct {
	UIDs   []int
	Values []uint32
}

func checkU32(t *testing.T, want u32Expect, uids []int, weights []float64) {
	t.Helper()
	gotUIDs, values, err := compat.EmitU32(uids, weights)
	require.NoError(t, err)
	require.Len(t, gotUIDs, len(want.UIDs))
	require.Len(t, values, len(want.Values))
	for i := range want.UIDs {
		require.Equal(t, want.UIDs[i], gotUIDs[i])
		require.Equal(t, want.Values[i], values[i])
	}
}

func checkCalculate(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		EMA        map[int]number
		Responsive []int
		Min        int     `json:"min_allowed_weights"`
		Max        float64 `json:"max_weight_limit"`
		Exclude    float64 `json:"exclude_quantile"`
		N          int
	}](t, c.Input)
	average := map[int]float64{}
	for uid, v := range in.EMA {
		average[uid] = float64(v)
	}
	demand := compat.Demand{MinAllowed: in.Min, MaxWeight: in.Max, Exclude: in.Exclude}
	if c.wantError() {
		order := make([]int, in.N)
		for uid := range order {
			order[uid] = uid
		}
		uids, weights := compat.CalculateWeights(order, average, len(in.Responsive), demand)
		_, _, err := compat.EmitU32(uids, weights)
		require.ErrorIs(t, err, compat.ErrWeights)
		return
	}
	want := decode[struct {
		Order   []int `json:"preferred_order"`
		UIDs    []int
		Weights []number
		U32     u32Expect
	}](t, c.Expect.F64)
	uids, weights := compat.CalculateWeights(want.Order, average, len(in.Responsive), demand)
	require.ElementsMatch(t, want.UIDs, uids)
	byUID := map[int]float64{}
	for i, uid := range uids {
		byUID[uid] = weights[i]
	}
	for i, uid := range want.UIDs {
		near(t, float64(want.Weights[i]), byUID[uid], "weight")
	}
	checkU32(t, want.U32, uids, weights)
}

func checkEmit(t *testing.T, c scoringCase) {
	t.Helper()
	in := decode[struct {
		UIDs    []int
		Weights []number
	}](t, c.Input)
	if c.wantError() {
		_, _, err := compat.EmitU32(in.UIDs, floats(in.Weights))
		require.ErrorIs(t, err, compat.ErrWeights)
		return
	}
	checkU32(t, decode[u32Expect](t, c.Expect.F64), in.UIDs, floats(in.Weights))
}

func average(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
