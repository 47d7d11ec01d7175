package openai

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gotensor/gotensor/model"
)

// Predict asks the servers about each context. Contexts that were not answered in time get model.NoOpinion; if none was, the
// first error is returned. It stops asking a little before the deadline of ctx, so that the answers can still be sent.
func (p *Pool) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	if err := model.CheckRequest(k); err != nil {
		return nil, err
	}
	asking, cancel := stopEarly(ctx)
	defer cancel()
	out := make([]model.Prediction, len(contexts))
	errs := make([]error, len(contexts))
	room := make(chan struct{}, p.Parallel()) // one call asks no more at once than there is room for, and so waits in one place
	var wg sync.WaitGroup
	for i, c := range contexts {
		select {
		case room <- struct{}{}:
		case <-asking.Done():
			errs[i] = fmt.Errorf("%w: no time left to ask: %w", ErrServer, asking.Err())
			continue
		}
		wg.Go(func() {
			defer func() { <-room }()
			out[i], errs[i] = p.one(asking, c, k)
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	without := 0
	var first error
	for i, err := range errs {
		if err != nil {
			out[i] = model.NoOpinion()
			without++
			first = cmp.Or(first, err)
		}
	}
	if without == 0 {
		return out, nil
	}
	if without == len(contexts) {
		return nil, first
	}
	p.cfg.Logger.Warn("contexts without an answer of the model server", "count", without, "of", len(contexts), "first", first)
	return out, nil
}

// stopEarly leaves an eighth of the time, at most a second, for what comes after.
func stopEarly(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(time.Second, time.Until(deadline)/8)))
}

// one asks about one context.
func (p *Pool) one(ctx context.Context, text []byte, k int) (out model.Prediction, err error) {
	prompt := promptOf(text[max(0, len(text)-p.cfg.MaxPrompt):])
	if prompt == "" { // servers refuse to complete nothing
		return model.NoOpinion(), nil
	}
	err = p.do(ctx, maxPause, func(ctx context.Context, b *backend) error {
		start := time.Now()
		tokens, err := b.complete(ctx, p.cfg.Timeout, prompt, k)
		if err != nil {
			return err
		}
		if out, err = predictionOf(tokens, k, p.cfg.AtWords && !model.Anywhere(ctx) && model.AtWordEnd(text)); err != nil {
			return failed(unfit, err)
		}
		b.took(time.Since(start))
		return nil
	})
	return out, err
}

// complete asks for one token and what else might have stood in its place.
func (b *backend) complete(ctx context.Context, timeout time.Duration, prompt string, k int) ([]token, error) {
	n := k
	for _, limit := range []int{b.pool.cfg.TopLogprobs, b.limit()} {
		if limit > 0 {
			n = min(n, limit)
		}
	}
	var l *logprobs
	if b.is(Ollama) {
		var answer ollamaAnswer
		if err := b.ask(ctx, timeout, http.MethodPost, "//api/generate", ollamaPrediction(b.model(), prompt, n), &answer); err != nil {
			return nil, err
		}
		l = &logprobs{Content: answer.Logprobs}
	} else {
		request := completionRequest{Model: b.model(), Prompt: prompt, MaxTokens: 1, Temperature: 1, Logprobs: n}
		var answer completionResponse
		if err := b.ask(ctx, timeout, http.MethodPost, "/completions", request, &answer); err != nil {
			return nil, err
		}
		if len(answer.Choices) == 0 {
			return nil, failed(unfit, fmt.Errorf("%w: its answer has no choices", ErrServer))
		}
		l = answer.Choices[0].Logprobs
	}
	tokens, err := l.firstToken()
	if err != nil {
		return nil, failed(unfit, err)
	}
	return tokens, nil
}

// limit is how many log-probabilities the server gives at most; 0: no limit is known.
func (b *backend) limit() int {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	return b.top
}

// promptOf drops what is not UTF-8 and, where there are more words, the rest of a word at the beginning of a cut text.
func promptOf(text []byte) string {
	const longestRest = 24
	for n := 0; n < utf8.UTFMax && len(text) > 0 && !utf8.RuneStart(text[0]); n++ {
		text = text[1:]
	}
	prompt := strings.ToValidUTF8(string(text), "")
	if i := strings.IndexByte(prompt, ' '); i >= 0 && i < longestRest && len(prompt) > 4*longestRest {
		prompt = prompt[i+1:]
	}
	return prompt
}
