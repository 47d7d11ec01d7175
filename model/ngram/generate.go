package ngram

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/plain"
)

var (
	_ model.Generator = (*Model)(nil)
	_ model.Generator = wordPredictor{}
)

// Capabilities tells what Generate can do beyond writing.
func (m *Model) Capabilities() []string { return []string{"logprobs"} }

// Generate writes on by drawing one byte after another. A token of this model is a byte: max_tokens, usage, penalties and
// log-probabilities count bytes, and the log-probability is the model's own, before temperature, top_p and penalties act.
// Conversations become plain text, see package plain. It cannot end by itself: it writes until a stop sequence or max_tokens.
func (m *Model) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	text, err := plain.Text(&p)
	if err != nil {
		return err
	}
	d := drawer{prompt: &p, rng: plain.Rand(&p).Float64}
	w := plain.NewWriter(plain.Stops(&p), p.Logprobs, emit)
	history := append(make([]byte, 0, MaxOrder+p.MaxTokens), tail([]byte(text), m.order-1)...)
	usage := model.Usage{Prompt: len(text)}
	for range p.MaxTokens {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.distribution(history, &d.p)
		b := d.draw()
		d.count[b]++
		history = append(history, b)
		usage.Completion++
		if ended, err := w.Add(d.token(b), usage); ended || err != nil {
			return err
		}
	}
	return w.Finish(model.FinishLength, usage)
}

// drawer draws bytes from one distribution after another.
type drawer struct {
	prompt *model.Prompt
	rng    func() float64
	p      [256]float64 // what the model says
	count  [256]int     // of the bytes drawn
	weight [256]float64 // what is drawn from
	order  [256]byte    // bytes, the heaviest first
}

func (d *drawer) draw() byte {
	temperature := d.prompt.Temperature
	for b, p := range d.p {
		seen := float64(d.count[b])
		d.weight[b] = math.Log(p) - seen*d.prompt.FrequencyPenalty - min(seen, 1)*d.prompt.PresencePenalty
		d.order[b] = byte(b)
	}
	slices.SortFunc(d.order[:], func(a, b byte) int {
		return cmp.Or(cmp.Compare(d.weight[b], d.weight[a]), cmp.Compare(a, b))
	})
	heaviest := d.weight[d.order[0]]
	if temperature == 0 {
		return d.order[0]
	}
	total := 0.0
	for b, w := range d.weight {
		d.weight[b] = math.Exp((w - heaviest) / temperature)
		total += d.weight[b]
	}
	// Only the heaviest that hold top_p together are drawn from.
	kept, n := 0.0, 0
	for n < len(d.order) && (n == 0 || kept < d.prompt.TopP*total) {
		kept += d.weight[d.order[n]]
		n++
	}
	u := d.rng() * kept
	for _, b := range d.order[:n] {
		if u -= d.weight[b]; u < 0 {
			return b
		}
	}
	return d.order[0] // rounding
}

// token is a byte with the model's own log-probability and, if wanted, those of the likeliest.
func (d *drawer) token(b byte) model.TokenLogprob {
	t := model.TokenLogprob{Token: []byte{b}, Logprob: math.Log(d.p[b])}
	if !d.prompt.Logprobs || d.prompt.TopLogprobs == 0 {
		return t
	}
	slices.SortFunc(d.order[:], func(a, b byte) int { return cmp.Or(cmp.Compare(d.p[b], d.p[a]), cmp.Compare(a, b)) })
	for _, top := range d.order[:d.prompt.TopLogprobs] {
		t.Top = append(t.Top, model.TokenLogprob{Token: []byte{top}, Logprob: math.Log(d.p[top])})
	}
	return t
}
