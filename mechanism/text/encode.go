package text

import (
	"fmt"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// Encode packs a prediction for the wire.
func Encode(p *model.Prediction) *textv1.Prediction {
	size := 0
	for _, c := range p.Candidates {
		size += len(c.Text)
	}
	out := &textv1.Prediction{
		Arena: make([]byte, 0, size), Lengths: make([]byte, len(p.Candidates)), Probabilities: make([]float64, len(p.Candidates)), Floor: p.Floor,
	}
	for i, c := range p.Candidates {
		out.Arena = append(out.Arena, c.Text...)
		out.Lengths[i] = byte(len(c.Text))
		out.Probabilities[i] = c.P
	}
	return out
}

// Decode unpacks a prediction of at most kMax candidates and makes its probabilities sum to 1 exactly. What validators would not
// accept, and what was left out, fails with model.ErrPrediction. The candidates share the message's bytes.
func Decode(p *textv1.Prediction, kMax int) (model.Prediction, error) {
	if p == nil || p.GetSilent() {
		return model.Prediction{}, fmt.Errorf("%w: it was left out", model.ErrPrediction)
	}
	rule := score.Defaults()
	rule.KMax = kMax
	var a score.Answer
	if err := score.Load(&a, &rule, p.GetLengths(), p.GetArena(), p.GetProbabilities(), p.GetFloor()); err != nil {
		return model.Prediction{}, fmt.Errorf("%w: %w", model.ErrPrediction, err)
	}
	if v := a.Verdict(); v != score.OK {
		return model.Prediction{}, fmt.Errorf("%w: %s", model.ErrPrediction, v)
	}
	sum := a.Floor()
	out := model.Prediction{Candidates: make([]model.Candidate, a.Len())}
	for i := range out.Candidates {
		c := &out.Candidates[i]
		c.Text, c.P = a.Candidate(i)
		sum += c.P
	}
	out.Floor = a.Floor() / sum
	for i := range out.Candidates {
		out.Candidates[i].P /= sum
	}
	return out, nil
}
