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
// mixed byte by byte with weights .05 .10 .15 .30 .40. It implements score.Reference and score.Walker. It is immutable
// and safe for concurrent use.
//
// It is kept as an automaton. A place stands for the longest context, of up to four bytes, that the model knows of a history. What
// the mixture gives to each byte that followed there, and the place to which it leads, are worked out once; so a byte costs one look
// where it has been seen, and else one more for each shorter context.
type Reference struct {
	slots    []slot     // of place x and byte b: slots[x+b], if its owner is x
	partials []partial  // beside slots
	known    []backward // of place x: known[x]; others are empty
	root     uint32     // place of the empty context, where all 256 bytes lead on
}

// slot is a byte that followed a context.
type slot struct {
	owner uint32  // place of the context; nowhere if the slot is free
	to    uint32  // place behind the byte
	p     float64 // the byte's probability, if no longer context is known
}

// nowhere is no place.
const nowhere = ^uint32(0)

// partial is what the orders up to a context's make of a byte: the weighted sum of their probabilities, and the probability on
// which the next order builds.
type partial struct{ p, shorter float64 }

// backward is what a byte needs that never followed a context.
type backward struct {
	raw, cont sums
	shorter   uint32 // place of the context less its first byte
	length    uint8
}

// NewReference trains the reference on the validator's own text, which must not hold what it asks about. The better the
// reference, the less all miners gain, each by the same amount.
func NewReference(ctx context.Context, text []byte) (*Reference, error) {
	t := trainer{order: referenceOrder, text: text, absolute: true}
	m, err := t.train(ctx)
	if err != nil {
		return nil, fmt.Errorf("train the reference: %w", err)
	}
	return m.automaton(), ctx.Err()
}

// Start returns the place after context; only its last four bytes matter.
func (r *Reference) Start(context []byte) uint32 {
	at := r.root
	for _, b := range tail(context, referenceOrder-1) {
		_, at = r.step(at, b)
	}
	return at
}

// Walk follows s from place at[0], whose probability is p[0]: at[i] and p[i] become those behind i bytes. It stops behind the first
// byte with which the probability falls below least, and returns how many bytes it walked. Both slices need len(s)+1 elements, and at[0]
// must be a place of this reference.
func (r *Reference) Walk(s []byte, at []uint32, p []float64, least float64) int {
	x, product := at[0], p[0]
	at, p = at[1:len(s)+1], p[1:len(s)+1]
	for i, b := range s {
		e := &r.slots[x+uint32(b)]
		if e.owner == x {
			product *= e.p
			x = e.to
		} else {
			var step float64
			step, x = r.back(x, b)
			product *= step
		}
		at[i], p[i] = x, product
		if product < least {
			return i + 1
		}
	}
	return len(s)
}

// Step returns the probability that byte b follows history, in (0, 1); it sums to 1 over all b.
func (r *Reference) Step(history []byte, b byte) float64 {
	p, _ := r.step(r.Start(history), b)
	return p
}

// Prob returns the probability that the text goes on with s after context: the product of its bytes' steps, 1 for no bytes.
func (r *Reference) Prob(context, s []byte) float64 {
	p, at := 1.0, r.Start(context)
	for _, b := range s {
		var step float64
		step, at = r.step(at, b)
		p *= step
	}
	return p
}

// step returns the probability of a byte at a place, and the place behind it.
func (r *Reference) step(at uint32, b byte) (float64, uint32) {
	if e := &r.slots[at+uint32(b)]; e.owner == at {
		return e.p, e.to
	}
	return r.back(at, b)
}

// back is step for a byte that never followed the place's context: it shortens that until the byte did, and comes back through the
// orders that have not seen it.
func (r *Reference) back(at uint32, b byte) (float64, uint32) {
	var unseen [referenceOrder]*backward
	n := 0
	for r.slots[at+uint32(b)].owner != at {
		unseen[n%referenceOrder] = &r.known[at]
		at = unseen[n].shorter
		n++
	}
	found := at + uint32(b)
	p, shorter := r.partials[found].p, r.partials[found].shorter
	length := int(unseen[0].length)
	for d := length + 1 - n; n > 0; d++ {
		n--
		u := unseen[n%referenceOrder]
		p += float64(referenceWeights[d%referenceOrder] * (float64(u.raw.freed*shorter) / u.raw.total))
		shorter = float64(u.cont.freed*shorter) / u.cont.total
	}
	return partial{p, shorter}.from(length + 1), r.slots[found].to
}

// order mixes in the next order, with what its counts and its numbers of different bytes before say of the byte. The conversions
// keep processors that could from rounding once where others round twice.
func (m partial) order(d int, raw, cont evidence) partial {
	p := m.p + float64(referenceWeights[d]*raw.mix(m.shorter))
	if d == referenceOrder-1 {
		return partial{p: p}
	}
	return partial{p: p, shorter: cont.mix(m.shorter)}
}

// from finishes the mixture when no context of d bytes or more is known: those orders leave all to the shorter one.
func (m partial) from(d int) float64 {
	p := m.p
	for ; d < referenceOrder; d++ {
		p += float64(referenceWeights[d] * m.shorter)
	}
	return p
}

// evidence is what one context says about a byte: its discounted count, and the context's sums.
type evidence struct {
	kept float64
	sums sums
}

// mix interpolates with the probability that the shorter context gives.
func (e evidence) mix(shorter float64) float64 {
	return (e.kept + float64(e.sums.freed*shorter)) / e.sums.total
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }
