package score

import (
	"fmt"
	"sync"
)

// Key names a neuron on the board. It must name the holder, not the slot: (hotkey, registration height), in any form the
// caller likes, so that a new holder of a uid starts afresh.
type Key string

// Reply is what one neuron sent in a round.
type Reply struct {
	Key Key
	// Answers has one entry per item of the round, in the round's order; nil entries were left out. Nil as a whole: no
	// decodable reply came before the deadline. Any other length makes every item invalid.
	Answers []*Answer
	// Invalid makes every item invalid whatever the answers are: the sender broke its commitment or sent another number of items.
	Invalid bool
}

// Scores are the gains of one group on the items of a round.
type Scores struct {
	Strata  []int // stratum of each item
	Replies []ReplyScore
}

// ReplyScore is the part of one neuron.
type ReplyScore struct {
	Key      Key
	Answered bool   // it sent something for at least one item, valid or not
	Gains    []Gain // one per item
}

// Mean returns the neuron's mean gain over all items, in nats.
func (r *ReplyScore) Mean() float64 {
	sum := 0.0
	for i := range r.Gains {
		sum += r.Gains[i].Nats
	}
	return sum / float64(max(1, len(r.Gains)))
}

// Scorer scores rounds with fixed settings against one reference.
type Scorer struct {
	settings  Settings
	reference Reference
	memories  sync.Pool // of *memory, so that a round starts with what the last one allocated
}

// NewScorer fails with ErrSettings if a setting is out of range.
func NewScorer(s Settings, r Reference) (*Scorer, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fmt.Errorf("%w: it is nil", ErrReference)
	}
	return &Scorer{settings: s, reference: r}, nil
}

// Settings returns the scorer's settings; answers are checked against them while they are decoded.
func (s *Scorer) Settings() *Settings { return &s.settings }

// Round scores every reply on every item. Items must not be empty and must have a truth of MaxLen bytes (ErrItem); a reference
// that gives no probability fails the round with ErrReference. Nothing a miner sends makes it fail.
func (s *Scorer) Round(items []Item, replies []Reply) (Scores, error) {
	if len(items) == 0 {
		return Scores{}, fmt.Errorf("%w: the round has no items", ErrItem)
	}
	out := Scores{Strata: make([]int, len(items)), Replies: make([]ReplyScore, len(replies))}
	gains := make([]Gain, len(items)*len(replies))
	for r, reply := range replies {
		own := gains[r*len(items) : (r+1)*len(items) : (r+1)*len(items)]
		out.Replies[r] = ReplyScore{Key: reply.Key, Gains: own, Answered: reply.answered(len(items))}
	}
	m, ok := s.memories.Get().(*memory)
	if !ok {
		m = new(memory)
	}
	defer s.memories.Put(m)
	for i, item := range items {
		out.Strata[i] = item.Stratum
		question, err := s.open(item, m)
		if err != nil {
			return Scores{}, fmt.Errorf("item %d: %w", i, err)
		}
		for r := range replies {
			g, err := question.reply(&replies[r], i, len(items))
			if err != nil {
				return Scores{}, fmt.Errorf("item %d: %w", i, err)
			}
			out.Replies[r].Gains[i] = g
		}
	}
	return out, nil
}

// reply scores item i of a reply to n items.
func (q *Question) reply(r *Reply, i, n int) (Gain, error) {
	switch {
	case r.Invalid || r.Answers != nil && len(r.Answers) != n:
		return q.settings.invalid(WrongCount), nil
	case r.Answers == nil:
		return q.Gain(nil)
	}
	return q.Gain(r.Answers[i])
}

func (r *Reply) answered(items int) bool {
	if r.Invalid || r.Answers != nil && len(r.Answers) != items {
		return true
	}
	for _, a := range r.Answers {
		if a != nil {
			return true
		}
	}
	return false
}
