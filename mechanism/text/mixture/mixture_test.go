package mixture_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// neuron is a miner without a network: a function that answers Predict.
type neuron struct {
	share  float64
	state  string
	answer func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error)
}

func (n neuron) Invoke(ctx context.Context, _ string, args, reply any, _ ...grpc.CallOption) error {
	resp, err := n.answer(ctx, args.(*textv1.PredictRequest))
	if err == nil {
		proto.Merge(reply.(proto.Message), resp)
	}
	return err
}

func (neuron) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("no streams here")
}

// network is a mechanism.Network of neurons by uid; it counts how calls ended.
type network struct {
	neurons []neuron
	mu      sync.Mutex
	well    map[gotensor.UID]int
	badly   map[gotensor.UID][]error
}

func newNetwork(neurons ...neuron) *network {
	return &network{neurons: neurons, well: map[gotensor.UID]int{}, badly: map[gotensor.UID][]error{}}
}

func (*network) Metagraph() *metagraph.Metagraph { return nil }

func (n *network) Peers(string) []mechanism.Peer {
	out := make([]mechanism.Peer, len(n.neurons))
	for i, x := range n.neurons {
		out[i] = mechanism.Peer{Neuron: metagraph.Neuron{UID: gotensor.UID(i), Hotkey: gotensor.Address{byte(i + 1)}}, Share: x.share, State: x.state}
	}
	return out
}

func (n *network) Open(ctx context.Context, ask mechanism.Ask, open func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error)) (any, mechanism.Lease, error) {
	var uid int
	if _, err := fmt.Sscanf(ask.Model, "uid-%d", &uid); err != nil || !ask.Once {
		return nil, nil, fmt.Errorf("%w: %+v", mechanism.ErrUnknownModel, ask)
	}
	p := n.Peers("")[uid]
	got, err := open(ctx, p, n.neurons[uid])
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		n.badly[p.UID] = append(n.badly[p.UID], err)
		return nil, nil, err
	}
	return got, &lease{n, p}, nil
}

type lease struct {
	n *network
	p mechanism.Peer
}

func (l *lease) Peer() mechanism.Peer    { return l.p }
func (*lease) FirstPiece() time.Duration { return 0 }
func (*lease) Tried() int                { return 1 }
func (*lease) Touch()                    {}
func (l *lease) Done(err error) {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	if err == nil {
		l.n.well[l.p.UID]++
	}
}

// serves is a miner with a model.
func serves(t testing.TB, share float64, p model.Predictor) neuron {
	t.Helper()
	s, err := text.NewServer(text.ServerConfig{Predictor: p, Settings: text.DefaultSettings(), Hotkey: gotensor.Address{1}, AtOnce: text.Everybody})
	require.NoError(t, err)
	return neuron{share: share, state: "up", answer: s.Predict}
}

// always is a miner that says the same about everything.
func always(share float64, p model.Prediction) neuron {
	return neuron{share: share, state: "up", answer: func(context.Context, *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		return &textv1.PredictResponse{Predictions: []*textv1.Prediction{text.Encode(&p)}}, nil
	}}
}

func fails(share float64) neuron {
	return neuron{share: share, state: "up", answer: func(context.Context, *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		return nil, errors.New("no")
	}}
}

func hangs(share float64) neuron {
	return neuron{share: share, state: "up", answer: func(ctx context.Context, _ *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
}

func newMixture(t testing.TB, cfg mixture.Config) *mixture.Mixture {
	t.Helper()
	m, err := mixture.New(cfg)
	require.NoError(t, err)
	return m
}

// write returns the whole text, the last piece and the tokens told.
func write(t testing.TB, m *mixture.Mixture, net mechanism.Network, p model.Prompt) (string, model.Piece, []model.TokenLogprob) {
	t.Helper()
	var out strings.Builder
	var last model.Piece
	var told []model.TokenLogprob
	require.NoError(t, m.Generate(t.Context(), net, p, func(p model.Piece) error {
		require.True(t, utf8.ValidString(p.Text))
		out.WriteString(p.Text)
		told = append(told, p.Logprobs...)
		last = p
		return nil
	}))
	return out.String(), last, told
}

// rhyme is what the small models of these tests know by heart.
const rhyme = "the cat sat on the mat. the dog sat on the log. the größte frog sat on the bog. "

func rhymer(t testing.TB, order int) model.Predictor {
	t.Helper()
	m, err := ngram.Train(t.Context(), order, []byte(strings.Repeat(rhyme, 3)), nil)
	require.NoError(t, err)
	return m.AtWords()
}

func TestGenerate(t *testing.T) {
	one := uint64(1)
	net := newNetwork(serves(t, 0.1, rhymer(t, 3)), serves(t, 0.6, rhymer(t, 8)), serves(t, 0.3, rhymer(t, 5)))
	m := newMixture(t, mixture.Config{})
	t.Run("the likeliest", func(t *testing.T) {
		got, last, told := write(t, m, net, model.Prompt{Text: "the größte fr", MaxTokens: 12, Logprobs: true, TopLogprobs: 2, TopP: 1})
		require.True(t, strings.HasPrefix(got, "og sat on the "), "%q", got)
		require.Equal(t, "length", last.Finish)
		require.Equal(t, &model.Usage{Prompt: 4, Completion: 12}, last.Usage)
		require.Len(t, told, 12)
		for _, l := range told {
			require.LessOrEqual(t, l.Logprob, 0.0)
			require.Equal(t, l.Token, l.Top[0].Token)
		}
		require.Equal(t, 12, net.well[0])
		require.Equal(t, 12, net.well[1], "every step counts as an observation of the gateway")
	})
	t.Run("after a word without a blank", func(t *testing.T) {
		got, _, _ := write(t, m, net, model.Prompt{Text: "the cat sat on the mat", MaxTokens: 4, TopP: 1})
		require.True(t, strings.HasPrefix(got, ". the "), "a full stop, though miners believe in blanks where validators cut: %q", got)
	})
	t.Run("a seed gives the same text", func(t *testing.T) {
		p := model.Prompt{Text: "the", MaxTokens: 20, Temperature: 1, TopP: 1, Seed: &one}
		a, _, _ := write(t, m, net, p)
		b, _, _ := write(t, m, net, p)
		require.Equal(t, a, b)
		texts := map[string]bool{}
		for seed := range uint64(8) {
			p.Seed = &seed
			c, _, _ := write(t, m, net, p)
			texts[c] = true
		}
		require.Greater(t, len(texts), 1)
	})
	t.Run("stop", func(t *testing.T) {
		got, last, _ := write(t, m, net, model.Prompt{Text: "the dog", MaxTokens: 50, TopP: 1, Stop: []string{" on"}})
		require.Equal(t, " sat", got)
		require.Equal(t, "stop", last.Finish)
	})
	t.Run("a conversation", func(t *testing.T) {
		got, _, _ := write(t, m, net, model.Prompt{Messages: []model.Message{{Role: "user", Content: "the"}}, MaxTokens: 5, TopP: 1})
		require.NotEmpty(t, got)
	})
	t.Run("what it cannot do", func(t *testing.T) {
		for _, p := range []model.Prompt{{Text: "a", MaxTokens: 1, FrequencyPenalty: 1}, {Text: "a", MaxTokens: 1, Tools: json.RawMessage(`[{}]`)}} {
			require.ErrorIs(t, m.Generate(t.Context(), net, p, nil), model.ErrRequest)
		}
	})
	t.Run("ends with emit's error", func(t *testing.T) {
		gone := errors.New("gone")
		require.ErrorIs(t, m.Generate(t.Context(), net, model.Prompt{Text: "the", MaxTokens: 5, TopP: 1}, func(model.Piece) error { return gone }), gone)
	})
}

func TestMembersThatFail(t *testing.T) {
	good := always(0.2, says(" yes", 1.0))
	nonsense := always(0.3, model.Prediction{Floor: 0.2})
	for name, c := range map[string]struct {
		bad  neuron
		kind error
	}{
		"one that refuses":       {fails(0.8), nil},
		"one that talks rubbish": {nonsense, mechanism.ErrBadAnswer},
		"one that says nothing": {neuron{share: 1, state: "up", answer: func(context.Context, *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			return &textv1.PredictResponse{}, nil
		}}, mechanism.ErrBadAnswer},
		"one that hangs": {hangs(0.8), context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newNetwork(c.bad, good)
				begin := time.Now()
				got, _, _ := write(t, newMixture(t, mixture.Config{StepTimeout: time.Second}), net, model.Prompt{Text: "a", MaxTokens: 6, TopP: 1})
				require.Equal(t, strings.Repeat(" yes", 6), got)
				require.Len(t, net.badly[0], 2, "asked no third time")
				require.LessOrEqual(t, time.Since(begin), 2*time.Second)
				if c.kind != nil {
					require.ErrorIs(t, net.badly[0][0], c.kind)
				}
			})
		})
	}
	t.Run("one of little weight that hangs keeps nobody waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			net := newNetwork(always(0.8, says(" yes", 1.0)), hangs(0.2))
			begin := time.Now()
			got, _, _ := write(t, newMixture(t, mixture.Config{Patience: 300 * time.Millisecond}), net, model.Prompt{Text: "a", MaxTokens: 6, TopP: 1})
			require.Equal(t, strings.Repeat(" yes", 6), got)
			require.Equal(t, 600*time.Millisecond, time.Since(begin), "two steps with patience, then without it")
		})
	})
	t.Run("one of great weight is waited for", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			slow := always(0.8, says(" no", 1.0))
			inner := slow.answer
			slow.answer = func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
				time.Sleep(2 * time.Second)
				return inner(ctx, req)
			}
			net := newNetwork(always(0.2, says(" yes", 1.0)), slow)
			got, _, _ := write(t, newMixture(t, mixture.Config{Patience: 300 * time.Millisecond}), net, model.Prompt{Text: "a", MaxTokens: 3, TopP: 1})
			require.Equal(t, strings.Repeat(" no", 3), got)
		})
	})
	t.Run("a single failure is forgiven", func(t *testing.T) {
		calls := 0
		now := always(0.8, says(" no", 1.0))
		inner := now.answer
		now.answer = func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			if calls++; calls%2 == 1 {
				return nil, errors.New("hiccup")
			}
			return inner(ctx, req)
		}
		got, _, _ := write(t, newMixture(t, mixture.Config{}), newNetwork(now, good), model.Prompt{Text: "a", MaxTokens: 4, TopP: 1})
		require.Equal(t, " yes no yes no", got)
	})
	t.Run("nobody is left", func(t *testing.T) {
		err := newMixture(t, mixture.Config{}).Generate(t.Context(), newNetwork(fails(0.5), fails(0.5)), model.Prompt{Text: "a", MaxTokens: 4, TopP: 1}, nil)
		require.ErrorIs(t, err, mechanism.ErrUpstream)
	})
	t.Run("nobody has an opinion", func(t *testing.T) {
		err := newMixture(t, mixture.Config{}).Generate(t.Context(), newNetwork(always(1, model.NoOpinion())), model.Prompt{Text: "a", MaxTokens: 4, TopP: 1}, nil)
		require.ErrorIs(t, err, mechanism.ErrUpstream)
	})
	t.Run("the caller gives up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			begin := time.Now()
			err := newMixture(t, mixture.Config{}).Generate(ctx, newNetwork(hangs(1)), model.Prompt{Text: "a", MaxTokens: 4, TopP: 1}, nil)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, time.Second, time.Since(begin))
		})
	})
}

func TestPick(t *testing.T) {
	with := func(share float64, state string) neuron { return neuron{share: share, state: state} }
	for name, c := range map[string]struct {
		neurons []neuron
		want    map[gotensor.UID]float64
	}{
		"those that earn most":         {[]neuron{with(0.1, "up"), with(0.2, "up"), with(0.3, "up"), with(0.15, "up"), with(0.25, "up")}, map[gotensor.UID]float64{2: 3. / 9, 4: 2.5 / 9, 1: 2. / 9, 3: 1.5 / 9}},
		"of those that are up":         {[]neuron{with(0.5, "down"), with(0.2, "up"), with(0.2, "unknown"), with(0.1, "trying")}, map[gotensor.UID]float64{1: 1}},
		"who earns nothing adds none":  {[]neuron{with(0, "up"), with(0.2, "up")}, map[gotensor.UID]float64{1: 1}},
		"unless nobody earns anything": {[]neuron{with(0, "up"), with(0, "up")}, map[gotensor.UID]float64{0: 0.5, 1: 0.5}},
		"at the very start":            {[]neuron{with(0.3, "unknown"), with(0.1, "unknown"), with(0.9, "down")}, map[gotensor.UID]float64{0: 0.75, 1: 0.25}},
	} {
		t.Run(name, func(t *testing.T) {
			members, err := newMixture(t, mixture.Config{}).Pick(newNetwork(c.neurons...))
			require.NoError(t, err)
			require.Len(t, members, len(c.want))
			for _, m := range members {
				require.InDelta(t, c.want[m.Peer.UID], m.Share, 1e-12)
			}
			require.True(t, slices.IsSortedFunc(members, func(a, b mixture.Member) int {
				return -slices.Compare([]float64{a.Share}, []float64{b.Share})
			}))
		})
	}
	for _, net := range []*network{newNetwork(), newNetwork(with(1, "down"))} {
		_, err := newMixture(t, mixture.Config{}).Pick(net)
		require.ErrorIs(t, err, mechanism.ErrNoNeuron)
	}
}

func TestStep(t *testing.T) {
	var asked *textv1.PredictRequest
	first := always(0.6, says(" a", 0.5, " b", 0.5))
	inner := first.answer
	first.answer = func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		asked = req
		return inner(ctx, req)
	}
	net := newNetwork(first, always(0.2, says(" c", 1.0)), fails(0.2))
	m := newMixture(t, mixture.Config{})
	answers, err := m.Step(t.Context(), net, []byte(strings.Repeat("ö", 200)), 10)
	require.NoError(t, err)
	require.Len(t, answers, 3)
	require.InDelta(t, 0.75, answers[0].Share, 1e-12)
	require.InDelta(t, 0.25, answers[1].Share, 1e-12)
	require.Zero(t, answers[2].Share)
	require.Error(t, answers[2].Err)
	require.Equal(t, show(says(" c", 1.0)), show(answers[1].Prediction))
	require.True(t, asked.GetAnywhere())
	require.Equal(t, strings.Repeat("ö", 128), string(asked.GetContexts()[0]), "the end that the subnet allows")
	for _, k := range []int{0, 513} {
		_, err = m.Step(t.Context(), net, nil, k)
		require.ErrorIs(t, err, model.ErrRequest)
	}
}

func TestContextsDoNotBeginWithinACharacter(t *testing.T) {
	var asked []byte
	n := always(1, says("x", 1.0))
	inner := n.answer
	n.answer = func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		asked = req.GetContexts()[0]
		return inner(ctx, req)
	}
	_, err := newMixture(t, mixture.Config{}).Step(t.Context(), newNetwork(n), []byte(strings.Repeat("ö", 200)+"x"), 10)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("ö", 127)+"x", string(asked))
}

func TestNew(t *testing.T) {
	for _, cfg := range []mixture.Config{{Members: 65}, {Members: -1}, {StepTimeout: -1}, {Failures: -1}} {
		_, err := mixture.New(cfg)
		require.ErrorIs(t, err, mixture.ErrConfig)
	}
	_, err := mixture.New(mixture.Config{Settings: text.Settings{Items: 1}})
	require.ErrorIs(t, err, text.ErrSettings)
}

func ExampleMixture_Generate() {
	net := newNetwork(always(0.7, says(" one", 0.6, " two", 0.4)), always(0.3, says(" two", 0.9, " three", 0.1)))
	m, _ := mixture.New(mixture.Config{Members: 2})
	seed := uint64(1)
	p := model.Prompt{Text: "count:", MaxTokens: 6, Temperature: 1, TopP: 1, Seed: &seed}
	_ = m.Generate(context.Background(), net, p, func(p model.Piece) error {
		fmt.Print(p.Text)
		return nil
	})
	// Output: two two two two two two
}

// BenchmarkPhrase is one step of a text: four n-grams in this process, their mixture and a draw, without any network.
func BenchmarkPhrase(b *testing.B) {
	a := half(b, 0, "")
	var neurons []neuron
	for order := 4; order <= 7; order++ {
		neurons = append(neurons, serves(b, float64(order), trained(b, "", order, a)))
	}
	m, net := newMixture(b, mixture.Config{}), newNetwork(neurons...)
	p := model.Prompt{Text: "It was in the evening that Tom", MaxTokens: b.N, Temperature: 0.8, TopP: 0.95}
	b.ResetTimer()
	text, _, _ := write(b, m, net, p)
	b.Logf("%q", text[:min(len(text), 400)])
}
