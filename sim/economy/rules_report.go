package economy

import (
	"math"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

func (r *Rules) report(out [][]outcome) *sim.Report {
	at := len(r.Pays) / 2
	report := &sim.Report{Name: r.Name(), Title: "What rules of pay make of miners who follow their profit", Params: r}
	by := map[string]Snapshot{}
	for i, name := range r.Rules {
		by[name] = out[i][at].end
	}
	report.Numbers = r.numbers(by)
	report.Tables = []sim.Table{r.table(out)}
	report.Figures = []figure.Figure{r.overTime(out, at), r.overPay(out), r.bars(out, at)}
	return report
}

// Bounds that the default parameters keep, with room for other seeds.
const (
	mostLossOurs   = 2.35 // nats per token
	mostCopiesOurs = 0.40
	leastOverEqual = 0.05
)

func (r *Rules) numbers(by map[string]Snapshot) []sim.Number {
	var out []sim.Number
	for _, name := range r.Rules {
		s := by[name]
		loss := sim.Number{Name: "loss-" + name, About: "loss of the network's answers mixed by pay, after convergence", Value: sim.Round(s.Mixture), Unit: "nats/token"}
		best := sim.Number{Name: "best-" + name, About: "loss of the best model", Value: sim.Round(s.Best), Unit: "nats/token"}
		models := sim.Number{Name: "models-" + name, About: "distinct models", Value: sim.Round(s.Models)}
		copies := sim.Number{Name: "copies-" + name, About: "share of the pay that goes to relays and to further uids of one model", Value: sim.Round(s.Copies)}
		if name == Ours {
			loss.AtMost, copies.AtMost, models.AtLeast = sim.Bound(mostLossOurs), sim.Bound(mostCopiesOurs), sim.Bound(8)
			if equal, ok := by[Equal]; ok {
				loss.Before, copies.Before = sim.Bound(sim.Round(equal.Mixture)), sim.Bound(sim.Round(equal.Copies))
			}
		}
		out = append(out, loss, best, models, copies)
	}
	ours, hasOurs := by[Ours]
	if equal, ok := by[Equal]; ok && hasOurs {
		out = append(out, sim.Number{
			Name: "ours-over-equal", About: "by how much our rule's loss is below that of equal pay: what incentive is worth",
			Value: sim.Round(equal.Mixture - ours.Mixture), Unit: "nats/token", AtLeast: sim.Bound(leastOverEqual),
		})
	}
	if hasOurs {
		out = append(out, sim.Number{
			Name: "size-ours", About: "parameters of the models, mean weighted by pay", Value: math.Round(ours.Size / 1e6), Unit: "million",
		}, sim.Number{
			Name: "size-theory", About: "parameters at which the last one costs what it brings, for an owner of mean costs and one uid among as many",
			Value: math.Round(r.market(Ours).bestSize(r.Pays[len(r.Pays)/2], ours.UIDs) / 1e6), Unit: "million",
		})
	}
	return out
}

// bestSize solves pay/n * gamma * gain'(N)/gain(N) = cost' for N by bisection: the left side falls, with N times it above the
// right one for small models.
func (m market) bestSize(pay, uids float64) float64 {
	low, high := 1e6, 1e13
	for range 100 {
		n := math.Sqrt(low * high)
		gain := m.itemTokens * (m.reference - m.law.Loss(n))
		slope := m.itemTokens * m.law.Power * m.law.Scale / math.Pow(n, m.law.Power+1)
		if gain <= 0 || pay/max(uids, 1)*m.gamma*slope/gain > m.compute/1e9 {
			low = n
		} else {
			high = n
		}
	}
	return low
}

func (r *Rules) table(out [][]outcome) sim.Table {
	t := sim.Table{
		Name: "economy-rules", Title: "Networks after convergence, by rule and pay",
		Columns: []string{
			"rule", "pay, TAO per epoch", "loss of the mixture, nats/token", "loss of the best", "nats below the reference per TAO", "mean size, million parameters", "all distinct models, million parameters",
			"owners there", "uids", "distinct models", "share of pay to copies", "effective owners", "profit, TAO per epoch", "burned, TAO per epoch",
		},
	}
	for i, name := range r.Rules {
		for k, pay := range r.Pays {
			s := out[i][k].end
			t.Add(name, pay, sim.Round(s.Mixture), sim.Round(s.Best), sim.Round((r.Reference-s.Mixture)/pay), math.Round(s.Size/1e6), math.Round(s.Served/1e6),
				math.Round(s.Miners*10)/10, math.Round(s.UIDs*10)/10, math.Round(s.Models*10)/10, sim.Round(s.Copies), math.Round(s.Owners*10)/10,
				sim.Round(s.Profit), sim.Round(s.Burned))
		}
	}
	return t
}

func (r *Rules) overTime(out [][]outcome, at int) figure.Figure {
	f := figure.Figure{
		Name: "economy-loss-over-time", Title: "The network's loss by rule of pay", X: "epoch", Y: "loss of the mixture, nats per token",
		Caption: "Answers mixed by pay. Each point is the mean of six epochs. Under equal pay the cheapest answers win; rules that pay more steeply for a lower loss get larger models.",
	}
	const window = 6
	for i, name := range r.Rules {
		s := figure.Series{Label: name, Kind: figure.Line}
		h := out[i][at].history
		for e := 0; e < len(h); e += window {
			part := h[e:min(e+window, len(h))]
			sum := 0.0
			for _, x := range part {
				sum += x.Mixture
			}
			s.X = append(s.X, float64(e)+float64(len(part)-1)/2)
			s.Y = append(s.Y, sim.Round(sum/float64(len(part))))
		}
		f.Series = append(f.Series, s)
	}
	return f
}

func (r *Rules) overPay(out [][]outcome) figure.Figure {
	f := figure.Figure{
		Name: "economy-loss-over-pay", Title: "What TAO buys", X: "TAO per epoch for miners", Y: "loss of the mixture, nats per token", LogX: true,
		Caption: "The network's loss after convergence against what miners are paid. More pay is larger models under every rule that tells them apart.",
	}
	for i, name := range r.Rules {
		s := figure.Series{Label: name, Kind: figure.Line, X: r.Pays}
		for k := range r.Pays {
			s.Y = append(s.Y, sim.Round(out[i][k].end.Mixture))
		}
		f.Series = append(f.Series, s)
	}
	return f
}

func (r *Rules) bars(out [][]outcome, at int) figure.Figure {
	f := figure.Figure{
		Name: "economy-copies", Title: "Pay that goes to copies", X: "rule", Y: "share of the pay", Names: r.Rules, MinY: sim.Bound(0), MaxY: sim.Bound(1),
		Caption: "Relays of others' answers and further uids of one model, after convergence.",
	}
	s := figure.Series{Kind: figure.Bars}
	for i := range r.Rules {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, sim.Round(out[i][at].end.Copies))
	}
	f.Series = []figure.Series{s}
	return f
}
