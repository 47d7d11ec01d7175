package arena

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/yuma"
)

// Copying is the experiment in which a validator copies others instead of judging.
type Copying struct {
	Seed       uint64    `json:"seed" help:"of all randomness"`
	Validators int       `json:"validators" help:"the copier is one of them"`
	Miners     int       `json:"miners" help:"of qualities from 1 to 3"`
	Epochs     int       `json:"epochs" help:"played; the first 60 are not measured"`
	Repeats    int       `json:"repeats" help:"of each game with other randomness"`
	Noise      float64   `json:"noise" help:"standard deviation of a validator's own measure of a miner, as a share of its quality"`
	Drifts     []float64 `json:"drifts" help:"how far miners' quality moves per epoch, as a share of it: the longer the tempo the more"`
	Stakes     []float64 `json:"stakes" help:"shares of stake of the copier"`
	Shared     []float64 `json:"shared" help:"further standard deviations that all who ask have in common in a period, from questions of one shard"`
	Strata     int       `json:"strata" help:"whose weights a beacon draws anew each period, in the counter that rotates them"`
	Spread     float64   `json:"spread" help:"by how much this rotation moves a miner's quality"`
}

// NewCopying returns the experiment with the parameters that tests hold to their bounds.
func NewCopying() *Copying {
	return &Copying{
		Seed: 1, Validators: 20, Miners: 30, Epochs: 160, Repeats: 2, Noise: 0.1,
		Drifts: []float64{0, 0.05, 0.1, 0.2, 0.4}, Stakes: []float64{0.01, 0.1}, Shared: []float64{0.1, 0.2, 0.4}, Strata: 8, Spread: 0.2,
	}
}

// Name of the experiment.
func (x *Copying) Name() string { return "copying" }

// About the experiment.
func (x *Copying) About() string {
	return `A validator that copies others and asks nobody

It commits what it can make of the rows it sees: the weight that a majority supports, the mean of the rows in force, or the mean
and its trend. The number is its dividends per stake against those of honest validators, for the best of the three: above 1
copying pays better than judging, below 1 worse. The tempo is how much the quality of miners moves per epoch. Before: weights in
the open, where the copier sets its row last and sees all others of the same epoch.

Commit and reveal makes a copy a period old. That costs the copier what miners moved in a period; it costs honest validators nothing,
but their own noise does: each measures alone, and what exceeds consensus is clipped, while a copied consensus is never clipped.
Where miners stand still a copier therefore earns a little more than those it copies, about a quarter of their noise, and no rule
of commit and reveal changes that. It also saves the work.

Counters are played against static miners: questions of one shard of text per period, whose luck all who ask have in common and
no copier can know in time; a beacon that weighs strata anew, with a copier that learns the table of strata and miners from what
is revealed; other bonds. The table shows what each leaves to the copier and how much a miner's mean pay over 20 epochs varies
by it. What can be learnt from old rows does not stop a copier. Only what this period's questions alone tell costs it something, at a
price in noise, and it needs text that miners cannot know either. That is built: the text mechanism's setting shard, off by default,
whose places follow from the hash of the boundary's block. The number static-shared is the copier with it, its Before the copier
without. Without the bonds penalty a copier earns what the honest earn, but honest majorities then need more agreement (see
retention). So with static miners and no shard a patient copier keeps nearly all of its pay, and what can be done at no price is to
measure well: the less honest validators differ, the less copying is better than judging.`
}

// Validate the parameters.
func (x *Copying) Validate() error {
	return cmp.Or(counts("validators", x.Validators, 3), counts("miners", x.Miners, 2), counts("epochs", x.Epochs, warmup+20), counts("repeats", x.Repeats, 1),
		counts("strata", x.Strata, 2), sim.Within("noise", 0, 1, x.Noise), sim.Within("drifts", 0, 1, x.Drifts...), sim.Within("stakes", 0.001, 0.49, x.Stakes...),
		sim.Within("shared", 0, 2, x.Shared...), sim.Within("spread", 0, 1, x.Spread))
}

// warmup are the epochs until bonds settle: a copier's start a period later than those of others.
const warmup = 60

// defence is what a subnet does against copiers.
type defence struct {
	name    string
	params  func(*yuma.Params)
	shared  float64 // standard deviation that all who ask have in common
	rotate  bool
	learns  bool    // the copier learns what the beacon's weights mean
	patient float64 // part of a running mean that honest validators keep
	number  string  // of the report, if it is one, and its bound
	most    float64
}

// copyGame is a way to copy in one world.
type copyGame struct {
	how          string
	stake, drift float64
	open         bool
	defence
	ratio float64 // copier's dividends per stake, honest validators' are 1
	pay   float64 // standard deviation of a miner's mean pay over 20 epochs, relative
}

func (x *Copying) play(ctx context.Context, g *copyGame) error {
	for r := range x.Repeats {
		w, err := x.world(g, x.Seed+uint64(r))
		if err != nil {
			return err
		}
		if err := w.Run(ctx, x.Epochs); err != nil {
			return err
		}
		g.ratio += w.PerStake(warmup, x.Epochs, []int{0}, UIDs(1, x.Validators)) / float64(x.Repeats)
		g.pay += payNoise(w, Levels(x.Miners, 1, 3)) / float64(x.Repeats)
	}
	return nil
}

func (x *Copying) world(g *copyGame, seed uint64) (*World, error) {
	c := Config{Params: DefaultParams(), Quality: Levels(x.Miners, 1, 3), Open: g.open, Seed: seed}
	c.Params.MaxValidators = uint16(min(x.Validators, math.MaxUint16))
	if g.params != nil {
		g.params(&c.Params)
	}
	if c.Noise = math.Hypot(x.Noise, g.shared); c.Noise > 0 {
		c.Common = g.shared * g.shared / (c.Noise * c.Noise)
	}
	if g.drift > 0 {
		c.Move = Drift(g.drift)
	}
	cheat := &copier{how: g.how}
	if g.rotate {
		o := newRotation(c.Quality, x.Strata, x.Spread, seed)
		c.Change = o.change
		if g.learns {
			cheat.knows = newLesson(o, x.Validators+x.Miners)
		}
	}
	c.Seats = append([]Seat{{Stake: gotensor.Rao(g.stake * 1e15), Strategy: cheat, Late: true}},
		Seats(x.Validators-1, gotensor.Rao((1-g.stake)/float64(x.Validators-1)*1e15), Honest{})...)
	if g.patient > 0 {
		for i := range c.Seats[1:] {
			c.Seats[1+i].Strategy = &Patient{Keep: g.patient}
		}
	}
	return New(c)
}

// payNoise is the standard deviation of miners' mean incentive over 20 epochs around their share of what quality is on average,
// relative to it.
func payNoise(w *World, quality []float64) float64 {
	const span = 20
	all, sum, n := total(quality), 0.0, 0
	for e := warmup; e+span <= w.Past.Len(); e += span {
		for k, q := range quality {
			d := w.Past.Incentives(e, e+span, []int{w.Past.First + k})/(q/all) - 1
			sum += d * d
			n++
		}
	}
	return math.Sqrt(sum / float64(n))
}

// defences are those that are played against static miners; the first is none.
func (x *Copying) defences() []defence {
	out := []defence{{name: "none"}}
	for _, s := range x.Shared {
		out = append(out, defence{name: fmt.Sprintf("shared shard, %s %%", percent(s)), shared: s})
	}
	out[1].number, out[1].most = "shared", 0.99
	return append(out,
		defence{name: "rotation of strata", rotate: true},
		defence{name: "rotation, copier learns", rotate: true, learns: true, number: "rotation-learnt", most: 1.05},
		defence{name: "honest keep running means", patient: 0.8, number: "running-means", most: 1.03},
		defence{name: "running means, shared shard", patient: 0.8, shared: x.Shared[0]},
		defence{name: "liquid alpha", params: func(p *yuma.Params) { p.Liquid.Enabled = true }},
		defence{name: "bonds forget half an epoch", params: func(p *yuma.Params) { p.BondsMovingAverage = 500_000 }},
		defence{name: "bonds keep 95 %", params: func(p *yuma.Params) { p.BondsMovingAverage = 950_000 }},
		defence{name: "classic bonds", params: func(p *yuma.Params) { p.Yuma3 = false }},
		defence{name: "half the bonds penalty", params: func(p *yuma.Params) { p.BondsPenalty = math.MaxUint16 / 2 }},
		defence{name: "no bonds penalty", number: "no-penalty", most: 1.01, params: func(p *yuma.Params) { p.BondsPenalty = 0 }},
		defence{name: "no penalty, liquid alpha", params: func(p *yuma.Params) { p.BondsPenalty, p.Liquid.Enabled = 0, true }},
		defence{name: "no penalty, shared shard", shared: x.Shared[0], params: func(p *yuma.Params) { p.BondsPenalty = 0 }},
	)
}

// Run plays all ways to copy at all tempos, then all counters.
func (x *Copying) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := x.Validate(); err != nil {
		return nil, err
	}
	var games []copyGame
	for _, stake := range x.Stakes {
		for _, drift := range x.Drifts {
			for _, open := range []bool{false, true} {
				for _, how := range Copiers {
					games = append(games, copyGame{how: how, stake: stake, drift: drift, open: open})
				}
			}
		}
	}
	tempos := len(games)
	for _, d := range x.defences() {
		for _, how := range Copiers {
			games = append(games, copyGame{how: how, stake: x.Stakes[0], defence: d})
		}
	}
	if err := sim.Parallel(ctx, len(games), progress, func(i int) error { return x.play(ctx, &games[i]) }); err != nil {
		return nil, err
	}
	out := &sim.Report{Name: x.Name(), Title: "Weight copying", Params: x}
	x.reportTempos(out, games[:tempos])
	x.reportDefences(out, games[tempos:])
	return out, nil
}

// best is the game of the best of the ways to copy.
func best(games []copyGame) copyGame {
	out := games[0]
	for _, g := range games {
		if g.ratio > out.ratio {
			out = g
		}
	}
	return out
}

func (x *Copying) reportTempos(out *sim.Report, games []copyGame) {
	table := sim.Table{
		Name: "copying", Title: "Dividends per stake of a copier, honest validators' are 1",
		Columns: []string{"stake", "drift per epoch", "weights", "copies", "ratio"},
	}
	chart := figure.Figure{
		Name: "copying-tempo", Title: "What a copier earns per stake", X: "drift of miners' quality per epoch", Y: "against honest validators", Rules: []float64{1},
		Caption: "In the open a copier always does better than those it copies. Hidden rows cost it what miners move in a period.",
	}
	for s, stake := range x.Stakes {
		var hidden, open []float64
		for d, drift := range x.Drifts {
			group := games[(s*len(x.Drifts)+d)*2*len(Copiers):][:2*len(Copiers)]
			for _, g := range group {
				weights := "hidden"
				if g.open {
					weights = "open"
				}
				table.Add(sim.Round(stake), sim.Round(drift), weights, g.how, sim.Round(g.ratio))
			}
			with, without := best(group[:len(Copiers)]).ratio, best(group[len(Copiers):]).ratio
			hidden, open = append(hidden, with), append(open, without)
			out.Numbers = append(out.Numbers, sim.Number{
				Name:  fmt.Sprintf("ratio-%s-drift-%s", percent(stake), percent(drift)),
				About: fmt.Sprintf("dividends per stake of a copier of %s %% against honest validators where quality moves by %s %% an epoch", percent(stake), percent(drift)),
				Value: sim.Round(with), Before: sim.Bound(sim.Round(without)), AtMost: sim.Bound(copyBound(drift)),
			})
		}
		chart.Series = append(chart.Series, line(percent(stake)+" % of stake, hidden", figure.Line, x.Drifts, hidden),
			line(percent(stake)+" % of stake, open", figure.Dashed, x.Drifts, open))
	}
	out.Tables, out.Figures = append(out.Tables, table), append(out.Figures, chart)
}

func (x *Copying) reportDefences(out *sim.Report, games []copyGame) {
	table := sim.Table{
		Name: "copying-counters", Title: "Counters, with static miners",
		Columns: []string{"counter", "best copier", "ratio", "deviation of a miner's pay over 20 epochs"},
	}
	chart := figure.Figure{
		Name: "copying-counters", Title: "Counters to copying, static miners", X: "counter", Y: "copier's dividends per stake", Rules: []float64{1}, MinY: sim.Bound(0.75), MaxY: sim.Bound(1.05),
		Caption: "The best copier, honest validators are 1. Only what this period's questions alone can tell costs a copier; a rotation that can be learnt does not.",
	}
	marks := figure.Series{Kind: figure.Points}
	for i, d := range x.defences() {
		g := best(games[i*len(Copiers):][:len(Copiers)])
		how := g.how
		if d.learns {
			how = "learnt"
		}
		table.Add(d.name, how, sim.Round(g.ratio), sim.Round(g.pay))
		chart.Names = append(chart.Names, d.name)
		marks.X, marks.Y = append(marks.X, float64(i)), append(marks.Y, sim.Round(g.ratio))
		if d.number != "" {
			out.Numbers = append(out.Numbers, sim.Number{
				Name: "static-" + d.number, About: "dividends per stake of the best copier where miners stand still, with: " + d.name,
				Value: sim.Round(g.ratio), Before: sim.Bound(marks.Y[0]), AtMost: sim.Bound(d.most),
			})
		}
		if i == 1 {
			out.Numbers = append(out.Numbers, sim.Number{
				Name: "pay-deviation", About: "standard deviation of a miner's mean pay over 20 epochs, relative, with: " + d.name,
				Value: sim.Round(g.pay), Before: sim.Bound(sim.Round(games[0].pay)), AtMost: sim.Bound(0.04),
			})
		}
	}
	chart.Series = []figure.Series{marks}
	out.Tables, out.Figures = append(out.Tables, table), append(out.Figures, chart)
}

// copyBound is what was found, with room for other seeds.
func copyBound(drift float64) float64 {
	if drift < 0.1 {
		return 1.05
	}
	return 1.01
}
