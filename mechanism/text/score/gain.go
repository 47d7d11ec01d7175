package score

import (
	"fmt"
	"math"
)

// Gain is what one answer earns on one item.
type Gain struct {
	Verdict Verdict `json:"verdict"`
	Event   string  `json:"event"` // the longest candidate with which the text goes on; "" if none is
	Q       float64 `json:"q"`     // probability the answer gave to that event, its sum normalised to 1
	R       float64 `json:"r"`     // probability the reference gives to it; 0 if not evaluated
	L       float64 `json:"l"`     // Lambda + (1-Lambda) Q/R
	Nats    float64 `json:"nats"`  // min(ln L, Cap), in [ln Lambda, Cap]; 0 when silent
}

// relativeFloor keeps the reference's probability of an event positive when longer candidates take nearly all of it.
const relativeFloor = 1e-9

// Question is one item with what is remembered of the reference between answers. It is not safe for concurrent use; different
// questions are independent.
type Question struct {
	settings *Settings
	truth    []byte
	text     string // the truth; events are beginnings of it
	memory   *memory
}

// Gain scores one answer that has been checked. The event is the longest candidate that is a prefix of the truth, or none. Its
// reference probability is that of the candidate (none: 1) less that of the shortest candidates which extend it, so both sides
// speak of the same event. A nil answer is silent. It fails only when the reference does, with ErrReference.
func (q *Question) Gain(a *Answer) (Gain, error) {
	if a == nil {
		return Gain{Verdict: Silent, L: 1}, nil
	}
	if a.verdict != OK {
		return q.settings.invalid(a.verdict), nil
	}
	event, lo, hi := a.match(q.truth)
	base, p := 1.0, a.floor
	text := ""
	if event >= 0 {
		text, p = q.text[:a.lengths[event]], a.prob(event)
		var err error
		if base, err = q.memory.base(a.text(event)); err != nil {
			return Gain{}, err
		}
	}
	rest, err := q.rest(a, base, q.roots(a, lo, hi, len(text)))
	if err != nil {
		return Gain{}, err
	}
	g := Gain{Verdict: OK, Event: text, Q: p / a.sum, R: max(rest, relativeFloor*base)}
	g.L = q.settings.Lambda + (1-q.settings.Lambda)*g.Q/g.R
	g.Nats = min(math.Log(g.L), q.settings.Cap)
	return g, nil
}

// invalid is the gain of an item that failed a check.
func (s *Settings) invalid(v Verdict) Gain {
	return Gain{Verdict: v, L: s.Lambda, Nats: s.Worst()}
}

// match narrows the sorted list to the candidates that share ever longer prefixes with the truth. It returns the longest
// candidate that is itself a prefix (-1: none) and the range [lo, hi) of its extensions (none: of all candidates).
func (a *Answer) match(truth []byte) (event, lo, hi int) {
	event, lo, hi = -1, 0, a.Len()
	from, to := lo, hi
	for depth, b := range truth {
		from = a.search(from, to, depth, b)
		if b < math.MaxUint8 {
			to = a.search(from, to, depth, b+1)
		}
		if from == to {
			break
		}
		if int(a.lengths[from]) == depth+1 {
			event, lo, hi = from, from+1, to
			from++
		}
	}
	return event, lo, hi
}

// search returns the first candidate of [from, to) whose byte at depth is b or more; all of them are longer than depth.
func (a *Answer) search(from, to, depth int, b byte) int {
	for from < to {
		mid := int(uint(from+to) >> 1)
		if a.arena[int(a.starts[mid])+depth] < b {
			from = mid + 1
		} else {
			to = mid
		}
	}
	return from
}

// roots are the candidates of [lo, hi) that extend no other candidate there and are looked up: of each length so many, the first by
// bytes. All of them share so many bytes with the string that was looked up before.
type roots struct {
	lo, hi, shared int
	ofLength       [MaxLen + 1]int
	n              int
}

// roots are all that there are, but of more than NRef only the first by length, then bytes: which ones does not depend on the
// probabilities sent.
func (q *Question) roots(a *Answer, lo, hi, shared int) roots {
	r := roots{lo: lo, hi: hi, shared: shared, n: q.settings.NRef}
	if hi-lo <= r.n {
		for n := range r.ofLength {
			r.ofLength[n] = r.n
		}
		return r
	}
	for i := lo; i < hi; i = a.after(i, hi) {
		r.ofLength[a.lengths[i]]++
	}
	left := r.n
	for n := range r.ofLength {
		r.ofLength[n] = min(r.ofLength[n], left)
		left -= r.ofLength[n]
	}
	return r
}

// negligible is what of a probability it does not pay to know any better: it is much below the last bit, also NRef times.
const negligible = 0x1p-66

// rest takes the reference's probabilities of the roots off that of what they extend. Strings that turn out negligible need not be
// walked to their end: sums and differences as they are rounded never fall when a number that is added grows, so if taking them as nothing and
// as what they are at most give the same rest, it is the exact one. Otherwise they are walked after all.
func (q *Question) rest(a *Answer, base float64, r roots) (float64, error) {
	low, high, err := q.sum(a, r, base*negligible)
	if err == nil && base-low != base-high {
		low, _, err = q.sum(a, r, 0)
	}
	return base - low, err
}

// sum adds up the reference's probabilities of the roots in their order. Those that fall below least count as 0 in the one sum, and in the
// other as what they had come to.
func (q *Question) sum(a *Answer, r roots, least float64) (low, high float64, err error) {
	shared := r.shared
	for i := r.lo; i < r.hi && r.n > 0; {
		if r.ofLength[a.lengths[i]] > 0 {
			r.ofLength[a.lengths[i]]--
			r.n--
			text := a.text(i)
			p, walked, err := q.memory.prob(text, shared, least)
			if err != nil {
				return 0, 0, err
			}
			high += p
			if walked == len(text) {
				low += p
			}
			shared = walked
		}
		if i = a.after(i, r.hi); i < r.hi {
			shared = min(shared, int(a.shared[i])) // with i's root before as much as with i's predecessor, which begins with it
		}
	}
	return low, high, nil
}

// Item is one question of a round.
type Item struct {
	Stratum int    // which source of text it comes from, 0..strata-1
	Context []byte // what miners are shown
	Truth   []byte // how the text went on: exactly MaxLen bytes, kept back
}

// Open prepares an item for scoring. It fails with ErrItem unless the truth has MaxLen bytes.
func (s *Scorer) Open(item Item) (*Question, error) { return s.open(item, new(memory)) }

// open is Open in the memory of a question that is done with.
func (s *Scorer) open(item Item, m *memory) (*Question, error) {
	if len(item.Truth) != MaxLen {
		return nil, fmt.Errorf("%w: truth has %d bytes, want %d", ErrItem, len(item.Truth), MaxLen)
	}
	m.reset(s.reference, item.Context)
	return &Question{settings: &s.settings, truth: item.Truth, text: string(item.Truth), memory: m}, nil
}
