package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// PacedModel is the name of the model that ServePaced serves.
const PacedModel = "paced"

// PacedConfig describes a server without any model, which keeps its own time so that what stands before it is what is measured.
type PacedConfig struct {
	Listener net.Listener // required; the server closes it
	// Rate is tokens per second of each stream, over 0; the first comes one step after the request.
	Rate float64
	// Tokens of an answer, 1 or more, unless the request wants fewer.
	Tokens int
	// Slots are what it says it can work on at once; it refuses nothing.
	Slots int
}

// ServePaced answers chats and texts like llama.cpp's server, with words that come at an even pace, until ctx ends. It has log-probabilities too,
// so that a miner can stand before it. It fails with ErrConfig.
func ServePaced(ctx context.Context, cfg PacedConfig) error {
	if cfg.Listener == nil || !(cfg.Rate > 0 && cfg.Rate <= 1e6) || cfg.Tokens < 1 || cfg.Slots < 1 {
		return fmt.Errorf("%w: listener %v, rate %v, tokens %d, slots %d: all are needed and over 0, the rate at most 1e6", ErrConfig, cfg.Listener, cfg.Rate, cfg.Tokens, cfg.Slots)
	}
	p := paced{cfg}
	mux := http.NewServeMux()
	for _, root := range []string{"", "/v1"} {
		mux.HandleFunc("GET "+root+"/models", p.models)
		mux.HandleFunc("POST "+root+"/chat/completions", p.chat)
		mux.HandleFunc("POST "+root+"/completions", p.complete)
	}
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]string{"status": "ok"}) })
	mux.HandleFunc("GET /props", func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]int{"total_slots": cfg.Slots}) })
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() }) // streams under way are cut
	defer stop()
	if err := s.Serve(cfg.Listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type paced struct{ cfg PacedConfig }

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the caller has gone
}

func (p paced) models(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{"object": "list", "data": []map[string]any{{"id": PacedModel, "object": "model", "created": 0, "owned_by": "llamacpp"}}})
}

// wanted is what is read of a request.
type wanted struct {
	Stream        bool `json:"stream"`
	MaxTokens     int  `json:"max_tokens"`
	MaxCompletion int  `json:"max_completion_tokens"`
	Options       struct {
		Usage bool `json:"include_usage"`
	} `json:"stream_options"`
	Logprobs json.RawMessage `json:"logprobs"`
}

func (p paced) read(w http.ResponseWriter, r *http.Request) (wanted, int, bool) {
	var q wanted
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&q); err != nil {
		http.Error(w, `{"error":{"message":"the body is no JSON request","type":"invalid_request_error"}}`, http.StatusBadRequest)
		return q, 0, false
	}
	n := p.cfg.Tokens
	if most := cmp.Or(q.MaxCompletion, q.MaxTokens); most > 0 {
		n = min(n, most)
	}
	return q, n, true
}

// words are tokens of the answers.
var words = [...]string{" sea", " and", " the", " old", " boat", " went", " out", " again"}

// await waits until token i is due.
func (p paced) await(ctx context.Context, began time.Time, i int) bool {
	due := began.Add(time.Duration(float64(i+1) / p.cfg.Rate * float64(time.Second)))
	rest(ctx, time.Until(due))
	return ctx.Err() == nil
}

func (p paced) chat(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	q, n, ok := p.read(w, r)
	if !ok {
		return
	}
	usage := `"usage":{"prompt_tokens":20,"completion_tokens":` + strconv.Itoa(n) + `,"total_tokens":` + strconv.Itoa(n+20) + `}`
	if !q.Stream {
		var text strings.Builder
		for i := range n {
			text.WriteString(words[i%len(words)])
		}
		if p.await(r.Context(), began, n-1) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"id":"chatcmpl-paced","object":"chat.completion","created":0,"model":"paced","choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"length"}],%s}`, text.String(), usage)
		}
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	event := func(text string) bool {
		_, err := w.Write([]byte("data: " + text + "\n\n"))
		return err == nil && flush.Flush() == nil
	}
	const head = `{"id":"chatcmpl-paced","object":"chat.completion.chunk","created":0,"model":"paced","choices":[`
	for i := range n {
		if !p.await(r.Context(), began, i) || !event(head+`{"index":0,"delta":{"role":"assistant","content":"`+words[i%len(words)]+`"},"finish_reason":null}]}`) {
			return
		}
	}
	if !event(head + `{"index":0,"delta":{},"finish_reason":"length"}]}`) {
		return
	}
	if q.Options.Usage && !event(head+`],`+usage+`}`) {
		return
	}
	event("[DONE]")
}

// complete goes on with a text by one token, at once: that is what validators ask a miner for.
func (p paced) complete(w http.ResponseWriter, r *http.Request) {
	q, _, ok := p.read(w, r)
	if !ok {
		return
	}
	if q.Stream {
		http.Error(w, `{"error":{"message":"texts are not streamed here, chats are","type":"invalid_request_error"}}`, http.StatusBadRequest)
		return
	}
	top := map[string]float64{}
	for i, word := range words {
		top[word] = -1.5 - float64(i)/2
	}
	reply(w, map[string]any{
		"id": "cmpl-paced", "object": "text_completion", "created": 0, "model": PacedModel,
		"choices": []any{map[string]any{
			"index": 0, "text": words[0], "finish_reason": "length",
			"logprobs": map[string]any{"tokens": words[:1], "token_logprobs": []float64{-1.5}, "top_logprobs": []any{top}},
		}},
		"usage": map[string]int{"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21},
	})
}
