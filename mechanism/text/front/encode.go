package front

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/gotensor/gotensor/model"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. What is no UTF-8 becomes U+FFFD, as in encoding/json; unlike there nothing is escaped for
// HTML, which this is not.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= 0x20 && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, size := decodeRune(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

func decodeRune[T string | []byte](s T) (rune, int) {
	var head [utf8.UTFMax]byte
	return utf8.DecodeRune(head[:copy(head[:], s)])
}

// appendFloat appends a finite number.
func appendFloat(dst []byte, v float64) []byte { return strconv.AppendFloat(dst, v, 'g', -1, 64) }

// appendChatLogprobs appends the field "logprobs" of a chat's choice.
func appendChatLogprobs(dst []byte, probs []model.TokenLogprob) []byte {
	if probs == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"content":[`...)
	for i := range probs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendToken(dst, &probs[i])
		dst = append(dst, `,"top_logprobs":[`...)
		for j := range probs[i].Top {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendToken(dst, &probs[i].Top[j]), '}')
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, `],"refusal":null}`...)
}

// appendToken appends an object without its closing brace.
func appendToken(dst []byte, t *model.TokenLogprob) []byte {
	dst = appendString(append(dst, `{"token":`...), t.Token)
	dst = appendFloat(append(dst, `,"logprob":`...), t.Logprob)
	dst = append(dst, `,"bytes":[`...)
	for i, b := range t.Token {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, uint64(b), 10)
	}
	return append(dst, ']')
}

// legacyProbs is the field "logprobs" of a completion's choice; offsets count characters.
type legacyProbs struct{ offset int }

// append appends the tokens of one piece. Of two alternatives that read the same the likelier stands.
func (l *legacyProbs) append(dst []byte, probs []model.TokenLogprob) []byte {
	if probs == nil {
		return append(dst, "null"...)
	}
	each := func(dst []byte, one func(dst []byte, t *model.TokenLogprob) []byte) []byte {
		for i := range probs {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = one(dst, &probs[i])
		}
		return append(dst, ']')
	}
	dst = each(append(dst, `{"tokens":[`...), func(dst []byte, t *model.TokenLogprob) []byte { return appendString(dst, t.Token) })
	dst = each(append(dst, `,"token_logprobs":[`...), func(dst []byte, t *model.TokenLogprob) []byte { return appendFloat(dst, t.Logprob) })
	dst = each(append(dst, `,"top_logprobs":[`...), appendTopMap)
	dst = each(append(dst, `,"text_offset":[`...), func(dst []byte, t *model.TokenLogprob) []byte {
		dst = strconv.AppendInt(dst, int64(l.offset), 10)
		l.offset += utf8.RuneCount(t.Token)
		return dst
	})
	return append(dst, '}')
}

func appendTopMap(dst []byte, t *model.TokenLogprob) []byte {
	dst = append(dst, '{')
	for i := range t.Top {
		key := string(t.Top[i].Token)
		if repeated(t.Top[:i], key) {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = appendFloat(append(appendString(dst, key), ':'), t.Top[i].Logprob)
	}
	return append(dst, '}')
}

// repeated tells whether a key would stand twice in an object, as broken UTF-8 reads alike.
func repeated(before []model.TokenLogprob, key string) bool {
	readable := string([]rune(key))
	for i := range before {
		if string([]rune(string(before[i].Token))) == readable {
			return true
		}
	}
	return false
}

// appendCalls appends the field "tool_calls".
func appendCalls(dst []byte, calls []toolCall) []byte {
	out, err := json.Marshal(calls)
	if err != nil { // strings and numbers always encode
		return append(dst, "[]"...)
	}
	return append(dst, out...)
}
