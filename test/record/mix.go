package main

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"math"
	"slices"

	"github.com/gotensor/gotensor/model"
)

// mixer is a byte model of another kind than those that count strings: it predicts bit by bit. For each of several contexts (the last 1 to 6 bytes,
// and the word so far with the one before) a table of 16-bit probabilities, found by hash, says how likely a 1 is; what they say is added up in the
// logistic domain with weights that are learned while the text is read once (as in the compressors of the PAQ family; Mahoney 2005).
type mixer struct {
	tables  [contextsOfMixer][]uint16
	weights [256][contextsOfMixer + 1]float32 // by the bits of the byte so far
}

const (
	contextsOfMixer = 7
	tableBits       = 22
	stretchLimit    = 8
)

var _ model.Predictor = (*mixer)(nil)

// Name tells it apart.
func (m *mixer) Name() string { return "mixer" }

func trainMixer(text []byte) *mixer {
	m := &mixer{}
	for i := range m.tables {
		m.tables[i] = slices.Repeat([]uint16{1 << 15}, 1<<tableBits)
	}
	for i := range m.weights {
		for k := range contextsOfMixer {
			m.weights[i][k] = 0.3
		}
	}
	for at := range text {
		hashes := contextsOf(text[:at])
		node := uint32(1)
		for bit := 7; bit >= 0; bit-- {
			node = m.learn(&hashes, node, uint32(text[at]>>bit&1))
		}
	}
	return m
}

// contextsOf are hashes of what stands before.
func contextsOf(before []byte) (out [contextsOfMixer]uint32) {
	h := uint32(0)
	for i := range 6 {
		if i < len(before) {
			h = (h + uint32(before[len(before)-1-i]) + 1) * 0x9e3779b1
		}
		out[i] = h ^ uint32(i)*0x85ebca6b
	}
	h = 7
	words := 0
	for i := len(before) - 1; i >= 0 && i > len(before)-40; i-- {
		if before[i] == ' ' {
			if words++; words == 2 {
				break
			}
		}
		h = (h + uint32(before[i])) * 0x2c1b3c6d
	}
	out[6] = h
	return out
}

func slot(hash, node uint32) uint32 {
	x := (hash ^ node*0x27d4eb2f) * 0x9e3779b1
	return (x ^ x>>15) * 0x85ebca6b >> (32 - tableBits)
}

// one is the probability that the next bit is 1, with what it was made of.
func (m *mixer) one(hashes *[contextsOfMixer]uint32, node uint32, said *[contextsOfMixer + 1]float32) float64 {
	sum := float32(0)
	w := &m.weights[node]
	for k := range contextsOfMixer {
		p := (float64(m.tables[k][slot(hashes[k], node)]) + 0.5) / 65536
		said[k] = float32(max(-stretchLimit, min(stretchLimit, math.Log(p/(1-p)))))
		sum += w[k] * said[k]
	}
	said[contextsOfMixer] = 0.3
	sum += w[contextsOfMixer] * 0.3
	return 1 / (1 + math.Exp(-float64(sum)))
}

func (m *mixer) learn(hashes *[contextsOfMixer]uint32, node, bit uint32) uint32 {
	var said [contextsOfMixer + 1]float32
	off := float32(float64(bit)-m.one(hashes, node, &said)) * 0.02
	for k := range said {
		m.weights[node][k] += off * said[k]
	}
	for k := range contextsOfMixer {
		t := &m.tables[k][slot(hashes[k], node)]
		if bit == 1 {
			*t += (65535 - *t) >> 4
		} else {
			*t -= *t >> 4
		}
	}
	return node<<1 | bit
}

// next is the distribution of the byte after a text.
func (m *mixer) next(before []byte) (out [256]float64) {
	hashes := contextsOf(before)
	var said [contextsOfMixer + 1]float32
	p := [512]float64{1: 1}
	for node := 1; node < 256; node++ {
		one := m.one(&hashes, uint32(node), &said)
		p[2*node], p[2*node+1] = p[node]*(1-one), p[node]*one
	}
	copy(out[:], p[256:])
	return out
}

// Predict returns the k likeliest byte strings, best first, as model/ngram does: a candidate's probability is that of the text going on with it less
// that of its longer candidates. A blank follows a whole word.
func (m *mixer) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	out := make([]model.Prediction, len(contexts))
	for i, c := range contexts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[i] = m.predict(c, k)
	}
	return out, nil
}

// text is a string and the probability that the text goes on with it.
type text struct {
	s      []byte
	p      float64
	parent int // index among the chosen
}

// texts is a heap, likeliest first.
type texts []text

func (h texts) Len() int { return len(h) }
func (h texts) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[j].p, h[i].p), bytes.Compare(h[i].s, h[j].s)) < 0
}
func (h texts) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push adds one.
func (h *texts) Push(x any) { *h = append(*h, x.(text)) }

// Pop takes the last one.
func (h *texts) Pop() any {
	x := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return x
}

func (m *mixer) predict(before []byte, k int) model.Prediction {
	var chosen []text
	open := texts{}
	choose := func(t text) {
		chosen = append(chosen, t)
		if len(t.s) == model.MaxLen {
			return
		}
		for b, q := range m.next(slices.Concat(before, t.s)) {
			heap.Push(&open, text{s: append(slices.Clone(t.s), byte(b)), p: t.p * q, parent: len(chosen) - 1})
		}
	}
	choose(text{s: []byte(" "), p: 1, parent: -1})
	for len(chosen) < k && len(open) > 0 {
		choose(heap.Pop(&open).(text))
	}
	out := model.Prediction{Candidates: make([]model.Candidate, len(chosen))}
	for i, c := range chosen {
		out.Candidates[i] = model.Candidate{Text: c.s, P: c.p}
		if c.parent >= 0 {
			out.Candidates[c.parent].P -= c.p
		}
	}
	for i := range out.Candidates {
		out.Candidates[i].P = max(0, out.Candidates[i].P)
	}
	slices.SortFunc(out.Candidates, func(a, b model.Candidate) int { return bytes.Compare(a.Text, b.Text) })
	return out
}
