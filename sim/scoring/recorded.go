package scoring

import (
	"context"
	"fmt"
	"math"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/sim"
)

// Models plays the attacks on recorded answers of language models of several families, on text that none of them can have seen.
type Models struct {
	Seed      uint64 `json:"seed" help:"seed of the order of questions, of noise and of draws"`
	Rounds    int    `json:"rounds" help:"rounds of a validator, of 33 questions each"`
	Resamples int    `json:"resamples" help:"draws of questions from the recorded ones, for each count"`
}

// DefaultModels plays 120 rounds.
func DefaultModels() *Models { return &Models{Seed: 1, Rounds: 120, Resamples: 300} }

// Name of the experiment.
func (m *Models) Name() string { return "text-models" }

// About the experiment.
func (m *Models) About() string {
	return `More models, fresh text

Answers of transformers with 135 and 270 million parameters, recurrent networks, n-grams and a mixer of contexts were recorded on held-out places of two books
and of this project's own documents, which are younger than the large models. Asked: which models are paid, and where; do independent models look like
copies of each other (1 is the distance at which pay begins to be shared); do attacks pay that were only tried on n-grams, also in disguises tuned to
each model, in its honest pays and in those of the mixture that the disguise uses; how many questions put adjacent models in order; and is the order on
fresh text that on the books, which the large models have read.`
}

// Validate fails with sim.ErrConfig.
func (m *Models) Validate() error {
	if err := (&Attack{Rounds: m.Rounds}).Validate(); err != nil {
		return err
	}
	return (&Order{Resamples: m.Resamples, Rounds: m.Rounds}).Validate()
}

// Run plays.
func (m *Models) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	r, err := theRecorded()
	if err != nil {
		return nil, err
	}
	out := &sim.Report{Name: m.Name(), Title: "More models, fresh text", Params: m}
	m.levels(r, out)
	if err := m.paid(ctx, r, out); err != nil {
		return nil, err
	}
	if err := m.pairs(r, out); err != nil {
		return nil, err
	}
	if err := m.together(ctx, r, out); err != nil {
		return nil, err
	}
	if err := m.order(ctx, r, out); err != nil {
		return nil, err
	}
	return out, m.attacks(ctx, r, out, progress)
}

// levels are the gains of all models by source.
func (m *Models) levels(r *recordedExam, out *sim.Report) {
	table := sim.Table{Name: "models", Title: "Gain over the validator's reference, nats an item, with its standard error", Columns: []string{"model", "family", "made from", "all"}}
	table.Columns = append(table.Columns, r.names...)
	chart := figure.Figure{
		Name: "models", Title: "What models of several families gain", Y: "gain (nats an item)",
		Caption: "Mean and two standard errors on each source. The documents are younger than the large models.",
	}
	series := make([]figure.Series, len(r.names))
	for i := range r.bank.Models {
		b := &r.bank.Models[i]
		level, _ := meanError(r.gains[b.Name])
		row := []any{b.Name, b.Family, b.Kin, fmt.Sprintf("%.3f", level)}
		chart.Names = append(chart.Names, b.Name)
		for d := range r.names {
			level, noise := meanError(r.part(b.Name, d))
			row = append(row, fmt.Sprintf("%.2f ± %.2f", level, noise))
			s := &series[d]
			s.Label, s.Kind = r.names[d], figure.Points
			s.X, s.Y = append(s.X, float64(i)), append(s.Y, sim.Round(level))
			s.Low, s.High = append(s.Low, sim.Round(level-2*noise)), append(s.High, sim.Round(level+2*noise))
		}
		table.Add(row...)
	}
	chart.Series = series
	out.Tables, out.Figures = append(out.Tables, table), append(out.Figures, chart)
}

// paid are the lower bounds by which each model is paid, by source, and what it would gain with the next byte alone.
func (m *Models) paid(ctx context.Context, r *recordedExam, out *sim.Report) error {
	table := sim.Table{
		Name: "paid", Title: "The lower bound that is paid, nats an item, alone on a board, and the gain of single bytes",
		Columns: append(append([]string{"model"}, r.names...), "single bytes"),
	}
	fresh := sim.Number{
		Name: "fresh-paid", About: "independent models that are paid for at least 0.03 nats on fresh text", Unit: "models", AtLeast: sim.Bound(2),
	}
	bytes := sim.Number{
		Name: "single-bytes-most", About: "the most that any model gains which says no more than the next byte, nats an item", Value: math.Inf(-1), AtMost: sim.Bound(0.01),
	}
	for i := range r.bank.Models {
		b := &r.bank.Models[i]
		alone, err := r.play(ctx, score.Defaults(), m.Seed, m.Rounds, 2, []player{always(b.Name, 0, r.gains[b.Name])})
		if err != nil {
			return err
		}
		gains, err := r.exam.gains(ctx, singles(b.Answers))
		if err != nil {
			return err
		}
		points := alone.mean(0, m.Rounds/2)
		row := []any{b.Name}
		for _, v := range points {
			row = append(row, fmt.Sprintf("%.2f", math.Sqrt(v)))
		}
		if b.Kin == "" && points[len(points)-1] >= hair {
			fresh.Value++
		}
		bytes.Value = max(bytes.Value, mean(gains))
		table.Add(append(row, fmt.Sprintf("%.3f", mean(gains)))...)
	}
	out.Tables, out.Numbers = append(out.Tables, table), append(out.Numbers, fresh, bytes)
	return nil
}

// pairs measures who looks like whom.
func (m *Models) pairs(r *recordedExam, out *sim.Report) error {
	rule := score.Defaults()
	table := sim.Table{Name: "pairs", Title: "Distance in that of copies (1: pay begins to be shared)", Columns: []string{"pair", "related", "all sources", "closest source", "which"}}
	closest := sim.Number{
		Name: "independent-closest", About: "smallest distance of two independent models, in that of copies, all sources together", Value: math.Inf(1), AtLeast: sim.Bound(1.8),
	}
	equals := sim.Number{
		Name: "equals-closest", About: "smallest distance of two of one family and size that were trained on different halves, in that of copies",
		Value: math.Inf(1), AtLeast: sim.Bound(7.4),
	}
	for j := range r.bank.Models {
		for i := range j {
			a, b := &r.bank.Models[i], &r.bank.Models[j]
			d, err := r.apart(&rule, r.gains[a.Name], r.gains[b.Name])
			if err != nil {
				return err
			}
			least, which := math.Inf(1), ""
			for s, name := range r.names {
				near, err := r.apart(&rule, r.part(a.Name, s), r.part(b.Name, s))
				if err != nil {
					return err
				}
				if near < least {
					least, which = near, name
				}
			}
			related := b.Kin == a.Name || a.Kin != "" && a.Kin == b.Kin
			switch {
			case related:
				out.Numbers = append(out.Numbers, sim.Number{Name: "relative-" + b.Name, About: "distance from " + a.Name + ", of which it is made, in that of copies", Value: d})
			case a.Kin == "" && b.Kin == "":
				closest.Value = min(closest.Value, d)
				if a.Family == b.Family && a.Family != "transformer" {
					equals.Value = min(equals.Value, d)
				}
			}
			table.Add(a.Name+", "+b.Name, related, fmt.Sprintf("%.2f", d), fmt.Sprintf("%.2f", least), which)
		}
	}
	out.Numbers = append(out.Numbers, closest, equals)
	out.Tables = append(out.Tables, table)
	return nil
}

// together lets all independent models be miners of one subnet, and each relative come later than that of which it is made.
func (m *Models) together(ctx context.Context, r *recordedExam, out *sim.Report) error {
	rule, before := score.Defaults(), score.Defaults()
	before.Lead = 0
	kept := sim.Table{Name: "together", Title: "What is kept of the pay beside all independent models", Columns: []string{"model", "kept", "kept without precedence"}}
	var players []player
	for _, name := range r.independent() {
		players = append(players, always(name, 0, r.gains[name]))
	}
	now, err := r.keep(ctx, rule, m, players)
	if err != nil {
		return err
	}
	old, err := r.keep(ctx, before, m, players)
	if err != nil {
		return err
	}
	worst := sim.Number{
		Name: "independent-keep", About: "what the poorest of all independent models keeps of its pay beside the others", Value: math.Inf(1), Before: sim.Bound(math.Inf(1)),
		AtLeast: sim.Bound(0.95),
	}
	for i, p := range players {
		kept.Add(p.name, fmt.Sprintf("%.3f", now[i]), fmt.Sprintf("%.3f", old[i]))
		worst.Value, *worst.Before = min(worst.Value, now[i]), min(*worst.Before, old[i])
	}
	out.Numbers = append(out.Numbers, worst)
	for i := range r.bank.Models {
		b := &r.bank.Models[i]
		if b.Kin == "" {
			continue
		}
		pair := []player{always(b.Kin, 0, r.gains[b.Kin]), always(b.Name, 10, r.gains[b.Name])}
		now, err := r.keep(ctx, rule, m, pair)
		if err != nil {
			return err
		}
		kept.Add(b.Name+", ten rounds after "+b.Kin, fmt.Sprintf("%.3f", now[1]), "")
		out.Numbers = append(out.Numbers, sim.Number{Name: "relative-" + b.Name + "-keeps", About: "what it keeps of its pay ten rounds after " + b.Kin + ", of which it is made", Value: now[1]})
	}
	out.Tables = append(out.Tables, kept)
	return nil
}

// keep is what each keeps of the pay that it would have alone, in the second half of the rounds.
func (r *recordedExam) keep(ctx context.Context, rule score.Settings, m *Models, players []player) ([]float64, error) {
	both, err := r.play(ctx, rule, m.Seed, m.Rounds, len(players), players)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(players))
	for i := range players {
		alone, err := r.play(ctx, rule, m.Seed, m.Rounds, len(players), players[i:i+1])
		if err != nil {
			return nil, err
		}
		out[i] = relative(both.mean(i, m.Rounds/2), alone.mean(0, m.Rounds/2))
	}
	return out, nil
}

// meanError is a mean with its standard error.
func meanError(x []float64) (float64, float64) {
	level, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - level) * (v - level)
	}
	return level, math.Sqrt(sum / float64(len(x)*(len(x)-1)))
}
