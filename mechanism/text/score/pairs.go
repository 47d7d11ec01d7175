package score

import (
	"fmt"
	"math"
	"slices"
)

// Distances over rounds: a round has few items, and among dozens of independent neurons some pair is close in nearly every one by chance. So what
// counts is the moving mean of a pair's distance; only who is as good as equal within a round is taken for alike at once. See docs/scoring.md, section 4.

// maxPairs bounds the pairs of which anything is kept, those of 724 neurons. Further ones are judged by each round alone.
const maxPairs = 1 << 18

// farthest is the most that one round's distance counts, in scales: else a copy could be far away in one round of eight, with no opinion at
// all, and be unlike its victim in the others.
const farthest = 2

// pair is two neurons, the smaller key first.
type pair struct{ a, b Key }

// bond is what is known of a pair.
type bond struct {
	distance float32 // moving, nats
	limits   float32 // the same in limits of likeness as they were in each round, for rounds in which they are not compared
	before   int8    // 1: the one with the smaller key was before, -1: the other, 0: nothing is remembered
	met      int8    // rounds in which both answered in one group, oftenMet at most
}

// oftenMet is so many rounds that nothing of the first guess is left.
const oftenMet = 100

// elsewhere is how alike two of different groups are, 0..1, by the rounds in which they were in one; those began from two that are far from each other, for
// one or two rounds say little and it may be long until the next. It is in limits of those rounds: the limit rises with the level, so a neuron that got
// better since would be near to all that it was far from.
func (k *bond) elsewhere(s *Settings) float64 {
	first := math.Pow(1-s.PairRate, float64(k.met))
	return max(0, 1-float64(k.limits)*(1-first)-farthest*first)
}

func pairOf(a, b Key) pair {
	if b < a {
		a, b = b, a
	}
	return pair{a, b}
}

// scale is the distance, nats, from which on two of these levels are not alike.
func (s *Settings) scale(a, b float64) float64 {
	return s.Kappa * max(s.LevelFloor, (max(0, a)+max(0, b))/2)
}

// follow takes in the distances of a round among the neurons of one group that answered, and sets who is alike by what is known over rounds.
func (b *Board) follow(keys []Key, like *Similarity, level []float64) {
	s := &b.settings
	for i := range keys {
		for j := i + 1; j < len(keys); j++ {
			p, now := pairOf(keys[i], keys[j]), like.Delta[i][j]
			scale := s.scale(level[i], level[j])
			known, ok := b.pairs[p]
			moving := min(now, farthest*scale)
			limits := moving / scale
			if ok {
				moving = float64(known.distance) + s.PairRate*(moving-float64(known.distance))
				limits = float64(known.limits) + s.PairRate*(limits-float64(known.limits))
			}
			if s.Apart == 0 || moving > s.Apart*scale {
				known.before = 0
			}
			if ok || len(b.pairs) < maxPairs {
				known.distance, known.limits, known.met = float32(moving), float32(limits), min(known.met+1, oftenMet)
				b.pairs[p] = known
			}
			both := max(0, 1-moving/scale, (1-now/scale-s.Sure)/(1-s.Sure))
			like.S[i][j], like.S[j][i] = both, both
		}
	}
	for i := range keys {
		like.Copies[i] = 0
		for j := range keys {
			like.Copies[i] += like.S[i][j]
		}
	}
}

// keepPairs forgets the pairs of neurons that are gone.
func (b *Board) keepPairs() {
	for p := range b.pairs {
		if b.neurons[p.a] == nil || b.neurons[p.b] == nil {
			delete(b.pairs, p)
		}
	}
}

// storePairs puts the bonds into a state whose neurons are sorted by key: each pair with the one that comes first.
func (b *Board) storePairs(neurons []neuronState) {
	index := make(map[Key]int, len(neurons))
	for i := range neurons {
		index[Key(neurons[i].Key)] = i
	}
	for p := range b.pairs {
		n := &neurons[index[p.a]]
		n.Others = append(n.Others, index[p.b])
	}
	for i := range neurons {
		n := &neurons[i]
		slices.Sort(n.Others)
		before, some := make([]int8, len(n.Others)), false
		n.Met, n.Limits = make([]int8, len(n.Others)), make([]float32, len(n.Others))
		for k, j := range n.Others {
			known := b.pairs[pair{Key(n.Key), Key(neurons[j].Key)}]
			n.Distances = append(n.Distances, known.distance)
			before[k], n.Met[k], n.Limits[k] = known.before, known.met, known.limits
			some = some || known.before != 0
		}
		if some {
			n.Before = before
		}
	}
}

// loadPairs takes them back.
func (b *Board) loadPairs(neurons []neuronState) error {
	for i := range neurons {
		n := &neurons[i]
		if len(n.Others) != len(n.Distances) {
			return fmt.Errorf("%w: neuron %q: %d distances to %d others", ErrState, n.Key, len(n.Distances), len(n.Others))
		}
		if n.Before == nil {
			n.Before = make([]int8, len(n.Others)) // of a board that remembered nobody
		}
		if len(n.Before) != len(n.Others) {
			return fmt.Errorf("%w: neuron %q: %d marks of who was before for %d others", ErrState, n.Key, len(n.Before), len(n.Others))
		}
		if n.Met == nil {
			n.Met = slices.Repeat([]int8{oftenMet}, len(n.Others)) // of a board that did not count
			n.Limits = slices.Repeat([]float32{farthest}, len(n.Others))
		}
		if len(n.Met) != len(n.Others) || len(n.Limits) != len(n.Others) {
			return fmt.Errorf("%w: neuron %q: %d counts of common rounds, %d distances in limits for %d others", ErrState, n.Key, len(n.Met), len(n.Limits), len(n.Others))
		}
		last := i
		for k, j := range n.Others {
			d := n.Distances[k]
			if j <= last || j >= len(neurons) || !(d >= 0 && d <= gainLimit) || len(b.pairs) >= maxPairs {
				return fmt.Errorf("%w: neuron %q: distance %v to neuron %d of %d", ErrState, n.Key, d, j, len(neurons))
			}
			if n.Before[k] < -1 || n.Before[k] > 1 {
				return fmt.Errorf("%w: neuron %q: who was before is %d, want -1, 0 or 1", ErrState, n.Key, n.Before[k])
			}
			if n.Met[k] < 1 || n.Met[k] > oftenMet {
				return fmt.Errorf("%w: neuron %q: %d common rounds, want 1 to %d", ErrState, n.Key, n.Met[k], oftenMet)
			}
			if l := n.Limits[k]; !(l >= 0 && l <= farthest) {
				return fmt.Errorf("%w: neuron %q: distance of %v limits to neuron %d, want 0 to %d", ErrState, n.Key, l, j, farthest)
			}
			b.pairs[pairOf(Key(n.Key), Key(neurons[j].Key))] = bond{distance: d, limits: n.Limits[k], before: n.Before[k], met: n.Met[k]}
			last = j
		}
	}
	return nil
}
