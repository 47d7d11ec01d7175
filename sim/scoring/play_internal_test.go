package scoring

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRelativeWeighsSourcesAlike: by the ratio on each source, and no source where a hair is earned decides.
func TestRelativeWeighsSourcesAlike(t *testing.T) {
	for _, c := range []struct {
		name           string
		points, others []float64
		want           float64
	}{
		{"the same", []float64{4, 1}, []float64{4, 1}, 1},
		{"half on a source of large gains", []float64{2, 1}, []float64{4, 1}, 0.75},
		{"half on a source of small gains", []float64{4, 0.005}, []float64{4, 0.01}, 0.75},
		{"nothing on one", []float64{0, 1}, []float64{4, 1}, 0.5},
		{"a hair", []float64{2, 0.5}, []float64{4, hair / 2}, 0.5},
		{"more than a hair", []float64{2, 2 * hair}, []float64{4, hair}, 1.25},
	} {
		t.Run(c.name, func(t *testing.T) { require.InDelta(t, c.want, relative(c.points, c.others), 1e-12) })
	}
	require.True(t, math.IsNaN(relative([]float64{1, 1}, []float64{0, hair / 2})), "nothing to compare with")
}
