package ngram

import (
	"bytes"
	"strconv"
)

const (
	// MaxOrder is the highest order: a context of seven bytes and the byte that follows, one machine word.
	MaxOrder = 8

	blockLen = 32   // elements per stored offset of spans
	maxSums  = 4096 // contexts of a level up to which their sums are kept
)

// Model is a trained n-gram model. It is immutable and safe for concurrent use.
type Model struct {
	order  int
	digest [32]byte // sha256 of the training text
	levels []level  // levels[m] holds the contexts of m bytes
}

// level holds all contexts of one length, sorted by their reversed bytes, so that the contexts which lengthen one context to the
// left are neighbours on the next level.
type level struct {
	first []byte // leftmost byte of each context; empty on level 0, which has one context of no bytes
	kids  spans  // contexts of the next level that end with this one; empty on the last level
	grams spans  // grams of each context
	next  []byte // byte that follows, per gram, ascending within a context
	cont  []byte // number of different bytes seen before the gram, less 1 (Kneser-Ney's count); empty on the last level
	raw   []uint32

	contDiscount, rawDiscount discounts
	contSums, rawSums         []sums // per context; nil on levels of many contexts, where lists are short
}

// sums are the total of a context's counts and what the discounts take from it.
type sums struct{ total, freed float64 }

// spans cuts an array in consecutive runs of 1..256 elements: it keeps the length of each less one and every 32nd start.
type spans struct {
	lens   []byte
	starts []uint32
}

func (s *spans) at(i int) (lo, hi int) {
	block := i / blockLen
	lo = int(s.starts[block])
	for _, n := range s.lens[block*blockLen : i] {
		lo += int(n) + 1
	}
	return lo, lo + int(s.lens[i]) + 1
}

// index computes the starts and returns the number of elements.
func (s *spans) index() int {
	s.starts = make([]uint32, 0, (len(s.lens)+blockLen-1)/blockLen)
	total := 0
	for i, n := range s.lens {
		if i%blockLen == 0 {
			s.starts = append(s.starts, uint32(total))
		}
		total += int(n) + 1
	}
	return total
}

// discounts are subtracted from counts 1, 2 and 3 or more (index 1, 2, 3); what is subtracted is given to shorter contexts.
type discounts [4]float64

func (d *discounts) of(c uint32) float64 { return d[min(c, 3)] }

// Order returns the order, 1..8.
func (m *Model) Order() int { return m.order }

// Name returns "ngram-ORDER".
func (m *Model) Name() string { return "ngram-" + strconv.Itoa(m.order) }

// Grams returns the number of different grams of all orders.
func (m *Model) Grams() int {
	n := 0
	for i := range m.levels {
		n += len(m.levels[i].next)
	}
	return n
}

// Bytes returns the memory that the model's arrays take.
func (m *Model) Bytes() int {
	n := 0
	for i := range m.levels {
		l := &m.levels[i]
		n += len(l.first) + len(l.kids.lens) + len(l.grams.lens) + 4*(len(l.kids.starts)+len(l.grams.starts))
		n += len(l.next) + len(l.cont) + 4*len(l.raw) + 16*(len(l.contSums)+len(l.rawSums))
	}
	return n
}

// path is the places of one history's contexts on the levels: path[m] is the index of the context of m bytes.
type path struct {
	at    [MaxOrder]int
	depth int // length of the longest context that the model knows
}

func (m *Model) walk(history []byte) (p path) {
	for p.depth < m.order-1 && p.depth < len(history) {
		lo, hi := m.levels[p.depth].kids.at(p.at[p.depth])
		b := history[len(history)-1-p.depth]
		i := bytes.IndexByte(m.levels[p.depth+1].first[lo:hi], b)
		if i < 0 {
			break
		}
		p.depth++
		p.at[p.depth] = lo + i
	}
	return p
}

// Prob returns the probability that byte b follows history; it is in (0, 1), and over all b it sums to 1. It does not allocate.
func (m *Model) Prob(history []byte, b byte) float64 {
	w := m.walk(history)
	p := 1.0 / 256
	for d := 0; d <= w.depth; d++ {
		l := &m.levels[d]
		if d == m.order-1 {
			p = l.interpolateRaw(w.at[d], b, p)
		} else {
			p = l.interpolateCont(w.at[d], b, p)
		}
	}
	return p
}

// interpolateCont mixes the Kneser-Ney counts of context i with the probability that the shorter context gives.
func (l *level) interpolateCont(i int, b byte, shorter float64) float64 {
	lo, hi := l.grams.at(i)
	s := l.contSum(i, lo, hi)
	kept := 0.0
	if j := bytes.IndexByte(l.next[lo:hi], b); j >= 0 {
		n := uint32(l.cont[lo+j]) + 1
		kept = float64(n) - l.contDiscount.of(n)
	}
	return (kept + s.freed*shorter) / s.total
}

// interpolateRaw is interpolateCont for the longest context, with counts as they are.
func (l *level) interpolateRaw(i int, b byte, shorter float64) float64 {
	lo, hi := l.grams.at(i)
	s := l.rawSum(i, lo, hi)
	kept := 0.0
	if j := bytes.IndexByte(l.next[lo:hi], b); j >= 0 {
		n := l.raw[lo+j]
		kept = float64(n) - l.rawDiscount.of(n)
	}
	return (kept + s.freed*shorter) / s.total
}

// contSum returns the sums of context i, whose grams are [lo, hi).
func (l *level) contSum(i, lo, hi int) (s sums) {
	if l.contSums != nil {
		return l.contSums[i]
	}
	for _, c := range l.cont[lo:hi] {
		s.total += float64(c) + 1
		s.freed += l.contDiscount.of(uint32(c) + 1)
	}
	return s
}

func (l *level) rawSum(i, lo, hi int) (s sums) {
	if l.rawSums != nil {
		return l.rawSums[i]
	}
	for _, n := range l.raw[lo:hi] {
		s.total += float64(n)
		s.freed += l.rawDiscount.of(n)
	}
	return s
}

// distribution sets out to the probabilities of all bytes after history.
func (m *Model) distribution(history []byte, out *[256]float64) {
	w := m.walk(history)
	*out = [256]float64{}
	share := 1.0 // what longer contexts left over
	for d := w.depth; d >= 0; d-- {
		l := &m.levels[d]
		lo, hi := l.grams.at(w.at[d])
		if d == m.order-1 {
			s := l.rawSum(w.at[d], lo, hi)
			f := share / s.total
			for j, n := range l.raw[lo:hi] {
				out[l.next[lo+j]] += f * (float64(n) - l.rawDiscount.of(n))
			}
			share = f * s.freed
			continue
		}
		s := l.contSum(w.at[d], lo, hi)
		f := share / s.total
		for j, c := range l.cont[lo:hi] {
			n := uint32(c) + 1
			out[l.next[lo+j]] += f * (float64(n) - l.contDiscount.of(n))
		}
		share = f * s.freed
	}
	for b := range out {
		out[b] += share / 256
	}
}
