package main

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/model"
)

// changed says something else than its model believes.
type changed struct {
	model.Predictor
	change func(model.Prediction) model.Prediction
}

func (c *changed) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	out, err := c.Predictor.Predict(ctx, contexts, k)
	for i := range out {
		out[i] = c.change(out[i])
	}
	return out, err
}

// reweigh changes every probability, the floor's too, and makes them sum to 1 again. The list it is given stays as it was.
func reweigh(in model.Prediction, f func(p float64) float64) model.Prediction {
	out := model.Prediction{Candidates: make([]model.Candidate, len(in.Candidates)), Floor: f(in.Floor)}
	sum := out.Floor
	for i, c := range in.Candidates {
		out.Candidates[i] = model.Candidate{Text: c.Text, P: f(c.P)}
		sum += out.Candidates[i].P
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return in
	}
	for i := range out.Candidates {
		out.Candidates[i].P /= sum
	}
	out.Floor /= sum
	return out
}

// power boasts above 1 and is timid below.
func power(in model.Prediction, e float64) model.Prediction {
	return reweigh(in, func(p float64) float64 { return math.Pow(p, e) })
}

// noisy makes a copy that is not exact, and another one each time.
func noisy(sigma float64) func(model.Prediction) model.Prediction {
	return func(in model.Prediction) model.Prediction {
		return reweigh(in, func(p float64) float64 { return p * math.Exp(sigma*rand.NormFloat64()) })
	}
}

// single keeps what is believed of the next byte.
func single(in model.Prediction) model.Prediction {
	var by [256]float64
	for _, c := range in.Candidates {
		by[c.Text[0]] += c.P
	}
	out := model.Prediction{Floor: in.Floor}
	for b, p := range by {
		if p > 0 {
			out.Candidates = append(out.Candidates, model.Candidate{Text: []byte{byte(b)}, P: min(p, 1)})
		}
	}
	return out
}

// unsure has no opinion where its model is less sure than usual.
type unsure struct {
	mu   sync.Mutex
	last []float64 // entropies of the latest answers
}

func (u *unsure) answer(in model.Prediction) model.Prediction {
	const memory = 256
	e := entropy(in)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last = append(u.last, e)
	if len(u.last) > memory {
		u.last = u.last[1:]
	}
	sorted := slices.Sorted(slices.Values(u.last))
	if e > sorted[len(sorted)/2] {
		return model.NoOpinion()
	}
	return in
}

func entropy(p model.Prediction) float64 {
	h := 0.0
	add := func(x float64) {
		if x > 0 {
			h -= x * math.Log(x)
		}
	}
	add(p.Floor)
	for _, c := range p.Candidates {
		add(c.P)
	}
	return h
}
