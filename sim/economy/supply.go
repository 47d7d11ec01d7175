package economy

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// Supply looks at what miners do when a subnet's pay changes, and when a second subnet wants the same owners.
type Supply struct {
	Owners     int     `json:"owners" help:"people who may run miners"`
	Slots      int     `json:"slots" help:"uids for miners in each subnet"`
	Validators int     `json:"validators" help:"validators of each subnet, all honest"`
	Epochs     int     `json:"epochs" help:"epochs before the change, and again after it; the last half of these counts"`
	Pay        float64 `json:"pay" help:"TAO per epoch for all miners before the change"`
	Compute    float64 `json:"compute" help:"TAO per epoch that a model of a billion parameters costs"`
	Upkeep     float64 `json:"upkeep" help:"TAO per epoch that each distinct model costs whatever its size"`
	Server     float64 `json:"server" help:"TAO per epoch that each uid costs"`
	Power      float64 `json:"power" help:"power of the gain that is paid"`
	Reference  float64 `json:"reference" help:"loss of the validators' reference model, nats per token"`
	Strong     float64 `json:"strong_reference" help:"the same of a better one, to compare with"`
	Runs       int     `json:"runs" help:"runs with other seeds that results are the mean of"`
	Seed       uint64  `json:"seed" help:"seed of all randomness"`
}

// DefaultSupply begins with 15 TAO per epoch, at which owners are left for more.
func DefaultSupply() *Supply {
	d := DefaultRules()
	return &Supply{
		Owners: 40, Slots: 48, Validators: 2, Epochs: 50, Pay: 15, Compute: d.Compute, Upkeep: d.Upkeep, Server: d.Server, Power: 2,
		Reference: d.Reference, Strong: d.StrongReference, Runs: 2, Seed: 1,
	}
}

// Name of the experiment.
func (r *Supply) Name() string { return "economy-supply" }

// About the experiment.
func (r *Supply) About() string {
	return `What miners supply when a subnet pays twice as much, or half, or another subnet wants them

The owners of economy-rules, under our rule. After a while the pay doubles, or halves, or a second subnet begins to pay as much as
the first. Once more with validators that have a better reference model, since that decides how much more a larger model earns. The
elasticity of a quantity is its relative change per relative change of pay: 1 is in proportion, 0 not at all. It is taken against the
same world without the change, over the last half of the epochs after it.`
}

// Validate fails with sim.ErrConfig.
func (r *Supply) Validate() error {
	return cmp.Or(append(r.market().ranges(), sim.Within("epochs", 2, 100_000, float64(r.Epochs)), sim.Within("pay", 0.01, 1e6, r.Pay),
		sim.Within("power", 0.1, 10, r.Power), sim.Within("runs", 1, 1000, float64(r.Runs)),
		sim.Within("strong-reference", 1, 10, r.Strong))...)
}

func (r *Supply) market() market {
	d := DefaultRules()
	return market{
		owners: r.Owners, slots: r.Slots, validators: r.Validators, rule: Ours, gamma: r.Power, law: Hoffmann(d.Tokens), reference: r.Reference,
		itemTokens: d.ItemTokens, compute: r.Compute, upkeep: r.Upkeep, server: r.Server, seed: r.Seed,
	}
}

// scenario is the pay of each subnet before and after the change, in parts of Pay.
type scenario struct {
	name          string
	before, after []float64
	strong        bool // with the better reference
}

var scenarios = []scenario{
	{"unchanged", []float64{1}, []float64{1}, false},
	{"doubled", []float64{1}, []float64{2}, false},
	{"halved", []float64{1}, []float64{0.5}, false},
	{"alone", []float64{1, 0}, []float64{1, 0}, false},
	{"rival", []float64{1, 0}, []float64{1, 1}, false},
	{"strong", []float64{1}, []float64{1}, true},
	{"strong doubled", []float64{1}, []float64{2}, true},
}

// Run plays all scenarios.
func (r *Supply) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	played := make([][][]Snapshot, len(scenarios)*r.Runs)
	err := sim.Parallel(ctx, len(played), progress, func(i int) error {
		s, m := scenarios[i/r.Runs], r.market()
		m.seed += uint64(i%r.Runs) * 1_000_003
		if s.strong {
			m.reference = r.Strong
		}
		var err error
		played[i], err = play(ctx, m, 2*r.Epochs, func(e int) []float64 {
			parts := s.before
			if e >= r.Epochs {
				parts = s.after
			}
			pays := make([]float64, len(parts))
			for k := range pays {
				pays[k] = parts[k] * r.Pay
			}
			return pays
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.report(played), nil
}

func (r *Supply) report(played [][][]Snapshot) *sim.Report {
	ends := make([][]Snapshot, len(scenarios)) // by scenario and subnet
	for i, s := range scenarios {
		ends[i] = make([]Snapshot, len(s.after))
		for k := range s.after {
			for _, h := range played[i*r.Runs : (i+1)*r.Runs] {
				ends[i][k].add(mean(h, k, r.Epochs*3/2), 1/float64(r.Runs))
			}
		}
	}
	return &sim.Report{
		Name: r.Name(), Title: "What miners supply when the pay changes", Params: r, Numbers: supplied(ends),
		Tables: []sim.Table{r.table(ends)}, Figures: []figure.Figure{r.figure(played)},
	}
}

// supplied are the numbers of the ends of all scenarios, by scenario and subnet.
func supplied(ends [][]Snapshot) []sim.Number {
	same, twice, half, alone, rival, strong, strongTwice := ends[0][0], ends[1][0], ends[2][0], ends[3][0], ends[4], ends[5][0], ends[6][0]
	var out []sim.Number
	for _, q := range []struct {
		name, about string
		of          func(Snapshot) float64
		least       *float64
	}{
		{"uids", "number of uids", func(s Snapshot) float64 { return s.UIDs }, sim.Bound(0)},
		{"models", "number of distinct models", func(s Snapshot) float64 { return s.Models }, nil},
		{"size", "size of models, mean weighted by pay", func(s Snapshot) float64 { return s.Size }, nil},
		{"compute", "parameters of all distinct models together", func(s Snapshot) float64 { return s.Served }, nil},
	} {
		up, down := elasticity(q.of(same), q.of(twice), 2), elasticity(q.of(same), q.of(half), 0.5)
		out = append(out,
			sim.Number{Name: "elasticity-" + q.name + "-doubled", About: "elasticity of the " + q.about + " when the pay doubles", Value: up, AtLeast: q.least},
			sim.Number{Name: "elasticity-" + q.name + "-halved", About: "elasticity of the " + q.about + " when the pay halves", Value: down},
			sim.Number{
				Name: "elasticity-" + q.name + "-strong", About: "elasticity of the " + q.about + " when the pay doubles and validators have the better reference",
				Value: elasticity(q.of(strong), q.of(strongTwice), 2), Before: sim.Bound(up),
			})
	}
	gained := sim.Round(same.Mixture - twice.Mixture)
	return append(out,
		sim.Number{Name: "loss-gained-doubled", About: "by how much the loss falls when the pay doubles", Value: gained, Unit: "nats/token"},
		sim.Number{
			Name: "loss-gained-strong", About: "the same with the better reference", Value: sim.Round(strong.Mixture - strongTwice.Mixture), Unit: "nats/token",
			Before: sim.Bound(gained),
		},
		sim.Number{Name: "loss-lost-halved", About: "by how much the loss rises when the pay halves", Value: sim.Round(half.Mixture - same.Mixture), Unit: "nats/token"},
		sim.Number{
			Name: "rival-drain", About: "part of the first subnet's uids that it loses to a second one of equal pay", Value: sim.Round(1 - ratio(rival[0].UIDs, alone.UIDs)),
			AtMost: sim.Bound(0.8),
		},
		sim.Number{
			Name: "rival-total", About: "uids of both subnets over those of the first one alone", Value: sim.Round(ratio(rival[0].UIDs+rival[1].UIDs, alone.UIDs)),
			AtLeast: sim.Bound(1),
		})
}

func (r *Supply) table(ends [][]Snapshot) sim.Table {
	t := sim.Table{
		Name: "economy-supply", Title: "Subnets after a change of pay",
		Columns: []string{
			"scenario", "subnet", "pay after, TAO per epoch", "uids", "distinct models", "mean size, million parameters",
			"all distinct models, million parameters", "loss of the mixture, nats/token", "share of pay to copies", "profit, TAO per epoch",
		},
	}
	for i, s := range scenarios {
		for k, e := range ends[i] {
			t.Add(s.name, k+1, s.after[k]*r.Pay, math.Round(e.UIDs*10)/10, math.Round(e.Models*10)/10, math.Round(e.Size/1e6), math.Round(e.Served/1e6),
				sim.Round(e.Mixture), sim.Round(e.Copies), sim.Round(e.Profit))
		}
	}
	return t
}

// elasticity is the relative change of a quantity per relative change of pay, in logarithms; 0 if there is nothing to compare.
func elasticity(before, after, factor float64) float64 {
	if before <= 0 || after <= 0 {
		return 0
	}
	return sim.Round(math.Log(after/before) / math.Log(factor))
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func (r *Supply) figure(played [][][]Snapshot) figure.Figure {
	f := figure.Figure{
		Name: "economy-supply", Title: "Parameters that a subnet's miners serve", X: "epoch", Y: "billion parameters of distinct models",
		Caption: fmt.Sprintf("The pay changes in epoch %d. All runs of one seed are the same until then, but for those with a second subnet.", r.Epochs),
	}
	const window = 5
	for i, s := range scenarios {
		line := figure.Series{Label: s.name, Kind: figure.Line}
		for from := 0; from < 2*r.Epochs; from += window {
			to := min(from+window, 2*r.Epochs)
			sum := 0.0
			for _, h := range played[i*r.Runs : (i+1)*r.Runs] {
				for e := from; e < to; e++ {
					sum += h[e][0].Served
				}
			}
			line.X = append(line.X, float64(from+to-1)/2)
			line.Y = append(line.Y, sim.Round(sum/1e9/float64((to-from)*r.Runs)))
		}
		f.Series = append(f.Series, line)
	}
	return f
}
