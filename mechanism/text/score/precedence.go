package score

import (
	"cmp"
	"slices"
)

// Precedence: who answers like another that answered so before it is the copy, and the pay is the other's. What a neuron showed while
// nobody but its copies answered like it is its own record; its claim is the mean of that times the evidence behind it. Who was clearly
// before stays so while the two are not apart, though the other's claim may catch up: else a crowd of copies, each only a little alike to its
// original and to no other copy, would in time share its pay away. See docs/scoring.md, section 4.

// smallestFactor is the least a round leaves of the pay; 0 stands for a neuron that never answered.
const smallestFactor = 1.0 / maxNeurons

// claim is the evidence that a neuron gave answers worth most nats, or less, before: a record of better answers than those that are
// alike claims no more than they are worth.
func (n *neuron) claim(most float64) float64 {
	return n.own.W * max(0, min(n.own.Mean(), most))
}

// clearly is how many leads make one of two be remembered as the one before, and clearLevel the part of what the answers are worth that counts for the
// larger claim at least: claims of the first rounds differ by luck.
const (
	clearly    = 2
	clearLevel = 0.2
)

// crowd are the neurons that answered a round, group by group; all its slices but alike follow one order.
type crowd struct {
	keys    []Key
	group   []int // index into alike
	place   []int // in the group, as its Similarity counts
	neurons []*neuron
	level   []float64 // nats
	round   []float64 // mean gain of the round, nats
	alike   []*Similarity
}

func (c *crowd) add(key Key, group, place int, n *neuron, round float64) {
	c.keys, c.group, c.place, c.neurons = append(c.keys, key), append(c.group, group), append(c.place, place), append(c.neurons, n)
	c.level, c.round = append(c.level, n.level()), append(c.round, round)
}

// tie is two neurons of a crowd that are alike or near: i before j in its order.
type tie struct {
	i, j  int
	alike float64 // (0, 1], or 0 for two that are only near: it is remembered which of them was before
}

// ties are the pairs that are alike or near: within the groups by this round and those before, of two groups by the rounds in which they were in one. They come
// in order, so that sums over them are the same on any machine.
func (b *Board) ties(c *crowd) []tie {
	var out []tie
	s := &b.settings
	index := make(map[Key]int, len(c.keys))
	for i, key := range c.keys {
		index[key] = i
		for j := i + 1; j < len(c.keys) && c.group[j] == c.group[i]; j++ {
			alike := c.alike[c.group[i]].S[c.place[i]][c.place[j]]
			known, ok := b.pairs[pairOf(key, c.keys[j])]
			if alike > 0 || ok && float64(known.distance) <= s.Apart*s.scale(c.level[i], c.level[j]) {
				out = append(out, tie{i, j, alike})
			}
		}
	}
	if len(c.alike) == 1 {
		return out
	}
	for p, known := range b.pairs {
		i, ok := index[p.a]
		j, both := index[p.b]
		if !ok || !both || c.group[i] == c.group[j] {
			continue
		}
		if alike := known.elsewhere(s); alike > 0 || float64(known.limits) <= s.Apart {
			out = append(out, tie{min(i, j), max(i, j), alike})
		}
	}
	slices.SortFunc(out, func(x, y tie) int { return cmp.Or(x.i-y.i, x.j-y.j) })
	return out
}

// order says who of two neurons that are alike was before: 1 the first, -1 the other, 0 neither, or not alike. It remembers who was clearly before of all
// pairs that are not apart.
func (b *Board) order(c *crowd, x tie) int8 {
	p := pairOf(c.keys[x.i], c.keys[x.j])
	known, ok := b.pairs[p]
	side := int8(1)
	if p.a != c.keys[x.i] {
		side = -1
	}
	worth := max(0, min(c.level[x.i], c.level[x.j]))
	turned := bond{before: side * known.before}
	verdict := turned.first(&b.settings, c.neurons[x.i].claim(worth), c.neurons[x.j].claim(worth), worth)
	if now := side * turned.before; ok && now != known.before {
		known.before = now
		b.pairs[p] = known
	}
	if x.alike == 0 {
		return 0
	}
	return verdict
}

// first says who of two was before by their claims, else by what is remembered: 1 the one, -1 the other, 0 neither. It takes what the answers that they
// have in common are worth, nats, and remembers who was clearly before.
func (k *bond) first(s *Settings, one, other, worth float64) int8 {
	most, verdict := max(one, other), int8(0)
	switch lead := s.Lead * max(s.LevelFloor, most); {
	case one > other+lead:
		verdict = 1
	case other > one+lead:
		verdict = -1
	default:
		return k.before
	}
	switch {
	case s.Apart == 0:
	case most-min(one, other) > clearly*s.Lead*max(clearLevel*worth, most):
		k.before = verdict
	case k.before == -verdict: // overtaken
		k.before = 0
	}
	return verdict
}

// settle sets the copy factors of the neurons that answered a round and updates their own records. Without precedence (Lead 0) all of a
// group that are alike share one pay, each round by itself.
func (b *Board) settle(c *crowd) {
	s := &b.settings
	if s.Lead == 0 {
		b.share(c)
		return
	}
	first := 0
	for _, like := range c.alike {
		end := first + len(like.S)
		b.follow(c.keys[first:end], like, c.level[first:end])
		first = end
	}
	sharers, before, most := make([]float64, len(c.keys)), make([]float64, len(c.keys)), make([]float64, len(c.keys))
	count := func(i int, alike float64, order int8) {
		if order > 0 {
			return // who copies i takes nothing from it
		}
		if most[i] = max(most[i], alike); order < 0 {
			before[i] = max(before[i], alike)
		} else {
			sharers[i] += alike
		}
	}
	for _, x := range b.ties(c) {
		if order := b.order(c, x); x.alike > 0 {
			count(x.i, x.alike, order)
			count(x.j, x.alike, -order)
		}
	}
	for i, n := range c.neurons {
		n.addFactor(s.CopyRate, max((1-before[i])/(1+sharers[i]), smallestFactor))
		n.own.forget(1 - before[i]*before[i]/2)
		if unlike := 1 - most[i]; unlike > 0 {
			n.own.Add(s.Alpha*unlike, c.round[i])
		}
	}
}

// share is settle without precedence; nobody needs a record of its own.
func (b *Board) share(c *crowd) {
	for i, n := range c.neurons {
		n.addFactor(b.settings.CopyRate, 1/c.alike[c.group[i]].Copies[c.place[i]])
	}
}

func (n *neuron) addFactor(rate, factor float64) {
	if n.copies == 0 {
		n.copies = factor
		return
	}
	n.copies = (1-rate)*n.copies + rate*factor
}

// forget keeps a part of the evidence behind a mean, not of the mean: the number of rounds behind it falls to that part, 1 at least.
func (a *Average) forget(keep float64) {
	if keep >= 1 || !a.Asked() {
		return
	}
	if a.W *= keep; a.W < 1e-6 {
		*a = Average{}
		return
	}
	a.Q = min(a.Q*keep, a.W*a.W)
	a.S1 *= keep
	a.S2 *= keep
}
