package scoring

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
)

// DefaultCopies is the experiment with one model under many uids.
func DefaultCopies() *Attack {
	return &Attack{Seed: 1, Rounds: 120, family: &family{
		name: "text-copies", title: "One model under many uids",
		about: `Clones answer with the best model, exactly or with noise, all uids together; 1 is the honest pay of that model on one uid. The clones come at round
40, beside the original or registered by its owner at the start. A registration earns what a clone earns: divided by the number of clones, the pay here is the
price per epoch, in honest pays, above which clones do not pay: noisy is what the best noise earns each of ten, break-even the best disguise of all.
Noise that escapes detection costs gain but is not stopped, and some of a weak model of one's own brings much of that gain back. Best is noise that the clones
agree upon: of each candidate two of the ten say less. Ten models that are really different, each trained on its own part of the text, come close: no rule that
leaves independent models their pay can tell their owner from ten owners. What the victim keeps matters too: crowd is thirty clones at the edge of likeness,
crowd-forgetting the same where nobody remembers who was before.`,
		price: true, cases: copying,
	}}
}

// troupe is a cast with the cases of text-copies, as they are made.
type troupe struct {
	*cast
	e   *exam
	a   *Attack
	out []attackCase
}

// clones adds a case in which uids with these gains come in a round: 0 is without the victim.
func (t *troupe) clones(ac attackCase, from int, gains [][]float64) {
	ac.players, ac.yardstick, ac.from = t.players(), t.best, from+20
	if from == 0 {
		ac.players, ac.victim = ac.players[1:], -1
	}
	for k, g := range gains {
		ac.owned = append(ac.owned, len(ac.players))
		ac.players = append(ac.players, always(fmt.Sprint(ac.name, k), from, g))
	}
	t.out = append(t.out, ac)
}

// liars are the gains of n variants of the best model, each with a share of an own weak model.
func (t *troupe) liars(ctx context.Context, n int, weak float64, lie func(rng *rand.Rand) []model.Prediction) ([][]float64, error) {
	out, err := t.e.liars(ctx, t.a, n, lie)
	for k := range out {
		if weak > 0 {
			out[k] = mixed(t.weak, out[k], 1-weak)
		}
	}
	return out, err
}

func copying(ctx context.Context, e *exam, a *Attack) ([]attackCase, error) {
	c, err := e.cast(ctx)
	if err != nil {
		return nil, err
	}
	t := &troupe{cast: c, e: e, a: a}
	same := func(k int) [][]float64 { return slices.Repeat([][]float64{c.best}, k) }
	t.clones(attackCase{name: "sybils-5", about: "5 exact copies, registered at once", most: 1.01}, 0, same(5))
	t.clones(attackCase{name: "sybils-20", about: "20 exact copies, registered at once", most: 1.01}, 0, same(20))
	t.clones(attackCase{name: "copies-1", about: "1 exact copy of a victim", most: 0.05, least: 0.95}, 40, same(1))
	t.clones(attackCase{name: "copies-10", about: "10 exact copies of a victim", most: 0.05, least: 0.95}, 40, same(10))
	t.clones(attackCase{name: "copies-10-apart", about: "10 exact copies of a victim, groups of 7 among 13", most: 0.15, least: 0.95, group: 7}, 40, same(10))
	t.clones(attackCase{name: "sybils-20-apart", about: "20 exact copies, registered at once, groups of 7 among 23", most: 1.5, group: 7}, 0, same(20))
	if err := t.disguises(ctx); err != nil {
		return nil, err
	}
	if err := t.crews(ctx); err != nil {
		return nil, err
	}
	bags, err := e.bags(ctx, 10, 7, 0.7)
	if err != nil {
		return nil, err
	}
	t.clones(attackCase{
		name: "bagged", about: "10 different models of one owner, each trained on its own 70 % of the text, without one trained on all: not stopped, as they are independent models",
		most: 8.3,
	}, 0, bags)
	return t.out, nil
}

// disguises are clones that differ by noise, gaps, or a part of a weak model. What is not stopped is tuned: other strengths and parts earn less.
func (t *troupe) disguises(ctx context.Context) error {
	blur := func(sigma float64) func(rng *rand.Rand) []model.Prediction {
		return func(rng *rand.Rand) []model.Prediction { return noise(t.says, sigma, rng) }
	}
	nobody := func(s *score.Settings) { s.Apart = 0 }
	for _, s := range []struct {
		attackCase
		n, from int
		weak    float64
		lie     func(rng *rand.Rand) []model.Prediction
	}{
		{attackCase{
			name: "noise-01", about: "10 copies of a victim with noise of 0.1 nat on each log-probability",
			most: 0.05, least: 0.95, noisy: true,
		}, 10, 40, 0, blur(0.1)},
		{attackCase{
			name: "noise-03", about: "10 copies of a victim with noise of 0.3 nat on each log-probability",
			most: 0.25, least: 0.95, noisy: true,
		}, 10, 40, 0, blur(0.3)},
		{attackCase{
			name: "noise-06", about: "10 copies of a victim with noise of 0.6 nat on each log-probability",
			most: 4, least: 0.95, noisy: true,
		}, 10, 40, 0, blur(0.6)},
		{attackCase{
			name: "noise-08", about: "10 copies of a victim with noise of 0.8 nat on each log-probability: not stopped",
			most: 5, least: 0.95, noisy: true,
		}, 10, 40, 0, blur(0.8)},
		{attackCase{
			name: "noise-10", about: "10 copies of a victim with noise of 1 nat on each log-probability: not stopped",
			most: 3.2, least: 0.95, noisy: true,
		}, 10, 40, 0, blur(1)},
		{attackCase{
			name: "tilted", about: "10 copies of a victim with noise of 1 nat on the floor of each item",
			most: 0.05, least: 0.95, noisy: true,
		}, 10, 40, 0, func(rng *rand.Rand) []model.Prediction { return tilt(t.says, 1, rng) }},
		{attackCase{
			name: "spoiled", about: "10 copies of a victim, each without opinion on a tenth of the items",
			most: 4, least: 0.95,
		}, 10, 40, 0, func(rng *rand.Rand) []model.Prediction { return spoil(t.says, 0.1, rng) }},
		{attackCase{
			name: "diluted", about: "10 copies of a victim with noise of 1 nat, and 35 % of a weak model of the attacker's own mixed in: not stopped",
			most: 7.7, least: 0.95, noisy: true,
		}, 10, 40, 0.35, blur(1)},
		{attackCase{
			name: "crowd", about: "30 copies of a victim with noise of 0.75 nat, at the edge of likeness: not stopped",
			most: 15.3, least: 0.95,
		}, 30, 40, 0, blur(0.75)},
		{attackCase{
			name: "crowd-forgetting", about: "the same where nobody remembers who was before (apart = 0)",
			most: 15.3, rule: nobody,
		}, 30, 40, 0, blur(0.75)},
		{attackCase{
			name: "original-gone", about: "10 copies of one model with noise of 0.65 nat, registered at once, without the exact one: not stopped",
			most: 6.7, noisy: true,
		}, 10, 0, 0, blur(0.65)},
		{attackCase{
			name: "original-gone-diluted", about: "10 copies of one model with noise of 0.9 nat and a quarter of a weak model, registered at once, without the exact one: not stopped",
			most: 7.8, noisy: true,
		}, 10, 0, 0.25, blur(0.9)},
	} {
		gains, err := t.liars(ctx, s.n, s.weak, s.lie)
		if err != nil {
			return err
		}
		t.clones(s.attackCase, s.from, gains)
	}
	return nil
}

// crews are ten clones whose noise is agreed upon.
func (t *troupe) crews(ctx context.Context) error {
	for _, s := range []struct {
		attackCase
		from        int
		depth, weak float64
	}{
		{attackCase{
			name: "agreed", about: "10 copies of a victim, two of which say of each event that it is e^4 times less likely, and 40 % of a weak model: not stopped",
			most: 8.3, least: 0.95, noisy: true,
		}, 40, 4, 0.4},
		{attackCase{
			name: "original-gone-agreed", about: "10 copies of one model, the same with e^3 and 30 %, registered at once, without the exact one: not stopped",
			most: 8.7, noisy: true,
		}, 0, 3, 0.3},
	} {
		gains := make([][]float64, 10)
		for k, says := range forgo(t.says, len(gains), 2, s.depth, rand.New(rand.NewPCG(t.a.Seed, 100))) {
			own, err := t.e.gains(ctx, says)
			if err != nil {
				return err
			}
			gains[k] = mixed(t.weak, own, 1-s.weak)
		}
		t.clones(s.attackCase, s.from, gains)
	}
	return nil
}

// bags are the gains of n models of an order, each trained on an own random share of the passages.
func (e *exam) bags(ctx context.Context, n, order int, share float64) ([][]float64, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	contexts := make([][]byte, len(e.items))
	for i := range contexts {
		contexts[i] = e.items[i].Context
	}
	out := make([][]float64, n)
	for k := range out {
		rng := rand.New(rand.NewPCG(7, uint64(k)))
		var text []byte
		for _, s := range sources {
			for i, p := range s.Passages() {
				if dataset.SplitOf(i) == dataset.Training && rng.Float64() < share {
					text = append(text, p...)
				}
			}
		}
		m, err := ngram.Train(ctx, order, text, nil)
		if err != nil {
			return nil, err
		}
		says, err := m.AtWords().Predict(ctx, contexts, candidates)
		if err != nil {
			return nil, err
		}
		if out[k], err = e.gains(ctx, says); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mixed are the gains of the mixture of two answers, the second one with the given share.
func mixed(one, other []float64, share float64) []float64 {
	out := make([]float64, len(one))
	for i := range out {
		out[i] = math.Log((1-share)*math.Exp(one[i]) + share*math.Exp(other[i]))
	}
	return out
}

// liars are the gains of independent variants of one model.
func (e *exam) liars(ctx context.Context, a *Attack, n int, lie func(rng *rand.Rand) []model.Prediction) ([][]float64, error) {
	out := make([][]float64, n)
	for k := range out {
		var err error
		if out[k], err = e.gains(ctx, lie(rand.New(rand.NewPCG(a.Seed, uint64(100+k))))); err != nil {
			return nil, err
		}
	}
	return out, nil
}
