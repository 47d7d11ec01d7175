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
var steps = map[string]func(in inputs) []any{
	"alpha_sigmoid": func(in inputs) []any {
		s := newSigmoid(Liquid{Low: uint16(in.number(3)), High: uint16(in.number(4)), Steepness: int16(in.number(5))})
		x := []fixed.I32F32{distance(in.number(0), in.number(1), in.number(2))}
		s.each(x)
		return []any{int64(x[0])}
	},
	"bonds_alpha": func(in inputs) []any { return []any{int64(bondsAlpha(in.unsigned(0)))} },
	"emission_mul": func(in inputs) []any {
		share, amount := in.number(0), in.unsigned(1)
		product := share.MulU64(amount)
		return []any{wideBits(product.Hi, product.Lo), uint64(pay(share, gotensor.Rao(amount)))}
	},
	"total_stake": func(in inputs) []any {
		weight := taoWeight(in.unsigned(0))
		total := totalStake(gotensor.Rao(in.unsigned(1)), gotensor.Rao(in.unsigned(2)), weight)
		u96f32 := uint64(weight.Hi)<<32 | weight.Lo>>32
		return []any{u96f32, wideBits(total.Hi, total.Lo), total.U64()}
	},
	"inplace_normalize": func(in inputs) []any {
		x := in.numbers(0)
		normalise(x)
		return []any{plain(x)}
	},
	"is_topk_nonzero": func(in inputs) []any {
		x := in.numbers(0)
		top := make([]bool, len(x))
		topStakes(x, int(in.number(1)), top, nil)
		return []any{top}
	},
	"weighted_median_col": func(in inputs) []any {
		var m matrix
		rows := in.list(1)
		ascend := make([]bool, len(rows.v))
		m.reset(len(rows.v))
		for i := range rows.v {
			row := rows.list(i)
			for k := range row.v {
				pair := row.numbers(k)
				m.push(uint16(pair[0]), pair[1])
			}
			m.endRow()
			uids, _ := m.row(i)
			ascend[i] = Row{UIDs: uids}.ascends()
		}
		var c consensus
		c.compute(in.numbers(0), &m, ascend, int(in.number(2)), in.number(3))
		return []any{plain(c.median)}
	},
	"vec_u16_max_upscale_to_u16": func(in inputs) []any {
		row := make([]uint16, 0, 8)
		for _, x := range in.numbers(0) {
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
				got := compute(inputs{t, v})
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

// inputs are the values of a vector; reading one that is malformed fails the test.
type inputs struct {
	t *testing.T
	v []any
}

// integer reads a decimal string or a JSON number.
func (in inputs) integer(i int) *big.Int {
	x, ok := new(big.Int).SetString(fmt.Sprint(in.v[i]), 10)
	require.True(in.t, ok, "%v is no integer", in.v[i])
	return x
}

// number reads raw bits or a small integer.
func (in inputs) number(i int) fixed.I32F32 {
	x := in.integer(i)
	require.True(in.t, x.IsInt64(), "%v", x)
	return fixed.I32F32(x.Int64())
}

func (in inputs) unsigned(i int) uint64 {
	x := in.integer(i)
	require.True(in.t, x.IsUint64(), "%v", x)
	return x.Uint64()
}

func (in inputs) list(i int) inputs {
	list, ok := in.v[i].([]any)
	require.True(in.t, ok, "%v is no list", in.v[i])
	return inputs{in.t, list}
}

func (in inputs) numbers(i int) []fixed.I32F32 {
	list := in.list(i)
	x := make([]fixed.I32F32, len(list.v))
	for k := range x {
		x[k] = list.number(k)
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
