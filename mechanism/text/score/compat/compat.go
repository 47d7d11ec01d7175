// Package compat is the scoring rule of November 2022, kept to be compared with: what a miner would have earned then, and how
// large a model its loss suggests, are shown beside the pay but decide nothing.
//
// The rule took the phrase cross entropy of a miner's top-k list, turned the loss into a number of parameters by a scaling law,
// added what pairs of miners gained together, and averaged that over time into weights. It can be gamed in ways that
// package score cannot; its faults are kept and named in the comments.
//
// Flow:
//
//	Unravel             wire form -> top-k tensor           (CompactTensor, TopKTensor: the server's side)
//	CrossEntropy        tensor and target -> losses         (AnswerLoss: from an answer of today)
//	Step                losses of all -> parameters, synergy, Shapley values
//	Averages.Update     moving averages
//	CalculateWeights    averages -> weights, EmitU32 -> what the chain took
//
// Source: bittensor v3.4.2, rebuilt from its behaviour; arithmetic in float64. Start at Step.
package compat

import (
	"errors"
	"fmt"
	"math"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

const (
	// IgnoreIndex fills unused token columns.
	IgnoreIndex = -100
	// VocabMin is the smallest vocabulary the floor is thought to be spread over.
	VocabMin = 50257
	// BadLoss replaces a loss that is not a number.
	BadLoss = 20.0
	// entropy of text in nats per token, under which the scaling law is not applied.
	entropy = 1.69
	// tiny keeps logarithms finite: the worst loss is -ln(tiny) = 92.1 nats, more than BadLoss.
	tiny = 1e-40
)

var (
	// ErrShape says that a tensor is ragged or too small.
	ErrShape = errors.New("invalid shape")
	// ErrWire says that the one-dimensional form does not hold a whole number of items.
	ErrWire = errors.New("invalid wire form")
	// ErrWeights says that weights cannot be put on the chain.
	ErrWeights = errors.New("invalid weights")
)

// Tensor is the top-k list for one item, topk+1 rows of equal width. Row k < topk: the probability of the phrase, then its
// tokens, filled up with IgnoreIndex. Last row: the mean probability of one token outside the list.
type Tensor [][]float64

func (t Tensor) check() error {
	if len(t) < 1 || len(t[0]) < 2 {
		return fmt.Errorf("%w: a top-k tensor of %d rows, want one or more, each with a probability and a token", ErrShape, len(t))
	}
	for i := range t {
		if len(t[i]) != len(t[0]) {
			return fmt.Errorf("%w: row %d of a top-k tensor has %d columns, want %d", ErrShape, i, len(t[i]), len(t[0]))
		}
	}
	return nil
}

// CrossEntropy returns the loss of the first token and of the phrase, in nats, of one item against the held-out target tokens.
// The list is divided by its sum (so only ratios count), the floor spread over vocabMin-topk tokens. Faults kept: the floor is
// added for every prefix of the target that is not listed, a phrase that goes on past the target matches it, NaN and Inf give NaN.
func CrossEntropy(t Tensor, target []int, vocabMin int) (first, phrase float64, err error) {
	if err := t.check(); err != nil {
		return 0, 0, err
	}
	if len(target) == 0 {
		return 0, 0, fmt.Errorf("%w: the target has no tokens", ErrShape)
	}
	rows, floor := t[:len(t)-1], t[len(t)-1][0]
	total := 0.0
	for _, row := range rows {
		total += row[0]
	}
	total += max(0, float64(vocabMin-len(rows))) * floor
	floor /= total

	depth := min(len(t[0])-1, len(target))
	sums, found := make([]float64, depth+1), make([]bool, depth+1) // by length of the matched prefix; 0: the first token alone
	for _, row := range rows {
		q, tokens := row[0]/total, row[1:]
		if tokens[0] == float64(target[0]) {
			sums[0] += q
			found[0] = true
		}
		from, to := matches(tokens, target, depth)
		for c := from; c <= to; c++ {
			sums[c] += q
			found[c] = true
		}
	}
	p := 0.0
	for c := range sums {
		if !found[c] {
			sums[c] = floor
		}
		if c > 0 {
			p += sums[c]
		}
	}
	return surprise(sums[0]), surprise(p), nil
}

// matches returns the lengths c, from..to, for which the first depth tokens are target[:c] and then only padding.
func matches(tokens []float64, target []int, depth int) (from, to int) {
	for to < depth && tokens[to] == float64(target[to]) {
		to++
	}
	from = depth
	for from > 0 && tokens[from-1] == IgnoreIndex {
		from--
	}
	return max(1, from), to
}

// surprise is -ln p with p clamped to [0, 1]; NaN stays.
func surprise(p float64) float64 { return -math.Log(max(0, min(1, p)) + tiny) }

// AnswerLoss is the phrase cross entropy, in nats, that the rule of 2022 would have seen in an answer of today: candidates are
// phrases whose tokens are bytes and the floor is spread over the vocabulary of that time. An answer that is missing or
// invalid gets BadLoss.
func AnswerLoss(a *score.Answer, truth []byte) float64 {
	if a == nil || a.Verdict() != score.OK || len(truth) == 0 {
		return BadLoss
	}
	var matched [score.MaxLen + 1]bool
	longest, total, p := 0, a.Floor(), 0.0
	for i := range a.Len() {
		text, q := a.Candidate(i)
		total += q
		longest = max(longest, len(text))
		if len(text) <= len(truth) && string(truth[:len(text)]) == string(text) {
			p += q
			matched[len(text)] = true
		}
	}
	floor := a.Floor() / float64(max(1, VocabMin-a.Len()))
	for c := 1; c <= min(longest, len(truth)); c++ {
		if !matched[c] {
			p += floor
		}
	}
	return surprise(p / total)
}

// EffectiveParams estimates the number of parameters of a language model from its loss in nats per token: (8.8e13/N)^0.076 = loss,
// and the same ceiling of 8.83e10 for every loss of 1.69 or less. One per cent of loss is 14 per cent of parameters. NaN stays NaN.
// Source: Kaplan et al., Scaling laws for neural language models, 2020.
func EffectiveParams(loss float64) float64 {
	return math.Exp(math.Log(8.8e13) - math.Log(max(loss, entropy))/0.076)
}
