package score

import (
	"fmt"
	"math"

	"github.com/gotensor/gotensor/shapley"
)

// Similarity says how alike the answers of a group are.
type Similarity struct {
	Delta  [][]float64 // mean gain of the equal mixture of i and j over the mean of both, nats, 0 when alike
	S      [][]float64 // 1 for copies down to 0; of a Board by the distances over rounds
	Copies []float64   // sum of row i of S: how many times the answer of i is there, itself included
}

// Compare finds copies among n answers to the same items. Gains is n rows of equally many items, level the moving mean gain of
// each neuron, both in nats and finite (ErrScores).
func Compare(s *Settings, gains [][]float64, level []float64) (Similarity, error) {
	if err := checkGains(gains); err != nil {
		return Similarity{}, err
	}
	n := len(gains)
	if len(level) != n {
		return Similarity{}, fmt.Errorf("%w: %d levels for %d answers, want equally many", ErrScores, len(level), n)
	}
	out := Similarity{Delta: square(n), S: square(n), Copies: make([]float64, n)}
	for i := range n {
		for j := i; j < n; j++ {
			d := distance(gains[i], gains[j])
			like := max(0, 1-d/s.scale(level[i], level[j]))
			out.Delta[i][j], out.Delta[j][i] = d, d
			out.S[i][j], out.S[j][i] = like, like
		}
	}
	for i := range n {
		for j := range n {
			out.Copies[i] += out.S[i][j]
		}
	}
	return out, nil
}

// distance is the mean of ln cosh((a-b)/2) over the items, in the form that does not overflow.
func distance(a, b []float64) float64 {
	sum := 0.0
	for t := range a {
		d := math.Abs(a[t] - b[t])
		if d > 0 { // copies are exactly 0
			sum += d/2 + math.Log1p(math.Exp(-d)) - math.Ln2
		}
	}
	return max(0, sum/float64(len(a)))
}

// Mixture returns the gain on each item of the mixture of the answers with the given weights (not negative, not all 0), and its
// mean, in nats. It is shown, not paid.
func Mixture(gains [][]float64, weights []float64) ([]float64, float64, error) {
	if err := checkGains(gains); err != nil {
		return nil, 0, err
	}
	total := 0.0
	for i, w := range weights {
		if w < 0 || math.IsNaN(w) || math.IsInf(w, 0) {
			return nil, 0, fmt.Errorf("%w: mixture weight %d is %v, want a finite number of 0 or more", ErrScores, i, w)
		}
		total += w
	}
	if len(weights) != len(gains) || total <= 0 {
		return nil, 0, fmt.Errorf("%w: %d mixture weights with sum %v for %d answers", ErrScores, len(weights), total, len(gains))
	}
	items := make([]float64, len(gains[0]))
	mean := 0.0
	for t := range items {
		sum := 0.0
		for i := range gains {
			sum += weights[i] * math.Exp(gains[i][t])
		}
		items[t] = math.Log(sum / total)
		mean += items[t]
	}
	return items, mean / float64(len(items)), nil
}

// Shapley returns the exact Shapley value of each answer and the worth of all, in nats: a coalition is worth the mean gain of its
// equal mixture. It is shown, not paid. It fails with shapley.ErrPlayers above shapley.MaxPlayers answers.
func Shapley(gains [][]float64) ([]float64, float64, error) {
	if err := checkGains(gains); err != nil {
		return nil, 0, err
	}
	n, items := len(gains), len(gains[0])
	if n > shapley.MaxPlayers {
		return nil, 0, fmt.Errorf("%w: %d answers, want %d at most", shapley.ErrPlayers, n, shapley.MaxPlayers)
	}
	likelihood := make([][]float64, n)
	for i := range gains {
		likelihood[i] = make([]float64, items)
		for t, g := range gains[i] {
			likelihood[i][t] = math.Exp(g)
		}
	}
	total := 0.0
	values, err := shapley.Values(n, func(c shapley.Coalition) float64 {
		if c == 0 {
			return 0
		}
		total = coalition(likelihood, c) // the last one asked is that of all
		return total
	})
	return values, total, err
}

// coalition is the mean over items of ln(mean likelihood of its members).
func coalition(likelihood [][]float64, c shapley.Coalition) float64 {
	mean := 0.0
	for t := range likelihood[0] {
		sum := 0.0
		for i := range likelihood {
			if c.Has(i) {
				sum += likelihood[i][t]
			}
		}
		mean += math.Log(sum / float64(c.Len()))
	}
	return mean / float64(len(likelihood[0]))
}

// gainLimit is far beyond any cap and keeps exponentials finite.
const gainLimit = 300

// checkGains refuses empty, ragged and not finite gains.
func checkGains(gains [][]float64) error {
	if len(gains) == 0 || len(gains[0]) == 0 {
		return fmt.Errorf("%w: no gains", ErrScores)
	}
	for i, row := range gains {
		if len(row) != len(gains[0]) {
			return fmt.Errorf("%w: answer %d has %d items, want %d", ErrScores, i, len(row), len(gains[0]))
		}
		for t, g := range row {
			if !(math.Abs(g) <= gainLimit) {
				return fmt.Errorf("%w: gain of answer %d on item %d is %v, want at most %d in size", ErrScores, i, t, g, gainLimit)
			}
		}
	}
	return nil
}

func square(n int) [][]float64 {
	out, flat := make([][]float64, n), make([]float64, n*n)
	for i := range out {
		out[i] = flat[i*n : (i+1)*n : (i+1)*n]
	}
	return out
}
