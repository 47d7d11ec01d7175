package axon_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// deaf is a connection that stops reading when told to.
type deaf struct {
	net.Conn
	stopped *atomic.Bool
	done    chan struct{}
}

func (d *deaf) Read(b []byte) (int, error) {
	if d.stopped.Load() {
		<-d.done
		return 0, net.ErrClosed
	}
	return d.Conn.Read(b)
}

func TestSlowReaderHoldsNoSlot(t *testing.T) {
	n := start(t, &textServer{pad: 1 << 20}, func(c *axon.Config) { c.Slots, c.MaxDeadline = 1, 10*time.Second })
	stopped, done := &atomic.Bool{}, make(chan struct{})
	i := newIntruder(t, n, grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		return &deaf{Conn: c, stopped: stopped, done: done}, err
	}))
	proof, err := synapse.ProveBound(n.key, chainID, i.connect(t))
	require.NoError(t, err)
	require.NoError(t, i.call(t.Context(), proof, 10))
	stopped.Store(true)
	result := make(chan error, 1)
	go func() { result <- i.call(t.Context(), proof, 10) }()
	eventually(t, "slow call computed", func() bool { return n.server.Stats().Served == 2 })
	_, err = n.predict(t.Context(), "x")
	require.NoError(t, err, "the only slot is free again")
	close(done)
	require.Error(t, <-result)
}

func TestSlowBodyLosesItsSlot(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.Slots, c.BodyTimeout = 1, 50*time.Millisecond })
	i := newIntruder(t, n)
	proof, err := synapse.ProveBound(n.key, chainID, i.connect(t))
	require.NoError(t, err)
	ctx := metadata.AppendToOutgoingContext(t.Context(), synapse.MetadataKey, string(proof))
	stream, err := i.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, textv1.Text_Predict_FullMethodName)
	require.NoError(t, err) // headers are sent, no body ever
	requireRefusal(t, stream.RecvMsg(&textv1.PredictResponse{}), codes.DeadlineExceeded, "")
	_, err = n.predict(t.Context(), "x")
	require.NoError(t, err)
}

func TestBodyIsNotReadBeforeItsTurn(t *testing.T) {
	entered, leave := make(chan struct{}, 2), make(chan struct{})
	n := start(t, &textServer{before: func(context.Context, *textv1.PredictRequest) error {
		entered <- struct{}{}
		<-leave
		return nil
	}}, func(c *axon.Config) { c.Slots = 1 })
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := n.predict(t.Context(), "first")
		first <- err
	}()
	<-entered
	other := newClient(t, n.key)
	go func() {
		req := &textv1.PredictRequest{Contexts: [][]byte{[]byte(strings.Repeat("x", refusedBody))}}
		_, err := textv1.NewTextClient(other.To(n.target)).Predict(t.Context(), req)
		second <- err
	}()
	eventually(t, "upload waits", func() bool { return n.server.Stats().Queued == 1 })
	// The window fills and no more comes: the count stands still while the call waits.
	var before uint64
	eventually(t, "upload stands still", func() bool {
		now := n.server.Stats().BytesRead
		still := now == before && now > 64<<10
		before = now
		return still
	})
	require.Less(t, before, uint64(mayBeRead))
	close(leave)
	require.NoError(t, <-first)
	require.NoError(t, <-second)
	require.Greater(t, n.server.Stats().BytesRead, uint64(refusedBody))
}

func TestOverloadIsRefusedAtOnceWithAHint(t *testing.T) {
	entered, leave := make(chan struct{}, 4), make(chan struct{})
	n := start(t, &textServer{before: func(context.Context, *textv1.PredictRequest) error {
		entered <- struct{}{}
		<-leave
		return nil
	}}, func(c *axon.Config) { c.Slots, c.MaxPerCaller = 1, 1 })
	results := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := n.predict(t.Context(), "x")
			results <- err
		}()
	}
	<-entered
	eventually(t, "second waits", func() bool { return n.server.Stats().Queued == 1 })
	_, err := n.predict(t.Context(), strings.Repeat("x", refusedBody))
	require.ErrorIs(t, err, dendrite.ErrOverloaded)
	var e *dendrite.Error
	require.ErrorAs(t, err, &e)
	require.Positive(t, e.RetryAfter)
	require.Less(t, n.server.Stats().BytesRead, uint64(mayBeRead))
	close(leave)
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.Equal(t, uint64(1), n.server.Stats().Overloaded)
}
