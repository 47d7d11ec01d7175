package fixed_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/fixed"
	"github.com/gotensor/gotensor/internal/vectors"
)

// primitives computes the outputs of one vector, whose inputs come first, of each file that this package answers for; both are decimal
// strings of raw bits (or plain numbers), nil where the reference returns an error.
var primitives = map[string]func(in inputs) []any{
	"i32f32_saturating_add":         binary(fixed.I32F32.Add),
	"i32f32_saturating_sub":         binary(fixed.I32F32.Sub),
	"i32f32_saturating_mul":         binary(fixed.I32F32.Mul),
	"i32f32_checked_mul_or_default": binary(fixed.I32F32.MulOrZero),
	"i32f32_saturating_div":         binary(fixed.I32F32.Div),
	"i32f32_safe_div":               binary(fixed.I32F32.SafeDiv),
	"i64f64_saturating_mul":         func(in inputs) []any { return []any{wideText(in.wide(0).Mul(in.wide(1)))} },
	"i64f64_safe_div": func(in inputs) []any {
		q := in.wide(0).SafeDiv(in.wide(1))
		return []any{wideText(q), text(q.I32F32())}
	},
	"exp":                           partial(fixed.Exp),
	"log2":                          partial(fixed.Log2),
	"sqrt":                          partial(fixed.Sqrt),
	"exp_safe":                      unary(fixed.ExpClamped),
	"safe_ln":                       unary(fixed.Ln),
	"fixed_proportion_to_u16":       func(in inputs) []any { return []any{in.raw(0).U16()} },
	"u16_proportion_to_fixed":       func(in inputs) []any { return []any{text(fixed.ShareOfU16(uint16(in.raw(0))))} },
	"safe_math_checked_sqrt_i32f32": func(in inputs) []any { return optional(fixed.SqrtWithin(in.raw(0), in.raw(1))) },
	"sigmoid_safe": func(in inputs) []any {
		return []any{text(fixed.Sigmoid(in.raw(0), in.raw(1), in.raw(2)))}
	},
	"stored_bond_to_fixed": func(in inputs) []any {
		x := uint16(in.raw(0))
		return []any{text(fixed.FromU16(x)), text(fixed.ShareOfU16(x))}
	},
}

// elsewhere are the files that package yuma answers for.
var elsewhere = []string{
	"alpha_sigmoid", "bonds_alpha", "emission_mul", "inplace_normalize", "is_topk_nonzero", "total_stake",
	"vec_u16_max_upscale_to_u16", "weighted_median_col",
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
		compute, ok := primitives[set.Name]
		if !ok {
			require.Contains(t, elsewhere, set.Name, "nobody answers for %s", file)
			continue
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
		require.Len(t, files, len(primitives)+len(elsewhere), "files")
		require.Equal(t, 4544, checked, "vectors")
	}
}

func unary(f func(fixed.I32F32) fixed.I32F32) func(inputs) []any {
	return func(in inputs) []any { return []any{text(f(in.raw(0)))} }
}

func partial(f func(fixed.I32F32) (fixed.I32F32, bool)) func(inputs) []any {
	return func(in inputs) []any { return optional(f(in.raw(0))) }
}

func binary(f func(a, b fixed.I32F32) fixed.I32F32) func(inputs) []any {
	return func(in inputs) []any { return []any{text(f(in.raw(0), in.raw(1)))} }
}

func optional(x fixed.I32F32, ok bool) []any {
	if !ok {
		return []any{nil}
	}
	return []any{text(x)}
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

func (in inputs) raw(i int) fixed.I32F32 {
	x := in.integer(i)
	require.True(in.t, x.IsInt64(), "%v", x)
	return fixed.I32F32(x.Int64())
}

func (in inputs) wide(i int) fixed.I64F64 {
	x := in.integer(i)
	hi := new(big.Int).Rsh(x, 64) // rounds down, as the high word of two's complement does
	require.True(in.t, hi.IsInt64(), "%v", x)
	lo := new(big.Int).Sub(x, new(big.Int).Lsh(hi, 64))
	return fixed.I64F64{Hi: hi.Int64(), Lo: lo.Uint64()}
}

func text(x fixed.I32F32) string { return fmt.Sprint(int64(x)) }

func wideText(x fixed.I64F64) string { return wideInt(x).String() }
