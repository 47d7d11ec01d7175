package text

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// Bounds of the wire types, as gotensor.text.v1 has them.
const (
	maxMessages = 1024
	maxName     = 64
	maxCallID   = 128
	maxStops    = 16
	maxStop     = 256
	maxTop      = 20
	maxJSON     = 64 << 10
)

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

// promptOf checks a request and turns it into what models take. Errors are InvalidArgument and name field, value and bound, but
// quote no text of the caller.
func (s *Server) promptOf(req *textv1.GenerateRequest) (model.Prompt, error) {
	p := model.Prompt{
		Text: req.GetPrompt(), MaxTokens: int(req.GetMaxTokens()), Temperature: req.GetTemperature(), TopP: req.GetTopP(), Seed: req.Seed,
		Stop: req.GetStop(), Logprobs: req.GetLogprobs(), TopLogprobs: int(req.GetTopLogprobs()),
		FrequencyPenalty: req.GetFrequencyPenalty(), PresencePenalty: req.GetPresencePenalty(),
		Tools: raw(req.GetToolsJson()), ToolChoice: raw(req.GetToolChoiceJson()), ResponseFormat: raw(req.GetResponseFormatJson()),
	}
	for _, m := range req.GetMessages() {
		p.Messages = append(p.Messages, model.Message{
			Role: m.GetRole(), Content: m.GetContent(), Name: m.GetName(), ToolCallID: m.GetToolCallId(), ToolCalls: raw(m.GetToolCallsJson()),
		})
		if len(p.Messages) > maxMessages {
			break
		}
	}
	if err := s.checkText(req); err != nil {
		return model.Prompt{}, err
	}
	if err := checkMessages(req.GetMessages()); err != nil {
		return model.Prompt{}, err
	}
	if err := s.checkNumbers(&p); err != nil {
		return model.Prompt{}, err
	}
	for _, f := range []struct {
		name string
		json []byte
	}{{"tools_json", p.Tools}, {"tool_choice_json", p.ToolChoice}, {"response_format_json", p.ResponseFormat}} {
		if err := checkJSON(f.name, f.json); err != nil {
			return model.Prompt{}, err
		}
	}
	return p, nil
}

func raw(b []byte) json.RawMessage {
	if len(b) == 0 {
		return nil
	}
	return b
}

// checkText looks at which text is there, and how much.
func (s *Server) checkText(req *textv1.GenerateRequest) error {
	n, text := len(req.GetMessages()), req.GetPrompt()
	switch {
	case n > 0 && text != "":
		return invalid("messages and prompt are both set, want one of them")
	case n == 0 && text == "":
		return invalid("messages and prompt are both empty, want one of them")
	case n > maxMessages:
		return invalid("messages: %d of them, want 1 to %d", n, maxMessages)
	case !utf8.ValidString(text):
		return invalid("prompt is not UTF-8")
	}
	size := len(text) + len(req.GetToolsJson()) + len(req.GetToolChoiceJson()) + len(req.GetResponseFormatJson())
	for _, m := range req.GetMessages() {
		size += len(m.GetContent()) + len(m.GetName()) + len(m.GetToolCallId()) + len(m.GetToolCallsJson())
	}
	if size > s.cfg.Settings.GeneratePromptBytes {
		return invalid("messages, prompt and tools have %d bytes, want at most %d", size, s.cfg.Settings.GeneratePromptBytes)
	}
	return nil
}

func checkMessages(messages []*textv1.Message) error {
	for i, m := range messages {
		switch role := m.GetRole(); {
		case role != "system" && role != "user" && role != "assistant" && role != "tool":
			return invalid("messages[%d].role has %d bytes, want system, user, assistant or tool", i, len(role))
		case !utf8.ValidString(m.GetContent()):
			return invalid("messages[%d].content is not UTF-8", i)
		case len(m.GetName()) > maxName:
			return invalid("messages[%d].name has %d bytes, want at most %d", i, len(m.GetName()), maxName)
		case len(m.GetToolCallId()) > maxCallID:
			return invalid("messages[%d].tool_call_id has %d bytes, want at most %d", i, len(m.GetToolCallId()), maxCallID)
		case m.GetToolCallId() != "" && role != "tool":
			return invalid("messages[%d].tool_call_id is set for the role %s, want it for tool only", i, role)
		case len(m.GetToolCallsJson()) > 0 && role != "assistant":
			return invalid("messages[%d].tool_calls_json is set for the role %s, want it for assistant only", i, role)
		}
		if err := checkJSON(fmt.Sprintf("messages[%d].tool_calls_json", i), m.GetToolCallsJson()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) checkNumbers(p *model.Prompt) error {
	if n := p.MaxTokens; n < 1 || n > s.cfg.Settings.GenerateTokensMax {
		return invalid("max_tokens is %d, want 1 to %d", n, s.cfg.Settings.GenerateTokensMax)
	}
	if !(p.TopP > 0 && p.TopP <= 1) { // so that NaN fails
		return invalid("top_p is %v, want over 0 up to 1", p.TopP)
	}
	for _, f := range []struct {
		name             string
		value, low, high float64
	}{
		{"temperature", p.Temperature, 0, 2},
		{"frequency_penalty", p.FrequencyPenalty, -2, 2},
		{"presence_penalty", p.PresencePenalty, -2, 2},
		{"top_logprobs", float64(p.TopLogprobs), 0, maxTop},
	} {
		if !(f.value >= f.low && f.value <= f.high) {
			return invalid("%s is %v, want %v to %v", f.name, f.value, f.low, f.high)
		}
	}
	if p.TopLogprobs > 0 && !p.Logprobs {
		return invalid("top_logprobs is %d without logprobs, want 0", p.TopLogprobs)
	}
	if len(p.Stop) > maxStops {
		return invalid("stop: %d of them, want at most %d", len(p.Stop), maxStops)
	}
	for i, stop := range p.Stop {
		if len(stop) < 1 || len(stop) > maxStop || !utf8.ValidString(stop) {
			return invalid("stop[%d] has %d bytes, want 1 to %d of UTF-8", i, len(stop), maxStop)
		}
	}
	return nil
}

func checkJSON(field string, data []byte) error {
	if len(data) > maxJSON {
		return invalid("%s has %d bytes, want at most %d", field, len(data), maxJSON)
	}
	if len(data) > 0 && !json.Valid(data) {
		return invalid("%s is not JSON", field)
	}
	return nil
}

// checkEmbed looks at a request for vectors.
func (s *Server) checkEmbed(texts []string) error {
	if n := len(texts); n < 1 || n > s.cfg.Settings.EmbedTextsMax {
		return invalid("texts: %d of them, want 1 to %d", n, s.cfg.Settings.EmbedTextsMax)
	}
	size := 0
	for i, t := range texts {
		if !utf8.ValidString(t) {
			return invalid("texts[%d] is not UTF-8", i)
		}
		size += len(t)
	}
	if size > s.cfg.Settings.GeneratePromptBytes {
		return invalid("texts have %d bytes together, want at most %d", size, s.cfg.Settings.GeneratePromptBytes)
	}
	return nil
}
