package score

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// stateVersion is what Encode writes. LoadBoard reads version 1 too, which had no own records.
const stateVersion = 2

// maxState bounds the bytes of a stored board: 65,536 neurons with a dozen strata need less.
const maxState = 128 << 20

type boardState struct {
	Version int           `json:"version"`
	Strata  []string      `json:"strata"`
	Rounds  int           `json:"rounds"`
	Neurons []neuronState `json:"neurons"` // ascending by key
}

type neuronState struct {
	Key      []byte    `json:"key"`
	Averages []Average `json:"averages"` // by stratum
	Copies   float64   `json:"copies"`
	Own      Average   `json:"own"`
	Silent   int       `json:"silent"`
	Rounds   int       `json:"rounds"`

	// Moving distances to neurons that come later in the list, by index, nats.
	Others    []int     `json:"others,omitempty"`
	Distances []float32 `json:"distances,omitempty"`
	Before    []int8    `json:"before,omitempty"` // who of the two was before: 1 this neuron, -1 the other, 0 nobody; absent: nobody
	Met       []int8    `json:"met,omitempty"`    // rounds in which both answered in one group, 1..100; absent: 100, and 2 limits
	Limits    []float32 `json:"limits,omitempty"` // moving distances in limits of likeness, 0..2
}

// Encode returns the board as JSON, the same bytes for the same board. LoadBoard reads it back without any loss.
func (b *Board) Encode() ([]byte, error) {
	state := boardState{Version: stateVersion, Strata: b.strata, Rounds: b.rounds, Neurons: make([]neuronState, 0, len(b.neurons))}
	for key, n := range b.neurons {
		state.Neurons = append(state.Neurons, neuronState{
			Key: []byte(key), Averages: n.averages, Copies: n.copies, Own: n.own, Silent: n.silent, Rounds: n.rounds,
		})
	}
	slices.SortFunc(state.Neurons, func(a, b neuronState) int { return slices.Compare(a.Key, b.Key) })
	b.storePairs(state.Neurons)
	return json.Marshal(state)
}

// LoadBoard reads what Encode wrote. Strata are matched by name: one that is new starts empty, one that is gone is forgotten. It
// fails with ErrState on anything a board could not have written, so that a damaged file cannot turn into weights.
func LoadBoard(s Settings, strata []string, data []byte) (*Board, error) {
	b, err := NewBoard(s, strata)
	if err != nil {
		return nil, err
	}
	if len(data) > maxState {
		return nil, fmt.Errorf("%w: %d bytes, want %d at most", ErrState, len(data), maxState)
	}
	var state boardState
	if err := json.Unmarshal(data, &state); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if state.Version < 1 || state.Version > stateVersion {
		return nil, fmt.Errorf("%w: version %d, want 1..%d", ErrState, state.Version, stateVersion)
	}
	if len(state.Neurons) > maxNeurons || state.Rounds < 0 {
		return nil, fmt.Errorf("%w: %d neurons (at most %d), %d rounds", ErrState, len(state.Neurons), maxNeurons, state.Rounds)
	}
	if _, err := NewBoard(s, state.Strata); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	b.rounds = state.Rounds
	for i := range state.Neurons {
		n := &state.Neurons[i]
		if state.Version == 1 {
			n.Own = longest(n.Averages)
		}
		if err := n.check(len(state.Strata)); err != nil {
			return nil, fmt.Errorf("%w: neuron %q: %w", ErrState, n.Key, err)
		}
		if _, ok := b.neurons[Key(n.Key)]; ok {
			return nil, fmt.Errorf("%w: neuron %q is there twice", ErrState, n.Key)
		}
		averages := make([]Average, len(b.strata))
		for d, name := range b.strata {
			if from := slices.Index(state.Strata, name); from >= 0 {
				averages[d] = n.Averages[from]
			}
		}
		b.neurons[Key(n.Key)] = &neuron{averages: averages, copies: n.Copies, own: n.Own, silent: n.Silent, rounds: n.Rounds}
	}
	if err := b.loadPairs(state.Neurons); err != nil {
		return nil, err
	}
	return b, nil
}

// longest is the average with most rounds behind it: the own record of a neuron from when none were kept, so that copies from then
// go on to share.
func longest(averages []Average) (out Average) {
	for _, a := range averages {
		if a.W > out.W {
			out = a
		}
	}
	return out
}

// check says what no board could have written.
func (n *neuronState) check(strata int) error {
	switch {
	case len(n.Key) == 0 || len(n.Key) > maxKey:
		return fmt.Errorf("key of %d bytes, want 1..%d", len(n.Key), maxKey)
	case len(n.Averages) != strata:
		return fmt.Errorf("%d averages, want %d", len(n.Averages), strata)
	case !isProbability(n.Copies) || n.Copies > 0 && n.Copies < 1.0/maxNeurons:
		return fmt.Errorf("copy factor %v, want 0 or %v..1", n.Copies, 1.0/maxNeurons)
	case n.Rounds < 0 || n.Silent < 0 || n.Silent > n.Rounds:
		return fmt.Errorf("silent for %d of %d rounds", n.Silent, n.Rounds)
	}
	if err := n.Own.check(); err != nil {
		return fmt.Errorf("own record: %w", err)
	}
	for d := range n.Averages {
		if err := n.Averages[d].check(); err != nil {
			return fmt.Errorf("stratum %d: %w", d, err)
		}
	}
	return nil
}

// check tests what holds for any sequence of rounds, with room for rounding.
func (a *Average) check() error {
	const slack = 1 + 1e-9
	switch {
	case *a == Average{}:
		return nil
	case !(a.W > 1e-9 && a.W <= slack):
		return fmt.Errorf("w is %v, want 0..1", a.W)
	case !(a.Q > 1e-18 && a.Q <= a.W*a.W*slack):
		return fmt.Errorf("q is %v, want above 0, w^2 at most", a.Q)
	case !(math.Abs(a.S1) <= gainLimit*a.W*slack):
		return fmt.Errorf("s1 is %v, a mean beyond %d nats", a.S1, gainLimit)
	case !(a.S2 >= 0 && a.S2 <= gainLimit*gainLimit*a.W*slack):
		return fmt.Errorf("s2 is %v, want 0 or more and a mean square below %d", a.S2, gainLimit*gainLimit)
	case a.S1*a.S1 > a.S2*a.W*slack+1e-9:
		return fmt.Errorf("s1 is %v and s2 %v: a mean square is not below the squared mean", a.S1, a.S2)
	}
	return nil
}
