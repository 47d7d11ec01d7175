package arena

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/yuma"
)

// RootCabal is the experiment in which stake decides which subnets get emission and a cabal feeds its own.
type RootCabal struct {
	Seed    uint64    `json:"seed" help:"of all randomness"`
	Voters  int       `json:"voters" help:"stakers, of equal stake"`
	Subnets int       `json:"subnets" help:"of worth from 1 to 3, beside the cabal's, which is worthless, and a newcomer of worth 2"`
	Epochs  int       `json:"epochs" help:"votes in a row, so that bonds count; the last is measured"`
	Noise   float64   `json:"noise" help:"standard deviation of a voter's opinion of a subnet, as a share of its worth"`
	Known   float64   `json:"known" help:"chance that a voter knows a subnet and votes on it"`
	Fooled  float64   `json:"fooled" help:"share of honest voters that take the cabal's subnet for one of worth 2"`
	Stakes  []float64 `json:"stakes" help:"shares of stake of the cabal"`
	Knows   []float64 `json:"knows" help:"other chances of knowing a subnet that the rules are compared at"`
}

// NewRootCabal returns the experiment with the parameters that tests hold to their bounds.
func NewRootCabal() *RootCabal {
	return &RootCabal{
		Seed: 1, Voters: 100, Subnets: 30, Epochs: 30, Noise: 0.3, Known: 0.9, Fooled: 0.02,
		Stakes: []float64{0.1, 0.2, 0.3, 0.4, 0.45, 0.49}, Knows: []float64{0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1},
	}
}

// Name of the experiment.
func (x *RootCabal) Name() string { return "root-cabal" }

// About the experiment.
func (x *RootCabal) About() string {
	return `Candidates for root weights: a cabal that feeds its own subnet

On the chain a parameter that governance sets divides emission among subnets. The plan is that stakers vote. Here four rules for that vote
are played on one set of opinions: honest voters judge each subnet that they know, with noise, a few are fooled; the cabal gives
everything to its own subnet, which is worthless. mean: emission follows the mean of votes by stake. clip: votes above what half of the stake
supports are cut to that, then the mean. yuma: the same consensus, and voters are paid dividends by bonds to what they agreed on, as the
network's epoch pays validators; a tenth of emission here. yuma at a third: the same with a kappa of 1/3.

Numbers are those of yuma at a third, before is the mean, and half is yuma at a half. cabal is the emission that the cabal's subnet
gets. Kickbacks: the subnet returns all that it gets to those who vote for it; defect is what an honest voter gains by joining, over an equal
share of the dividends. Under the mean it pays at once, and one voter after the other joins, so that no majority is safe. Under clip it pays nothing below
kappa, but costs nothing either, so that any bribe from elsewhere buys votes. Under yuma the voter loses dividends.

What clipping costs: a subnet that less than kappa of the stake votes for gets nothing, and a cabal close to kappa has a veto over all that are
not known to everybody. error is the share of emission that goes to the wrong subnets by how many voters know each, without a cabal; newcomer is what a good
subnet gets that 40 % of the voters have recognised, over its fair share. At a half, voters who know half of the subnets misplace half of the
emission, and a cabal of 49 % gets all of it. At a third both are mild and a cabal of up to a third gets nothing; one between a third and a half gets more than its stake. So the advice is yuma
at a third with dividends for voters; where voters know less than half of the subnets, shares by governance remain better. It is
advice, not a rule of the chain.`
}

// Validate the parameters.
func (x *RootCabal) Validate() error {
	return cmp.Or(counts("voters", x.Voters, 10), counts("subnets", x.Subnets, 2), counts("epochs", x.Epochs, 2), sim.Within("noise", 0, 2, x.Noise),
		sim.Within("known", 0, 1, x.Known), sim.Within("fooled", 0, 1, x.Fooled), sim.Within("stakes", 0, 0.99, x.Stakes...), sim.Within("knows", 0.05, 1, x.Knows...))
}

// The rules of a vote.
const (
	byMean  = "mean"
	byClip  = "clip"
	byYuma  = "yuma"
	byThird = "yuma at a third"
)

// rootVote is one set of opinions under all rules.
type rootVote struct {
	stake, known, recognised float64
	// By rule: emission of the cabal's subnet and of the newcomer, each a share, and of the wrong subnets in all.
	cabal, newcomer, wrong map[string]float64
	defect                 map[string]float64
}

// ballots draws opinions: one row per voter over worthless (0), newcomer (1) and the subnets. The cabal comes last.
func (x *RootCabal) ballots(v *rootVote, members int) [][]float64 {
	r := rand.New(rand.NewPCG(x.Seed, 1))
	worth := x.worth()
	rows := make([][]float64, x.Voters)
	for i := range rows {
		row := make([]float64, len(worth))
		for k, q := range worth {
			known, noise := r.Float64(), max(0, 1+x.Noise*r.NormFloat64())
			chance := v.known
			switch k {
			case 0:
				q, chance = 2, x.Fooled
			case 1:
				chance = v.recognised
			}
			if known < chance {
				row[k] = q * noise
			}
		}
		if i >= x.Voters-members {
			clear(row)
			row[0] = 1
		}
		normal(row)
		rows[i] = row
	}
	return rows
}

func (x *RootCabal) worth() []float64 {
	return append([]float64{0, 2}, Levels(x.Subnets, 1, 3)...)
}

// normal divides a row by its sum.
func normal(row []float64) {
	sum := 0.0
	for _, w := range row {
		sum += w
	}
	if sum > 0 {
		for k := range row {
			row[k] /= sum
		}
	}
}

// meanOf is the mean of rows of equal stake, divided by its sum.
func meanOf(rows [][]float64) []float64 {
	out := make([]float64, len(rows[0]))
	for _, row := range rows {
		for k, w := range row {
			out[k] += w
		}
	}
	normal(out)
	return out
}

// epochs has the network's own epoch divide emission among subnets as if they were miners. It returns the subnets' shares and the voters' of
// the dividends.
func (x *RootCabal) epochs(rows [][]float64, kappa float64) (subnets, voters []float64, err error) {
	n := x.Voters + len(rows[0])
	in := yuma.Input{
		Params: DefaultParams(), N: n, Emission: pot, Alpha: make([]gotensor.Rao, n), LastUpdate: make([]gotensor.Block, n),
		Registered: make([]gotensor.Block, n), Permit: make([]bool, n), Weights: make([]yuma.Row, n), Bonds: make([]yuma.Row, n),
	}
	in.MaxValidators, in.Kappa = uint16(min(x.Voters, math.MaxUint16)), uint16(kappa*math.MaxUint16)
	scratch := make([]float64, n)
	for i, row := range rows {
		in.Alpha[i], in.Permit[i] = 1000*TAO, true
		copy(scratch[x.Voters:], row)
		PackRow(&in.Weights[i], scratch)
	}
	var out yuma.Output
	var work yuma.Workspace
	for e := range x.Epochs {
		in.LastStep = gotensor.Block(e+1) * gotensor.Block(in.Tempo+1)
		in.Block = in.LastStep + gotensor.Block(in.Tempo+1)
		for i := range rows {
			in.LastUpdate[i] = in.LastStep + 1
		}
		if err := work.Epoch(&in, &out); err != nil {
			return nil, nil, fmt.Errorf("vote %d: %w", e, err)
		}
		for i := range in.Bonds {
			set(&in.Bonds[i], out.Bonds[i])
		}
	}
	all, paid := make([]float64, n), make([]float64, n)
	if share(all, out.ServerEmission) {
		share(paid, out.ValidatorEmission)
	}
	return all[x.Voters:], paid[:x.Voters], nil
}

// dividends is the share of emission that voters get under yuma.
const dividends = 0.1

// result of a vote under one rule: the subnets' shares and the pay of the voter who may join the cabal, before and after it joins.
type result struct {
	rule          string
	shares, after []float64
	pay, payAfter float64
}

func (x *RootCabal) play(v *rootVote) error {
	v.cabal, v.newcomer, v.wrong, v.defect = map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}
	members := int(math.Round(v.stake * float64(x.Voters)))
	rows := x.ballots(v, members)
	next := x.ballots(v, members+1)
	fair := x.worth()
	normal(fair)
	// The voter whom the cabal wins is the last of the honest.
	who := x.Voters - members - 1
	kickback := func(shares []float64) float64 { return shares[0] / float64(members+1) }
	cases := []result{{rule: byMean, shares: meanOf(rows), after: meanOf(next)}}
	for _, rule := range []string{byClip, byYuma, byThird} {
		kappa := 0.5
		if rule == byThird {
			kappa = 1.0 / 3
		}
		shares, paid, err := x.epochs(rows, kappa)
		if err != nil {
			return err
		}
		after, paidAfter, err := x.epochs(next, kappa)
		if err != nil {
			return err
		}
		c := result{rule: rule, shares: shares, after: after}
		if rule != byClip {
			c.pay, c.payAfter = dividends*paid[who], dividends*paidAfter[who]
		}
		cases = append(cases, c)
	}
	for _, c := range cases {
		v.cabal[c.rule], v.newcomer[c.rule] = c.shares[0], c.shares[1]/fair[1]
		for k := range fair {
			v.wrong[c.rule] += math.Abs(c.shares[k]-fair[k]) / 2
		}
		// In units of a voter's equal share of the dividends: under rules that pay none that is the measure too.
		v.defect[c.rule] = ((1-dividends)*kickback(c.after) + c.payAfter - c.pay) / (dividends / float64(x.Voters))
	}
	return nil
}

// Run plays cabals of all sizes, and voters who know less.
func (x *RootCabal) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := x.Validate(); err != nil {
		return nil, err
	}
	votes := make([]rootVote, 0, len(x.Stakes)+len(x.Knows)+1)
	for _, s := range x.Stakes {
		votes = append(votes, rootVote{stake: s, known: x.Known, recognised: x.Known})
	}
	for _, k := range x.Knows {
		votes = append(votes, rootVote{known: k, recognised: k})
	}
	votes = append(votes, rootVote{known: x.Known, recognised: 0.4})
	if err := sim.Parallel(ctx, len(votes), progress, func(i int) error { return x.play(&votes[i]) }); err != nil {
		return nil, err
	}
	return x.report(votes), nil
}

func (x *RootCabal) report(votes []rootVote) *sim.Report {
	out := &sim.Report{Name: x.Name(), Title: "Candidates for root weights", Params: x}
	table := sim.Table{Name: "root", Title: "Emission under each rule", Columns: []string{
		"rule", "stake of the cabal", "chance to know a subnet", "emission of the cabal's subnet", "of a newcomer, over its fair share", "wrong share of emission", "gain of a voter who joins",
	}}
	shares := figure.Figure{
		Name: "root-cabal", Title: "Emission of a worthless subnet", X: "share of stake of the cabal", Y: "share of emission", Caption: "With a mean a cabal takes its share of the stake; with clipping nothing below kappa.",
	}
	errors := figure.Figure{
		Name: "root-error", Title: "What clipping costs without a cabal", X: "chance that a voter knows a subnet", Y: "share of emission that goes to the wrong subnets",
		Caption: "Below kappa consensus knows nobody, and nobody is paid: counted as a half.",
	}
	joins := figure.Figure{
		Name: "root-kickback", Title: "What a voter gains by taking the cabal's kickback", X: "share of stake of the cabal", Y: "over an equal share of the dividends", Rules: []float64{0},
		Caption: "Above zero one voter after the other joins. Under yuma joining costs dividends.",
	}
	n, m := len(x.Stakes), len(x.Knows)
	for _, rule := range []string{byMean, byClip, byYuma, byThird} {
		var cabal, defect, wrong []float64
		for i := range votes {
			v := &votes[i]
			table.Add(rule, sim.Round(v.stake), sim.Round(v.known), sim.Round(v.cabal[rule]), sim.Round(v.newcomer[rule]), sim.Round(v.wrong[rule]), sim.Round(v.defect[rule]))
			switch {
			case i < n:
				cabal, defect = append(cabal, v.cabal[rule]), append(defect, v.defect[rule])
			case i < n+m:
				wrong = append(wrong, v.wrong[rule])
			}
		}
		kind := figure.Line
		if rule == byClip {
			kind = figure.Dashed
		}
		joins.Series = append(joins.Series, line(rule, kind, x.Stakes, defect))
		if rule != byClip { // the same split as yuma
			shares.Series, errors.Series = append(shares.Series, line(rule, kind, x.Stakes, cabal)), append(errors.Series, line(rule, kind, x.Knows, wrong))
		}
	}
	out.Numbers = x.numbers(votes)
	out.Tables, out.Figures = []sim.Table{table}, []figure.Figure{shares, errors, joins}
	return out
}

// numbers are those of yuma at a third; before is the mean.
func (x *RootCabal) numbers(votes []rootVote) []sim.Number {
	var out []sim.Number
	add := func(name, about string, get func(rule string) float64, most *float64) {
		out = append(out,
			sim.Number{Name: name, About: about, Value: sim.Round(get(byThird)), Before: sim.Bound(sim.Round(get(byMean))), AtMost: most},
			sim.Number{Name: name + "-half", About: about + ", kappa a half", Value: sim.Round(get(byYuma)), Before: sim.Bound(sim.Round(get(byMean)))})
	}
	bound := func(holds bool, most float64) *float64 {
		if holds {
			return &most
		}
		return nil
	}
	for i, s := range x.Stakes {
		v := &votes[i]
		safe := s+x.Fooled < 0.33
		add("cabal-"+percent(s), "emission of the cabal's subnet", func(rule string) float64 { return v.cabal[rule] }, bound(safe, 0))
		add("defect-"+percent(s), "gain of a voter who joins the cabal, over an equal share of dividends", func(rule string) float64 { return v.defect[rule] }, bound(safe, -0.5))
	}
	for i, k := range x.Knows {
		v := &votes[len(x.Stakes)+i]
		add("error-"+percent(k), "wrong share of emission where a voter knows a subnet with this chance", func(rule string) float64 { return v.wrong[rule] }, bound(k >= 0.5, 0.1))
	}
	last := &votes[len(votes)-1]
	add("newcomer", "emission of a good subnet that 40 % have recognised, over its fair share", func(rule string) float64 { return last.newcomer[rule] }, nil)
	return out
}
