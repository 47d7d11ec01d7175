package front_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/mechanism/text/front"
)

// TestRefused: what cannot be served is refused with the name of the field, before any neuron is asked.
func TestRefused(t *testing.T) {
	net := newNetwork(parrot("no"))
	s := serve(t, front.Config{Network: net, Mixer: &mixer{}})
	chat := func(fields string) string { return `{` + fields + `,` + hello[1:] }
	turn := func(message string) string { return `{"messages":[` + message + `]}` }
	tool := `{"type":"function","function":{"name":"a"}}`
	for _, c := range []struct{ path, body, param, words string }{
		{"chat/completions", `{"messages":`, "", "not JSON at byte 12"},
		{"chat/completions", `[]`, "", "the request is a JSON array, want an object"},
		{"chat/completions", `{}`, "messages", "messages has 0 turns, want 1 to 1024"},
		{"chat/completions", `{"messages":{}}`, "messages", "messages is a JSON object, want an array"},
		{"chat/completions", chat(`"temperature":2.5`), "temperature", "temperature is 2.5, want 0 to 2"},
		{"chat/completions", chat(`"temperature":"hot"`), "temperature", "temperature is a JSON string, want a number"},
		{"chat/completions", chat(`"top_p":0`), "top_p", "top_p is 0, want over 0 to 1"},
		{"chat/completions", chat(`"top_p":1.1`), "top_p", "top_p is 1.1, want over 0 to 1"},
		{"chat/completions", chat(`"frequency_penalty":-3`), "frequency_penalty", "is -3, want -2 to 2"},
		{"chat/completions", chat(`"presence_penalty":3`), "presence_penalty", "is 3, want -2 to 2"},
		{"chat/completions", chat(`"max_tokens":0`), "max_tokens", "max_tokens is 0, want 1 to 4096"},
		{"chat/completions", chat(`"max_completion_tokens":5000`), "max_completion_tokens", "max_completion_tokens is 5000, want 1 to 4096"},
		{"chat/completions", chat(`"max_tokens":1,"max_completion_tokens":2`), "max_tokens", "differ"},
		{"chat/completions", chat(`"max_tokens":1.5`), "max_tokens", "want a whole number"},
		{"chat/completions", chat(`"n":0`), "n", "n is 0, want 1 to 8"},
		{"chat/completions", chat(`"n":9`), "n", "n is 9, want 1 to 8"},
		{"chat/completions", chat(`"stop":7`), "stop", "stop must be a string or an array of strings"},
		{"chat/completions", chat(`"stop":["a",null]`), "stop", "stop[1] is no string"},
		{"chat/completions", chat(`"stop":[""]`), "stop", "stop[0] has 0 bytes, want 1 to 256"},
		{"chat/completions", chat(`"stop":[` + strings.Repeat(`"a",`, 16) + `"a"]`), "stop", "stop has 17 strings, want at most 16"},
		{"chat/completions", chat(`"logit_bias":{"50256":-100}`), "logit_bias", "tokenizers of their own"},
		{"chat/completions", chat(`"top_logprobs":3`), "top_logprobs", "needs logprobs"},
		{"chat/completions", chat(`"logprobs":true,"top_logprobs":21`), "top_logprobs", "top_logprobs is 21, want 0 to 20"},
		{"chat/completions", chat(`"stream":"yes"`), "stream", "want true or false"},
		{"chat/completions", chat(`"modalities":["text","audio"]`), "modalities", "audio"},
		{"chat/completions", chat(`"audio":{"voice":"x"}`), "audio", "writes text"},
		{"chat/completions", chat(`"web_search_options":{}`), "web_search_options", "do not search"},
		{"chat/completions", chat(`"functions":[{"name":"a"}]`), "functions", "use tools"},
		{"chat/completions", chat(`"function_call":"auto"`), "function_call", "use tool_choice"},
		{"chat/completions", chat(`"tools":{}`[:8] + `{"a":1}`), "tools", "tools must be an array"},
		{"chat/completions", chat(`"tools":[{"type":"code_interpreter"}]`), "tools[0].type", `is \"code_interpreter\", want \"function\"`},
		{"chat/completions", chat(`"tools":[{"type":"function"}]`), "tools[0].function.name", "is missing"},
		{"chat/completions", chat(`"tools":[` + strings.Repeat(tool+",", 128) + tool + `]`), "tools", "tools has 129 entries, want at most 128"},
		{"chat/completions", chat(`"tools":[{"type":"function","function":{"name":"a","description":"` + strings.Repeat("d", 1<<16) + `"}}]`), "tools", "bytes, want at most 65536"},
		{"chat/completions", chat(`"tool_choice":"required"`), "tool_choice", "needs tools"},
		{"chat/completions", chat(`"tools":[` + tool + `],"tool_choice":"maybe"`), "tool_choice", "want none, auto, required or an object"},
		{"chat/completions", chat(`"tools":[` + tool + `],"tool_choice":[]`), "tool_choice", "must be"},
		{"chat/completions", chat(`"response_format":{"type":"xml"}`), "response_format", "want text, json_object or json_schema"},
		{"chat/completions", chat(`"response_format":"json"`), "response_format", "must be an object"},
		{"chat/completions", chat(`"model":"` + strings.Repeat("m", 257) + `"`), "model", "model has 257 bytes, want at most 256"},
		{"chat/completions", turn(`{"role":"wizard","content":"a"}`), "messages[0].role", `messages[0].role is \"wizard\", want system`},
		{"chat/completions", turn(`{"role":"function","name":"f","content":"a"}`), "messages[0].role", "use tools"},
		{"chat/completions", turn(`{"role":"user"}`), "messages[0].content", "is missing"},
		{"chat/completions", turn(`{"role":"user","content":7}`), "messages[0].content", "must be a string or an array of parts"},
		{"chat/completions", turn(`{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}}]}`), "messages[0].content[1].type", `is \"image_url\"; this network reads text only`},
		{"chat/completions", turn(`{"role":"user","content":[{"type":"text"}]}`), "messages[0].content[0].text", "is missing"},
		{"chat/completions", turn(`{"role":"user","content":"a","name":"` + strings.Repeat("n", 65) + `"}`), "messages[0].name", "has 65 bytes, want at most 64"},
		{"chat/completions", turn(`{"role":"tool","content":"a"}`), "messages[0].tool_call_id", "is missing"},
		{"chat/completions", turn(`{"role":"tool","content":"a","tool_call_id":"` + strings.Repeat("n", 129) + `"}`), "messages[0].tool_call_id", "has 129 bytes, want at most 128"},
		{"chat/completions", turn(`{"role":"user","content":"a","tool_calls":[{"id":"a"}]}`), "messages[0].tool_calls", "assistant only"},
		{"chat/completions", turn(`{"role":"assistant","tool_calls":"a"}`), "messages[0].tool_calls", "must be an array"},
		{"chat/completions", turn(`{"role":"user","content":"` + strings.Repeat("a", 1<<16+1) + `"}`), "messages", "messages has 65537 bytes of text, want at most 65536"},
		{"completions", `{}`, "prompt", "prompt has 0 texts, want 1 to 32"},
		{"completions", `{"prompt":""}`, "prompt", "prompt 0 is empty"},
		{"completions", `{"prompt":[1,2,3]}`, "prompt", "arrays of tokens are not served"},
		{"completions", `{"prompt":[[1,2],[3]]}`, "prompt", "arrays of tokens are not served"},
		{"completions", `{"prompt":{"a":1}}`, "prompt", "must be a string or an array of strings"},
		{"completions", `{"prompt":["a","b","c","d","e"],"n":8}`, "prompt", "prompt has 5 texts, want 1 to 4 with n = 8"},
		{"completions", `{"prompt":"a","suffix":"b"}`, "suffix", "not served"},
		{"completions", `{"prompt":"a","best_of":3}`, "best_of", "best_of is 3, want n, which is 1"},
		{"completions", `{"prompt":"a","logprobs":21}`, "logprobs", "logprobs is 21, want 0 to 20"},
		{"completions", `{"prompt":"a","logprobs":true}`, "logprobs", "want a whole number"},
		{"completions", `{"prompt":"a","logprobs":1,"echo":true}`, "echo", "echo with logprobs"},
		{"completions", `{"prompt":"` + strings.Repeat("a", 1<<16+1) + `"}`, "prompt", "prompt has 65537 bytes"},
		{"embeddings", `{}`, "input", "input has 0 texts, want 1 to 256"},
		{"embeddings", `{"input":[1,2]}`, "input", "arrays of tokens are not served"},
		{"embeddings", `{"input":[""]}`, "input", "input 0 is empty"},
		{"embeddings", `{"input":"a","encoding_format":"hex"}`, "encoding_format", `is \"hex\", want float or base64`},
		{"embeddings", `{"input":"a","dimensions":0}`, "dimensions", "dimensions is 0, want 1 to 8192"},
		{"embeddings", `{"input":"a","model":"network"}`, "model", "gives no vectors"},
		{"embeddings", `{"input":"` + strings.Repeat("a", 1<<16+1) + `"}`, "input", "input has 65537 bytes"},
		{"step", `{}`, "context", "context is missing"},
		{"step", `{"context":"a","k":0}`, "k", "k is 0, want 1 to 256"},
		{"step", `{"context":"a","k":257}`, "k", "k is 257, want 1 to 256"},
		{"step", `{"context":"` + strings.Repeat("a", 1<<16+1) + `"}`, "context", "context has 65537 bytes"},
	} {
		name := c.path + " " + c.body
		t.Run(name[:min(len(name), 80)], func(t *testing.T) {
			r := post(t, s, "/v1/"+c.path, c.body)
			require.Equal(t, 400, r.status, r.body)
			require.Contains(t, r.body, c.words)
			var got struct {
				Error struct {
					Param *string `json:"param"`
					Type  string  `json:"type"`
				} `json:"error"`
			}
			require.NoError(t, json.Unmarshal([]byte(r.body), &got))
			require.Equal(t, "invalid_request_error", got.Error.Type)
			if c.param == "" {
				require.Nil(t, got.Error.Param)
			} else {
				require.NotNil(t, got.Error.Param, r.body)
				require.Equal(t, c.param, *got.Error.Param)
			}
		})
	}
	require.Empty(t, net.asked)
}

func TestTooLarge(t *testing.T) {
	s := serveWith(t, front.Config{Network: newNetwork(parrot("no"))}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 10)
			h.ServeHTTP(w, r)
		})
	})
	r := post(t, s, "/v1/chat/completions", hello)
	require.Equal(t, http.StatusRequestEntityTooLarge, r.status)
	require.Contains(t, r.body, "the request is larger than 10 bytes")
}

// Small values take little to send and much to hold: they are counted before they are decoded.
func TestManyValues(t *testing.T) {
	many := func(value string) string { return "[" + strings.Repeat(value+",", 1<<20) + value + "]" }
	for name, body := range map[string]string{
		"messages": `{"messages":` + many("{}") + "}",
		"parts":    `{"messages":[{"role":"user","content":` + many("{}") + "}]}",
		"stop":     `{"messages":[{"role":"user","content":"x"}],"stop":` + many(`""`) + "}",
		"tools":    `{"messages":[{"role":"user","content":"x"}],"tools":` + many("{}") + "}",
		"unknown":  `{"metadata":` + many("1") + "}",
	} {
		t.Run(name, func(t *testing.T) {
			net := newNetwork(parrot("no"))
			s := serve(t, front.Config{Network: net})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := post(t, s, "/v1/chat/completions", body)
			runtime.ReadMemStats(&after)
			require.Equal(t, 400, r.status, r.body)
			require.Contains(t, r.body, "values, want at most 65536")
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(12*len(body)), "reading a body takes a few times its size")
			require.Empty(t, net.asked)
		})
	}
	r := post(t, serve(t, front.Config{Network: newNetwork(parrot("yes"))}), "/v1/chat/completions", `{"messages":[{"role":"user","content":"`+strings.Repeat(`[,{\\\",`, 4000)+`"}]}`)
	require.Equal(t, 200, r.status, "what stands in strings does not count: %s", r.body)
}

func TestConfig(t *testing.T) {
	net := newNetwork()
	for _, c := range []struct {
		cfg   front.Config
		words string
	}{
		{front.Config{}, "Network is nil"},
		{front.Config{Network: net, Settings: text.Settings{Items: -1}}, "Settings: "},
		{front.Config{Network: net, MaxTokens: 4097}, "MaxTokens is 4097, want 1 to 4096"},
		{front.Config{Network: net, MaxTokens: 10, DefaultTokens: 11}, "DefaultTokens is 11, want 1 to 10"},
		{front.Config{Network: net, Ping: -1}, "a time is negative"},
	} {
		t.Run(c.words, func(t *testing.T) {
			_, err := front.New(c.cfg)
			require.ErrorIs(t, err, front.ErrConfig)
			require.ErrorContains(t, err, c.words)
		})
	}
	f, err := front.New(front.Config{Network: net})
	require.NoError(t, err)
	free := 0
	for _, r := range f.Routes() {
		if r.Free {
			free++
		}
	}
	require.Equal(t, "6 2", fmt.Sprint(len(f.Routes()), " ", free))
}
