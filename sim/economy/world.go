package economy

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/price"
	"github.com/gotensor/gotensor/yuma"
)

// market is what does not change while a world runs.
type market struct {
	owners, slots, validators int
	rule                      string
	gamma                     float64 // power of the gain that our rule pays
	law                       Law
	reference                 float64 // loss of the validators' own model, nats per token
	itemTokens                float64 // tokens that an item's gain is about
	compute                   float64 // TAO per epoch for a model of a billion parameters
	upkeep                    float64 // TAO per epoch for each distinct model
	server                    float64 // TAO per epoch for each uid
	rent                      uint16  // thousandths of the best pay, per epoch and uid: the chain's upkeep
	seed                      uint64
}

// What an epoch is made of. A real one has 72 rounds and a rate of 0.05; these few with a higher rate forget as fast per epoch and
// cost a twentieth.
const (
	roundsPerEpoch = 2
	itemsPerRound  = 32
	epochRate      = 0.4
	evalItems      = 256
	difficulty     = 1.5 // spread of items, the same for all, nats
	knowledge      = 1.0 // spread of what one model knows and another doesn't, per item, nats
	luck           = 0.1 // spread of owners' skill, the same on all items, nats
	blocksPerEpoch = 361
)

// curve is the price of a registration with the chain's defaults.
var curve = price.Curve{Min: 500_000, Max: 100e9, HalfLife: 360, Factor: 1_260_000}

// neuron is a registered uid.
type neuron struct {
	holder int // a number of its own for each registration
	owner  int
	pos    int // which of its owner's uids
	since  int // epoch of registration
	pay    float64
}

// subnet is one market for answers.
type subnet struct {
	judges []judge
	slots  []*neuron
	pay    float64 // TAO per epoch for miners
	price  gotensor.Rao
	sold   int // epoch of the last registration
	permit []bool
	bonds  []yuma.Row
	space  yuma.Workspace
	out    yuma.Output
	burned float64 // TAO for registrations since the last snapshot
	stats  Snapshot
}

// Snapshot is a subnet at the end of an epoch, or the mean of several.
type Snapshot struct {
	Mixture float64 // loss of the answers mixed by pay, nats per token
	Best    float64 // loss of the best model
	Size    float64 // parameters of the models, mean weighted by pay
	Served  float64 // parameters of all distinct models together
	Miners  float64 // owners that are there
	UIDs    float64
	Models  float64 // distinct models
	Copies  float64 // share of the pay that goes to relays and to second uids of one model
	Owners  float64 // effective number of owners: one over the sum of squared shares
	Profit  float64 // TAO of all owners in this epoch, registrations not counted
	Burned  float64 // TAO for registrations, in this epoch
}

// world is all subnets and all owners.
type world struct {
	market
	nets    []*subnet
	people  []*owner
	rng     *rand.Rand
	epoch   int
	holders int
	stake   []gotensor.Rao
}

func newWorld(m market, pays []float64) (*world, error) {
	w := &world{market: m, rng: rand.New(rand.NewPCG(m.seed, 11))}
	for range m.validators {
		w.stake = append(w.stake, gotensor.Rao(1e13*math.Exp(0.3*w.rng.NormFloat64())))
	}
	s := score.Defaults()
	s.Alpha, s.CopyRate, s.Gamma = epochRate, epochRate, m.gamma
	for _, pay := range pays {
		net := &subnet{slots: make([]*neuron, m.slots), pay: pay, price: 1e9}
		for range m.validators {
			j, err := newJudge(m.rule, s, func(g float64) float64 { return max(0, m.reference-g/m.itemTokens) }, m.slots)
			if err != nil {
				return nil, err
			}
			net.judges = append(net.judges, j)
		}
		n := m.validators + m.slots
		net.permit = make([]bool, n)
		for v := range m.validators {
			net.permit[v] = true
		}
		net.bonds = make([]yuma.Row, n)
		w.nets = append(w.nets, net)
	}
	for i := range m.owners {
		w.people = append(w.people, newOwner(i, w.rng))
	}
	return w, nil
}

// step is one epoch: answers, judgement, pay, decisions.
func (w *world) step() error {
	w.epoch++
	for k, net := range w.nets {
		if err := w.judge(k, net); err != nil {
			return fmt.Errorf("epoch %d: %w", w.epoch, err)
		}
	}
	for _, o := range w.people {
		w.account(o)
	}
	for k, net := range w.nets {
		if err := w.measure(k, net); err != nil {
			return fmt.Errorf("epoch %d: %w", w.epoch, err)
		}
	}
	for _, i := range w.rng.Perm(len(w.people)) {
		w.decide(w.people[i])
	}
	return nil
}

// judge lets all validators of a subnet ask, weigh and be run through an epoch of yuma; each neuron's pay is the result.
func (w *world) judge(k int, net *subnet) error {
	neurons := net.present()
	rows := make([]yuma.Row, w.validators+w.slots)
	for v, j := range net.judges {
		if len(neurons) > 0 {
			for r := range roundsPerEpoch {
				if err := j.observe(w.ask(k, neurons, uint64(v*roundsPerEpoch+r), itemsPerRound)); err != nil {
					return err
				}
			}
		}
		row, err := w.row(net, j, neurons)
		if err != nil {
			return err
		}
		rows[v] = row
	}
	if err := net.epoch(w, rows); err != nil {
		return err
	}
	// In the ratio of incentives; the unit does not matter.
	pay, sum := make([]gotensor.Rao, len(net.slots)), 0.0
	for slot, n := range net.slots {
		if n != nil {
			pay[slot] = gotensor.Rao(net.out.Incentive[w.validators+slot]) * gotensor.RaoPerTAO
		}
	}
	for slot, p := range price.Upkeep(pay, w.rent) {
		if n := net.slots[slot]; n != nil {
			n.pay = p.TAO()
			sum += n.pay
		}
	}
	for _, n := range neurons {
		if sum > 0 {
			n.pay *= net.pay / sum
		}
	}
	return nil
}

func (net *subnet) present() []*neuron {
	var out []*neuron
	for _, n := range net.slots {
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}

// row is a validator's weights in the chain's form.
func (w *world) row(net *subnet, j judge, neurons []*neuron) (yuma.Row, error) {
	holders := make([]int, len(neurons))
	var uids []gotensor.UID
	for i, n := range neurons {
		holders[i] = n.holder
	}
	for slot, n := range net.slots {
		if n != nil {
			uids = append(uids, gotensor.UID(w.validators+slot))
		}
	}
	weights, err := j.weights(holders)
	if err != nil || weights == nil {
		return yuma.Row{}, err
	}
	row, err := score.Row(uids, weights, score.Limits{AllowEqual: true})
	if err != nil {
		return yuma.Row{}, err
	}
	out := yuma.Row{Values: row.Values}
	for _, uid := range row.UIDs {
		out.UIDs = append(out.UIDs, uint16(uid))
	}
	return out, nil
}

// epoch runs yuma with the chain's default hyperparameters.
func (net *subnet) epoch(w *world, rows []yuma.Row) error {
	n := w.validators + w.slots
	alpha := make([]gotensor.Rao, n)
	copy(alpha, w.stake)
	now := gotensor.Block(w.epoch * blocksPerEpoch)
	updated, registered := make([]gotensor.Block, n), make([]gotensor.Block, n)
	for i := range updated {
		updated[i] = now
		registered[i] = 1
	}
	for slot, nr := range net.slots {
		if nr != nil {
			registered[w.validators+slot] = gotensor.Block(nr.since*blocksPerEpoch + 1)
		}
	}
	err := net.space.Epoch(&yuma.Input{
		Params: yuma.Params{
			Tempo: 360, ActivityCutoff: 5000, Kappa: 32767, BondsPenalty: 65535, BondsMovingAverage: 900_000, Yuma3: true,
			MaxValidators: uint16(w.validators),
		},
		N: n, Block: now, LastStep: now - blocksPerEpoch, Emission: gotensor.Rao(net.pay * 2e9), Alpha: alpha,
		LastUpdate: updated, Registered: registered, Permit: net.permit, Weights: rows, Bonds: net.bonds,
	}, &net.out)
	net.bonds = net.out.Bonds
	return err
}

// vacancy is the slot of a newcomer: a free one, or that of the neuron that earns least and has been there for three epochs; -1 if
// there is none.
func (net *subnet) vacancy(epoch int) int {
	at := -1
	for slot, n := range net.slots {
		if n == nil {
			return slot
		}
		if epoch-n.since >= 3 && (at < 0 || n.pay < net.slots[at].pay) {
			at = slot
		}
	}
	return at
}

// asking is the price of a registration now.
func (w *world) asking(net *subnet) gotensor.Rao {
	return curve.After(net.price, gotensor.Block((w.epoch-net.sold)*blocksPerEpoch))
}

// register gives an owner a slot at the price of now.
func (w *world) register(net *subnet, o *owner, pos int) bool {
	slot := net.vacancy(w.epoch)
	if slot < 0 {
		return false
	}
	paid := w.asking(net)
	net.price, net.sold = curve.Jump(paid), w.epoch
	net.burned += float64(paid) / 1e9
	o.burned += float64(paid) / 1e9
	if old := net.slots[slot]; old != nil {
		w.people[old.owner].lose(old)
	}
	w.holders++
	n := &neuron{holder: w.holders, owner: o.id, pos: pos, since: w.epoch}
	net.slots[slot] = n
	o.neurons = append(o.neurons, n)
	return true
}

// release frees the slot of a neuron that its owner gives up.
func (net *subnet) release(n *neuron) {
	for slot := range net.slots {
		if net.slots[slot] == n {
			net.slots[slot] = nil
		}
	}
}
