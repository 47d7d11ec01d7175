package economy

import (
	"math"
	"math/rand/v2"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// evalRound is the number of the round that no validator asks, by which the network is measured.
const evalRound = 1 << 16

// ask returns the gains of all neurons on the items of a round. A gain is what a model of this size has over the reference, plus
// what makes the item hard for all, plus what this model alone knows or doesn't.
func (w *world) ask(k int, neurons []*neuron, number uint64, items int) round {
	r := round{holders: make([]int, len(neurons)), strata: make([]int, items), gains: make([][]float64, len(neurons))}
	for t := range r.strata {
		r.strata[t] = t % 2
	}
	where := uint64(w.epoch)<<24 | uint64(k)<<22 | number
	common := w.draws(where, 0, items, difficulty)
	if number == evalRound { // the network's loss is over all text, not over the luck of some items
		clear(common)
	}
	worst := math.Log(score.Defaults().Lambda)
	for i, n := range neurons {
		r.holders[i] = n.holder
		r.gains[i] = make([]float64, items)
		source, own := w.source(k, n)
		if source == nil { // relays to nobody: silent in effect
			continue
		}
		level := w.level(source)
		unique := w.draws(where, source.model(), items, knowledge)
		var noise []float64
		if own > 0 {
			noise = w.draws(where, uint64(n.holder)<<32, items, own)
		}
		for t := range items {
			g := level + common[t] + unique[t]
			if own > 0 {
				g += noise[t] - own*own/2
			}
			r.gains[i][t] = min(max(g, worst), maxItem)
		}
	}
	return r
}

// draws are normal numbers that belong to a round and a model, whoever asks for them.
func (w *world) draws(where, model uint64, n int, sigma float64) []float64 {
	rng := rand.New(rand.NewPCG(w.seed^where*0x9e3779b97f4a7c15, model+1))
	out := make([]float64, n)
	for t := range out {
		out[t] = sigma * rng.NormFloat64()
	}
	return out
}

// origin is a model: whose, and which of his.
type origin struct {
	o   *owner
	pos int
}

func (s *origin) model() uint64 { return uint64(s.o.id)<<8 | uint64(s.pos) + 1 }

// source is the model behind a neuron's answers and the noise that it adds; nil if it relays to a uid that is gone.
func (w *world) source(k int, n *neuron) (*origin, float64) {
	o := w.people[n.owner]
	switch o.plan.kind {
	case trains:
		return &origin{o, n.pos}, 0
	case clones:
		if n.pos == 0 {
			return &origin{o, 0}, 0
		}
		return &origin{o, 0}, o.plan.noise
	case relays:
		if target := w.target(k, o); target != nil {
			return &origin{w.people[target.owner], target.pos}, o.plan.noise
		}
	case absent:
	}
	return nil, 0
}

// target is the best paid model of others.
func (w *world) target(k int, o *owner) *neuron {
	var best *neuron
	for _, n := range w.nets[k].slots {
		if n != nil && n.owner != o.id && w.people[n.owner].plan.kind.model() && (best == nil || n.pay > best.pay) &&
			(n.pos == 0 || w.people[n.owner].plan.kind == trains) {
			best = n
		}
	}
	return best
}

// level is the mean gain of a model on an item, nats.
func (w *world) level(s *origin) float64 {
	return w.itemTokens*(w.reference-w.law.Loss(s.o.plan.size)) + luck*s.o.skill
}

// tokenLoss turns a gain per item into a loss per token.
func (w *world) tokenLoss(gain float64) float64 { return w.reference - gain/w.itemTokens }

// measure fills the snapshot of a subnet.
func (w *world) measure(k int, net *subnet) error {
	s := Snapshot{Mixture: w.reference, Best: w.reference, Burned: net.burned}
	if net.stats.Mixture > 0 {
		s.Mixture = net.stats.Mixture // where validators agree on nobody, users go by the last pay there was
	}
	net.burned = 0
	neurons := net.present()
	s.UIDs = float64(len(neurons))
	byOwner := make([]float64, len(w.people))
	weights := make([]float64, len(neurons))
	models := map[uint64]bool{}
	sum := 0.0
	for i, n := range neurons {
		weights[i] = n.pay
		byOwner[n.owner] += n.pay
		sum += n.pay
		o := w.people[n.owner]
		if src, _ := w.source(k, n); src != nil && o.plan.kind.model() {
			if !models[src.model()] {
				models[src.model()] = true
				s.Served += o.plan.size
			}
			s.Best = min(s.Best, w.tokenLoss(w.level(src)))
			s.Size += n.pay * o.plan.size
		}
		if o.plan.kind == relays || o.plan.kind == clones && n.pos > 0 {
			s.Copies += n.pay
		}
	}
	s.Models = float64(len(models))
	for i, o := range w.people {
		if o.plan.net == k && o.plan.kind != absent {
			s.Miners++
			s.Profit += o.profit
		}
		s.Owners += byOwner[i] * byOwner[i]
	}
	if sum > 0 {
		s.Copies, s.Size, s.Owners = s.Copies/sum, s.Size/sum, sum*sum/s.Owners
		_, gain, err := score.Mixture(w.ask(k, neurons, evalRound, evalItems).gains, weights)
		if err != nil {
			return err
		}
		s.Mixture = w.tokenLoss(gain)
	}
	net.stats = s
	return nil
}
