package score

import (
	"fmt"
	"math"
	"math/bits"
)

// Reference is the validator's own language model, trained on its own text, never on the passages asked.
type Reference interface {
	// Prob is the probability, in (0, 1], that the text goes on with s (1..16 bytes) after context. It keeps neither slice.
	Prob(context, s []byte) float64
}

// Walker is a Reference that can go on from where it is, so that a string costs only the bytes that it does not share with the one
// before it in a sorted list. A place is whatever the reference needs to know of what came before.
type Walker interface {
	Reference
	// Start returns the place behind context.
	Start(context []byte) uint32
	// Walk follows s from the place at[0], to which it came with probability p[0]: at[i] and p[i] become place and probability behind
	// i bytes, each probability the one before times that of the next byte, in (0, 1]. It stops behind the first byte with which that
	// falls below least, and returns how many bytes it walked. Both slices have len(s)+1 elements or more. It keeps none of the slices.
	Walk(s []byte, at []uint32, p []float64, least float64) int
}

// smallestBase keeps quotients finite; a reference that gives the text that occurred less is broken.
const smallestBase = 1e-250

const (
	// memoryLimit is how many strings one item remembers of the reference, in at most 1 MB; it fits the keys of nodes.
	memoryLimit = 1 << 15
	// firstSlots is the size with which a memory's table starts.
	firstSlots = 1 << 10
)

// memory is what is known of the reference after one context. A Walker is asked again for each answer, along its list. What any other
// reference says is remembered for all answers to the item: a tree of strings, each one byte longer than its parent, whose edges are
// found by hash, so that a string that was asked before costs a look per byte.
type memory struct {
	reference Reference
	context   []byte

	walker Walker              // nil if the reference is none
	at     [MaxLen + 1]uint32  // places along the last string
	p      [MaxLen + 1]float64 // its probabilities

	nodes []node   // nodes[0] is the empty string
	slots []uint16 // open addressing: the node at home in or behind its slot, 0 for none; at most half full
	shift uint     // 32 less the binary logarithm of len(slots)
}

// node is a string of the tree.
type node struct {
	p   float64 // probability that the text goes on with it; unknown if negative
	key uint32  // parent and last byte
}

const unknown = -1

// reset forgets everything but the memory it takes.
func (m *memory) reset(r Reference, context []byte) {
	m.reference, m.context = r, append(m.context[:0], context...)
	if m.walker, _ = r.(Walker); m.walker != nil {
		m.at[0], m.p[0] = m.walker.Start(m.context), 1
		return
	}
	m.nodes = append(m.nodes[:0], node{p: 1})
	clear(m.slots)
	if m.slots == nil {
		m.grow(firstSlots)
	}
}

// grow gives the table so many slots, a power of two.
func (m *memory) grow(slots int) {
	m.slots, m.shift = make([]uint16, slots), uint(32-bits.TrailingZeros(uint(slots)))
	for i := 1; i < len(m.nodes); i++ {
		m.slots[m.slot(m.nodes[i].key)] = uint16(i)
	}
}

// slot returns the slot that holds the node of a key, or the free one where it belongs.
func (m *memory) slot(key uint32) uint32 {
	const golden = 2654435769 // 2^32 over the golden ratio spreads neighbours
	slot, last := key*golden>>m.shift, uint32(len(m.slots)-1)
	for m.slots[slot] != 0 && m.nodes[m.slots[slot]].key != key {
		slot = (slot + 1) & last
	}
	return slot
}

// keyOf names the string that is one byte longer than a node's.
func keyOf(parent int, b byte) uint32 { return uint32(parent)<<8 | uint32(b) }

// find returns the node of a longer string, 0 if there is none.
func (m *memory) find(parent int, b byte) int { return int(m.slots[m.slot(keyOf(parent, b))]) }

// remember adds a node, or returns 0 if the memory is full.
func (m *memory) remember(parent int, b byte, p float64) int {
	n := len(m.nodes)
	if n == memoryLimit {
		return 0
	}
	if 2*n >= len(m.slots) {
		m.grow(2 * len(m.slots))
	}
	key := keyOf(parent, b)
	m.nodes = append(m.nodes, node{p: p, key: key})
	m.slots[m.slot(key)] = uint16(n)
	return n
}

// prob returns the probability that the text goes on with s, which begins as the string asked before for so many bytes. It may stop
// behind the first byte with which that falls below least; walked is how many bytes of s it is the probability of.
func (m *memory) prob(s []byte, shared int, least float64) (p float64, walked int, err error) {
	if m.walker == nil {
		p, err = m.recall(s)
		return p, len(s), err
	}
	walked = shared + m.walker.Walk(s[shared:], m.at[shared:], m.p[shared:], least)
	if p = m.p[walked]; !isProbability(p) {
		return 0, 0, notProbability(s[:walked], p)
	}
	return p, walked, nil
}

// recall returns the probability that the text goes on with s, from the tree if it is there.
func (m *memory) recall(s []byte) (float64, error) {
	at, n := 0, 0
	for n < len(s) {
		next := m.find(at, s[n])
		if next == 0 {
			break
		}
		at = next
		n++
	}
	if p := m.nodes[at].p; n == len(s) && p >= 0 {
		return p, nil
	}
	p := m.reference.Prob(m.context, s)
	if !isProbability(p) {
		return 0, notProbability(s, p)
	}
	for full := false; n < len(s) && !full; n++ {
		at = m.remember(at, s[n], unknown)
		full = at == 0
	}
	if at != 0 {
		m.nodes[at].p = p
	}
	return p, nil
}

func notProbability(s []byte, p float64) error {
	return fmt.Errorf("%w: it gives %q probability %v, want 0..1", ErrReference, s, p)
}

// base returns the probability of what occurred, which must leave quotients finite.
func (m *memory) base(s []byte) (float64, error) {
	p, _, err := m.prob(s, 0, 0)
	if err == nil && (p < smallestBase || math.IsNaN(p)) {
		err = fmt.Errorf("%w: it gives %q, which occurred, probability %v, want %v or more", ErrReference, s, p, smallestBase)
	}
	return p, err
}
