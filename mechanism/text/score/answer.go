package score

import (
	"bytes"
	"fmt"
	"math"
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
// value is empty; use Begin, Add, End as it arrives, or Load. An Answer can be used again with Begin.
type Answer struct {
	settings *Settings
	arena    []byte
	ends     []uint32 // ends[i] is where candidate i ends in the arena
	probs    []float64
	floor    float64
	sum      float64 // floor + p1 + p2 + ..., in this order
	declared int
	verdict  Verdict
}

// Begin starts an answer of n candidates (n as declared by the sender, which the first check looks at) with the floor
// probability, which is summed first. The settings must not change while the answer is in use.
func (a *Answer) Begin(s *Settings, n int, floor float64) {
	*a = Answer{settings: s, arena: a.arena[:0], ends: a.ends[:0], probs: a.probs[:0], floor: floor, sum: floor, declared: n}
	if n < 0 || n > s.KMax {
		a.verdict = TooMany
		return
	}
	if cap(a.ends) < n {
		a.ends, a.probs = make([]uint32, 0, n), make([]float64, 0, n)
	}
}

// Add checks and appends one candidate (copied) and its probability. It returns false once the answer is known to be invalid:
// the rest need not be decoded.
func (a *Answer) Add(text []byte, p float64) bool {
	switch {
	case a.verdict != OK:
		return false
	case len(a.ends) >= a.declared:
		a.verdict = TooMany
	default:
		a.verdict = a.check(text, p)
	}
	if a.verdict != OK {
		return false
	}
	a.arena = append(a.arena, text...)
	a.push(uint32(len(a.arena)), p)
	return true
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

// Load reads an answer from columns: the lengths of all candidates (one byte each), their bytes end to end (kept, not copied:
// the caller must leave them alone) and as many probabilities. It checks, sums and indexes in one pass. Columns that contradict
// each other fail with ErrColumns: nothing can be decoded, and the item counts as silent.
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
	a.arena = text[:len(text):len(text)]
	start := 0
	for i, n := range lengths {
		end, p := start+int(n), float64(probs[i])
		if a.verdict = a.check(text[start:end], p); a.verdict != OK {
			return nil
		}
		a.push(uint32(end), p)
		start = end
	}
	a.End()
	return nil
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
func (a *Answer) Len() int { return len(a.ends) }

// Candidate returns the bytes of candidate i (not a copy) and its probability as sent.
func (a *Answer) Candidate(i int) ([]byte, float64) { return a.text(i), a.probs[i] }

// Floor returns the floor probability as sent.
func (a *Answer) Floor() float64 { return a.floor }

// check makes the checks of one candidate against its predecessor.
func (a *Answer) check(text []byte, p float64) Verdict {
	switch {
	case len(text) == 0 || len(text) > MaxLen:
		return BadLength
	case len(a.ends) > 0 && bytes.Compare(text, a.text(len(a.ends)-1)) <= 0:
		return Order
	case !isProbability(p):
		return BadNumber
	}
	return OK
}

func (a *Answer) push(end uint32, p float64) {
	a.ends = append(a.ends, end)
	a.probs = append(a.probs, p)
	a.sum += p
}

func (a *Answer) text(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = a.ends[i-1]
	}
	return a.arena[start:a.ends[i]]
}

// isProbability is false for NaN too, as every comparison with it is.
func isProbability(p float64) bool { return p >= 0 && p <= 1 }
