package route

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// view is one snapshot with the neurons that serve, arranged for choices. It never changes.
type view struct {
	graph   *metagraph.Metagraph
	entries []*entry // by share, the largest first; then by uid
	byUID   map[gotensor.UID]*entry
	sets    map[need]*set
	names   []string // of models, as they are written, ascending
}

// entry is a neuron that serves in one snapshot.
type entry struct {
	neuron metagraph.Neuron
	share  float64
	claims *claims // nil: not reached yet
	peer   *peer
}

// need is what an answer takes; model "" is any.
type need struct{ capability, model string }

// set is the neurons that fit a need, by share.
type set struct {
	entries []*entry
	weights []float64 // of the draw, sum 1
	upTo    []float64 // their running sums
}

func newSet(entries []*entry) *set {
	shares := make([]float64, len(entries))
	for i, e := range entries {
		shares[i] = e.share
	}
	s := &set{entries: entries, weights: shareWeights(shares), upTo: make([]float64, len(entries))}
	sum := 0.0
	for i, w := range s.weights {
		sum += w
		s.upTo[i] = sum
	}
	return s
}

// newView arranges a snapshot; known holds what is remembered of each neuron in it that serves.
func newView(g *metagraph.Metagraph, known map[tenure]*peer) *view {
	v := &view{graph: g, byUID: map[gotensor.UID]*entry{}, sets: map[need]*set{}}
	total := 0.0
	for n := range g.All() {
		total += float64(n.Incentive)
		if p := known[tenureOf(n)]; p != nil {
			v.entries = append(v.entries, &entry{neuron: n, share: float64(n.Incentive), claims: p.claims.Load(), peer: p})
		}
	}
	slices.SortFunc(v.entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(b.share, a.share), cmp.Compare(a.neuron.UID, b.neuron.UID))
	})
	fit := map[need][]*entry{{}: v.entries}
	for _, e := range v.entries {
		if total > 0 {
			e.share /= total
		}
		v.byUID[e.neuron.UID] = e
		if e.claims == nil {
			continue
		}
		for _, c := range e.claims.capabilities {
			fit[need{capability: c}] = append(fit[need{capability: c}], e)
		}
		if m := e.claims.model; m != "" && !reserved(m) {
			if fit[need{model: m}] == nil {
				v.names = append(v.names, m)
			}
			fit[need{model: m}] = append(fit[need{model: m}], e)
			for _, c := range e.claims.capabilities {
				fit[need{c, m}] = append(fit[need{c, m}], e)
			}
		}
	}
	for n, entries := range fit {
		v.sets[n] = newSet(entries)
	}
	slices.Sort(v.names)
	return v
}

// Names of models that mean something else.
const auto, best, uidPrefix, network = "auto", "best", "uid-", "network"

// reserved tells whether a name never means a miner's model, whatever the miner says.
func reserved(name string) bool {
	return name == auto || name == best || name == network || strings.HasPrefix(name, uidPrefix) ||
		strings.HasPrefix(name, gotensor.Bech32Prefix+"1")
}

// find resolves what the user wrote to the neurons that will do, at least one, or says why there are none.
func (v *view) find(ask mechanism.Ask) (*set, error) {
	n := need{capability: ask.Capability}
	switch {
	case ask.Model == "", ask.Model == auto, ask.Model == best:
	case strings.HasPrefix(ask.Model, uidPrefix):
		uid, err := strconv.ParseUint(ask.Model[len(uidPrefix):], 10, 16)
		if err != nil || int(uid) >= v.graph.N() {
			return nil, fmt.Errorf("%w: subnet %d has no %s, its uids are 0 to %d", mechanism.ErrUnknownModel, v.graph.NetUID, clip(ask.Model), v.graph.N()-1)
		}
		return v.one(gotensor.UID(uid), ask)
	case strings.HasPrefix(ask.Model, gotensor.Bech32Prefix+"1"):
		hotkey, err := keys.ParseAccount(ask.Model)
		if err != nil {
			return nil, fmt.Errorf("%w: %s is no address: check that it was copied whole", mechanism.ErrUnknownModel, clip(ask.Model))
		}
		neuron, ok := v.graph.ByHotkey(hotkey)
		if !ok {
			return nil, fmt.Errorf("%w: %s is not registered on subnet %d", mechanism.ErrUnknownModel, ask.Model, v.graph.NetUID)
		}
		return v.one(neuron.UID, ask)
	default:
		n.model = ask.Model
		if v.sets[need{model: n.model}] == nil {
			return nil, fmt.Errorf("%w: %s; %s", mechanism.ErrUnknownModel, clip(ask.Model), v.instead(ask.Model))
		}
	}
	if s := v.sets[n]; s != nil && len(s.entries) > 0 {
		return s, nil
	}
	return nil, v.nobody(n)
}

// one is the set of a single neuron.
func (v *view) one(uid gotensor.UID, ask mechanism.Ask) (*set, error) {
	e := v.byUID[uid]
	switch {
	case e == nil:
		return nil, fmt.Errorf("%w: uid %d publishes no endpoint", mechanism.ErrNoNeuron, uid)
	case ask.Capability == "":
	case e.claims == nil:
		return nil, fmt.Errorf("%w: uid %d has not answered yet what it can do", mechanism.ErrNoNeuron, uid)
	case !slices.Contains(e.claims.capabilities, ask.Capability):
		return nil, fmt.Errorf("%w: uid %d does not offer %q but %q", mechanism.ErrNoNeuron, uid, ask.Capability, e.claims.capabilities)
	}
	return newSet([]*entry{e}), nil
}

// nobody says why a need is met by no neuron.
func (v *view) nobody(n need) error {
	reached := 0
	for _, e := range v.entries {
		if e.claims != nil {
			reached++
		}
	}
	switch {
	case len(v.entries) == 0:
		return fmt.Errorf("%w: no neuron of subnet %d publishes an endpoint", mechanism.ErrNoNeuron, v.graph.NetUID)
	case n.model != "":
		return fmt.Errorf("%w: no neuron with the model %s offers %q", mechanism.ErrNoNeuron, clip(n.model), n.capability)
	default:
		return fmt.Errorf("%w: of %d neurons that publish an endpoint %d have answered, and none offers %q",
			mechanism.ErrNoNeuron, len(v.entries), reached, n.capability)
	}
}

// instead proposes names that are written alike, else some that there are.
func (v *view) instead(name string) string {
	if len(v.names) == 0 {
		return `no neuron has named its model yet: try "auto"`
	}
	if near := nearest(name, v.names, 3); len(near) > 0 {
		return fmt.Sprintf("did you mean %s?", quoted(near))
	}
	return fmt.Sprintf(`there are "auto", "best" and %s`, quoted(v.names[:min(len(v.names), 5)]))
}
