package silent_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/silent"
)

// sure knows nothing and says so at once.
type sure struct{}

func (sure) Name() string { return "sure" }

func (sure) Predict(_ context.Context, contexts [][]byte, _ int) ([]model.Prediction, error) {
	out := make([]model.Prediction, len(contexts))
	for i := range out {
		out[i] = model.NoOpinion()
	}
	return out, nil
}

func TestAnswersUntilItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := silent.After(sure{}, time.Now().Add(time.Minute))
		got, err := p.Predict(t.Context(), [][]byte{[]byte("a")}, 1)
		require.NoError(t, err)
		require.Len(t, got, 1)
		time.Sleep(time.Minute) // of the bubble's clock
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = p.Predict(ctx, [][]byte{[]byte("a")}, 1)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// writer writes one piece.
type writer struct{ sure }

func (writer) Generate(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error {
	return emit(model.Piece{Finish: model.FinishStop})
}

func TestWritesUntilItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, writes := silent.After(sure{}, time.Now()).(model.Generator)
		require.False(t, writes, "the inner model does not write")
		g, writes := silent.After(writer{}, time.Now().Add(time.Minute)).(model.Generator)
		require.True(t, writes)
		require.NoError(t, g.Generate(t.Context(), model.Prompt{}, func(model.Piece) error { return nil }))
		time.Sleep(time.Minute) // of the bubble's clock
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, g.Generate(ctx, model.Prompt{}, nil), context.DeadlineExceeded)
	})
}

func ExampleAfter() {
	fmt.Println(silent.After(sure{}, time.Now()).Name())
	// Output: silent
}
