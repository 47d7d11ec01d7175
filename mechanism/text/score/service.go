package score

import (
	"bytes"
	"fmt"
	"math"
)

// blank is the byte before which validators cut: what is compared is how the text goes on after it.
const blank = ' '

// Agreement is how well a text that a neuron wrote fits what the same neuron predicts after the same context. Each event of its
// answer has a value: L/(1+L), where L is the quotient that Gain rewards, its own probability against the reference's. That is near 1
// where the neuron claims to know better than the reference that this comes, near 0 where that it does not. What a text
// gets merely for being likelier or less likely than usual, as at another temperature, is taken out of it.
type Agreement struct {
	Seen      float64 // value of the event that the text is
	Claimed   float64 // what its mean is if texts are drawn from the answer's own probabilities
	Reference float64 // what its mean is if they are drawn from the reference instead
	Variance  float64 // of the value, if texts are drawn from the answer's own probabilities

	// Surprise, -ln q in nats, of coarser events: candidates that begin with the same four bytes are one. A model that always writes
	// what is likeliest surprises less than Entropy, the mean if texts are drawn from the answer's own probabilities.
	Surprise, Entropy, SurpriseVariance float64

	// Others has the median of the values that others' answers give. Listed has value 1 for candidates that any of them lists too and for
	// none of the candidates, 0 for the rest; its Reference is that of a text that only this answer lists. Both are nil without others.
	Others, Listed *Agreement
}

// coarse is the length up to which candidates must be equal to be one event of Surprise.
const coarse = 4

// Agree compares a text with an answer to the same context, and with how others see that context. It says false where the two cannot be compared: no valid answer, fewer
// than MaxLen bytes, or a text that does not begin with a blank, while answers hold for texts that do. It fails with
// ErrReference only.
func (s *Scorer) Agree(context []byte, a *Answer, text []byte, others ...*View) (Agreement, bool, error) {
	if a == nil || a.Verdict() != OK || len(text) < MaxLen || text[0] != blank {
		return Agreement{}, false, nil
	}
	events, hit, err := s.events(context, a, text[:MaxLen])
	if err != nil || len(events) == 0 {
		return Agreement{}, false, err
	}
	if !s.values(events) {
		return Agreement{}, false, nil
	}
	out := compare(events, hit)
	if len(others) > 0 {
		value, listed := compareByOthers(events, hit, others)
		out.Others, out.Listed = &value, &listed
	}
	return out, true, nil
}

// values gives every event its value and its surprise, and makes both probabilities sum to 1. It says false where they cannot.
func (s *Scorer) values(events []event) bool {
	q, r := 0.0, 0.0
	for _, e := range events {
		q += e.q
		r += e.r
	}
	if !(q > 0 && r > 0) {
		return false
	}
	for i := range events {
		events[i].q, events[i].r = events[i].q/q, events[i].r/r
	}
	// A little of the reference is mixed in, so that nothing surprises without end.
	lambda := s.settings.Lambda
	for i := 0; i < len(events); {
		n, mixed := i, 0.0
		for ; n < len(events) && events[n].group == events[i].group; n++ {
			mixed += lambda*events[n].r + (1-lambda)*events[n].q
		}
		for ; i < n; i++ {
			e := &events[i]
			own := lambda*e.r + (1-lambda)*e.q
			e.value, e.surprise = own/(own+e.r), -math.Log(mixed)
		}
	}
	return true
}

// compare sums up. The part of the value that goes along with surprise is taken out by regression under the answer's probabilities.
func compare(events []event, hit int) Agreement {
	var value, other, square, nats, otherNats, natsSquare, both float64
	for _, e := range events {
		value += e.q * e.value
		other += e.r * e.value
		square += e.q * e.value * e.value
		nats += e.q * e.surprise
		otherNats += e.r * e.surprise
		natsSquare += e.q * e.surprise * e.surprise
		both += e.q * e.value * e.surprise
	}
	spread := max(0, natsSquare-nats*nats)
	slope := 0.0
	if spread > 1e-9 {
		slope = (both - value*nats) / spread
	}
	return Agreement{
		Seen: events[hit].value - slope*events[hit].surprise, Claimed: value - slope*nats, Reference: other - slope*otherNats,
		Variance: max(0, square-value*value-slope*slope*spread),
		Surprise: events[hit].surprise, Entropy: nats, SurpriseVariance: spread,
	}
}

// event is one way in which a text can go on after a blank, with the answer's probability and the reference's. Neighbours of one group
// begin with the same four bytes.
type event struct {
	text            []byte // its candidate; nil: none of the candidates
	q, r            float64
	group           int
	value, surprise float64
}

// events lists those of an answer, the last one being 'none of the candidates', and which of them the text is.
func (s *Scorer) events(context []byte, a *Answer, text []byte) (events []event, hit int, err error) {
	r := newPrefixes(s.reference, context)
	whole, err := r.prob([]byte{blank})
	if err != nil {
		return nil, 0, err
	}
	left, floor := whole, a.Floor()
	var open []int // candidates that the current one may extend, as places in events
	var texts [][]byte
	var starts []float64
	hit = -1
	for i := range a.Len() {
		c, q := a.Candidate(i)
		if c[0] != blank {
			continue
		}
		start, err := r.prob(c)
		if err != nil {
			return nil, 0, err
		}
		if len(c) == 1 {
			floor = 0 // every text that begins with a blank is some candidate's
		}
		for len(open) > 0 && !bytes.HasPrefix(c, texts[open[len(open)-1]]) {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			events[open[len(open)-1]].r -= start
		} else {
			left -= start
		}
		open = append(open, len(events))
		if bytes.HasPrefix(text, c) {
			hit = len(events) // ascending order: the longest comes last
		}
		group := len(events)
		if n := len(texts); n > 0 && len(c) >= coarse && len(texts[n-1]) >= coarse && bytes.Equal(c[:coarse], texts[n-1][:coarse]) {
			group = events[n-1].group
		}
		events, texts, starts = append(events, event{text: c, q: q, r: start, group: group}), append(texts, c), append(starts, start)
	}
	for i := range events {
		events[i].r = max(events[i].r, relativeFloor*starts[i])
	}
	if hit < 0 {
		hit = len(events)
	}
	return append(events, event{q: floor, r: max(left, relativeFloor*whole), group: len(events)}), hit, nil
}

// prefixes gives the reference's probabilities of strings in ascending order; what a string shares with the one before is not
// computed again.
type prefixes struct {
	reference Reference
	walker    Walker // nil if the reference is none
	context   []byte
	last      []byte              // the string before, with
	at        [MaxLen + 1]uint32  // the places along it
	p         [MaxLen + 1]float64 // and its probabilities
}

func newPrefixes(reference Reference, context []byte) *prefixes {
	p := &prefixes{reference: reference, context: context}
	if p.walker, _ = reference.(Walker); p.walker != nil {
		p.at[0], p.p[0] = p.walker.Start(context), 1
	}
	return p
}

func (p *prefixes) prob(s []byte) (float64, error) {
	if p.walker == nil {
		return checked(p.reference.Prob(p.context, s), s)
	}
	same := common(p.last, s)
	p.walker.Walk(s[same:], p.at[same:], p.p[same:], 0)
	p.last = s
	return checked(p.p[len(s)], s)
}

func checked(p float64, s []byte) (float64, error) {
	if !(p > 0 && p <= 1) {
		return 0, fmt.Errorf("%w: it gives %q probability %v, want above 0, 1 at most", ErrReference, s, p)
	}
	return p, nil
}
