package score

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

// orders says who of each two that are alike was before: 1 the one of the row, -1 the one of the column, 0 neither, or not alike. It remembers who was
// clearly before of all pairs that are not apart. Level is what the answers of each are worth, nats.
func (b *Board) orders(keys []Key, answered []*neuron, like Similarity, level []float64) [][]int8 {
	s, n := &b.settings, len(answered)
	out, flat := make([][]int8, n), make([]int8, n*n)
	for i := range out {
		out[i] = flat[i*n : (i+1)*n : (i+1)*n]
	}
	for i, one := range answered {
		for j := i + 1; j < n; j++ {
			p, alike := pairOf(keys[i], keys[j]), like.S[i][j] > 0
			known, ok := b.pairs[p]
			if near := ok && s.Apart > 0 && float64(known.distance) <= s.Apart*s.scale(level[i], level[j]); !near && !alike {
				continue
			}
			worth := max(0, min(level[i], level[j]))
			old := known.before
			if p.a != keys[i] {
				known.before = -known.before
			}
			verdict := known.first(s, one.claim(worth), answered[j].claim(worth), worth)
			if alike {
				out[i][j], out[j][i] = verdict, -verdict
			}
			if p.a != keys[i] {
				known.before = -known.before
			}
			if ok && known.before != old {
				b.pairs[p] = known
			}
		}
	}
	return out
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

// settle sets the copy factors of the neurons that answered a round and updates their own records. Without precedence (Lead 0) all
// that are alike share one pay.
func (b *Board) settle(keys []Key, answered []*neuron, like Similarity, x []float64) {
	s := &b.settings
	level := make([]float64, len(answered))
	for i, n := range answered {
		level[i] = n.level()
	}
	order := b.orders(keys, answered, like, level)
	factor, unlike, kept := make([]float64, len(answered)), make([]float64, len(answered)), make([]float64, len(answered))
	for i := range answered {
		sharers, before, most := 1.0, 0.0, 0.0
		for j, alike := range like.S[i] {
			if i == j || alike == 0 || order[i][j] > 0 {
				continue // who copies i takes nothing from it
			}
			most = max(most, alike)
			if order[i][j] < 0 {
				before = max(before, alike)
			} else {
				sharers += alike
			}
		}
		factor[i] = max((1-before)/sharers, smallestFactor)
		unlike[i], kept[i] = 1-most, 1-before*before/2
	}
	for i, n := range answered {
		if s.Lead == 0 {
			factor[i] = 1 / like.Copies[i]
		}
		n.addFactor(s.CopyRate, factor[i])
		n.own.forget(kept[i])
		if unlike[i] > 0 {
			n.own.Add(s.Alpha*unlike[i], x[i])
		}
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
