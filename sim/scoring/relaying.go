package scoring

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/gotensor/gotensor/model"
)

// DefaultRelay is the experiment with answers of others.
func DefaultRelay() *Attack {
	return &Attack{Seed: 1, Rounds: 160, family: &family{
		name: "text-relay", title: "Answers of other miners",
		about: `A miner answers with what another one answered: from its first round or after years of honest weak answers, now and then, at the very moment in
which the victim changes its model, with a better model in reserve, under ever new registrations, blurred, or mixed from three miners. Pay is relative to the
victim's honest pay. Whoever turns from an equal model of its own to relaying, the mixture of several, and a senior that takes from a newcomer are not stopped.`,
		cases: relaying,
	}}
}

func relaying(ctx context.Context, e *exam, a *Attack) ([]attackCase, error) {
	c, err := e.cast(ctx)
	if err != nil {
		return nil, err
	}
	blurred, err := e.liars(ctx, a, 1, func(rng *rand.Rand) []model.Prediction { return noise(c.says, 0.3, rng) })
	if err != nil {
		return nil, err
	}
	blend := make([]float64, len(c.best))
	for i := range blend {
		blend[i] = math.Log((math.Exp(c.best[i]) + math.Exp(c.left[i]) + math.Exp(c.right[i])) / 3)
	}
	const turn = 60
	after := func(own, then []float64) func(r, i int) (float64, bool) {
		return func(r, i int) (float64, bool) {
			if r < turn {
				return own[i], true
			}
			return then[i], true
		}
	}
	relay := func(name, about string, most, least float64, p player) attackCase {
		p.name = name
		return attackCase{
			name: name, about: about, players: append(c.players(), p), owned: []int{3}, victim: 0, yardstick: c.best, from: turn + 20, most: most, least: least,
		}
	}
	copied := func(_, i int) (float64, bool) { return c.best[i], true }
	framed := relay("framed", "copies the victim from the moment in which that upgrades its model", 0.1, 0.9, player{gain: after(c.weak, c.best)})
	framed.players[0], framed.players[1] = player{name: "best", gain: after(c.left, c.best)}, always("third", 0, c.weak2)
	grief := relay("griefer", "gives up a better model to be alike to a weaker victim", 0.6, 0.4, player{gain: after(c.best, c.left)})
	grief.players[0], grief.players[1], grief.yardstick = always("victim", 0, c.left), always("third", 0, c.weak2), c.best
	turncoat := relay("turncoat", "an equal, independent model of its own, then relays: not stopped", 0.7, 0.4, player{gain: after(c.right, c.left)})
	turncoat.players, turncoat.yardstick = append([]player{always("victim", 0, c.left), always("third", 0, c.weak2), always("best", 0, c.best)}, turncoat.players[3]), c.right
	stained, err := e.liars(ctx, a, 1, func(rng *rand.Rand) []model.Prediction { return noise(c.says, 0.4, rng) })
	if err != nil {
		return nil, err
	}
	// Seniors that take from who has just come and has no record: victim 0 registers when the attacker turns to it.
	take := func(name, about string, own, victim, then []float64, most, least float64) attackCase {
		ac := relay(name, about, most, least, player{gain: after(own, then)})
		ac.players[0] = always("victim", turn, victim)
		ac.players[1], ac.players[2], ac.yardstick = always("second", 0, c.weak2), always("third", 0, c.weak), own
		return ac
	}
	return []attackCase{
		take("usurper", "a senior that relays a better newcomer, which has no record yet: not stopped", c.left, c.best, c.best, 2, 0),
		take("absorber", "a senior that mixes as much of an equal newcomer's answers into its own: not stopped", c.left, c.right, mixed(c.left, c.right, 0.5), 1.5, 0.8),
		relay("newcomer", "relays from its first round", 0.05, 0.9, player{from: 40, gain: copied}),
		relay("second-owner", "the same public model, ten rounds later", 0.05, 0.9, player{from: 10, gain: copied}),
		relay("blurred", "relays with noise of 0.3 nat", 0.3, 0.9, player{from: 40, gain: func(_, i int) (float64, bool) { return blurred[0][i], true }}),
		relay("senior", "a weak model for long, then relays", 0.1, 0.9, player{gain: after(c.weak, c.best)}),
		relay("flapping", "ten rounds of its own weak model, ten of relaying, in turn", 0.4, 0.9, player{gain: func(r, i int) (float64, bool) {
			if r/10%2 == 0 {
				return c.weak[i], true
			}
			return c.best[i], true
		}}),
		relay("gated", "its own weak model on half of the items, relays the others: not stopped", 0.6, 0.9, player{from: 40, gain: func(_, i int) (float64, bool) {
			return []float64{c.weak[i], c.best[i]}[i%2], true
		}}),
		relay("blinking", "relays with noise of 0.4 nat, and in every eighth round has no opinion, to be far from the victim", 0.4, 0.9, player{
			from: 40, gain: func(r, i int) (float64, bool) {
				if r%8 == 0 {
					return 0, true
				}
				return stained[0][i], true
			},
		}),
		relay("churner", "relays under a new registration every 15 rounds", 0.05, 0.9, player{from: 40, gain: copied, churn: 15}),
		relay("look-first", "sees the others' answers, commits to none: every item is invalid", 0, 0.9, player{from: 40, gain: func(int, int) (float64, bool) {
			return e.scorer.Settings().Worst(), true
		}}),
		framed, grief, turncoat,
		relay("blender", "the mixture of three miners' answers: not stopped", 0.9, 0.9, player{from: 40, gain: func(_, i int) (float64, bool) { return blend[i], true }}),
	}, nil
}
