package score_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
)

func sdkCases[I, E any](t *testing.T, file string, count int) []vector[I, E] {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "test", "vectors", "weights", file))
	require.NoError(t, err)
	var cases []vector[I, E]
	require.NoError(t, json.Unmarshal(data, &cases))
	require.Len(t, cases, count)
	return cases
}

func plain(in []number) []float64 {
	out := make([]float64, len(in))
	for i := range in {
		out[i] = float64(in[i])
	}
	return out
}

type emitInput struct {
	UIDs     []gotensor.UID
	Weights  []number
	Min      int     `json:"min_allowed_weights"`
	Max      float64 `json:"max_weight_limit"`
	Quantile int     `json:"exclude_quantile_u16"`
}

// TestVectorsWeights compares rows with those of the peers' SDK, and names each case in which ours is a refusal instead.
func TestVectorsWeights(t *testing.T) {
	refused := map[string]error{
		"all_zero": score.ErrNoWeights, "negative": score.ErrBadWeight, "nan": score.ErrBadWeight, "inf": score.ErrBadWeight,
		"length_mismatch": score.ErrBadWeight, "negatives_dropped": score.ErrBadWeight,
		"below_min": score.ErrTooFew, "below_min_shifted_uids_BUG": score.ErrTooFew,
	}
	check := func(t *testing.T, name string, in emitInput, uids []gotensor.UID, values []uint16, slack float64) {
		t.Helper()
		row, err := score.Row(in.UIDs, plain(in.Weights), score.Limits{MaxShare: in.Max, MinCount: in.Min, AllowEqual: true})
		if want := refused[name]; want != nil {
			require.ErrorIs(t, err, want)
			return
		}
		require.NoError(t, err)
		require.Equal(t, uids, row.UIDs)
		for i := range values {
			require.InDelta(t, float64(values[i]), float64(row.Values[i]), slack*(1+float64(values[i])/1e4), "uid %d", uids[i])
		}
	}
	for _, c := range sdkCases[emitInput, struct {
		UIDs   []gotensor.UID
		Values []uint16
	}](t, "emit_u16.json", 7) {
		t.Run("emit_u16/"+c.Name, func(t *testing.T) { check(t, c.Name, c.Input, c.Expect.UIDs, c.Expect.Values, 0) })
	}
	compared := 0
	for _, c := range sdkCases[emitInput, struct {
		UIDs   []gotensor.UID `json:"emit_uids"`
		Values []uint16       `json:"emit_u16"`
	}](t, "process_weights.json", 11) {
		if c.Input.Quantile != 0 {
			continue // Row drops nobody for being in the lowest quantile
		}
		compared++
		// The SDK works in float32 and stays 3e-7 below the limit, which is 1e-4 of the smallest limit here.
		t.Run("process/"+c.Name, func(t *testing.T) { check(t, c.Name, c.Input, c.Expect.UIDs, c.Expect.Values, 1) })
	}
	require.Equal(t, 9, compared)
	for _, c := range sdkCases[struct {
		X     []number
		Limit float64
	}, struct{ Y []number }](t, "normalize_max_weight.json", 4) {
		t.Run("normalize/"+c.Name, func(t *testing.T) {
			got := compat.NormalizeMaxWeight(plain(c.Input.X), c.Input.Limit)
			require.Len(t, got, len(c.Expect.Y))
			for i, want := range c.Expect.Y {
				require.InDelta(t, float64(want), got[i], 1e-6)
			}
		})
	}
}

func TestRowRefuses(t *testing.T) {
	cases := []struct {
		name    string
		uids    []gotensor.UID
		weights []float64
		limits  score.Limits
		want    error
	}{
		{"nothing", nil, nil, score.Limits{}, score.ErrNoWeights},
		{"all zero", []gotensor.UID{1, 2}, []float64{0, 0}, score.Limits{}, score.ErrNoWeights},
		{"all equal", []gotensor.UID{1, 2, 3}, []float64{0.2, 0.2, 0.2}, score.Limits{}, score.ErrEqualWeights},
		{"NaN", []gotensor.UID{1, 2}, []float64{1, math.NaN()}, score.Limits{}, score.ErrBadWeight},
		{"infinite", []gotensor.UID{1, 2}, []float64{1, math.Inf(1)}, score.Limits{}, score.ErrBadWeight},
		{"negative", []gotensor.UID{1, 2}, []float64{1, -1e-300}, score.Limits{}, score.ErrBadWeight},
		{"twice", []gotensor.UID{2, 2}, []float64{1, 0}, score.Limits{}, score.ErrBadWeight},
		{"too few", []gotensor.UID{1, 2}, []float64{1, 2}, score.Limits{MinCount: 3}, score.ErrTooFew},
		{"too few after rounding", []gotensor.UID{1, 2}, []float64{1, 1e-9}, score.Limits{MinCount: 2}, score.ErrTooFew},
		{"limit cannot be met", []gotensor.UID{1, 2}, []float64{1, 2}, score.Limits{MaxShare: 0.4}, score.ErrTooFew},
		{"limit is no share", []gotensor.UID{1, 2}, []float64{1, 2}, score.Limits{MaxShare: math.NaN()}, score.ErrBadWeight},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := score.Row(tc.uids, tc.weights, tc.limits)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestRowAccepts(t *testing.T) {
	one, err := score.Row([]gotensor.UID{7, 3}, []float64{0.4, 0}, score.Limits{})
	require.NoError(t, err)
	require.Equal(t, score.WeightRow{UIDs: []gotensor.UID{7}, Values: []uint16{65535}}, one, "a single neuron is not 'all equal'")
	huge, err := score.Row([]gotensor.UID{9, 2}, []float64{math.MaxFloat64, math.MaxFloat64 / 2}, score.Limits{})
	require.NoError(t, err)
	require.Equal(t, score.WeightRow{UIDs: []gotensor.UID{2, 9}, Values: []uint16{32768, 65535}}, huge)
}

// TestRowLimit: no share above the limit, order kept, and those under it keep their proportions.
func TestRowLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		n := 2 + r.IntN(60)
		uids, weights := make([]gotensor.UID, n), make([]float64, n)
		for i := range uids {
			uids[i], weights[i] = gotensor.UID(i), 0.01+math.Exp(4*r.NormFloat64())
		}
		limit := (1 + 3*r.Float64()) / float64(n)
		row, err := score.Row(uids, weights, score.Limits{MaxShare: min(limit, 1), AllowEqual: true})
		require.NoError(t, err)
		sum, at := 0.0, make([]uint16, n)
		for i, uid := range row.UIDs {
			sum += float64(row.Values[i])
			at[uid] = row.Values[i]
		}
		for i := range at {
			require.LessOrEqual(t, float64(at[i])/sum, limit*(1+1e-9)+float64(n)/sum)
			for j := range at {
				if weights[i] < weights[j] {
					require.LessOrEqual(t, at[i], at[j])
				}
			}
		}
	}
}

func FuzzRow(f *testing.F) {
	f.Add(uint16(1), 0.5, uint16(2), 0.25, 0.9, 1)
	f.Add(uint16(1), math.NaN(), uint16(1), -1.0, 2.0, -5)
	f.Fuzz(func(t *testing.T, a uint16, wa float64, b uint16, wb, limit float64, count int) {
		row, err := score.Row([]gotensor.UID{gotensor.UID(a), gotensor.UID(b)}, []float64{wa, wb}, score.Limits{MaxShare: limit, MinCount: count})
		if err != nil {
			require.Empty(t, row.UIDs)
			return
		}
		require.NotEmpty(t, row.UIDs)
		require.Len(t, row.Values, len(row.UIDs))
		largest := uint16(0)
		for i, v := range row.Values {
			require.NotZero(t, v)
			require.True(t, i == 0 || row.UIDs[i-1] < row.UIDs[i])
			largest = max(largest, v)
		}
		require.EqualValues(t, math.MaxUint16, largest)
	})
}
