package openai

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"

	"github.com/gotensor/gotensor/model"
)

const (
	batch         = 32 // texts in one request: more than some servers take is refused by them
	maxTexts      = 256
	maxDimensions = 8192
)

type embedRequest struct {
	Model          string   `json:"model,omitempty"`
	Input          []string `json:"input"`
	EncodingFormat string   `json:"encoding_format"`
}

type embedResponse struct {
	Data []struct {
		Index     int       `json:"index"`
		Embedding []float64 `json:"embedding"`
	} `json:"data"`
	Usage struct {
		PromptTokens int `json:"prompt_tokens"`
	} `json:"usage"`
}

// Embed asks /v1/embeddings for the vectors of 1..256 texts, checks that there are as many and always equally long, and scales each to length 1.
// Errors: model.ErrRequest, BusyError, ErrServer.
func (p *Pool) Embed(ctx context.Context, texts []string) ([][]float32, model.Usage, error) {
	if len(texts) < 1 || len(texts) > maxTexts {
		return nil, model.Usage{}, fmt.Errorf("%w: %d texts, want 1..%d", model.ErrRequest, len(texts), maxTexts)
	}
	out := make([][]float32, len(texts))
	usages, errs := make([]int, len(texts)), make([]error, len(texts))
	var wg sync.WaitGroup
	for i := 0; i < len(texts); i += batch {
		wg.Go(func() {
			part := texts[i:min(i+batch, len(texts))]
			errs[i] = p.do(ctx, shortWait, func(ctx context.Context, b *backend) error {
				n, err := b.embed(ctx, part, out[i:i+len(part)])
				usages[i] = n
				return err
			})
		})
	}
	wg.Wait()
	var usage model.Usage
	for i := range texts {
		if err := errs[i]; err != nil {
			return nil, model.Usage{}, asRequest(err)
		}
		usage.Prompt += usages[i]
	}
	return out, usage, nil
}

func (b *backend) embed(ctx context.Context, texts []string, out [][]float32) (tokens int, err error) {
	var answer embedResponse
	request := embedRequest{Model: b.model(), Input: texts, EncodingFormat: "float"}
	if err := b.ask(ctx, b.pool.cfg.Timeout, http.MethodPost, "/embeddings", request, &answer); err != nil {
		return 0, err
	}
	if len(answer.Data) != len(texts) {
		return 0, failed(faulty, fmt.Errorf("%w: %d vectors for %d texts", ErrServer, len(answer.Data), len(texts)))
	}
	clear(out)
	for _, d := range answer.Data {
		if d.Index < 0 || d.Index >= len(texts) || out[d.Index] != nil {
			return 0, failed(faulty, fmt.Errorf("%w: a vector with index %d of %d, or two of them", ErrServer, d.Index, len(texts)))
		}
		v, err := unit(d.Embedding)
		if err != nil {
			return 0, failed(faulty, err)
		}
		b.pool.dimensions.CompareAndSwap(0, int64(len(v)))
		if want := b.pool.dimensions.Load(); int64(len(v)) != want {
			return 0, failed(unfit, fmt.Errorf("%w: a vector of %d values, the others have %d: do all servers serve the same model?", ErrServer, len(v), want))
		}
		out[d.Index] = v
	}
	return max(0, answer.Usage.PromptTokens), nil
}

// unit scales a vector to Euclidean length 1.
func unit(v []float64) ([]float32, error) {
	if len(v) < 1 || len(v) > maxDimensions {
		return nil, fmt.Errorf("%w: a vector of %d values, want 1..%d", ErrServer, len(v), maxDimensions)
	}
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(x))
	}
	if most == 0 || math.IsInf(most, 0) || math.IsNaN(most) {
		return nil, fmt.Errorf("%w: a vector without a direction", ErrServer)
	}
	sum := 0.0
	for _, x := range v {
		sum += (x / most) * (x / most)
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x / most / math.Sqrt(sum))
	}
	return out, nil
}
