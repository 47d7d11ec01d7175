package scoring

import (
	"context"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/sim"
)

// kappas are the limits of likeness under which relatives are compared, beside that of the rule.
var kappas = []float64{0.05, 0.075, 0.1}

// relatives measures what honest models of one family keep beside each other: a wider limit takes more from clones, and from these.
func (o *Order) relatives(ctx context.Context, e *exam, out *sim.Report) error {
	var players []player
	for _, order := range []int{4, 5, 6, 7} {
		for _, text := range []string{"all", "a", "b", "quarter"} {
			gains, err := e.honest(ctx, order, text)
			if err != nil {
				return err
			}
			players = append(players, always(fmt.Sprintf("order %d on %s", order, text), 0, gains))
		}
	}
	rule := score.Defaults()
	limits := slices.Sorted(slices.Values(append([]float64{rule.Kappa}, kappas...)))
	table := sim.Table{
		Name: "relatives", Title: "What sixteen n-grams of orders 4 to 7 keep beside each other",
		Columns: []string{"kappa", "mean", "least", "whose"},
	}
	for _, kappa := range slices.Compact(limits) {
		changed := rule
		changed.Kappa = kappa
		keeps, err := o.keep(ctx, e, changed, players, len(players))
		if err != nil {
			return err
		}
		least := slices.Index(keeps, slices.Min(keeps))
		table.Add(kappa, fmt.Sprintf("%.3f", mean(keeps)), fmt.Sprintf("%.3f", keeps[least]), players[least].name)
		if kappa == rule.Kappa {
			out.Numbers = append(out.Numbers,
				sim.Number{Name: "relatives-keep-mean", About: "what sixteen n-grams of orders 4 to 7 keep of their pay, mean", Value: mean(keeps), AtLeast: sim.Bound(0.96)},
				sim.Number{Name: "relatives-keep-least", About: "what the one of them keeps that keeps least", Value: keeps[least], AtLeast: sim.Bound(0.88)})
		}
	}
	out.Tables = append(out.Tables, table)
	keeps, err := o.keep(ctx, e, rule, players, 4)
	if err != nil {
		return err
	}
	out.Numbers = append(out.Numbers,
		sim.Number{Name: "relatives-apart-keep-mean", About: "what they keep in random groups of four, mean", Value: mean(keeps), AtLeast: sim.Bound(0.96)},
		sim.Number{Name: "relatives-apart-keep-least", About: "what the one of them keeps there that keeps least", Value: slices.Min(keeps), AtLeast: sim.Bound(0.88)})
	return nil
}

// keep is what each player keeps, beside all others in random groups of the given size, of the pay that it has alone, in the second half of the rounds.
func (o *Order) keep(ctx context.Context, e *exam, rule score.Settings, players []player, group int) ([]float64, error) {
	both, err := e.play(ctx, rule, o.Seed, o.Rounds, group, players)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(players))
	for i := range players {
		alone, err := e.play(ctx, rule, o.Seed, o.Rounds, len(players), players[i:i+1])
		if err != nil {
			return nil, err
		}
		out[i] = relative(both.mean(i, o.Rounds/2), alone.mean(0, o.Rounds/2))
	}
	return out, nil
}
