package front

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model"
)

// Bounds of a request, most of them of the wire type gotensor.text.v1.GenerateRequest.
const (
	maxChoices   = 8       // n
	maxTexts     = 32      // prompts times n
	maxTurns     = 1024    // messages
	maxStops     = 16      // stop
	maxStopBytes = 256     // of each
	maxTop       = 20      // top_logprobs
	maxJSON      = 1 << 16 // of tools, tool_choice, response_format, tool_calls
	maxTools     = 128
	maxModel     = 256 // bytes of a model's name
	maxName      = 64
	maxCallID    = 128
	maxValues    = 1 << 16 // JSON values in a body, each of which may take a hundred times its two bytes once it is decoded
)

// common are the fields that chat and completions share. Pointers and raw fields may be absent or null.
type common struct {
	Model            string          `json:"model"`
	Stream           bool            `json:"stream"`
	StreamOptions    *streamOptions  `json:"stream_options"`
	MaxTokens        *int64          `json:"max_tokens"`
	Temperature      *float64        `json:"temperature"`
	TopP             *float64        `json:"top_p"`
	N                *int64          `json:"n"`
	Stop             json.RawMessage `json:"stop"`
	Seed             *int64          `json:"seed"`
	FrequencyPenalty *float64        `json:"frequency_penalty"`
	PresencePenalty  *float64        `json:"presence_penalty"`
	LogitBias        json.RawMessage `json:"logit_bias"`

	tokensField string // what the request calls MaxTokens, if not max_tokens
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// decode reads a request's body. The gateway bounds its size.
func decode(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return &apierror.Error{
				Status: http.StatusRequestEntityTooLarge, Type: apierror.InvalidRequest, Code: "request_too_large",
				Message: fmt.Sprintf("the request is larger than %d bytes", tooBig.Limit),
			}
		}
		return apierror.Invalid("", "the request's body broke off")
	}
	return parse(body, into)
}

func parse(body []byte, into any) error {
	if n := countValues(body); n > maxValues {
		return apierror.Invalid("", fmt.Sprintf("the request holds %d values, want at most %d", n, maxValues))
	}
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := strings.TrimPrefix(e.Field, "common.") // the struct that is embedded is no business of the caller
		return apierror.Invalid(field, fmt.Sprintf("%s is a JSON %s, want %s", orBody(field), e.Value, kindName(e.Type.Kind().String())))
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return apierror.Invalid("", fmt.Sprintf("the request is not JSON at byte %d: %v", e.Offset, e))
	}
	return apierror.Invalid("", "the request is not JSON: "+err.Error())
}

// countValues is at least the number of values in JSON, found without decoding any: every one but the first stands after a comma or a bracket.
func countValues(body []byte) int {
	n, quoted := 1, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}

func orBody(field string) string {
	if field == "" {
		return "the request"
	}
	return field
}

// kindName says what JSON calls a kind of Go.
func kindName(kind string) string {
	switch {
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "slice":
		return "an array"
	case kind == "struct", kind == "map":
		return "an object"
	default:
		return "a " + kind
	}
}

// given tells whether a raw field holds anything.
func given(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null"))
}

// isEmpty tells whether a raw field is absent, null, or an empty object or array.
func isEmpty(raw json.RawMessage) bool {
	if !given(raw) {
		return true
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return false
	}
	s := compact.String()
	return s == "{}" || s == "[]"
}

// prompt checks the fields of c and turns them into what a neuron is asked, but for the text itself.
func (f *Front) prompt(c *common) (model.Prompt, error) {
	p := model.Prompt{MaxTokens: f.cfg.DefaultTokens, Temperature: 1, TopP: 1}
	if len(c.Model) > maxModel {
		return p, apierror.Invalid("model", fmt.Sprintf("model has %d bytes, want at most %d", len(c.Model), maxModel))
	}
	if !isEmpty(c.LogitBias) {
		return p, apierror.Invalid("logit_bias", "logit_bias is not served: neurons have tokenizers of their own")
	}
	if c.MaxTokens != nil {
		if *c.MaxTokens < 1 || *c.MaxTokens > int64(f.cfg.MaxTokens) {
			field := cmp.Or(c.tokensField, "max_tokens")
			return p, apierror.Invalid(field, fmt.Sprintf("%s is %d, want 1 to %d", field, *c.MaxTokens, f.cfg.MaxTokens))
		}
		p.MaxTokens = int(*c.MaxTokens)
	}
	for _, field := range []struct {
		name     string
		value    *float64
		min, max float64
		into     *float64
	}{
		{"temperature", c.Temperature, 0, 2, &p.Temperature},
		{"top_p", c.TopP, math.SmallestNonzeroFloat64, 1, &p.TopP},
		{"frequency_penalty", c.FrequencyPenalty, -2, 2, &p.FrequencyPenalty},
		{"presence_penalty", c.PresencePenalty, -2, 2, &p.PresencePenalty},
	} {
		if field.value == nil {
			continue
		}
		if v := *field.value; v < field.min || v > field.max {
			return p, apierror.Invalid(field.name, fmt.Sprintf("%s is %v, want %s", field.name, v, span(field.min, field.max)))
		}
		*field.into = *field.value
	}
	if c.Seed != nil {
		seed := uint64(*c.Seed)
		p.Seed = &seed
	}
	var err error
	p.Stop, err = stops(c.Stop)
	return p, err
}

func span(low, high float64) string {
	if low == math.SmallestNonzeroFloat64 {
		return fmt.Sprintf("over 0 to %v", high)
	}
	return fmt.Sprintf("%v to %v", low, high)
}

// choices checks n.
func choices(n *int64) (int, error) {
	if n == nil {
		return 1, nil
	}
	if *n < 1 || *n > maxChoices {
		return 0, apierror.Invalid("n", fmt.Sprintf("n is %d, want 1 to %d", *n, maxChoices))
	}
	return int(*n), nil
}

// stops reads one string or an array of them. Empty ones would end every text at once.
func stops(raw json.RawMessage) ([]string, error) {
	list, err := oneOrMany("stop", raw)
	if err != nil {
		return nil, err
	}
	if len(list) > maxStops {
		return nil, apierror.Invalid("stop", fmt.Sprintf("stop has %d strings, want at most %d", len(list), maxStops))
	}
	for i, s := range list {
		if len(s) < 1 || len(s) > maxStopBytes {
			return nil, apierror.Invalid("stop", fmt.Sprintf("stop[%d] has %d bytes, want 1 to %d", i, len(s), maxStopBytes))
		}
	}
	return list, nil
}

// oneOrMany reads a string or an array of strings; nil if the field is absent.
func oneOrMany(name string, raw json.RawMessage) ([]string, error) {
	if !given(raw) {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return nil, apierror.Invalid(name, name+" must be a string or an array of strings")
	}
	list := make([]string, len(parts))
	for i, part := range parts {
		if !given(part) || json.Unmarshal(part, &list[i]) != nil {
			message := fmt.Sprintf("%s[%d] is no string", name, i)
			if name == "prompt" || name == "input" {
				message += "; arrays of tokens are not served, since neurons have tokenizers of their own: send the text"
			}
			return nil, apierror.Invalid(name, message)
		}
	}
	return list, nil
}

// rawJSON bounds a field that neurons get as it is.
func rawJSON(name string, raw json.RawMessage) (json.RawMessage, error) {
	if !given(raw) {
		return nil, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, apierror.Invalid(name, name+" is not JSON: "+err.Error())
	}
	if compact.Len() > maxJSON {
		return nil, apierror.Invalid(name, fmt.Sprintf("%s has %d bytes, want at most %d", name, compact.Len(), maxJSON))
	}
	return slices.Clip(compact.Bytes()), nil
}

// tooLong fails if texts have more bytes than neurons of the subnet take.
func tooLong(field string, size int, bounds *text.Settings) error {
	if most := bounds.GeneratePromptBytes; size > most {
		e := apierror.Invalid(field, fmt.Sprintf("%s has %d bytes of text, want at most %d on this network", field, size, most))
		e.Code = "context_length_exceeded"
		return e
	}
	return nil
}
