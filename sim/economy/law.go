package economy

import "math"

// Law is a scaling law of language models: the loss, in nats per token, of a model of N parameters is Floor + Scale / N^Power.
type Law struct {
	Floor, Scale, Power float64
}

// Hoffmann is the law of Hoffmann et al., Training compute-optimal large language models, 2022 (third approach):
// L(N, D) = 1.69 + 406.4/N^0.34 + 410.7/D^0.28, for models that were all trained on D tokens.
func Hoffmann(tokens float64) Law {
	return Law{Floor: 1.69 + 410.7/math.Pow(tokens, 0.28), Scale: 406.4, Power: 0.34}
}

// Loss of a model with so many parameters, in nats per token.
func (l Law) Loss(parameters float64) float64 { return l.Floor + l.Scale/math.Pow(parameters, l.Power) }

// Parameters of a model with that loss; +Inf at the floor and below.
func (l Law) Parameters(loss float64) float64 {
	if loss <= l.Floor {
		return math.Inf(1)
	}
	return math.Pow(l.Scale/(loss-l.Floor), 1/l.Power)
}
