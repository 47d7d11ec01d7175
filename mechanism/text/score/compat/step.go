package compat

import (
	"fmt"
	"math"
)

// Stats are the statistics of one neuron by the names of 2022, e.g. "loss_nxt", "base_params_nxt", "shapley_values_nxt". Of a
// neuron that failed only "uid", "response_time..." and "routing_score" are there.
type Stats map[string]float64

// Response is one neuron's part of a step.
type Response struct {
	UID     int
	Success bool    // return code 1
	Seconds float64 // response time; plays no part in the score
	Routing float64 // the validator's own guess of the neuron's worth
	First   []float64
	Phrase  []float64 // losses by item, nats; First of the first token, Phrase of the phrase, which is scored
}

// Powers are the exponents that bring parameters down to a score; those of a network differ, so different units are added up.
type Powers struct{ Base, Synergy float64 }

// DefaultPowers are those of the network in late 2022.
var DefaultPowers = Powers{Base: 0.5, Synergy: 0.6}

// Joint is the loss of two neurons' averaged probabilities.
type Joint struct {
	Ext  string
	UIDs [2]int
	Loss float64
}

// Outcome is what a step gave.
type Outcome struct {
	Loss     float64                            // what the validator's own model trained on
	Stats    map[int]Stats                      // by uid
	Joint    []Joint                            // pairs in order
	LossDiff map[string]map[int]map[int]float64 // by extension and uids: own loss, or share of a pair's gain
}

// pairLoss is the joint loss of two of the responses that have a loss.
type pairLoss func(i, j int) float64

// Step scores one step of the synapse TextCausalLMNext. NaN items become BadLoss; faults kept: Inf is not replaced, failing with
// 92 nats is worse than sending NaN, synergy is never negative and is divided by n instead of the number of pairs, so two who
// each know half of the items earn 23 times their base.
func Step(responses []Response, p Powers) (Outcome, error) {
	const ext = "_nxt"
	out := Outcome{Stats: map[int]Stats{}, LossDiff: map[string]map[int]map[int]float64{ext: {}}}
	var uids []int
	var items [][]float64
	for i := range responses {
		r := &responses[i]
		stats := Stats{"uid": float64(r.UID), "response_time" + ext: r.Seconds, "routing_score": r.Routing}
		if _, twice := out.Stats[r.UID]; twice {
			return Outcome{}, fmt.Errorf("%w: uid %d is given twice", ErrShape, r.UID)
		}
		out.Stats[r.UID] = stats
		if !r.Success {
			continue
		}
		if len(r.Phrase) == 0 || len(r.First) != len(r.Phrase) || len(items) > 0 && len(items[0]) != len(r.Phrase) {
			return Outcome{}, fmt.Errorf("%w: uid %d has %d and %d losses, want equally many of all", ErrShape, r.UID, len(r.First), len(r.Phrase))
		}
		first, phrase := cleaned(r.First), cleaned(r.Phrase)
		stats["loss_val"+ext] = mean(first)
		stats.setBase(ext, mean(phrase), p.Base)
		out.Loss += stats["loss"+ext] + stats.setRouting(ext)
		uids, items = append(uids, r.UID), append(items, phrase)
	}
	out.addSynergy(ext, uids, p.Synergy, func(i, j int) float64 {
		sum := 0.0
		for t := range items[i] {
			sum -= math.Log((math.Exp(-items[i][t])+math.Exp(-items[j][t]))/2 + tiny)
		}
		return sum / float64(len(items[i]))
	})
	return out, nil
}

// setBase sets the loss and what the scaling law makes of it.
func (s Stats) setBase(ext string, loss, power float64) {
	params := EffectiveParams(loss)
	s["loss"+ext] = loss
	s["est_params"+ext] = params
	s["base_params"+ext] = math.Pow(params, power)
	s["synergy"+ext] = 0
	s["synergy_loss_diff"+ext] = 0
}

// setRouting compares the validator's guess with the score's target and returns the squared error.
func (s Stats) setRouting(ext string) float64 {
	target := math.Exp(-max(s["loss"+ext]-entropy, 0))
	loss := (s["routing_score"] - target) * (s["routing_score"] - target)
	s["routing_score_target"+ext] = target
	s["routing_loss"+ext] = loss
	return loss
}

// addSynergy adds to each of a pair half of what their average is better than the better of them, over n, then the Shapley value.
func (o *Outcome) addSynergy(ext string, uids []int, power float64, joint pairLoss) {
	diff := o.LossDiff[ext]
	for _, uid := range uids {
		diff[uid] = map[int]float64{uid: o.Stats[uid]["loss"+ext]}
	}
	n := float64(len(uids))
	for i, a := range uids {
		for j := i + 1; j < len(uids); j++ {
			b := uids[j]
			measured := joint(i, j)
			o.Joint = append(o.Joint, Joint{Ext: ext, UIDs: [2]int{a, b}, Loss: measured})
			expected := min(o.Stats[a]["loss"+ext], o.Stats[b]["loss"+ext])
			lossShare := max(expected-measured, 0) / 2 / n
			share := max(math.Pow(EffectiveParams(measured), power)-math.Pow(EffectiveParams(expected), power), 0) / 2 / n
			for _, uid := range []int{a, b} {
				o.Stats[uid]["synergy_loss_diff"+ext] += lossShare
				o.Stats[uid]["synergy"+ext] += share
			}
			diff[a][b], diff[b][a] = lossShare, lossShare
		}
	}
	for _, uid := range uids {
		s := o.Stats[uid]
		s["shapley_values"+ext] = s["base_params"+ext] + s["synergy"+ext]
	}
}

func cleaned(losses []float64) []float64 {
	out := make([]float64, len(losses))
	for i, l := range losses {
		if out[i] = l; math.IsNaN(l) {
			out[i] = BadLoss
		}
	}
	return out
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
