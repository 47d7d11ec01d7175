// Package garbage has predictors that deserve nothing: the local network and tests run them to show that nonsense and malformed
// answers earn nothing and harm nobody. Start at New.
package garbage

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/model"
)

// Kind is a way of answering badly.
type Kind string

// The kinds. Only Random answers pass the checks of validators.
const (
	// Random is well-formed: random byte strings with random probabilities that sum to 1.
	Random Kind = "random"
	// Sum has probabilities that sum to 2.
	Sum Kind = "sum"
	// NaN has a probability that is not a number.
	NaN Kind = "nan"
	// Unsorted has its candidates, two or more, in descending order.
	Unsorted Kind = "unsorted"
	// Long has a candidate of 17 bytes.
	Long Kind = "long"
	// Many has one candidate more than asked for.
	Many Kind = "many"
	// Few answers one context less than asked.
	Few Kind = "few"
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Random, Sum, NaN, Unsorted, Long, Many, Few} }

// Predictor answers nonsense. It is safe for concurrent use.
type Predictor struct {
	kind Kind
	mu   sync.Mutex
	rng  *rand.Rand
}

var _ model.Predictor = (*Predictor)(nil)

// New returns a predictor of a kind, with chance from rng. It fails with model.ErrRequest for an unknown kind.
func New(kind Kind, rng *rand.Rand) (*Predictor, error) {
	if !slices.Contains(Kinds(), kind) {
		return nil, fmt.Errorf("%w: kind of garbage %q, want one of %v", model.ErrRequest, kind, Kinds())
	}
	return &Predictor{kind: kind, rng: rng}, nil
}

// Name returns "garbage" for Random, else "garbage-KIND".
func (p *Predictor) Name() string {
	if p.kind == Random {
		return "garbage"
	}
	return "garbage-" + string(p.kind)
}

// Predict returns nonsense of the predictor's kind, k candidates a context where there are so many.
func (p *Predictor) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	if err := model.CheckRequest(k); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(contexts)
	if p.kind == Few {
		n = max(0, n-1)
	}
	out := make([]model.Prediction, n)
	for i := range out {
		out[i] = p.spoil(p.random(k), k)
	}
	return out, nil
}

// random returns a well-formed prediction of about k candidates.
func (p *Predictor) random(k int) model.Prediction {
	out := model.Prediction{Candidates: make([]model.Candidate, k), Floor: p.rng.Float64()}
	sum := out.Floor
	for i := range out.Candidates {
		text := make([]byte, 2+p.rng.IntN(model.MaxLen-1))
		for j := range text {
			text[j] = byte(p.rng.Uint32())
		}
		out.Candidates[i] = model.Candidate{Text: text, P: p.rng.Float64()}
	}
	slices.SortFunc(out.Candidates, func(a, b model.Candidate) int { return bytes.Compare(a.Text, b.Text) })
	out.Candidates = slices.CompactFunc(out.Candidates, func(a, b model.Candidate) bool { return bytes.Equal(a.Text, b.Text) })
	for _, c := range out.Candidates {
		sum += c.P
	}
	out.Floor /= sum
	for i := range out.Candidates {
		out.Candidates[i].P /= sum
	}
	return out
}

// spoil breaks the rule that the kind stands for.
func (p *Predictor) spoil(out model.Prediction, k int) model.Prediction {
	switch p.kind {
	case Sum:
		out.Floor = min(1, out.Floor+0.5)
		out.Candidates[0].P = min(1, out.Candidates[0].P+0.5)
	case NaN:
		out.Candidates[0].P = math.NaN()
	case Unsorted:
		slices.Reverse(out.Candidates)
	case Long:
		out.Candidates[0].Text = append(out.Candidates[0].Text, make([]byte, model.MaxLen)...)
	case Many:
		for len(out.Candidates) <= k {
			out.Candidates = append(out.Candidates, model.Candidate{Text: []byte{0xff, 0xff, 0xff}})
		}
	case Random, Few:
	}
	return out
}
