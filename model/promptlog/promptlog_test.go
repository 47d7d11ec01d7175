package promptlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/promptlog"
)

type echo struct{}

func (echo) Name() string           { return "echo" }
func (echo) Capabilities() []string { return []string{"tools"} }
func (echo) Predict(_ context.Context, c [][]byte, _ int) ([]model.Prediction, error) {
	return make([]model.Prediction, len(c)), nil
}

func (echo) Generate(_ context.Context, p model.Prompt, emit func(model.Piece) error) error {
	return emit(model.Piece{Text: p.Text, Finish: model.FinishStop})
}

func (echo) Embed(_ context.Context, texts []string) ([][]float32, model.Usage, error) {
	return make([][]float32, len(texts)), model.Usage{Prompt: len(texts)}, nil
}

var stamp = regexp.MustCompile(`"time":"[^"]+",`)

func TestLines(t *testing.T) {
	var out bytes.Buffer
	l := promptlog.New(&out, slog.New(slog.DiscardHandler))
	predictions, err := l.Predictor(echo{}).Predict(t.Context(), [][]byte{[]byte("a b"), {0xff}}, 3)
	require.NoError(t, err)
	require.Len(t, predictions, 2)
	g := l.Generator(echo{})
	require.NoError(t, g.Generate(t.Context(), model.Prompt{Text: "go\non"}, func(p model.Piece) error {
		require.Equal(t, "go\non", p.Text)
		return nil
	}))
	able, ok := g.(interface{ Capabilities() []string })
	require.True(t, ok)
	require.Equal(t, []string{"tools"}, able.Capabilities())
	vectors, usage, err := l.Embedder(echo{}).Embed(t.Context(), []string{"x"})
	require.NoError(t, err)
	require.Len(t, vectors, 1)
	require.Equal(t, 1, usage.Prompt)
	require.Equal(t, `{"method":"predict","contexts":["YSBi","/w=="]}
{"method":"generate","text":"go\non"}
{"method":"embed","texts":["x"]}
`, stamp.ReplaceAllString(out.String(), ""))
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestFullDiskIsToldOnce(t *testing.T) {
	var said bytes.Buffer
	p := promptlog.New(full{}, slog.New(slog.NewTextHandler(&said, nil))).Predictor(echo{})
	for range 3 {
		_, err := p.Predict(t.Context(), [][]byte{{1}}, 1)
		require.NoError(t, err)
	}
	require.Equal(t, 1, bytes.Count(said.Bytes(), []byte("disk full")))
}

func Example() {
	var out bytes.Buffer
	g := promptlog.New(&out, slog.Default()).Generator(echo{})
	err := g.Generate(context.Background(), model.Prompt{Text: "Once upon a time"}, func(model.Piece) error { return nil })
	fmt.Println(stamp.ReplaceAllString(out.String(), ""), err)
	// Output:
	// {"method":"generate","text":"Once upon a time"}
	//  <nil>
}
