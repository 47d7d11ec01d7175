package openai_test

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/openai"
)

// replay serves files by path and keeps what was asked.
type replay struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string][]byte
}

func newReplay(t testing.TB, files map[string]string) *replay {
	t.Helper()
	r := &replay{asked: map[string][]byte{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.asked[q.URL.Path] = body
		r.mu.Unlock()
		file, ok := files[q.URL.Path]
		if !ok {
			http.NotFound(w, q)
			return
		}
		types := map[string]string{".sse": "text/event-stream", ".ndjson": "application/x-ndjson", ".json": "application/json"}
		for ending, kind := range types {
			if strings.HasSuffix(file, ending) {
				w.Header().Set("Content-Type", kind)
			}
		}
		_, _ = w.Write(recorded(t, file))
	}))
	t.Cleanup(r.Close)
	return r
}

// request returns what was sent to a path.
func (r *replay) request(t testing.TB, path string) map[string]any {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]any{}
	require.NoError(t, json.Unmarshal(r.asked[path], &out), path)
	return out
}

// text is all of an answer.
type text struct {
	text, tools, finish string
	usage               model.Usage
	logprobs            []model.TokenLogprob
	pieces              int
}

func generate(t testing.TB, p model.Generator, prompt model.Prompt) (text, error) {
	t.Helper()
	var out text
	err := p.Generate(t.Context(), prompt, func(piece model.Piece) error {
		require.Empty(t, out.finish, "a piece after the last")
		require.True(t, utf8.ValidString(piece.Text), "%q", piece.Text)
		out.pieces++
		out.text += piece.Text
		out.tools += string(piece.ToolCalls)
		out.logprobs = append(out.logprobs, piece.Logprobs...)
		if out.finish = piece.Finish; out.finish != "" {
			require.NotNil(t, piece.Usage)
			out.usage = *piece.Usage
		}
		return nil
	})
	return out, err
}

func chat(content string) model.Prompt {
	return model.Prompt{Messages: []model.Message{{Role: "user", Content: content}}, MaxTokens: 64, TopP: 1}
}

func continued(content string) model.Prompt {
	return model.Prompt{Text: content, MaxTokens: 64, TopP: 1}
}

func withLogprobs(p model.Prompt, top int) model.Prompt {
	p.Logprobs, p.TopLogprobs = true, top
	return p
}

func TestGenerateReplayed(t *testing.T) {
	ollama := map[string]string{"/v1/models": "ollama/models.json", "/api/version": "ollama/version.json", "/api/generate": "ollama/generate.ndjson", "/v1/chat/completions": "ollama/chat.sse"}
	for _, c := range []struct {
		name   string
		files  map[string]string
		kind   openai.Kind
		prompt model.Prompt
		text   string
		finish string
		usage  model.Usage
		tokens int
	}{
		{"llama.cpp chat", map[string]string{"/v1/chat/completions": "llamacpp/chat.sse"}, "", withLogprobs(chat("Say hi"), 2), "I'm glad you're here", model.FinishLength, model.Usage{Prompt: 32, Completion: 6}, 6},
		{"llama.cpp completion", map[string]string{"/v1/completions": "llamacpp/completion.sse"}, "", withLogprobs(continued("Once upon a"), 2), " time, the city of", model.FinishLength, model.Usage{Prompt: 3, Completion: 5}, 5},
		{"llama.cpp stop", map[string]string{"/v1/chat/completions": "llamacpp/stop.sse"}, "", chat("Count"), "", model.FinishStop, model.Usage{Prompt: 35, Completion: 13}, 0},
		{"llama.cpp emoji", map[string]string{"/v1/completions": "llamacpp/emoji.sse"}, "", continued("emoji"), "😀😀", model.FinishLength, model.Usage{Prompt: 11, Completion: 6}, 0},
		{"vLLM chat", map[string]string{"/v1/chat/completions": "vllm/chat.sse"}, "", withLogprobs(chat("Gruss"), 2), "Grüße!", model.FinishStop, model.Usage{Prompt: 31, Completion: 3}, 3},
		{"vLLM completion", map[string]string{"/v1/completions": "vllm/completion.sse"}, "", withLogprobs(continued("Once upon a"), 2), " time, there", model.FinishLength, model.Usage{Prompt: 3, Completion: 3}, 3},
		{"vLLM thinks", map[string]string{"/v1/chat/completions": "vllm/thinking.sse"}, "", chat("Hi"), "Hello", model.FinishStop, model.Usage{Prompt: 10, Completion: 7}, 0},
		{"Ollama chat", ollama, openai.Ollama, withLogprobs(chat("Hi"), 2), "Good day", model.FinishStop, model.Usage{Prompt: 26, Completion: 3}, 2},
		{"Ollama completion", ollama, openai.Ollama, withLogprobs(continued("Once upon a"), 2), " time there", model.FinishLength, model.Usage{Prompt: 4, Completion: 2}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReplay(t, c.files)
			p := predictor(t, openai.Config{Servers: []openai.Server{{URL: r.URL, Model: "m", Kind: c.kind}}})
			got, err := generate(t, p, c.prompt)
			require.NoError(t, err)
			if c.text != "" {
				require.Equal(t, c.text, got.text)
			}
			require.Equal(t, c.finish, got.finish)
			require.Equal(t, c.usage, got.usage)
			require.Len(t, got.logprobs, c.tokens)
			for _, l := range got.logprobs {
				require.Len(t, l.Top, 2)
				require.GreaterOrEqual(t, l.Top[0].Logprob, l.Top[1].Logprob)
				require.LessOrEqual(t, l.Logprob, 0.0)
				require.NotEmpty(t, l.Token)
			}
		})
	}
}

func TestWhatIsAsked(t *testing.T) {
	seed := uint64(0x9000_0001_0000_0007)
	full := model.Prompt{
		MaxTokens: 9, Temperature: 0.5, TopP: 0.9, Seed: &seed, Stop: []string{"\n"}, Logprobs: true, TopLogprobs: 3, FrequencyPenalty: 0.25, PresencePenalty: -1,
		ResponseFormat: json.RawMessage(`{"type":"json_object"}`),
	}
	shared := map[string]any{
		"model": "m", "max_tokens": 9., "temperature": .5, "top_p": .9, "seed": float64((seed ^ seed>>32) & 0x7fffffff), "stop": []any{"\n"}, "frequency_penalty": .25,
		"presence_penalty": -1., "response_format": map[string]any{"type": "json_object"}, "stream": true, "stream_options": map[string]any{"include_usage": true},
	}
	with := func(more map[string]any) map[string]any {
		for k, v := range shared {
			more[k] = v
		}
		return more
	}
	r := newReplay(t, map[string]string{"/v1/chat/completions": "vllm/chat.sse", "/v1/completions": "vllm/completion.sse", "/api/generate": "ollama/generate.ndjson"})
	server := openai.Server{URL: r.URL, Model: "m"}
	t.Run("chat", func(t *testing.T) {
		p := full
		p.Tools, p.ToolChoice = json.RawMessage(`[{"type":"function"}]`), json.RawMessage(`"auto"`)
		p.Messages = []model.Message{
			{Role: "system", Content: "Be brief."},
			{Role: "user", Content: "Weather?", Name: "ann"},
			{Role: "assistant", ToolCalls: json.RawMessage(`[{"id":"1"}]`)},
			{Role: "tool", Content: "rain", ToolCallID: "1"},
		}
		_, err := generate(t, predictor(t, openai.Config{Servers: []openai.Server{server}, Tools: true}), p)
		require.NoError(t, err)
		require.Equal(t, with(map[string]any{
			"logprobs": true, "top_logprobs": 3., "tools": []any{map[string]any{"type": "function"}}, "tool_choice": "auto",
			"messages": []any{
				map[string]any{"role": "system", "content": "Be brief."},
				map[string]any{"role": "user", "content": "Weather?", "name": "ann"},
				map[string]any{"role": "assistant", "content": "", "tool_calls": []any{map[string]any{"id": "1"}}},
				map[string]any{"role": "tool", "content": "rain", "tool_call_id": "1"},
			},
		}), r.request(t, "/v1/chat/completions"))
	})
	t.Run("completion", func(t *testing.T) {
		p := full
		p.Text = "Once upon a"
		_, err := generate(t, predictor(t, openai.Config{Servers: []openai.Server{server}}), p)
		require.NoError(t, err)
		require.Equal(t, with(map[string]any{"logprobs": 3., "prompt": "Once upon a"}), r.request(t, "/v1/completions"))
	})
	t.Run("Ollama", func(t *testing.T) {
		p := full
		p.Text = "Once upon a"
		s := server
		s.Kind = openai.Ollama
		_, err := generate(t, predictor(t, openai.Config{Servers: []openai.Server{s}}), p)
		require.NoError(t, err)
		require.Equal(t, map[string]any{
			"model": "m", "prompt": "Once upon a", "raw": true, "stream": true, "logprobs": true, "top_logprobs": 3.,
			"options": map[string]any{
				"num_predict": 9., "temperature": .5, "top_p": .9, "seed": float64((seed ^ seed>>32) & 0x7fffffff), "stop": []any{"\n"},
				"frequency_penalty": .25, "presence_penalty": -1.,
			},
		}, r.request(t, "/api/generate"))
	})
}

func TestToolsArePassedOn(t *testing.T) {
	r := newReplay(t, map[string]string{"/v1/chat/completions": "vllm/tools.sse"})
	prompt := chat("Weather in Paris?")
	prompt.Tools = json.RawMessage(`[{"type":"function","function":{"name":"weather"}}]`)
	got, err := generate(t, predictor(t, openai.Config{Servers: at(r.URL), Tools: true}), prompt)
	require.NoError(t, err)
	require.Equal(t, model.FinishToolCalls, got.finish)
	require.Equal(t, `[{"id":"chatcmpl-tool-9","type":"function","index":0,"function":{"name":"weather"}}]`+
		`[{"index":0,"function":{"arguments":"{\"city\": "}}][{"index":0,"function":{"arguments":"\"Paris\"}"}}]`, got.tools)
	p := predictor(t, openai.Config{Servers: at(r.URL)})
	_, err = generate(t, p, prompt)
	require.ErrorIs(t, err, model.ErrRequest)
	require.Equal(t, []string{"logprobs"}, p.Capabilities())
	require.Equal(t, []string{"logprobs", "tools"}, predictor(t, openai.Config{Servers: at(r.URL), Tools: true}).Capabilities())
}

// Answers that are odd and right, in whole or in part.
func TestStreams(t *testing.T) {
	const (
		a    = `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}`
		stop = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	)
	for _, c := range []struct {
		name, body, text string
		usage            model.Usage
		err              string
	}{
		{"CRLF", a + "\r\n\r\n" + stop + "\r\n\r\ndata: [DONE]\r\n\r\n", "a", model.Usage{Prompt: 1, Completion: 1}, ""},
		{"CR", a + "\r\r" + stop + "\r\rdata: [DONE]\r\r", "a", model.Usage{Prompt: 1, Completion: 1}, ""},
		{"comments and other fields", "\xef\xbb\xbf: hello\n\nevent: x\nid: 3\nretry: 5\n" + a + "\n\n:\n\n" + stop + "\n\ndata: [DONE]\n\n", "a", model.Usage{Prompt: 1, Completion: 1}, ""},
		{"data on several lines", "data: {\"choices\":\ndata:[{\"index\":0,\ndata: \"delta\":{\"content\":\"b\"}}]}\n\n" + stop + "\n\ndata: [DONE]\n\n", "b", model.Usage{Prompt: 1, Completion: 1}, ""},
		{"no blank", strings.ReplaceAll(a+"\n\n"+stop+"\n\n", "data: ", "data:"), "a", model.Usage{Prompt: 1, Completion: 1}, ""},
		{"no DONE", a + "\n\n" + stop + "\n\n", "a", model.Usage{Prompt: 1, Completion: 1}, ""},
		{"no last line end", a + "\n\n" + stop, "a", model.Usage{Prompt: 1, Completion: 1}, ""},
		{"usage with the finish", a + "\n\n" + `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}` + "\n\n", "a", model.Usage{Prompt: 5, Completion: 2}, ""},
		{
			"a character in two events", "data: {\"choices\":[{\"text\":\"a\xf0\x9f\"}]}\n\ndata: {\"choices\":[{\"text\":\"\x98\x80 \\u00e9\"}]}\n\n" + stop + "\n\n", "a😀 é",
			model.Usage{Prompt: 1, Completion: 2},
			"",
		},
		{"half a character at the end", "data: {\"choices\":[{\"text\":\"a\xf0\x9f\"}]}\n\n" + stop + "\n\n", "a\ufffd", model.Usage{Prompt: 1, Completion: 1}, ""},
		{"no finish", a + "\n\ndata: [DONE]\n\n", "a", model.Usage{}, "without a reason to finish"},
		{"truncated", a + "\n\n", "a", model.Usage{}, "unexpected EOF"},
		{"truncated event", a + "\n\n" + stop[:30], "a", model.Usage{}, "no JSON"},
		{"garbage", "data: <html>\n\n", "", model.Usage{}, "no JSON"},
		{"nothing", "", "", model.Usage{}, "unexpected EOF"},
		{"an error", string(recorded(t, "vllm/broken.sse")), "", model.Usage{}, "EngineCore encountered an issue"},
		{"an error in a field of its own", a + "\n\nerror: {\"message\":\"slot gone\"}\n\n", "a", model.Usage{}, "slot gone"},
		{"aborted", a + "\n\n" + strings.Replace(stop, `"stop"`, `"abort"`, 1) + "\n\n", "a", model.Usage{}, "broke off (abort)"},
		{"another choice", `data: {"choices":[{"index":1,"delta":{"content":"a"}}]}` + "\n\n", "", model.Usage{}, "choice 1"},
		{"endless line", "data: " + strings.Repeat("x", 1<<20), "", model.Usage{}, "over 1048576 bytes"},
		{"endless text", strings.Repeat(`data: {"choices":[{"text":"`+strings.Repeat("x", 9999)+`"}]}`+"\n\n", 10), strings.Repeat("x", 79992), model.Usage{}, "bytes for 64 tokens"},
		{"positive log-probability", `data: {"choices":[{"text":"a","logprobs":{"tokens":["a"],"token_logprobs":[2]}}]}` + "\n\n", "", model.Usage{}, "at most 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := serveChat(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
				_, _ = w.Write([]byte(c.body))
			})
			got, err := generate(t, predictor(t, openai.Config{Servers: at(url), Attempts: 1}), chat("Hi"))
			require.Equal(t, c.text, got.text)
			if c.err != "" {
				require.ErrorIs(t, err, openai.ErrServer, "%v", err)
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.usage, got.usage)
			require.Equal(t, model.FinishStop, got.finish)
		})
	}
}

// serveChat starts a server whose /v1/chat/completions is handle.
func serveChat(t testing.TB, handle http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", handle)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestRequestsThatServersRefuse(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		prompt model.Prompt
		err    error
		says   string
	}{
		{"too long for llama.cpp", 400, "llamacpp/toolong.json", chat("x"), model.ErrRequest, "exceeds the available context size"},
		{"too long for vLLM", 400, "vllm/toolong.json", chat("x"), model.ErrRequest, "maximum context length is 32768"},
		{"log-probabilities", 400, "vllm/maxlogprobs.json", withLogprobs(chat("x"), 20), model.ErrRequest, "no log-probabilities, or not so many"},
		{"no such model", 404, "ollama/notfound.json", chat("x"), openai.ErrServer, "not found"},
		{"not streamed", 200, "llamacpp/predict.json", chat("x"), openai.ErrServer, "want a stream"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			url := serveChat(t, func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = w.Write(recorded(t, c.body))
			})
			_, err := generate(t, predictor(t, openai.Config{Servers: at(url)}), c.prompt)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, 1, asked, "the same again would be refused again")
		})
	}
	p := predictor(t, openai.Config{Servers: at("http://localhost")})
	for name, prompt := range map[string]model.Prompt{"nothing": {MaxTokens: 1}, "both": {Text: "x", Messages: chat("x").Messages, MaxTokens: 1}, "no tokens": {Text: "x"}} {
		t.Run(name, func(t *testing.T) {
			_, err := generate(t, p, prompt)
			require.ErrorIs(t, err, model.ErrRequest)
		})
	}
}

func TestServerWithoutStreamOptions(t *testing.T) {
	var bodies []string
	url := serveChat(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if strings.Contains(string(body), "stream_options") {
			http.Error(w, `{"error":{"message":"Unknown field: stream_options"}}`, http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n"))
	})
	p := predictor(t, openai.Config{Servers: at(url)})
	for range 2 {
		got, err := generate(t, p, chat("hello wide world"))
		require.NoError(t, err)
		require.Equal(t, model.Usage{Prompt: 4, Completion: 1}, got.usage, "counted by bytes and pieces")
	}
	require.Len(t, bodies, 3)
}

func TestUnwantedLogprobsAreAbsent(t *testing.T) {
	r := newReplay(t, map[string]string{"/v1/chat/completions": "vllm/chat.sse"})
	got, err := generate(t, predictor(t, openai.Config{Servers: at(r.URL)}), chat("x"))
	require.NoError(t, err)
	require.Empty(t, got.logprobs)
	r = newReplay(t, map[string]string{"/v1/chat/completions": "vllm/thinking.sse"})
	_, err = generate(t, predictor(t, openai.Config{Servers: at(r.URL)}), withLogprobs(chat("x"), 1))
	require.ErrorIs(t, err, model.ErrRequest, "wanted and not there")
}

// Whatever a server streams, the pieces are valid and the end is an end, or there is an error.
func FuzzStream(f *testing.F) {
	for _, file := range []string{"llamacpp/chat.sse", "llamacpp/emoji.sse", "vllm/completion.sse", "vllm/tools.sse", "vllm/broken.sse"} {
		f.Add(recorded(f, file), false)
	}
	f.Add(recorded(f, "ollama/generate.ndjson"), true)
	f.Add([]byte("data: {\"choices\":[{\"text\":\"\xf0\\ud83d\",\"logprobs\":{\"tokens\":[\"\xff\"],\"token_logprobs\":[-1e999]}}]}\n\n"), false)
	f.Fuzz(func(t *testing.T, body []byte, ollama bool) {
		kind, server := "text/event-stream", openai.Server{URL: "http://model"}
		if ollama {
			kind, server.Kind = "application/x-ndjson", openai.Ollama
		}
		client := &http.Client{Transport: typed{kind, body}}
		p, err := openai.New(openai.Config{Servers: []openai.Server{server}, Attempts: 1, Client: client, Backoff: time.Millisecond, Tools: true})
		require.NoError(t, err)
		got, err := generate(t, p, model.Prompt{Text: "x", MaxTokens: 5, Logprobs: true, TopLogprobs: 2, Tools: json.RawMessage(`[]`)})
		if err == nil {
			require.Contains(t, []string{model.FinishLength, model.FinishStop, model.FinishToolCalls}, got.finish)
		}
		for _, l := range got.logprobs {
			require.LessOrEqual(t, l.Logprob, 0.0)
			require.False(t, math.IsNaN(l.Logprob))
			require.LessOrEqual(t, len(l.Top), 2)
			require.LessOrEqual(t, len(l.Token), 256)
		}
	})
}

type typed struct {
	kind string
	body []byte
}

func (c typed) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", c.kind)
	_, err := w.Write(c.body)
	response := w.Result()
	response.Request = r
	return response, err
}
