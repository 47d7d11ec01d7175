package text

import (
	"maps"
	"math"
	"slices"

	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
	"github.com/gotensor/gotensor/metagraph"
)

// alpha2022 is the rate of the moving averages of the network of 2022.
const alpha2022 = 0.1

// shown is what is put beside the pay and decides nothing: the rule of November 2022 and Shapley values.
type shown struct {
	MixtureGain float64                     `json:"mixture_gain"`
	Miners      map[score.Key]*shownOfMiner `json:"miners"`
}

type shownOfMiner struct {
	Loss    float64  `json:"loss"`              // moving phrase cross entropy, nats
	Value   float64  `json:"value"`             // moving Shapley value of the rule of 2022
	Shapley *float64 `json:"shapley,omitempty"` // exact, of the latest round, nats
}

func newShown() *shown { return &shown{Miners: map[score.Key]*shownOfMiner{}} }

// begin forgets what holds for one round only.
func (s *shown) begin() {
	s.MixtureGain = 0
	for _, m := range s.Miners {
		m.Shapley = nil
	}
}

// keep forgets all but the given neurons.
func (s *shown) keep(those []score.Key) {
	kept := make(map[score.Key]bool, len(those))
	for _, k := range those {
		kept[k] = true
	}
	maps.DeleteFunc(s.Miners, func(k score.Key, _ *shownOfMiner) bool { return !kept[k] })
}

// responses are the losses of a group's answers by the rule of 2022.
func responses(items []score.Item, replies []score.Reply) []compat.Response {
	out := make([]compat.Response, len(replies))
	for i, r := range replies {
		out[i] = compat.Response{UID: i, Success: r.Answers != nil, Phrase: make([]float64, len(items))}
		for t, item := range items {
			var a *score.Answer
			if r.Answers != nil {
				a = r.Answers[t]
			}
			out[i].Phrase[t] = compat.AnswerLoss(a, item.Truth)
		}
		out[i].First = out[i].Phrase
	}
	return out
}

// observe takes in one group's answers.
func (s *shown) observe(group earnings, report score.Report) {
	s.MixtureGain = max(s.MixtureGain, report.MixtureGain)
	responses := group.of2022
	outcome, err := compat.Step(responses, compat.DefaultPowers)
	for i, r := range group.scores.Replies {
		m := s.Miners[r.Key]
		if m == nil {
			m = &shownOfMiner{Loss: mean(responses[i].Phrase)}
			s.Miners[r.Key] = m
		}
		value := 0.0
		if err == nil && responses[i].Success {
			value = finite(outcome.Stats[i]["shapley_values_nxt"])
			m.Loss += alpha2022 * (mean(responses[i].Phrase) - m.Loss)
		}
		m.Value += alpha2022 * (value - m.Value)
		if k := slices.Index(report.Keys, r.Key); k >= 0 && report.Shapley != nil {
			m.Shapley = &report.Shapley[k]
		}
	}
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// Standings is what people are shown of every neuron that was ever asked.
func (j *Judge) Standings(m *metagraph.Metagraph) mechanism.Overview {
	out := mechanism.Overview{Round: j.rounds, MixtureGain: j.shown.MixtureGain}
	keysOf := j.keys(m)
	weights, err := j.weights(keysOf)
	if err != nil {
		j.log.Error("weights cannot be shown", "err", err)
	}
	total := 0.0
	for _, k := range keysOf {
		if s := j.shown.Miners[k]; s != nil {
			total += s.Value
		}
	}
	for n := range m.All() {
		key := keysOf[n.UID]
		st, known := j.board.Standing(key)
		if !known {
			continue
		}
		row := mechanism.Standing{
			UID: n.UID, Hotkey: keys.Account(n.Hotkey), Rounds: st.Rounds, Gain: st.Level, CopyFactor: st.CopyFactor, Silent: st.Silent, Muted: st.Muted,
		}
		row.LCB = st.LCB()
		if weights != nil {
			row.Weight = weights[n.UID]
		}
		row.Service = j.service(key)
		if s := j.shown.Miners[key]; s != nil {
			size := compat.EffectiveParams(s.Loss)
			row.ModelSize, row.Shapley = &size, s.Shapley
			if total > 0 {
				pay := s.Value / total
				row.Pay2022 = &pay
			}
		}
		out.Neurons = append(out.Neurons, row)
	}
	return out
}
