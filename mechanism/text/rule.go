package text

import (
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
)

// Rules of pay, the setting "rule". RuleGain is what docs/scoring.md says and defends. The others are there to be compared with it, on networks where
// nothing is at stake (docs/economy.md says what becomes of them): they look at no copies, at no texts and at no confidence but the winner's.
const (
	RuleGain   = "gain"   // in proportion to the power of the gain, less copies, by what people get
	RuleWinner = "winner" // all to the one whose gain has the largest lower bound, if that is above 0
	RuleEqual  = "equal"  // everybody who answers alike
	Rule2022   = "2022"   // by the rule of November 2022, as package compat has it
)

var rules = []string{RuleGain, RuleWinner, RuleEqual, Rule2022}

// weights shares the pay by the subnet's rule; nil: nobody is paid.
func (j *Judge) weights(keys []score.Key) ([]float64, error) {
	switch j.settings.Rule {
	case RuleWinner:
		return j.winner(keys), nil
	case RuleEqual:
		return j.equal(keys), nil
	case Rule2022:
		return j.of2022(keys), nil
	}
	payout, err := j.board.Weights(keys)
	return payout.Weights, err
}

// lcb is the mean of a neuron's lower bounds over the sources; false if it was never asked, or is silent.
func (j *Judge) lcb(key score.Key) (float64, bool) {
	st, known := j.board.Standing(key)
	if !known || st.Muted {
		return 0, false
	}
	return st.LCB(), true
}

func (j *Judge) winner(keys []score.Key) []float64 {
	best, at := 0.0, -1
	for i, key := range keys {
		if x, ok := j.lcb(key); ok && x > best {
			best, at = x, i
		}
	}
	if at < 0 {
		return nil
	}
	out := make([]float64, len(keys))
	out[at] = 1
	return out
}

func (j *Judge) equal(keys []score.Key) []float64 {
	out := make([]float64, len(keys))
	n := 0.0
	for i, key := range keys {
		if _, ok := j.lcb(key); ok {
			out[i] = 1
			n++
		}
	}
	if n == 0 {
		return nil
	}
	for i := range out {
		out[i] /= n
	}
	return out
}

func (j *Judge) of2022(keys []score.Key) []float64 {
	value := make(map[int]float64, len(keys))
	var asked []int
	for i, key := range keys {
		if s := j.shown.Miners[key]; s != nil {
			asked, value[i] = append(asked, i), s.Value
		}
	}
	uids, w := compat.CalculateWeights(asked, value, len(asked), compat.DemandOf(len(keys)))
	if len(uids) == 0 {
		return nil
	}
	out := make([]float64, len(keys))
	for i, uid := range uids {
		out[uid] = w[i]
	}
	return out
}
