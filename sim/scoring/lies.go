package scoring

import (
	"math"
	"math/rand/v2"

	"github.com/gotensor/gotensor/model"
)

// power is what boasters (above 1) and the timid (below 1) make of honest probabilities.
func power(in []model.Prediction, e float64) []model.Prediction {
	return reweigh(in, func(_ int, p float64) float64 { return math.Pow(p, e) })
}

// noise adds normal noise of so many nats to every log-probability, so that a copy is not exact.
func noise(in []model.Prediction, sigma float64, rng *rand.Rand) []model.Prediction {
	return reweigh(in, func(_ int, p float64) float64 { return p * math.Exp(sigma*rng.NormFloat64()) })
}

// tilt adds the same noise to all candidates of an item against its floor.
func tilt(in []model.Prediction, sigma float64, rng *rand.Rand) []model.Prediction {
	by := make([]float64, len(in))
	for i := range by {
		by[i] = math.Exp(sigma * rng.NormFloat64())
	}
	out := reweigh(in, func(_ int, p float64) float64 { return p })
	for i := range out {
		sum := out[i].Floor * by[i]
		for _, c := range out[i].Candidates {
			sum += c.P
		}
		out[i].Floor *= by[i] / sum
		for k := range out[i].Candidates {
			out[i].Candidates[k].P /= sum
		}
	}
	return out
}

// forgo is noise that n clones agree upon: of each event m of them, dealt at random, make exp(depth) times less. Any two of them then differ on
// more events than by noise of their own, and no clone loses more than another.
func forgo(in []model.Prediction, n, m int, depth float64, rng *rand.Rand) [][]model.Prediction {
	less := make([][]bool, n) // by clone, of all events in the order in which reweigh comes to them
	for _, p := range in {
		for range len(p.Candidates) + 1 {
			for at, k := range rng.Perm(n) {
				less[k] = append(less[k], at < m)
			}
		}
	}
	out := make([][]model.Prediction, n)
	for k := range out {
		next := 0
		out[k] = reweigh(in, func(_ int, p float64) float64 {
			next++
			if less[k][next-1] {
				return p * math.Exp(-depth)
			}
			return p
		})
	}
	return out
}

// spoil says nothing on a random share of the items and copies exactly on the others.
func spoil(in []model.Prediction, share float64, rng *rand.Rand) []model.Prediction {
	out := make([]model.Prediction, len(in))
	for i := range in {
		out[i] = in[i]
		if rng.Float64() < share {
			out[i] = model.NoOpinion()
		}
	}
	return out
}

// singles keeps what a model believes of the next byte alone.
func singles(in []model.Prediction) []model.Prediction {
	out := make([]model.Prediction, len(in))
	for i, p := range in {
		var by [256]float64
		for _, c := range p.Candidates {
			by[c.Text[0]] += c.P
		}
		for b, mass := range by {
			if mass > 0 {
				out[i].Candidates = append(out[i].Candidates, model.Candidate{Text: []byte{byte(b)}, P: min(1, mass)})
			}
		}
		out[i].Floor = p.Floor
	}
	return out
}

// reweigh changes every probability, floors too (candidate -1), and makes them sum to 1 again.
func reweigh(in []model.Prediction, change func(candidate int, p float64) float64) []model.Prediction {
	out := make([]model.Prediction, len(in))
	for i, p := range in {
		floor := change(-1, p.Floor)
		sum := floor
		list := make([]model.Candidate, len(p.Candidates))
		for k, c := range p.Candidates {
			list[k] = model.Candidate{Text: c.Text, P: change(k, c.P)}
			sum += list[k].P
		}
		for k := range list {
			list[k].P /= sum
		}
		out[i] = model.Prediction{Candidates: list, Floor: floor / sum}
	}
	return out
}

// certainty is how sure a prediction is: its likeliest event. Whoever answers only easy items chooses by it.
func certainty(p model.Prediction) float64 {
	most := p.Floor
	for _, c := range p.Candidates {
		most = max(most, c.P)
	}
	return most
}
