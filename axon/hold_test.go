package axon_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// sealer is a server whose streams compute nothing, give their turn back, say "sealed", and "opened" once they are let.
type sealer struct {
	textServer
	let chan struct{}
}

func newSealer(size int) *sealer {
	s := &sealer{let: make(chan struct{})}
	s.write = func(_ question, out pieces) error {
		if err := axon.GiveBack(out.Context(), size); err != nil {
			return err
		}
		if err := out.Send(piece("sealed")); err != nil {
			return err
		}
		select {
		case <-s.let:
			return out.Send(piece("opened"))
		case <-out.Context().Done():
			return out.Context().Err()
		}
	}
	return s
}

// hold opens a stream that waits for its answer.
func (n *neuron) hold(t *testing.T, ctx context.Context) textv1.Text_GenerateClient { //nolint:revive // t leads, as everywhere in tests
	t.Helper()
	st := n.generate(t, ctx)
	got, err := st.Recv()
	require.NoError(t, err)
	require.Equal(t, "sealed", got.GetText())
	return st
}

func requireOpened(t *testing.T, st textv1.Text_GenerateClient) {
	t.Helper()
	got, err := drain(st)
	require.NoError(t, err)
	require.Equal(t, 1, got)
}

func TestCallsThatGiveTheirTurnBackHoldNoSlot(t *testing.T) {
	s := newSealer(1000)
	n := start(t, s, func(c *axon.Config) { c.Slots = 1 })
	var open []textv1.Text_GenerateClient
	for range 10 { // at the same time, with one slot
		open = append(open, n.hold(t, t.Context()))
	}
	st := n.server.Stats()
	require.Equal(t, 10, st.Held)
	require.Zero(t, st.Running)
	_, err := n.predict(t.Context(), "another call is served meanwhile")
	require.NoError(t, err)
	close(s.let)
	for _, st := range open {
		requireOpened(t, st)
	}
	eventually(t, "all are over", func() bool { return n.server.Stats().Held == 0 })
	require.Equal(t, uint64(10), n.server.Stats().Methods[textv1.Text_Generate_FullMethodName].Served)
}

func TestGiveBackOutsideOfACallDoesNothing(t *testing.T) {
	require.NoError(t, axon.GiveBack(t.Context(), 1<<40))
}

func TestGivingBackTwiceIsOnce(t *testing.T) {
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		for range 3 {
			if err := axon.GiveBack(out.Context(), 1); err != nil {
				return err
			}
		}
		return out.Send(piece("x"))
	}}, func(c *axon.Config) { c.Slots, c.MaxPerCaller, c.MaxHeld = 1, 1, 1 })
	for range 3 {
		_, err := drain(n.generate(t, t.Context()))
		require.NoError(t, err)
	}
	require.Zero(t, n.server.Stats().Running)
}

// TestGivingBackFromManyGoroutines: a caller's places and bytes are counted once, and none by what a handler left running.
func TestGivingBackFromManyGoroutines(t *testing.T) {
	after := make(chan struct{})
	var late sync.WaitGroup
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		ctx := out.Context()
		late.Go(func() {
			<-after
			_ = axon.GiveBack(ctx, 1<<30)
		})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { _ = axon.GiveBack(ctx, -1) })
		}
		all.Wait()
		return out.Send(piece("x"))
	}}, func(c *axon.Config) { c.Slots, c.MaxPerCaller, c.MaxHeld = 1, 1, 1 })
	for range 20 {
		_, err := drain(n.generate(t, t.Context()))
		require.NoError(t, err)
		eventually(t, "it is over", func() bool { return n.server.Stats().Held == 0 })
	}
	close(after)
	late.Wait()
	require.Zero(t, n.server.Stats().Held)
	require.Zero(t, n.server.Stats().Running)
	_, err := drain(n.generate(t, t.Context()))
	require.NoError(t, err)
}

// TestThousandsOfHeldCalls: one caller opens all the sealed calls he can; he gets his share, costs no work beyond it, and is in nobody's way.
func TestThousandsOfHeldCalls(t *testing.T) {
	s := newSealer(1 << 20)
	greedy := testKey(t, "greedy")
	n := start(t, s, func(c *axon.Config) {
		c.Slots = 1
		c.Policy = axon.PolicyRegistered
		callers := c.Callers.(*registry).callers //nolint:forcetypeassert // made by start
		callers[greedy.Address()] = axon.Caller{Weight: 1e12, Registered: true}
	})
	defer close(s.let)
	client := newClient(t, greedy)
	held, refused := 0, 0
	for range 2000 {
		st, err := textv1.NewTextClient(client.To(n.target)).Generate(t.Context(), &textv1.GenerateRequest{Prompt: "x"})
		require.NoError(t, err)
		if _, err := st.Recv(); err != nil {
			requireReason(t, err, dendrite.ErrOverloaded, synapse.ReasonOverloaded)
			refused++
		} else {
			held++
		}
	}
	require.Equal(t, 16, held)
	require.Equal(t, 1984, refused)
	require.Equal(t, 16, n.server.Stats().Held)
	require.Equal(t, uint64(1984), n.server.Stats().Methods[textv1.Text_Generate_FullMethodName].Refused, "none of them was worked on")
	n.hold(t, t.Context())
	_, err := n.predict(t.Context(), "x")
	require.NoError(t, err)
}

func TestWhoComesFirstTakesThePlaceOfOthers(t *testing.T) {
	for name, edit := range map[string]func(*axon.Config){
		"calls": func(c *axon.Config) { c.MaxHeld = 2 },
		"bytes": func(c *axon.Config) { c.MaxHeldBytes = 2500 },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSealer(1000)
			light, heavy, rich := testKey(t, "light"), testKey(t, "heavy"), testKey(t, "rich")
			n := start(t, s, func(c *axon.Config) {
				c.Slots = 2
				c.Policy = axon.PolicyRegistered
				callers := c.Callers.(*registry).callers //nolint:forcetypeassert // made by start
				callers[light.Address()] = axon.Caller{Weight: 1, Registered: true}
				callers[heavy.Address()] = axon.Caller{Weight: 2, Registered: true}
				callers[rich.Address()] = axon.Caller{Weight: 1 << 60, Registered: true}
				edit(c)
			})
			as := func(c *dendrite.Client) *neuron { return &neuron{client: c, target: n.target} }
			first, second := as(newClient(t, light)), as(newClient(t, heavy))
			a, b := first.hold(t, t.Context()), second.hold(t, t.Context())
			_, err := drain(first.generate(t, t.Context()))
			requireReason(t, err, dendrite.ErrOverloaded, synapse.ReasonOverloaded)
			require.ErrorContains(t, err, "too many answers wait")
			third := as(newClient(t, rich)).hold(t, t.Context())
			_, err = drain(a) // the lightest goes
			requireReason(t, err, dendrite.ErrOverloaded, synapse.ReasonOverloaded)
			judge := n.hold(t, t.Context()) // a validator comes before whoever is rich
			_, err = drain(b)
			requireReason(t, err, dendrite.ErrOverloaded, synapse.ReasonOverloaded)
			close(s.let)
			requireOpened(t, third)
			requireOpened(t, judge)
		})
	}
}

func TestHeldAnswerLargerThanAllRoomIsRefused(t *testing.T) {
	n := start(t, newSealer(1001), func(c *axon.Config) { c.MaxHeldBytes = 1000 })
	_, err := drain(n.generate(t, t.Context()))
	requireReason(t, err, dendrite.ErrOverloaded, synapse.ReasonOverloaded)
	n.requireFree(t)
}

func TestCancelledHoldIsFreeAtOnce(t *testing.T) {
	n := start(t, newSealer(1000), func(c *axon.Config) { c.Slots, c.MaxPerCaller = 1, 1 })
	for range 5 { // one may wait at a time
		ctx, cancel := context.WithCancel(t.Context())
		n.hold(t, ctx)
		cancel()
		eventually(t, "it is over", func() bool { return n.server.Stats().Held == 0 })
	}
}

// TestHeldCallsAreOpenedBeforeTheServerStops: seals that are to open within Grace open.
func TestHeldCallsAreOpenedBeforeTheServerStops(t *testing.T) {
	s := newSealer(1000)
	n := start(t, s, nil)
	st := n.hold(t, t.Context())
	n.stop()
	select {
	case err := <-n.ended:
		require.Fail(t, "the server did not wait for the seal", "%v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(s.let)
	requireOpened(t, st)
}

func TestHeldCallsEndWithGrace(t *testing.T) {
	n := start(t, newSealer(1000), func(c *axon.Config) { c.Grace = 50 * time.Millisecond })
	st := n.hold(t, t.Context())
	n.stop()
	_, err := drain(st)
	require.ErrorIs(t, err, dendrite.ErrUnreachable)
}

// TestHoldMayBeLongerThanAPause: between seal and opening a stream may be silent for as long as a unary call may take.
func TestHoldMayBeLongerThanAPause(t *testing.T) {
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		if err := axon.GiveBack(out.Context(), 1); err != nil {
			return err
		}
		if err := out.Send(piece("sealed")); err != nil {
			return err
		}
		select {
		case <-time.After(300 * time.Millisecond):
			return out.Send(piece("opened"))
		case <-out.Context().Done():
			return out.Context().Err()
		}
	}}, func(c *axon.Config) { c.StreamIdle, c.MaxDeadline = 50*time.Millisecond, 20*time.Second })
	requireOpened(t, n.hold(t, t.Context()))
	require.Less(t, n.server.Stats().Methods[textv1.Text_Generate_FullMethodName].Handling, 250*time.Millisecond, "waiting is no work")
}

func TestHoldOverHTTP(t *testing.T) {
	s := newSealer(1000)
	n := start(t, s, func(c *axon.Config) { c.Slots, c.AllowAnonymous, c.MaxPerCaller = 1, true, 1 })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // a test
	defer client.CloseIdleConnections()
	ask := func() *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			"https://"+n.target.Addr.String()+textv1.Text_Generate_FullMethodName, strings.NewReader("{}"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		require.NoError(t, err)
		return res
	}
	first := ask()
	defer first.Body.Close()
	second := ask()
	defer second.Body.Close()
	require.Equal(t, http.StatusTooManyRequests, second.StatusCode)
	n.hold(t, t.Context()) // known callers have their own places
	close(s.let)
	body, err := io.ReadAll(first.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), "opened")
}
