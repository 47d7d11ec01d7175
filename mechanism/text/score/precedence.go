package score

// Precedence: who answers like another that answered so before it is the copy, and the pay is the other's. What a neuron showed while
// nobody but its copies answered like it is its own record; its claim is the mean of that times the evidence behind it. See
// docs/scoring.md, section 4.

// smallestFactor is the least a round leaves of the pay; 0 stands for a neuron that never answered.
const smallestFactor = 1.0 / maxNeurons

// claim is the evidence that a neuron gave answers worth most nats, or less, before: a record of better answers than those that are
// alike claims no more than they are worth.
func (n *neuron) claim(most float64) float64 {
	return n.own.W * max(0, min(n.own.Mean(), most))
}

// settle sets the copy factors of the neurons that answered a round and updates their own records. Without precedence (Lead 0) all
// that are alike share one pay.
func settle(s *Settings, answered []*neuron, like Similarity, x []float64) {
	factor, unlike, kept := make([]float64, len(answered)), make([]float64, len(answered)), make([]float64, len(answered))
	for i, a := range answered {
		sharers, before, most := 1.0, 0.0, 0.0
		for j, b := range answered {
			if i == j || like.S[i][j] == 0 {
				continue
			}
			worth := min(a.level(), b.level())
			mine, theirs := a.claim(worth), b.claim(worth)
			lead := s.Lead * max(s.LevelFloor, mine, theirs)
			if mine > theirs+lead {
				continue // it copies a, and takes nothing from it
			}
			most = max(most, like.S[i][j])
			if theirs > mine+lead {
				before = max(before, like.S[i][j])
			} else {
				sharers += like.S[i][j]
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
