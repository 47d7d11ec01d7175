package score

import (
	"bytes"
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
	var text []byte
	if event >= 0 {
		text, p = a.text(event), a.probs[event]
		var err error
		if base, err = q.memory.base(text); err != nil {
			return Gain{}, err
		}
	}
	longer, err := q.longer(a, lo, hi)
	if err != nil {
		return Gain{}, err
	}
	g := Gain{Verdict: OK, Event: string(text), Q: p / a.sum, R: max(base-longer, relativeFloor*base)}
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
	event, lo, hi = -1, 0, len(a.ends)
	from, to := lo, hi
	for depth, b := range truth {
		from = a.search(from, to, depth, b)
		if b < math.MaxUint8 {
			to = a.search(from, to, depth, b+1)
		}
		if from == to {
			break
		}
		if len(a.text(from)) == depth+1 {
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
		if a.text(mid)[depth] < b {
			from = mid + 1
		} else {
			to = mid
		}
	}
	return from
}

// longer sums the reference over the candidates of [lo, hi) that extend no other candidate there. Beyond NRef of them only the
// first by length, then bytes, are looked up: which ones does not depend on the probabilities sent.
func (q *Question) longer(a *Answer, lo, hi int) (float64, error) {
	var ofLength [MaxLen + 1]int
	count := 0
	a.minimal(lo, hi, func(text []byte) bool {
		ofLength[len(text)]++
		count++
		return true
	})
	if count > q.settings.NRef {
		left := q.settings.NRef
		for n := range ofLength {
			ofLength[n] = min(ofLength[n], left)
			left -= ofLength[n]
		}
	}
	sum := 0.0
	var err error
	a.minimal(lo, hi, func(text []byte) bool {
		if ofLength[len(text)] == 0 {
			return true
		}
		ofLength[len(text)]--
		var p float64
		p, err = q.memory.prob(text)
		sum += p
		return err == nil
	})
	return sum, err
}

// minimal visits the candidates of [lo, hi) that have no proper prefix there, in order, until visit returns false.
func (a *Answer) minimal(lo, hi int, visit func(text []byte) bool) {
	var last []byte
	for i := lo; i < hi; i++ {
		text := a.text(i)
		if last != nil && bytes.HasPrefix(text, last) {
			continue
		}
		last = text
		if !visit(text) {
			return
		}
	}
}

// Item is one question of a round.
type Item struct {
	Stratum int    // which source of text it comes from, 0..strata-1
	Context []byte // what miners are shown
	Truth   []byte // how the text went on: exactly MaxLen bytes, kept back
}

// Open prepares an item for scoring. It fails with ErrItem unless the truth has MaxLen bytes.
func (s *Scorer) Open(item Item) (*Question, error) {
	if len(item.Truth) != MaxLen {
		return nil, fmt.Errorf("%w: truth has %d bytes, want %d", ErrItem, len(item.Truth), MaxLen)
	}
	return &Question{settings: &s.settings, truth: item.Truth, memory: newMemory(s.reference, item.Context)}, nil
}
