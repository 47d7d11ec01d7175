package score_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/mechanism/text/score"
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

type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	b, err := hex.DecodeString(s)
	*h = b
	return err
}

type vectorCandidates []struct {
	Hex hexBytes
	P   number
}

func (v vectorCandidates) list() []score.Candidate {
	out := make([]score.Candidate, len(v))
	for i := range v {
		out[i] = score.Candidate{Text: v[i].Hex, P: float64(v[i].P)}
	}
	return out
}

type vector[I, E any] struct {
	Name   string
	Input  I
	Expect E
}

// runVectors runs the cases of one file and returns how many there were. Only a folder of other vectors may lack the file.
func runVectors[I, E any](t *testing.T, dir, file string, committed int, run func(t *testing.T, in I, want E)) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	if errors.Is(err, fs.ErrNotExist) && !vectors.Committed() {
		return 0
	}
	require.NoError(t, err)
	var cases []vector[I, E]
	require.NoError(t, json.Unmarshal(data, &cases), file)
	if vectors.Committed() {
		require.Len(t, cases, committed, file)
	}
	for _, c := range cases {
		t.Run(file+"/"+c.Name, func(t *testing.T) { run(t, c.Input, c.Expect) })
	}
	return len(cases)
}

func close9(t *testing.T, want, got float64, what string) {
	t.Helper()
	require.Falsef(t, math.IsNaN(got), "%s is NaN, want %v", what, want)
	require.LessOrEqualf(t, math.Abs(want-got), 1e-12+1e-9*math.Abs(want), "%s: want %v, got %v", what, want, got)
}

func closeRow(t *testing.T, want, got []float64, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		close9(t, want[i], got[i], fmt.Sprintf("%s[%d]", what, i))
	}
}

func TestVectorsGain(t *testing.T) {
	dir := vectors.Dir(t, "gain")
	total := runVectors(t, dir, "validity.json", 7, checkValidity)
	total += runVectors(t, dir, "gain.json", 9, checkGain)
	total += runVectors(t, dir, "group.json", 3, checkGroup)
	total += runVectors(t, dir, "ema.json", 2, checkAverage)
	total += runVectors(t, dir, "weights.json", 3, checkWeights)
	require.Positive(t, total, "no cases in %s", dir)
	if vectors.Committed() {
		require.Equal(t, 24, total)
	}
}

type validityInput struct {
	KMax       int `json:"k_max"`
	Candidates vectorCandidates
	Floor      number
}

func checkValidity(t *testing.T, in validityInput, want struct{ Verdict string }) {
	t.Helper()
	s := score.Defaults()
	s.KMax = in.KMax
	require.Equal(t, want.Verdict, score.Check(&s, in.Candidates.list(), float64(in.Floor)).String())

	var lengths, text []byte
	var probs []float64
	for _, c := range in.Candidates {
		if len(c.Hex) > math.MaxUint8 {
			return // cannot be said in columns
		}
		lengths, text, probs = append(lengths, byte(len(c.Hex))), append(text, c.Hex...), append(probs, float64(c.P))
	}
	var a score.Answer
	require.NoError(t, score.Load(&a, &s, lengths, text, probs, float64(in.Floor)))
	require.Equal(t, want.Verdict, a.Verdict().String(), "loaded from columns")
}

type gainInput struct {
	Truth      hexBytes
	Candidates vectorCandidates
	Floor      number
	NRef       int `json:"n_ref"`
	Ref        map[string]float64
}

type gainExpect struct {
	Verdict string
	Event   *string
	Q       float64
	REvent  *float64 `json:"r_event"`
	L       float64
	Gain    float64
}

// table is a reference that knows only the listed prefixes; for any other it has no probability at all.
type table map[string]float64

func (r table) Prob(_, s []byte) float64 {
	p, ok := r[hex.EncodeToString(s)]
	if !ok {
		return math.NaN()
	}
	return p
}

func checkGain(t *testing.T, in gainInput, want gainExpect) {
	t.Helper()
	s := score.Defaults()
	s.KMax, s.NRef = score.CandidateLimit, in.NRef
	scorer, err := score.NewScorer(s, table(in.Ref))
	require.NoError(t, err)
	question, err := scorer.Open(score.Item{Context: []byte("any"), Truth: in.Truth})
	require.NoError(t, err)
	got, err := question.Gain(score.NewAnswer(scorer.Settings(), in.Candidates.list(), float64(in.Floor)))
	require.NoError(t, err)
	require.Equal(t, want.Verdict, got.Verdict.String())
	event := ""
	if want.Event != nil {
		event = *want.Event
	}
	require.Equal(t, event, hex.EncodeToString([]byte(got.Event)))
	close9(t, want.Q, got.Q, "q")
	if want.REvent != nil {
		close9(t, *want.REvent, got.R, "r_event")
	} else {
		require.Zero(t, got.R)
	}
	close9(t, want.L, got.L, "L")
	close9(t, want.Gain, got.Nats, "gain")
}

type groupInput struct {
	Gain    [][]float64
	Level   []float64
	Weights []float64 `json:"mixture_weights"`
}

type groupExpect struct {
	Delta        [][]float64
	S            [][]float64
	Copies       []float64 `json:"n_copies"`
	Items        []float64 `json:"mixture_item"`
	Mixture      float64   `json:"mixture_gain"`
	Shapley      []float64
	ShapleyTotal float64 `json:"shapley_total"`
}

func checkGroup(t *testing.T, in groupInput, want groupExpect) {
	t.Helper()
	s := score.Defaults()
	s.Kappa = 0.05 // that of the vectors
	like, err := score.Compare(&s, in.Gain, in.Level)
	require.NoError(t, err)
	require.Len(t, like.Delta, len(want.Delta))
	for i := range want.Delta {
		closeRow(t, want.Delta[i], like.Delta[i], "delta")
		closeRow(t, want.S[i], like.S[i], "s")
	}
	closeRow(t, want.Copies, like.Copies, "n_copies")
	items, mean, err := score.Mixture(in.Gain, in.Weights)
	require.NoError(t, err)
	closeRow(t, want.Items, items, "mixture_item")
	close9(t, want.Mixture, mean, "mixture_gain")
	if want.Shapley == nil && len(in.Gain) > score.ShapleyLimit {
		return
	}
	values, total, err := score.Shapley(in.Gain)
	require.NoError(t, err)
	closeRow(t, want.Shapley, values, "shapley")
	close9(t, want.ShapleyTotal, total, "shapley_total")
}

type averageInput struct {
	Alpha float64
	X     []json.RawMessage
}

type averageExpect []struct {
	W, Q, S1, S2     number
	N, Mean, Se, LCB number
}

func checkAverage(t *testing.T, in averageInput, want averageExpect) {
	t.Helper()
	require.Len(t, want, len(in.X))
	s := score.Defaults()
	var a score.Average
	for i, x := range in.X {
		switch string(x) {
		case `"silent"`:
			a.Add(in.Alpha, 0)
		case `"not_asked"`:
		default:
			v, err := strconv.ParseFloat(string(x), 64)
			require.NoError(t, err)
			a.Add(in.Alpha, v)
		}
		if !a.Asked() {
			continue // nothing but zeros yet
		}
		w := want[i]
		closeRow(t, plain([]number{w.W, w.Q, w.S1, w.S2}), []float64{a.W, a.Q, a.S1, a.S2}, "state")
		closeRow(t, plain([]number{w.N, w.Mean, w.Se, w.LCB}), []float64{a.Rounds(), a.Mean(), a.StdErr(s.V0), a.LCB(&s)}, "mean")
	}
}

type weightsInput struct {
	LCB    [][]*float64
	Factor []float64 `json:"copy_factor"`
}

type weightsExpect struct{ Shares, Weights json.RawMessage }

func checkWeights(t *testing.T, in weightsInput, want weightsExpect) {
	t.Helper()
	lcb := make([][]float64, len(in.LCB))
	for i := range lcb {
		for _, p := range in.LCB[i] {
			v := math.NaN()
			if p != nil {
				v = *p
			}
			lcb[i] = append(lcb[i], v)
		}
	}
	var shares [][]float64
	var weights []float64
	require.NoError(t, json.Unmarshal(want.Shares, &shares))
	require.NoError(t, json.Unmarshal(want.Weights, &weights))
	s := score.Defaults()
	got, err := score.Shares(&s, lcb, in.Factor)
	require.NoError(t, err)
	require.Len(t, got.Shares, len(shares))
	for d := range shares {
		require.Equal(t, shares[d] == nil, got.Shares[d] == nil)
		closeRow(t, shares[d], got.Shares[d], "shares")
	}
	require.Equal(t, weights == nil, got.Weights == nil)
	closeRow(t, weights, got.Weights, "weights")
}
