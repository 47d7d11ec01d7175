package scoring

import (
	"cmp"
	"math"
	"slices"
)

// validator is its place among the nodes of a wire; the others are neurons.
const validator = 0

// wire is one question on its way: a validator asks neurons, some of which ask another one instead of answering themselves. All times
// are from the moment in which the validator begins to send, and none is negative.
//
// Sealed, a neuron opens its answer to whoever asked it a hold after that question came, and the validator takes seals that come before a
// hold has passed. Not sealed, neurons answer as soon as they can, and the validator takes answers until the deadline.
type wire struct {
	sealed         bool
	hold, deadline span
	way            [][]span // from a node to another, one way
	think          []span   // of a neuron's own model
	asked          []span   // when the validator sends its question to a neuron; -1: it does not ask it
	next           []int    // whom a neuron asks; 0: it answers by itself
	atOnce         []bool   // neurons that open to everybody at once; nil: none
	late           span     // by which the validator's clock for seals starts after it began to send
	fast           float64  // by which share of itself a hold is shorter on the neurons' clocks
}

// letter is what is under way.
type letter struct {
	at       span
	from, to int
	source   int // whose model made the answer; 0: this is the question
}

// play returns for each node whose answer of others the validator took from it; 0: none came in time, so that it has only its own.
func (w *wire) play() []int {
	var post []letter
	send := func(at span, from, to, source int) {
		post = append(post, letter{at: later(at, w.way[from][to]), from: from, to: to, source: source})
	}
	for i, at := range w.asked {
		if i != validator && at >= 0 {
			send(at, validator, i, 0)
		}
	}
	askers, has := make([][]int, len(w.next)), make([]int, len(w.next))
	taken := make([]int, len(w.next))
	for len(post) > 0 {
		first := 0
		for k := range post {
			if cmp.Or(cmp.Compare(post[k].at, post[first].at), cmp.Compare(post[k].to, post[first].to)) < 0 {
				first = k
			}
		}
		l := post[first]
		post = slices.Delete(post, first, first+1)
		switch me := l.to; {
		case me == validator:
			if l.at < w.due() && l.source != l.from && taken[l.from] == 0 {
				taken[l.from] = l.source
			}
		case l.source != 0: // to a relay: it passes the answer on to all who asked it
			has[me] = l.source
			for _, to := range askers[me] {
				send(l.at, me, to, l.source)
			}
		case has[me] != 0:
			send(l.at, me, l.from, has[me])
		case w.next[me] != 0:
			if askers[me] = append(askers[me], l.from); len(askers[me]) == 1 {
				send(l.at, me, w.next[me], 0)
			}
		default:
			send(later(l.at, w.answers(me, l.from)), me, l.from, me)
		}
	}
	return taken
}

// answers is how long after a question a neuron sends its own answer: the seal to the validator, which is all that it needs, and what opens it to others.
func (w *wire) answers(neuron, to int) span {
	if !w.sealed || to == validator || w.atOnce != nil && w.atOnce[neuron] {
		return w.think[neuron]
	}
	return max(w.think[neuron], w.hold-span(w.fast*float64(w.hold)))
}

// due is when the validator stops to take what counts.
func (w *wire) due() span {
	if w.sealed {
		return later(w.late, w.hold)
	}
	return w.deadline
}

// later adds durations that are not negative; what is too long for a duration is the longest one.
func later(a, b span) span {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
