package compat

import (
	"fmt"
	"math"
)

// LogitsResponse is one neuron's part of a step of the older synapse TextCausalLM.
type LogitsResponse struct {
	UID     int
	Success bool
	Seconds float64
	Routing float64
	Logits  [][][]float64 // batch x sequence x vocabulary
}

// StepLogits scores a step of TextCausalLM: the same rule on the loss of the sequence ("") and of the first held-out token
// ("_val"), of which the smaller Shapley value counts. Inputs are batch x (sequence + validationLen) tokens. Fault kept: logits
// whose loss is not finite leave the neuron without any loss or value.
func StepLogits(inputs [][]int, validationLen int, responses []LogitsResponse, p Powers) (Outcome, error) {
	c, err := newCausal(inputs, validationLen)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Stats: map[int]Stats{}, LossDiff: map[string]map[int]map[int]float64{"": {}, "_val": {}}}
	var uids []int
	var probs [][][][]float64
	for i := range responses {
		r := &responses[i]
		if _, twice := out.Stats[r.UID]; twice {
			return Outcome{}, fmt.Errorf("%w: uid %d is given twice", ErrShape, r.UID)
		}
		stats := Stats{"uid": float64(r.UID), "response_time": r.Seconds, "routing_score": r.Routing}
		out.Stats[r.UID] = stats
		if !r.Success {
			continue
		}
		if err := c.check(r.Logits); err != nil {
			return Outcome{}, fmt.Errorf("uid %d: %w", r.UID, err)
		}
		q := softmaxAll(r.Logits)
		loss, val := c.losses(func(b, t, token int) float64 { return q[b][t][token] })
		if bad(loss) || bad(val) {
			continue
		}
		stats.setBase("", loss, p.Base)
		stats.setBase("_val", val, p.Base)
		out.Loss += loss + stats.setRouting("")
		uids, probs = append(uids, r.UID), append(probs, q)
	}
	for _, ext := range []string{"", "_val"} {
		out.addSynergy(ext, uids, p.Synergy, func(i, j int) float64 {
			loss, val := c.losses(func(b, t, token int) float64 { return (probs[i][b][t][token] + probs[j][b][t][token]) / 2 })
			if ext == "" {
				return loss
			}
			return val
		})
	}
	for _, uid := range uids {
		s := out.Stats[uid]
		s["shapley_values_min"] = min(s["shapley_values"], s["shapley_values_val"])
	}
	return out, nil
}

// causal holds the tokens of a batch, cut into what was sent and the token that followed.
type causal struct {
	sequence [][]int
	next     []int
}

func newCausal(inputs [][]int, validationLen int) (causal, error) {
	var c causal
	for b, row := range inputs {
		n := len(row) - validationLen
		if validationLen < 1 || n < 2 || len(row) != len(inputs[0]) {
			return c, fmt.Errorf("%w: %d tokens in row %d with %d held out, want equal rows with two or more left", ErrShape, len(row), b, validationLen)
		}
		c.sequence, c.next = append(c.sequence, row[:n]), append(c.next, row[n])
	}
	if len(inputs) == 0 {
		return c, fmt.Errorf("%w: no inputs", ErrShape)
	}
	return c, nil
}

func (c causal) check(logits [][][]float64) error {
	if len(logits) != len(c.sequence) {
		return fmt.Errorf("%w: logits of %d rows, want %d", ErrShape, len(logits), len(c.sequence))
	}
	for b := range logits {
		if len(logits[b]) != len(c.sequence[b]) {
			return fmt.Errorf("%w: logits of row %d have %d positions, want %d", ErrShape, b, len(logits[b]), len(c.sequence[b]))
		}
		for t := range logits[b] {
			token := c.next[b]
			if t+1 < len(c.sequence[b]) {
				token = c.sequence[b][t+1]
			}
			if token < 0 || token >= len(logits[b][t]) || len(logits[b][t]) != len(logits[0][0]) {
				return fmt.Errorf("%w: token %d after position %d of row %d, with %d logits", ErrShape, token, t, b, len(logits[b][t]))
			}
		}
	}
	return nil
}

// losses returns the mean cross entropy of all shifted positions and of the first held-out token.
func (c causal) losses(prob func(b, t, token int) float64) (sequence, next float64) {
	count := 0
	for b, row := range c.sequence {
		for t := 0; t+1 < len(row); t++ {
			sequence -= math.Log(prob(b, t, row[t+1]))
			count++
		}
		next -= math.Log(prob(b, len(row)-1, c.next[b]))
	}
	return sequence / float64(count), next / float64(len(c.next))
}

func softmaxAll(logits [][][]float64) [][][]float64 {
	out := make([][][]float64, len(logits))
	for b := range logits {
		out[b] = make([][]float64, len(logits[b]))
		for t := range logits[b] {
			out[b][t] = softmax(logits[b][t])
		}
	}
	return out
}

func softmax(x []float64) []float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	out, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		out[i] = math.Exp(v - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func bad(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
