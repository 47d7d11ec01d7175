package doctor

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/metagraph"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

const (
	// askFor bounds one question, and late how long after its deadline one who does not heed it is waited for.
	askFor = 10 * time.Second
	late   = 250 * time.Millisecond
)

// round is one run of Gather.
type round struct {
	cfg   Config
	ctx   context.Context //nolint:containedctx // a round lives as long as one call of Gather
	facts *Facts
	group sync.WaitGroup

	mu          sync.Mutex
	done, asked int
	waiting     map[string]bool
}

// Gather asks everything at once, in two steps: who the hotkey is, and then what that calls for.
func Gather(ctx context.Context, cfg Config) (*Facts, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	r := &round{cfg: cfg, ctx: limited, waiting: map[string]bool{}, facts: &Facts{
		Network: cfg.Network, NetUID: cfg.NetUID, Hotkey: cfg.Hotkey, Wallet: cfg.Wallet, Signs: !cfg.Key.IsZero(),
		Miner:     MinerFacts{Home: cfg.MinerHome, From: cfg.From},
		Validator: ValidatorFacts{Home: cfg.ValidatorHome},
		Gateway:   GatewayFacts{Home: cfg.GatewayHome, URL: cfg.GatewayURL},
	}}
	r.general()
	r.homes()
	r.group.Wait()
	f := r.facts
	f.Roles = cfg.Roles
	if len(f.Roles) == 0 {
		f.Roles = roles(f)
	}
	for _, role := range f.Roles {
		switch role {
		case Miner:
			r.miner()
		case Validator:
			r.validator()
		case Gateway:
			r.gateway()
		case General:
		}
	}
	r.group.Wait()
	return f, ctx.Err()
}

// roles are those that a hotkey shows. A neuron that neither serves nor has stake nor a home is a miner that has not begun.
func roles(f *Facts) []Role {
	var out []Role
	n, registered := f.me()
	judging := registered && (n.Permit || !n.Validator.IsZero()) || f.Validator.Status.known()
	if registered && (n.Endpoint.Serves() || !judging && !f.Gateway.there()) || f.Miner.Status.known() {
		out = append(out, Miner)
	}
	if judging {
		out = append(out, Validator)
	}
	if f.Gateway.there() {
		out = append(out, Gateway)
	}
	return out
}

func (g GatewayFacts) there() bool { return g.URL != "" }

// ask puts a question beside others and keeps the answer. One who does not heed his deadline is left behind.
func ask[T any](r *round, what string, into *Fact[T], f func(ctx context.Context) (T, error)) {
	r.group.Go(func() { askNow(r, what, askFor, into, f) })
}

// askNow is ask for what follows upon something else.
func askNow[T any](r *round, what string, limit time.Duration, into *Fact[T], f func(ctx context.Context) (T, error)) {
	r.note(what, true)
	defer r.note(what, false)
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	defer cancel()
	answer := make(chan Fact[T], 1)
	go func() {
		v, err := f(ctx)
		answer <- Fact[T]{Value: v, Err: err, Asked: true}
	}()
	select {
	case *into = <-answer:
		return
	case <-ctx.Done():
	}
	after := time.NewTimer(late)
	defer after.Stop()
	select {
	case *into = <-answer: // with words of its own
	case <-after.C:
		*into = Miss[T](fmt.Errorf("%w (%s)", ErrSlow, limit))
	}
}

// note tells how it goes.
func (r *round) note(what string, begins bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if begins {
		r.asked++
		r.waiting[what] = true
		return
	}
	r.done++
	delete(r.waiting, what)
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.done, r.asked, slices.Sorted(maps.Keys(r.waiting)))
	}
}

// general asks what holds for every role.
func (r *round) general() {
	c, f := r.cfg, r.facts
	ask(r, "status", &f.Status, func(ctx context.Context) (Moment, error) {
		began := c.Now()
		s, err := c.Chain.Status(ctx)
		return Moment{Status: s, Asked: began, Heard: c.Now()}, err
	})
	if c.Network.RPC != "" {
		ask(r, "peers", &f.Peers, func(ctx context.Context) (Peers, error) { return peersOf(ctx, c.Network.RPC) })
	}
	ask(r, "metagraph", &f.Graph, func(ctx context.Context) (*metagraph.Metagraph, error) { return c.Chain.Metagraph(ctx, c.NetUID) })
	ask(r, "rules", &f.Rules, func(ctx context.Context) (subnet.Hyperparameters, error) { return rulesOf(ctx, c.Chain, c.NetUID) })
	ask(r, "registration", &f.Registration, func(ctx context.Context) (*neuron.QueryRegistrationResponse, error) {
		return c.Chain.Registration(ctx, c.NetUID)
	})
	if !c.Hotkey.IsZero() {
		ask(r, "neuron", &f.Neuron, func(ctx context.Context) (*neuron.QueryNeuronResponse, error) {
			return c.Chain.Neuron(ctx, c.NetUID, c.Hotkey)
		})
	}
	ask(r, "key files", &f.Files, func(context.Context) ([]File, error) { return filesOf(c.Secrets) })
	ask(r, "disk", &f.Disks, func(context.Context) ([]Disk, error) {
		return disksOf(c.MinerHome, c.ValidatorHome, c.GatewayHome)
	})
	ask(r, "descriptors", &f.Descriptors, func(context.Context) (Descriptors, error) { return descriptors() })
}

// rulesOf reads a subnet's settings as the chain's own type, whose methods turn durations into blocks.
func rulesOf(ctx context.Context, c Chain, netuid gotensor.NetUID) (subnet.Hyperparameters, error) {
	s, err := c.Status(ctx)
	if err != nil {
		return subnet.Hyperparameters{}, err
	}
	r, err := c.Hyperparameters(ctx, netuid)
	if err != nil {
		return subnet.Hyperparameters{}, err
	}
	h := subnet.DefaultHyperparameters(uint32(min(max(s.TargetBlock.Milliseconds(), 1), 1<<31)))
	for _, v := range r.Values {
		if err := h.Set(v.Name, v.Value); err != nil {
			return h, fmt.Errorf("%w: %w", chain.ErrBadAnswer, err)
		}
	}
	return h, nil
}

// homes reads what roles that run write into their folders: it also tells which roles there are.
func (r *round) homes() {
	c, f := r.cfg, r.facts
	ask(r, "the miner's status", &f.Miner.Status, func(context.Context) (MinerStatus, error) {
		return readJSON[MinerStatus](filepath.Join(c.MinerHome, "status.json"))
	})
	ask(r, "the validator's status", &f.Validator.Status, func(context.Context) (ValidatorStatus, error) {
		return readJSON[ValidatorStatus](filepath.Join(c.ValidatorHome, "status.json"))
	})
	if c.GatewayURL == "" {
		// The file is there while a gateway runs.
		var found Fact[string]
		askNow(r, "the gateway's file", askFor, &found, func(context.Context) (string, error) { return gatewayURL(c.GatewayHome) })
		f.Gateway.URL = found.Value
	}
}

// validator asks what a validator's checks need.
func (r *round) validator() {
	c, f := r.cfg, r.facts
	v := &f.Validator
	if !c.Hotkey.IsZero() {
		ask(r, "commitments", &v.Commitments, func(ctx context.Context) ([]weights.Commitment, error) {
			return c.Chain.Commitments(ctx, c.NetUID, c.Hotkey)
		})
		ask(r, "appointments", &v.Appointments, c.Chain.Appointments)
	}
	ask(r, "commitments on disk", &v.Saved, func(context.Context) ([]Commitment, error) {
		return savedCommitments(filepath.Join(c.ValidatorHome, "commitments.json"), f)
	})
	if c.Risk != nil {
		ask(r, "risk", &v.Risk, c.Risk)
	}
	n, found := f.me()
	if !found || n.Validator.IsZero() {
		return
	}
	ask(r, "staking validator", &v.Staking, func(ctx context.Context) (chain.Validator, error) { return c.Chain.Validator(ctx, n.Validator) })
	ask(r, "unbonding", &v.Unbonding, func(ctx context.Context) ([]chain.Unbonding, error) { return c.Chain.Unbondings(ctx, n.Validator) })
}

// exists tells whether a folder is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return path != "" && err == nil
}
