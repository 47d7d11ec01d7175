package arena

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// Absent is the experiment in which validators are late, miss periods or leave.
type Absent struct {
	Seed       uint64    `json:"seed" help:"of all randomness"`
	Validators int       `json:"validators" help:"of equal stake"`
	Miners     int       `json:"miners" help:"of quality from 1 to 3 at the start"`
	Epochs     int       `json:"epochs" help:"played; things go wrong after a third"`
	Noise      float64   `json:"noise" help:"standard deviation of a validator's measure of a miner, as a share of its quality"`
	Drift      float64   `json:"drift" help:"step of a miner's quality per epoch, as a share of it"`
	Misses     float64   `json:"misses" help:"chance that a validator who misses is off line for a period"`
	Parts      []float64 `json:"parts" help:"shares of stake that are absent"`
}

// NewAbsent returns the experiment with the parameters that tests hold to their bounds.
func NewAbsent() *Absent {
	return &Absent{
		Seed: 1, Validators: 40, Miners: 60, Epochs: 90, Noise: 0.1, Drift: 0.05, Misses: 0.5,
		Parts: []float64{0.1, 0.2, 0.33, 0.45, 0.6},
	}
}

// Name of the experiment.
func (x *Absent) Name() string { return "absent-validators" }

// About the experiment.
func (x *Absent) About() string {
	return `Late and missing validators

From a third of the game on, a share of the stake is late (its commitments come after the boundary and count a period later), misses periods (off
line by chance: neither commits nor reveals), or is gone for good. Miners' quality drifts. error is the share of incentive that goes to the
wrong miners, the noise of measures included: none is the error while all are there. Emission of an epoch that cannot pay is carried
to the next that can, so such epochs count as unpaid, not as wrong.

Who is gone has a say without a row until the activity cutoff, and its absent votes count as zero: consensus is harder to reach,
weights are clipped lower, but alike for all miners. From kappa on, nobody can be paid until the cutoff has passed; then those who
are left decide alone. unpaid is how many epochs that lasts. loss is what the absent lose of their dividends. Before: a missed reveal
left the old row in force, so that the gone went on voting and earning for a cutoff's time with rows that no longer fit.`
}

// Validate the parameters.
func (x *Absent) Validate() error {
	return cmp.Or(counts("validators", x.Validators, 4), counts("miners", x.Miners, 2), counts("epochs", x.Epochs, 60), sim.Within("noise", 0, 1, x.Noise),
		sim.Within("drift", 0, 1, x.Drift), sim.Within("misses", 0, 1, x.Misses), sim.Within("parts", 0.01, 0.99, x.Parts...))
}

// The ways of absence.
const (
	there  = "none"
	behind = "late"
	misses = "missing"
	gone   = "gone"
)

// absentee is honest, but not always there.
type absentee struct {
	how    string
	from   int     // period in which it begins
	chance float64 // of being off line
	old    []float64
	off    bool
	period int // that off was drawn for, plus one
}

// offline draws once a period: what is revealed and what is committed share the outage.
func (a *absentee) offline(v *View) bool {
	if v.Epoch < a.from {
		return false
	}
	if a.how == gone {
		return true
	}
	if a.how == misses && a.period != v.Epoch+1 {
		a.period, a.off = v.Epoch+1, v.Rand.Float64() < a.chance
	}
	return a.off
}

// Reveal unless off line.
func (a *absentee) Reveal(v *View) bool { return !a.offline(v) }

// Row is what it measured now or, if late, a period ago.
func (a *absentee) Row(v *View, row []float64) bool {
	if a.offline(v) {
		return false
	}
	copy(row, v.Measured)
	if a.how == behind && v.Epoch >= a.from && a.old != nil {
		copy(row, a.old)
	}
	a.old = append(a.old[:0], v.Measured...)
	return true
}

// outage is one game.
type outage struct {
	how    string
	part   float64
	missed Missed
	// Per epoch: error of incentive, NaN where nobody was paid.
	errors []float64
	early  float64 // mean error of the paid epochs up to the cutoff
	later  float64 // and after it
	unpaid int     // epochs in which nobody was paid, of those after the start
	loss   float64 // of the absent's dividends until the cutoff, as a share of what their stake earns
}

// cutoff is how many epochs an absence can last in what is paid: the activity cutoff, and two until it shows.
func cutoff() int {
	p := DefaultParams()
	return int(p.ActivityCutoff)/(int(p.Tempo)+1) + 3
}

func (x *Absent) play(ctx context.Context, o *outage) error {
	n := max(1, min(x.Validators-1, int(math.Round(o.part*float64(x.Validators)))))
	from := x.Epochs / 3
	cfg := Config{
		Params: DefaultParams(), Seats: Seats(x.Validators, 1000*TAO, Honest{}), Quality: Levels(x.Miners, 1, 3),
		Move: Drift(x.Drift), Noise: x.Noise, Missed: o.missed, Seed: x.Seed,
	}
	cfg.Params.MaxValidators = uint16(min(x.Validators, math.MaxUint16))
	for i := range n {
		cfg.Seats[i].Strategy = &absentee{how: o.how, from: from, chance: x.Misses}
	}
	w, err := New(cfg)
	if err != nil {
		return err
	}
	if err := w.Run(ctx, x.Epochs); err != nil {
		return err
	}
	middle := from + cutoff()
	var sums [2]float64
	var paid [2]int
	for e := range x.Epochs {
		half := 0
		if e >= middle {
			half = 1
		}
		if e > 0 && w.Past.Incentives(e, e+1, UIDs(x.Validators, x.Validators+x.Miners)) == 0 {
			o.errors = append(o.errors, math.NaN())
			o.unpaid++
			continue
		}
		wrong := w.Past.Error(e, e+1)
		o.errors = append(o.errors, wrong)
		if e >= from {
			sums[half] += wrong
			paid[half]++
		}
	}
	o.early, o.later = sums[0]/float64(max(1, paid[0])), sums[1]/float64(max(1, paid[1]))
	share := float64(n) / float64(x.Validators)
	o.loss = 1 - w.Past.Dividends(from, middle, UIDs(0, n))/share
	return nil
}

// Run plays all absences, under both rules of a missed reveal.
func (x *Absent) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := x.Validate(); err != nil {
		return nil, err
	}
	var all []outage
	for _, missed := range []Missed{Drops, Keeps} {
		all = append(all, outage{how: there, part: x.Parts[0], missed: missed})
		for _, how := range []string{behind, misses, gone} {
			for _, part := range x.Parts {
				all = append(all, outage{how: how, part: part, missed: missed})
			}
		}
	}
	if err := sim.Parallel(ctx, len(all), progress, func(i int) error { return x.play(ctx, &all[i]) }); err != nil {
		return nil, err
	}
	return x.report(all), nil
}

func (x *Absent) report(all []outage) *sim.Report {
	out := &sim.Report{Name: x.Name(), Title: "Late and missing validators", Params: x}
	table := sim.Table{Name: "absent", Title: "What absence costs", Columns: []string{
		"rule of a missed reveal", "absence", "share of stake", "wrong share of incentive until the cutoff", "after it", "unpaid epochs", "loss of the absent",
	}}
	figures := [2]figure.Figure{
		{
			Name: "absent-error", Title: "Incentive that goes to the wrong miners", X: "share of stake that is absent", Y: "share of incentive",
			Caption: "Until the activity cutoff; epochs that paid nobody are left out.",
		},
		{
			Name: "absent-time", Title: "After validators have gone", X: "epoch", Y: "share of incentive that goes to the wrong miners",
			Caption: "Gaps are epochs that paid nobody. After the cutoff those who are left decide alone.",
		},
	}
	half := len(all) / 2
	base := all[0].early
	out.Numbers = append(out.Numbers, sim.Number{Name: "error-none", About: "share of incentive that goes to the wrong miners while all are there", Value: sim.Round(base), AtMost: sim.Bound(0.025)})
	lines := map[string]*figure.Series{}
	for i, o := range all {
		rule := "row goes"
		if o.missed == Keeps {
			rule = "row stays"
		}
		table.Add(rule, o.how, sim.Round(o.part), sim.Round(o.early), sim.Round(o.later), o.unpaid, sim.Round(o.loss))
		if o.how == there || i >= half {
			continue
		}
		if lines[o.how] == nil {
			lines[o.how] = &figure.Series{Label: o.how, Kind: figure.Line}
		}
		if o.early > 0 {
			s := lines[o.how]
			s.X, s.Y = append(s.X, sim.Round(o.part)), append(s.Y, sim.Round(o.early))
		}
		out.Numbers = append(out.Numbers, x.number(o, all[half+i]))
		if o.how != gone {
			continue
		}
		if o.part < 0.5 {
			out.Numbers = append(out.Numbers, sim.Number{
				Name: "loss-gone-" + percent(o.part), About: "share of dividends that the gone lose until the cutoff", Value: sim.Round(o.loss),
				Before: sim.Bound(sim.Round(all[half+i].loss)), AtLeast: sim.Bound(0.2),
			})
		}
		out.Numbers = append(out.Numbers, sim.Number{
			Name: "unpaid-gone-" + percent(o.part), About: "epochs that paid nobody", Unit: "epochs", Value: float64(o.unpaid),
			Before: sim.Bound(float64(all[half+i].unpaid)), AtMost: sim.Bound(map[bool]float64{false: 0, true: float64(cutoff())}[o.part >= 0.5]),
		})
	}
	for _, how := range []string{behind, misses, gone} {
		if len(lines[how].X) > 0 {
			figures[0].Series = append(figures[0].Series, *lines[how])
		}
	}
	figures[0].Rules = []float64{sim.Round(base)}
	for _, o := range all[:half] {
		if o.how != gone {
			continue
		}
		var epochs, errors []float64
		for e := x.Epochs/3 - 10; e < len(o.errors); e++ {
			if !math.IsNaN(o.errors[e]) {
				epochs, errors = append(epochs, float64(e)), append(errors, o.errors[e])
			}
		}
		figures[1].Series = append(figures[1].Series, line(percent(o.part)+" % gone", figure.Points, epochs, errors))
	}
	out.Tables, out.Figures = []sim.Table{table}, figures[:]
	return out
}

// number is the error of an absence, with a bound where no more than a third is absent.
func (x *Absent) number(o, before outage) sim.Number {
	n := sim.Number{
		Name: fmt.Sprintf("error-%s-%s", o.how, percent(o.part)), About: fmt.Sprintf("wrong share of incentive with %s %% of stake %s", percent(o.part), o.how),
		Value: sim.Round(o.early), Before: sim.Bound(sim.Round(before.early)),
	}
	if o.part <= 1.0/3 {
		n.AtMost = sim.Bound(0.05)
	}
	return n
}
