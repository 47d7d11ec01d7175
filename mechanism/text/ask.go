package text

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// groups splits neurons into groups of at most size that are compared with each other. Neurons with one coldkey or one address
// go together, as copies hide best among strangers; otherwise chance decides.
func groups(rng *rand.Rand, neurons []metagraph.Neuron, size int) [][]metagraph.Neuron {
	clusters := cluster(neurons)
	rng.Shuffle(len(clusters), func(i, j int) { clusters[i], clusters[j] = clusters[j], clusters[i] })
	var line []metagraph.Neuron
	for _, c := range clusters {
		line = append(line, c...)
	}
	// Equal groups rather than full ones and a rest: a group of one can be compared with nobody.
	n := (len(line) + size - 1) / size
	var out [][]metagraph.Neuron
	for i := range n {
		out = append(out, line[i*len(line)/n:(i+1)*len(line)/n])
	}
	return out
}

// cluster joins neurons that share a coldkey or an address with any other of the cluster, in order of the first.
func cluster(neurons []metagraph.Neuron) [][]metagraph.Neuron {
	owner := make([]int, len(neurons)) // index of the neuron that stands for the cluster
	find := func(i int) int {
		for owner[i] != i {
			i = owner[i]
		}
		return i
	}
	coldkeys := map[[20]byte]int{}
	addresses := map[netip.Addr]int{}
	for i, n := range neurons {
		owner[i] = i
		if j, ok := coldkeys[n.Coldkey]; ok {
			owner[find(i)] = find(j)
		} else {
			coldkeys[n.Coldkey] = i
		}
		if j, ok := addresses[n.Endpoint.Addr.Addr()]; ok {
			owner[find(i)] = find(j)
		} else {
			addresses[n.Endpoint.Addr.Addr()] = i
		}
	}
	var out [][]metagraph.Neuron
	at := map[int]int{}
	for i, n := range neurons {
		root := find(i)
		k, ok := at[root]
		if !ok {
			k = len(out)
			at[root] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], n)
	}
	return out
}

// question is one neuron with the secret order in which it is asked.
type question struct {
	neuron metagraph.Neuron
	order  []int // the i-th context sent is item order[i]
}

// askGroup asks all neurons of a group at once and returns their replies in the order of the group.
func (j *Judge) askGroup(ctx context.Context, ask mechanism.Asker, group []metagraph.Neuron, items []score.Item) []score.Reply {
	questions := make([]question, len(group))
	for i, n := range group {
		questions[i] = question{neuron: n, order: j.rng.Perm(len(items))}
	}
	limits := AnswerLimits(len(items), j.settings.KMax)
	results := dendrite.Each(ctx, questions, len(questions), func(ctx context.Context, q question) (score.Reply, error) {
		ctx, cancel := context.WithTimeout(ctx, j.settings.Deadline())
		defer cancel()
		req := &textv1.PredictRequest{Contexts: make([][]byte, len(items)), KMax: uint32(j.settings.KMax)}
		for i, item := range q.order {
			req.Contexts[i] = items[item].Context
		}
		resp, err := textv1.NewTextClient(ask.To(q.neuron)).Predict(ctx, req, limits...)
		if err != nil {
			return score.Reply{}, err
		}
		return decode(resp, q.order, j.scorer.Settings()), nil
	})
	replies := make([]score.Reply, len(group))
	for i, r := range results {
		if r.Err != nil {
			j.log.Debug("no answer", "uid", group[i].UID, "err", r.Err)
		}
		replies[i] = r.Value
		replies[i].Key = keyOf(group[i])
	}
	return replies
}

// decode checks an answer and puts it into the order of the items. Columns that contradict each other cannot be read, so that
// item is silent; a wrong number of predictions makes all of them wrong.
func decode(resp *textv1.PredictResponse, order []int, rule *score.Settings) score.Reply {
	if len(resp.GetPredictions()) != len(order) {
		return score.Reply{Invalid: true}
	}
	r := score.Reply{Answers: make([]*score.Answer, len(order))}
	for i, p := range resp.GetPredictions() {
		if p == nil || p.GetSilent() {
			continue
		}
		a := new(score.Answer)
		if err := score.Load(a, rule, p.GetLengths(), p.GetArena(), p.GetProbabilities(), p.GetFloor()); err != nil {
			continue
		}
		r.Answers[order[i]] = a
	}
	if !slices.ContainsFunc(r.Answers, func(a *score.Answer) bool { return a != nil }) {
		r.Answers = nil
	}
	return r
}
