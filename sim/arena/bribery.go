package arena

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// Bribery is the experiment in which a miner buys validators.
type Bribery struct {
	Seed       uint64    `json:"seed" help:"of all randomness"`
	Validators int       `json:"validators" help:"of equal stake"`
	Miners     int       `json:"miners" help:"of quality from 1 to 3; the median one bribes"`
	Epochs     int       `json:"epochs" help:"played; the second half is measured"`
	Noise      float64   `json:"noise" help:"standard deviation of a validator's measure of a miner, as a share of its quality"`
	Kappa      float64   `json:"kappa" help:"share of stake that must agree"`
	Stakes     []float64 `json:"stakes" help:"shares of stake that are bribed"`
	Favours    []float64 `json:"favours" help:"what bribed validators multiply the miner's weight by; 0: it gets the whole row"`
}

// NewBribery returns the experiment with the parameters that tests hold to their bounds.
func NewBribery() *Bribery {
	return &Bribery{
		Seed: 1, Validators: 40, Miners: 40, Epochs: 40, Noise: 0.1, Kappa: 0.5,
		Stakes: []float64{0.05, 0.1, 0.2, 0.3, 0.4, 0.45, 0.55, 0.6}, Favours: []float64{1.1, 1.3, 2, 5, 0},
	}
}

// Name of the experiment.
func (x *Bribery) Name() string { return "bribery" }

// About the experiment.
func (x *Bribery) About() string {
	return `A miner that bribes validators to over-weigh it

A miner of median quality buys a share of the stake: bribed validators multiply its weight, or give it their whole row. Against
the same network without bribes, the same noise included, it is measured what share of incentive the miner gains and what share
of dividends the bribed lose, because what exceeds consensus is clipped from their rows, trust and bonds. Miners and validators have equal
pots, so both are compared directly. The least bribe is that loss; where it is less than the miner's gain, both sides profit.

gain is what the miner gains over its honest pay (0.1: a tenth more) by the bribe that leaves most for it and the bribed
together, pays is that joint profit: above zero, a bribe exists that both sides like. price is what the bribed lose per unit of the miner's
gain where they go farthest. Before is the same without clipping, where all of it pays. Below kappa large favours cost many times what they bring.
But small ones hide in the noise of the honest: consensus gives what the more generous honest vote, the bribed lose next to nothing,
and a bribe of that size pays; clipping does not stop it. From kappa on the miner takes what it
likes. Better measures, and stake that is spread, are the defence.`
}

// Validate the parameters.
func (x *Bribery) Validate() error {
	for _, f := range x.Favours {
		if f != 0 && !(f > 1) {
			return fmt.Errorf("%w: favours is %v, want more than 1, or 0", sim.ErrConfig, f)
		}
	}
	return cmp.Or(counts("validators", x.Validators, 4), counts("miners", x.Miners, 3), counts("epochs", x.Epochs, 6),
		sim.Within("noise", 0, 1, x.Noise), sim.Within("kappa", 0, 1, x.Kappa), sim.Within("stakes", 0.01, 0.99, x.Stakes...), sim.Within("favours", 0, 1e4, x.Favours...))
}

// bribed over-weighs one miner.
type bribed struct {
	Prompt
	uid    int
	favour float64
}

func (b bribed) Row(v *View, row []float64) bool {
	if b.favour == 0 {
		clear(row)
		row[b.uid] = 1
		return true
	}
	copy(row, v.Measured)
	row[b.uid] *= b.favour
	return true
}

// deal is one game: who is bribed for what, and what came of it, as shares of the miner's honest pay.
type deal struct {
	stake, favour float64
	kappa         float64
	incentive     float64 // of the miner
	dividend      float64 // of the bribed
	trust         float64 // mean of the bribed
}

func (x *Bribery) play(ctx context.Context, d *deal, n int) error {
	miner := x.Validators + x.Miners/2
	cfg := Config{
		Params: DefaultParams(), Seats: Seats(x.Validators, 1000*TAO, Honest{}), Quality: Levels(x.Miners, 1, 3), Noise: x.Noise, Seed: x.Seed,
	}
	cfg.Params.Kappa, cfg.Params.MaxValidators = uint16(d.kappa*math.MaxUint16), uint16(min(x.Validators, math.MaxUint16))
	if d.favour != 1 {
		for i := range n {
			cfg.Seats[i].Strategy = bribed{uid: miner, favour: d.favour}
		}
	}
	w, err := New(cfg)
	if err != nil {
		return err
	}
	if err := w.Run(ctx, x.Epochs); err != nil {
		return err
	}
	from := x.Epochs / 2
	d.incentive = w.Past.Incentives(from, x.Epochs, []int{miner})
	d.dividend = w.Past.Dividends(from, x.Epochs, UIDs(0, n))
	for _, row := range w.Past.VTrust[from:] {
		for _, t := range row[:n] {
			d.trust += t / float64(n*(x.Epochs-from))
		}
	}
	return nil
}

// bought is how many validators a share of stake is.
func (x *Bribery) bought(stake float64) int {
	return max(1, min(x.Validators-1, int(math.Round(stake*float64(x.Validators)))))
}

// Run plays all bribes, and each size without a bribe and without clipping.
func (x *Bribery) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := x.Validate(); err != nil {
		return nil, err
	}
	var deals []deal
	for _, kappa := range []float64{x.Kappa, 0} { // a kappa of 0 clips nothing
		for _, stake := range x.Stakes {
			for _, favour := range append([]float64{1}, x.Favours...) {
				deals = append(deals, deal{stake: stake, favour: favour, kappa: kappa})
			}
		}
	}
	err := sim.Parallel(ctx, len(deals), progress, func(i int) error { return x.play(ctx, &deals[i], x.bought(deals[i].stake)) })
	if err != nil {
		return nil, err
	}
	return x.report(deals), nil
}

// bribeBound is what the miner may gain at the default noise below kappa: the spread of honest votes lets it, more so the fewer honest
// votes it takes.
func bribeBound(stake float64) float64 { return 0.02 + 0.45*stake*stake }

func (x *Bribery) report(deals []deal) *sim.Report {
	out := &sim.Report{Name: x.Name(), Title: "Bribed validators", Params: x}
	table := sim.Table{Name: "bribery", Title: "Gains and losses, over the miner's honest pay", Columns: []string{"kappa", "stake bribed", "favour", "gain of the miner", "loss of the bribed", "joint profit", "trust of the bribed"}}
	per := len(x.Favours) + 1
	var gains, profits, prices [2][]float64
	for k := range gains {
		for s := range x.Stakes {
			group := deals[(k*len(x.Stakes)+s)*per:][:per]
			honest := group[0]
			gain, profit, most, price := 0.0, math.Inf(-1), math.Inf(-1), 0.0
			for _, d := range group[1:] {
				g := d.incentive/honest.incentive - 1
				l := (honest.dividend - d.dividend) / honest.incentive
				table.Add(sim.Round(d.kappa), sim.Round(d.stake), d.favour, sim.Round(g), sim.Round(l), sim.Round(g-l), sim.Round(d.trust))
				if g-l > profit {
					gain, profit = g, g-l
				}
				if g > most {
					most, price = g, l/g
				}
			}
			gains[k], profits[k], prices[k] = append(gains[k], gain), append(profits[k], profit), append(prices[k], price)
		}
	}
	for s, stake := range x.Stakes {
		gain := sim.Number{
			Name: "gain-" + percent(stake), About: "the miner's gain with " + percent(stake) + " % of stake bribed", Value: sim.Round(gains[0][s]), Before: sim.Bound(sim.Round(gains[1][s])),
		}
		pays := sim.Number{Name: "pays-" + percent(stake), About: "joint profit of the miner and the bribed", Value: sim.Round(profits[0][s]), Before: sim.Bound(sim.Round(profits[1][s]))}
		price := sim.Number{
			Name: "price-" + percent(stake), About: "loss of the bribed per unit of the miner's gain where they go farthest",
			Value: sim.Round(prices[0][s]), Before: sim.Bound(sim.Round(prices[1][s])),
		}
		if stake < x.Kappa {
			gain.AtMost, pays.AtMost = sim.Bound(sim.Round(bribeBound(stake))), sim.Bound(sim.Round(bribeBound(stake)))
			price.AtLeast = sim.Bound(5)
		}
		out.Numbers = append(out.Numbers, gain, pays, price)
	}
	out.Tables = []sim.Table{table}
	below := func(y []float64) []float64 { // a figure of what happens below kappa: beyond it is off any scale
		n := slices.IndexFunc(x.Stakes, func(s float64) bool { return s >= x.Kappa })
		if n < 1 {
			n = len(x.Stakes)
		}
		return y[:n]
	}
	stakes := below(x.Stakes)
	out.Figures = []figure.Figure{{
		Name: "bribery", Title: "Bribes that pay, below kappa", X: "share of stake bribed", Y: "over the miner's honest pay", Rules: []float64{0},
		Caption: "The favour that leaves most for both sides. Bounded by the noise of the honest; joint profit above zero means that a bribe pays.",
		Series: []figure.Series{
			line("gain of the miner", figure.Line, stakes, below(gains[0])), line("joint profit", figure.Line, stakes, below(profits[0])),
		},
	}}
	return out
}
