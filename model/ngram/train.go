package ngram

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

const (
	minText = 64
	maxText = 1 << 30
)

// Progress tells how far training is. Done and Total count bytes of text: reading, sorting and packing each take a share.
type Progress struct {
	Done, Total int
	Elapsed     time.Duration
}

// Rate returns the bytes of text done per second, 0 at the start.
func (p Progress) Rate() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Done) / p.Elapsed.Seconds()
}

// Train learns a model of the given order, 1..MaxOrder, from text, 64 bytes to 1 GiB. The text is taken as a ring, so that every
// context has a byte before and after it. Discounts are those of modified Kneser-Ney (Chen and Goodman 1999). A megabyte takes about
// 0.2 s at order 8, and memory about 15 times the text. progress may be nil. It returns ctx.Err() when ctx ends first.
func Train(ctx context.Context, order int, text []byte, progress func(Progress)) (*Model, error) {
	t := trainer{order: order, text: text, report: progress, start: time.Now()}
	return t.train(ctx)
}

type trainer struct {
	order  int
	text   []byte
	report func(Progress)
	start  time.Time

	absolute bool // one discount per level and counts kept on all levels, for Reference
}

func (t *trainer) train(ctx context.Context) (*Model, error) {
	if t.order < 1 || t.order > MaxOrder {
		return nil, fmt.Errorf("%w: %d, want 1..%d", ErrOrder, t.order, MaxOrder)
	}
	if n := len(t.text); n < minText || n > maxText {
		return nil, fmt.Errorf("%w: %d bytes, want %d..%d", ErrText, n, minText, maxText)
	}
	m := &Model{order: t.order, digest: sha256.Sum256(t.text), levels: make([]level, t.order)}
	keys, err := t.sortedGrams(ctx)
	if err != nil {
		return nil, err
	}
	contexts := m.levels[t.order-1].fromGrams(keys)
	for d := t.order - 2; d >= 0; d-- {
		if err := t.tick(ctx, 60+40*(t.order-1-d)/t.order); err != nil {
			return nil, err
		}
		contexts = m.levels[d].fromLonger(&m.levels[d+1], contexts)
	}
	if !t.absolute {
		for d := range m.levels[:t.order-1] {
			m.levels[d].raw = nil
		}
	}
	m.finish(t.absolute)
	return m, t.tick(ctx, 100)
}

// tick reports that percent of the work is done, unless ctx ended.
func (t *trainer) tick(ctx context.Context, percent int) error {
	if t.report != nil {
		t.report(Progress{Done: len(t.text) * percent / 100, Total: len(t.text), Elapsed: time.Since(t.start)})
	}
	return ctx.Err()
}

// sortedGrams returns all grams of the highest order, sorted: context reversed, then the byte that follows in the lowest byte.
func (t *trainer) sortedGrams(ctx context.Context) ([]uint64, error) {
	n, shift := len(t.text), 8*(t.order-1)
	keys := make([]uint64, n)
	var reversed uint64 // the context before position i, last byte first
	for i := n - t.order + 1; i < n; i++ {
		reversed = push(reversed, t.text[i], shift)
	}
	for i, b := range t.text {
		keys[i] = reversed<<8 | uint64(b)
		reversed = push(reversed, b, shift)
	}
	if err := t.tick(ctx, 10); err != nil {
		return nil, err
	}
	slices.Sort(keys)
	return keys, t.tick(ctx, 60)
}

// push puts b at the front of a reversed context of shift/8 bytes and drops its oldest byte.
func push(reversed uint64, b byte, shift int) uint64 {
	if shift == 0 {
		return 0
	}
	return reversed>>8 | uint64(b)<<(shift-8)
}

// fromGrams fills the last level from sorted grams and returns its contexts.
func (l *level) fromGrams(keys []uint64) (contexts []uint64) {
	for i := 0; i < len(keys); {
		context, grams := keys[i]>>8, 0
		for i < len(keys) && keys[i]>>8 == context {
			gram, count := keys[i], uint32(0)
			for i < len(keys) && keys[i] == gram {
				i++
				count++
			}
			l.next, l.raw = append(l.next, byte(gram)), append(l.raw, count)
			grams++
		}
		l.grams.lens = append(l.grams.lens, byte(grams-1))
		l.first = append(l.first, byte(context))
		contexts = append(contexts, context)
	}
	l.grams.index()
	return contexts
}

// fromLonger fills a level from the next longer one, whose contexts are given, and returns its own contexts. Neighbours that
// differ only in their oldest byte, the lowest of the key, become one.
func (l *level) fromLonger(longer *level, longerContexts []uint64) (contexts []uint64) {
	gram := 0
	for i := 0; i < len(longerContexts); {
		context, kids := longerContexts[i]>>8, 0
		var raw [256]uint32
		var before [256]uint16
		for ; i < len(longerContexts) && longerContexts[i]>>8 == context; i++ {
			for end := gram + int(longer.grams.lens[i]) + 1; gram < end; gram++ {
				raw[longer.next[gram]] += longer.raw[gram]
				before[longer.next[gram]]++
			}
			kids++
		}
		grams := 0
		for b, n := range before {
			if n > 0 {
				l.next, l.cont, l.raw = append(l.next, byte(b)), append(l.cont, byte(n-1)), append(l.raw, raw[b])
				grams++
			}
		}
		l.kids.lens, l.grams.lens = append(l.kids.lens, byte(kids-1)), append(l.grams.lens, byte(grams-1))
		l.first = append(l.first, byte(context))
		contexts = append(contexts, context)
	}
	l.kids.index()
	l.grams.index()
	return contexts
}

// finish estimates the discounts, all from the model's own counts.
func (m *Model) finish(absolute bool) {
	for d := range m.levels {
		l := &m.levels[d]
		if d == 0 {
			l.first = nil
		}
		var ofCont, ofRaw [5]float64 // how many grams have count 1, 2, 3, 4
		for _, c := range l.cont {
			if c < 4 {
				ofCont[c+1]++
			}
		}
		for _, c := range l.raw {
			if c <= 4 {
				ofRaw[c]++
			}
		}
		l.contDiscount, l.rawDiscount = estimate(ofCont, absolute), estimate(ofRaw, absolute)
		l.sum(absolute)
	}
}

// sum computes the sums of all contexts of a level, unless they are many: those have short lists of grams.
func (l *level) sum(all bool) {
	n := len(l.grams.lens)
	if n > maxSums && !all {
		return
	}
	var conts, raws []sums
	for i := range n {
		lo, hi := l.grams.at(i)
		if len(l.cont) > 0 {
			conts = append(conts, l.contSum(i, lo, hi))
		}
		if len(l.raw) > 0 {
			raws = append(raws, l.rawSum(i, lo, hi))
		}
	}
	l.contSums, l.rawSums = conts, raws
}

// estimate returns the discounts for n[c] grams of count c. Where the counts are too few to tell (short texts, short contexts) it
// falls back on half a count.
func estimate(n [5]float64, absolute bool) discounts {
	if n[1] == 0 || n[2] == 0 {
		return discounts{0, 0.5, 0.5, 0.5}
	}
	y := n[1] / (n[1] + 2*n[2])
	if absolute {
		return discounts{0, y, y, y}
	}
	d := discounts{0, 1 - 2*y*n[2]/n[1], 0, 0}
	for c := 2; c <= 3; c++ {
		d[c] = float64(c) - float64(c+1)*y*n[c+1]/max(n[c], 1)
		// Sparse counts of counts can leave the range in which a larger count keeps a larger probability.
		d[c] = min(max(d[c], d[c-1]), d[c-1]+0.9)
	}
	return d
}
