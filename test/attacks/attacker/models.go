package main

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
)

// mostRemembered answers of a model are kept; then it forgets all.
const mostRemembered = 1 << 13

// library trains each model once.
type library struct {
	mu     sync.Mutex
	texts  map[string][]byte
	models map[string]*remembered
}

func newLibrary() *library { return &library{models: map[string]*remembered{}} }

// answers is the n-gram model of an order on a part of the text. Two uids with one model share it.
func (l *library) answers(ctx context.Context, order int, text string) (*remembered, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.texts == nil {
		var err error
		if l.texts, err = trainingTexts(); err != nil {
			return nil, err
		}
	}
	name := fmt.Sprint(order, text)
	if m := l.models[name]; m != nil {
		return m, nil
	}
	if l.texts[text] == nil {
		return nil, fmt.Errorf("%w: text is %q, want all, one of the halves a to l or one of the eighths 1 to 8", errPlan, text)
	}
	m, err := ngram.Train(ctx, order, l.texts[text], nil)
	if err != nil {
		return nil, err
	}
	l.models[name] = &remembered{Model: m, ask: m.AtWords(), known: map[string]model.Prediction{}}
	return l.models[name], nil
}

// trainingTexts are the training split of the embedded books: all of it, six pairs of halves, and eighths, which have nothing in common.
// Halves of different pairs have a half in common: owners who collected their texts apart.
func trainingTexts() (map[string][]byte, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, s := range sources {
		n := 0
		for i, p := range s.Passages() {
			if dataset.SplitOf(i) != dataset.Training {
				continue
			}
			out["all"] = append(out["all"], p...)
			for cut, bit := range []int{n, n >> 1, n >> 2, n >> 3, n ^ n>>1, n>>1 ^ n>>2} {
				half := string(rune('a' + 2*cut + bit&1))
				out[half] = append(out[half], p...)
			}
			eighth := string(rune('1' + n%8))
			out[eighth] = append(out[eighth], p...)
			n++
		}
	}
	return out, nil
}

// remembered keeps what the model said: many miners of this process are asked the same.
type remembered struct {
	*ngram.Model
	ask model.Predictor

	mu    sync.Mutex
	known map[string]model.Prediction
}

// Predict answers like an honest miner.
func (r *remembered) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	if model.Anywhere(ctx) {
		return r.ask.Predict(ctx, contexts, k)
	}
	out := make([]model.Prediction, len(contexts))
	for i, c := range contexts {
		key := fmt.Sprint(k, string(c))
		r.mu.Lock()
		p, ok := r.known[key]
		r.mu.Unlock()
		if !ok {
			fresh, err := r.ask.Predict(ctx, contexts[i:i+1], k)
			if err != nil {
				return nil, err
			}
			p = fresh[0]
			r.mu.Lock()
			if len(r.known) >= mostRemembered {
				clear(r.known)
			}
			r.known[key] = p
			r.mu.Unlock()
		}
		out[i] = p
	}
	return out, nil
}

// heart knows the books by heart, held-out passages included, as everybody can who has the validators' sources.
type heart struct {
	model.Predictor
	books [][]byte
}

func newHeart(own model.Predictor) (model.Predictor, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	h := &heart{Predictor: own}
	for _, s := range sources {
		h.books = append(h.books, bytes.Join(s.Passages(), nil))
	}
	return h, nil
}

func (h *heart) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	out, err := h.Predictor.Predict(ctx, contexts, k)
	for i := range out {
		if truth := h.after(contexts[i]); truth != nil {
			out[i] = model.Prediction{Candidates: []model.Candidate{{Text: truth, P: 1}}}
		}
	}
	return out, err
}

// after is how the book goes on; nil where it is not known, or ends.
func (h *heart) after(context []byte) []byte {
	for _, book := range h.books {
		at := bytes.Index(book, context)
		if end := at + len(context); at >= 0 && end+model.MaxLen <= len(book) {
			return book[end : end+model.MaxLen]
		}
	}
	return nil
}
