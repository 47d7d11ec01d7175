package ngram

import (
	"bytes"
	"context"
	"slices"

	"github.com/gotensor/gotensor/model"
)

var (
	_ model.Predictor = (*Model)(nil)
	_ model.Predictor = wordPredictor{}
)

// Predict returns for each context the k most probable byte strings of 1..16 bytes as candidates. They are found best first, so a
// string's beginnings, being more probable, are candidates too. The probability of one is that of the text going on
// with it less that of going on with its longer candidates. Costs about a microsecond per candidate.
func (m *Model) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	return m.predict(ctx, contexts, k, false)
}

// AtWords returns the same model with one more belief: where a context ends with a whole word, the text goes on with a blank. That
// is how validators of the text mechanism cut their items, so an honest miner's answer includes it; it is worth up to a nat. Calls
// marked by model.WithAnywhere are answered without it.
func (m *Model) AtWords() model.Predictor { return wordPredictor{m} }

type wordPredictor struct{ *Model }

func (w wordPredictor) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	return w.predict(ctx, contexts, k, !model.Anywhere(ctx))
}

func (m *Model) predict(ctx context.Context, contexts [][]byte, k int, blank bool) ([]model.Prediction, error) {
	if err := model.CheckRequest(k); err != nil {
		return nil, err
	}
	out := make([]model.Prediction, len(contexts))
	s := search{model: m, k: k, blank: blank}
	s.open.before, s.best.before = moreProbable, func(a, b *float64) bool { return *a < *b }
	for i, c := range contexts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[i] = s.run(c)
	}
	return out, nil
}

// search finds the k most probable strings after one context after another.
type search struct {
	model  *Model
	k      int
	blank  bool // believe that a blank follows a whole word
	open   heap[node]
	best   heap[float64] // the k highest probabilities seen so far, lowest first: a bar for new strings
	chosen []node
	next   [256]float64
}

// node is a string, probability p that the text goes on with it.
type node struct {
	text   [model.MaxLen]byte
	n      uint8
	p      float64
	parent int     // index in chosen, -1 for strings of one byte
	longer float64 // probability of the chosen strings one byte longer
}

// moreProbable orders strings, equal ones by their bytes, so that results do not depend on chance.
func moreProbable(a, b *node) bool {
	if a.p != b.p {
		return a.p > b.p
	}
	return bytes.Compare(a.text[:a.n], b.text[:b.n]) < 0
}

func (s *search) run(context []byte) model.Prediction {
	s.open.items, s.best.items, s.chosen = s.open.items[:0], s.best.items[:0], s.chosen[:0]
	history := make([]byte, 0, MaxOrder+model.MaxLen)
	history = append(history, tail(context, s.model.order-1)...)
	if s.blank && model.AtWordEnd(context) {
		s.chosen = append(s.chosen, node{text: [model.MaxLen]byte{' '}, n: 1, p: 1, parent: -1})
		s.expand(append(history, ' '), s.chosen[0], 0)
	} else {
		s.expand(history, node{p: 1, parent: -1}, -1)
	}
	for len(s.chosen) < s.k && len(s.open.items) > 0 {
		nd := s.open.pop()
		if nd.parent >= 0 {
			s.chosen[nd.parent].longer += nd.p
		}
		s.chosen = append(s.chosen, nd)
		if nd.n < model.MaxLen && len(s.chosen) < s.k {
			s.expand(append(history, nd.text[:nd.n]...), nd, len(s.chosen)-1)
		}
	}
	return s.prediction()
}

// expand adds the strings one byte longer than nd that can still be among the k best.
func (s *search) expand(history []byte, nd node, index int) {
	s.model.distribution(history, &s.next)
	for b, q := range s.next {
		p := nd.p * q
		if len(s.best.items) == s.k {
			if p <= s.best.items[0] {
				continue
			}
			s.best.replace(p)
		} else {
			s.best.push(p)
		}
		child := node{text: nd.text, n: nd.n + 1, p: p, parent: index}
		child.text[nd.n] = byte(b)
		s.open.push(child)
	}
}

func (s *search) prediction() model.Prediction {
	p := model.Prediction{Candidates: make([]model.Candidate, len(s.chosen)), Floor: 1}
	size := 0
	for i := range s.chosen {
		size += int(s.chosen[i].n)
	}
	arena := make([]byte, 0, size)
	for i := range s.chosen {
		nd := &s.chosen[i]
		arena = append(arena, nd.text[:nd.n]...)
		p.Candidates[i] = model.Candidate{Text: arena[len(arena)-int(nd.n) : len(arena) : len(arena)], P: max(0, nd.p-nd.longer)}
		if nd.parent < 0 {
			p.Floor -= nd.p
		}
	}
	p.Floor = max(0, p.Floor)
	slices.SortFunc(p.Candidates, func(a, b model.Candidate) int { return bytes.Compare(a.Text, b.Text) })
	return p
}
