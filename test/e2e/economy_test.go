//go:build e2e && economy

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

const (
	economyOwners = 5
	// A change shows in pay two epochs later, and the validators' averages need two more to follow.
	seasonEpochs = 4
	// seasonWithin bounds a season; it takes about a minute where nothing else runs.
	seasonWithin = 6 * time.Minute
	triesAtOnce  = 2
	largestOrder = 8
	// costOfOrder is what an order costs per epoch, of an even share of the miners' pay: an n-gram model of order 5 costs a quarter of it.
	costOfOrder = 0.05
)

// TestEconomy lets owners of miners follow their profit on a real network: each season some serve another order of n-gram model, or stop,
// and keep to it if they earned more. GOTENSOR_ECONOMY_SEASONS seasons (6) of four paid epochs; GOTENSOR_ECONOMY_SEED (1) draws
// who tries what. It shows the gain of the mixture of all answers rise, as sim/economy says it must.
func TestEconomy(t *testing.T) {
	seasons := int(economySetting(t, "GOTENSOR_ECONOMY_SEASONS", 6))
	e := newEconomy(t, economySetting(t, "GOTENSOR_ECONOMY_SEED", 1))
	e.season(t) // averages begin
	for _, o := range e.owners {
		o.before, o.baseline = o.order, o.profit
	}
	var mixtures []float64
	first := e.orders()
	for n := range seasons {
		trying := e.try(t)
		e.season(t)
		mixtures = append(mixtures, e.mixture)
		t.Logf("season %d: mixture %.3f nats, best %.3f nats, miners' pay %.4f TAO per epoch", n+1, e.mixture, e.best, e.pot)
		for i, o := range e.owners {
			t.Logf("  owner %d serves order %d: pay %.4f, cost %.4f, profit %+.4f TAO per epoch, before %+.4f", i, o.order, o.profit+e.cost(o.order), e.cost(o.order), o.profit, o.baseline)
		}
		e.settle(t, trying)
	}
	t.Logf("orders %v, then %v; mixture %.3f nats at first, then %.3f", first, e.orders(), e.start, mixtures)
	half := len(mixtures) / 2
	require.Greater(t, average(mixtures[half:]), e.start+0.05, "the network has learned more than it knew at first")
	require.Greater(t, totalOf(e.orders()), totalOf(first), "larger models are served")
}

// economySetting is a whole number of the environment.
func economySetting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 31)
	require.NoErrorf(t, err, "%s is no whole number", name)
	return n
}

// ownerOfMiner runs one miner.
type ownerOfMiner struct {
	name, home string
	hotkey     gotensor.Address
	order      int // of its model; 0: stopped
	before     int
	miner      *program
	profit     float64 // TAO in the latest epoch
	baseline   float64 // the same before what it tries now
}

type economy struct {
	*suite
	owners  []*ownerOfMiner
	rng     *rand.Rand
	paid    uint64         // epochs
	rounds  map[string]int // latest round seen of each validator
	pot     float64        // TAO of the owners' miners in an epoch at first, by which costs are set
	mixture float64        // gain of the mixture, nats, mean over the rounds of the latest season
	best    float64        // largest moving mean gain of a miner
	start   float64        // the mixture of the first season
}

func newEconomy(t *testing.T, seed uint64) *economy {
	t.Helper()
	e := &economy{suite: newSuite(t), rng: rand.New(rand.NewPCG(seed, 1)), rounds: map[string]int{}}
	e.suite.start(t, "--validators", "2", "--models", "ngram-1", "--no-gateway")
	e.connect(t)
	for i, order := range []int{1, 1, 2, 2, 3} {
		o := &ownerOfMiner{name: fmt.Sprintf("owner-%d", i)}
		o.home = filepath.Join(filepath.Dir(e.home), o.name)
		require.NoError(t, os.MkdirAll(o.home, 0o700))
		e.serve(t, o, order)
		e.owners = append(e.owners, o)
	}
	require.Len(t, e.owners, economyOwners)
	for _, o := range e.owners {
		store := keys.NewStore(o.home)
		eventually(t, epochs, o.name+" is registered", func() error {
			k, _, err := store.HotkeyPublic("me", "default")
			if err != nil {
				return err
			}
			o.hotkey = k.Address
			_, _, err = e.neuron(t, keys.Account(k.Address))
			return err
		})
	}
	eventually(t, epochs, "everybody has been paid", func() error {
		m, err := e.node.Metagraph(t.Context(), netuid)
		if err != nil {
			return err
		}
		for _, o := range e.owners {
			if n, ok := m.ByHotkey(o.hotkey); !ok || n.Incentive == 0 {
				return fmt.Errorf("%s has no incentive", o.name)
			}
		}
		return nil
	})
	var err error
	e.paid, err = e.paidEpochs(t)
	require.NoError(t, err)
	return e
}

// serve has an owner's miner serve another order, or none.
func (e *economy) serve(t *testing.T, o *ownerOfMiner, order int) {
	t.Helper()
	if order == o.order {
		return
	}
	if o.miner != nil {
		o.miner.signal(t, os.Interrupt)
		select {
		case <-o.miner.ended: // well, or by the signal if it had only just been started
		case <-time.After(stopWithin):
			require.FailNowf(t, "still running", "%s after %s", o.miner.cmd, stopWithin)
		}
		o.miner = nil
	}
	if o.order = order; order > 0 {
		o.miner = e.launch(t, o.name, nil, "miner", "run", "--network", e.home, "--wallet", "me", "--wallet-path", o.home,
			"--home", filepath.Join(o.home, "miner"), "--model", fmt.Sprintf("ngram-%d", order))
	}
}

// season waits for so many paid epochs, averages the mixture over all rounds of it and reads everybody's profit of the last one.
func (e *economy) season(t *testing.T) {
	t.Helper()
	until := e.paid + seasonEpochs
	sum, rounds := 0.0, 0
	eventually(t, seasonWithin, fmt.Sprintf("epoch %d is paid", until), func() error {
		for _, name := range e.validatorNames(t) {
			var v struct {
				Round       int     `json:"round"`
				MixtureGain float64 `json:"mixture_gain"`
				Neurons     []struct {
					Gain float64 `json:"gain"`
				} `json:"neurons"`
			}
			if err := readJSON(filepath.Join(e.home, "roles", name, "status.json"), &v); err != nil || v.Round == e.rounds[name] {
				continue
			}
			e.rounds[name] = v.Round
			sum += v.MixtureGain
			rounds++
			e.best = 0
			for _, n := range v.Neurons {
				e.best = max(e.best, n.Gain)
			}
		}
		paid, err := e.paidEpochs(t)
		if err == nil && paid < until {
			err = fmt.Errorf("%d are", paid)
		}
		e.paid = max(e.paid, paid)
		return err
	})
	require.Positive(t, rounds, "validators judged nobody")
	e.mixture = sum / float64(rounds)
	if e.start == 0 {
		e.start = e.mixture
	}
	m := e.metagraph(t)
	total := 0.0
	pay := make([]float64, len(e.owners))
	for i, o := range e.owners {
		if n, ok := m.ByHotkey(o.hotkey); ok {
			pay[i] = float64(n.Emission) / 1e9
		}
		total += pay[i]
	}
	if e.pot == 0 {
		e.pot = total
		require.Positive(t, e.pot)
	}
	for i, o := range e.owners {
		o.profit = pay[i] - e.cost(o.order)
	}
}

// validatorNames are the folders of the validators' roles.
func (e *economy) validatorNames(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(e.home, "roles", "*", "judge.json"))
	require.NoError(t, err)
	var out []string
	for _, path := range found {
		out = append(out, filepath.Base(filepath.Dir(path)))
	}
	return out
}

// cost of an order per epoch, TAO.
func (e *economy) cost(order int) float64 {
	return costOfOrder * float64(order) * e.pot / economyOwners
}

// try has some owners change their order: those who lose money may stop, others try a larger or a smaller one.
func (e *economy) try(t *testing.T) []*ownerOfMiner {
	t.Helper()
	var trying []*ownerOfMiner
	for _, i := range e.rng.Perm(len(e.owners))[:triesAtOnce] {
		o := e.owners[i]
		order := o.order + []int{-1, 1, 2, 3}[e.rng.IntN(4)]
		if o.profit < 0 && o.order > 0 {
			order = 0
		}
		e.serve(t, o, min(max(order, 0), largestOrder))
		trying = append(trying, o)
	}
	return trying
}

// settle keeps what paid and goes back from what did not.
func (e *economy) settle(t *testing.T, trying []*ownerOfMiner) {
	t.Helper()
	for _, o := range e.owners {
		if slices.Contains(trying, o) && o.profit < o.baseline {
			e.serve(t, o, o.before)
		} else {
			o.baseline = o.profit
		}
		o.before = o.order
	}
}

func (e *economy) orders() []int {
	var out []int
	for _, o := range e.owners {
		out = append(out, o.order)
	}
	return out
}

func average(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(1, len(x)))
}

func totalOf(x []int) int {
	sum := 0
	for _, v := range x {
		sum += v
	}
	return sum
}
