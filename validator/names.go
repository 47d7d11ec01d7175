package validator

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

const (
	// askNamesEvery is the number of rounds after which a neuron is asked again what it runs.
	askNamesEvery = 20
	// askNameFor bounds one question.
	askNameFor = 2 * time.Second
	// maxInfo bounds a neuron's description in bytes, and maxName the model's name in it.
	maxInfo, maxName = 2 << 10, 64
)

// modelNames are what neurons say they run, for people; nothing depends on them. A name holds as long as the neuron holds its
// uid, also when it does not answer any more. Used by the judging loop alone.
type modelNames struct {
	ask   func(context.Context, metagraph.Neuron) (string, error)
	round int
	known map[tenure]*answered
	names map[string]string // by account of the hotkey
}

// tenure is one registration of a neuron.
type tenure struct {
	hotkey     gotensor.Address
	registered gotensor.Block
}

// answered is what is known about one neuron, and when it is asked next.
type answered struct {
	name     string
	endpoint metagraph.Endpoint // that was asked
	next     int                // round
	failures int
}

// refresh asks the neurons whose turn it is: new ones and those that moved at once, those that answered after askNamesEvery
// rounds, and those that do not ever more rarely.
func (k *modelNames) refresh(ctx context.Context, neurons []metagraph.Neuron) {
	k.round++
	known := map[tenure]*answered{} // who left is forgotten
	var turn []metagraph.Neuron
	for _, n := range neurons {
		t := tenure{n.Hotkey, n.Registered}
		a := k.known[t]
		if a == nil {
			a = &answered{}
		}
		if a.endpoint != n.Endpoint {
			a.endpoint, a.next, a.failures = n.Endpoint, 0, 0
		}
		known[t] = a
		if k.round >= a.next {
			turn = append(turn, n)
		}
	}
	k.known = known
	for i, r := range dendrite.Each(ctx, turn, 0, k.ask) {
		a := known[tenure{turn[i].Hotkey, turn[i].Registered}]
		if r.Err != nil {
			a.failures++
			a.next = k.round + min(a.failures, askNamesEvery)
			continue
		}
		a.name, a.failures, a.next = r.Value, 0, k.round+askNamesEvery
	}
	k.names = map[string]string{}
	for t, a := range known {
		if a.name != "" {
			k.names[keys.Account(t.hotkey)] = a.name
		}
	}
}

// nameOf asks through a dendrite.
func nameOf(dial *dendrite.Client) func(context.Context, metagraph.Neuron) (string, error) {
	return func(ctx context.Context, n metagraph.Neuron) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, askNameFor)
		defer cancel()
		info, err := axonv1.NewAxonClient(dial.To(target(n))).Info(ctx, &axonv1.InfoRequest{}, grpc.MaxCallRecvMsgSize(maxInfo))
		return synapse.Printable(info.GetModel(), maxName), err
	}
}
