package openai

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// octetString is a JSON string whose bytes are kept as they stand there: some servers cut a character in two and send each half in a string of its
// own, which encoding/json would turn into replacement characters.
type octetString []byte

// UnmarshalJSON takes a string or null.
func (s *octetString) UnmarshalJSON(data []byte) error {
	if utf8.Valid(data) {
		var text *string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		if *s = nil; text != nil {
			*s = []byte(*text)
		}
		return nil
	}
	// Bytes over 127 are no part of JSON's grammar inside a string: each run of them is put aside, the rest is decoded as usual.
	*s = nil
	quote := []byte(`"`)
	rest := bytes.TrimSuffix(bytes.TrimPrefix(data, quote), quote)
	for len(rest) > 0 {
		n := bytes.IndexFunc(rest, func(r rune) bool { return r >= utf8.RuneSelf })
		if n < 0 {
			n = len(rest)
		}
		var text string
		if err := json.Unmarshal(bytes.Join([][]byte{quote, rest[:n], quote}, nil), &text); err != nil {
			return err
		}
		*s = append(*s, text...)
		for n < len(rest) && rest[n] >= utf8.RuneSelf {
			*s = append(*s, rest[n])
			n++
		}
		rest = rest[n:]
	}
	return nil
}

// runes makes pieces of whole characters out of any pieces: the beginning of a character is kept until the rest comes.
type runes struct{ kept []byte }

// add returns what is whole, valid UTF-8.
func (r *runes) add(text []byte) string {
	r.kept = append(r.kept, text...)
	whole := len(r.kept)
	for i := 1; i < utf8.UTFMax && i <= len(r.kept); i++ {
		if tail := r.kept[len(r.kept)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				whole -= i
			}
			break
		}
	}
	out := bytes.ToValidUTF8(r.kept[:whole], []byte(string(utf8.RuneError)))
	r.kept = append(r.kept[:0], r.kept[whole:]...)
	return string(out)
}

// rest returns what is kept, for the end of a text.
func (r *runes) rest() string {
	out := bytes.ToValidUTF8(r.kept, []byte(string(utf8.RuneError)))
	r.kept = nil
	return string(out)
}
