package axon_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

type (
	question = *textv1.GenerateRequest
	pieces   = textv1.Text_GenerateServer
)

func piece(text string) *textv1.GenerateResponse { return &textv1.GenerateResponse{Text: text} }

// generate opens a stream of a neuron's client.
func (n *neuron) generate(t *testing.T, ctx context.Context) textv1.Text_GenerateClient { //nolint:revive // t leads, as everywhere in tests
	t.Helper()
	st, err := textv1.NewTextClient(n.client.To(n.target)).Generate(ctx, &textv1.GenerateRequest{Prompt: "x"})
	require.NoError(t, err)
	return st
}

// drain reads a stream to its end and returns how many pieces it had.
func drain(st textv1.Text_GenerateClient) (int, error) {
	for i := 0; ; i++ {
		if _, err := st.Recv(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return i, err
		}
	}
}

func requireReason(t *testing.T, err error, kind error, reason synapse.Reason) {
	t.Helper()
	require.ErrorIs(t, err, kind)
	var e *dendrite.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, reason, e.Reason)
}

func (n *neuron) requireFree(t *testing.T) {
	t.Helper()
	eventually(t, "no slot is held", func() bool { return n.server.Stats().Running == 0 })
	_, err := n.predict(t.Context(), "x")
	require.NoError(t, err)
}

func TestStreamMayTakeLongerThanACall(t *testing.T) {
	const limit = 100 * time.Millisecond
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		tick := time.NewTicker(limit / 10)
		defer tick.Stop()
		for range 30 {
			<-tick.C
			if err := out.Send(piece("x")); err != nil {
				return err
			}
		}
		return nil
	}}, func(c *axon.Config) { c.MaxDeadline, c.Slots = limit, 1 })
	got, err := drain(n.generate(t, t.Context()))
	require.NoError(t, err)
	require.Equal(t, 30, got)
	st := n.server.Stats().Methods[textv1.Text_Generate_FullMethodName]
	require.Equal(t, uint64(1), st.Served)
	require.Greater(t, st.Handling, 2*limit)
}

func TestStreamDeadlines(t *testing.T) {
	wait := func(_ question, out pieces) error {
		if err := out.Send(piece("first")); err != nil {
			return err
		}
		<-out.Context().Done()
		return out.Context().Err()
	}
	flood := func(_ question, out pieces) error {
		for {
			if err := out.Send(piece(strings.Repeat("x", 8<<10))); err != nil {
				return err
			}
		}
	}
	for name, c := range map[string]struct {
		write  func(question, pieces) error
		edit   func(*axon.Config)
		read   func(*testing.T, textv1.Text_GenerateClient) error
		reason synapse.Reason
	}{
		"neuron stalls": {
			write: wait, edit: func(c *axon.Config) { c.StreamIdle = 50 * time.Millisecond }, reason: synapse.ReasonStreamIdle,
		},
		"longest life": {
			write: wait, edit: func(c *axon.Config) { c.MaxStream = 50 * time.Millisecond }, reason: synapse.ReasonDeadline,
		},
		"caller reads nothing": {
			write: flood, edit: func(c *axon.Config) { c.StreamIdle = 100 * time.Millisecond }, reason: "", // in gRPC's own words
		},
		"caller reads slowly": {
			write: flood, edit: func(c *axon.Config) { c.MaxDeadline = 200 * time.Millisecond }, reason: synapse.ReasonSlowReader,
			read: func(_ *testing.T, st textv1.Text_GenerateClient) error {
				for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
					if _, err := st.Recv(); err != nil {
						return err
					}
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, &textServer{write: c.write}, func(cfg *axon.Config) {
				cfg.Slots = 1
				c.edit(cfg)
			})
			st := n.generate(t, t.Context())
			var err error
			if c.read != nil {
				err = c.read(t, st)
			} else {
				eventually(t, "the neuron ends it", func() bool { return n.server.Stats().Failed == 1 })
				_, err = drain(st)
			}
			requireReason(t, err, dendrite.ErrDeadline, c.reason)
			n.requireFree(t)
			require.Less(t, n.server.Stats().BytesWritten, uint64(4<<20), "what nobody reads is not made")
		})
	}
}

func TestStreamEndsWithItsCaller(t *testing.T) {
	for name, leave := range map[string]func(cancel context.CancelFunc, c *dendrite.Client){
		"cancelled": func(cancel context.CancelFunc, _ *dendrite.Client) { cancel() },
		"cut":       func(_ context.CancelFunc, c *dendrite.Client) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			n := start(t, &textServer{write: func(_ question, out pieces) error {
				if err := out.Send(piece("first")); err != nil {
					return err
				}
				<-out.Context().Done()
				ended <- out.Context().Err()
				return out.Context().Err()
			}}, func(c *axon.Config) { c.Slots = 1 })
			other, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: n.key})
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			st, err := textv1.NewTextClient(other.To(n.target)).Generate(ctx, &textv1.GenerateRequest{})
			require.NoError(t, err)
			_, err = st.Recv()
			require.NoError(t, err)
			leave(cancel, other)
			require.ErrorIs(t, <-ended, context.Canceled)
			n.requireFree(t)
			_, err = st.Recv()
			require.Error(t, err)
			require.NoError(t, other.Close())
		})
	}
}

func TestStreamWaitsForItsTurnWithinMaxDeadline(t *testing.T) {
	leave := make(chan struct{})
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		if err := out.Send(piece("first")); err != nil {
			return err
		}
		<-leave
		return nil
	}}, func(c *axon.Config) { c.Slots, c.MaxDeadline = 1, 100*time.Millisecond })
	first := n.generate(t, t.Context())
	_, err := first.Recv()
	require.NoError(t, err)
	_, err = drain(n.generate(t, t.Context()))
	requireReason(t, err, dendrite.ErrDeadline, synapse.ReasonDeadline)
	require.ErrorContains(t, err, "turn")
	close(leave)
	_, err = drain(first)
	require.NoError(t, err)
	require.Equal(t, uint64(1), n.server.Stats().Methods[textv1.Text_Generate_FullMethodName].Refused)
}

func TestSlowBodyOfAStreamLosesItsSlot(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.Slots, c.BodyTimeout = 1, 50*time.Millisecond })
	i := newIntruder(t, n)
	proof, err := synapse.ProveBound(n.key, chainID, i.connect(t))
	require.NoError(t, err)
	ctx := metadata.AppendToOutgoingContext(t.Context(), synapse.MetadataKey, string(proof))
	stream, err := i.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, textv1.Text_Generate_FullMethodName)
	require.NoError(t, err) // headers are sent, no body ever
	requireRefusal(t, stream.RecvMsg(&textv1.GenerateResponse{}), codes.DeadlineExceeded, "")
	n.requireFree(t)
}

func TestPiecesThatNobodyTakes(t *testing.T) {
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		return out.Send(piece(strings.Repeat("x", 16<<10))) // fits what gRPC holds without the caller's window
	}}, func(c *axon.Config) { c.MaxDeadline = time.Second })
	r := newRawGRPC(t, n, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, r.conn)
		close(ended)
	}()
	for range 20 {
		_, err := r.begin(t, textv1.Text_Generate_FullMethodName, 1)
		require.NoError(t, err)
	}
	eventually(t, "all streams are over", func() bool { return n.server.Stats().Served == 20 })
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection holds pieces that nobody takes")
	}
}

func TestCancelledStreamsDoNotEndTheConnection(t *testing.T) {
	const limit = 200 * time.Millisecond
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		for {
			if err := out.Send(piece(strings.Repeat("x", 8<<10))); err != nil {
				return err
			}
		}
	}}, func(c *axon.Config) { c.MaxDeadline = limit })
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		st := n.generate(t, ctx)
		_, err := st.Recv()
		require.NoError(t, err)
		cancel() // with some 100 KB under way
	}
	eventually(t, "all are over", func() bool { return n.server.Stats().Failed == 50 })
	for began := time.Now(); time.Since(began) < 3*limit; {
		_, err := n.predict(t.Context(), "x")
		require.NoError(t, err)
	}
	require.Equal(t, uint64(1), n.server.Stats().Accepted)
}

func TestThousandStreamsShareAConnection(t *testing.T) {
	const streams = 1000
	all := make(chan struct{})
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		if err := out.Send(piece("first")); err != nil {
			return err
		}
		<-all
		return out.Send(piece("second"))
	}}, func(c *axon.Config) { c.Slots = 1024 })
	var err error
	n.client, err = dendrite.New(dendrite.Config{ChainID: chainID, Signer: n.key, MaxConns: 1})
	require.NoError(t, err)
	defer n.client.Close()
	open := make([]textv1.Text_GenerateClient, streams)
	for i := range open {
		open[i] = n.generate(t, t.Context())
	}
	for _, st := range open {
		_, err := st.Recv()
		require.NoError(t, err)
	}
	require.Equal(t, streams, n.server.Stats().Running, "all at the same time")
	close(all)
	for _, st := range open {
		got, err := drain(st)
		require.NoError(t, err)
		require.Equal(t, 1, got)
	}
	require.Equal(t, uint64(1), n.server.Stats().Accepted)
	require.Equal(t, uint64(streams), n.server.Stats().Served)
}

func TestStreamsBeyondAllRoomAreRefused(t *testing.T) {
	leave := make(chan struct{})
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		if err := out.Send(piece("first")); err != nil {
			return err
		}
		<-leave
		return nil
	}}, func(c *axon.Config) { c.Slots, c.MaxPerCaller = 300, 1 })
	results := make(chan error, 310)
	for range 310 {
		st := n.generate(t, t.Context())
		go func() {
			_, err := drain(st)
			results <- err
		}()
	}
	for range 9 {
		requireReason(t, <-results, dendrite.ErrOverloaded, synapse.ReasonOverloaded)
	}
	require.Equal(t, 300, n.server.Stats().Running)
	close(leave)
	for range 301 {
		require.NoError(t, <-results)
	}
}

func TestStreamErrorsAreTyped(t *testing.T) {
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		if err := out.Send(piece("first")); err != nil {
			return err
		}
		return status.Error(codes.Internal, "model fell over")
	}}, nil)
	got, err := drain(n.generate(t, t.Context()))
	require.Equal(t, 1, got)
	requireReason(t, err, dendrite.ErrFailed, "")
	require.ErrorContains(t, err, "model fell over")
}
