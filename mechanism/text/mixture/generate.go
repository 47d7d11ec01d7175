package mixture

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/plain"
)

// bytesOfToken turns the length of a prompt into tokens for the usage: miners count theirs differently.
const bytesOfToken = 4

// Generate writes a text with the members of Pick. A token is a phrase, one candidate of the mixture, 1 to 16 bytes: max_tokens, the usage and
// log-probabilities count phrases; a prompt counts as one per four bytes. Log-probabilities are the mixture's, before
// temperature and top_p act. Conversations become plain text, see package plain. The network does not end a text by itself: it writes
// until a stop sequence or max_tokens. The same seed gives the same text as long as the same members answer alike.
//
// A member that does not answer a step in time is left out of it, and of the whole text after Config.Failures in a row; one that tells
// nothing at once takes no further part, and where no other is left, others are picked. Errors: mechanism.ErrNoNeuron, ErrSealed, mechanism.ErrUpstream when nobody is left, model.ErrRequest for what the network cannot do, ctx.Err(), emit's.
func (m *Mixture) Generate(ctx context.Context, net mechanism.Network, p model.Prompt, emit func(model.Piece) error) error {
	members, err := m.Pick(net)
	if err != nil {
		return err
	}
	return m.Write(ctx, net, members, p, emit)
}

// Write is Generate with members chosen before.
func (m *Mixture) Write(ctx context.Context, net mechanism.Network, members []Member, p model.Prompt, emit func(model.Piece) error) error {
	if p.FrequencyPenalty != 0 || p.PresencePenalty != 0 {
		return fmt.Errorf("%w: the network knows no penalties, leave frequency_penalty and presence_penalty 0", model.ErrRequest)
	}
	prompt, err := plain.Text(&p)
	if err != nil {
		return err
	}
	w := writing{
		mixture: m, net: net, members: slices.Clone(members), failures: make([]int, len(members)), prompt: &p, rng: plain.Rand(&p), written: []byte(prompt),
		usage: model.Usage{Prompt: (len(prompt) + bytesOfToken - 1) / bytesOfToken},
	}
	return w.run(ctx, plain.NewWriter(plain.Stops(&p), p.Logprobs, emit))
}

// writing is a text under way.
type writing struct {
	mixture  *Mixture
	net      mechanism.Network
	members  []Member
	failures []int // in a row, by member
	picks    int   // of members, after the first
	prompt   *model.Prompt
	rng      *rand.Rand
	written  []byte // prompt included
	usage    model.Usage

	last  model.Prediction // from which the phrase before was drawn
	drawn []byte           // that phrase
}

func (w *writing) run(ctx context.Context, out *plain.Writer) error {
	for range w.prompt.MaxTokens {
		p, err := w.step(ctx)
		if err != nil {
			return err
		}
		n := Sampling{Temperature: w.prompt.Temperature, TopP: w.prompt.TopP}.Draw(&p, w.rng.Float64())
		if n < 0 {
			return fmt.Errorf("%w: none of %d neurons has an opinion how the text goes on", mechanism.ErrUpstream, len(w.members))
		}
		w.last, w.drawn = p, p.Candidates[n].Text
		w.written = append(w.written, w.drawn...)
		w.usage.Completion++
		if ended, err := out.Add(w.token(&p, n), w.usage); ended || err != nil {
			return err
		}
	}
	return out.Finish(model.FinishLength, w.usage)
}

// step asks the members that are left and mixes what they say.
func (w *writing) step(ctx context.Context) (model.Prediction, error) {
	for {
		answers := w.mixture.askSoon(ctx, w.net, w.members, w.written, w.mixture.cfg.Settings.KMax)
		if err := ctx.Err(); err != nil {
			return model.Prediction{}, err
		}
		w.mixture.note(answers)
		var said []Weighted
		var failed []error
		sealed := 0
		for i, a := range answers {
			if a.Err != nil {
				w.failures[i]++
				if errors.Is(a.Err, dendrite.ErrSealed) {
					w.failures[i] = w.mixture.cfg.Failures // once is enough
					sealed++
				}
				failed = append(failed, fmt.Errorf("uid %d: %w", a.Peer.UID, a.Err))
				continue
			}
			w.failures[i] = 0
			said = append(said, Weighted{Share: a.Share, Prediction: a.Prediction})
		}
		w.drop()
		if len(said) > 0 {
			return After(w.drawn, &w.last, Mix(said)), nil
		}
		if len(w.members) == 0 && sealed > 0 {
			if err := w.pick(); err != nil {
				return model.Prediction{}, errors.Join(append(failed, err)...)
			}
			continue
		}
		if len(w.members) == 0 {
			return model.Prediction{}, fmt.Errorf("%w: %w", mechanism.ErrUpstream, errors.Join(failed...))
		}
	}
}

// pick looks for other members.
func (w *writing) pick() error {
	if w.picks++; w.picks >= mostPicks {
		return allSealed()
	}
	members, err := w.mixture.Pick(w.net)
	if err != nil {
		return err
	}
	w.members, w.failures = members, make([]int, len(members))
	return nil
}

// drop leaves out members that failed too often in a row.
func (w *writing) drop() {
	kept := 0
	for i, n := range w.failures {
		if n >= w.mixture.cfg.Failures {
			w.mixture.cfg.Log.Info("a neuron no longer takes part in a text", "uid", w.members[i].Peer.UID, "failures", n)
			continue
		}
		w.members[kept], w.failures[kept] = w.members[i], n
		kept++
	}
	w.members, w.failures = w.members[:kept], w.failures[:kept]
}

// token is a phrase with the mixture's log-probability and, if wanted, those of the likeliest.
func (w *writing) token(p *model.Prediction, n int) model.TokenLogprob {
	t := model.TokenLogprob{Token: p.Candidates[n].Text, Logprob: math.Log(p.Candidates[n].P)}
	if !w.prompt.Logprobs || w.prompt.TopLogprobs == 0 {
		return t
	}
	best := ranked(p)
	for _, i := range best[:min(len(best), w.prompt.TopLogprobs)] {
		t.Top = append(t.Top, model.TokenLogprob{Token: p.Candidates[i].Text, Logprob: math.Log(p.Candidates[i].P)})
	}
	return t
}
