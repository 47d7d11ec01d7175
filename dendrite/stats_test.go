package dendrite_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/dendrite"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

func TestStatsCountOutcomes(t *testing.T) {
	target, s, _ := serve(t, "127.0.0.1:0", certificate(t), echo{before: func(ctx context.Context) error {
		if dl, ok := ctx.Deadline(); ok && time.Until(dl) < time.Second {
			<-ctx.Done()
		}
		return ctx.Err()
	}})
	c := newClient(t, nil)
	require.NoError(t, ask(t.Context(), c, target))
	require.NoError(t, ask(t.Context(), c, target))
	wrong := target
	wrong.Pin[0] ^= 1
	require.ErrorIs(t, ask(t.Context(), c, wrong), dendrite.ErrPin)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, ask(short, c, target), dendrite.ErrDeadline)

	st, err := c.To(target).NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/test.Count/Up")
	require.NoError(t, err)
	require.Equal(t, 1, c.Stats().Running)
	require.NoError(t, st.SendMsg(&textv1.PredictRequest{Contexts: [][]byte{nil}}))
	require.NoError(t, st.CloseSend())
	require.ErrorIs(t, st.RecvMsg(&textv1.PredictResponse{}), dendrite.ErrOverloaded)

	got := c.Stats()
	require.Equal(t, map[string]uint64{
		"ok": 2, "pin": 1, "deadline": 1, "overloaded": 1, "unreachable": 0, "proof": 0, "not_permitted": 0, "sealed": 0, "too_large": 0, "canceled": 0,
		"closed": 0, "failed": 0,
	}, got.Outcomes)
	require.Equal(t, 2, got.Targets)
	require.Equal(t, 1, got.Conns)
	require.Zero(t, got.Running)
	require.Equal(t, uint64(1), got.Handshakes)
	require.Positive(t, got.FailedHandshakes)
	require.Positive(t, got.Took)
	require.Positive(t, got.BytesRead)
	require.Positive(t, got.BytesWritten)
	require.Equal(t, uint64(1), s.Stats().Proofs)

	require.NoError(t, c.Close())
	require.Eventually(t, func() bool { return c.Stats().Conns == 0 }, 10*time.Second, time.Millisecond)
}
