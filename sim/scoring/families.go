package scoring

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/model"
)

// cast are the honest miners of every world: a good model and two independent equal ones, and what a weak miner knows itself.
type cast struct {
	best, left, right, weak, weak2 []float64
	says                           []model.Prediction // of best
}

func (e *exam) cast(ctx context.Context) (*cast, error) {
	c := &cast{}
	var err error
	if c.says, err = e.predictions(ctx, 7, "all"); err != nil {
		return nil, err
	}
	for _, m := range []struct {
		to    *[]float64
		order int
		text  string
	}{{&c.best, 7, "all"}, {&c.left, 6, "a"}, {&c.right, 6, "b"}, {&c.weak, 4, "quarter"}, {&c.weak2, 5, "b"}} {
		if *m.to, err = e.honest(ctx, m.order, m.text); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// honest players: the victim is number 0.
func (c *cast) players() []player {
	return []player{always("best", 0, c.best), always("left", 0, c.left), always("right", 0, c.right)}
}

// solo is a case in which one uid answers by a strategy beside honest miners.
func (c *cast) solo(name, about string, yardstick []float64, most float64, gain func(round, item int) (float64, bool)) attackCase {
	return attackCase{
		name: name, about: about, players: append(c.players()[1:], player{name: name, gain: gain}), owned: []int{2}, victim: -1,
		yardstick: yardstick, from: 20, most: most,
	}
}

// DefaultBoasting is the experiment with probabilities other than those believed.
func DefaultBoasting() *Attack {
	return &Attack{Seed: 1, Rounds: 120, family: &family{
		name: "text-boasting", title: "Probabilities other than those believed",
		about: `A miner with the best model reports sharper or flatter probabilities than it believes, only single bytes, no opinion or answers that
break the rules. Pay is relative to the same model answering honestly: the gain is proper, so each must stay below 1.`,
		cases: boasting,
	}}
}

func boasting(ctx context.Context, e *exam, _ *Attack) ([]attackCase, error) {
	c, err := e.cast(ctx)
	if err != nil {
		return nil, err
	}
	var out []attackCase
	for _, s := range []struct {
		name, about string
		lie         []model.Prediction
		most        float64
	}{
		{"boaster", "probabilities to the third power", power(c.says, 3), 0.02},
		{"sharpened", "probabilities to the power 1.5", power(c.says, 1.5), 0.87},
		{"nudged", "probabilities to the power 1.1", power(c.says, 1.1), 1.03},
		{"timid", "probabilities to the power 0.5", power(c.says, 0.5), 0.76},
		{"single-bytes", "only the next byte", singles(c.says), 0.001},
	} {
		gains, err := e.gains(ctx, s.lie)
		if err != nil {
			return nil, err
		}
		out = append(out, c.solo(s.name, s.about, c.best, s.most, func(_, item int) (float64, bool) { return gains[item], true }))
	}
	worst := e.scorer.Settings().Worst()
	return append(out,
		c.solo("no-opinion", "no candidates, floor 1", c.best, 0.001, func(int, int) (float64, bool) { return 0, true }),
		c.solo("spam", "answers that break the rules", c.best, 0, func(int, int) (float64, bool) { return worst, true })), nil
}

// DefaultMemoriser is the experiment with passages known by heart.
func DefaultMemoriser() *Attack {
	return &Attack{Seed: 1, Rounds: 120, family: &family{
		name: "text-memoriser", title: "Passages known by heart",
		about: `A miner knows the hidden text of one source, or of all, or of a share of its passages, beside three honest miners. Pay is its share of the pot.
One source moves half of the pay when there are two. Against text known everywhere no scoring helps: sources must be fresh.`,
		cases: memorising,
	}}
}

func memorising(ctx context.Context, e *exam, a *Attack) ([]attackCase, error) {
	c, err := e.cast(ctx)
	if err != nil {
		return nil, err
	}
	heart := make([]model.Prediction, len(e.items))
	for i, it := range e.items {
		heart[i] = model.Prediction{Candidates: []model.Candidate{{Text: it.Truth, P: 1}}}
	}
	known, err := e.gains(ctx, heart)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(a.Seed, 3))
	lucky := make([]float64, len(known))
	for i := range lucky {
		if lucky[i] = c.weak[i]; rng.Float64() < 0.1 {
			lucky[i] = known[i]
		}
	}
	knows := func(name, about string, most float64, gain func(item int) float64) attackCase {
		return attackCase{
			name: name, about: about, players: append(c.players(), player{name: name, gain: func(_, item int) (float64, bool) { return gain(item), true }}),
			owned: []int{3}, victim: -1, most: most, shares: true,
		}
	}
	return []attackCase{
		knows("one-source", "one of two sources by heart, a weak model on the other", 0.52, func(i int) float64 {
			if e.items[i].Stratum == 0 {
				return known[i]
			}
			return c.weak[i]
		}),
		knows("all-sources", "everything by heart: not stopped", 1, func(i int) float64 { return known[i] }),
		knows("tenth", "a tenth of all passages by heart, a weak model on the others", 0.63, func(i int) float64 { return lucky[i] }),
	}, nil
}

// DefaultAbstain is the experiment with answers to a part of the questions and with knowledge divided.
func DefaultAbstain() *Attack {
	return &Attack{Seed: 1, Rounds: 120, family: &family{
		name: "text-abstain", title: "Answers to a part of the questions",
		about: `A miner with the best model answers only what it is sure of, or only one source, or every other round; or it divides its model over two uids.
Pay is relative to the same model on one uid answering all. Silence is worth 0 and honest gains are not negative, so each must stay at or below 1.`,
		cases: abstaining,
	}}
}

func abstaining(ctx context.Context, e *exam, _ *Attack) ([]attackCase, error) {
	c, err := e.cast(ctx)
	if err != nil {
		return nil, err
	}
	sure := make([]float64, len(c.says))
	for i := range sure {
		sure[i] = certainty(c.says[i])
	}
	sorted := slices.Sorted(slices.Values(sure))
	median := sorted[len(sorted)/2]
	split := func(name, about string, most float64, first func(item int) bool) attackCase {
		out := c.solo(name, about, c.best, most, func(_, i int) (float64, bool) { return c.best[i], first(i) })
		out.players = append(out.players, player{name: name + "-2", gain: func(_, i int) (float64, bool) { return c.best[i], !first(i) }})
		out.owned = []int{2, 3}
		return out
	}
	return []attackCase{
		c.solo("easy-items", "answers the half of the items that it is surest of", c.best, 0.25, func(_, i int) (float64, bool) { return c.best[i], sure[i] >= median }),
		c.solo("one-stratum", "answers one of two sources", c.best, 0.51, func(_, i int) (float64, bool) { return c.best[i], e.items[i].Stratum == 0 }),
		c.solo("every-other-round", "is silent every other round", c.best, 0.25, func(r, i int) (float64, bool) { return c.best[i], r%2 == 0 }),
		split("splitter", "one model over two uids, half of the items each", 0.48, func(i int) bool { return i%2 == 0 }),
		split("splitter-by-source", "one model over two uids, a source each", 1.02, func(i int) bool { return e.items[i].Stratum == 0 }),
	}, nil
}
