package arena

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// Cabal is the experiment in which some of the stake pays itself.
type Cabal struct {
	Seed       uint64    `json:"seed" help:"of all randomness"`
	Validators int       `json:"validators" help:"with equal stake on each side"`
	Miners     int       `json:"miners" help:"of both sides"`
	Epochs     int       `json:"epochs" help:"played; the second half is measured"`
	Noise      float64   `json:"noise" help:"standard deviation of a validator's measure of a miner, as a share of its quality"`
	Kappa      float64   `json:"kappa" help:"share of stake that must agree"`
	Stakes     []float64 `json:"stakes" help:"shares of stake that the cabal holds"`
	Own        []float64 `json:"own" help:"parts of its rows that the cabal puts on its own miners; the rest goes by what it measures"`
}

// NewCabal returns the experiment with the parameters that tests hold to their bounds.
func NewCabal() *Cabal {
	return &Cabal{
		Seed: 1, Validators: 40, Miners: 60, Epochs: 40, Noise: 0.1, Kappa: 0.5,
		Stakes: []float64{0.1, 0.2, 0.3, 0.4, 0.45, 0.49}, Own: []float64{0.1, 0.25, 0.5, 0.75, 1},
	}
}

// Name of the experiment.
func (c *Cabal) Name() string { return "cabal" }

// About the experiment.
func (c *Cabal) About() string {
	return `Cabals of 10 to 49 % of the stake that pay their own miners

A cabal holds a share of the stake and the same share of the uids. Its validators put a part W_C of their rows on their own
miners and the rest where they measure quality. Two kinds: its miners are worthless, so that it must live off votes alone; or
they are as good as all others, so that it earns its share anyway and votes for more. The number per size is its share of all
emission, incentive and dividends alike, less its share of stake, for the best W_C of those tried.

Votes for worthless miners are clipped to nothing while the cabal is below kappa. Good miners are another matter: honest
validators disagree by the noise of their measures, and a cabal close to kappa picks the highest honest vote for its own miners
and the lowest for all others. This gain is limited by the noise, not by kappa: better measures, more questions a period,
are the defence. The retention map plays the same game for majorities.`
}

// Validate the parameters.
func (c *Cabal) Validate() error {
	return cmp.Or(counts("validators", c.Validators, 4), counts("miners", c.Miners, 4), counts("epochs", c.Epochs, 6),
		sim.Within("noise", 0, 1, c.Noise), sim.Within("kappa", 0, 1, c.Kappa), sim.Within("stakes", 0.01, 0.99, c.Stakes...), sim.Within("own", 0, 1, c.Own...))
}

// selfish puts a part of each row on its own miners, evenly, and the rest on what it measures.
type selfish struct {
	Prompt
	own  []int
	part float64
}

func (s selfish) Row(v *View, row []float64) bool {
	sum := 0.0
	for _, m := range v.Measured {
		sum += m
	}
	clear(row)
	for uid, m := range v.Measured {
		row[uid] = (1 - s.part) * m / sum
	}
	for _, uid := range s.own {
		row[uid] += s.part / float64(len(s.own))
	}
	return true
}

// game is one size, kind and W_C.
type game struct {
	stake, part float64
	good        bool
	share       []float64 // of emission, by epoch
	gain        float64   // mean of the second half less the stake
}

func (c *Cabal) play(ctx context.Context, g *game) error {
	v := c.team(c.Validators, g.stake)
	m := c.team(c.Miners, g.stake)
	own := UIDs(c.Validators, c.Validators+m)
	cfg := Config{Params: DefaultParams(), Quality: Levels(c.Miners, 1, 1), Noise: c.Noise, Seed: c.Seed}
	cfg.Params.Kappa = uint16(c.Kappa * math.MaxUint16)
	cfg.Params.MaxValidators = uint16(min(c.Validators, math.MaxUint16))
	stake := func(share float64, n int) gotensor.Rao { return gotensor.Rao(share / float64(n) * 1e15) }
	cfg.Seats = append(Seats(v, stake(g.stake, v), selfish{own: own, part: g.part}),
		Seats(c.Validators-v, stake(1-g.stake, c.Validators-v), Honest{})...)
	if !g.good {
		clear(cfg.Quality[:m])
	}
	w, err := New(cfg)
	if err != nil {
		return err
	}
	if err := w.Run(ctx, c.Epochs); err != nil {
		return err
	}
	group := append(UIDs(0, v), own...)
	for e := 1; e < c.Epochs; e++ {
		g.share = append(g.share, w.Past.Emission(e, e+1, group))
	}
	g.gain = w.Past.Emission(c.Epochs/2, c.Epochs, group) - g.stake
	return nil
}

// team is the cabal's part of n, one at least on both sides.
func (c *Cabal) team(n int, share float64) int {
	return max(1, min(n-1, int(math.Round(share*float64(n)))))
}

// Run plays all sizes, kinds and parts.
func (c *Cabal) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var games []game
	for _, good := range []bool{false, true} {
		for _, stake := range c.Stakes {
			for _, part := range c.Own {
				games = append(games, game{stake: stake, part: part, good: good})
			}
		}
	}
	if err := sim.Parallel(ctx, len(games), progress, func(i int) error { return c.play(ctx, &games[i]) }); err != nil {
		return nil, err
	}
	return c.report(games), nil
}

// cabalBound is what a cabal's share of emission may exceed its stake by at the default noise: nothing with worthless miners; with
// good ones what was found with room for other seeds, which the fourth power follows.
func cabalBound(stake float64, good bool) float64 {
	if !good {
		return 0
	}
	return 0.005 + math.Pow(stake, 4)
}

func (c *Cabal) report(games []game) *sim.Report {
	out := &sim.Report{Name: c.Name(), Title: "Cabals", Params: c}
	table := sim.Table{Name: "cabal", Title: "Share of emission of a cabal", Columns: []string{"miners", "stake", "own weight W_C", "share of emission", "gain"}}
	gains := figure.Figure{
		Name: "cabal-gain", Title: "What a cabal gets beyond its stake", X: "share of stake", Y: "share of emission less share of stake", Rules: []float64{0},
		Caption: "With worthless miners a cabal below kappa loses; with good ones it gains by the noise of the honest.",
	}
	times := figure.Figure{
		Name: "cabal-time", Title: "A cabal's share of emission over time", X: "epoch", Y: "share of emission",
		Caption: "Good miners, all weight on its own. Nothing builds up: what a cabal can get it gets at once.",
	}
	per := len(c.Own)
	for kind, good := range []bool{false, true} {
		name, miners := "worthless", "worthless miners"
		if good {
			name, miners = "good", "good miners"
		}
		var best []float64
		for s, stake := range c.Stakes {
			group := games[(kind*len(c.Stakes)+s)*per:][:per]
			top := math.Inf(-1)
			for i := range group {
				g := &group[i]
				top = max(top, g.gain)
				table.Add(name, sim.Round(stake), sim.Round(g.part), sim.Round(g.gain+stake), sim.Round(g.gain))
			}
			best = append(best, top)
			out.Numbers = append(out.Numbers, sim.Number{
				Name:  fmt.Sprintf("gain-%s-%s", name, percent(stake)),
				About: fmt.Sprintf("share of emission beyond stake of a cabal of %s %% with %s", percent(stake), miners), Value: sim.Round(top),
			})
			if n := &out.Numbers[len(out.Numbers)-1]; stake < c.Kappa {
				n.AtMost = sim.Bound(sim.Round(cabalBound(stake, good)))
			}
			if last := group[per-1]; good {
				var epochs []float64
				for e := range last.share {
					epochs = append(epochs, float64(e+1))
				}
				times.Series = append(times.Series, line(percent(stake)+" % of stake", figure.Line, epochs, last.share))
			}
		}
		gains.Series = append(gains.Series, line(miners, figure.Line, c.Stakes, best))
	}
	out.Tables, out.Figures = append(out.Tables, table), append(out.Figures, gains, times)
	return out
}
