package text

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"google.golang.org/grpc"

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

// mostAtOnce bounds how many neurons are asked at the same time: the answers of so many, of half a megabyte each at most with the default
// settings, are held in memory together, and come within half of a deadline where they are sealed.
const mostAtOnce = 256

// batches joins groups that are asked at the same time: about equally many each time, and at most most neurons unless one group has more.
func batches(groups [][]metagraph.Neuron, most int) [][][]metagraph.Neuron {
	largest := 1
	for _, g := range groups {
		largest = max(largest, len(g))
	}
	each := max(1, most/largest)
	n := (len(groups) + each - 1) / each
	var out [][][]metagraph.Neuron
	for i := range n {
		out = append(out, groups[i*len(groups)/n:(i+1)*len(groups)/n])
	}
	return out
}

// question is one neuron with the secret order in which it is asked.
type question struct {
	neuron metagraph.Neuron
	order  []int // the i-th context sent is item order[i]
}

// askAll asks all neurons of a batch at once: whoever had the question earlier than others could tell them what is asked. Replies come in the
// order of the groups and of their neurons.
func (j *Judge) askAll(ctx context.Context, ask mechanism.Asker, groups [][]metagraph.Neuron, items []score.Item) [][]score.Reply {
	var questions []question
	for _, g := range groups {
		for _, n := range g {
			questions = append(questions, question{neuron: n, order: j.rng.Perm(len(items))})
		}
	}
	// One time for all, before anything is sent: what one is told early another could know in time.
	due := time.Now().Add(j.settings.Hold())
	results := dendrite.Each(ctx, questions, len(questions), func(ctx context.Context, q question) (score.Reply, error) {
		ctx, cancel := context.WithTimeout(ctx, j.settings.Deadline())
		defer cancel()
		resp, err := j.predictions(ctx, ask.To(q.neuron), q, items, time.Until(due))
		if err != nil {
			return score.Reply{}, err
		}
		return decode(resp, q.order, j.scorer.Settings()), nil
	})
	replies := make([][]score.Reply, len(groups))
	at := 0
	for i, g := range groups {
		for _, n := range g {
			reply := results[at].Value
			if err := results[at].Err; errors.Is(err, ErrSeal) {
				j.log.Info("an answer broke its seal", "uid", n.UID, "err", err)
				reply.Invalid = true
			} else if err != nil {
				j.log.Debug("no answer", "uid", n.UID, "err", err)
			}
			reply.Key = keyOf(n)
			replies[i] = append(replies[i], reply)
			at++
		}
	}
	return replies
}

// predictions asks one neuron, which must seal within so much time where that is asked for.
func (j *Judge) predictions(ctx context.Context, conn grpc.ClientConnInterface, q question, items []score.Item, within time.Duration) (*textv1.PredictResponse, error) {
	req := &textv1.PredictRequest{Contexts: make([][]byte, len(items)), KMax: uint32(j.settings.KMax)}
	for i, item := range q.order {
		req.Contexts[i] = items[item].Context
	}
	if j.settings.Sealed {
		return PredictSealed(ctx, conn, q.neuron.Hotkey, req, within)
	}
	return textv1.NewTextClient(conn).Predict(ctx, req, AnswerLimits(len(items), j.settings.KMax)...)
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
