package yuma

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
	"github.com/gotensor/gotensor/internal/vectors"
)

// steps computes the outputs of one vector, whose inputs come first, of each file of the arithmetic that is a step of the epoch rather than
// an operation; package fixed answers for the others.
var steps = map[string]func(t *testing.T, in []any) []any{
	"alpha_sigmoid": func(t *testing.T, in []any) []any {
		s := newSigmoid(Liquid{Low: uint16(number(t, in[3])), High: uint16(number(t, in[4])), Steepness: int16(number(t, in[5]))})
		return []any{int64(s.alpha(number(t, in[0]), number(t, in[1]), number(t, in[2])))}
	},
	"bonds_alpha": func(t *testing.T, in []any) []any { return []any{int64(bondsAlpha(unsigned(t, in[0])))} },
	"emission_mul": func(t *testing.T, in []any) []any {
		share, amount := number(t, in[0]), unsigned(t, in[1])
		product := share.MulU64(amount)
		return []any{wideBits(product.Hi, product.Lo), uint64(pay(share, gotensor.Rao(amount)))}
	},
	"total_stake": func(t *testing.T, in []any) []any {
		weight := taoWeight(unsigned(t, in[0]))
		total := totalStake(gotensor.Rao(unsigned(t, in[1])), gotensor.Rao(unsigned(t, in[2])), weight)
		u96f32 := uint64(weight.Hi)<<32 | weight.Lo>>32
		return []any{u96f32, wideBits(total.Hi, total.Lo), total.U64()}
	},
	"inplace_normalize": func(t *testing.T, in []any) []any {
		x := numbers(t, in[0])
		normalise(x)
		return []any{plain(x)}
	},
	"is_topk_nonzero": func(t *testing.T, in []any) []any {
		x := numbers(t, in[0])
		top := make([]bool, len(x))
		topStakes(x, int(number(t, in[1])), top, nil)
		return []any{top}
	},
	"weighted_median_col": func(t *testing.T, in []any) []any {
		var m matrix
		rows := in[1].([]any)
		m.reset(len(rows))
		for _, row := range rows {
			for _, entry := range row.([]any) {
				pair := numbers(t, entry)
				m.push(uint16(pair[0]), pair[1])
			}
			m.endRow()
		}
		var c consensus
		c.compute(numbers(t, in[0]), &m, int(number(t, in[2])), number(t, in[3]))
		return []any{plain(c.median)}
	},
	"vec_u16_max_upscale_to_u16": func(t *testing.T, in []any) []any {
		row := make([]uint16, 0, 8)
		for _, x := range numbers(t, in[0]) {
			row = append(row, uint16(x))
		}
		UpscaleRow(row)
		return []any{row}
	},
}

func TestVectorsMath(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors.Dir(t, "math"), "*.json"))
	require.NoError(t, err)
	checked := 0
	for _, file := range files {
		var set struct {
			Name    string
			Vectors [][]any
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&set), file)
		compute, ok := steps[set.Name]
		if !ok {
			continue // package fixed's, which refuses a name that neither package knows
		}
		t.Run(set.Name, func(t *testing.T) {
			require.NotEmpty(t, set.Vectors)
			for i, v := range set.Vectors {
				got := compute(t, v)
				want := v[len(v)-len(got):]
				require.Equal(t, fmt.Sprint(want...), fmt.Sprint(got...), "vector %d of %s: %v", i, set.Name, v)
				checked++
			}
		})
	}
	if vectors.Committed() {
		require.Equal(t, 1920, checked, "vectors")
	}
}

// number reads raw bits or a small integer.
func number(t *testing.T, v any) fixed.I32F32 {
	t.Helper()
	x, ok := new(big.Int).SetString(fmt.Sprint(v), 10)
	require.True(t, ok && x.IsInt64(), "%v", v)
	return fixed.I32F32(x.Int64())
}

func unsigned(t *testing.T, v any) uint64 {
	t.Helper()
	x, ok := new(big.Int).SetString(fmt.Sprint(v), 10)
	require.True(t, ok && x.IsUint64(), "%v", v)
	return x.Uint64()
}

func numbers(t *testing.T, v any) []fixed.I32F32 {
	t.Helper()
	list, ok := v.([]any)
	require.True(t, ok, "%v", v)
	x := make([]fixed.I32F32, len(list))
	for i, e := range list {
		x[i] = number(t, e)
	}
	return x
}

// plain prints as the list of raw bits.
func plain(x []fixed.I32F32) []int64 {
	bits := make([]int64, len(x))
	for i, v := range x {
		bits[i] = int64(v)
	}
	return bits
}

func wideBits(hi int64, lo uint64) string {
	v := new(big.Int).Lsh(big.NewInt(hi), 64)
	return v.Add(v, new(big.Int).SetUint64(lo)).String()
}
