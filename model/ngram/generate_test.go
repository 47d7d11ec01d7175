package ngram_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
)

const cats = "the cat sat on the mat. the dog sat on the log. the größte frog sat on the bog. "

func ExampleModel_Generate() {
	m, _ := ngram.Train(context.Background(), 8, []byte(strings.Repeat(cats, 3)), nil)
	_ = m.Generate(context.Background(), model.Prompt{Text: "the dog", MaxTokens: 100, TopP: 1, Stop: []string{"."}}, func(p model.Piece) error {
		fmt.Printf("%q%s\n", p.Text, p.Finish)
		return nil
	})
	// Output:
	// " "
	// "sat "
	// "on "
	// "the "
	// "bog"stop
}

// write returns the whole text and the last piece.
func write(t testing.TB, m model.Generator, p model.Prompt) (string, model.Piece, []model.TokenLogprob) {
	t.Helper()
	var out strings.Builder
	var last model.Piece
	var told []model.TokenLogprob
	require.NoError(t, m.Generate(t.Context(), p, func(p model.Piece) error {
		require.True(t, utf8.ValidString(p.Text))
		out.WriteString(p.Text)
		told = append(told, p.Logprobs...)
		last = p
		return nil
	}))
	return out.String(), last, told
}

func small(t testing.TB) *ngram.Model {
	t.Helper()
	m, err := ngram.Train(t.Context(), 4, []byte(strings.Repeat(cats, 3)), nil)
	require.NoError(t, err)
	return m
}

func TestGenerate(t *testing.T) {
	m, one, two := small(t), uint64(1), uint64(2)
	base := model.Prompt{Text: "the cat", MaxTokens: 200, Temperature: 1, TopP: 1}
	with := func(edit func(*model.Prompt)) model.Prompt {
		p := base
		edit(&p)
		return p
	}
	t.Run("length and usage", func(t *testing.T) {
		_, last, told := write(t, m, with(func(p *model.Prompt) { p.MaxTokens = 30 }))
		require.Equal(t, "length", last.Finish)
		require.Equal(t, &model.Usage{Prompt: 7, Completion: 30}, last.Usage)
		require.Empty(t, told)
	})
	t.Run("a seed gives the same text", func(t *testing.T) {
		a, _, _ := write(t, m, with(func(p *model.Prompt) { p.Seed = &one }))
		b, _, _ := write(t, m, with(func(p *model.Prompt) { p.Seed = &one }))
		c, _, _ := write(t, m, with(func(p *model.Prompt) { p.Seed = &two }))
		require.Equal(t, a, b)
		require.NotEqual(t, a, c)
	})
	t.Run("temperature 0 and a tiny top_p take the likeliest", func(t *testing.T) {
		a, _, told := write(t, m, with(func(p *model.Prompt) { p.Temperature, p.Logprobs, p.TopLogprobs = 0, true, 2 }))
		b, _, _ := write(t, m, with(func(p *model.Prompt) { p.TopP = 1e-9 }))
		require.Equal(t, a, b)
		require.Len(t, told, 200)
		for _, l := range told {
			require.Equal(t, l.Token, l.Top[0].Token)
			require.LessOrEqual(t, l.Logprob, 0.0)
			require.GreaterOrEqual(t, l.Top[0].Logprob, l.Top[1].Logprob)
		}
	})
	t.Run("log-probabilities are the model's", func(t *testing.T) {
		_, _, told := write(t, m, with(func(p *model.Prompt) { p.Logprobs, p.Temperature = true, 1.7 }))
		history := []byte("the cat")
		for _, l := range told {
			require.InDelta(t, math.Log(m.Prob(history, l.Token[0])), l.Logprob, 1e-9)
			history = append(history, l.Token...)
		}
	})
	t.Run("stop", func(t *testing.T) {
		text, last, _ := write(t, m, with(func(p *model.Prompt) { p.Temperature, p.Stop = 0, []string{" on", "zebra"} }))
		require.Equal(t, "stop", last.Finish)
		require.NotContains(t, text, " on")
	})
	t.Run("a penalty drives bytes out", func(t *testing.T) {
		free, _, _ := write(t, m, with(func(p *model.Prompt) { p.Seed = &one }))
		fined, _, _ := write(t, m, with(func(p *model.Prompt) { p.Seed, p.FrequencyPenalty = &one, 2 }))
		require.Less(t, strings.Count(fined, "t"), strings.Count(free, "t"))
	})
	t.Run("hot text is valid UTF-8 too", func(t *testing.T) {
		for seed := range uint64(20) {
			write(t, m, with(func(p *model.Prompt) { p.Seed, p.Temperature = &seed, 2 }))
		}
	})
	t.Run("a conversation ends at the user's turn", func(t *testing.T) {
		chat, err := ngram.Train(t.Context(), 8, []byte(strings.Repeat("User: hi\nAssistant: hello\n", 9)), nil)
		require.NoError(t, err)
		text, last, _ := write(t, chat.AtWords().(model.Generator), model.Prompt{
			Messages: []model.Message{{Role: "user", Content: "hi"}}, MaxTokens: 99, TopP: 1,
		})
		require.Equal(t, " hello", text)
		require.Equal(t, "stop", last.Finish)
	})
}

func TestGenerateEnds(t *testing.T) {
	m := small(t)
	p := model.Prompt{Text: "a", MaxTokens: 1000, TopP: 1, Temperature: 1}
	t.Run("with the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		require.ErrorIs(t, m.Generate(ctx, p, func(model.Piece) error {
			cancel()
			return nil
		}), context.Canceled)
	})
	t.Run("with emit's error", func(t *testing.T) {
		gone := errors.New("gone")
		require.ErrorIs(t, m.Generate(t.Context(), p, func(model.Piece) error { return gone }), gone)
	})
	t.Run("with what it cannot do", func(t *testing.T) {
		p.Tools = json.RawMessage(`[{}]`)
		require.ErrorIs(t, m.Generate(t.Context(), p, nil), model.ErrRequest)
	})
}

func TestPredictAnywhereBelievesInNoBlank(t *testing.T) {
	m := small(t).AtWords()
	floor := func(ctx context.Context) float64 {
		got, err := m.Predict(ctx, [][]byte{[]byte("the ca")}, 8)
		require.NoError(t, err)
		blank := 0.0
		for _, c := range got[0].Candidates {
			if c.Text[0] == ' ' {
				blank += c.P
			}
		}
		return blank
	}
	require.InDelta(t, 1, floor(t.Context()), 1e-9)
	require.Less(t, floor(model.WithAnywhere(t.Context())), 0.1)
}
