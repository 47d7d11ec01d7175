package score

import (
	"bytes"
	"slices"
)

// A neuron that is asked to predict after it has written could add its own text to its prediction, with next to no probability: by its
// own claim that text is then a great find, and it costs nothing. So texts are valued by what others predict after the same context, too. If a
// text is drawn from the neuron's own probabilities, the mean of any value of events is the same under both, whoever gives the value.

// MostOthers is how many answers of others a text is held against. Their median counts, so that a few cannot help or hurt.
const MostOthers = 7

// View is an answer as a judge of others' texts: what it makes of each way in which a text can go on after a blank.
type View struct {
	texts  [][]byte // ascending
	values []float64
	none   float64 // of a text that begins with none of them
}

// View of a valid answer; false if it says nothing of texts that go on with a blank. It fails with ErrReference only.
func (s *Scorer) View(context []byte, a *Answer) (*View, bool, error) {
	if a == nil || a.Verdict() != OK {
		return nil, false, nil
	}
	events, _, err := s.events(context, a, nil)
	if err != nil || len(events) < 2 || !s.values(events) {
		return nil, false, err
	}
	last := len(events) - 1
	v := &View{none: events[last].value, texts: make([][]byte, last), values: make([]float64, last)}
	for i, e := range events[:last] {
		v.texts[i], v.values[i] = e.text, e.value
	}
	return v, true, nil
}

// see calls give for each event with the value of the longest candidate with which the event's own begins, and whether that is the same
// candidate.
func (v *View) see(events []event, give func(i int, value float64, listed bool)) {
	var open []int // candidates of v that the current one may extend
	next, last := 0, len(events)-1
	for i, e := range events[:last] { // in ascending order
		for ; next < len(v.texts) && bytes.Compare(v.texts[next], e.text) <= 0; next++ {
			open = append(v.chain(v.texts[next], open), next)
		}
		if open = v.chain(e.text, open); len(open) == 0 {
			give(i, v.none, false)
			continue
		}
		at := open[len(open)-1]
		give(i, v.values[at], len(v.texts[at]) == len(e.text))
	}
	give(last, v.none, true)
}

// chain leaves of candidates, each of which begins with the one before, those with which a text begins.
func (v *View) chain(text []byte, open []int) []int {
	for len(open) > 0 && !bytes.HasPrefix(text, v.texts[open[len(open)-1]]) {
		open = open[:len(open)-1]
	}
	return open
}

// compareByOthers gives what others' answers say of the events: their median value, and whether any of them has the same candidate.
func compareByOthers(events []event, hit int, others []*View) (value, listed Agreement) {
	seen, known := make([][]float64, len(events)), make([]bool, len(events))
	for _, v := range others {
		v.see(events, func(i int, value float64, listed bool) {
			seen[i] = append(seen[i], value)
			known[i] = known[i] || listed
		})
	}
	values, lists := make([]float64, len(events)), make([]float64, len(events))
	for i := range events {
		slices.Sort(seen[i])
		n := len(seen[i])
		values[i] = (seen[i][(n-1)/2] + seen[i][n/2]) / 2
		if known[i] {
			lists[i] = 1
		}
	}
	value, listed = expect(events, hit, values), expect(events, hit, lists)
	listed.Reference = 0 // a text that was put into the list is in nobody else's
	return value, listed
}

// expect compares the value of an event with its mean.
func expect(events []event, hit int, values []float64) Agreement {
	a, square := Agreement{Seen: values[hit]}, 0.0
	for i, e := range events {
		a.Claimed += e.q * values[i]
		a.Reference += e.r * values[i]
		square += e.q * values[i] * values[i]
	}
	a.Variance = max(0, square-a.Claimed*a.Claimed)
	return a
}
