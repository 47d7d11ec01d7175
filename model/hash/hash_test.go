package hash_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model/hash"
)

func Example() {
	v, usage, _ := hash.Embedder{}.Embed(context.Background(), []string{
		"The miners answer the questions.", "A miner answers a question.", "Butter and flour, a pinch of salt.",
	})
	fmt.Printf("%d values, %d words\n", len(v[0]), usage.Prompt)
	fmt.Printf("%.1f %.1f\n", dot(v[0], v[1]), dot(v[0], v[2]))
	// Output:
	// 256 values, 17 words
	// 0.4 0.1
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func embed(t testing.TB, texts ...string) [][]float32 {
	t.Helper()
	v, _, err := hash.Embedder{}.Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, v, len(texts))
	return v
}

// Each line is a subject in three wordings, further apart from line to line than within one.
var subjects = [][]string{
	{"How do I register a miner on the network?", "registering miners with the network", "The network registers a miner"},
	{"Bake the bread in a hot oven for an hour", "bread, baked one hour in the oven", "An oven for baking breads"},
	{"Light is refracted by a prism into colours", "The prism refracts light: colours", "refraction of coloured light in prisms"},
	{"Der Vogel singt am frühen Morgen", "Vögel singen frühmorgens; ein Vogel singt", "am Morgen singt der frühe Vogel"},
	{"東京は日本の首都です", "日本の首都は東京です", "首都東京、日本"},
}

func TestSimilarTextsAreCloser(t *testing.T) {
	for i, own := range subjects {
		for j, other := range subjects {
			if i == j {
				continue
			}
			for _, a := range own {
				for _, b := range own {
					for _, c := range other {
						v := embed(t, a, b, c)
						require.Greater(t, dot(v[0], v[1]), dot(v[0], v[2]), "%q: %q is closer than %q", a, b, c)
					}
				}
			}
		}
	}
}

func TestVectors(t *testing.T) {
	v := embed(t, "", " .,;", "Word", "wORD!", "\xff\xfe", strings.Repeat("long ", 50_000))
	require.Equal(t, v[0], v[1], "no words")
	require.Equal(t, v[0], v[4], "no words")
	require.Equal(t, v[2], v[3], "neither case nor marks count")
	require.NotEqual(t, v[0], v[2])
	require.InDelta(t, 1, dot(v[5], embed(t, "long")[0]), 1e-6, "how often does not matter")
	t.Run("the same on every machine", func(t *testing.T) {
		h := sha256.New()
		require.NoError(t, binary.Write(h, binary.LittleEndian, slices.Concat(embed(t, subjects[0][0], subjects[3][1], "")...)))
		require.Equal(t, "4cb76e4d44321afd", fmt.Sprintf("%x", h.Sum(nil)[:8]))
	})
	t.Run("ends with the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := hash.Embedder{}.Embed(ctx, []string{"a"})
		require.ErrorIs(t, err, context.Canceled)
	})
}

func FuzzEmbed(f *testing.F) {
	f.Add("one two")
	f.Add("\xff größer 東京")
	f.Fuzz(func(t *testing.T, text string) {
		v := embed(t, text, text+"!")
		require.Equal(t, v[0], v[1])
		require.Len(t, v[0], hash.Dimensions)
		require.InDelta(t, 1, math.Sqrt(dot(v[0], v[0])), 1e-5)
	})
}

func BenchmarkEmbed(b *testing.B) {
	text := strings.Repeat("miners answer the questions of validators ", 25)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		embed(b, text)
	}
}
