package score

import (
	"fmt"
	"math"
)

// Reference is the validator's own language model, trained on its own text, never on the passages asked.
type Reference interface {
	// Prob is the probability, in (0, 1], that the text goes on with s (1..16 bytes) after context. It keeps neither slice.
	Prob(context, s []byte) float64
}

// Stepper is a Reference that can be asked byte by byte; prefixes that candidates share are then evaluated once.
type Stepper interface {
	Reference
	// Step is the probability, in (0, 1], that the byte b follows history. It does not keep the slice.
	Step(history []byte, b byte) float64
}

// smallestBase keeps quotients finite; a reference that gives the text that occurred less is broken.
const smallestBase = 1e-250

// cacheLimit bounds what one item remembers of the reference: about 2 MB.
const cacheLimit = 1 << 15

// prefixKey is a byte string of at most MaxLen bytes as a map key that needs no allocation.
type prefixKey struct {
	text [MaxLen]byte
	n    uint8
}

func keyOf(s []byte) (k prefixKey) {
	k.n = uint8(copy(k.text[:], s))
	return k
}

// memory remembers the reference's probabilities after one context, for all answers to the item.
type memory struct {
	reference Reference
	stepper   Stepper // nil if the reference has no Step
	history   []byte  // the context with room for MaxLen bytes behind it
	context   int
	known     map[prefixKey]float64
}

func newMemory(r Reference, context []byte) *memory {
	m := &memory{reference: r, context: len(context), known: make(map[prefixKey]float64)}
	m.stepper, _ = r.(Stepper)
	m.history = append(make([]byte, 0, len(context)+MaxLen), context...)
	return m
}

// prob returns the probability that the text goes on with s, from memory where possible.
func (m *memory) prob(s []byte) (float64, error) {
	if p, ok := m.known[keyOf(s)]; ok {
		return p, nil
	}
	if m.stepper != nil {
		return m.walk(s)
	}
	p := m.reference.Prob(m.history[:m.context], s)
	if !isProbability(p) {
		return 0, fmt.Errorf("%w: it gives %q probability %v, want 0..1", ErrReference, s, p)
	}
	m.remember(s, p)
	return p, nil
}

// walk multiplies byte by byte from the longest prefix of s that is known.
func (m *memory) walk(s []byte) (float64, error) {
	p, n := 1.0, 0
	for i := len(s) - 1; i > 0; i-- {
		if q, ok := m.known[keyOf(s[:i])]; ok {
			p, n = q, i
			break
		}
	}
	history := m.history[:m.context+copy(m.history[m.context:cap(m.history)], s[:n])]
	for ; n < len(s); n++ {
		step := m.stepper.Step(history, s[n])
		if !isProbability(step) {
			return 0, fmt.Errorf("%w: it gives byte %#02x after %q probability %v, want 0..1", ErrReference, s[n], s[:n], step)
		}
		p *= step
		history = append(history, s[n])
		m.remember(s[:n+1], p)
	}
	return p, nil
}

func (m *memory) remember(s []byte, p float64) {
	if len(m.known) < cacheLimit {
		m.known[keyOf(s)] = p
	}
}

// base returns the probability of what occurred, which must leave quotients finite.
func (m *memory) base(s []byte) (float64, error) {
	p, err := m.prob(s)
	if err == nil && (p < smallestBase || math.IsNaN(p)) {
		err = fmt.Errorf("%w: it gives %q, which occurred, probability %v, want %v or more", ErrReference, s, p, smallestBase)
	}
	return p, err
}
