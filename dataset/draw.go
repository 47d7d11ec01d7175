package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"math/rand/v2"
)

const (
	// ContinuationLen is the length of a hidden continuation in bytes.
	ContinuationLen = 16
	// MaxContext is the greatest context length in bytes.
	MaxContext = 1 << 16

	slotLen = 48 // bytes of held-out text per item; a slot is asked once per cycle
)

// Item is a question: Context is shown to the miners, Continuation is hidden.
type Item struct {
	// Source is the index of the source, its stratum.
	Source int
	// Context has the drawer's context length and ends with a whole word.
	Context []byte
	// Continuation is the next 16 bytes of the text; it starts with the blank before the next word.
	Continuation []byte
}

// Drawer draws items from the held-out passages of its sources, in random order and never the same place twice until all places of
// a source were drawn; or, after Shard, until all of the shard were drawn. It is not safe for concurrent use.
type Drawer struct {
	rng     *rand.Rand
	context int
	strata  []stratum
	shard   shard
}

// stratum is a source with its places: starts[i] is the first byte of slot i; used marks those drawn in this cycle.
type stratum struct {
	source Source
	text   []byte
	digest string
	starts []int
	used   []byte
	cycle  int

	shard []place // of this period
	queue []int   // indices of shard that are still to be drawn in its cycle, in this order
	busy  []byte  // slots that overlap with one of the shard, as used; nil: none
}

// NewDrawer prepares sources for drawing items with contexts of exactly `context` bytes, 1..MaxContext. The order of items comes
// from rng alone, which must differ between validators and be unpredictable for miners. It fails with ErrNoItems if a source has
// no place for an item.
func NewDrawer(sources []Source, context int, rng *rand.Rand) (*Drawer, error) {
	if context < 1 || context > MaxContext {
		return nil, fmt.Errorf("context of %d bytes, want 1..%d: %w", context, MaxContext, ErrNoItems)
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("no source given: %w", ErrNoItems)
	}
	d := &Drawer{rng: rng, context: context}
	for _, src := range sources {
		st := newStratum(src, context)
		if len(st.starts) == 0 {
			return nil, fmt.Errorf("source %q has no held-out word boundary with %d bytes before it: shorten the context or add text: %w",
				src.Name(), context, ErrNoItems)
		}
		d.strata = append(d.strata, st)
	}
	return d, nil
}

func newStratum(src Source, context int) stratum {
	st := stratum{source: src, text: make([]byte, 0, src.Size())}
	sum := sha256.New()
	for i, p := range src.Passages() {
		begin := len(st.text)
		st.text = append(st.text, p...)
		sum.Write(p)
		if SplitOf(i) != HeldOut {
			continue
		}
		// A slot may begin anywhere in the passage; the item's continuation lies in the slot, so in the passage.
		for s := begin; s+slotLen <= len(st.text); s += slotLen {
			if len(st.places(s, context)) > 0 {
				st.starts = append(st.starts, s)
			}
		}
	}
	st.digest = hex.EncodeToString(sum.Sum(nil))
	st.used = make([]byte, (len(st.starts)+7)/8)
	return st
}

// places lists the word boundaries of the slot at s: a blank after and before something that is neither blank nor line end.
func (st *stratum) places(s, context int) []int {
	var out []int
	for p := max(s, context); p+ContinuationLen <= s+slotLen; p++ {
		if st.text[p] == ' ' && !isSpace(st.text[p-1]) && !isSpace(st.text[p+1]) {
			out = append(out, p)
		}
	}
	return out
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

// Places returns how many items a source gives before places repeat.
func (d *Drawer) Places(source int) int { return len(d.strata[source].starts) }

// Sources returns the names of the sources, by their index in Item.
func (d *Drawer) Sources() []string {
	names := make([]string, len(d.strata))
	for i := range d.strata {
		names[i] = d.strata[i].source.Name()
	}
	return names
}

// Draw draws perSource items of each source, in the order of the sources: of the shard, if there is one. It fails with ErrNoItems
// if a source has fewer places.
func (d *Drawer) Draw(perSource int) ([]Item, error) {
	if d.shard.places == 0 {
		return d.DrawApart(perSource)
	}
	if err := d.check(perSource, func(st *stratum) int { return len(st.shard) }); err != nil {
		return nil, err
	}
	items := make([]Item, 0, perSource*len(d.strata))
	for i := range d.strata {
		for _, at := range d.strata[i].fromShard(perSource, d.rng) {
			items = append(items, d.item(i, at))
		}
	}
	return items, nil
}

// DrawApart draws as Draw does, but from all of the text save what overlaps with the shard, as long as there is such text.
func (d *Drawer) DrawApart(perSource int) ([]Item, error) {
	if err := d.check(perSource, func(st *stratum) int { return len(st.starts) }); err != nil {
		return nil, err
	}
	items := make([]Item, 0, perSource*len(d.strata))
	for i := range d.strata {
		st := &d.strata[i]
		for range perSource {
			places := st.places(st.starts[st.next(d.rng)], d.context)
			items = append(items, d.item(i, places[d.rng.IntN(len(places))]))
		}
	}
	return items, nil
}

// item asks how a source goes on at byte p.
func (d *Drawer) item(source, p int) Item {
	text := d.strata[source].text
	return Item{
		Source: source, Context: append([]byte(nil), text[p-d.context:p]...), Continuation: append([]byte(nil), text[p:p+ContinuationLen]...),
	}
}

// check refuses to draw none, and more than a source has.
func (d *Drawer) check(perSource int, places func(*stratum) int) error {
	if perSource < 1 {
		return fmt.Errorf("%d items per source, want at least 1: %w", perSource, ErrNoItems)
	}
	for i := range d.strata {
		if have := places(&d.strata[i]); have < perSource {
			return fmt.Errorf("source %q has %d places, %d asked: ask fewer or add text: %w",
				d.strata[i].source.Name(), have, perSource, ErrNoItems)
		}
	}
	return nil
}

// next takes a random free slot. When none is left a new cycle begins.
func (st *stratum) next(rng *rand.Rand) int {
	busy := st.busy
	left := st.free(busy)
	if left == 0 {
		clear(st.used)
		st.cycle++
		if left = st.free(busy); left == 0 {
			busy = nil // the shard is all over the text
			left = st.free(nil)
		}
	}
	skip := rng.IntN(left)
	for i := range st.used {
		taken := st.taken(i, busy)
		if n := 8 - bits.OnesCount8(taken); skip >= n {
			skip -= n
			continue
		}
		for j := range 8 {
			if taken&(1<<j) != 0 {
				continue
			}
			if skip == 0 {
				st.used[i] |= 1 << j
				return 8*i + j
			}
			skip--
		}
	}
	panic("dataset: fewer free places than were counted")
}

// taken are the slots 8i to 8i+7 that cannot be drawn: used, busy, or beyond the last.
func (st *stratum) taken(i int, busy []byte) byte {
	out := st.used[i]
	if busy != nil {
		out |= busy[i]
	}
	if over := 8*i + 8 - len(st.starts); over > 0 {
		out |= 0xff << (8 - over)
	}
	return out
}

// free is the number of slots that can be drawn in this cycle.
func (st *stratum) free(busy []byte) int {
	n := 0
	for i := range st.used {
		n += 8 - bits.OnesCount8(st.taken(i, busy))
	}
	return n
}
