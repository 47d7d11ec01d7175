package text_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// generator is a model.Generator made of a function.
type generator func(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error

func (generator) Name() string { return "made of a function" }

func (g generator) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	return g(ctx, p, emit)
}

// seeded is a model whose texts depend on the prompt alone.
func seeded(m *ngram.Model) generator {
	return func(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
		h := fnv.New64a()
		fmt.Fprint(h, p.Text, p.Temperature)
		seed := h.Sum64()
		p.Seed = &seed
		return m.Generate(ctx, p, emit)
	}
}

// wires connect a judge to real servers in memory.
type wires map[gotensor.UID]*grpc.ClientConn

func (w wires) To(n metagraph.Neuron) grpc.ClientConnInterface { return w[n.UID] }

// connect serves a model for predictions and another one for texts; nil: it writes none.
func (w wires) connect(t *testing.T, predictor model.Predictor, writer model.Generator) {
	t.Helper()
	server, err := text.NewServer(text.ServerConfig{Predictor: predictor, Generator: writer, Settings: settings(), Hotkey: hotkey(), AtOnce: text.Everybody})
	require.NoError(t, err)
	w.serve(t, server)
}

func (w wires) serve(t *testing.T, impl textv1.TextServer) {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	s := grpc.NewServer()
	textv1.RegisterTextServer(s, impl)
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(s.Stop)
	conn, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	w[gotensor.UID(len(w))] = conn
}

func (w wires) metagraph(t *testing.T) (*metagraph.Metagraph, []metagraph.Neuron) {
	t.Helper()
	n := network{}
	for uid := range w {
		n[uid] = nil
	}
	return n.metagraph(t)
}

func judgeWith(t *testing.T, change func(*text.JudgeConfig)) *text.Judge {
	t.Helper()
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	reference, err := ngram.NewReference(t.Context(), dataset.Excerpt(dataset.Reference, 10_000, sources...))
	require.NoError(t, err)
	cfg := text.JudgeConfig{Settings: settings(), Sources: sources, Reference: reference.AtWords(), Rand: rand.New(rand.NewPCG(3, 4))}
	cfg.Settings.DeadlineMs, cfg.Settings.RoundMs = 5_000, 5_000 // all texts are asked for at once
	cfg.Settings.Sealed = false                                  // else every round would take half of that
	change(&cfg)
	j, err := text.NewJudge(cfg)
	require.NoError(t, err)
	return j
}

func rounds(t *testing.T, j *text.Judge, ask mechanism.Asker, neurons []metagraph.Neuron, n int) {
	t.Helper()
	for range n {
		require.NoError(t, j.Round(t.Context(), ask, mechanism.Period{}, neurons))
		j.WaitTexts()
	}
}

func services(t *testing.T, j *text.Judge, m *metagraph.Metagraph) []mechanism.Service {
	t.Helper()
	var out []mechanism.Service
	for _, n := range j.Standings(m).Neurons {
		require.NotNil(t, n.Service)
		out = append(out, *n.Service)
	}
	return out
}

func TestWhatPeopleGetIsPaid(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	good, cheap := models[6], models[2]
	canned := generator(func(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error {
		return emit(model.Piece{Text: " It is a truth universally acknowledged.", Finish: model.FinishStop})
	})
	var calls atomic.Int64
	flaky := generator(func(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
		if calls.Add(1)%2 == 0 {
			return errors.New("no")
		}
		return seeded(good)(ctx, p, emit)
	})
	net := wires{}
	names := []string{"honest", "cheap", "canned", "flaky", "no texts"}
	for _, writer := range []model.Generator{seeded(good), seeded(cheap), canned, flaky, nil} {
		net.connect(t, good.AtWords(), writer)
	}
	m, neurons := net.metagraph(t)
	j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings.Group = 64 })
	rounds(t, j, net, neurons, 40)
	got := services(t, j, m)
	for i, s := range got {
		t.Logf("%-9s %+v", names[i], s)
	}
	require.Greater(t, got[0].Service, 0.75)
	require.Greater(t, got[0].Success, 0.99)
	require.Less(t, got[1].Service, 0.6*got[0].Service, "its texts are not what it predicts")
	require.Less(t, got[2].Service, 0.5*got[0].Service)
	require.InDelta(t, 0.5, got[3].Success, 0.2)
	require.True(t, got[4].Unable)
	require.Zero(t, got[4].Service)
	require.InDelta(t, 0.5, got[4].Factor, 1e-9)
	row, err := j.Weights(m)
	require.NoError(t, err)
	weight := map[gotensor.UID]uint16{}
	for i, uid := range row.UIDs {
		weight[uid] = row.Weights[i]
	}
	require.Equal(t, uint16(65535), weight[0])
	require.Less(t, weight[4], uint16(65535*2/3))

	state, err := j.Encode()
	require.NoError(t, err)
	again := judgeWith(t, func(c *text.JudgeConfig) { c.State, c.Settings.Group = state, 64 })
	require.Equal(t, got, services(t, again, m))
	kept, err := again.Encode()
	require.NoError(t, err)
	require.JSONEq(t, string(state), string(kept), "the coming questions survive too")
}

// A miner that knows again what it had to write about, and predicts there as badly as it wrote.
type remembering struct {
	*ngram.Model
	cheap *ngram.Model
	mu    sync.Mutex
	seen  map[string]bool
}

func (r *remembering) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	r.mu.Lock()
	r.seen[p.Text] = true
	r.mu.Unlock()
	return seeded(r.cheap)(ctx, p, emit)
}

func (r *remembering) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	out, err := r.AtWords().Predict(ctx, contexts, k)
	for i, c := range contexts {
		r.mu.Lock()
		seen := r.seen[string(c)]
		r.mu.Unlock()
		if err == nil && seen {
			var weak []model.Prediction
			if weak, err = r.cheap.AtWords().Predict(ctx, [][]byte{c}, k); err == nil {
				out[i] = weak[0]
			}
		}
	}
	return out, err
}

func TestRememberingWhatWasAskedDoesNotPay(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	const seeds = 10
	var honest, remembers mechanism.Service // means
	for seed := range uint64(seeds) {
		net := wires{}
		net.connect(t, models[6].AtWords(), seeded(models[6]))
		r := &remembering{Model: models[6], cheap: models[2], seen: map[string]bool{}}
		net.connect(t, r, r)
		m, neurons := net.metagraph(t)
		j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings.Probes, c.Rand = 1, rand.New(rand.NewPCG(seed, 9)) })
		rounds(t, j, net, neurons, 60)
		got := services(t, j, m)
		require.Greater(t, got[0].Care, 0.8)
		honest.Care += got[0].Care / seeds
		honest.Service += got[0].Service / seeds
		remembers.Care += got[1].Care / seeds
		remembers.Service += got[1].Service / seeds
	}
	t.Logf("care and service: honest %.2f, %.2f; remembers %.2f, %.2f", honest.Care, honest.Service, remembers.Care, remembers.Service)
	require.Greater(t, honest.Care, 0.95)
	require.Less(t, remembers.Care, 0.75)
	require.Less(t, remembers.Service, 0.6*honest.Service)
}

// A miner that adds what it wrote to what it predicts after the same text.
type planting struct {
	*ngram.Model
	cheap *ngram.Model
	mu    sync.Mutex
	wrote map[string]string
}

func (r *planting) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	return seeded(r.cheap)(ctx, p, func(piece model.Piece) error {
		r.mu.Lock()
		r.wrote[p.Text] += piece.Text
		r.mu.Unlock()
		return emit(piece)
	})
}

func (r *planting) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	out, err := r.AtWords().Predict(ctx, contexts, k-1)
	for i := range out {
		r.mu.Lock()
		own := []byte(r.wrote[string(contexts[i])])
		r.mu.Unlock()
		if len(own) < score.MaxLen || own[0] != ' ' {
			continue
		}
		own = own[:score.MaxLen]
		at, there := slices.BinarySearchFunc(out[i].Candidates, own, func(c model.Candidate, text []byte) int { return bytes.Compare(c.Text, text) })
		if !there {
			out[i].Candidates = slices.Insert(slices.Clone(out[i].Candidates), at, model.Candidate{Text: own, P: 1e-6}) // within the tolerance of sums
		}
	}
	return out, err
}

func TestPredictingOnesOwnTextDoesNotPay(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	net := wires{}
	net.connect(t, models[6].AtWords(), seeded(models[6]))
	net.connect(t, models[4].AtWords(), seeded(models[4]))
	r := &planting{Model: models[6], cheap: models[2], wrote: map[string]string{}}
	net.connect(t, r, r)
	m, neurons := net.metagraph(t)
	j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings.Probes = 1 })
	rounds(t, j, net, neurons, 60)
	got := services(t, j, m)
	t.Logf("honest %+v\nplants %+v", got[0], got[2])
	require.Greater(t, got[0].Agreement, 0.8)
	require.Less(t, got[2].Agreement, 0.5)
	require.Less(t, got[2].Service, 0.5*got[0].Service)
}

func TestServiceShareZeroAsksForNoTexts(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	net := wires{}
	net.connect(t, models[4].AtWords(), generator(func(context.Context, model.Prompt, func(model.Piece) error) error {
		t.Error("a text was asked for")
		return errors.New("no")
	}))
	m, neurons := net.metagraph(t)
	for _, change := range []func(*text.JudgeConfig){
		func(c *text.JudgeConfig) { c.Settings.ServiceShare = 0 }, func(c *text.JudgeConfig) { c.Settings.Probes = 0 },
	} {
		j := judgeWith(t, change)
		rounds(t, j, net, neurons, 3)
		require.Nil(t, j.Standings(m).Neurons[0].Service)
	}
}

// babbler answers Generate with all that could hurt a judge.
type babbler struct {
	textv1.UnimplementedTextServer
	predict textv1.TextServer
	write   func(grpc.ServerStreamingServer[textv1.GenerateResponse]) error
}

func (h babbler) Predict(ctx context.Context, r *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	return h.predict.Predict(ctx, r)
}

func (h babbler) Generate(_ *textv1.GenerateRequest, s grpc.ServerStreamingServer[textv1.GenerateResponse]) error {
	return h.write(s)
}

func TestNothingThatAMinerWritesHurtsTheJudge(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	honest, err := text.NewServer(text.ServerConfig{Predictor: models[4].AtWords(), Settings: settings(), Hotkey: hotkey(), AtOnce: text.Everybody})
	require.NoError(t, err)
	send := func(s grpc.ServerStreamingServer[textv1.GenerateResponse], text, finish string) error {
		return s.Send(&textv1.GenerateResponse{Text: text, FinishReason: finish})
	}
	net := wires{}
	for _, write := range []func(s grpc.ServerStreamingServer[textv1.GenerateResponse]) error{
		func(s grpc.ServerStreamingServer[textv1.GenerateResponse]) error { // without end
			for s.Context().Err() == nil {
				if err := send(s, strings.Repeat("x", 8000), ""); err != nil {
					return err
				}
			}
			return nil
		},
		func(s grpc.ServerStreamingServer[textv1.GenerateResponse]) error { // nothing, for ever
			<-s.Context().Done()
			return nil
		},
		func(s grpc.ServerStreamingServer[textv1.GenerateResponse]) error {
			return send(s, strings.Repeat("x", 1<<20), "stop")
		},
		func(s grpc.ServerStreamingServer[textv1.GenerateResponse]) error { return nil }, // no end
		func(s grpc.ServerStreamingServer[textv1.GenerateResponse]) error { return send(s, "", "stop") },
		func(s grpc.ServerStreamingServer[textv1.GenerateResponse]) error { // empty pieces without end
			for s.Context().Err() == nil {
				if err := send(s, "", ""); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		net.serve(t, babbler{predict: honest, write: write})
	}
	m, neurons := net.metagraph(t)
	j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings.DeadlineMs, c.Settings.RoundMs, c.Settings.Group = 300, 300, 64 })
	rounds(t, j, net, neurons, 6)
	for _, s := range services(t, j, m) {
		require.Zero(t, s.Success)
		require.Less(t, s.Service, 0.1)
	}
}

func TestARoundDoesNotOutliveItsContext(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	net := wires{}
	net.connect(t, models[4].AtWords(), models[4])
	_, neurons := net.metagraph(t)
	ctx, cancel := context.WithCancel(t.Context())
	j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings.RoundMs = 3_600_000 }) // texts are due within an hour
	require.NoError(t, j.Round(ctx, net, mechanism.Period{}, neurons))
	cancel()
	done := make(chan struct{})
	go func() { j.WaitTexts(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("texts go on after the context has ended")
	}
}

// gatewayOf is a gateway that answers by a neuron's server, or as it likes.
func gatewayOf(t *testing.T, handle http.HandlerFunc) text.Gateway {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return text.Gateway{URL: s.URL + "/v1/", Key: "secret"}
}

func TestTextsComeThroughAGateway(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	refuse := generator(func(context.Context, model.Prompt, func(model.Piece) error) error {
		return errors.New("I serve no gateways")
	})
	event := `data: {"choices":[{"index":0,"text":%q,"logprobs":null,"finish_reason":%s}]}` + "\n\n"
	stream := func(w http.ResponseWriter, parts ...string) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i, p := range parts {
			finish := "null"
			if i == len(parts)-1 {
				finish = `"length"`
			}
			fmt.Fprintf(w, event, p, finish)
		}
		_, _ = io.WriteString(w, "data: [DONE]\n\n")
	}
	for _, tc := range []struct {
		name            string
		writer          model.Generator
		handle          http.HandlerFunc
		probes, success float64
		unable          bool
	}{
		{"written", refuse, func(w http.ResponseWriter, _ *http.Request) { stream(w, " a text that", " is long enough") }, 1, 1, false},
		{"too many requests", models[4], func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, 0, 0, false},
		{"the gateway is broken", models[4], func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, 0, 0, false},
		{"no such peer", models[4], func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			_, _ = io.WriteString(w, `{"error":{"code":"no_neuron"}}`)
		}, 0, 0, false},
		{"no such peer, and it cannot write", nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, 1, 0, true},
		{"no such peer, and it fails", refuse, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, 1, 0, false},
		{"the neuron failed", models[4], func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(502)
			_, _ = io.WriteString(w, `{"error":{"code":"upstream_failed"}}`)
		}, 1, 0, false},
		{"it says that it is busy", models[4], func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			_, _ = io.WriteString(w, `{"error":{"code":"overloaded"}}`)
		}, 1, 0, false},
		{"it does not like the request", models[4], func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"error":{"code":"refused_by_neuron"}}`)
		}, 1, 0, false},
		{"the neuron stopped", models[4], func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, event, " begin", "null")
			_, _ = io.WriteString(w, `data: {"error":{"code":"upstream_failed"}}`+"\n\n")
		}, 1, 0, false},
		{"no event stream", models[4], func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, 0, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			net := wires{}
			net.connect(t, models[4].AtWords(), tc.writer)
			m, neurons := net.metagraph(t)
			var asked atomic.Int64
			g := gatewayOf(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				assert.Equal(t, "/v1/completions", r.URL.Path)
				assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
				tc.handle(w, r)
			})
			j := judgeWith(t, func(c *text.JudgeConfig) { c.Through, c.Settings.Probes = []text.Gateway{g}, 1 })
			rounds(t, j, net, neurons, 1)
			require.NoError(t, j.Round(t.Context(), net, mechanism.Period{}, neurons))
			require.Positive(t, asked.Load())
			s := services(t, j, m)[0]
			require.InDelta(t, tc.probes, s.Probes, 1e-9)
			require.InDelta(t, tc.success, s.Success, 1e-9)
			require.Equal(t, tc.unable, s.Unable)
		})
	}
}

// Who lets people wait has failed, however well it serves a validator that asks itself; a gateway that answers nobody proves nothing.
func TestALateTextIsTheNeuronsFaultWhereOthersCome(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	for _, tc := range []struct {
		name          string
		hangs         func(name, slow string) bool
		slow, prompts float64 // probes that count
	}{
		{"one neuron", func(name, slow string) bool { return name == slow }, 2, 2},
		{"the gateway", func(string, string) bool { return true }, 0, 0},
	} {
		for _, headers := range []bool{false, true} {
			t.Run(fmt.Sprint(tc.name, " headers ", headers), func(t *testing.T) {
				net := wires{}
				net.connect(t, models[4].AtWords(), models[4])
				net.connect(t, models[4].AtWords(), models[4])
				m, neurons := net.metagraph(t)
				slow := keys.Account(neurons[0].Hotkey)
				g := gatewayOf(t, func(w http.ResponseWriter, r *http.Request) {
					var body struct{ Model string }
					if !assert.NoError(t, json.NewDecoder(r.Body).Decode(&body)) {
						return
					}
					w.Header().Set("Content-Type", "text/event-stream")
					if tc.hangs(body.Model, slow) {
						if headers {
							_, _ = io.WriteString(w, ": ping\n\n")
							_ = http.NewResponseController(w).Flush()
						}
						<-r.Context().Done()
						return
					}
					_, _ = io.WriteString(w, `data: {"choices":[{"text":" a text that is long enough","finish_reason":"length"}]}`+"\n\ndata: [DONE]\n\n")
				})
				j := judgeWith(t, func(c *text.JudgeConfig) {
					c.Through, c.Settings.Probes, c.Settings.DeadlineMs, c.Settings.RoundMs = []text.Gateway{g}, 2, 500, 500
				})
				rounds(t, j, net, neurons, 1)
				require.NoError(t, j.Round(t.Context(), net, mechanism.Period{}, neurons))
				s := services(t, j, m)
				require.InDelta(t, tc.slow, s[0].Probes, 1e-9)
				require.Zero(t, s[0].Success)
				require.InDelta(t, tc.prompts, s[1].Probes, 1e-9)
			})
		}
	}
}

func TestGatewaysThatCannotBe(t *testing.T) {
	for _, url := range []string{"", "gateway:8080", "ftp://gateway", "http://user:word@gateway", "http://gateway?x=1"} {
		sources, err := dataset.Embedded()
		require.NoError(t, err)
		reference, err := ngram.NewReference(t.Context(), dataset.Excerpt(dataset.Reference, littleText, sources...))
		require.NoError(t, err)
		_, err = text.NewJudge(text.JudgeConfig{
			Settings: settings(), Sources: sources, Reference: reference.AtWords(), Rand: rand.New(rand.NewPCG(1, 2)), Through: []text.Gateway{{URL: url}},
		})
		require.ErrorIs(t, err, text.ErrGateway, url)
	}
}

// Weak models are as honest as good ones.
func TestHonestModelsOfAllSizesAreServedAlike(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	net := wires{}
	orders := []int{2, 4, 6}
	for _, o := range orders {
		net.connect(t, models[o].AtWords(), seeded(models[o]))
	}
	m, neurons := net.metagraph(t)
	j := judgeWith(t, func(c *text.JudgeConfig) {
		reference, err := ngram.NewReference(t.Context(), dataset.Excerpt(dataset.Reference, littleText, c.Sources...)) // as on a local network
		require.NoError(t, err)
		c.Reference = reference.AtWords()
	})
	rounds(t, j, net, neurons, 60)
	for i, s := range services(t, j, m) {
		t.Logf("order %d %+v", orders[i], s)
		require.Greater(t, s.Service, 0.5)
	}
}
