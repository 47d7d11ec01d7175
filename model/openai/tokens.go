package openai

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gotensor/gotensor/model"
)

type completionRequest struct {
	Model       string  `json:"model,omitempty"`
	Prompt      string  `json:"prompt"`
	MaxTokens   int     `json:"max_tokens"`
	Temperature float64 `json:"temperature"`
	Logprobs    int     `json:"logprobs"`
}

type completionResponse struct {
	Choices []struct {
		Logprobs *logprobs `json:"logprobs"`
	} `json:"choices"`
}

// logprobs is read in either shape.
type logprobs struct {
	// Tokens, TokenLogprobs and TopLogprobs are the legacy shape: per token of the answer its text, its log-probability, and a map from
	// text to log-probability.
	Tokens        []octetString        `json:"tokens"`
	TokenLogprobs []*float64           `json:"token_logprobs"`
	TopLogprobs   []map[string]float64 `json:"top_logprobs"`
	// Content is the shape of chat completions.
	Content []tokenLogprob `json:"content"`
}

type tokenLogprob struct {
	Token       octetString    `json:"token"`
	Bytes       octets         `json:"bytes"`
	Logprob     float64        `json:"logprob"`
	TopLogprobs []tokenLogprob `json:"top_logprobs"`
}

// text is the token's bytes: nil if they are not known.
func (t *tokenLogprob) text() []byte {
	if t.Bytes != nil {
		return t.Bytes
	}
	return legacyText(string(t.Token))
}

// octets is a JSON array of numbers 0..255; null is nil.
type octets []byte

// UnmarshalJSON refuses numbers that are not bytes.
func (o *octets) UnmarshalJSON(data []byte) error {
	var numbers []uint8plus
	if err := json.Unmarshal(data, &numbers); err != nil {
		return err
	}
	if numbers == nil {
		return nil
	}
	*o = make(octets, len(numbers))
	for i, n := range numbers {
		(*o)[i] = byte(n)
	}
	return nil
}

// uint8plus is a byte that decodes from a number; a slice of plain bytes would decode from base64.
type uint8plus uint8

// token is a continuation of one token and the probability that the model chooses it.
type token struct {
	text []byte
	p    float64
}

// firstToken reads what might have stood in the first token's place, in either shape. Tokens without bytes of their own (control tokens, broken characters) are left out.
func (l *logprobs) firstToken() ([]token, error) {
	var out []token
	sum := 0.0
	add := func(text []byte, logprob float64) error {
		p := math.Exp(logprob)
		if math.IsNaN(p) || logprob > 1e-3 {
			return fmt.Errorf("%w: log-probability %v of %q, want at most 0", ErrLogprobs, logprob, text)
		}
		if sum += p; len(text) > 0 && !isControl(string(text)) {
			out = append(out, token{text: text, p: p})
		}
		return nil
	}
	switch {
	case l != nil && len(l.Content) > 0:
		for i := range l.Content[0].TopLogprobs {
			t := &l.Content[0].TopLogprobs[i]
			if err := add(t.text(), t.Logprob); err != nil {
				return nil, err
			}
		}
	case l != nil && len(l.TopLogprobs) > 0:
		for text, logprob := range l.TopLogprobs[0] {
			if err := add(legacyText(text), logprob); err != nil {
				return nil, err
			}
		}
	}
	if sum == 0 {
		return nil, fmt.Errorf("%w: the answer has none (%s)", ErrLogprobs, hint)
	}
	if sum > 1.01 {
		return nil, fmt.Errorf("%w: its probabilities sum to %.3f, more than 1", ErrLogprobs, sum)
	}
	if sum > 1 { // rounding
		for i := range out {
			out[i].p /= sum
		}
	}
	return out, nil
}

var control = regexp.MustCompile(`^(<\|[^|]*\|>|</?s>|<(pad|unk|eos|bos|mask|start_of_turn|end_of_turn)>|\[(PAD|UNK|CLS|SEP)\])$`)

func isControl(text string) bool { return control.MatchString(text) }

// legacyText returns the bytes of a token given as text: nil if it holds a broken character. Parts of characters are spelled
// like bytes:\xe2\x80 by some servers.
func legacyText(text string) []byte {
	if escaped, ok := strings.CutPrefix(text, "bytes:"); ok && strings.HasPrefix(escaped, `\x`) {
		if raw, err := strconv.Unquote(`"` + escaped + `"`); err == nil {
			return []byte(raw)
		}
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		return nil
	}
	return []byte(text)
}

// predictionOf turns tokens into at most k candidates: cut to 16 bytes, equal ones merged, the most probable kept. With blank,
// the text is known to go on with a blank: tokens that do not are impossible, and the rest is scaled up, unlisted tokens being
// taken to begin with a blank as often as listed ones.
func predictionOf(tokens []token, k int, blank bool) (model.Prediction, error) {
	listed := 0.0
	for i := range tokens {
		listed += tokens[i].p
		tokens[i].text = tokens[i].text[:min(len(tokens[i].text), model.MaxLen)]
	}
	scale := 1.0
	if blank {
		tokens = slices.DeleteFunc(tokens, func(t token) bool { return t.text[0] != ' ' })
		kept := 0.0
		for _, t := range tokens {
			kept += t.p
		}
		if kept == 0 {
			return model.Prediction{Candidates: []model.Candidate{{Text: []byte{' '}, P: 1}}}, nil
		}
		scale = listed / kept
	}
	slices.SortFunc(tokens, func(a, b token) int { return cmp.Or(bytes.Compare(a.text, b.text), cmp.Compare(b.p, a.p)) })
	merged := tokens[:0]
	for _, t := range tokens {
		if n := len(merged); n > 0 && bytes.Equal(merged[n-1].text, t.text) {
			merged[n-1].p += t.p
			continue
		}
		merged = append(merged, t)
	}
	if len(merged) > k {
		slices.SortStableFunc(merged, func(a, b token) int { return cmp.Compare(b.p, a.p) })
		merged = merged[:k]
		slices.SortFunc(merged, func(a, b token) int { return bytes.Compare(a.text, b.text) })
	}
	out := model.Prediction{Candidates: make([]model.Candidate, len(merged)), Floor: 1}
	for i, t := range merged {
		out.Candidates[i] = model.Candidate{Text: t.text, P: min(1, t.p*scale)}
		out.Floor -= out.Candidates[i].P
	}
	out.Floor = max(0, out.Floor)
	if err := out.Check(k); err != nil {
		return model.Prediction{}, fmt.Errorf("%w: %w", ErrLogprobs, err)
	}
	return out, nil
}
