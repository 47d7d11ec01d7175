package text_test

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/model/ngram"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

func settings() text.Settings {
	s := text.DefaultSettings()
	s.Items, s.ContextBytes, s.DeadlineMs, s.RoundMs, s.KMax, s.Group = 8, 64, 200, 500, 64, 4
	return s
}

// answerer is one miner without a network.
type answerer func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error)

// line connects to an answerer.
type line struct {
	answer answerer
	hotkey gotensor.Address
}

func (l line) Invoke(ctx context.Context, _ string, args, reply any, _ ...grpc.CallOption) error {
	resp, err := l.answer(ctx, args.(*textv1.PredictRequest))
	if err == nil {
		proto.Merge(reply.(proto.Message), resp)
	}
	return err
}

func (l line) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	if method != textv1.Text_PredictSealed_FullMethodName {
		return nil, errors.New("no such stream here")
	}
	return &sealedLine{line: l, ctx: ctx}, nil
}

// sealedLine seals what the answerer says and opens it at once.
type sealedLine struct {
	grpc.ClientStream
	line
	ctx  context.Context //nolint:containedctx // a stream has one
	req  *textv1.PredictRequest
	send []*textv1.SealedPrediction
}

func (s *sealedLine) SendMsg(m any) error {
	s.req = m.(*textv1.PredictRequest)
	return nil
}

func (s *sealedLine) CloseSend() error { return nil }

func (s *sealedLine) RecvMsg(m any) error {
	if s.req != nil {
		resp, err := s.answer(s.ctx, s.req)
		if err != nil {
			return err
		}
		raw, err := proto.Marshal(resp)
		if err != nil {
			return err
		}
		sealed, opened := text.Seal(s.hotkey, raw)
		s.req, s.send = nil, []*textv1.SealedPrediction{sealed, opened}
	}
	if len(s.send) == 0 {
		return io.EOF
	}
	proto.Merge(m.(proto.Message), s.send[0])
	s.send = s.send[1:]
	return nil
}

type network map[gotensor.UID]answerer

func (n network) To(neuron metagraph.Neuron) grpc.ClientConnInterface {
	return line{n[neuron.UID], neuron.Hotkey}
}

func (n network) metagraph(t *testing.T) (*metagraph.Metagraph, []metagraph.Neuron) {
	t.Helper()
	neurons := make([]metagraph.Neuron, len(n))
	for i := range neurons {
		neurons[i] = metagraph.Neuron{
			UID: gotensor.UID(i), Hotkey: gotensor.Address{byte(i + 1), byte((i + 1) >> 8)}, Coldkey: gotensor.Address{byte(i + 1), byte((i + 1) >> 8)}, Registered: 1,
			Endpoint: metagraph.Endpoint{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte((i + 1) >> 8), byte(i + 1)}), 9000)},
		}
	}
	m, err := metagraph.New(metagraph.Info{NetUID: 1}, neurons)
	require.NoError(t, err)
	return m, neurons
}

// littleText is so few bytes of each source for the reference that models of order 2 gain over it too, as on a local network.
const littleText = 100

// trained are models of three orders and a reference that knows little, shared by all tests.
var trained = sync.OnceValues(func() (map[int]*ngram.Model, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	out := map[int]*ngram.Model{}
	for _, order := range []int{2, 4, 6} {
		if out[order], err = ngram.Train(context.Background(), order, dataset.Text(dataset.Training, sources...), nil); err != nil {
			return nil, err
		}
	}
	return out, nil
})

func newJudge(t *testing.T, state []byte) *text.Judge {
	t.Helper()
	return newJudgeBy(t, text.RuleGain, state)
}

func newJudgeBy(t *testing.T, rule string, state []byte) *text.Judge {
	t.Helper()
	set := settings()
	set.Rule = rule
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	reference, err := ngram.NewReference(t.Context(), dataset.Excerpt(dataset.Reference, littleText, sources...))
	require.NoError(t, err)
	j, err := text.NewJudge(text.JudgeConfig{
		Settings: set, Sources: sources, Reference: reference.AtWords(), Rand: rand.New(rand.NewPCG(1, 2)), State: state,
	})
	require.NoError(t, err)
	return j
}

func honest(t *testing.T, order int) answerer {
	t.Helper()
	models, err := trained()
	require.NoError(t, err)
	server, err := text.NewServer(text.ServerConfig{Predictor: models[order].AtWords(), Settings: settings(), Hotkey: hotkey(), AtOnce: text.Everybody})
	require.NoError(t, err)
	return server.Predict
}

// bad are miners that must end at zero and harm nobody.
func bad() map[string]answerer {
	each := func(req *textv1.PredictRequest, p *textv1.Prediction) *textv1.PredictResponse {
		out := &textv1.PredictResponse{}
		for range req.Contexts {
			out.Predictions = append(out.Predictions, p)
		}
		return out
	}
	sure := func(p float64) *textv1.Prediction {
		return &textv1.Prediction{Arena: []byte(" zz"), Lengths: []byte{3}, Probabilities: []float64{p}, Floor: 1 - p}
	}
	return map[string]answerer{
		"wrong and sure": func(_ context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			return each(req, sure(1)), nil
		},
		"NaN": func(_ context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			return each(req, sure(math.NaN())), nil
		},
		"infinite": func(_ context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			return each(req, sure(math.Inf(1))), nil
		},
		"sums to more than one": func(_ context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			return each(req, &textv1.Prediction{Arena: []byte(" a b"), Lengths: []byte{2, 2}, Probabilities: []float64{0.9, 0.9}, Floor: 0.1}), nil
		},
		"columns that do not fit": func(_ context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			return each(req, &textv1.Prediction{Arena: []byte("x"), Lengths: []byte{200}, Probabilities: []float64{1}}), nil
		},
		"too few predictions": func(context.Context, *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			return &textv1.PredictResponse{Predictions: []*textv1.Prediction{sure(1)}}, nil
		},
		"refuses": func(context.Context, *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			return nil, errors.New("no")
		},
		"never answers": func(ctx context.Context, _ *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"late": func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			<-ctx.Done() // its answer would be right, but nobody waits for it
			return nil, context.Cause(ctx)
		},
	}
}

func TestBetterModelsWeighMoreAndBadOnesNothing(t *testing.T) {
	net := network{0: honest(t, 2), 1: honest(t, 6), 2: honest(t, 4)}
	names := []string{"order 2", "order 6", "order 4"}
	for name, miner := range bad() {
		net[gotensor.UID(len(names))] = miner
		names = append(names, name)
	}
	m, neurons := net.metagraph(t)
	judge := newJudge(t, nil)
	for range 12 {
		require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	}
	row, err := judge.Weights(m)
	require.NoError(t, err)
	weight := make([]uint16, len(names))
	for i, uid := range row.UIDs {
		weight[uid] = row.Weights[i]
	}
	require.Equal(t, uint16(65535), weight[1], "order 6 is the best model")
	require.Greater(t, weight[2], weight[0], "order 4 beats order 2")
	require.Positive(t, weight[0])
	for i := 3; i < len(names); i++ {
		require.Zero(t, weight[i], names[i])
	}
	over := judge.Standings(m)
	require.Equal(t, 12, over.Round)
	require.Len(t, over.Neurons, len(names))
	require.Greater(t, over.Neurons[1].Gain, over.Neurons[2].Gain)
	require.NotNil(t, over.Neurons[1].ModelSize)
	require.Greater(t, *over.Neurons[1].ModelSize, *over.Neurons[0].ModelSize)
}

func TestStateSurvivesARestart(t *testing.T) {
	net := network{0: honest(t, 2), 1: honest(t, 6)}
	m, neurons := net.metagraph(t)
	judge := newJudge(t, nil)
	for range 3 {
		require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	}
	state, err := judge.Encode()
	require.NoError(t, err)
	again := newJudge(t, state)
	require.Equal(t, 3, again.Rounds())
	require.Equal(t, judge.Standings(m), again.Standings(m))
	wantRow, wantErr := judge.Weights(m)
	row, err := again.Weights(m)
	require.Equal(t, wantErr, err)
	require.Equal(t, wantRow, row)
}

func TestDamagedStateIsRefused(t *testing.T) {
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	reference, err := ngram.NewReference(t.Context(), dataset.Excerpt(dataset.Reference, littleText, sources...))
	require.NoError(t, err)
	for name, state := range map[string]string{"no JSON": "x", "another version": `{"version":9}`, "no board": `{"version":1,"rounds":3}`} {
		t.Run(name, func(t *testing.T) {
			_, err := text.NewJudge(text.JudgeConfig{
				Settings: settings(), Sources: sources, Reference: reference.AtWords(), Rand: rand.New(rand.NewPCG(1, 2)), State: []byte(state),
			})
			require.ErrorIs(t, err, text.ErrState)
		})
	}
}

func TestANewHolderOfAUIDStartsAfresh(t *testing.T) {
	net := network{0: honest(t, 2), 1: honest(t, 6)}
	_, neurons := net.metagraph(t)
	judge := newJudge(t, nil)
	for range 12 {
		require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	}
	neurons[1].Registered = 99
	after, err := metagraph.New(metagraph.Info{NetUID: 1}, neurons)
	require.NoError(t, err)
	row, err := judge.Weights(after)
	require.NoError(t, err)
	require.Equal(t, []gotensor.UID{0}, row.UIDs)
}

func TestARoundThatIsCutShortDoesNotCount(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	net := network{0: func(context.Context, *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		cancel()
		return nil, errors.New("shutting down")
	}}
	_, neurons := net.metagraph(t)
	judge := newJudge(t, nil)
	require.ErrorIs(t, judge.Round(ctx, net, mechanism.Period{}, neurons), context.Canceled)
	require.Zero(t, judge.Rounds())
	require.Error(t, judge.Round(t.Context(), net, mechanism.Period{}, nil))
}

func TestNobodyWhoGainsMeansNoWeights(t *testing.T) {
	net := network{0: bad()["refuses"]}
	m, neurons := net.metagraph(t)
	judge := newJudge(t, nil)
	require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	_, err := judge.Weights(m)
	require.ErrorIs(t, err, mechanism.ErrNoWeights)
}

func TestServerRefusesWhatItWasNotAskedFor(t *testing.T) {
	predict := honest(t, 2)
	for name, req := range map[string]*textv1.PredictRequest{
		"no contexts":    {KMax: 4},
		"no candidates":  {Contexts: [][]byte{[]byte("a")}},
		"too many":       {Contexts: [][]byte{[]byte("a")}, KMax: 65},
		"long context":   {Contexts: [][]byte{make([]byte, 65)}, KMax: 4},
		"many contexts":  {Contexts: make([][]byte, settings().Items+1), KMax: 4},
		"nothing at all": {},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := predict(t.Context(), req)
			require.ErrorContains(t, err, "InvalidArgument")
		})
	}
}

func TestSettings(t *testing.T) {
	s, err := text.ParseSettings("")
	require.NoError(t, err)
	require.Equal(t, 12*time.Second, s.Deadline())
	s, err = text.ParseSettings(`{"items": 8, "round_ms": 15000}`)
	require.NoError(t, err)
	require.Equal(t, 8, s.Items)
	for _, broken := range []string{`{`, `{"itmes": 8}`, `{"items": 0}`, `{"k_max": 5000}`, `{"round_ms": 100}`, `{"group": 1}`, `{"rule": "fair"}`} {
		_, err := text.ParseSettings(broken)
		require.ErrorIs(t, err, text.ErrSettings, broken)
	}
}
