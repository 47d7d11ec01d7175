package scoring

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/sim"
)

// TwoFaced plays miners that predict well, for validators, and write badly, for people.
type TwoFaced struct {
	Seed         uint64  `json:"seed" help:"seed of all chance"`
	Rounds       int     `json:"rounds" help:"rounds of a validator"`
	Copies       int     `json:"copies" help:"independent miners of each kind, over which figures are means"`
	Items        int     `json:"items" help:"questions of a round"`
	Candidates   int     `json:"candidates" help:"most candidates of a prediction"`
	Probes       int     `json:"probes" help:"texts that each miner is asked for in a round"`
	ServiceShare float64 `json:"service_share" help:"share of the pay for predictions that depends on how texts are served"`
	Good         int     `json:"good" help:"order of the n-gram model that all predict with"`
	Cheap        int     `json:"cheap" help:"order of the one that cheats write with"`
	TextCost     float64 `json:"text_cost" help:"what writing texts with the good model costs an honest miner, as a share of its pay; the cheap model is taken to cost nothing"`
}

// DefaultTwoFaced are the settings of a new network, with fewer candidates.
func DefaultTwoFaced() *TwoFaced {
	return &TwoFaced{Seed: 1, Rounds: 40, Copies: 6, Items: 32, Candidates: 128, Probes: 2, ServiceShare: 0.5, Good: 6, Cheap: 3, TextCost: 0.3}
}

// Name of the experiment.
func (g *TwoFaced) Name() string { return "text-two-faced" }

// About the experiment.
func (g *TwoFaced) About() string {
	return `What a miner earns that is good for validators and bad for users

All miners predict with one good model and are paid for it. The honest write with it too; the others write texts for people with a
cheap model (at every temperature, always its likeliest words, or only where people ask for another temperature than 1), with one
canned sentence, slowly, not at all or half of the time. One predicts with the cheap model where it has written with it, so that
both agree, another one also where other uids of its owner have; two put what they wrote into what they predict, where the gain that this costs is too little to be looked at. Validators ask for texts as users do, about what they will ask predictions of only later.

Numbers are pay relative to an honest miner of the same rounds, with "before" for a subnet that does not pay for service; how many
texts it takes until a miner's honesty falls below a half; how often that happens to honest ones. Miners do not share pay as copies here.

Not caught, and shown: a miner that writes the first 16 bytes with the good model and goes on with the cheap one, one that writes
half of its texts with the cheap model and has those begin so that they cannot be compared, and one that writes with the cheap model only below temperature 0.7, where texts of an honest weak model tell nothing. Not caught and not played: one that knows validators by their key, where they do not ask through gateways; bad chats, for only plain text is asked for.
Whether cheating pays depends on its cost: pay lost is to be compared with what the good model's texts cost.`
}

// Validate fails with sim.ErrConfig.
func (g *TwoFaced) Validate() error {
	if err := cmp.Or([]error{
		sim.Within("rounds", 11, 10_000, float64(g.Rounds)),
		sim.Within("copies", 1, 1000, float64(g.Copies)),
		sim.Within("items", 2, 256, float64(g.Items)),
		sim.Within("candidates", 1, score.CandidateLimit, float64(g.Candidates)),
		sim.Within("probes", 1, 8, float64(g.Probes)),
		sim.Within("service_share", 0, 1, g.ServiceShare),
		sim.Within("good", 2, ngram.MaxOrder, float64(g.Good)),
		sim.Within("cheap", 1, ngram.MaxOrder, float64(g.Cheap)),
		sim.Within("text_cost", 0, 1, g.TextCost),
	}...); err != nil {
		return err
	}
	if g.Items%2 != 0 || g.Items < 4 {
		return fmt.Errorf("%w: items is %d, want an even number of at least 4", sim.ErrConfig, g.Items)
	}
	if most := 2 * g.eachApart(); g.Probes > most {
		return fmt.Errorf("%w: probes is %d, want at most %d, a quarter of items", sim.ErrConfig, g.Probes, most)
	}
	return nil
}

// face is a kind of miner.
type face struct {
	name, about string
	most        float64 // bound of its pay relative to the honest, 0: none
	write       func(w *twoFaces, prompt []byte, temperature float64, rng *rand.Rand) ([]byte, bool)
	speed       float64
	remembers   bool
	shares      bool                                                                          // it knows all that texts were about, from other uids of its owner, and predicts with the cheap model there
	lists       func(w *twoFaces, context []byte, a *score.Answer, text []byte) *score.Answer // what it predicts where it wrote a text; nil: as elsewhere
}

// faces are all kinds; the first is honest.
func faces() []face {
	good := func(w *twoFaces, prompt []byte, t float64, rng *rand.Rand) ([]byte, bool) {
		return w.text(w.good, prompt, t, rng), true
	}
	cheap := func(w *twoFaces, prompt []byte, t float64, rng *rand.Rand) ([]byte, bool) {
		return w.text(w.cheap, prompt, t, rng), true
	}
	return []face{
		{name: "honest", about: "writes with the model that it predicts with", write: good, speed: 1},
		{name: "cheap", about: "writes with the cheap model", most: 0.73, write: cheap, speed: 1},
		{name: "cheap-likeliest", about: "always the cheap model's likeliest words", most: 0.72, speed: 1, write: func(w *twoFaces, p []byte, _ float64, rng *rand.Rand) ([]byte, bool) {
			return w.text(w.cheap, p, 0, rng), true
		}},
		{name: "cheap-below-one", about: "the cheap model below temperature 1", most: 0.9, speed: 1, write: func(w *twoFaces, p []byte, t float64, rng *rand.Rand) ([]byte, bool) {
			if t < 1 {
				return w.text(w.cheap, p, t, rng), true
			}
			return w.text(w.good, p, t, rng), true
		}},
		{name: "cheap-when-cool", about: "the cheap model below temperature 0.7: not caught", most: 1.05, speed: 1, write: func(w *twoFaces, p []byte, t float64, rng *rand.Rand) ([]byte, bool) {
			if t < score.LeastTemperature {
				return w.text(w.cheap, p, t, rng), true
			}
			return w.text(w.good, p, t, rng), true
		}},
		{name: "remembers", about: "writes with the cheap model, and predicts with it where it has written", most: 0.61, write: cheap, speed: 1, remembers: true},
		{name: "plants", about: "writes with the cheap model, and adds its text to what it predicts there", most: 0.59, write: cheap, speed: 1, lists: plant},
		{name: "raises", about: "the same, but makes likelier what it lists anyway", most: 0.9, write: cheap, speed: 1, lists: raise},
		{name: "hides", about: "half of its texts from the cheap model, which then begin so that they cannot be compared: not caught", most: 1.05, speed: 1, write: func(w *twoFaces, p []byte, t float64, rng *rand.Rand) ([]byte, bool) {
			if rng.IntN(2) == 0 {
				return append([]byte(","), w.text(w.cheap, p, t, rng)...), true
			}
			return w.text(w.good, p, t, rng), true
		}},
		{name: "canned", about: "one sentence for everybody", most: 0.6, speed: 1, write: func(*twoFaces, []byte, float64, *rand.Rand) ([]byte, bool) {
			return []byte(" I am happy to help you with that."), true
		}},
		{name: "slow", about: "takes three times as long as is quick enough", most: 0.69, write: good, speed: score.Pace(3, 0, 1, 1, 1)},
		{name: "flaky", about: "answers every other request", most: 0.75, speed: 1, write: func(w *twoFaces, p []byte, t float64, rng *rand.Rand) ([]byte, bool) {
			return w.text(w.good, p, t, rng), rng.IntN(2) == 0
		}},
		{name: "refuses", about: "answers no request for a text", most: 0.55, speed: 1, write: func(*twoFaces, []byte, float64, *rand.Rand) ([]byte, bool) { return nil, false }},
		{name: "front-loaded", about: "16 bytes of the good model, then the cheap one: not caught", most: 1.05, speed: 1, write: func(w *twoFaces, p []byte, t float64, rng *rand.Rand) ([]byte, bool) {
			first := w.text(w.good, p, t, rng)[:score.MaxLen]
			return append(first, w.text(w.cheap, append(slices.Clone(p), first...), t, rng)...), true
		}},
		{name: "shares", about: "predicts with the cheap model where it or another uid of its owner has written with it", most: 0.6, write: cheap, speed: 1, shares: true},
	}
}

// twoFaces is the world of one run.
type twoFaces struct {
	*TwoFaced
	good, cheap *ngram.Model
	others      []*ngram.Model // of other miners, all worse than the good one
	reference   score.Reference
	scorer      *score.Scorer
	rule        score.Settings
	rounds      []twoFacedRound
}

// twoFacedRound is what does not depend on the miner: questions and what both models say.
type twoFacedRound struct {
	items      []score.Item
	answers    [2][]*score.Answer // good, cheap
	gains      [2][]float64
	difficulty []float64
	others     [][]*score.View // by item
}

// text writes 24 bytes.
func (w *twoFaces) text(m *ngram.Model, prompt []byte, temperature float64, rng *rand.Rand) []byte {
	seed := rng.Uint64()
	out := make([]byte, 0, 32)
	_ = m.Generate(context.Background(), model.Prompt{Text: string(prompt), MaxTokens: 24, Temperature: temperature, TopP: 1, Seed: &seed},
		func(p model.Piece) error { out = append(out, p.Text...); return nil }) // it fails for no such prompt
	return append(out, "                "[:max(0, score.MaxLen-len(out))]...)
}

// history is one miner's way through the rounds.
type history struct {
	pay, before []float64 // by round
	honesty     []float64
	service     []float64
	caught      float64 // texts until honesty was below a half, +Inf if never
}

// moreHonest times as many honest miners as of any kind are played beside them, to count false alarms.
const moreHonest = 4

// amongWeak is the order of honest miners whose others know so little that their answers can hardly tell whose a text is: as many as moreHonest.
const amongWeak = 4

// kindOf is that of the k-th lot of miners: those beyond all kinds are honest.
func kindOf(kinds []face, k int) *face {
	if k >= len(kinds) {
		k = 0
	}
	return &kinds[k]
}

// Run plays.
func (g *TwoFaced) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	w, err := g.world(ctx)
	if err != nil {
		return nil, err
	}
	among := *g
	among.Good, among.Cheap = amongWeak, amongWeak-2
	weak, err := among.world(ctx)
	if err != nil {
		return nil, err
	}
	kinds := faces()
	all := make([]history, (len(kinds)+2*moreHonest)*g.Copies)
	mine := all[:(len(kinds)+moreHonest)*g.Copies]
	err = sim.Parallel(ctx, len(all), progress, func(i int) error {
		var err error
		in := w
		if i >= len(mine) {
			in = weak
		}
		all[i], err = in.play(kindOf(kinds, i/g.Copies), uint64(i))
		return err
	})
	if err != nil {
		return nil, err
	}
	out := g.report(kinds, mine)
	out.Numbers = append(out.Numbers, falseAlarms(all[len(mine):], 10, "late-false-alarms-among-weak",
		fmt.Sprintf(", of order %d beside others of orders %d and %d", amongWeak, amongWeak-1, amongWeak-2), 0.02))
	return out, nil
}

func (g *TwoFaced) world(ctx context.Context) (*twoFaces, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	w := &twoFaces{TwoFaced: g, rule: score.Defaults()}
	w.rule.KMax = g.Candidates
	if w.good, err = ngram.Train(ctx, g.Good, dataset.Text(dataset.Training, sources...), nil); err != nil {
		return nil, err
	}
	if w.cheap, err = ngram.Train(ctx, g.Cheap, dataset.Text(dataset.Training, sources...), nil); err != nil {
		return nil, err
	}
	for _, order := range []int{g.Good - 1, max(1, g.Good-2), g.Cheap} {
		m, err := ngram.Train(ctx, order, dataset.Text(dataset.Training, sources...), nil)
		if err != nil {
			return nil, err
		}
		w.others = append(w.others, m)
	}
	reference, err := ngram.NewReference(ctx, dataset.Excerpt(dataset.Reference, 10_000, sources...))
	if err != nil {
		return nil, err
	}
	w.reference = reference.AtWords()
	if w.scorer, err = score.NewScorer(w.rule, w.reference); err != nil {
		return nil, err
	}
	drawer, err := dataset.NewDrawer(sources, 128, rand.New(rand.NewPCG(g.Seed, 1)))
	if err != nil {
		return nil, err
	}
	for range g.Rounds {
		r, err := w.draw(ctx, drawer)
		if err != nil {
			return nil, err
		}
		w.rounds = append(w.rounds, r)
	}
	return w, nil
}

func (w *twoFaces) draw(ctx context.Context, drawer *dataset.Drawer) (twoFacedRound, error) {
	drawn, err := drawer.Draw(w.Items / 2)
	if err != nil {
		return twoFacedRound{}, err
	}
	r := twoFacedRound{difficulty: make([]float64, len(drawn))}
	contexts := make([][]byte, len(drawn))
	for i, d := range drawn {
		contexts[i] = d.Context
		r.items = append(r.items, score.Item{Stratum: d.Source, Context: d.Context, Truth: d.Continuation})
	}
	replies := make([]score.Reply, 2)
	for k, m := range []*ngram.Model{w.good, w.cheap} {
		predictions, err := m.AtWords().Predict(ctx, contexts, w.Candidates)
		if err != nil {
			return twoFacedRound{}, err
		}
		for _, p := range predictions {
			r.answers[k] = append(r.answers[k], score.NewAnswer(&w.rule, p.Candidates, p.Floor))
		}
		replies[k] = score.Reply{Key: score.Key(fmt.Sprint(k)), Answers: r.answers[k]}
	}
	if r.others, err = w.views(ctx, contexts); err != nil {
		return twoFacedRound{}, err
	}
	scores, err := w.scorer.Round(r.items, replies)
	if err != nil {
		return twoFacedRound{}, err
	}
	for k := range replies {
		for i, gain := range scores.Replies[k].Gains {
			r.gains[k] = append(r.gains[k], gain.Nats)
			r.difficulty[i] += score.CareGain(gain.Nats) / 2 // others of the network have one or the other model
		}
	}
	return r, nil
}

// views are what the other miners predict, by item.
func (w *twoFaces) views(ctx context.Context, contexts [][]byte) ([][]*score.View, error) {
	out := make([][]*score.View, len(contexts))
	for _, m := range w.others {
		predictions, err := m.AtWords().Predict(ctx, contexts, w.Candidates)
		if err != nil {
			return nil, err
		}
		for i, p := range predictions {
			v, ok, err := w.scorer.View(contexts[i], score.NewAnswer(&w.rule, p.Candidates, p.Floor))
			if err != nil {
				return nil, err
			}
			if ok {
				out[i] = append(out[i], v)
			}
		}
	}
	return out, nil
}

// play takes one miner through all rounds.
func (w *twoFaces) play(f *face, i uint64) (history, error) {
	rng := rand.New(rand.NewPCG(w.Seed, 1000+i))
	h := history{caught: math.Inf(1)}
	var service score.Service
	var paid [2]score.Average // by stratum
	for n := range w.rounds {
		r := &w.rounds[n]
		probed := w.probed(rng)
		model := make([]int, w.Items) // which answers, by item
		if f.remembers {
			for _, t := range probed {
				model[t] = 1
			}
		}
		for t := range model {
			if f.shares && w.apart(t) {
				model[t] = 1
			}
		}
		probes, err := w.ask(f, r, probed, model, rng)
		if err != nil {
			return h, err
		}
		service.Observe(w.rule.Alpha, probes)
		var sum, count [2]float64
		for t, item := range r.items {
			if !w.apart(t) {
				sum[item.Stratum] += r.gains[model[t]][t]
				count[item.Stratum]++
			}
		}
		base := 0.0
		for d := range paid {
			paid[d].Add(w.rule.Alpha, sum[d]/count[d])
			base += math.Pow(max(0, paid[d].LCB(&w.rule)), w.rule.Gamma) / 2
		}
		s := service.Standing(w.rule.Z)
		h.before = append(h.before, base)
		h.pay = append(h.pay, base*(1-w.ServiceShare+w.ServiceShare*s.Service))
		h.honesty = append(h.honesty, s.Honesty)
		h.service = append(h.service, s.Service)
		if s.Honesty < 0.5 && math.IsInf(h.caught, 1) {
			h.caught = float64((n + 1) * w.Probes)
		}
	}
	return h, nil
}

// eachApart is how many items of each source texts may be about, which do not count for the gain: a quarter, rounded up.
func (g *TwoFaced) eachApart() int { return (g.Items/2 + 3) / 4 }

// apart tells whether item t is one of these.
func (g *TwoFaced) apart(t int) bool {
	each := g.Items / 2
	return t%each >= each-g.eachApart()
}

// probed draws the items that a miner has to write about.
func (w *twoFaces) probed(rng *rand.Rand) []int {
	var out []int
	for _, t := range rng.Perm(w.Items) {
		if w.apart(t) && len(out) < w.Probes {
			out = append(out, t)
		}
	}
	return out
}

// ask asks for a round's texts and compares them with the answers.
func (w *twoFaces) ask(f *face, r *twoFacedRound, probed, model []int, rng *rand.Rand) ([]score.Probe, error) {
	gain := func(t int) float64 { return score.CareGain(r.gains[model[t]][t]) }
	usual, level, n := 0.0, 0.0, 0
	for t := range r.items {
		if !w.apart(t) {
			usual += gain(t) - r.difficulty[t]
			level += gain(t)
			n++
		}
	}
	var out []score.Probe
	for _, t := range probed {
		temperature := 1.0
		switch x := rng.Float64(); {
		case x < 0.35: // as validators draw it
			temperature = float64(7+rng.IntN(3)) / 10
		case x < 0.5:
			temperature = float64(rng.IntN(7)) / 10
		}
		text, ok := f.write(w, r.items[t].Context, temperature, rng)
		p := score.Probe{OK: ok, Speed: f.speed, Temperature: temperature, Predicted: ok, Level: level / float64(n)}
		if ok {
			p.Care = gain(t) - r.difficulty[t] - usual/float64(n)
			answer := r.answers[model[t]][t]
			if f.lists != nil {
				answer = f.lists(w, r.items[t].Context, answer, text)
			}
			var err error
			if p.Agreement, p.Comparable, err = w.scorer.Agree(r.items[t].Context, answer, text, r.others[t]...); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// report sums up.
func (g *TwoFaced) report(kinds []face, all []history) *sim.Report {
	out := &sim.Report{Name: g.Name(), Title: "Good for validators, bad for users", Params: g}
	table := sim.Table{
		Name: "faces", Title: "Pay relative to the honest, after the first half of the rounds",
		Columns: []string{"miner", "what it does", "pay", "pay before", "service", "honesty", "texts until caught", "profit over honest (share of pay)"},
	}
	lines := figure.Figure{
		Name: "two-faced-pay", Title: "Pay of miners that are good for validators and bad for users", X: "round", Y: "pay relative to the honest",
		Caption: "All predict with the same model. Without pay for service all lines lie at 1.",
	}
	bars := figure.Figure{
		Name: "two-faced-faces", Title: lines.Title, Y: "pay relative to the honest",
		Caption: "Pay in the second half of the rounds. All predict with the same model. Dots: where service is not paid.",
	}
	with, without := figure.Series{Label: "service paid", Kind: figure.Bars}, figure.Series{Label: "not paid", Kind: figure.Points}
	honest, before := late(all[:g.Copies], func(h *history) []float64 { return h.pay }), late(all[:g.Copies], func(h *history) []float64 { return h.before })
	for k, f := range kinds {
		mine := all[k*g.Copies : (k+1)*g.Copies]
		pay := late(mine, func(h *history) []float64 { return h.pay }) / honest
		old := late(mine, func(h *history) []float64 { return h.before }) / before
		caught := make([]float64, len(mine))
		for i := range mine {
			caught[i] = mine[i].caught
		}
		slices.Sort(caught)
		until := any("never")
		if c := caught[len(caught)/2]; !math.IsInf(c, 1) {
			until = c
		}
		saved := g.TextCost
		if k == 0 || f.name == "slow" {
			saved = 0
		}
		table.Add(f.name, f.about, sim.Round(pay), sim.Round(old), sim.Round(late(mine, func(h *history) []float64 { return h.service })),
			sim.Round(late(mine, func(h *history) []float64 { return h.honesty })), until, sim.Round(pay-1+saved))
		if f.most > 0 {
			n := sim.Number{Name: "pay-" + f.name, About: "pay of a miner that " + f.about + ", relative to the honest", Value: sim.Round(pay), AtMost: sim.Bound(f.most)}
			n.Before = sim.Bound(sim.Round(old))
			out.Numbers = append(out.Numbers, n)
		}
		if f.name == "cheap" {
			out.Numbers = append(out.Numbers,
				sim.Number{Name: "texts-until-caught", About: "median texts until the honesty of the miner with the cheap model is below a half", Value: min(caught[len(caught)/2], 1e6), AtMost: sim.Bound(10)},
				sim.Number{Name: "break-even-cost", About: "cheating with the cheap model pays only where texts of the good one cost more than this share of the pay", Value: sim.Round(1 - pay), AtLeast: sim.Bound(0.29)},
				sim.Number{Name: "profit-of-cheating", About: "pay lost and cost saved by writing with the cheap model, at the assumed cost of texts, as a share of an honest miner's pay", Value: sim.Round(pay - 1 + g.TextCost), Before: sim.Bound(sim.Round(old - 1 + g.TextCost)), AtMost: sim.Bound(0.02)})
		}
		bars.Names = append(bars.Names, f.name)
		with.X, with.Y = append(with.X, float64(k)), append(with.Y, sim.Round(pay))
		without.X, without.Y = append(without.X, float64(k)), append(without.Y, sim.Round(old))
		lines.Series = append(lines.Series, g.line(f.name, mine, all[:g.Copies]))
	}
	honestOnes := slices.Concat(all[:g.Copies], all[len(kinds)*g.Copies:])
	out.Numbers = append(out.Numbers, falseAlarms(honestOnes, 0, "false-alarms", "", 0.03), falseAlarms(honestOnes, 10, "late-false-alarms", "", 0.01))
	bars.Series = []figure.Series{with, without}
	out.Tables, out.Figures = []sim.Table{table}, []figure.Figure{bars, lines}
	return out
}

// line is a kind's pay by round, relative to the honest; from the first round on in which those earn.
func (g *TwoFaced) line(name string, mine, honest []history) figure.Series {
	s := figure.Series{Label: name, Kind: figure.Line}
	for n := range g.Rounds {
		a, b := 0.0, 0.0
		for i := range mine {
			a += mine[i].pay[n]
			b += honest[i].pay[n]
		}
		if b > 0 {
			s.X, s.Y = append(s.X, float64(n+1)), append(s.Y, sim.Round(a/b))
		}
	}
	return s
}

// falseAlarms counts rounds, after the first so many, in which an honest miner's honesty is below a half.
func falseAlarms(honest []history, after int, name, which string, most float64) sim.Number {
	alarms, n := 0, 0
	for i := range honest {
		for _, x := range honest[i].honesty[after:] {
			n++
			if x < 0.5 {
				alarms++
			}
		}
	}
	return sim.Number{
		Name: name, About: fmt.Sprintf("share of rounds, after the first %d, in which the honesty of an honest miner%s is below a half", after, which),
		Value: sim.Round(float64(alarms) / float64(n)), AtMost: sim.Bound(most),
	}
}

// late is the mean over the second half of the rounds.
func late(all []history, of func(*history) []float64) float64 {
	sum, n := 0.0, 0
	for i := range all {
		x := of(&all[i])
		for _, v := range x[len(x)/2:] {
			sum += v
			n++
		}
	}
	return sum / float64(n)
}
