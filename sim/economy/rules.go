package economy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/price"
	"github.com/gotensor/gotensor/sim"
)

// Variants of our rule, beside the rules of newJudge.
const (
	Steep  = "steep"  // a higher power of the gain
	Strong = "strong" // validators with a better reference model
)

// Rules compares what rules of pay make of the same owners.
type Rules struct {
	Owners          int       `json:"owners" help:"people who may run miners"`
	Slots           int       `json:"slots" help:"uids for miners"`
	Validators      int       `json:"validators" help:"validators, all honest"`
	Epochs          int       `json:"epochs" help:"epochs of a run; the last third counts as converged"`
	Pays            []float64 `json:"pays" help:"TAO per epoch for all miners; the middle one is that of the figures over time"`
	Rules           []string  `json:"rules" help:"rules: ours, steep, strong, 2022, equal, winner"`
	Compute         float64   `json:"compute" help:"TAO per epoch that a model of a billion parameters costs"`
	Upkeep          float64   `json:"upkeep" help:"TAO per epoch that each distinct model costs whatever its size"`
	Server          float64   `json:"server" help:"TAO per epoch that each uid costs"`
	Tokens          float64   `json:"tokens" help:"tokens that all models are trained on, for the scaling law"`
	Reference       float64   `json:"reference" help:"loss of the validators' reference model, nats per token"`
	Rent            int       `json:"rent" help:"thousandths of the best pay that each uid pays per epoch, to the miners: the hyperparameter upkeep"`
	StrongReference float64   `json:"strong_reference" help:"the same under the rule strong"`
	SteepPower      float64   `json:"steep_power" help:"power of the gain that the rule steep pays; ours pays the square"`
	ItemTokens      float64   `json:"item_tokens" help:"tokens that the gain of an item is about"`
	Runs            int       `json:"runs" help:"runs with other seeds that results are the mean of"`
	Seed            uint64    `json:"seed" help:"seed of all randomness"`
}

// DefaultRules is a subnet that pays 30 TAO per epoch. Reference and tokens per item are chosen so that a model of 135 million
// parameters gains 3.5 nats on an item, about what the recorded answers of one did that docs/scoring.md speaks of.
func DefaultRules() *Rules {
	return &Rules{
		Owners: 32, Slots: 40, Validators: 3, Epochs: 90, Pays: []float64{10, 30, 90},
		Rules: []string{Ours, Steep, Strong, Rule22, Equal, Winner}, Compute: 0.2, Upkeep: 0.5, Server: 0.3, Tokens: 1e12,
		Reference: 4.9, StrongReference: 2.8, SteepPower: 4, ItemTokens: 1.5, Runs: 1, Seed: 1,
	}
}

// Name of the experiment.
func (r *Rules) Name() string { return "economy-rules" }

// About the experiment.
func (r *Rules) About() string {
	return `What rules of pay make of miners who follow their profit

Owners differ in skill, costs and capital. Each epoch some try a change and keep it if their profit rose: a larger or a smaller
model, another uid with a model of its own or with the same one, relaying the best paid answers of others (with noise, so that it
doesn't show), leaving, entering at the price of a registration. A model's loss follows from its size by the scaling law of
Hoffmann et al. 2022; what it costs is proportional to its size. Validators judge gains by the rule in question, and the
network's consensus turns their rows into pay.

The rules: ours (mechanism/text/score); steep, ours with a higher power of the gain; strong, ours with validators that have a
better reference model; 2022, the rule of that year; equal pay; winner takes all. The loss of a network is that of its answers
mixed by pay. All costs are made up: compare rules, don't forecast TAO. An epoch here has fewer rounds than a real one, with
averages that forget faster instead. Copy detection sees relays that say exactly what another says; with a nat of noise it does
not, and then they are paid.`
}

// Validate fails with sim.ErrConfig.
func (r *Rules) Validate() error {
	for _, name := range r.Rules {
		if name != Steep && name != Strong && !slices.Contains(ruleNames, name) {
			return fmt.Errorf("%w: rules has %q, want some of ours, steep, strong, 2022, equal, winner", sim.ErrConfig, name)
		}
	}
	if len(r.Rules) == 0 || len(r.Pays) == 0 {
		return fmt.Errorf("%w: %d rules and %d pays, want one or more of each", sim.ErrConfig, len(r.Rules), len(r.Pays))
	}
	all := append(r.market("").ranges(), sim.Within("epochs", 3, 100_000, float64(r.Epochs)), sim.Within("runs", 1, 1000, float64(r.Runs)),
		sim.Within("rent", 0, price.MaxUpkeep, float64(r.Rent)),
		sim.Within("tokens", 1e6, 1e18, r.Tokens), sim.Within("strong-reference", 1, 10, r.StrongReference), sim.Within("steep-power", 0.1, 10, r.SteepPower))
	for _, pay := range r.Pays {
		all = append(all, sim.Within("pays", 0.01, 1e6, pay))
	}
	return cmp.Or(all...)
}

func (m market) ranges() []error {
	return []error{
		sim.Within("owners", 2, 1000, float64(m.owners)),
		sim.Within("slots", 2, 256, float64(m.slots)),
		sim.Within("validators", 1, 64, float64(m.validators)),
		sim.Within("compute", 0, 1e6, m.compute),
		sim.Within("upkeep", 0, 1e6, m.upkeep),
		sim.Within("server", 0, 1e6, m.server),
		sim.Within("reference", 1, 10, m.reference),
		sim.Within("item-tokens", 0.1, 16, m.itemTokens),
	}
}

func (r *Rules) market(rule string) market {
	m := market{
		owners: r.Owners, slots: r.Slots, validators: r.Validators, rule: rule, gamma: 2, law: Hoffmann(r.Tokens), reference: r.Reference,
		itemTokens: r.ItemTokens, compute: r.Compute, upkeep: r.Upkeep, server: r.Server, rent: uint16(r.Rent), seed: r.Seed,
	}
	switch rule {
	case Steep:
		m.rule, m.gamma = Ours, r.SteepPower
	case Strong:
		m.rule, m.reference = Ours, r.StrongReference
	}
	return m
}

// outcome is what one rule made at one pay: means over the runs.
type outcome struct {
	end     Snapshot
	history []Snapshot
}

// Run plays every rule at every pay.
func (r *Rules) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	games := len(r.Rules) * len(r.Pays)
	played := make([][][]Snapshot, games*r.Runs)
	err := sim.Parallel(ctx, len(played), progress, func(i int) error {
		game, run := i/r.Runs, i%r.Runs
		m := r.market(r.Rules[game/len(r.Pays)])
		m.seed += uint64(run) * 1_000_003
		pay := []float64{r.Pays[game%len(r.Pays)]}
		var err error
		played[i], err = play(ctx, m, r.Epochs, func(int) []float64 { return pay })
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([][]outcome, len(r.Rules))
	for game := range games {
		var o outcome
		o.history = make([]Snapshot, r.Epochs)
		for _, h := range played[game*r.Runs : (game+1)*r.Runs] {
			o.end.add(mean(h, 0, r.Epochs*2/3), 1/float64(r.Runs))
			for e := range h {
				o.history[e].add(h[e][0], 1/float64(r.Runs))
			}
		}
		out[game/len(r.Pays)] = append(out[game/len(r.Pays)], o)
	}
	return r.report(out), nil
}
