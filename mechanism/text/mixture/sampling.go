package mixture

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/gotensor/gotensor/model"
)

// Sampling says how a phrase is chosen.
type Sampling struct {
	Temperature float64 // 0 takes the likeliest phrase; over 0: probabilities to the power of 1/Temperature, normalised
	TopP        float64 // over 0 up to 1: only the likeliest phrases that hold so much together
}

// Draw chooses a candidate by a random number u, 0 <= u < 1, and returns its index; -1 if no candidate has any probability. The floor is never
// drawn: nobody can say what is in it.
func (s Sampling) Draw(p *model.Prediction, u float64) int {
	order := ranked(p)
	if len(order) == 0 || s.Temperature == 0 {
		return first(order)
	}
	// Logarithms relative to the likeliest: powers of small probabilities would vanish.
	top, total := math.Log(p.Candidates[order[0]].P), 0.0
	weight := make([]float64, len(order))
	for i, n := range order {
		weight[i] = math.Exp((math.Log(p.Candidates[n].P) - top) / s.Temperature)
		total += weight[i]
	}
	kept, most := 0.0, 0
	for most < len(order) && (most == 0 || kept < s.TopP*total) {
		kept += weight[most]
		most++
	}
	u *= kept
	for i, n := range order[:most] {
		if u -= weight[i]; u < 0 {
			return n
		}
	}
	return order[0] // rounding
}

func first(order []int) int {
	if len(order) == 0 {
		return -1
	}
	return order[0]
}

// ranked are the candidates with any probability, the likeliest first, equal ones by their bytes.
func ranked(p *model.Prediction) []int {
	var out []int
	for n, c := range p.Candidates {
		if c.P > 0 {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(p.Candidates[b].P, p.Candidates[a].P), cmp.Compare(a, b))
	})
	return out
}

// After is what follows a drawn phrase, given the prediction that it was drawn from: a phrase is the longest candidate with which the
// text goes on, so none of its longer candidates may come about behind it. Their ends are taken out of next and the rest is scaled up; if
// nothing is left, next stays as it is.
func After(drawn []byte, from *model.Prediction, next model.Prediction) model.Prediction {
	longer := extensions(from.Candidates, drawn)
	if len(longer) == 0 {
		return next
	}
	out := model.Prediction{Floor: next.Floor}
	sum := next.Floor
	for _, c := range next.Candidates {
		if !completes(longer, len(drawn), c.Text) {
			out.Candidates = append(out.Candidates, c)
			sum += c.P
		}
	}
	if len(ranked(&out)) == 0 {
		return next
	}
	out.Floor /= sum
	for n := range out.Candidates {
		out.Candidates[n].P /= sum
	}
	return out
}

// extensions are the candidates that begin with a text and are longer; they stand side by side.
func extensions(candidates []model.Candidate, text []byte) []model.Candidate {
	n, found := find(candidates, text)
	if found {
		n++
	}
	end := n
	for end < len(candidates) && bytes.HasPrefix(candidates[end].Text, text) {
		end++
	}
	return candidates[n:end]
}

// completes tells whether text begins with what one of the longer candidates has behind its first bytes.
func completes(longer []model.Candidate, skip int, text []byte) bool {
	for n := 1; n <= len(text); n++ {
		if _, ok := slices.BinarySearchFunc(longer, text[:n], func(c model.Candidate, start []byte) int {
			return bytes.Compare(c.Text[skip:], start)
		}); ok {
			return true
		}
	}
	return false
}
