//go:build llm

package llm

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/openai"
)

// written is all of a text.
type written struct {
	text, finish string
	logprobs     []model.TokenLogprob
	usage        model.Usage
}

func write(t *testing.T, g model.Generator, p model.Prompt) written {
	t.Helper()
	var out written
	require.NoError(t, g.Generate(t.Context(), p, func(piece model.Piece) error {
		require.True(t, utf8.ValidString(piece.Text))
		require.Empty(t, out.finish, "a piece after the last")
		out.text += piece.Text
		out.logprobs = append(out.logprobs, piece.Logprobs...)
		if out.finish = piece.Finish; piece.Usage != nil {
			out.usage = *piece.Usage
		}
		return nil
	}))
	return out
}

// TestRealServer is the short test with a real server and a real model: it is probed, predicts, and writes.
func TestRealServer(t *testing.T) {
	p, err := openai.New(openai.Config{Servers: []openai.Server{{URL: startServer(t, "--parallel", "2")}}, AtWords: true})
	require.NoError(t, err)
	require.NoError(t, p.Probe(t.Context(), k))
	status := p.Status()[0]
	require.Equal(t, openai.LlamaCpp, status.Kind)
	require.Equal(t, 2, p.Parallel(), "as many slots as the server says")
	require.Contains(t, p.Name(), "SmolLM2")

	chat := model.Prompt{Messages: []model.Message{{Role: "user", Content: "What is the capital of France?"}}, MaxTokens: 8, TopP: 1}
	completion := model.Prompt{Text: "One, two, three, four,", MaxTokens: 8, TopP: 1}

	t.Run("predict", func(t *testing.T) {
		got, err := p.Predict(t.Context(), [][]byte{[]byte("The capital of France is")}, k)
		require.NoError(t, err)
		require.NoError(t, got[0].Check(k))
		require.Greater(t, len(got[0].Candidates), k/2)
	})
	t.Run("chat", func(t *testing.T) {
		got := write(t, p, chat)
		require.Regexp(t, `\pL{2,}`, got.text)
		require.Equal(t, model.FinishLength, got.finish)
		require.Equal(t, 8, got.usage.Completion)
		require.Greater(t, got.usage.Prompt, 20, "the model's template stands around the seven words")
		require.Empty(t, got.logprobs)
	})
	t.Run("completion", func(t *testing.T) {
		got := write(t, p, completion)
		require.Contains(t, got.text, "five", "the text goes on as it is, not as an answer to it")
		require.Equal(t, 8, got.usage.Completion)
	})
	t.Run("log-probabilities", func(t *testing.T) {
		for _, prompt := range []model.Prompt{chat, completion} {
			prompt.Logprobs, prompt.TopLogprobs = true, 3
			got := write(t, p, prompt)
			require.Len(t, got.logprobs, 8)
			all := ""
			for _, l := range got.logprobs {
				all += string(l.Token)
				require.Len(t, l.Top, 3)
				require.LessOrEqual(t, l.Logprob, 0.0)
				require.Equal(t, l.Token, l.Top[0].Token, "temperature 0 takes the likeliest")
			}
			require.Equal(t, got.text, all)
		}
	})
	t.Run("stop", func(t *testing.T) {
		prompt := completion
		prompt.MaxTokens, prompt.Stop = 32, []string{" seven"}
		got := write(t, p, prompt)
		require.Equal(t, model.FinishStop, got.finish)
		require.NotContains(t, got.text, "seven")
		require.Contains(t, got.text, "six")
	})
	t.Run("seed", func(t *testing.T) {
		texts := map[string]int{}
		for _, seed := range []uint64{7, 7, 1 << 40, 99} {
			prompt := completion
			prompt.Text, prompt.Seed, prompt.Temperature, prompt.MaxTokens = "Once upon a time", &seed, 1.5, 12
			texts[write(t, p, prompt).text]++
		}
		require.Len(t, texts, 3, "%v", texts)
	})
	t.Run("too long", func(t *testing.T) {
		prompt := chat
		prompt.Messages = []model.Message{{Role: "user", Content: strings.Repeat("word ", 2000)}}
		err := p.Generate(t.Context(), prompt, func(model.Piece) error { return nil })
		require.ErrorIs(t, err, model.ErrRequest)
		require.ErrorContains(t, err, "context")
	})
}
