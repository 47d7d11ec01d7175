package score

import (
	"bytes"
	"cmp"
	"math"
	"slices"
)

// Candidate is a way in which the text may go on, and a probability.
type Candidate struct {
	Text []byte
	P    float64
}

// Split is for models that say how likely the text is to START with each candidate (n-grams, beam search). It keeps the kMax
// most likely ones and turns each probability into that of being the longest one listed, by taking off what its shortest
// extensions in the list hold; the floor is what no candidate holds. The result is sorted and always passes Check with
// KMax >= kMax: texts over MaxLen bytes are cut, empty ones and probabilities that are no number are dropped, the likelier of two
// equal texts stays. The input is not changed.
func Split(starts []Candidate, kMax int) ([]Candidate, float64) {
	out := tidy(starts, kMax, func(a, b float64) float64 { return max(a, b) })
	whole := make([]float64, len(out))
	for i := range out {
		whole[i] = out[i].P
	}
	var open []int // candidates that the current one may extend, shortest first
	roots := 0.0
	for i := range out {
		for len(open) > 0 && !bytes.HasPrefix(out[i].Text, out[open[len(open)-1]].Text) {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			out[open[len(open)-1]].P -= whole[i]
		} else {
			roots += whole[i]
		}
		open = append(open, i)
	}
	return normalise(out, 1-roots)
}

// Disjoint is for models whose candidates exclude each other, as the tokens of a language model do. It cuts texts to MaxLen
// bytes, adds up the probabilities of equal ones and keeps the kMax most likely; the floor is the rest. Otherwise it is as Split.
func Disjoint(candidates []Candidate, kMax int) ([]Candidate, float64) {
	out := tidy(candidates, kMax, func(a, b float64) float64 { return a + b })
	sum := 0.0
	for i := range out {
		sum += out[i].P
	}
	return normalise(out, 1-sum)
}

// tidy cleans, merges equal texts, keeps the kMax likeliest (ties: by bytes) and sorts by bytes.
func tidy(in []Candidate, kMax int, merge func(a, b float64) float64) []Candidate {
	out := make([]Candidate, 0, len(in))
	for _, c := range in {
		text := c.Text[:min(len(c.Text), MaxLen)]
		if len(text) > 0 && c.P > 0 { // false for NaN
			out = append(out, Candidate{Text: text, P: min(c.P, 1)})
		}
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return bytes.Compare(a.Text, b.Text) })
	n := 0
	for _, c := range out {
		if n > 0 && bytes.Equal(out[n-1].Text, c.Text) {
			out[n-1].P = merge(out[n-1].P, c.P)
			continue
		}
		out[n] = c
		n++
	}
	out = out[:n]
	kMax = min(max(kMax, 0), CandidateLimit)
	if n <= kMax {
		return out
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Compare(b.P, a.P) })
	out = out[:kMax]
	slices.SortFunc(out, func(a, b Candidate) int { return bytes.Compare(a.Text, b.Text) })
	return out
}

// normalise lifts what rounding or a careless model left below 0 and makes floor and probabilities sum to 1.
func normalise(out []Candidate, floor float64) ([]Candidate, float64) {
	floor = max(floor, 0)
	total := floor
	for i := range out {
		out[i].P = max(out[i].P, 0)
		total += out[i].P
	}
	if total <= 0 || math.IsInf(total, 0) {
		return nil, 1
	}
	for i := range out {
		out[i].P = min(out[i].P/total, 1)
	}
	return out, min(floor/total, 1)
}
