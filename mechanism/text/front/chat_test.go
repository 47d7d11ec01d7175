package front_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/front"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

const (
	hello = `{"messages":[{"role":"user","content":"hello"}]}`
	gt    = `"gotensor":{"uid":7,"hotkey":"tao1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq8c4hpsa","model":"parrot","stake_rao":"5000000000","share":0.25,"first_piece_ms":12,"tried":1}`
	top   = `"created":1700000000,"model":"parrot","system_fingerprint":"FP"`
)

// plain replaces what a test would have to compute.
func plain(body string) string {
	return regexp.MustCompile(`"fp_[0-9a-f]{10}"`).ReplaceAllString(body, `"FP"`)
}

func TestChat(t *testing.T) {
	net := newNetwork(parrot("hel", "lo \"you\"\n"))
	s := serve(t, front.Config{Network: net})
	r := post(t, s, "/v1/chat/completions", hello)
	require.Equal(t, 200, r.status)
	require.Equal(t, `{"id":"chatcmpl-ID","object":"chat.completion",`+top+`,"choices":[{"index":0,"message":{"role":"assistant","content":"hello \"you\"\n","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7},`+gt+"}\n", plain(r.body))
	require.Equal(t, "7", r.header.Get("Gt-Uid"))
	require.Equal(t, "parrot", r.header.Get("Gt-Model"))
	require.Equal(t, "12", r.header.Get("Gt-First-Piece-Ms"))
	require.Equal(t, "1", r.header.Get("Gt-Tried"))
	require.Contains(t, r.header.Get("Gt-Hotkey"), "tao1")
	require.NoError(t, net.end(t))
	require.Equal(t, []mechanism.Ask{{Capability: "generate", Streams: true}}, net.asked)
}

func TestChatStream(t *testing.T) {
	net := newNetwork(parrot("hel", "lo"))
	s := serve(t, front.Config{Network: net})
	const head = `data: {"id":"chatcmpl-ID","object":"chat.completion.chunk",` + top + `,"choices":[`
	t.Run("plain", func(t *testing.T) {
		r := post(t, s, "/v1/chat/completions", `{"stream":true,`+hello[1:])
		require.Equal(t, 200, r.status)
		require.Equal(t, strings.Join([]string{
			head + `{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],` + gt + `}`,
			head + `{"index":0,"delta":{"content":"hel"},"logprobs":null,"finish_reason":null}]}`,
			head + `{"index":0,"delta":{"content":"lo"},"logprobs":null,"finish_reason":null}]}`,
			head + `{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],` + gt + `}`,
			`data: [DONE]`, ``,
		}, "\n\n"), plain(r.body))
		for name, want := range map[string]string{
			"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Gt-Uid": "7", "Gt-Tried": "1",
		} {
			require.Equal(t, want, r.header.Get(name), name)
		}
	})
	t.Run("with usage", func(t *testing.T) {
		r := post(t, s, "/v1/chat/completions", `{"stream":true,"stream_options":{"include_usage":true},`+hello[1:])
		require.Contains(t, plain(r.body), head+`{"index":0,"delta":{"content":"lo"},"logprobs":null,"finish_reason":null}],"usage":null}`)
		require.True(t, strings.HasSuffix(plain(r.body), head+`],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7},`+gt+"}\n\ndata: [DONE]\n\n"), r.body)
	})
	t.Run("two texts", func(t *testing.T) {
		r := post(t, s, "/v1/chat/completions", `{"n":2,"stream":true,`+hello[1:])
		for _, index := range []string{"0", "1"} {
			require.Equal(t, 1, strings.Count(r.body, `{"index":`+index+`,"delta":{"role":"assistant"`))
			require.Equal(t, 1, strings.Count(r.body, `{"index":`+index+`,"delta":{"content":"hel"}`))
			require.Equal(t, 1, strings.Count(r.body, `{"index":`+index+`,"delta":{},"logprobs":null,"finish_reason":"stop"}`))
		}
		require.Equal(t, 1, strings.Count(r.body, "[DONE]"))
	})
}

func TestChatPassesOn(t *testing.T) {
	net := newNetwork(parrot("ok"))
	s := serve(t, front.Config{Network: net})
	r := post(t, s, "/v1/chat/completions", `{
		"model": "uid-7", "n": 2, "seed": -1, "temperature": 0.5, "top_p": 0.9, "frequency_penalty": 1, "presence_penalty": -1,
		"max_completion_tokens": 33, "stop": ["a", "b"], "user": "me", "metadata": {"a": "b"}, "store": true, "service_tier": "auto",
		"parallel_tool_calls": false, "logit_bias": {}, "modalities": ["text"], "stream_options": null, "reasoning_effort": "low",
		"tools": [{"type": "function", "function": {"name": "look", "parameters": {}}}], "tool_choice": "required",
		"response_format": {"type": "json_object"},
		"messages": [
			{"role": "developer", "content": "be brief"},
			{"role": "user", "name": "ann", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
			{"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
			{"role": "tool", "tool_call_id": "c1", "content": "seen"}]}`)
	require.Equal(t, 200, r.status, r.body)
	require.Len(t, net.requests, 2)
	seeds := map[uint64]bool{}
	for _, q := range net.requests {
		seeds[q.GetSeed()] = true
	}
	require.Equal(t, map[uint64]bool{1<<64 - 1: true, 0: true}, seeds)
	q := net.requests[0]
	require.Equal(t, uint32(33), q.GetMaxTokens())
	require.Equal(t, []float64{0.5, 0.9, 1, -1}, []float64{q.GetTemperature(), q.GetTopP(), q.GetFrequencyPenalty(), q.GetPresencePenalty()})
	require.Equal(t, []string{"a", "b"}, q.GetStop())
	require.JSONEq(t, `[{"type":"function","function":{"name":"look","parameters":{}}}]`, string(q.GetToolsJson()))
	require.JSONEq(t, `"required"`, string(q.GetToolChoiceJson()))
	require.JSONEq(t, `{"type":"json_object"}`, string(q.GetResponseFormatJson()))
	m := q.GetMessages()
	require.Equal(t, "system", m[0].GetRole())
	require.Equal(t, "one\ntwo", m[1].GetContent())
	require.Equal(t, "ann", m[1].GetName())
	require.NotEmpty(t, m[2].GetToolCallsJson())
	require.Equal(t, "c1", m[3].GetToolCallId())
	require.Equal(t, mechanism.Ask{Capability: "tools", Model: "uid-7", Streams: true}, net.asked[0])
	require.Equal(t, 2, strings.Count(r.body, `"index":`))
	require.Equal(t, 3, strings.Count(r.body, `"gotensor":`), "one for each and one for all")
	require.Contains(t, r.body, `"total_tokens":14`)
}

func probs(lp ...float64) []*textv1.TokenLogprob {
	var out []*textv1.TokenLogprob
	for _, p := range lp {
		out = append(out, &textv1.TokenLogprob{
			Token: []byte("é"), Logprob: p,
			Top: []*textv1.TokenLogprob{{Token: []byte("é"), Logprob: p}, {Token: []byte{0xc3}, Logprob: p - 1}, {Token: []byte{0xc4}, Logprob: p - 2}},
		})
	}
	return out
}

func TestLogprobs(t *testing.T) {
	script := []event{
		{piece: &textv1.GenerateResponse{Text: "é", Logprobs: probs(-0.5)}},
		{piece: &textv1.GenerateResponse{Text: "é", Logprobs: probs(-0.25), FinishReason: "length"}},
	}
	net := newNetwork(&neuron{script: script})
	s := serve(t, front.Config{Network: net})
	const chatProb = `{"token":"é","logprob":-0.5,"bytes":[195,169],"top_logprobs":[{"token":"é","logprob":-0.5,"bytes":[195,169]},{"token":"�","logprob":-1.5,"bytes":[195]}]}`
	t.Run("chat", func(t *testing.T) {
		r := post(t, s, "/v1/chat/completions", `{"logprobs":true,"top_logprobs":2,`+hello[1:])
		require.Contains(t, r.body, `"logprobs":{"content":[`+chatProb+`,{"token":"é"`)
		require.Equal(t, "logprobs", net.asked[0].Capability)
		require.Contains(t, r.body, `"finish_reason":"length"`)
		require.Contains(t, r.body, `"usage":{"prompt_tokens":2,"completion_tokens":1,"total_tokens":3}`, "estimated, as the neuron says nothing")
	})
	t.Run("chat stream", func(t *testing.T) {
		r := post(t, s, "/v1/chat/completions", `{"stream":true,"logprobs":true,"top_logprobs":2,`+hello[1:])
		require.Contains(t, r.body, `"delta":{"content":"é"},"logprobs":{"content":[`+chatProb+`],"refusal":null},"finish_reason":null}]}`)
	})
	t.Run("completion", func(t *testing.T) {
		r := post(t, s, "/v1/completions", `{"prompt":"hi","logprobs":3}`)
		require.Contains(t, r.body, `"logprobs":{"tokens":["é","é"],"token_logprobs":[-0.5,-0.25],"top_logprobs":[{"é":-0.5,"�":-1.5},{"é":-0.25,"�":-1.25}],"text_offset":[0,1]}`)
	})
	t.Run("completion stream", func(t *testing.T) {
		r := post(t, s, "/v1/completions", `{"stream":true,"prompt":"hi","logprobs":0}`)
		require.Contains(t, r.body, `{"index":0,"text":"é","logprobs":{"tokens":["é"],"token_logprobs":[-0.25],"top_logprobs":[{}],"text_offset":[1]},"finish_reason":null}`)
	})
	t.Run("nobody asked", func(t *testing.T) {
		require.Contains(t, post(t, s, "/v1/chat/completions", hello).body, `"logprobs":null`)
	})
}

const withTools = `{"tools":[{"type":"function","function":{"name":"look"}}],` + `"messages":[{"role":"user","content":"hello"}]}`

func TestTools(t *testing.T) {
	part := func(json string) event { return event{piece: &textv1.GenerateResponse{ToolCallsJson: []byte(json)}} }
	net := newNetwork(&neuron{script: []event{
		part(`[{"index":0,"id":"c1","type":"function","evil":1,"function":{"name":"look","arguments":""}}]`),
		part(`[{"index":0,"function":{"name":"look","arguments":"{\"at\""}}]`),
		part(`[{"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"name":"look","arguments":{"at":2}}}]`),
		last("tool_calls"),
	}})
	s := serve(t, front.Config{Network: net})
	t.Run("whole", func(t *testing.T) {
		r := post(t, s, "/v1/chat/completions", withTools)
		require.Contains(t, r.body, `"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}},{"id":"call_ID","type":"function","function":{"name":"look","arguments":"{\"at\":2}"}}]},"logprobs":null,"finish_reason":"tool_calls"`)
	})
	t.Run("stream", func(t *testing.T) {
		r := post(t, s, "/v1/chat/completions", `{"stream":true,`+withTools[1:])
		require.Contains(t, r.body, `"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"look","arguments":""}}]}`)
		require.Contains(t, r.body, `"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"at\""}}]}`)
		require.Contains(t, r.body, `"finish_reason":"tool_calls"`)
	})
}

func TestCompletions(t *testing.T) {
	net := newNetwork(parrot(" world"))
	s := serve(t, front.Config{Network: net})
	t.Run("whole", func(t *testing.T) {
		r := post(t, s, "/v1/completions", `{"model":"parrot","prompt":"hello"}`)
		require.Equal(t, `{"id":"cmpl-ID","object":"text_completion",`+top+`,"choices":[{"index":0,"text":" world","logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7},`+gt+"}\n", plain(r.body))
		require.Equal(t, uint32(16), net.requests[0].GetMaxTokens())
		require.Equal(t, "hello", net.requests[0].GetPrompt())
	})
	t.Run("echo", func(t *testing.T) {
		require.Contains(t, post(t, s, "/v1/completions", `{"prompt":"hello","echo":true}`).body, `"text":"hello world"`)
		require.Contains(t, post(t, s, "/v1/completions", `{"prompt":"hello","echo":true,"stream":true}`).body, `{"index":0,"text":"hello",`)
	})
	t.Run("stream", func(t *testing.T) {
		const head = `data: {"id":"cmpl-ID","object":"text_completion",` + top + `,"choices":[`
		r := post(t, s, "/v1/completions", `{"prompt":"hello","stream":true}`)
		require.Equal(t, strings.Join([]string{
			head + `{"index":0,"text":"","logprobs":null,"finish_reason":null}],` + gt + `}`,
			head + `{"index":0,"text":" world","logprobs":null,"finish_reason":null}]}`,
			head + `{"index":0,"text":"","logprobs":null,"finish_reason":"stop"}],` + gt + `}`,
			`data: [DONE]`, ``,
		}, "\n\n"), plain(r.body))
	})
	t.Run("many", func(t *testing.T) {
		r := post(t, s, "/v1/completions", `{"prompt":["a","b"],"n":2,"best_of":2,"echo":true,"max_tokens":5}`)
		for i, want := range []string{"a", "a", "b", "b"} {
			require.Contains(t, r.body, `{"index":`+string(rune('0'+i))+`,"text":"`+want+` world"`)
		}
	})
}

func TestMeter(t *testing.T) {
	words := make([]string, 200)
	for i := range words {
		words[i] = "sixteen bytes ok"
	}
	for _, c := range []struct {
		name   string
		script []event
		want   mechanism.Usage
		least  int // calls of Spend
	}{
		{"as the neuron says", says("hello"), mechanism.Usage{In: 5, Out: 2}, 1},
		{"as it goes", append(says(words...)[:200], event{piece: &textv1.GenerateResponse{FinishReason: "length", Usage: &textv1.Usage{PromptTokens: 5, CompletionTokens: 600}}}), mechanism.Usage{In: 5, Out: 600}, 3},
		{"a lie too large", append(says("hello")[:1], event{piece: &textv1.GenerateResponse{FinishReason: "stop", Usage: &textv1.Usage{PromptTokens: 1 << 30, CompletionTokens: 1 << 30}}}), mechanism.Usage{In: 5 + 32, Out: 6}, 1},
		{"a lie too small", append(says(words...)[:200], event{piece: &textv1.GenerateResponse{FinishReason: "stop", Usage: &textv1.Usage{}}}), mechanism.Usage{In: 0, Out: 384}, 3},
		{"no word", append(says("hello")[:1], event{piece: &textv1.GenerateResponse{FinishReason: "stop"}}), mechanism.Usage{In: 2, Out: 2}, 1},
		{"broken off", append(says("hello you")[:1], event{err: refusal(14, "gone")}), mechanism.Usage{In: 2, Out: 3}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := new(meter)
			s := serveWith(t, front.Config{Network: newNetwork(&neuron{script: c.script})}, m.wrap)
			_ = post(t, s, "/v1/chat/completions", hello)
			require.Equal(t, c.want, m.spent)
			require.GreaterOrEqual(t, m.calls, c.least)
		})
	}
}

func TestModels(t *testing.T) {
	net := newNetwork(&neuron{peer: mechanism.Peer{Model: "b/big"}}, &neuron{peer: mechanism.Peer{Model: "a"}}, &neuron{peer: mechanism.Peer{Model: "a"}}, &neuron{peer: mechanism.Peer{Model: "auto"}})
	s := serve(t, front.Config{Network: net})
	r := get(t, s, "/v1/models")
	require.Equal(t, 200, r.status)
	at := 0
	for _, id := range []string{"auto", "best", "a", "b/big", "uid-7", "uid-8", "uid-9", "uid-10"} {
		i := strings.Index(r.body[at:], `{"id":"`+id+`","object":"model","created":1700000000,"owned_by":"gotensor","gotensor":{"kind":"`)
		require.GreaterOrEqual(t, i, 0, id)
		at += i
	}
	require.Equal(t, 8, strings.Count(r.body, `"object":"model"`))
	require.Contains(t, r.body, `"gotensor":{"kind":"model","uids":[8,9]}`)
	key := net.neurons[1].peer
	for _, id := range []string{"auto", "a", "b/big", "b%2Fbig", "uid-8"} {
		require.Equal(t, 200, get(t, s, "/v1/models/"+id).status, id)
	}
	require.Contains(t, get(t, s, "/v1/models/uid-8").body, `"kind":"neuron","uid":8,`)
	one := get(t, s, "/v1/models/uid-8").body
	account := regexp.MustCompile(`tao1[a-z0-9]+`).FindString(one)
	require.NotEmpty(t, account)
	require.Contains(t, get(t, s, "/v1/models/"+account).body, `{"id":"`+account+`"`)
	require.Equal(t, "a", key.Model)
	r = get(t, s, "/v1/models/network")
	require.Equal(t, http.StatusNotFound, r.status, "no mixer")
	require.Contains(t, r.body, `"code":"model_not_found"`)
}
