package front

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/model"
)

// Candidates of a step that are shown.
const (
	defaultPhrases = 16
	maxPhrases     = 256
)

type stepRequest struct {
	Context *string `json:"context"`
	K       *int64  `json:"k"`
}

type stepAnswer struct {
	Object  string      `json:"object"`
	Mixture phrases     `json:"mixture"`
	Members []stepOfOne `json:"members"`
}

// phrases are candidates, the likeliest first, and the probability that the text goes on with none of them, those not shown included.
type phrases struct {
	Candidates []phrase `json:"candidates"`
	Floor      float64  `json:"floor"`
}

// stepOfOne is what one neuron predicts, or why it does not.
type stepOfOne struct {
	Gotensor *who    `json:"gotensor"`
	Share    float64 `json:"share"` // of the mixture, 0..1
	TookMs   int64   `json:"took_ms"`
	phrases
	Error string `json:"error,omitempty"`
}

// phrase is a candidate; its bytes may end within a character.
type phrase struct {
	Text  string  `json:"text"`
	Bytes []int   `json:"bytes"`
	P     float64 `json:"p"`
}

// step shows with what several neurons would go on after one context.
func (f *Front) step(w http.ResponseWriter, r *http.Request) error {
	var req stepRequest
	if err := decode(r, &req); err != nil {
		return err
	}
	if f.cfg.Mixer == nil {
		return &apierror.Error{Status: http.StatusNotFound, Type: apierror.NotFound, Code: "not_served", Message: "this gateway does not mix models"}
	}
	k, err := f.checkStep(&req)
	if err != nil {
		return err
	}
	answers, err := f.cfg.Mixer.Step(r.Context(), f.net, []byte(*req.Context), k)
	if err != nil {
		return err
	}
	if len(answers) == 0 {
		return mechanism.ErrNoNeuron
	}
	mechanism.MeterOf(r.Context()).Spend(mechanism.Usage{In: tokens(len(*req.Context)), Out: len(answers)})
	out := stepAnswer{Object: "step", Members: make([]stepOfOne, len(answers))}
	var mixed []mixture.Weighted
	for i := range answers {
		out.Members[i] = f.stepOfOne(&answers[i], k)
		if a := &answers[i]; a.Err == nil {
			mixed = append(mixed, mixture.Weighted{Share: a.Share, Prediction: a.Prediction})
		}
	}
	whole := mixture.Mix(mixed)
	out.Mixture = likeliest(&whole, k)
	return f.writeJSON(w, out)
}

func (f *Front) checkStep(req *stepRequest) (int, error) {
	if req.Context == nil {
		return 0, apierror.Invalid("context", "context is missing: the text whose next phrase is asked for")
	}
	if n := len(*req.Context); n > f.cfg.Settings.GeneratePromptBytes {
		return 0, apierror.Invalid("context", fmt.Sprintf("context has %d bytes, want at most %d", n, f.cfg.Settings.GeneratePromptBytes))
	}
	if req.K == nil {
		return min(defaultPhrases, f.cfg.Settings.KMax), nil
	}
	if most := int64(min(maxPhrases, f.cfg.Settings.KMax)); *req.K < 1 || *req.K > most {
		return 0, apierror.Invalid("k", fmt.Sprintf("k is %d, want 1 to %d", *req.K, most))
	}
	return int(*req.K), nil
}

func (f *Front) stepOfOne(a *mixture.Answer, k int) stepOfOne {
	out := stepOfOne{Gotensor: whoOf(&a.Peer, a.Took, 1), Share: a.Share, TookMs: a.Took.Milliseconds(), phrases: phrases{Candidates: []phrase{}}}
	if a.Err != nil {
		f.log.Debug("a neuron did not take the step", "uid", a.Peer.UID, "err", a.Err)
		out.Error = "it did not answer"
		if errors.Is(a.Err, dendrite.ErrSealed) {
			out.Error = "it tells this gateway no predictions at once"
		}
		return out
	}
	out.phrases = likeliest(&a.Prediction, k)
	return out
}

// likeliest are the k likeliest candidates; the smaller bytes come first among equals.
func likeliest(p *model.Prediction, k int) phrases {
	best := slices.Clone(p.Candidates)
	slices.SortFunc(best, func(x, y model.Candidate) int {
		return cmp.Or(cmp.Compare(y.P, x.P), bytes.Compare(x.Text, y.Text))
	})
	best = best[:min(k, len(best))]
	out := phrases{Candidates: make([]phrase, len(best)), Floor: p.Floor}
	for i, c := range best {
		out.Candidates[i] = phrase{Text: string(bytes.ToValidUTF8(c.Text, []byte("\uFFFD"))), Bytes: make([]int, len(c.Text)), P: c.P}
		for j, b := range c.Text {
			out.Candidates[i].Bytes[j] = int(b)
		}
	}
	return out
}
