package ngram

import (
	"bytes"
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

// Step returns the probability that byte b follows history, in (0, 1); it sums to 1 over all b. One walk from the shortest context to the
// longest that the model knows serves all orders: on each level the order that ends there reads the counts as they are, and those
// above it the number of different bytes before.
func (r *Reference) Step(history []byte, b byte) float64 {
	shorter := 1.0 / 256 // the Kneser-Ney probability of the contexts below
	p, at, known := 0.0, 0, true
	for d, weight := range referenceWeights {
		if !known { // an unknown context leaves all to the shorter one
			p += weight * shorter
			continue
		}
		l := &r.model.levels[d]
		lo, hi := l.grams.at(at)
		gram := bytes.IndexByte(l.next[lo:hi], b)
		p += weight * l.raws(at, lo+gram, gram >= 0).mix(shorter)
		if d == referenceOrder-1 {
			break
		}
		shorter = l.conts(at, lo+gram, gram >= 0).mix(shorter)
		at, known = r.model.longer(d, at, history)
	}
	return p
}

// evidence is what one context says about a byte: its discounted count, and the context's sums.
type evidence struct {
	kept float64
	sums sums
}

// mix interpolates with the probability that the shorter context gives.
func (e evidence) mix(shorter float64) float64 { return (e.kept + e.sums.freed*shorter) / e.sums.total }

// raws is the evidence of the counts of a context and one of its grams, if the byte was seen there. A reference keeps the sums of all
// contexts.
func (l *level) raws(context, gram int, seen bool) evidence {
	e := evidence{sums: l.rawSums[context]}
	if seen {
		n := l.raw[gram]
		e.kept = float64(n) - l.rawDiscount.of(n)
	}
	return e
}

// conts is raws for the numbers of different bytes before.
func (l *level) conts(context, gram int, seen bool) evidence {
	e := evidence{sums: l.contSums[context]}
	if seen {
		n := uint32(l.cont[gram]) + 1
		e.kept = float64(n) - l.contDiscount.of(n)
	}
	return e
}

// longer returns the context on level d+1 that lengthens one of level d by a byte of history, and whether the model knows it.
func (m *Model) longer(d, at int, history []byte) (int, bool) {
	if d >= len(history) {
		return 0, false
	}
	lo, hi := m.levels[d].kids.at(at)
	i := bytes.IndexByte(m.levels[d+1].first[lo:hi], history[len(history)-1-d])
	return lo + i, i >= 0
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
