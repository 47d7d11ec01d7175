package plain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/plain"
)

func Example() {
	p := model.Prompt{Messages: []model.Message{{Role: "user", Content: "Count."}}, Stop: []string{"four"}}
	text, _ := plain.Text(&p)
	fmt.Println(text)
	w := plain.NewWriter(plain.Stops(&p), false, func(p model.Piece) error {
		fmt.Printf("%q%s\n", p.Text, p.Finish)
		return nil
	})
	for _, token := range []string{" one", " tw", "o thr", "ee fo", "ur five"} {
		if ended, _ := w.Add(model.TokenLogprob{Token: []byte(token)}, model.Usage{}); ended {
			break
		}
	}
	// Output:
	// User: Count.
	// Assistant:
	// " "
	// "one "
	// "two "
	// "three "
	// ""stop
}

func TestText(t *testing.T) {
	for name, c := range map[string]struct {
		prompt model.Prompt
		want   string
	}{
		"as it is": {model.Prompt{Text: "Once upon"}, "Once upon"},
		"conversation": {model.Prompt{Messages: []model.Message{
			{Role: "system", Content: "Be brief."},
			{Role: "user", Content: "Hi", Name: "Ann"},
			{Role: "assistant", Content: "Hello"},
			{Role: "tool", Content: "4"},
		}, ResponseFormat: json.RawMessage(`{"type":"text"}`)}, "Be brief.\n\nUser: Hi\nAssistant: Hello\nTool: 4\nAssistant:"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := plain.Text(&c.prompt)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	for name, p := range map[string]model.Prompt{
		"tools":  {Text: "a", Tools: json.RawMessage(`[{}]`)},
		"format": {Text: "a", ResponseFormat: json.RawMessage(`{"type":"json_object"}`)},
		"schema": {Text: "a", ResponseFormat: json.RawMessage(`{"type":"json_schema","json_schema":{"name":"text"}}`)},
		"calls":  {Messages: []model.Message{{Role: "assistant", ToolCalls: json.RawMessage(`[{}]`)}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plain.Text(&p)
			require.ErrorIs(t, err, model.ErrRequest)
		})
	}
}

func TestRand(t *testing.T) {
	seed := uint64(3)
	seeded, free := model.Prompt{Seed: &seed}, model.Prompt{}
	require.Equal(t, plain.Rand(&seeded).Uint64(), plain.Rand(&seeded).Uint64())
	require.NotEqual(t, plain.Rand(&free).Uint64(), plain.Rand(&free).Uint64())
}

// write cuts a text into tokens of n bytes and returns the pieces joined, and the tokens told with them.
func write(t testing.TB, text string, n int, stops []string) (out, told, reason string) {
	t.Helper()
	w := plain.NewWriter(stops, true, func(p model.Piece) error {
		require.True(t, utf8.ValidString(p.Text))
		require.Empty(t, reason, "a piece after the last")
		out += p.Text
		for _, l := range p.Logprobs {
			told += string(l.Token)
		}
		reason = p.Finish
		return nil
	})
	for len(text) > 0 {
		token := text[:min(n, len(text))]
		text = text[len(token):]
		ended, err := w.Add(model.TokenLogprob{Token: []byte(token)}, model.Usage{})
		require.NoError(t, err)
		if ended {
			return out, told, reason
		}
	}
	require.NoError(t, w.Finish(model.FinishLength, model.Usage{}))
	return out, told, reason
}

func TestWriter(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		stops  []string
		want   string
		reason string
	}{
		"plain":                 {"one two three", nil, "one two three", "length"},
		"a long word":           {strings.Repeat("x", 40), nil, strings.Repeat("x", 40), "length"},
		"characters":            {"größer als 東京", nil, "größer als 東京", "length"},
		"broken":                {"a\xffb\xe6\x9d", nil, "a\uFFFDb\uFFFD", "length"},
		"stop":                  {"one two three", []string{"two"}, "one ", "stop"},
		"the first of several":  {"one two three", []string{"three", "two"}, "one ", "stop"},
		"stop at the beginning": {"one", []string{"one"}, "", "stop"},
		"nearly a stop":         {"one twa", []string{"two"}, "one twa", "length"},
		"stop over itself":      {"aaab", []string{"aab"}, "a", "stop"},
		"half a stop at last":   {"one tw", []string{"two"}, "one tw", "length"},
		"stop of characters":    {"größer", []string{"ß"}, "grö", "stop"},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; n <= len(c.text); n++ {
				out, told, reason := write(t, c.text, n, c.stops)
				require.Equal(t, c.want, out, "tokens of %d bytes", n)
				require.Equal(t, c.reason, reason)
				require.True(t, strings.HasPrefix(c.text, told))
				if c.reason == "length" {
					require.Equal(t, c.text, told, "every token is told once")
				}
			}
		})
	}
}

func TestWriterEndsWithTheErrorOfEmit(t *testing.T) {
	gone := errors.New("gone")
	w := plain.NewWriter(nil, false, func(model.Piece) error { return gone })
	_, err := w.Add(model.TokenLogprob{Token: []byte("a ")}, model.Usage{})
	require.ErrorIs(t, err, gone)
}

func FuzzWriter(f *testing.F) {
	f.Add("one two three", "two", 2)
	f.Add("gr\xc3\xb6\xc3", "\xb6", 1)
	f.Add("aaaaab", "aab", 3)
	f.Fuzz(func(t *testing.T, text, stop string, n int) {
		n = min(max(n, 1), 20)
		var stops []string
		want := text
		if stop != "" {
			stops = []string{stop}
			want, _, _ = strings.Cut(text, stop)
		}
		out, told, _ := write(t, text, n, stops)
		require.True(t, strings.HasPrefix(text, told))
		// Pieces may cut a run of broken bytes in two, which are then repaired one by one.
		squeeze := func(s string) string {
			s = strings.ToValidUTF8(s, "\uFFFD")
			for strings.Contains(s, "\uFFFD\uFFFD") {
				s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
			}
			return s
		}
		require.Equal(t, squeeze(want), squeeze(out))
	})
}
