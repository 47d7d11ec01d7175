package garbage_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/garbage"
)

func TestKindsBreakTheRuleTheyName(t *testing.T) {
	verdicts := map[garbage.Kind]score.Verdict{
		garbage.Random: score.OK, garbage.Few: score.OK, garbage.Sum: score.BadSum, garbage.NaN: score.BadNumber,
		garbage.Unsorted: score.Order, garbage.Long: score.BadLength, garbage.Many: score.TooMany,
	}
	for _, kind := range garbage.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			want, ok := verdicts[kind]
			require.True(t, ok)
			p, err := garbage.New(kind, rand.New(rand.NewPCG(1, 2)))
			require.NoError(t, err)
			for _, k := range []int{2, 64, 512} {
				got, err := p.Predict(t.Context(), make([][]byte, 5), k)
				require.NoError(t, err)
				if kind == garbage.Few {
					require.Len(t, got, 4)
				} else {
					require.Len(t, got, 5)
				}
				settings := score.Defaults()
				settings.KMax = k
				for i := range got {
					require.Equal(t, want, score.Check(&settings, got[i].Candidates, got[i].Floor))
					require.Equal(t, want == score.OK, got[i].Check(k) == nil)
				}
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	_, err := garbage.New("nice", nil)
	require.ErrorIs(t, err, model.ErrRequest)
	p, err := garbage.New(garbage.Random, rand.New(rand.NewPCG(1, 2)))
	require.NoError(t, err)
	_, err = p.Predict(t.Context(), nil, 0)
	require.ErrorIs(t, err, model.ErrRequest)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Predict(ctx, nil, 1)
	require.ErrorIs(t, err, context.Canceled)
}

func Example() {
	p, err := garbage.New(garbage.Random, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		panic(err)
	}
	predictions, err := p.Predict(context.Background(), [][]byte{[]byte("Once upon a")}, 64)
	fmt.Println(p.Name(), len(predictions[0].Candidates), predictions[0].Check(64), err)
	// Output: garbage 64 <nil> <nil>
}
