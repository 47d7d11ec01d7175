package front_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/front"
	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

func vectors(values ...[]float32) *textv1.EmbedResponse {
	out := &textv1.EmbedResponse{Usage: &textv1.Usage{PromptTokens: 3}}
	for _, v := range values {
		out.Vectors = append(out.Vectors, &textv1.Vector{Values: v})
	}
	return out
}

func TestEmbeddings(t *testing.T) {
	net := newNetwork(&neuron{vectors: vectors([]float32{1, 0}, []float32{0.6, -0.8})})
	m := new(meter)
	s := serveWith(t, front.Config{Network: net}, m.wrap)
	for _, c := range []struct{ name, body, data string }{
		{"float", `{"input":["a","b"],"encoding_format":"float"}`, `{"object":"embedding","index":0,"embedding":[1,0]},{"object":"embedding","index":1,"embedding":[0.6,-0.8]}`},
		{"default", `{"input":["a","b"],"dimensions":2}`, `{"object":"embedding","index":0,"embedding":[1,0]},{"object":"embedding","index":1,"embedding":[0.6,-0.8]}`},
		{"base64", `{"input":["a","b"],"encoding_format":"base64"}`, `{"object":"embedding","index":0,"embedding":"AACAPwAAAAA="},{"object":"embedding","index":1,"embedding":"mpkZP83MTL8="}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := post(t, s, "/v1/embeddings", c.body)
			require.Equal(t, `{"object":"list","data":[`+c.data+`],"model":"parrot","usage":{"prompt_tokens":3,"total_tokens":3},`+gt+"}\n", r.body)
			require.Equal(t, "7", r.header.Get("Gt-Uid"))
		})
	}
	require.Equal(t, mechanism.Usage{In: 9}, m.spent)
	require.Equal(t, mechanism.Ask{Capability: "embed"}, net.asked[0])
	r := post(t, s, "/v1/embeddings", `{"input":["a","b"],"dimensions":3}`)
	require.Equal(t, 400, r.status)
	require.Contains(t, r.body, "dimensions is 3, but this model's vectors have 2")
}

func TestBadVectors(t *testing.T) {
	nan := float32(math.NaN())
	for name, v := range map[string]*textv1.EmbedResponse{
		"too few": vectors([]float32{1}), "too many": vectors([]float32{1}, []float32{1}, []float32{1}),
		"uneven": vectors([]float32{1}, []float32{1, 0}), "empty": vectors(nil, nil), "no number": vectors([]float32{1, 0}, []float32{nan, 0}),
		"infinite": vectors([]float32{1, 0}, []float32{float32(math.Inf(1)), 0}), "long": vectors([]float32{1, 0}, []float32{2, 0}),
		"huge": vectors([]float32{1}, make([]float32, 8193)),
	} {
		t.Run(name, func(t *testing.T) {
			r := post(t, serve(t, front.Config{Network: newNetwork(&neuron{vectors: v})}), "/v1/embeddings", `{"input":["a","b"]}`)
			require.Equal(t, 502, r.status)
			require.Contains(t, r.body, "no sense")
		})
	}
}

// mixer asks all neurons and writes what it is told to.
type mixer struct {
	pieces  []model.Piece
	err     error
	answers []mixture.Answer
}

func (m *mixer) Generate(ctx context.Context, net mechanism.Network, _ model.Prompt, emit func(model.Piece) error) error {
	for _, p := range net.Peers("") {
		_, lease, err := net.Open(ctx, mechanism.Ask{Model: p.Model, Once: true}, func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error) { return nil, nil }) //nolint:nilnil // nobody reads it
		if err != nil {
			return err
		}
		lease.Done(nil)
	}
	for _, p := range m.pieces {
		if err := emit(p); err != nil {
			return err
		}
	}
	return m.err
}

func (m *mixer) Step(context.Context, mechanism.Network, []byte, int) ([]mixture.Answer, error) {
	return m.answers, m.err
}

func TestNetworkModel(t *testing.T) {
	ask := func(m *mixer, body string) reply {
		net := newNetwork(&neuron{peer: mechanism.Peer{Model: "a"}}, &neuron{peer: mechanism.Peer{Model: "b"}})
		return post(t, serve(t, front.Config{Network: net, Mixer: m}), "/v1/chat/completions", body)
	}
	const body = `{"model":"network",` + `"messages":[{"role":"user","content":"hello"}]}`
	good := &mixer{pieces: []model.Piece{{}, {Text: "hel"}, {Text: "lo\xff", Finish: "stop", Usage: &model.Usage{Prompt: 5, Completion: 2}}}}
	const members = `"members":[{"uid":8,"share":0.5,"model":"b"},{"uid":7,"share":0.5,"model":"a"}]`
	r := ask(good, body)
	require.Equal(t, 200, r.status, r.body)
	require.Contains(t, r.body, "hello\uFFFD")
	require.Contains(t, r.body, `"model":"network"`)
	require.Contains(t, r.body, members)
	require.Equal(t, "network", r.header.Get("Gt-Model"))
	require.Empty(t, r.header.Get("Gt-Uid"))
	r = ask(good, `{"stream":true,`+body[1:])
	require.Equal(t, 2, strings.Count(r.body, members))
	require.Contains(t, r.body, "[DONE]")

	require.Equal(t, 400, ask(&mixer{err: model.ErrRequest}, body).status)
	require.Equal(t, 502, ask(&mixer{}, body).status, "no finish")
	require.Equal(t, 503, ask(&mixer{err: mechanism.ErrNoNeuron}, body).status)
	require.Contains(t, ask(&mixer{pieces: good.pieces[:2], err: errors.New("lost")}, `{"stream":true,`+body[1:]).body, `data: {"error":`)

	r = post(t, serve(t, front.Config{Network: newNetwork()}), "/v1/chat/completions", body)
	require.Equal(t, 404, r.status)
	require.Contains(t, r.body, `the model \"network\"`)
}

func TestStep(t *testing.T) {
	net := newNetwork(parrot(), parrot())
	p := model.Prediction{Floor: 0.1, Candidates: []model.Candidate{{Text: []byte(" a"), P: 0.3}, {Text: []byte(" b"), P: 0.2}, {Text: []byte("\xc3"), P: 0.4}}}
	m := &mixer{answers: []mixture.Answer{
		{Peer: net.neurons[0].peer, Share: 1, Prediction: p, Took: 5 * time.Millisecond},
		{Peer: net.neurons[1].peer, Err: errors.New("down at 10.0.0.1")},
	}}
	s := serve(t, front.Config{Network: net, Mixer: m})
	r := post(t, s, "/v1/step", `{"context":"once","k":2}`)
	require.Equal(t, 200, r.status, r.body)
	require.Contains(t, r.body, `"share":1,"took_ms":5,"candidates":[{"text":"�","bytes":[195],"p":0.4},{"text":" a","bytes":[32,97],"p":0.3}],"floor":0.1}`)
	require.Contains(t, r.body, `"share":0,"took_ms":0,"candidates":[],"floor":0,"error":"it did not answer"}`)
	require.Contains(t, r.body, `{"object":"step","mixture":{"candidates":[{"text":"�","bytes":[195],"p":0.`)
	require.NotContains(t, r.body, "10.0.0.1")
	require.Equal(t, 503, post(t, serve(t, front.Config{Network: net, Mixer: &mixer{}}), "/v1/step", `{"context":""}`).status)
	require.Equal(t, 404, post(t, serve(t, front.Config{Network: net}), "/v1/step", `{"context":"a"}`).status)
}

// panicking is a Mixer with a bug.
type panicking struct{ mixer }

func (*panicking) Generate(context.Context, mechanism.Network, model.Prompt, func(model.Piece) error) error {
	panic("a bug")
}

// TestPanic: a bug costs one request, not the gateway.
func TestPanic(t *testing.T) {
	s := serve(t, front.Config{Network: newNetwork(), Mixer: &panicking{}})
	for _, stream := range []string{"true", "false"} {
		r := post(t, s, "/v1/completions", `{"model":"network","prompt":"a","stream":`+stream+`}`)
		require.Equal(t, 500, r.status)
		require.Contains(t, r.body, `"code":"internal_error"`)
		require.NotContains(t, r.body, "a bug")
	}
}
