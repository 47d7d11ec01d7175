//go:build e2e && economy

package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
)

const (
	economyOwners = 5
	// A change shows in pay two epochs later, a new uid's three, and the validators' averages need two more to follow.
	seasonEpochs = 5
	// seasonWithin bounds a season; it takes about a minute where nothing else runs.
	seasonWithin = 8 * time.Minute
	triesAtOnce  = 2
	largestOrder = 8
	// What an order costs per epoch, of an even share of the miners' pay: an n-gram model of order 5 costs a quarter of it. And what a second
	// uid for the same model does, which only repeats it.
	costOfOrder, costOfClone = 0.05, 0.02
)

// TestEconomy lets owners of miners follow their profit on real networks, one for each rule of GOTENSOR_ECONOMY_RULES (all), two at a time: each season some
// serve another order of n-gram model, or the same one under a second uid, or stop, and keep to it if they earned more.
// GOTENSOR_ECONOMY_SEASONS seasons (6) of five paid epochs; GOTENSOR_ECONOMY_SEED (1) draws who tries what. Under our rule the gain of the
// mixture of all answers rises, and above that of equal pay, as sim/economy says it must.
func TestEconomy(t *testing.T) {
	seasons := int(economySetting(t, "GOTENSOR_ECONOMY_SEASONS", 6))
	seed := economySetting(t, "GOTENSOR_ECONOMY_SEED", 1)
	names := strings.Split(cmp.Or(os.Getenv("GOTENSOR_ECONOMY_RULES"), "gain,2022,equal,winner"), ",")
	all := make([]economyEnd, len(names))
	t.Run("rules", func(t *testing.T) {
		for i, rule := range names {
			t.Run(rule, func(t *testing.T) {
				t.Parallel()
				all[i] = playEconomy(t, rule, seed, seasons)
			})
		}
	})
	of := map[string]economyEnd{}
	t.Logf("%-8s %14s %14s %10s %16s  %s", "rule", "first mixture", "last mixture", "nats/TAO", "pay to clones", "orders, + with a clone")
	for i, rule := range names {
		of[rule] = all[i]
		t.Logf("%-8s %14.3f %14.3f %10.3f %15.0f%%  %v, then %v", rule, all[i].first, all[i].last, all[i].last/all[i].pot, 100*all[i].clones, all[i].began, all[i].strategies)
	}
	require.False(t, t.Failed(), "not all networks ran to their end")
	gain, ours := of["gain"]
	if equal, played := of["equal"]; ours && played {
		require.Greater(t, gain.last, equal.last, "who is paid for what he knows knows more")
	}
}

// economyEnd is what became of a network. Mixtures are the gain of the equal mixture of all answers, in nats per item.
type economyEnd struct {
	first, last       float64 // mixture of the first season, and mean over the second half of those in which owners tried something
	pot               float64 // miners' pay, TAO per epoch
	clones            float64 // share of it that second uids got, mean over that half
	began, strategies []strategy
}

func playEconomy(t *testing.T, rule string, seed uint64, seasons int) economyEnd {
	t.Helper()
	e := newEconomy(t, rule, seed)
	e.season(t) // averages begin
	for _, o := range e.owners {
		o.before, o.baseline = o.now, o.profit
	}
	end := economyEnd{first: e.mixture, pot: e.pot, began: e.strategies()}
	var mixtures, clones []float64
	for n := range seasons {
		trying := e.try(t)
		e.season(t)
		mixtures, clones = append(mixtures, e.mixture), append(clones, e.clones/e.pot)
		t.Logf("%s, season %d: mixture %.3f nats, best %.3f nats, %.0f %% of the pay to clones", rule, n+1, e.mixture, e.best, 100*e.clones/e.pot)
		for i, o := range e.owners {
			t.Logf("  owner %d serves %v: pay %.4f, cost %.4f, profit %+.4f TAO per epoch, before %+.4f", i, o.now, o.profit+e.cost(o.now), e.cost(o.now), o.profit, o.baseline)
		}
		e.settle(t, trying)
	}
	half := len(mixtures) / 2
	end.last, end.clones, end.strategies = average(mixtures[half:]), average(clones[half:]), e.strategies()
	if rule == "gain" {
		require.Greater(t, end.last, end.first+0.05, "the network has learned more than it knew at first")
		require.Greater(t, totalOf(end.strategies), totalOf(end.began), "larger models are served")
	}
	return end
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

// strategy is what an owner serves.
type strategy struct {
	order int  // of its model; 0: it has left
	clone bool // the same model under a second uid too
}

// String is like 5 or 5+.
func (s strategy) String() string {
	if s.clone {
		return fmt.Sprintf("%d+", s.order)
	}
	return strconv.Itoa(s.order)
}

// cloned is the order of the second uid's model, 0: none.
func (s strategy) cloned() int {
	if s.clone {
		return s.order
	}
	return 0
}

// Wallets of an owner's uids.
const firstWallet, cloneWallet = "me", "clone"

// ownerOfMiner runs one miner, or two with the same model.
type ownerOfMiner struct {
	name, home   string
	now, before  strategy
	miner, clone *program
	profit       float64 // TAO in the latest epoch
	baseline     float64 // the same before what it tries now
}

type economy struct {
	*suite
	owners  []*ownerOfMiner
	rng     *rand.Rand
	paid    uint64         // epochs
	rounds  map[string]int // latest round seen of each validator
	pot     float64        // TAO of all miners in an epoch at first, by which costs are set
	clones  float64        // TAO of second uids in the latest epoch
	mixture float64        // gain of the mixture, nats, mean over the rounds of the latest season
	best    float64        // largest moving mean gain of a miner
}

func newEconomy(t *testing.T, rule string, seed uint64) *economy {
	t.Helper()
	e := &economy{suite: newSuite(t), rng: rand.New(rand.NewPCG(seed, 1)), rounds: map[string]int{}}
	e.suite.start(t, "--validators", "2", "--models", "ngram-1", "--no-gateway", "--rule", rule)
	e.connect(t)
	for i, order := range []int{1, 1, 2, 2, 3} {
		o := &ownerOfMiner{name: fmt.Sprintf("owner-%d", i)}
		o.home = filepath.Join(filepath.Dir(e.home), o.name)
		require.NoError(t, os.MkdirAll(o.home, 0o700))
		e.serve(t, o, strategy{order: order})
		e.owners = append(e.owners, o)
	}
	require.Len(t, e.owners, economyOwners)
	eventually(t, epochs, "everybody is registered and somebody paid", func() error {
		m, err := e.node.Metagraph(t.Context(), netuid)
		if err != nil {
			return err
		}
		paid := 0
		for _, o := range e.owners {
			n, ok := o.neuron(m, firstWallet)
			if !ok {
				return fmt.Errorf("%s has no uid", o.name)
			}
			paid += int(n.Incentive)
		}
		if paid == 0 {
			return errors.New("nobody has incentive")
		}
		return nil
	})
	var err error
	e.paid, err = e.paidEpochs(t)
	require.NoError(t, err)
	return e
}

// neuron of one of the owner's wallets; false while there is none.
func (o *ownerOfMiner) neuron(m *metagraph.Metagraph, wallet string) (metagraph.Neuron, bool) {
	k, _, err := keys.NewStore(o.home).HotkeyPublic(wallet, "default")
	if err != nil {
		return metagraph.Neuron{}, false
	}
	return m.ByHotkey(k.Address)
}

// serve has an owner's miners serve what it wants to now.
func (e *economy) serve(t *testing.T, o *ownerOfMiner, want strategy) {
	t.Helper()
	o.miner = e.change(t, o, firstWallet, o.miner, o.now.order, want.order)
	o.clone = e.change(t, o, cloneWallet, o.clone, o.now.cloned(), want.cloned())
	o.now = want
}

// change has a miner serve another order than before, or none.
func (e *economy) change(t *testing.T, o *ownerOfMiner, wallet string, miner *program, before, order int) *program {
	t.Helper()
	if order == before {
		return miner
	}
	if miner != nil {
		miner.signal(t, os.Interrupt)
		select {
		case <-miner.ended: // well, or by the signal if it had only just been started
		case <-time.After(stopWithin):
			require.FailNowf(t, "still running", "%s after %s", miner.cmd, stopWithin)
		}
	}
	if order == 0 {
		return nil
	}
	return e.launch(t, o.name+"-"+wallet, nil, "miner", "run", "--network", e.home, "--wallet", wallet, "--wallet-path", o.home,
		"--home", filepath.Join(o.home, wallet+"-miner"), "--model", fmt.Sprintf("ngram-%d", order))
}

// season waits for so many paid epochs, averages the mixture over all rounds of it and reads everybody's profit of the last one.
func (e *economy) season(t *testing.T) {
	t.Helper()
	until := e.paid + seasonEpochs
	sum, rounds := 0.0, 0
	eventually(t, seasonWithin, fmt.Sprintf("epoch %d is paid", until), func() error {
		for _, name := range e.validatorNames(t) {
			v, err := e.overview(name)
			if err != nil || v.Round == e.rounds[name] {
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
	m := e.metagraph(t)
	if e.pot == 0 {
		for n := range m.All() {
			if n.Dividends == 0 {
				e.pot += n.Emission.TAO()
			}
		}
		require.Positive(t, e.pot)
	}
	e.clones = 0
	for _, o := range e.owners {
		pay := 0.0
		if n, ok := o.neuron(m, firstWallet); ok {
			pay = n.Emission.TAO()
		}
		if n, ok := o.neuron(m, cloneWallet); ok {
			pay += n.Emission.TAO()
			e.clones += n.Emission.TAO()
		}
		o.profit = pay - e.cost(o.now)
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

// cost of a strategy per epoch, TAO.
func (e *economy) cost(s strategy) float64 {
	share := costOfOrder * float64(s.order)
	if s.clone {
		share += costOfClone
	}
	return share * e.pot / economyOwners
}

// try has some owners change something: those who lose money may leave, others take a larger or a smaller order, or a second uid, or give that up.
func (e *economy) try(t *testing.T) []*ownerOfMiner {
	t.Helper()
	var trying []*ownerOfMiner
	for _, i := range e.rng.Perm(len(e.owners))[:triesAtOnce] {
		o, want := e.owners[i], e.owners[i].now
		order, other := want.order+[]int{-1, 1, 2, 3}[e.rng.IntN(4)], e.rng.IntN(3) == 0
		switch {
		case o.profit < 0 && want.order > 0:
			want = strategy{}
		case other && want.order > 0:
			want.clone = !want.clone
		default:
			want.order = min(max(order, 1), largestOrder)
		}
		e.serve(t, o, want)
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
		o.before = o.now
	}
}

func (e *economy) strategies() []strategy {
	var out []strategy
	for _, o := range e.owners {
		out = append(out, o.now)
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

func totalOf(x []strategy) int {
	sum := 0
	for _, s := range x {
		sum += s.order
	}
	return sum
}
