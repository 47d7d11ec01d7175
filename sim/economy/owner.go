package economy

import (
	"math"
	"math/rand/v2"
)

// kind is what an owner does.
type kind int

const (
	absent kind = iota
	trains      // a model of its own under each uid
	clones      // one model under all its uids, with noise on the later ones
	relays      // another's answers, with noise
)

func (k kind) model() bool { return k == trains || k == clones }

// plan is what an owner does: which subnet, how, how large a model, how many uids, how much noise.
type plan struct {
	net   int
	kind  kind
	size  float64 // parameters
	uids  int
	noise float64 // nats
}

// How owners learn.
const (
	tryRate   = 0.10 // part of the owners that try something in an epoch
	trialTime = 3    // epochs until it is judged; the first does not count
	inertia   = 0.02 // TAO per epoch by which profit has to rise
	mistakes  = 0.02 // part of the judgements that go the wrong way
	memory    = 0.4  // rate of the moving mean of profit
	horizon   = 60.0 // epochs over which the price of a registration is spread
	maxUIDs   = 6
)

var noises = []float64{0, 0.5, 1}

// owner is somebody who may run miners.
type owner struct {
	id       int
	skill    float64 // standard normal
	expense  float64 // factor on costs: below 1 is efficient
	largest  float64 // parameters that his capital can buy
	plan     plan
	neurons  []*neuron
	burned   float64 // TAO for registrations of this trial
	profit   float64 // of the last epoch, TAO
	mean     float64 // moving mean of the profit
	before   plan
	baseline float64
	sum      float64
	trial    int // epochs since the trial began; 0: none
}

func newOwner(id int, rng *rand.Rand) *owner {
	return &owner{
		id: id, skill: rng.NormFloat64(), expense: math.Exp(0.3 * rng.NormFloat64()),
		largest: 20e9 * math.Exp(rng.NormFloat64()), plan: plan{size: 1e8},
	}
}

// cost of a plan per epoch, TAO.
func (w *world) cost(o *owner, p plan) float64 {
	model := w.compute*p.size/1e9 + w.upkeep
	c := w.server * float64(p.uids)
	switch p.kind {
	case trains:
		c += model * float64(p.uids)
	case clones:
		c += model
	case relays:
	case absent:
		return 0
	}
	return c * o.expense
}

// account adds up an owner's pay and costs.
func (w *world) account(o *owner) {
	o.profit = -w.cost(o, o.plan)
	for _, n := range o.neurons {
		o.profit += n.pay
	}
	o.mean += memory * (o.profit - o.mean)
}

// decide lets an owner begin a trial, go on with it or judge it.
func (w *world) decide(o *owner) {
	if o.trial == 0 {
		if w.rng.Float64() < tryRate {
			w.begin(o)
		} else {
			w.refill(o)
		}
		return
	}
	if o.trial > 1 {
		o.sum += o.profit
	}
	if o.trial++; o.trial <= trialTime {
		return
	}
	gained := o.sum/(trialTime-1) - o.burned/horizon - o.baseline
	worth := gained > inertia
	if w.rng.Float64() < mistakes {
		worth = !worth
	}
	o.trial = 0
	o.mean = o.sum / (trialTime - 1)
	if !worth {
		w.change(o, o.before)
		o.mean = o.baseline
	}
}

// begin tries a change at random.
func (w *world) begin(o *owner) {
	p := w.propose(o)
	if p == o.plan || p.kind != absent && p.size > o.largest {
		return
	}
	o.before, o.baseline, o.sum, o.burned, o.trial = o.plan, o.mean, 0, 0, 1
	if !w.change(o, p) {
		w.change(o, o.before)
		o.trial = 0
	}
}

// propose is a plan near the present one.
func (w *world) propose(o *owner) plan {
	p := o.plan
	if p.kind == absent {
		return w.enter(o)
	}
	switch x := w.rng.Float64(); {
	case x < 0.45:
		p.size = math.Min(math.Max(p.size*math.Exp(1.2*w.rng.NormFloat64()), 1e6), 1e12)
	case x < 0.60:
		p.uids = min(max(p.uids+1-2*w.rng.IntN(2), 1), maxUIDs)
	case x < 0.75:
		p.kind = []kind{trains, clones, relays}[w.rng.IntN(3)]
	case x < 0.85:
		p.noise = noises[w.rng.IntN(len(noises))]
	case x < 0.92 && len(w.nets) > 1:
		p.net = w.rng.IntN(len(w.nets))
	case o.mean < 0:
		p = plan{net: p.net, size: p.size}
	}
	return p
}

// enter is the plan of somebody who is not there: what one of those who are does, or something at random.
func (w *world) enter(o *owner) plan {
	p := plan{net: w.rng.IntN(len(w.nets)), kind: trains, size: math.Exp(math.Log(1e7) + w.rng.Float64()*math.Log(1e3)), uids: 1}
	if neighbour := w.people[w.rng.IntN(len(w.people))]; neighbour.plan.kind != absent && w.rng.Float64() < 0.5 {
		p = neighbour.plan
	} else if w.rng.Float64() < 0.25 {
		p.kind = relays
	}
	p.size = math.Min(p.size, o.largest)
	return p
}

// change carries out a plan; false if the subnet has no slot, or registrations cost more than they can bring.
func (w *world) change(o *owner, p plan) bool {
	if p.net != o.plan.net || p.kind == absent {
		w.leave(o)
	}
	o.plan = p
	if p.kind == absent {
		return true
	}
	for len(o.neurons) > p.uids {
		last := o.neurons[len(o.neurons)-1]
		w.nets[p.net].release(last)
		o.lose(last)
	}
	return w.refill(o)
}

// refill registers the uids that a plan has and the owner lacks, while the price is below what a uid earns in the horizon.
func (w *world) refill(o *owner) bool {
	if o.plan.kind == absent {
		return true
	}
	net := w.nets[o.plan.net]
	for len(o.neurons) < o.plan.uids {
		most := net.pay / float64(1+len(net.present())) * horizon / 2
		if float64(w.asking(net))/1e9 > most || !w.register(net, o, o.free()) {
			if len(o.neurons) == 0 {
				o.plan = plan{net: o.plan.net, size: o.plan.size}
			} else {
				o.plan.uids = len(o.neurons)
			}
			return false
		}
	}
	return true
}

// free is the lowest position that no neuron of the owner has.
func (o *owner) free() int {
	for pos := 0; ; pos++ {
		used := false
		for _, n := range o.neurons {
			used = used || n.pos == pos
		}
		if !used {
			return pos
		}
	}
}

func (w *world) leave(o *owner) {
	for _, n := range o.neurons {
		w.nets[o.plan.net].release(n)
	}
	o.neurons = nil
}

// lose takes a neuron from its owner.
func (o *owner) lose(gone *neuron) {
	kept := o.neurons[:0]
	for _, n := range o.neurons {
		if n != gone {
			kept = append(kept, n)
		}
	}
	o.neurons = kept
}
