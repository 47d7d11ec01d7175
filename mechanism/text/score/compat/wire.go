package compat

import (
	"fmt"
	"math"
	"slices"
)

// TopKTensor is what a server of 2022 made of its logits over one standard vocabulary: softmax, the k most likely tokens in
// descending order with their phrases, and the mean probability of the rest. It was float32 arithmetic and is so here.
func TopKTensor(logits []float64, phrases [][]int, k int) (Tensor, error) {
	if len(logits) != len(phrases) || k < 1 || k >= len(logits) {
		return nil, fmt.Errorf("%w: %d logits, %d phrases, k %d, want equally many and k below", ErrShape, len(logits), len(phrases), k)
	}
	width := 0
	for _, p := range phrases {
		width = max(width, len(p))
	}
	p := softmax32(logits)
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] > p[b]:
			return -1
		case p[a] < p[b]:
			return 1
		}
		return 0
	})
	out := make(Tensor, 0, k+1)
	var sum float32
	for _, i := range order[:k] {
		sum += p[i]
		out = append(out, padded(float64(p[i]), phrases[i], width))
	}
	floor := max(min(1-sum, 1), tiny) / float32(len(p)-k)
	out = append(out, padded(float64(floor), nil, width))
	return trim(out), nil
}

func padded(p float64, tokens []int, width int) []float64 {
	row := make([]float64, 1, width+1)
	row[0] = p
	for _, token := range tokens {
		row = append(row, float64(token))
	}
	for len(row) <= width {
		row = append(row, IgnoreIndex)
	}
	return row
}

// trim drops columns that hold only padding, but for the first of tokens.
func trim(t Tensor) Tensor {
	width := 2
	for _, row := range t {
		for c := width; c < len(row); c++ {
			if row[c] != IgnoreIndex {
				width = c + 1
			}
		}
	}
	for i := range t {
		t[i] = t[i][:min(width, len(t[i]))]
	}
	return t
}

func softmax32(logits []float64) []float32 {
	top := float32(math.Inf(-1))
	for _, x := range logits {
		top = max(top, float32(x))
	}
	out := make([]float32, len(logits))
	var sum float32
	for i, x := range logits {
		out[i] = float32(math.Exp(float64(float32(x) - top)))
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// firstToken is added to every token on the wire, so that tokens are above probabilities.
const firstToken = 2

// Compact returns the one-dimensional wire form of a batch: rows end to end, padding left out, tokens raised by 2, float32.
func Compact(batch []Tensor) []float64 {
	var out []float64
	for _, t := range batch {
		for _, row := range t {
			for c, v := range row {
				switch {
				case c == 0:
					out = append(out, float64(float32(v)))
				case v != IgnoreIndex:
					out = append(out, float64(float32(v+firstToken)))
				}
			}
		}
	}
	return out
}

// Unravel reads the wire form. Every value of 1.5 or less starts a phrase; their number must be a multiple of topk+1 (ErrWire).
// Faults kept: a probability above 1.5 and NaN are read as tokens, and what comes before the first probability is dropped.
func Unravel(compact []float64, topk int) ([]Tensor, error) {
	if topk < 1 {
		return nil, fmt.Errorf("%w: topk %d, want 1 or more", ErrWire, topk)
	}
	var starts []int
	for i, v := range compact {
		if v <= 1.5 {
			starts = append(starts, i)
		}
	}
	if len(starts)%(topk+1) != 0 || len(starts) == 0 {
		return nil, fmt.Errorf("%w: %d probabilities, want a multiple of %d", ErrWire, len(starts), topk+1)
	}
	width := 1
	ends := append(slices.Clone(starts[1:]), len(compact))
	for i := range starts {
		width = max(width, ends[i]-starts[i])
	}
	// A sender chooses the widest row; a batch of them all that wide must stay in proportion to what was sent.
	if limit := 64 * (len(compact) + 64); width > limit/len(starts) {
		return nil, fmt.Errorf("%w: a phrase of %d tokens among %d values", ErrWire, width-1, len(compact))
	}
	out := make([]Tensor, 0, len(starts)/(topk+1))
	for i := range starts {
		if i%(topk+1) == 0 {
			out = append(out, make(Tensor, 0, topk+1))
		}
		row := make([]float64, width)
		row[0] = compact[starts[i]]
		for c := 1; c < width; c++ {
			row[c] = IgnoreIndex
			if at := starts[i] + c; at < ends[i] {
				row[c] = compact[at] - firstToken
			}
		}
		last := len(out) - 1
		out[last] = append(out[last], row)
	}
	return out, nil
}
