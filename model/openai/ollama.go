package openai

import (
	"encoding/json"
	"fmt"

	"github.com/gotensor/gotensor/model"
)

// Ollama's /v1/completions puts a text into the model's template for conversations. To go on with a text as it is, Ollama has
// its own /api/generate with "raw", which answers with one JSON value a line.

type ollamaRequest struct {
	Model       string        `json:"model"`
	Prompt      string        `json:"prompt"`
	Raw         bool          `json:"raw"`
	Stream      bool          `json:"stream"`
	Logprobs    bool          `json:"logprobs,omitempty"`
	TopLogprobs int           `json:"top_logprobs,omitempty"`
	Options     ollamaOptions `json:"options"`
}

type ollamaOptions struct {
	NumPredict       int      `json:"num_predict"`
	Temperature      float64  `json:"temperature"`
	TopP             float64  `json:"top_p,omitempty"`
	Seed             *int64   `json:"seed,omitempty"`
	Stop             []string `json:"stop,omitempty"`
	FrequencyPenalty float64  `json:"frequency_penalty,omitempty"`
	PresencePenalty  float64  `json:"presence_penalty,omitempty"`
}

type ollamaAnswer struct {
	Response        octetString     `json:"response"`
	Thinking        string          `json:"thinking"`
	Done            bool            `json:"done"`
	DoneReason      string          `json:"done_reason"`
	PromptEvalCount int             `json:"prompt_eval_count"`
	EvalCount       int             `json:"eval_count"`
	Logprobs        []tokenLogprob  `json:"logprobs"`
	Error           json.RawMessage `json:"error"`
}

func ollamaPrediction(name, prompt string, n int) ollamaRequest {
	return ollamaRequest{
		Model: name, Prompt: prompt, Raw: true, Logprobs: true, TopLogprobs: n, Options: ollamaOptions{NumPredict: 1, Temperature: 1},
	}
}

func ollamaText(name string, p *model.Prompt) ollamaRequest {
	return ollamaRequest{
		Model: name, Prompt: p.Text, Raw: true, Stream: true, Logprobs: p.Logprobs, TopLogprobs: p.TopLogprobs,
		Options: ollamaOptions{
			NumPredict: p.MaxTokens, Temperature: p.Temperature, TopP: p.TopP, Seed: seedOf(p.Seed), Stop: p.Stop,
			FrequencyPenalty: p.FrequencyPenalty, PresencePenalty: p.PresencePenalty,
		},
	}
}

// decodeOllama reads one line of Ollama's own stream.
func (b *backend) decodeOllama(line []byte, top int) (part, error) {
	var a ollamaAnswer
	if err := json.Unmarshal(line, &a); err != nil {
		return part{}, fmt.Errorf("%w: a line of its stream is no JSON: %w", ErrServer, err)
	}
	if len(a.Error) > 0 {
		return part{}, fmt.Errorf("%w: it broke off: %s", ErrServer, b.serverMessage(line))
	}
	out := part{text: a.Response, thinking: a.Thinking != ""}
	var err error
	if out.logprobs, err = (&logprobs{Content: a.Logprobs}).written(top); err != nil {
		return part{}, err
	}
	if a.Done {
		if out.finish, err = finishOf(a.DoneReason); err != nil {
			return part{}, err
		}
		out.usage = &model.Usage{Prompt: a.PromptEvalCount, Completion: a.EvalCount}
		out.end = true
	}
	return out, nil
}
