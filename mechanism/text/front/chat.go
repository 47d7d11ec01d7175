package front

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/model"
)

// chatRequest is what of a request for a chat means anything here. Fields that change nothing about the text (user, metadata, store,
// service_tier, parallel_tool_calls, reasoning_effort, prediction, ...) are not read.
type chatRequest struct {
	common
	Messages            []message       `json:"messages"`
	MaxCompletionTokens *int64          `json:"max_completion_tokens"`
	Logprobs            *bool           `json:"logprobs"`
	TopLogprobs         *int64          `json:"top_logprobs"`
	Tools               json.RawMessage `json:"tools"`
	ToolChoice          json.RawMessage `json:"tool_choice"`
	ResponseFormat      json.RawMessage `json:"response_format"`
	Modalities          []string        `json:"modalities"`
	Audio               json.RawMessage `json:"audio"`
	WebSearch           json.RawMessage `json:"web_search_options"`
	Functions           json.RawMessage `json:"functions"`
	FunctionCall        json.RawMessage `json:"function_call"`
}

type message struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	Name       string          `json:"name"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  json.RawMessage `json:"tool_calls"`
}

func (f *Front) chat(w http.ResponseWriter, r *http.Request) error {
	var req chatRequest
	if err := decode(r, &req); err != nil {
		return err
	}
	o, err := f.chatOrder(&req)
	if err != nil {
		return err
	}
	return f.serve(w, r, o)
}

// chatOrder checks a request and says what to ask the network.
func (f *Front) chatOrder(req *chatRequest) (*order, error) {
	if err := req.refused(); err != nil {
		return nil, err
	}
	if req.MaxCompletionTokens != nil {
		if req.MaxTokens != nil && *req.MaxTokens != *req.MaxCompletionTokens {
			return nil, apierror.Invalid("max_tokens", "max_tokens and max_completion_tokens differ; give one")
		}
		req.MaxTokens, req.tokensField = req.MaxCompletionTokens, "max_completion_tokens"
	}
	p, err := f.prompt(&req.common)
	if err != nil {
		return nil, err
	}
	if p.Logprobs, p.TopLogprobs, err = chatLogprobs(req); err != nil {
		return nil, err
	}
	tools := false // whether neurons must understand tools
	if tools, err = req.tools(&p); err != nil {
		return nil, err
	}
	if len(req.Messages) < 1 || len(req.Messages) > maxTurns {
		return nil, apierror.Invalid("messages", fmt.Sprintf("messages has %d turns, want 1 to %d", len(req.Messages), maxTurns))
	}
	p.Messages = make([]model.Message, len(req.Messages))
	for i := range req.Messages {
		m, err := req.Messages[i].turn(fmt.Sprintf("messages[%d]", i))
		if err != nil {
			return nil, err
		}
		tools = tools || m.Role == "tool" || m.ToolCalls != nil
		p.Messages[i] = m
	}
	if err := tooLong("messages", promptBytes(&p), &f.cfg.Settings); err != nil {
		return nil, err
	}
	n, err := choices(req.N)
	if err != nil {
		return nil, err
	}
	return f.order(&req.common, shapeChat, tools, calls([]model.Prompt{p}, n)), nil
}

// refused fails with the first field that would change what the answer means and that nobody here can honour.
func (req *chatRequest) refused() error {
	for _, field := range []struct {
		name string
		raw  json.RawMessage
		hint string
	}{
		{"audio", req.Audio, "this network writes text"},
		{"web_search_options", req.WebSearch, "neurons do not search"},
		{"functions", req.Functions, "use tools"},
		{"function_call", req.FunctionCall, "use tool_choice"},
	} {
		if given(field.raw) && (field.name != "functions" || !isEmpty(field.raw)) {
			return apierror.Invalid(field.name, fmt.Sprintf("%s is not served: %s", field.name, field.hint))
		}
	}
	for _, m := range req.Modalities {
		if m != "text" {
			return apierror.Invalid("modalities", fmt.Sprintf("modalities names %q, this network writes text", m))
		}
	}
	return nil
}

func chatLogprobs(req *chatRequest) (on bool, top int, err error) {
	on = req.Logprobs != nil && *req.Logprobs
	if req.TopLogprobs == nil {
		return on, 0, nil
	}
	switch t := *req.TopLogprobs; {
	case t < 0 || t > maxTop:
		return false, 0, apierror.Invalid("top_logprobs", fmt.Sprintf("top_logprobs is %d, want 0 to %d", t, maxTop))
	case t > 0 && !on:
		return false, 0, apierror.Invalid("top_logprobs", "top_logprobs needs logprobs to be true")
	default:
		return on, int(t), nil
	}
}

// tools checks what only some neurons understand and reports whether there is any of it.
func (req *chatRequest) tools(p *model.Prompt) (bool, error) {
	var err error
	if !isEmpty(req.Tools) {
		if err = checkTools(req.Tools); err != nil {
			return false, err
		}
		if p.Tools, err = rawJSON("tools", req.Tools); err != nil {
			return false, err
		}
	}
	if p.ToolChoice, err = toolChoice(req.ToolChoice, p.Tools != nil); err != nil {
		return false, err
	}
	if given(req.ResponseFormat) {
		var format struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(req.ResponseFormat, &format) != nil {
			return false, apierror.Invalid("response_format", "response_format must be an object with a type")
		}
		switch format.Type {
		case "text":
		case "json_object", "json_schema":
			if p.ResponseFormat, err = rawJSON("response_format", req.ResponseFormat); err != nil {
				return false, err
			}
		default:
			return false, apierror.Invalid("response_format", fmt.Sprintf("response_format.type is %q, want text, json_object or json_schema", format.Type))
		}
	}
	return p.Tools != nil || p.ResponseFormat != nil, nil
}

func checkTools(raw json.RawMessage) error {
	var tools []struct {
		Type     string `json:"type"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(raw, &tools) != nil {
		return apierror.Invalid("tools", "tools must be an array of objects {type, function: {name, ...}}")
	}
	if len(tools) > maxTools {
		return apierror.Invalid("tools", fmt.Sprintf("tools has %d entries, want at most %d", len(tools), maxTools))
	}
	for i, t := range tools {
		if t.Type != "function" {
			return apierror.Invalid(fmt.Sprintf("tools[%d].type", i), fmt.Sprintf("tools[%d].type is %q, want \"function\"", i, t.Type))
		}
		if t.Function.Name == "" {
			return apierror.Invalid(fmt.Sprintf("tools[%d].function.name", i), fmt.Sprintf("tools[%d].function.name is missing", i))
		}
	}
	return nil
}

func toolChoice(raw json.RawMessage, tools bool) (json.RawMessage, error) {
	if !given(raw) {
		return nil, nil
	}
	var word string
	isWord := json.Unmarshal(raw, &word) == nil
	var object struct {
		Type string `json:"type"`
	}
	switch {
	case isWord && word != "none" && word != "auto" && word != "required":
		return nil, apierror.Invalid("tool_choice", fmt.Sprintf("tool_choice is %q, want none, auto, required or an object", word))
	case !isWord && (json.Unmarshal(raw, &object) != nil || object.Type == ""):
		return nil, apierror.Invalid("tool_choice", "tool_choice must be none, auto, required or an object with a type")
	case !tools && isWord && word != "required":
		return nil, nil
	case !tools:
		return nil, apierror.Invalid("tool_choice", "tool_choice needs tools")
	}
	return rawJSON("tool_choice", raw)
}

// turn checks one message; at names it.
func (m *message) turn(at string) (model.Message, error) {
	out := model.Message{Role: m.Role, Name: m.Name}
	invalid := func(field, format string, args ...any) (model.Message, error) {
		return model.Message{}, apierror.Invalid(at+"."+field, at+"."+field+" "+fmt.Sprintf(format, args...))
	}
	switch m.Role {
	case "system", "user", "assistant", "tool":
	case "developer":
		out.Role = "system"
	case "function":
		return invalid("role", "is \"function\", which is not served: use tools and the role \"tool\"")
	default:
		return invalid("role", "is %q, want system, developer, user, assistant or tool", m.Role)
	}
	if len(m.Name) > maxName {
		return invalid("name", "has %d bytes, want at most %d", len(m.Name), maxName)
	}
	if m.Role == "tool" && m.ToolCallID == "" {
		return invalid("tool_call_id", "is missing: a tool's message says which call it answers")
	}
	if m.Role == "tool" {
		out.ToolCallID = m.ToolCallID
	}
	if len(m.ToolCallID) > maxCallID {
		return invalid("tool_call_id", "has %d bytes, want at most %d", len(m.ToolCallID), maxCallID)
	}
	if !isEmpty(m.ToolCalls) {
		if m.Role != "assistant" {
			return invalid("tool_calls", "may stand in messages of the role assistant only")
		}
		var calls []struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(m.ToolCalls, &calls) != nil {
			return invalid("tool_calls", "must be an array of objects {id, type, function}")
		}
		var err error
		if out.ToolCalls, err = rawJSON(at+".tool_calls", m.ToolCalls); err != nil {
			return model.Message{}, err
		}
	}
	var err error
	out.Content, err = content(at+".content", m.Content, m.Role == "assistant")
	return out, err
}

// content reads a string or an array of parts, of which text alone is understood. An assistant's may be missing.
func content(at string, raw json.RawMessage, optional bool) (string, error) {
	if !given(raw) {
		if optional {
			return "", nil
		}
		return "", apierror.Invalid(at, at+" is missing")
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []struct {
		Type    string  `json:"type"`
		Text    *string `json:"text"`
		Refusal *string `json:"refusal"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return "", apierror.Invalid(at, at+" must be a string or an array of parts")
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		switch {
		case part.Type == "text" && part.Text != nil:
			texts[i] = *part.Text
		case part.Type == "refusal" && part.Refusal != nil:
			texts[i] = *part.Refusal
		case part.Type == "text" || part.Type == "refusal":
			field := fmt.Sprintf("%s[%d].%s", at, i, part.Type)
			return "", apierror.Invalid(field, field+" is missing")
		default:
			field := fmt.Sprintf("%s[%d].type", at, i)
			return "", apierror.Invalid(field, fmt.Sprintf("%s is %q; this network reads text only", field, part.Type))
		}
	}
	return strings.Join(texts, "\n"), nil
}
