package scoring

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/sim"
)

// Order asks how many questions tell adjacent honest models apart, and whether independent equals look like copies.
type Order struct {
	Seed      uint64 `json:"seed" help:"seed of the draws and of the order of questions"`
	Resamples int    `json:"resamples" help:"draws of questions from the recorded ones, for each count"`
	Rounds    int    `json:"rounds" help:"rounds of a validator in which equals are compared"`
}

// DefaultOrder draws 1000 times.
func DefaultOrder() *Order { return &Order{Seed: 1, Resamples: 1000, Rounds: 120} }

// Name of the experiment.
func (o *Order) Name() string { return "text-order" }

// About the experiment.
func (o *Order) About() string {
	return `Questions needed to order honest models, and equals that are no copies

Gains of n-gram models on held-out places of two books of very different language are recorded. Pairs of adjacent orders, and of one order with all and with half of
the training text, are compared on random questions drawn from them: how many are needed until 95 % of the draws put the better model first, on both books and on
each. Then independent miners, one order trained on different halves of the text, answer side by side: how far they are from the distance at which
two are taken for copies (1 is that distance; below it pay is shared), and what part of their pay they keep. Last, relatives: sixteen models, orders 4 to 7 on all
of the text, on either half and on a quarter of it, all side by side; what they keep of what each earns alone, under this and other limits of likeness (kappa).`
}

// Validate fails with sim.ErrConfig.
func (o *Order) Validate() error {
	if o.Resamples < 100 || o.Resamples > 100_000 {
		return fmt.Errorf("%w: resamples is %d, want 100 to 100000", sim.ErrConfig, o.Resamples)
	}
	if o.Rounds < 40 || o.Rounds > 100_000 {
		return fmt.Errorf("%w: rounds is %d, want 40 to 100000", sim.ErrConfig, o.Rounds)
	}
	return nil
}

// contest is a pair of models, the better one last.
type contest struct {
	name       string
	lo, hi     int
	loT, hiT   string
	most       float64 // bound of the questions needed on both books
	difference []float64
}

// Run plays.
func (o *Order) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	e, err := theExam()
	if err != nil {
		return nil, err
	}
	contests := []contest{
		{name: "order-4-5", lo: 4, hi: 5, loT: "all", hiT: "all", most: 60},
		{name: "order-5-6", lo: 5, hi: 6, loT: "all", hiT: "all", most: 200},
		{name: "order-6-7", lo: 6, hi: 7, loT: "all", hiT: "all", most: 400},
		{name: "half-the-text", lo: 6, hi: 6, loT: "a", hiT: "all", most: 400},
		{name: "quarter-of-the-text", lo: 6, hi: 6, loT: "quarter", hiT: "a", most: 400},
	}
	for i := range contests {
		c := &contests[i]
		low, err := e.honest(ctx, c.lo, c.loT)
		if err != nil {
			return nil, err
		}
		high, err := e.honest(ctx, c.hi, c.hiT)
		if err != nil {
			return nil, err
		}
		for t := range low {
			c.difference = append(c.difference, high[t]-low[t])
		}
	}
	out := &sim.Report{Name: o.Name(), Title: "Questions needed to order honest models", Params: o}
	needed := make([][3]int, len(contests))
	err = sim.Parallel(ctx, len(contests), progress, func(i int) error {
		d := contests[i].difference
		for k, part := range [][]float64{d, d[:itemsPerBook], d[itemsPerBook:]} {
			needed[i][k] = o.needed(part, uint64(3*i+k))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	o.fill(out, e, contests, needed)
	if err := o.equals(ctx, e, out); err != nil {
		return nil, err
	}
	return out, o.relatives(ctx, e, out)
}

// needed is the smallest of the counts 4, 5, ... (each a tenth above the last) with which 95 % of the draws are in order; -1: none up to 20,000.
func (o *Order) needed(difference []float64, stream uint64) int {
	rng := rand.New(rand.NewPCG(o.Seed, stream))
	for n := 4; n <= 20_000; n = max(n+1, n*11/10) {
		right := 0
		for range o.Resamples {
			sum := 0.0
			for range n {
				sum += difference[rng.IntN(len(difference))]
			}
			if sum > 0 {
				right++
			}
		}
		if 20*right >= 19*o.Resamples {
			return n
		}
	}
	return -1
}

func (o *Order) fill(out *sim.Report, e *exam, contests []contest, needed [][3]int) {
	table := sim.Table{
		Name: "questions", Title: "Questions for 95 % correct order",
		Columns: []string{"pair", "mean difference (nats)", "both books", e.names[0], e.names[1]},
	}
	chart := figure.Figure{
		Name: "questions", Title: "Questions for 95 % correct order", X: "", Y: "questions", LogY: true,
		Caption: "32 questions are a round. Higher orders differ less and need more.",
	}
	series := []figure.Series{{Label: "both books", Kind: figure.Points}, {Label: e.names[0], Kind: figure.Points}, {Label: e.names[1], Kind: figure.Points}}
	for i, c := range contests {
		mean := 0.0
		for _, d := range c.difference {
			mean += d / float64(len(c.difference))
		}
		n := needed[i]
		table.Add(c.name, fmt.Sprintf("%.3f", mean), n[0], n[1], n[2])
		out.Numbers = append(out.Numbers, sim.Number{
			Name: c.name, About: "questions for 95 % correct order", Value: float64(n[0]), Unit: "questions", AtLeast: sim.Bound(4), AtMost: sim.Bound(c.most),
		})
		chart.Names = append(chart.Names, c.name)
		for k := range series {
			if n[k] > 0 {
				series[k].X, series[k].Y = append(series[k].X, float64(i)), append(series[k].Y, float64(n[k]))
			}
		}
	}
	for _, s := range series {
		if len(s.X) > 0 {
			chart.Series = append(chart.Series, s)
		}
	}
	out.Tables, out.Figures = append(out.Tables, table), append(out.Figures, chart)
}

// equals measures pairs of independent models of one order.
func (o *Order) equals(ctx context.Context, e *exam, out *sim.Report) error {
	rule := score.Defaults()
	for _, order := range []int{5, 6} {
		gains := make([][]float64, 2)
		for k, text := range []string{"a", "b"} {
			var err error
			if gains[k], err = e.honest(ctx, order, text); err != nil {
				return err
			}
		}
		margin := math.Inf(1)
		for d := range e.names {
			part := [][]float64{gains[0][d*itemsPerBook : (d+1)*itemsPerBook], gains[1][d*itemsPerBook : (d+1)*itemsPerBook]}
			level := []float64{mean(part[0]), mean(part[1])}
			s, err := score.Compare(&rule, part, level)
			if err != nil {
				return err
			}
			margin = min(margin, s.Delta[0][1]/(rule.Kappa*max(rule.LevelFloor, (level[0]+level[1])/2)))
		}
		kept, err := o.keep(ctx, e, rule, []player{always("a", 0, gains[0]), always("b", 0, gains[1])}, 2)
		if err != nil {
			return err
		}
		out.Numbers = append(out.Numbers,
			sim.Number{
				Name: fmt.Sprint("equals-margin-", order), About: "distance of independent equals, in that of copies, on the book where it is less", Value: margin,
				AtLeast: sim.Bound(2.9),
			},
			sim.Number{Name: fmt.Sprint("equals-keep-", order), About: "what the poorer of two independent equals keeps of its pay", Value: slices.Min(kept), AtLeast: sim.Bound(0.98)})
	}
	return nil
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
