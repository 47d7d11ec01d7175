package model_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
)

// Check must agree with what validators do.
func TestCheckAgreesWithValidators(t *testing.T) {
	c := func(text string, p float64) model.Candidate { return model.Candidate{Text: []byte(text), P: p} }
	for _, tc := range []struct {
		name       string
		candidates []model.Candidate
		floor      float64
		want       score.Verdict
	}{
		{"no opinion", nil, 1, score.OK},
		{"prefixes", []model.Candidate{c("a", .5), c("ab", .25)}, .25, score.OK},
		{"within tolerance", []model.Candidate{c("a", .5)}, .5009, score.OK},
		{"too many", []model.Candidate{c("a", .1), c("b", .1), c("c", .1), c("d", .1)}, .6, score.TooMany},
		{"empty string", []model.Candidate{c("", .5)}, .5, score.BadLength},
		{"17 bytes", []model.Candidate{c("12345678901234567", .5)}, .5, score.BadLength},
		{"unsorted", []model.Candidate{c("b", .5), c("a", .25)}, .25, score.Order},
		{"twice", []model.Candidate{c("a", .5), c("a", .25)}, .25, score.Order},
		{"not a number", []model.Candidate{c("a", math.NaN())}, 1, score.BadNumber},
		{"negative", []model.Candidate{c("a", -.1)}, 1, score.BadNumber},
		{"above one", []model.Candidate{c("a", 1.1)}, 0, score.BadNumber},
		{"bad floor", []model.Candidate{c("a", .1)}, math.Inf(1), score.BadNumber},
		{"bad sum", []model.Candidate{c("a", .5)}, .4, score.BadSum},
	} {
		t.Run(tc.name, func(t *testing.T) {
			settings := score.Defaults()
			settings.KMax = 3
			require.Equal(t, tc.want, score.Check(&settings, tc.candidates, tc.floor))
			p := model.Prediction{Candidates: tc.candidates, Floor: tc.floor}
			if tc.want == score.OK {
				require.NoError(t, p.Check(3))
			} else {
				require.ErrorIs(t, p.Check(3), model.ErrPrediction)
			}
		})
	}
	for _, k := range []int{-1, 0, 4097} {
		require.ErrorIs(t, model.CheckRequest(k), model.ErrRequest)
	}
	require.NoError(t, model.CheckRequest(4096))
}

func TestAtWordEnd(t *testing.T) {
	for context, want := range map[string]bool{"": false, "a word": true, "blank ": false, "line\n": false, "end.": true} {
		require.Equal(t, want, model.AtWordEnd([]byte(context)), context)
	}
}

func ExamplePrediction_Check() {
	p := model.Prediction{Candidates: []model.Candidate{{Text: []byte(" the"), P: .6}, {Text: []byte(" a"), P: .3}}, Floor: .1}
	fmt.Println(p.Check(512))
	// Output: invalid prediction: candidate 1 " a" is not above its predecessor " the"
}
