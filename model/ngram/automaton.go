package ngram

import (
	"bytes"
	"math/bits"
)

// triesPerRow bounds the search for a place: a row that fits none of so many goes behind all others.
const triesPerRow = 64

// builder turns a model whose counts and sums are kept on all levels into a Reference.
type builder struct {
	model  *Model
	rows   []row    // all contexts, shortest first
	places []uint32 // of the rows
	rowOf  []uint32 // of the places
	*Reference
}

// row is a context and what followed it.
type row struct {
	next   []byte // the bytes that have slots: those that followed, and some that did not if the context is short
	seen   []byte // the bytes that followed
	grams  int    // index of the first of those on the level
	parent int    // row of the context less its first byte
	kids   int    // row of the first context that is longer by a byte before
	firsts []byte // those bytes
}

// automaton returns the reference of a model.
func (m *Model) automaton() *Reference {
	b := &builder{model: m, rows: m.rows(), Reference: new(Reference)}
	b.fill()
	b.arrange()
	b.root = b.places[0]
	i := 0
	for d := range m.levels {
		for first := i; i < first+len(m.levels[d].grams.lens); i++ {
			b.connect(d, i, i-first)
		}
	}
	return b.Reference
}

// rows returns all contexts, shortest first.
func (m *Model) rows() []row {
	var rows []row
	for d := range m.levels {
		grams := 0
		for _, n := range m.levels[d].grams.lens {
			end := grams + int(n) + 1
			seen := m.levels[d].next[grams:end]
			rows = append(rows, row{next: seen, seen: seen, grams: grams})
			grams = end
		}
	}
	kid := 1
	for d, parent := 0, 0; d < len(m.levels)-1; d++ {
		first := kid
		for _, n := range m.levels[d].kids.lens {
			end := kid + int(n) + 1
			rows[parent].kids, rows[parent].firsts = kid, m.levels[d+1].first[kid-first:end-first]
			for ; kid < end; kid++ {
				rows[kid].parent = parent
			}
			parent++
		}
	}
	return rows
}

// fill gives slots to bytes that did not follow short contexts, so that hardly any look goes back further: to all bytes behind the empty
// context, and to those that occur behind each of one byte.
func (b *builder) fill() {
	occur := b.rows[0].seen
	b.rows[0].next = make([]byte, 256)
	for i := range b.rows[0].next {
		b.rows[0].next[i] = byte(i)
	}
	for i := range b.rows[0].firsts {
		b.rows[1+i].next = occur
	}
}

// arrange finds a place for each row, so that no two want the same slot: long rows first, short ones in the gaps between.
func (b *builder) arrange() {
	var ofLength [257][]int
	slots := 0
	for i := range b.rows {
		n := len(b.rows[i].next)
		ofLength[n] = append(ofLength[n], i)
		slots += n
	}
	b.places = make([]uint32, len(b.rows))
	t := &table{}
	for n := 256; n > 0; n-- {
		t.from = 0
		for _, i := range ofLength[n] {
			b.places[i] = uint32(t.place(b.rows[i].next))
		}
	}
	size := t.last + 256 // so that any byte of any place has a slot
	b.slots, b.partials, b.known, b.rowOf = make([]slot, size), make([]partial, size), make([]backward, size), make([]uint32, size)
	for i := range b.slots {
		b.slots[i].owner = nowhere
	}
	for i, place := range b.places {
		b.rowOf[place] = uint32(i)
		for _, next := range b.rows[i].next {
			b.slots[place+uint32(next)].owner = place
		}
	}
}

// table tells which slots and places are taken.
type table struct {
	slots, places bits64
	from          int // the first free slot that is tried
	last          int // the last place
	end           int // behind the last slot
}

// place takes a place and its slots for a row of bytes, ascending.
func (t *table) place(row []byte) int {
	first := int(row[0])
	slot := max(t.from, first)
	for try := 0; ; try++ {
		if slot = t.slots.free(slot); try == triesPerRow {
			t.from, slot = slot, max(t.end, t.last+1+first)
		}
		if place := slot - first; !t.places.has(place) && t.fits(place, row) {
			t.take(place, row)
			return place
		}
		slot++
	}
}

func (t *table) fits(place int, row []byte) bool {
	for _, b := range row {
		if t.slots.has(place + int(b)) {
			return false
		}
	}
	return true
}

func (t *table) take(place int, row []byte) {
	t.places.set(place)
	for _, b := range row {
		t.slots.set(place + int(b))
	}
	t.last, t.end = max(t.last, place), max(t.end, place+int(row[len(row)-1])+1)
}

// bits64 is a set of numbers.
type bits64 []uint64

func (s bits64) has(i int) bool { return i/64 < len(s) && s[i/64]>>(i%64)&1 != 0 }

func (s *bits64) set(i int) {
	for i/64 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

// free returns the first number from i on that is not in the set.
func (s bits64) free(i int) int {
	for at := i / 64; at < len(s); at++ {
		if rest := ^s[at] >> (i % 64); rest != 0 {
			return i + bits.TrailingZeros64(rest)
		}
		i = 64 * (at + 1)
	}
	return i
}

// connect fills in the slots of row i, which is context number of level d. Those of shorter contexts are there.
func (b *builder) connect(d, i, number int) {
	l, at, place := &b.model.levels[d], &b.rows[i], b.places[i]
	back := backward{raw: l.rawSums[number], cont: sums{total: 1}, shorter: b.places[at.parent], length: uint8(d)}
	if d < referenceOrder-1 {
		back.cont = l.contSums[number]
	}
	b.known[place] = back
	for _, next := range at.next {
		below := partial{shorter: 1.0 / 256}
		if d > 0 {
			below = b.partials[back.shorter+uint32(next)]
		}
		gram := bytes.IndexByte(at.seen, next)
		raw, cont := evidence{sums: back.raw}, evidence{sums: back.cont}
		if gram >= 0 {
			raw.kept = l.rawDiscount.kept(l.raw[at.grams+gram])
		}
		if gram >= 0 && d < referenceOrder-1 {
			cont.kept = l.contDiscount.kept(uint32(l.cont[at.grams+gram]) + 1)
		}
		mixed := below.order(d, raw, cont)
		slot := place + uint32(next)
		b.partials[slot], b.slots[slot].p = mixed, mixed.from(d+1)
		b.slots[slot].to = b.behind(d, number, gram, b.slots[back.shorter+uint32(next)].to)
	}
}

// kept is what is left of a count.
func (d *discounts) kept(n uint32) float64 { return float64(n) - d.of(n) }

// behind returns the place of context number of level d with a byte behind it, of which the last four count: with the place behind
// the shorter context if the byte is none of its grams, else with what lengthens that by the byte with which the context begins.
func (b *builder) behind(d, number, gram int, shorter uint32) uint32 {
	switch {
	case d == 0:
		return b.places[1+gram] // contexts of a byte are in the order of bytes, as are the grams of none; -1 stays there
	case d == referenceOrder-1 || gram < 0:
		return shorter
	}
	short := &b.rows[b.rowOf[shorter]]
	return b.places[short.kids+bytes.IndexByte(short.firsts, b.model.levels[d].first[number])]
}
