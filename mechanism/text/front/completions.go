package front

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/model"
)

// completionRequest is a request for the continuation of texts.
type completionRequest struct {
	common
	Prompt   json.RawMessage `json:"prompt"`
	Logprobs *int64          `json:"logprobs"`
	Echo     bool            `json:"echo"`
	Suffix   *string         `json:"suffix"`
	BestOf   *int64          `json:"best_of"`
}

func (f *Front) completions(w http.ResponseWriter, r *http.Request) error {
	var req completionRequest
	if err := decode(r, &req); err != nil {
		return err
	}
	o, err := f.completionOrder(&req)
	if err != nil {
		return err
	}
	return f.serve(w, r, o)
}

// completionOrder checks a request and says what to ask the network.
func (f *Front) completionOrder(req *completionRequest) (*order, error) {
	if req.Suffix != nil && *req.Suffix != "" {
		return nil, apierror.Invalid("suffix", "suffix is not served: neurons write what follows, not what lies between")
	}
	if req.MaxTokens == nil { // OpenAI's default for this route
		tokens := int64(min(16, f.cfg.MaxTokens))
		req.MaxTokens = &tokens
	}
	p, err := f.prompt(&req.common)
	if err != nil {
		return nil, err
	}
	n, err := choices(req.N)
	if err != nil {
		return nil, err
	}
	if req.BestOf != nil && *req.BestOf != int64(n) {
		return nil, apierror.Invalid("best_of", fmt.Sprintf("best_of is %d, want n, which is %d: all texts that are written are returned", *req.BestOf, n))
	}
	if req.Logprobs != nil {
		if *req.Logprobs < 0 || *req.Logprobs > maxTop {
			return nil, apierror.Invalid("logprobs", fmt.Sprintf("logprobs is %d, want 0 to %d", *req.Logprobs, maxTop))
		}
		if req.Echo {
			return nil, apierror.Invalid("echo", "echo with logprobs is not served: neurons do not say how likely the prompt was")
		}
		p.Logprobs, p.TopLogprobs = true, int(*req.Logprobs)
	}
	texts, err := oneOrMany("prompt", req.Prompt)
	if err != nil {
		return nil, err
	}
	if len(texts) < 1 || len(texts)*n > maxTexts {
		return nil, apierror.Invalid("prompt", fmt.Sprintf("prompt has %d texts, want 1 to %d with n = %d", len(texts), maxTexts/n, n))
	}
	prompts := make([]model.Prompt, len(texts))
	for i, text := range texts {
		if text == "" {
			return nil, apierror.Invalid("prompt", fmt.Sprintf("prompt %d is empty, want at least one character", i))
		}
		if err := tooLong("prompt", len(text), &f.cfg.Settings); err != nil {
			return nil, err
		}
		prompts[i] = p
		prompts[i].Text = text
	}
	o := f.order(&req.common, shapeCompletion, false, calls(prompts, n))
	o.echo = req.Echo
	return o, nil
}
