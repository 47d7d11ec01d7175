package front

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

func fuzzed() *Front {
	return &Front{cfg: Config{Settings: text.DefaultSettings(), MaxTokens: 4096, DefaultTokens: 1024, Now: time.Now}}
}

// FuzzRequests: whatever comes, there is an order within the bounds of the wire type, or an error that a caller may see.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		`{"messages":[{"role":"user","content":"a"}],"n":2,"seed":-1,"stop":["a"],"logprobs":true,"top_logprobs":3}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function"}}`,
		`{"prompt":["a","b"],"n":2,"logprobs":3,"echo":false,"best_of":2,"stop":"x"}`,
		`{"input":["a"],"encoding_format":"base64","dimensions":3}`,
		`{"context":"a","k":3}`,
	} {
		f.Add([]byte(seed))
	}
	front := fuzzed()
	f.Fuzz(func(t *testing.T, body []byte) {
		var chat chatRequest
		if err := parse(body, &chat); err == nil {
			o, err := front.chatOrder(&chat)
			requireOrder(t, o, err)
		} else {
			requireSeen(t, err)
		}
		var completion completionRequest
		if err := parse(body, &completion); err == nil {
			o, err := front.completionOrder(&completion)
			requireOrder(t, o, err)
		} else {
			requireSeen(t, err)
		}
		var embeddings embeddingsRequest
		if parse(body, &embeddings) == nil {
			texts, err := embeddings.texts(&front.cfg.Settings)
			requireSeen(t, err)
			require.True(t, err != nil || len(texts) > 0)
		}
		var step stepRequest
		if parse(body, &step) == nil {
			_, err := front.checkStep(&step)
			requireSeen(t, err)
		}
	})
}

func requireSeen(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e, ok := errors.AsType[*apierror.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 400, e.Status)
	require.True(t, json.Valid(apierror.Body(err)))
}

func requireOrder(t *testing.T, o *order, err error) {
	t.Helper()
	requireSeen(t, err)
	if err != nil {
		return
	}
	require.NotEmpty(t, o.calls)
	require.LessOrEqual(t, len(o.calls), maxTexts)
	for _, c := range o.calls {
		p := &c.prompt
		require.NotEqual(t, p.Text == "", p.Messages == nil, "one of them")
		require.True(t, p.MaxTokens >= 1 && p.MaxTokens <= 4096)
		require.True(t, p.Temperature >= 0 && p.Temperature <= 2 && p.TopP > 0 && p.TopP <= 1)
		require.LessOrEqual(t, promptBytes(p), 1<<16)
		for _, raw := range []json.RawMessage{p.Tools, p.ToolChoice, p.ResponseFormat} {
			require.True(t, raw == nil || json.Valid(raw) && len(raw) <= maxJSON)
		}
		for _, m := range p.Messages {
			require.True(t, utf8.ValidString(m.Content))
		}
	}
}

// FuzzPieces: whatever a neuron sends, the caller gets valid JSON within bounds, or the answer is bad.
func FuzzPieces(f *testing.F) {
	f.Add("text", []byte("tok"), -0.5, []byte(`[{"index":0,"function":{"name":"f","arguments":"{}"}}]`), "stop", uint32(3), uint32(4))
	f.Add("\xff\"\\\x00\u2028", []byte{0xc3}, math.Inf(-1), []byte(`[{"index":-1}]`), "", uint32(math.MaxUint32), uint32(0))
	f.Add("", []byte(nil), 1e-9, []byte(`[{"function":{"name":"f","arguments":{"a":[1]}}}]`), "tool_calls", uint32(0), uint32(9))
	f.Fuzz(func(t *testing.T, words string, token []byte, logprob float64, calls []byte, finish string, in, out uint32) {
		prompt := &model.Prompt{MaxTokens: 4, Text: "prompt", Logprobs: true, TopLogprobs: 2, Tools: json.RawMessage(`[{}]`)}
		c := checker{prompt: prompt}
		lp := &textv1.TokenLogprob{Token: token, Logprob: logprob}
		m := &textv1.GenerateResponse{
			Text: words, Logprobs: []*textv1.TokenLogprob{{Token: token, Logprob: logprob, Top: []*textv1.TokenLogprob{lp, lp, lp}}}, ToolCallsJson: calls,
			FinishReason: finish, Usage: &textv1.Usage{PromptTokens: in, CompletionTokens: out},
		}
		for _, s := range []*shape{shapeChat, shapeCompletion} {
			text := &streamed{o: &order{shape: s}, c: &call{prompt: *prompt}, box: newOutbox(1)}
			text.begin(&who{Model: words})
			*text.box.buf = (*text.box.buf)[:0]
			for range 3 {
				p, err := c.wire(m)
				if err != nil {
					require.ErrorIs(t, err, mechanism.ErrBadAnswer)
					break
				}
				require.LessOrEqual(t, len(p.logprobs[0].Top), 2)
				require.LessOrEqual(t, p.usage.Completion, prompt.MaxTokens)
				require.NoError(t, text.put(t.Context(), p, nil))
			}
			requireEvents(t, *text.box.buf)
		}
	})
}

func requireEvents(t *testing.T, stream []byte) {
	t.Helper()
	for _, e := range bytes.Split(bytes.TrimSuffix(stream, []byte("\n\n")), []byte("\n\n")) {
		if len(e) == 0 {
			continue
		}
		require.True(t, bytes.HasPrefix(e, []byte("data: ")), "%q", e)
		require.True(t, json.Valid(e[6:]), "%q", e)
		require.True(t, utf8.Valid(e))
	}
}

// FuzzString: the same meaning as encoding/json gives.
func FuzzString(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\x1f\"\\\n\r\t\u00e9\u2028\U0001f600\xff\xc3")
	f.Fuzz(func(t *testing.T, s string) {
		want, err := json.Marshal(s)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(appendString(nil, s)))
		require.Equal(t, appendString(nil, s), appendString(nil, []byte(s)))
	})
}
