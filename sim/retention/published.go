package retention

import (
	"context"
	"math"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// publishedStake is the honest stake that figures were published for.
const publishedStake = 0.60

// published are the honest weights needed at publishedStake that came with the consensus's paper, to two digits: the base case, and one
// parameter changed at a time.
var published = []struct {
	name   string
	change func(*Game)
	want   float64
}{
	{"base", func(*Game) {}, 0.73},
	{"sigma 0", func(r *Game) { r.WeightSigma = 0 }, 0.60},
	{"sigma 0.2", func(r *Game) { r.WeightSigma = 0.2 }, 0.67},
	{"beta 0", func(r *Game) { r.BondsPenalty = 0 }, 0.79},
	{"beta 0.5", func(r *Game) { r.BondsPenalty = 0.5 }, 0.77},
	{"xi 0", func(r *Game) { r.ValidatorShare = 0 }, 0.82},
	{"xi 0.25", func(r *Game) { r.ValidatorShare = 0.25 }, 0.78},
	{"kappa 0.4", func(r *Game) { r.Kappa = 0.4 }, 0.71},
	{"kappa 0.6", func(r *Game) { r.Kappa = 0.6 }, 1},
}

// published is the figure that was published for these parameters and this stake, if one was. Seed and grid do not matter.
func (r *Game) published(stake float64) (float64, bool) {
	for _, p := range published {
		c := Default()
		p.change(c)
		if key(stake) == key(publishedStake) && r.N == c.N && r.Validators == c.Validators && r.StakeSigma == c.StakeSigma && r.Kappa == c.Kappa &&
			r.BondsPenalty == c.BondsPenalty && r.ValidatorShare == c.ValidatorShare && r.WeightSigma == c.WeightSigma {
			return p.want, true
		}
	}
	return 0, false
}

// Published plays the cases of the two-team game of which figures were published.
type Published struct {
	Steps int    `json:"steps" help:"points of the grid along each axis, from 0 to 1; 2 to 1001"`
	Seed  uint64 `json:"seed" help:"seed of all randomness"`
}

// DefaultPublished has half the grid of the paper, which moves no figure by more than 0.002.
func DefaultPublished() *Published { return &Published{Steps: 26} }

// Name of the experiment.
func (p *Published) Name() string { return "retention-published" }

// About the experiment.
func (p *Published) About() string {
	return `The retention game beside what was published of it

Plays the two-team game of "gotensor sim retention" at an honest stake of 0.60 for the base case (kappa 0.5, bonds penalty beta 1,
validators' share xi 0.5, weight noise sigma 0.4) and with one parameter changed at a time. Each number is the honest weight that
always keeps the honest team its share, and stands beside the one that was published with the consensus, which has two digits:
they must agree within 0.011. With kappa 0.6 no weight is enough in theory; the figure is then 1.`
}

// Validate fails with sim.ErrConfig.
func (p *Published) Validate() error { return p.game(0).Validate() }

// game is the i-th case.
func (p *Published) game(i int) *Game {
	r := Default()
	r.Steps, r.Seed, r.Stake = p.Steps, p.Seed, []float64{publishedStake}
	published[i].change(r)
	return r
}

// Run plays all cases.
func (p *Published) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	out := &sim.Report{Name: p.Name(), Title: "Honest weight needed at a stake of 0.60: ours and published", Params: p}
	table := sim.Table{Name: "published", Title: "Honest weight needed at S_H = 0.60", Columns: []string{"case", "ours", "published", "difference"}}
	ours := figure.Series{Label: "gotensor", Kind: figure.Points}
	theirs := figure.Series{Label: "published", Kind: figure.Points}
	fig := figure.Figure{
		Name: "retention-published", Title: "Honest weight needed at a stake of 0.60", Y: "W_H", MinY: sim.Bound(0.5), MaxY: sim.Bound(1.05),
		Caption: "Base case: kappa 0.5, beta 1, xi 0.5, sigma 0.4; the others change one parameter. Published figures have two digits.",
	}
	worst := 0.0
	for i, c := range published {
		m, err := p.game(i).Map(ctx, progressOf(progress, i))
		if err != nil {
			return nil, err
		}
		got := m.Contour(0).Required
		worst = math.Max(worst, math.Abs(got-c.want))
		n := p.game(i).number(publishedStake, got)
		n.Name, n.About = caseName(c.name), "honest weight needed, "+c.name
		out.Numbers = append(out.Numbers, n)
		table.Add(c.name, got, c.want, got-c.want)
		fig.Names = append(fig.Names, c.name)
		ours.X, ours.Y = append(ours.X, float64(i)-0.1), append(ours.Y, got)
		theirs.X, theirs.Y = append(theirs.X, float64(i)+0.1), append(theirs.Y, c.want)
	}
	out.Numbers = append(out.Numbers, sim.Number{Name: "largest-difference", About: "largest difference from a published figure", Value: worst, AtMost: sim.Bound(tolerance)})
	out.Tables = []sim.Table{table}
	fig.Series = []figure.Series{ours, theirs}
	out.Figures = []figure.Figure{fig}
	return out, nil
}

// progressOf is the progress of the i-th of all cases.
func progressOf(progress sim.Progress, i int) sim.Progress {
	if progress == nil {
		return nil
	}
	return func(done, of int) { progress(i*of+done, len(published)*of) }
}

// caseName is a case as the name of a number: "sigma-02" for "sigma 0.2".
func caseName(s string) string {
	out := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		switch c {
		case ' ':
			out = append(out, '-')
		case '.':
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
