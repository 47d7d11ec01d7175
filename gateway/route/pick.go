package route

import (
	"slices"
	"sort"
	"time"
)

// picker chooses a neuron of a set. Beside the set it looks at as many neurons as draws says, unless nearly all are down.
type picker struct {
	now        time.Time
	typical    time.Duration // latency assumed of neurons that are not known
	maxRunning int
	rand       func() float64
	inOrder    bool // the first that will do, by share
	explore    bool
}

// candidate is a neuron that may be asked.
type candidate struct {
	*entry
	glance
	weight float64
}

// pick returns a neuron that may be asked and is none of those, or nil; explored tells that it was picked to learn about it.
func (k *picker) pick(s *set, not []*peer) (chosen *entry, explored bool) {
	if k.inOrder {
		for _, e := range s.entries {
			if c := k.look(e, not); c.usable && c.state != trying {
				return e, false
			}
		}
	}
	var buf [2 * draws]candidate
	found := buf[:0]
	n := len(s.entries)
	even := k.rand() < floorShare
	if k.explore && n > 1 && k.rand() < exploreShare {
		if e := k.leastKnown(s, not); e != nil {
			return e, true
		}
	}
	if n <= draws {
		for i, e := range s.entries {
			found = k.add(found, e, s.weights[i], not)
		}
	} else {
		for range draws { // the draw is by share already: then all weigh the same
			found = k.add(found, s.entries[s.at(k.rand(), even)], 1, not)
		}
		if !slices.ContainsFunc(found, func(c candidate) bool { return c.state != trying }) {
			start := int(k.rand() * float64(n))
			for i := range n {
				if len(found) == cap(buf[:]) {
					break
				}
				at := (start + i) % n
				found = k.add(found, s.entries[at], s.weights[at], not)
			}
		}
	}
	return k.drawOf(found, even), false
}

// at is the index of the neuron at a point of the running sums, or of the plain list.
func (s *set) at(u float64, even bool) int {
	if even {
		return min(int(u*float64(len(s.entries))), len(s.entries)-1)
	}
	i := sort.SearchFloat64s(s.upTo, u)
	return min(i, len(s.entries)-1) // rounding
}

func (k *picker) look(e *entry, not []*peer) candidate {
	if slices.Contains(not, e.peer) {
		return candidate{}
	}
	return candidate{entry: e, glance: e.peer.glance(k.now, k.typical, k.maxRunning)}
}

func (k *picker) add(found []candidate, e *entry, weight float64, not []*peer) []candidate {
	c := k.look(e, not)
	if !c.usable {
		return found
	}
	c.weight = weight
	return append(found, c)
}

// drawOf draws by weight and cost, or by cost alone if even or if nobody who is left weighs anything; neurons after a pause only
// where there are no others.
func (k *picker) drawOf(found []candidate, even bool) *entry {
	if len(found) == 0 {
		return nil
	}
	var weights [2 * draws]float64
	for _, fresh := range []bool{true, false} {
		for _, flat := range []bool{even, true} {
			for i, c := range found {
				weights[i] = 0
				if (c.state != trying) == fresh {
					weights[i] = preference(c.weight, c.cost)
					if flat {
						weights[i] = preference(1, c.cost)
					}
				}
			}
			if i := draw(weights[:len(found)], k.rand()); i >= 0 {
				return found[i].entry
			}
		}
	}
	return nil
}

// leastKnown looks at a few neurons, each as likely as the other, and returns one that waits for a try, else the least known.
func (k *picker) leastKnown(s *set, not []*peer) *entry {
	var least candidate
	for range draws / 2 {
		c := k.look(s.entries[int(k.rand()*float64(len(s.entries)))], not)
		switch {
		case !c.usable:
		case c.state == trying:
			return c.entry
		case least.entry == nil || c.seen < least.seen:
			least = c
		}
	}
	return least.entry
}

// outlook says why a set has nobody to ask now.
type outlook struct {
	down, busy, full int
	back             time.Time // the soonest that one can be asked again; zero: not known
	room             time.Time // the same of those that are not down
	soonest          *entry
}

func (k *picker) outlook(s *set, not []*peer) (o outlook) {
	for _, e := range s.entries {
		if slices.Contains(not, e.peer) {
			continue
		}
		g := e.peer.glance(k.now, k.typical, k.maxRunning)
		at := g.busy
		switch {
		case g.state == down || g.state == trying:
			o.down++
			e.peer.mu.Lock()
			at = e.peer.breaker.until
			e.peer.mu.Unlock()
		case k.now.Before(g.busy):
			o.busy++
		default:
			o.full++
			at = k.now.Add(time.Second)
		}
		// A place here may be free any moment, which nobody is told.
		room := g.busy
		if soon := k.now.Add(leastRest); g.full && room.Before(soon) {
			room = soon
		}
		if g.state != down && g.state != trying && (o.room.IsZero() || room.Before(o.room)) {
			o.room = room
		}
		if o.soonest == nil || at.Before(o.back) {
			o.back, o.soonest = at, e
		}
	}
	return o
}
