package text_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/mechanism/text/front"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/model"
)

// behind is a gateway's network of the servers of a test.
type behind struct {
	wires wires
	m     *metagraph.Metagraph
}

func (b behind) Metagraph() *metagraph.Metagraph { return b.m }
func (behind) Peers(string) []mechanism.Peer     { return nil }

func (b behind) Open(ctx context.Context, ask mechanism.Ask, open func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error)) (any, mechanism.Lease, error) {
	hotkey, err := keys.ParseAccount(ask.Model)
	if err != nil {
		return nil, nil, mechanism.ErrUnknownModel
	}
	n, ok := b.m.ByHotkey(hotkey)
	if !ok {
		return nil, nil, mechanism.ErrUnknownModel
	}
	peer := mechanism.Peer{Neuron: n, Model: "a model", Capabilities: []string{text.CanGenerate}}
	got, err := open(ctx, peer, b.wires[n.UID])
	if err != nil {
		return nil, nil, errors.Join(mechanism.ErrUpstream, err)
	}
	return got, lease{peer}, nil
}

type lease struct{ peer mechanism.Peer }

func (l lease) Peer() mechanism.Peer    { return l.peer }
func (lease) FirstPiece() time.Duration { return time.Millisecond }
func (lease) Tried() int                { return 1 }
func (lease) Touch()                    {}
func (lease) Done(error)                {}

// Probes are understood by the front of a real gateway, and its streams by a judge.
func TestTextsComeThroughARealFront(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	net := wires{}
	net.connect(t, models[6].AtWords(), models[6])
	net.connect(t, models[6].AtWords(), generator(func(context.Context, model.Prompt, func(model.Piece) error) error { return errors.New("no") }))
	net.connect(t, models[6].AtWords(), generator(func(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error {
		if err := emit(model.Piece{Text: " a beginning"}); err != nil {
			return err
		}
		return errors.New("no more")
	}))
	m, neurons := net.metagraph(t)
	f, err := front.New(front.Config{Network: behind{net, m}, Settings: settings()})
	require.NoError(t, err)
	mux := http.NewServeMux()
	for _, r := range f.Routes() {
		mux.Handle(r.Pattern, r.Handler)
	}
	g := gatewayOf(t, mux.ServeHTTP)
	j := judgeWith(t, func(c *text.JudgeConfig) { c.Through = []text.Gateway{g} })
	rounds(t, j, net, neurons, 12)
	got := services(t, j, m)
	require.InDelta(t, 1, got[0].Success, 1e-9)
	require.Greater(t, got[0].Service, 0.4)
	for _, uid := range []gotensor.UID{1, 2} {
		require.Greater(t, got[uid].Probes, 5.0, "what the neuron did counts")
		require.Zero(t, got[uid].Success)
	}
}
