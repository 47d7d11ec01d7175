package economy

import (
	"fmt"
	"math"
	"slices"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
)

// The rules that are compared.
const (
	Ours    = "ours"   // package score
	Rule22  = "2022"   // package compat: parameters read from the loss, pairwise synergy
	Equal   = "equal"  // everybody who answers is paid alike
	Winner  = "winner" // the best lower bound takes all
	maxItem = 16.0     // best gain of an item, nats: the cap of the rule
)

var ruleNames = []string{Ours, Rule22, Equal, Winner}

// round is what one validator saw of those it asked: gains[i][t] of holders[i] on item t, in nats.
type round struct {
	holders []int
	strata  []int
	gains   [][]float64
}

// judge is one validator's view of miners under one rule. Holders are numbers that are never used again for another owner.
type judge interface {
	observe(r round) error
	// weights of the holders, nil if none is to be set.
	weights(holders []int) ([]float64, error)
}

// newJudge for a rule; averages have this rate, uids are the slots of the subnet.
func newJudge(rule string, s score.Settings, loss func(gain float64) float64, uids int) (judge, error) {
	switch rule {
	case Ours:
		b, err := score.NewBoard(s, []string{"first", "second"})
		return &ours{board: b}, err
	case Rule22:
		return &rule22{averages: compat.NewAverages(s.Alpha, "shapley_values_nxt"), loss: loss, demand: compat.DemandOf(uids)}, nil
	case Equal:
		return equal{}, nil
	case Winner:
		return &winner{settings: s, averages: map[int]*score.Average{}}, nil
	}
	return nil, fmt.Errorf("rule %q is none of %v", rule, ruleNames)
}

// ours is the rule of package score.
type ours struct{ board *score.Board }

func key(holder int) score.Key { return score.Key(fmt.Sprint(holder)) }

func (o *ours) observe(r round) error {
	scores := score.Scores{Strata: r.strata, Replies: make([]score.ReplyScore, len(r.holders))}
	for i, h := range r.holders {
		gains := make([]score.Gain, len(r.gains[i]))
		for t, g := range r.gains[i] {
			gains[t].Nats = g
		}
		scores.Replies[i] = score.ReplyScore{Key: key(h), Answered: true, Gains: gains}
	}
	_, err := o.board.Observe(scores)
	return err
}

func (o *ours) weights(holders []int) ([]float64, error) {
	keys := make([]score.Key, len(holders))
	for i, h := range holders {
		keys[i] = key(h)
	}
	o.board.Keep(keys)
	payout, err := o.board.Weights(keys)
	return payout.Weights, err
}

// rule22 is the rule of November 2022.
type rule22 struct {
	averages *compat.Averages
	loss     func(gain float64) float64
	demand   compat.Demand
	asked    []int
}

func (o *rule22) observe(r round) error {
	responses := make([]compat.Response, len(r.holders))
	for i, h := range r.holders {
		losses := make([]float64, len(r.gains[i]))
		for t, g := range r.gains[i] {
			losses[t] = o.loss(g)
		}
		responses[i] = compat.Response{UID: h, Success: true, First: losses, Phrase: losses}
	}
	out, err := compat.Step(responses, compat.DefaultPowers)
	if err != nil {
		return err
	}
	o.asked = o.averages.Update(out.Stats, r.holders)
	return nil
}

func (o *rule22) weights(holders []int) ([]float64, error) {
	value := make(map[int]float64, len(holders))
	for _, h := range holders {
		if s, ok := o.averages.Stats[h]; ok {
			value[h] = s["shapley_values_nxt!"]
		}
	}
	uids, w := compat.CalculateWeights(slices.Clone(holders), value, len(o.asked), o.demand)
	if len(uids) == 0 {
		return nil, nil
	}
	out := make([]float64, len(holders))
	for i, h := range uids {
		out[slices.Index(holders, h)] = w[i]
	}
	return out, nil
}

// equal pays everybody alike.
type equal struct{}

func (equal) observe(round) error { return nil }

func (equal) weights(holders []int) ([]float64, error) {
	if len(holders) == 0 {
		return nil, nil
	}
	out := make([]float64, len(holders))
	for i := range out {
		out[i] = 1
	}
	return out, nil
}

// winner pays the one with the best lower bound of its mean gain.
type winner struct {
	settings score.Settings
	averages map[int]*score.Average
}

func (o *winner) observe(r round) error {
	for i, h := range r.holders {
		a := o.averages[h]
		if a == nil {
			a = &score.Average{}
			o.averages[h] = a
		}
		sum := 0.0
		for _, g := range r.gains[i] {
			sum += g
		}
		a.Add(o.settings.Alpha, sum/float64(len(r.gains[i])))
	}
	return nil
}

func (o *winner) weights(holders []int) ([]float64, error) {
	best, at := math.Inf(-1), -1
	for i, h := range holders {
		if a := o.averages[h]; a != nil && a.LCB(&o.settings) > best {
			best, at = a.LCB(&o.settings), i
		}
	}
	if at < 0 {
		return nil, nil
	}
	out := make([]float64, len(holders))
	out[at] = 1
	return out, nil
}
