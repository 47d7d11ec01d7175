package score

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// Verdict says whether an answer to one item is valid, and if not which check failed first.
type Verdict uint8

// The verdicts of the checks, in the order in which they are made; then those that no single answer shows.
const (
	OK        Verdict = iota
	TooMany           // more candidates than KMax
	BadLength         // a candidate has no byte or more than MaxLen
	Order             // a candidate is not strictly above its predecessor as unsigned bytes
	BadNumber         // a probability is not finite, below 0 or above 1
	BadSum            // floor and probabilities do not sum to 1 within the tolerance
	// WrongCount: the reply has another number of items than the round, so each of its items is invalid.
	WrongCount
	// Silent: the item was left out, or no decodable answer came before the deadline. Its gain is 0.
	Silent
)

var verdictNames = [...]string{"ok", "too_many", "bad_length", "order", "bad_number", "bad_sum", "wrong_count", "silent"}

// String returns the name used on the wire and in logs, e.g. "bad_sum".
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// Answer is one miner's answer to one item: candidates in ascending order of their bytes, kept in one flat arena. The zero
// value is empty; use Begin, Add, End as it arrives, or Load. An Answer can be used again with Begin or Load.
type Answer struct {
	settings *Settings
	columns
	starts   []uint16 // where each candidate begins in the arena; CandidateLimit * MaxLen is 2^16
	shared   []uint8  // how many leading bytes each has in common with the one before
	floor    float64
	sum      float64 // floor + p1 + p2 + ..., in this order
	declared int
	verdict  Verdict
	borrowed bool // the columns are those of the caller of Load
}

// columns are the candidates as they lie in a message. Probabilities are in one of the two widths.
type columns struct {
	arena   []byte
	lengths []byte
	probs   []float64
	narrow  []float32
}

// Begin starts an answer of n candidates (n as declared by the sender, which the first check looks at) with the floor
// probability, which is summed first. The settings must not change while the answer is in use.
func (a *Answer) Begin(s *Settings, n int, floor float64) {
	own := columns{arena: a.arena[:0], lengths: a.lengths[:0], probs: a.probs[:0]}
	if a.borrowed {
		own = columns{}
	}
	*a = Answer{settings: s, columns: own, starts: a.starts[:0], shared: a.shared[:0], floor: floor, sum: floor, declared: n}
	if n < 0 || n > s.KMax {
		a.verdict = TooMany
		return
	}
	if cap(a.starts) < n || cap(a.shared) < n {
		a.starts, a.shared = make([]uint16, 0, n), make([]uint8, 0, n)
	}
}

// Add checks and appends one candidate (copied) and its probability. It returns false once the answer is known to be invalid:
// the rest need not be decoded.
func (a *Answer) Add(text []byte, p float64) bool {
	if a.verdict == OK && a.Len() >= a.declared {
		a.verdict = TooMany
	}
	if a.verdict != OK {
		return false
	}
	var before []byte
	if n := a.Len(); n > 0 {
		before = a.text(n - 1)
	}
	shared := common(before, text)
	switch {
	case len(text) == 0 || len(text) > MaxLen:
		a.verdict = BadLength
	case !above(before, text, shared):
		a.verdict = Order
	case !isProbability(p):
		a.verdict = BadNumber
	default:
		a.starts, a.shared = append(a.starts, uint16(len(a.arena))), append(a.shared, uint8(shared))
		a.arena, a.lengths, a.probs = append(a.arena, text...), append(a.lengths, uint8(len(text))), append(a.probs, p)
		a.sum += p
	}
	return a.verdict == OK
}

// End finishes the answer and returns its verdict.
func (a *Answer) End() Verdict {
	if a.verdict == OK {
		switch {
		case !isProbability(a.floor):
			a.verdict = BadNumber
		case math.Abs(a.sum-1) > a.settings.Tolerance:
			a.verdict = BadSum
		}
	}
	return a.verdict
}

// Load reads an answer from columns: the lengths of all candidates (one byte each), their bytes end to end, and as many
// probabilities. The columns are kept, not copied: the caller must leave them alone. It checks, sums and indexes in one pass. Columns
// that contradict each other fail with ErrColumns: nothing can be decoded, and the item counts as silent.
func Load[P float32 | float64](a *Answer, s *Settings, lengths, text []byte, probs []P, floor P) error {
	if len(probs) != len(lengths) {
		return fmt.Errorf("%w: %d lengths and %d probabilities, want equally many", ErrColumns, len(lengths), len(probs))
	}
	total := 0
	for _, n := range lengths {
		total += int(n)
	}
	if total != len(text) {
		return fmt.Errorf("%w: lengths sum to %d and there are %d bytes of text, want equally many", ErrColumns, total, len(text))
	}
	a.Begin(s, len(lengths), float64(floor))
	if a.verdict != OK {
		return nil
	}
	a.borrowed = true
	a.columns = columns{arena: text}
	a.starts, a.shared = a.starts[:len(lengths)], a.shared[:len(lengths)]
	var accepted int
	accepted, a.sum, a.verdict = scan(a, lengths, text, probs)
	a.lengths, a.starts, a.shared = lengths[:accepted], a.starts[:accepted], a.shared[:accepted]
	switch probs := any(probs[:accepted]).(type) {
	case []float64:
		a.probs = probs
	case []float32:
		a.narrow = probs
	}
	a.End()
	return nil
}

// scan checks candidates until one is invalid, and fills in starts and shared. It returns how many are valid, the sum up to there and
// what is wrong with the next one. Neighbours are compared as numbers of 16 bytes, which tells them apart without a branch that
// depends on the text; those that differ by zero bytes at the end are in order if the longer one comes later.
func scan[P float32 | float64](a *Answer, lengths, text []byte, probs []P) (int, float64, Verdict) {
	sum, start := a.sum, 0
	var high, low uint64 // the candidate before
	length := 0
	starts, shared := a.starts[:len(lengths)], a.shared[:len(lengths)]
	probs = probs[:len(lengths)]
	for i, n := range lengths {
		if n-1 >= MaxLen { // 0 wraps around
			return i, sum, BadLength
		}
		nextHigh, nextLow := number(text[start:], n)
		differ := bits.LeadingZeros64(nextHigh ^ high)
		if nextHigh == high {
			differ = 64 + bits.LeadingZeros64(nextLow^low)
		}
		same := min(differ/8, length)
		_, less := bits.Sub64(low, nextLow, 0)
		_, less = bits.Sub64(high, nextHigh, less)
		if less == 0 { // below, or alike but for zero bytes at the end
			if nextHigh != high || nextLow != low || int(n) <= length {
				return i, sum, Order
			}
			same = length
		}
		p := float64(probs[i])
		if !isProbability(p) {
			return i, sum, BadNumber
		}
		starts[i], shared[i] = uint16(start), uint8(same)
		sum += p
		high, low, length = nextHigh, nextLow, int(n)
		start += int(n)
	}
	return len(lengths), sum, OK
}

// number returns the first n bytes of text, 1..MaxLen, as a number that orders as they do; zeros stand for what is behind them.
func number(text []byte, n uint8) (high, low uint64) {
	if len(text) < MaxLen {
		text = padded(text)
	}
	m := &within[n%32]
	return binary.BigEndian.Uint64(text) & m[0], binary.BigEndian.Uint64(text[8:MaxLen]) & m[1]
}

// padded returns a text with zeros behind it.
func padded(text []byte) []byte { return append(make([]byte, 0, 2*MaxLen), text...)[:MaxLen] }

// within masks the bits of a number that belong to a text of each length.
var within = func() (masks [32][2]uint64) {
	for n := range masks {
		masks[n] = [2]uint64{^(math.MaxUint64 >> (8 * n)), ^(math.MaxUint64 >> (8 * max(0, n-8)))}
	}
	return masks
}()

// common returns how many leading bytes two texts share.
func common(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// above tells whether next is strictly above last as unsigned bytes; they share so many leading bytes.
func above(last, next []byte, shared int) bool {
	if shared == len(last) || shared == len(next) {
		return len(next) > len(last)
	}
	return next[shared] > last[shared]
}

// Check returns the verdict on a list of candidates as a validator would give it.
func Check(s *Settings, candidates []Candidate, floor float64) Verdict {
	a := NewAnswer(s, candidates, floor)
	return a.Verdict()
}

// NewAnswer builds an answer from a list; look at its Verdict.
func NewAnswer(s *Settings, candidates []Candidate, floor float64) *Answer {
	a := new(Answer)
	a.Begin(s, len(candidates), floor)
	for _, c := range candidates {
		if !a.Add(c.Text, c.P) {
			break
		}
	}
	a.End()
	return a
}

// Verdict returns the outcome of the checks; it is final after End or Load.
func (a *Answer) Verdict() Verdict { return a.verdict }

// Len is the number of candidates that were accepted.
func (a *Answer) Len() int { return len(a.starts) }

// Candidate returns the bytes of candidate i (not a copy) and its probability as sent.
func (a *Answer) Candidate(i int) ([]byte, float64) { return a.text(i), a.prob(i) }

// Floor returns the floor probability as sent.
func (a *Answer) Floor() float64 { return a.floor }

func (a *Answer) text(i int) []byte {
	start := int(a.starts[i])
	return a.arena[start : start+int(a.lengths[i])]
}

func (a *Answer) prob(i int) float64 {
	if a.narrow != nil {
		return float64(a.narrow[i])
	}
	return a.probs[i]
}

// after returns the first candidate behind i and below end that does not extend candidate i. Extensions follow at once, and each shares
// at least all of i with its predecessor.
func (a *Answer) after(i, end int) int {
	n := a.lengths[i]
	for i++; i < end && a.shared[i] >= n; i++ {
	}
	return i
}

// isProbability is false for NaN too, as every comparison with it is.
func isProbability(p float64) bool { return p >= 0 && p <= 1 }
