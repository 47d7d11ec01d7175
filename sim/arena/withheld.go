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

// Withheld is the experiment in which a validator reveals only what pays.
type Withheld struct {
	Seed       uint64    `json:"seed" help:"of all randomness"`
	Validators int       `json:"validators" help:"the withholder is one of them"`
	Miners     int       `json:"miners" help:"of qualities from 1 to 3"`
	Epochs     int       `json:"epochs" help:"played"`
	Repeats    int       `json:"repeats" help:"of each game with other randomness"`
	Noise      float64   `json:"noise" help:"standard deviation of a validator's measure of a miner, as a share of its quality"`
	Drifts     []float64 `json:"drifts" help:"how far miners' quality moves per epoch, as a share of it"`
	Stake      float64   `json:"stake" help:"share of stake of the withholder"`
	Horizons   []int     `json:"horizons" help:"epochs ahead that the withholder compares"`
	Spread     float64   `json:"spread" help:"by which it scatters a row at random that it may keep to itself"`
}

// NewWithheld returns the experiment with the parameters that tests hold to their bounds.
func NewWithheld() *Withheld {
	return &Withheld{
		Seed: 1, Validators: 20, Miners: 30, Epochs: 80, Repeats: 2, Noise: 0.2, Drifts: []float64{0, 0.05, 0.2}, Stake: 0.02,
		Horizons: []int{1, 10}, Spread: 0.2,
	}
}

// Name of the experiment.
func (x *Withheld) Name() string { return "withheld-reveal" }

// About the experiment.
func (x *Withheld) About() string {
	return `A validator that reveals only when its new row pays better than its old one

A commitment is an option: the withholder waits until all others have revealed, computes from the chain what its dividends of the
next epochs would be with the new row and without it, and takes the better. It plays with honest rows and with rows that it
scatters at random on purpose, which make the option worth more. The number is what it earns more than if it had always revealed
honest rows, for the best of these plans. Before: the rule that a missed reveal leaves the row before in force. Now the row
before goes out of force, so a validator that keeps a row to itself has no row in that epoch. The last numbers are what this costs an
honest validator that misses one reveal because it was down, in epochs of its own dividends, under both rules.`
}

// Validate the parameters.
func (x *Withheld) Validate() error {
	if err := cmp.Or(counts("validators", x.Validators, 3), counts("miners", x.Miners, 2), counts("epochs", x.Epochs, 40), counts("repeats", x.Repeats, 1),
		sim.Within("noise", 0, 1, x.Noise), sim.Within("drifts", 0, 1, x.Drifts...), sim.Within("stake", 0.001, 0.49, x.Stake), sim.Within("spread", 0, 10, x.Spread)); err != nil {
		return err
	}
	if len(x.Horizons) == 0 {
		return fmt.Errorf("%w: horizons is empty, want numbers of epochs", sim.ErrConfig)
	}
	for _, h := range x.Horizons {
		if err := counts("horizons", h, 1); err != nil {
			return err
		}
	}
	return nil
}

// withholder reveals if it pays over the horizon.
type withholder struct {
	horizon int
	missed  Missed
	spread  float64
	kept    int // commitments it did not reveal
}

func (h *withholder) Row(v *View, row []float64) bool {
	for uid, m := range v.Measured {
		row[uid] = m * math.Exp(h.spread*v.Rand.NormFloat64())
	}
	return true
}

func (h *withholder) Reveal(v *View) bool {
	without := yuma.Row{}
	if h.missed == Keeps {
		without = v.Rows[v.UID]
	}
	if v.WhatIf(v.Pending, h.horizon) >= v.WhatIf(without, h.horizon) {
		return true
	}
	h.kept++
	return false
}

// down misses one reveal.
type down struct {
	Honest
	at int
}

func (d down) Reveal(v *View) bool { return v.Epoch != d.at }

func (x *Withheld) play(ctx context.Context, s Strategy, missed Missed, drift float64, seed uint64) (*World, error) {
	c := Config{Params: DefaultParams(), Quality: Levels(x.Miners, 1, 3), Noise: x.Noise, Missed: missed, Seed: seed}
	if drift > 0 {
		c.Move = Drift(drift)
	}
	c.Params.MaxValidators = uint16(min(x.Validators, math.MaxUint16))
	c.Seats = append([]Seat{{Stake: gotensor.Rao(x.Stake * 1e15), Strategy: s, Late: true}},
		Seats(x.Validators-1, gotensor.Rao((1-x.Stake)/float64(x.Validators-1)*1e15), Honest{})...)
	w, err := New(c)
	if err != nil {
		return nil, err
	}
	return w, w.Run(ctx, x.Epochs)
}

// plan is a withholder against its honest self.
type plan struct {
	missed  Missed
	drift   float64
	horizon int
	spread  float64
	gain    float64 // of dividends, relative
	kept    float64 // share of its commitments
}

func (x *Withheld) withhold(ctx context.Context, p *plan) error {
	got, always := 0.0, 0.0
	for r := range x.Repeats {
		seed := x.Seed + uint64(r)
		w, err := x.play(ctx, Honest{}, p.missed, p.drift, seed)
		if err != nil {
			return err
		}
		always += w.Past.Dividends(1, x.Epochs, []int{0})
		h := &withholder{horizon: p.horizon, missed: p.missed, spread: p.spread}
		if w, err = x.play(ctx, h, p.missed, p.drift, seed); err != nil {
			return err
		}
		got += w.Past.Dividends(1, x.Epochs, []int{0})
		p.kept += float64(h.kept) / float64(x.Epochs-1) / float64(x.Repeats)
	}
	p.gain = got/always - 1
	return nil
}

// Run plays all plans under both rules, and the honest validator that was down.
func (x *Withheld) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := x.Validate(); err != nil {
		return nil, err
	}
	var plans []plan
	for _, drift := range x.Drifts {
		for _, missed := range []Missed{Keeps, Drops} {
			for _, horizon := range x.Horizons {
				for _, spread := range []float64{0, x.Spread} {
					plans = append(plans, plan{missed: missed, drift: drift, horizon: horizon, spread: spread})
				}
			}
		}
	}
	var loss [2]float64
	err := sim.Parallel(ctx, len(plans)+2, progress, func(i int) error {
		if i < len(plans) {
			return x.withhold(ctx, &plans[i])
		}
		var err error
		loss[i-len(plans)], err = x.downtime(ctx, Missed(i-len(plans)))
		return err
	})
	if err != nil {
		return nil, err
	}
	return x.report(plans, loss), nil
}

// downtime is what an honest validator loses by one missed reveal, in epochs of dividends.
func (x *Withheld) downtime(ctx context.Context, missed Missed) (float64, error) {
	lost := 0.0
	for r := range x.Repeats {
		seed := x.Seed + uint64(r)
		full, err := x.play(ctx, Honest{}, missed, 0, seed)
		if err != nil {
			return 0, err
		}
		once, err := x.play(ctx, down{at: x.Epochs / 4}, missed, 0, seed)
		if err != nil {
			return 0, err
		}
		lost += (1 - once.Past.Dividends(1, x.Epochs, []int{0})/full.Past.Dividends(1, x.Epochs, []int{0})) * float64(x.Epochs-1) / float64(x.Repeats)
	}
	return lost, nil
}

func (x *Withheld) report(plans []plan, loss [2]float64) *sim.Report {
	out := &sim.Report{Name: x.Name(), Title: "Withheld reveals", Params: x}
	table := sim.Table{
		Name: "withheld-reveal", Title: "What a withholder gains over always revealing",
		Columns: []string{"missed reveal", "drift per epoch", "horizon, epochs", "scatter", "gain", "share withheld"},
	}
	per := len(plans) / len(x.Drifts)
	var keeps, drops []float64
	for d, drift := range x.Drifts {
		best := map[Missed]float64{Keeps: math.Inf(-1), Drops: math.Inf(-1)}
		for _, p := range plans[d*per:][:per] {
			rule := "drops the row"
			if p.missed == Keeps {
				rule = "keeps the row"
			}
			table.Add(rule, sim.Round(drift), p.horizon, sim.Round(p.spread), sim.Round(p.gain), sim.Round(p.kept))
			best[p.missed] = max(best[p.missed], p.gain)
		}
		keeps, drops = append(keeps, best[Keeps]), append(drops, best[Drops])
		out.Numbers = append(out.Numbers, sim.Number{
			Name:  "gain-drift-" + percent(drift),
			About: fmt.Sprintf("what withholding adds to a validator's dividends where quality moves by %s %% an epoch", percent(drift)),
			Value: sim.Round(best[Drops]), Before: sim.Bound(sim.Round(best[Keeps])), AtMost: sim.Bound(0.005),
		})
	}
	out.Numbers = append(out.Numbers, sim.Number{
		Name: "missed-reveal", About: "what an honest validator loses by one missed reveal",
		Unit: "epochs of its dividends", Value: sim.Round(loss[Drops]), Before: sim.Bound(sim.Round(loss[Keeps])), AtMost: sim.Bound(1.5),
	})
	out.Tables = append(out.Tables, table)
	out.Figures = append(out.Figures, figure.Figure{
		Name: "withheld-reveal", Title: "Gain of a validator that reveals only what pays", X: "drift of quality per epoch", Y: "gain in dividends", Rules: []float64{0},
		Caption: "Before: a missed reveal left the old row in force, which was worth keeping when the new one was a bad guess.",
		Series:  []figure.Series{line("old row stays", figure.Dashed, x.Drifts, keeps), line("old row goes", figure.Line, x.Drifts, drops)},
	})
	return out
}
