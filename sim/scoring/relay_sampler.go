package scoring

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/sim"
)

// sampling is a way to learn by texts, as people ask for them, what a sealed answer hides: so many texts about each question, each as long as a
// candidate may be, and what is shown with them.
type sampling struct {
	name, kind, about string
	own               string // the sampler's own model: weak or left, see cast
	texts             int
	shows             shows
	most              float64 // bound of its pay
}

// shows is what comes with a text.
type shows int

const (
	textAlone     shows = iota
	drawnLogprobs       // the probability of each byte that was drawn
	topLogprobs         // those of the likeliest ones in its place
)

// refused tells what neurons show to nobody whose answers are sealed.
func (s shows) refused() bool { return s != textAlone }

// topShown is how many alternatives a text shows at most.
const topShown = 20

func samplings() []sampling {
	var out []sampling
	add := func(kind, about, own string, s shows, n int, most float64) {
		out = append(out, sampling{name: fmt.Sprint(kind, "-", n), kind: kind, about: fmt.Sprintf(about, n), own: own, texts: n, shows: s, most: most})
	}
	texts := []int{1, 2, 4, 8, 16}
	for i, most := range []float64{0.03, 0.05, 0.07, 0.14, 0.21} {
		add("sampler", "a weak model and %d texts of the victim about each question: not stopped", "weak", textAlone, texts[i], most)
	}
	const half = "a model of half of the text and %d texts of the victim about each question: not stopped"
	add("equal-sampler", half, "left", textAlone, 4, 0.49)
	add("equal-sampler", half, "left", textAlone, 16, 0.58)
	for _, n := range texts {
		add("reader", "a weak model and %d texts with the probability of each token about each question, which are refused where predictions are sealed", "weak", drawnLogprobs, n, ownMost)
	}
	for _, n := range []int{1, 4} {
		add("prober", "a weak model and %d texts with the likeliest tokens about each question, which are refused where predictions are sealed", "weak", topLogprobs, n, ownMost)
	}
	return out
}

// trust are the weights that a sampler may give its own model, in texts. It takes the one that gains most on a part of the questions, as if
// it had seen how those went on.
var trust = []float64{4, 8, 16, 32, 64}

const trustEvery = 4 // of so many questions one is looked at for it

// sampled are the gains of each way of sampling the best model of the cast, by item.
func (g *Relay) sampled(ctx context.Context, e *exam, ways []sampling) ([][]float64, error) {
	s := &sampler{exam: e, own: map[string]*ngram.Model{}}
	for b := range 256 {
		if bytes.IndexByte(e.text["all"], byte(b)) >= 0 {
			s.alphabet = append(s.alphabet, byte(b))
		}
	}
	var err error
	if s.victim, err = ngram.Train(ctx, 7, e.text["all"], nil); err != nil {
		return nil, err
	}
	if s.own["weak"], err = ngram.Train(ctx, 4, e.text["quarter"], nil); err != nil {
		return nil, err
	}
	if s.own["left"], err = ngram.Train(ctx, 6, e.text["a"], nil); err != nil {
		return nil, err
	}
	tried := make([][][]float64, (len(e.items)+trustEvery-1)/trustEvery) // by item, way and trust
	if err := sim.Parallel(ctx, len(tried), nil, func(k int) error {
		var err error
		tried[k], err = s.item(ctx, g.Seed, k*trustEvery, ways, func(w int) []float64 {
			if ways[w].shows != textAlone {
				return trust[:1] // what it is shown needs no trust
			}
			return trust
		})
		return err
	}); err != nil {
		return nil, err
	}
	best := make([]float64, len(ways))
	for w := range ways {
		most := math.Inf(-1)
		for t := range tried[0][w] {
			sum := 0.0
			for _, gains := range tried {
				sum += gains[w][t]
			}
			if sum > most {
				most, best[w] = sum, trust[t]
			}
		}
	}
	byItem := make([][][]float64, len(e.items))
	if err := sim.Parallel(ctx, len(byItem), nil, func(i int) error {
		var err error
		byItem[i], err = s.item(ctx, g.Seed, i, ways, func(w int) []float64 { return best[w : w+1] })
		return err
	}); err != nil {
		return nil, err
	}
	out := make([][]float64, len(ways))
	for w := range out {
		for i := range byItem {
			out[w] = append(out[w], byItem[i][w][0])
		}
	}
	return out, nil
}

type sampler struct {
	*exam
	victim   *ngram.Model
	own      map[string]*ngram.Model
	alphabet []byte // of all texts
}

func (s *sampler) knowledge(m *ngram.Model, item int) *knowledge {
	return &knowledge{model: m, context: s.items[item].Context, alphabet: s.alphabet, steps: map[string]*[256]float64{}, best: map[string][]byte{}}
}

// item is what each way of sampling gains on an item, by way and trust.
func (s *sampler) item(ctx context.Context, seed uint64, item int, ways []sampling, trusts func(way int) []float64) ([][]float64, error) {
	q, err := s.scorer.Open(s.items[item])
	if err != nil {
		return nil, err
	}
	rng, texts := rand.New(rand.NewPCG(seed, uint64(10_000+item))), [][]byte(nil)
	for _, w := range ways {
		for len(texts) < w.texts {
			text, err := s.text(ctx, s.items[item].Context, rng.Uint64())
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
	}
	victim := s.knowledge(s.victim, item)
	own := map[string]*knowledge{}
	for name, m := range s.own {
		own[name] = s.knowledge(m, item)
	}
	out := make([][]float64, len(ways))
	for w, way := range ways {
		for _, weight := range trusts(w) {
			c, floor := guess{texts: texts[:way.texts], own: own[way.own], victim: victim, weight: weight, shows: way.shows}.candidates()
			g, err := q.Gain(score.NewAnswer(s.scorer.Settings(), c, floor))
			if err != nil {
				return nil, err
			}
			out[w] = append(out[w], g.Nats)
		}
	}
	return out, nil
}

// text is one of the victim's, after a context and the blank that all continuations begin with.
func (s *sampler) text(ctx context.Context, context []byte, seed uint64) ([]byte, error) {
	text := []byte(" ")
	err := s.victim.Generate(ctx, model.Prompt{Text: string(context) + " ", MaxTokens: score.MaxLen - 1, Temperature: 1, TopP: 1, Seed: &seed},
		func(p model.Piece) error { text = append(text, p.Text...); return nil })
	return text[:min(len(text), score.MaxLen)], err
}

// knowledge is what a model says of the next byte after a context and some bytes more. Bytes that no text has are left out: their
// probabilities are too small to be listed.
type knowledge struct {
	model    *ngram.Model
	context  []byte
	alphabet []byte
	steps    map[string]*[256]float64
	best     map[string][]byte // likeliest bytes, where they were asked for
}

func (k *knowledge) next(after []byte) *[256]float64 {
	if p, ok := k.steps[string(after)]; ok {
		return p
	}
	p, history := new([256]float64), append(slices.Clone(k.context), after...)
	for _, b := range k.alphabet {
		p[b] = k.model.Prob(history, b)
	}
	k.steps[string(after)] = p
	return p
}

// likeliest are the bytes that a text shows after some others.
func (k *knowledge) likeliest(after []byte) []byte {
	if best, ok := k.best[string(after)]; ok {
		return best
	}
	p, order := k.next(after), slices.Clone(k.alphabet)
	slices.SortStableFunc(order, func(a, b byte) int { return cmp.Compare(p[b], p[a]) })
	k.best[string(after)] = order[:min(len(order), topShown)]
	return k.best[string(after)]
}

// guess is what a sampler believes.
type guess struct {
	texts       [][]byte
	own, victim *knowledge
	weight      float64
	shows       shows
}

// next is the sampler's belief of the next byte: its own model's with so much weight, and the texts that went this way so far. Where it was shown
// probabilities it believes those.
func (g *guess) next(after []byte) [256]float64 {
	p, n := *g.own.next(after), 0.0
	var count [256]float64
	for _, t := range g.texts {
		if len(t) > len(after) && bytes.HasPrefix(t, after) {
			count[t[len(after)]]++
			n++
		}
	}
	if n == 0 {
		return p
	}
	switch g.shows {
	case topLogprobs:
		believe(&p, g.victim.next(after), g.victim.likeliest(after))
	case drawnLogprobs:
		var drawn []byte
		for b, k := range count {
			if k > 0 {
				drawn = append(drawn, byte(b))
			}
		}
		believe(&p, g.victim.next(after), drawn)
	default:
		for b := range p {
			p[b] = (count[b] + g.weight*p[b]) / (n + g.weight)
		}
	}
	return p
}

// believe puts the victim's probabilities of some bytes into p and scales the others to what is left.
func believe(p, victim *[256]float64, shown []byte) {
	left, rest := 1.0, 0.0
	for b := range p {
		rest += p[b]
	}
	for _, b := range shown {
		left -= victim[b]
		rest -= p[b]
	}
	scale := 0.0
	if rest > 0 {
		scale = max(0, left) / rest
	}
	for b := range p {
		p[b] *= scale
	}
	for _, b := range shown {
		p[b] = victim[b]
	}
}

// candidates are the likeliest strings, found best first, as an honest model finds its own.
func (g guess) candidates() ([]score.Candidate, float64) {
	open, chosen := []score.Candidate{{Text: []byte(" "), P: 1}}, make([]score.Candidate, 0, candidates)
	for len(open) > 0 && len(chosen) < candidates {
		best := 0
		for i := range open {
			if open[i].P > open[best].P {
				best = i
			}
		}
		c := open[best]
		open[best] = open[len(open)-1]
		open = open[:len(open)-1]
		if chosen = append(chosen, c); len(c.Text) == score.MaxLen {
			continue
		}
		for b, p := range g.next(c.Text) {
			if p *= c.P; p > 1e-4 {
				open = append(open, score.Candidate{Text: append(slices.Clone(c.Text), byte(b)), P: p})
			}
		}
	}
	return score.Split(chosen, candidates)
}
