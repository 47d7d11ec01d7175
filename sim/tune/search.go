package tune

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/sim"
)

// Search looks for hyperparameters.
type Search struct {
	Samples int `json:"samples" help:"points spread over the ranges at first"`
	Steps   int `json:"steps" help:"rounds of refinement around the best points"`
	Width   int `json:"width" help:"points of each round of refinement"`

	WeightRetention   float64 `json:"weight_retention" help:"how much retention counts in the goal; 0: not at all"`
	WeightCopier      float64 `json:"weight_copier" help:"the same of a weight copier's earnings"`
	WeightRecognition float64 `json:"weight_recognition" help:"of the time to recognise a new good miner"`
	WeightRamp        float64 `json:"weight_ramp" help:"of the time until a new validator earns its share"`
	WeightCabal       float64 `json:"weight_cabal" help:"of what a cabal takes"`
	WeightError       float64 `json:"weight_error" help:"of the pay that goes to the wrong miners"`
	WeightLuck        float64 `json:"weight_luck" help:"of the spread among equal validators"`

	MaxRetention   float64 `json:"max_retention" help:"largest honest weight needed that is allowed; 0: any"`
	MaxCopier      float64 `json:"max_copier" help:"most that a copier may earn per stake, over the honest; 0: any"`
	MaxRecognition float64 `json:"max_recognition" help:"most hours until a new miner is recognised; 0: any"`
	MaxRamp        float64 `json:"max_ramp" help:"most hours until a new validator earns its share; 0: any"`
	MaxCabal       float64 `json:"max_cabal" help:"most that a cabal of 40 % may take over its stake; 0: any"`
	MaxError       float64 `json:"max_error" help:"largest part of the pay to the wrong miners; 0: any"`
	MaxLuck        float64 `json:"max_luck" help:"largest spread among equal validators; 0: any"`

	FixKappa      float64 `json:"fix_kappa" help:"kappa that is not searched, since governance alone sets it; 0: search"`
	ShortestTempo float64 `json:"shortest_tempo" help:"minutes"`
	LongestTempo  float64 `json:"longest_tempo" help:"minutes"`
	Validators    int     `json:"validators" help:"honest validators of the games"`
	Miners        int     `json:"miners" help:"miners of the games"`
	Hours         float64 `json:"hours" help:"that a game lasts; at least 24 epochs and at most 400"`
	Noise         float64 `json:"noise" help:"spread of a validator's measure of a miner in one round (a minute), relative"`
	Drift         float64 `json:"drift" help:"how far miners' quality moves in 72 minutes, relative"`
	Grid          int     `json:"grid" help:"points of each axis of the retention map"`
	Repeats       int     `json:"repeats" help:"of the copier's game with other randomness"`
	Seed          uint64  `json:"seed" help:"seed of all randomness"`
}

// Default searches for the three goals that a subnet's owner is asked for first, among points at which neither copying nor a
// cabal pays.
func Default() *Search {
	return &Search{
		Samples: 48, Steps: 3, Width: 12, WeightRetention: 1, WeightCopier: 1, WeightRecognition: 1, MaxCopier: 1, MaxCabal: 1,
		ShortestTempo: 18, LongestTempo: 288, Validators: 10, Miners: 16, Hours: 48, Noise: 0.15, Drift: 0.05, Grid: 11, Repeats: 2, Seed: 1,
	}
}

// Name of the experiment.
func (r *Search) Name() string { return "tune" }

// About the experiment.
func (r *Search) About() string {
	return `Search a subnet's hyperparameters for what its owner wants

Points are tried all over the ranges of tempo, kappa, bonds penalty, bonds moving average, Yuma3 or classic bonds and liquid
alpha; then more around the best. Each point plays the two-team map (sim retention) and, in the arena, a weight copier
among honest validators while miners' quality moves (once bonds have settled), a new miner and a new validator, and a cabal of 40 % of the stake. Seven
worths come out; less is better in each. Weights say which are wanted; a point's score is the mean of its wanted worths over those
of the chain's defaults, so that 1 is as good as the defaults. Limits (max_...) rule points out.

The front are the points that no other one beats in all that is wanted. The field "recommended" of the JSON form lists the
point with the best score as names and integers in the units of the chain's schema, as SetHyperparameter takes them. Kappa can be
set by governance alone: fix_kappa leaves it. The map of retention is of one epoch from no bonds: only kappa and the penalty move it.`
}

func (r *Search) weights() [goals]float64 {
	return [goals]float64{r.WeightRetention, r.WeightCopier, r.WeightRecognition, r.WeightRamp, r.WeightCabal, r.WeightError, r.WeightLuck}
}

func (r *Search) limits() [goals]float64 {
	return [goals]float64{r.MaxRetention, r.MaxCopier, r.MaxRecognition, r.MaxRamp, r.MaxCabal, r.MaxError, r.MaxLuck}
}

// wanted are the goals with a weight.
func (r *Search) wanted() []int {
	var out []int
	for g, w := range r.weights() {
		if w > 0 {
			out = append(out, g)
		}
	}
	return out
}

// Validate fails with sim.ErrConfig.
func (r *Search) Validate() error {
	all := []error{
		sim.Within("samples", 2, 100_000, float64(r.Samples)),
		sim.Within("steps", 0, 1000, float64(r.Steps)),
		sim.Within("width", 1, 10_000, float64(r.Width)),
		sim.Within("shortest-tempo", 1, 1440, r.ShortestTempo),
		sim.Within("longest-tempo", r.ShortestTempo, 1440, r.LongestTempo),
		sim.Within("validators", 2, 64, float64(r.Validators)),
		sim.Within("miners", 4, 512, float64(r.Miners)),
		sim.Within("hours", 1, 10_000, r.Hours),
		sim.Within("noise", 0, 10, r.Noise),
		sim.Within("drift", 0, 1, r.Drift),
		sim.Within("grid", 2, 101, float64(r.Grid)),
		sim.Within("repeats", 1, 1000, float64(r.Repeats)),
		sim.Within("fix-kappa", 0, 1, r.FixKappa),
	}
	for g, w := range r.weights() {
		all = append(all, sim.Within("weight-"+goalNames[g], 0, 1e6, w), sim.Within("max-"+goalNames[g], 0, 1e6, r.limits()[g]))
	}
	if err := cmp.Or(all...); err != nil {
		return err
	}
	if len(r.wanted()) == 0 {
		return fmt.Errorf("%w: all weights are 0, want one above it", sim.ErrConfig)
	}
	return nil
}

// Run searches.
func (r *Search) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	w := &world{
		validators: r.Validators, miners: r.Miners, hours: r.Hours, noise: r.Noise, drift: r.Drift, grid: r.Grid, repeats: r.Repeats, seed: r.Seed,
	}
	rng := rand.New(rand.NewPCG(r.Seed, 21))
	total := 1 + r.Samples + r.Steps*r.Width
	all := []candidate{{point: Defaults(), name: "defaults", place: [dims]float64{0.5, 0.5, 1, 0.84, 1, 0, 0.69, 0.68}}}
	for _, u := range hypercube(r.Samples, rng) {
		all = append(all, r.candidate(u))
	}
	measure := func(from int) error {
		shown := func(done, _ int) {
			if progress != nil {
				progress(from+done, total)
			}
		}
		return sim.Parallel(ctx, len(all)-from, shown, func(i int) error {
			var err error
			all[from+i].worth, err = w.measure(ctx, all[from+i].point)
			return err
		})
	}
	if err := measure(0); err != nil {
		return nil, err
	}
	for step := range r.Steps {
		from := len(all)
		parents := r.best(all, max(2, r.Width/3))
		for k := range r.Width {
			all = append(all, r.candidate(near(all[parents[k%len(parents)]].place, 0.2/float64(step+1), rng)))
		}
		if err := measure(from); err != nil {
			return nil, err
		}
	}
	return r.report(all), nil
}

func (r *Search) candidate(u [dims]float64) candidate {
	p := at(u, r.ShortestTempo, r.LongestTempo)
	if r.FixKappa > 0 {
		p.Kappa = r.FixKappa
	}
	return candidate{place: u, point: p}
}

// score is the mean of the wanted worths over those of the defaults, and by how much limits are broken, relative.
func (r *Search) score(c, defaults worth) (score, broken float64) {
	sum := 0.0
	for g, w := range r.weights() {
		if defaults[g] > 0 {
			score += w * c[g] / defaults[g]
		}
		sum += w
		if limit := r.limits()[g]; limit > 0 {
			broken += max(0, c[g]/limit-1)
		}
	}
	return score / sum, broken
}

// best are the n best candidates: first those that keep the limits, by score; then the others, by how little they break them. The first
// of all is the defaults.
func (r *Search) best(all []candidate, n int) []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		sa, ba := r.score(all[a].worth, all[0].worth)
		sb, bb := r.score(all[b].worth, all[0].worth)
		switch {
		case ba < bb || ba == bb && sa < sb:
			return -1
		case ba > bb || sa > sb:
			return 1
		}
		return 0
	})
	return order[:min(n, len(order))]
}
