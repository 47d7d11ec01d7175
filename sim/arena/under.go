package arena

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/yuma"
)

// Under is the experiment in which one validator bends its row to move one miner's pay.
type Under struct {
	Seed       uint64    `json:"seed" help:"of all randomness"`
	Validators int       `json:"validators" help:"the attacker is one of them"`
	Miners     int       `json:"miners" help:"of qualities from 1 to 3"`
	Noise      float64   `json:"noise" help:"standard deviation of a validator's measure of a miner, as a share of its quality"`
	Stakes     []float64 `json:"stakes" help:"shares of stake of the attacker"`
	Searches   int       `json:"searches" help:"random rows, and steps of the search along coordinates, per target"`
}

// NewUnder returns the experiment with the parameters that tests hold to their bounds.
func NewUnder() *Under {
	return &Under{Seed: 1, Validators: 30, Miners: 24, Noise: 0.1, Stakes: []float64{0.001, 0.01, 0.05, 0.1}, Searches: 60}
}

// Name of the experiment.
func (x *Under) Name() string { return "under-weighting" }

// About the experiment.
func (x *Under) About() string {
	return `What one small validator can do to one miner's pay

Consensus clips weights above it and leaves those below alone, so a validator may weigh a miner less than it deserves, or
leave it out, without being clipped. For each miner and either direction the attacker tries rows: leave it out, weigh nobody else,
random rows, and a search along coordinates from the best of these. The numbers are the largest relative changes of any miner's
incentive against what it gets if the attacker says what it measured.

An attacker of stake s moves a miner by its own votes, s or s/(1-s), and by the shift of the median, which is the larger the more
the others disagree and the fewer they are: with few voters of equal stake the median steps from one vote to the next.
The last numbers are the dividends per stake of an attacker of 10 %, against its honest self, if it keeps to the rows that harm most,
under both kinds of bonds with and without the bonds penalty; and the most that any row found pays it.`
}

// Validate the parameters.
func (x *Under) Validate() error {
	return cmp.Or(counts("validators", x.Validators, 3), counts("miners", x.Miners, 2), counts("searches", x.Searches, 1),
		sim.Within("noise", 0, 1, x.Noise), sim.Within("stakes", 0.0001, 0.49, x.Stakes...))
}

// ballot is an epoch in which uid 0 may vote anything: honest rows of the others stay. Bonds follow weights at once, which is what
// they come to where rows stay the same.
type ballot struct {
	in    yuma.Input
	out   yuma.Output
	work  yuma.Workspace
	first int
	truth []float64 // what the attacker measured, per uid
	pay   []float64 // incentive per uid after vote
	own   float64   // its share of dividends after vote
}

func (x *Under) ballot(stake float64, change func(*yuma.Params)) (*ballot, error) {
	c := Config{Params: DefaultParams(), Quality: Levels(x.Miners, 1, 3), Noise: x.Noise, Seed: x.Seed}
	c.Params.BondsMovingAverage = 0
	c.Params.MaxValidators = uint16(min(x.Validators, math.MaxUint16))
	if change != nil {
		change(&c.Params)
	}
	c.Seats = append([]Seat{{Stake: gotensor.Rao(stake * 1e15), Strategy: Honest{}}},
		Seats(x.Validators-1, gotensor.Rao((1-stake)/float64(x.Validators-1)*1e15), Honest{})...)
	w, err := New(c)
	if err != nil {
		return nil, err
	}
	for range 2 {
		if err := w.Step(); err != nil {
			return nil, err
		}
	}
	b := &ballot{in: w.in, first: x.Validators, truth: make([]float64, w.n), pay: make([]float64, w.n)}
	for k, uid := range w.in.Weights[0].UIDs {
		b.truth[uid] = float64(w.in.Weights[0].Values[k])
	}
	return b, nil
}

// vote computes what the epoch pays if the attacker sends this row.
func (b *ballot) vote(row []float64) error {
	PackRow(&b.in.Weights[0], row)
	if err := b.work.Epoch(&b.in, &b.out); err != nil {
		return err
	}
	dividends := make([]float64, len(b.pay))
	share(b.pay, b.out.ServerEmission)
	share(dividends, b.out.ValidatorEmission)
	b.own = dividends[0]
	return nil
}

// search returns the row that makes score largest, of those tried.
func (b *ballot) search(target, steps int, r *rand.Rand, score func() float64) (top float64, row []float64, err error) {
	try := func(candidate []float64) error {
		if err := b.vote(candidate); err != nil {
			return err
		}
		if s := score(); s > top || row == nil {
			top, row = s, slices.Clone(candidate)
		}
		return nil
	}
	out, only := slices.Clone(b.truth), make([]float64, len(b.truth))
	out[target], only[target] = 0, 1
	for _, candidate := range [][]float64{b.truth, out, only} {
		if err := try(candidate); err != nil {
			return 0, nil, err
		}
	}
	candidate := make([]float64, len(b.truth))
	for range steps {
		for uid := b.first; uid < len(candidate); uid++ {
			candidate[uid] = b.truth[uid] * math.Exp(2*r.NormFloat64())
		}
		if err := try(candidate); err != nil {
			return 0, nil, err
		}
	}
	for range steps {
		copy(candidate, row)
		uid := b.first + r.IntN(len(candidate)-b.first)
		candidate[uid] *= []float64{0, 0.5, 0.9, 1.1, 2, 5}[r.IntN(6)]
		if err := try(candidate); err != nil {
			return 0, nil, err
		}
	}
	return top, row, nil
}

// reach is what an attacker of a stake can do.
type reach struct {
	up, down float64   // largest relative changes of a miner's incentive
	worst    []float64 // the row of the larger one
}

func (x *Under) reach(stake float64) (reach, error) {
	b, err := x.ballot(stake, nil)
	if err != nil {
		return reach{}, err
	}
	if err := b.vote(b.truth); err != nil {
		return reach{}, err
	}
	fair := slices.Clone(b.pay)
	var out reach
	r := stream(x.Seed, 1)
	for target := b.first; target < len(fair); target++ {
		for _, sign := range []float64{1, -1} {
			top, row, err := b.search(target, x.Searches, r, func() float64 { return sign * (b.pay[target]/fair[target] - 1) })
			if err != nil {
				return reach{}, err
			}
			if top > max(out.up, out.down) {
				out.worst = row
			}
			if sign > 0 {
				out.up = max(out.up, top)
			} else {
				out.down = max(out.down, top)
			}
		}
	}
	return out, nil
}

// mode is a kind of bonds.
type mode struct {
	name   string
	change func(*yuma.Params)
}

func modes() []mode {
	return []mode{
		{"yuma3", nil},
		{"yuma3-no-penalty", func(p *yuma.Params) { p.BondsPenalty = 0 }},
		{"classic", func(p *yuma.Params) { p.Yuma3 = false }},
		{"classic-no-penalty", func(p *yuma.Params) { p.Yuma3, p.BondsPenalty = false, 0 }},
	}
}

// income is what rows pay the attacker, against its honest self.
type income struct{ harm, omit, most float64 }

func (x *Under) income(stake float64, worst []float64, m mode) (income, error) {
	b, err := x.ballot(stake, m.change)
	if err != nil {
		return income{}, err
	}
	if err := b.vote(b.truth); err != nil {
		return income{}, err
	}
	honest := b.own
	if err := b.vote(worst); err != nil {
		return income{}, err
	}
	out := income{harm: b.own / honest}
	r := stream(x.Seed, 2)
	for target := b.first; target < len(worst); target++ {
		without := slices.Clone(b.truth)
		without[target] = 0
		if err := b.vote(without); err != nil {
			return income{}, err
		}
		out.omit = max(out.omit, b.own/honest)
		top, _, err := b.search(target, x.Searches, r, func() float64 { return b.own / honest })
		if err != nil {
			return income{}, err
		}
		out.most = max(out.most, top)
	}
	return out, nil
}

// Run searches for all stakes and kinds of bonds.
func (x *Under) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := x.Validate(); err != nil {
		return nil, err
	}
	reaches, incomes := make([]reach, len(x.Stakes)), make([]income, len(modes()))
	all := len(reaches) + len(incomes)
	stage := func(from int) sim.Progress {
		return func(done, _ int) {
			if progress != nil {
				progress(from+done, all)
			}
		}
	}
	err := sim.Parallel(ctx, len(reaches), stage(0), func(i int) (err error) {
		reaches[i], err = x.reach(x.Stakes[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	last := len(reaches) - 1
	err = sim.Parallel(ctx, len(incomes), stage(len(reaches)), func(i int) (err error) {
		incomes[i], err = x.income(x.Stakes[last], reaches[last].worst, modes()[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return x.report(reaches, incomes), nil
}

// UnderBound is f(s): a bound on the relative change of any miner's incentive by one validator of the stake share s, where there are enough
// others and they disagree by the noise given. The first part are its own votes, the second the step and the shift of the median.
func UnderBound(s, noise float64, validators int) float64 {
	others := (1 - s) / float64(validators-1)
	return s/(1-s) + 8*noise*(s+others)
}

func (x *Under) report(reaches []reach, incomes []income) *sim.Report {
	out := &sim.Report{Name: x.Name(), Title: "Under-weighting", Params: x}
	table := sim.Table{Name: "under-weighting", Title: "Largest change of a miner's incentive by one validator", Columns: []string{"stake", "up", "down", "bound"}}
	var up, down, bound []float64
	for i, r := range reaches {
		s := x.Stakes[i]
		f := UnderBound(s, x.Noise, x.Validators)
		table.Add(sim.Round(s), sim.Round(r.up), sim.Round(r.down), sim.Round(f))
		up, down, bound = append(up, r.up), append(down, r.down), append(bound, f)
		for _, n := range []struct {
			name  string
			value float64
		}{{"up", r.up}, {"down", r.down}} {
			out.Numbers = append(out.Numbers, sim.Number{
				Name: n.name + "-" + percent(s), About: fmt.Sprintf("largest relative change of a miner's incentive, %s, by a validator of %s %% of stake", n.name, percent(s)),
				Value: sim.Round(n.value), AtMost: sim.Bound(sim.Round(f)),
			})
		}
	}
	own := sim.Table{
		Name: "under-weighting-income", Title: "Dividends per stake of the attacker against its honest self",
		Columns: []string{"bonds", "with the row that harms most", "leaving one miner out, at best", "with the row that pays it most"},
	}
	for i, m := range modes() {
		own.Add(m.name, sim.Round(incomes[i].harm), sim.Round(incomes[i].omit), sim.Round(incomes[i].most))
		out.Numbers = append(out.Numbers,
			sim.Number{
				Name: "income-" + m.name, About: "dividends of the attacker with the row that harms most, against its honest self, bonds: " + m.name,
				Value: sim.Round(incomes[i].harm), AtMost: sim.Bound(1),
			},
			sim.Number{
				Name: "most-" + m.name, About: "dividends of the attacker with the row found that pays it most, against its honest self, bonds: " + m.name,
				Value: sim.Round(incomes[i].most), AtMost: sim.Bound(1.04),
			})
	}
	out.Tables = append(out.Tables, table, own)
	out.Figures = append(out.Figures, figure.Figure{
		Name: "under-weighting", Title: "What one validator can do to one miner", X: "share of stake", Y: "relative change of incentive", LogX: true,
		Caption: "Whatever its row, a validator moves a miner by about its own share of the votes.",
		Series: []figure.Series{
			line("up", figure.Line, x.Stakes, up), line("down", figure.Line, x.Stakes, down), line("bound", figure.Dashed, x.Stakes, bound),
		},
	})
	return out
}
