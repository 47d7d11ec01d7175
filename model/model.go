// Package model is what a miner needs of a language model, whatever it is made of: Predictor, which is paid, and Generator and
// Embedder, which serve people.
//
// A Predictor says for each context with which byte strings the text goes on, and how probably. Model ngram needs no download,
// model/openai asks any server that speaks OpenAI's completions with log-probabilities, model/garbage answers nonsense for tests
// and for the local network. Check tells whether a prediction is one that validators accept.
//
// Meaning of the numbers, the same as in package mechanism/text/score: P of a candidate is the probability that it is the longest
// candidate of this list with which the text goes on; Floor is the probability that none is.
package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// MaxLen is the greatest length of a candidate in bytes.
const MaxLen = score.MaxLen

var (
	// ErrPrediction says that a prediction breaks the rules that validators check.
	ErrPrediction = errors.New("invalid prediction")
	// ErrRequest says that a Predictor was asked for something that it cannot give.
	ErrRequest = errors.New("invalid request to a model")
	// ErrBusy says that a model has as much to do as it takes on: nothing is wrong with the request, and another model may have room. An
	// error that is one may have a method RetryAfter() time.Duration.
	ErrBusy = errors.New("the model is busy")
)

// Candidate is a byte string of 1..16 bytes and its probability, 0..1.
type Candidate = score.Candidate

// Prediction says how one context goes on. Candidates are strictly ascending by their bytes; one may be a prefix of another.
// Floor plus the sum of all P is 1. No candidates and floor 1 is the legal 'no opinion'.
type Prediction struct {
	Candidates []Candidate
	Floor      float64
}

// Predictor is a language model. Implementations are safe for concurrent use and return when ctx ends.
type Predictor interface {
	// Name tells models apart for people, e.g. "ngram-6".
	Name() string
	// Predict returns one prediction per context, in their order, of at most k candidates each (k >= 1).
	Predict(ctx context.Context, contexts [][]byte, k int) ([]Prediction, error)
}

// Check returns nil if validators would accept the prediction with at most k candidates, else ErrPrediction with what is wrong.
func (p *Prediction) Check(k int) error {
	if len(p.Candidates) > k {
		return fmt.Errorf("%w: %d candidates, at most %d", ErrPrediction, len(p.Candidates), k)
	}
	sum := p.Floor
	for i, c := range p.Candidates {
		switch {
		case len(c.Text) < 1 || len(c.Text) > MaxLen:
			return fmt.Errorf("%w: candidate %d has %d bytes, want 1..%d", ErrPrediction, i, len(c.Text), MaxLen)
		case i > 0 && bytes.Compare(p.Candidates[i-1].Text, c.Text) >= 0:
			return fmt.Errorf("%w: candidate %d %q is not above its predecessor %q", ErrPrediction, i, c.Text, p.Candidates[i-1].Text)
		case !isProbability(c.P):
			return fmt.Errorf("%w: candidate %d %q has probability %v, want 0..1", ErrPrediction, i, c.Text, c.P)
		}
		sum += c.P
	}
	if !isProbability(p.Floor) {
		return fmt.Errorf("%w: floor is %v, want 0..1", ErrPrediction, p.Floor)
	}
	if math.Abs(sum-1) > 0.001 {
		return fmt.Errorf("%w: probabilities sum to %v, want 1 within 0.001", ErrPrediction, sum)
	}
	return nil
}

// NoOpinion returns the legal answer of a model that knows nothing: no candidates and floor 1. It gains and loses nothing.
func NoOpinion() Prediction { return Prediction{Floor: 1} }

// AtWordEnd tells whether a context ends with something that is neither blank nor line end. The text mechanism cuts there: the
// blank before the next word is the first byte to predict.
func AtWordEnd(context []byte) bool {
	return len(context) > 0 && bytes.IndexByte([]byte(" \n\r\t"), context[len(context)-1]) < 0
}

type anywhereKey struct{}

// WithAnywhere marks the contexts of a call of Predict as cut anywhere, not at the end of a word as validators do: models that
// otherwise believe in a blank there must not.
func WithAnywhere(ctx context.Context) context.Context {
	return context.WithValue(ctx, anywhereKey{}, true)
}

// Anywhere tells whether the call's contexts are marked by WithAnywhere.
func Anywhere(ctx context.Context) bool { return ctx.Value(anywhereKey{}) != nil }

// CheckRequest returns ErrRequest unless 1 <= k <= score.CandidateLimit.
func CheckRequest(k int) error {
	if k < 1 || k > score.CandidateLimit {
		return fmt.Errorf("%w: k is %d, want 1..%d candidates", ErrRequest, k, score.CandidateLimit)
	}
	return nil
}

func isProbability(p float64) bool { return p >= 0 && p <= 1 }
