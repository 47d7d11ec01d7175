package ngram

import (
	"context"
	"fmt"
)

// referenceOrder is the highest order of the reference mixture.
const referenceOrder = 5

// referenceWeights are those of orders 1..5.
var referenceWeights = [referenceOrder]float64{.05, .10, .15, .30, .40}

// Reference is the model against which a validator scores: orders 1 to 5, each interpolated Kneser-Ney with one absolute discount,
// mixed byte by byte with weights .05 .10 .15 .30 .40. It implements score.Reference and score.Stepper. It is immutable
// and safe for concurrent use.
type Reference struct {
	model *Model
}

// NewReference trains the reference on the validator's own text, which must not hold what it asks about. The better the
// reference, the less all miners gain, each by the same amount.
func NewReference(ctx context.Context, text []byte) (*Reference, error) {
	t := trainer{order: referenceOrder, text: text, absolute: true}
	m, err := t.train(ctx)
	if err != nil {
		return nil, fmt.Errorf("train the reference: %w", err)
	}
	return &Reference{model: m}, nil
}

// Step returns the probability that byte b follows history, in (0, 1); it sums to 1 over all b. One walk serves all orders.
func (r *Reference) Step(history []byte, b byte) float64 {
	w := r.model.walk(history)
	shorter := 1.0 / 256 // the Kneser-Ney probability of the contexts below
	p := 0.0
	for d, weight := range referenceWeights {
		if d > w.depth { // an unknown context leaves all to the shorter one
			p += weight * shorter
			continue
		}
		l := &r.model.levels[d]
		p += weight * l.interpolateRaw(w.at[d], b, shorter)
		if d < referenceOrder-1 {
			shorter = l.interpolateCont(w.at[d], b, shorter)
		}
	}
	return p
}

// Prob returns the probability that the text goes on with s after context: the product of its bytes' steps, 1 for no bytes.
func (r *Reference) Prob(context, s []byte) float64 {
	history := append(append(make([]byte, 0, referenceOrder+len(s)), tail(context, referenceOrder-1)...), s...)
	before := len(history) - len(s)
	p := 1.0
	for i, b := range s {
		p *= r.Step(history[:before+i], b)
	}
	return p
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }
