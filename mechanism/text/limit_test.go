package text_test

import (
	"context"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// hostile answers whatever it likes.
type hostile struct {
	textv1.UnimplementedTextServer
	answer *textv1.PredictResponse
}

func (h hostile) Predict(context.Context, *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	return h.answer, nil
}

func ask(t *testing.T, answer *textv1.PredictResponse, contexts, k int) (*textv1.PredictResponse, error) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	textv1.RegisterTextServer(server, hostile{answer: answer})
	go func() { _ = server.Serve(lis) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///"+lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return textv1.NewTextClient(conn).Predict(ctx, &textv1.PredictRequest{Contexts: make([][]byte, contexts)}, text.AnswerLimits(contexts, k)...)
}

// largest is the largest answer that the rules allow.
func largest(contexts, k int) *textv1.PredictResponse {
	p := &textv1.Prediction{Arena: make([]byte, 16*k), Lengths: make([]byte, k), Probabilities: make([]float64, k), Floor: 1}
	answer := &textv1.PredictResponse{}
	for range contexts {
		answer.Predictions = append(answer.Predictions, p)
	}
	return answer
}

func TestAnswersAreBoundedBeforeTheyAreDecoded(t *testing.T) {
	for _, k := range []int{1, 2, 512, 4096} {
		got, err := ask(t, largest(8, k), 8, k)
		require.NoError(t, err, "the largest legal answer with %d candidates", k)
		require.Len(t, got.GetPredictions(), 8)
	}
	t.Run("too large", func(t *testing.T) {
		_, err := ask(t, largest(8, 600), 8, 512)
		require.Equal(t, codes.ResourceExhausted, status.Code(err))
	})
	t.Run("one prediction too many", func(t *testing.T) {
		got, err := ask(t, largest(9, 1), 8, 512)
		require.NoError(t, err)
		require.Empty(t, got.GetPredictions())
	})
	t.Run("empty predictions by the thousand", func(t *testing.T) {
		many := &textv1.PredictResponse{Predictions: make([]*textv1.Prediction, 50_000)}
		for i := range many.Predictions {
			many.Predictions[i] = &textv1.Prediction{}
		}
		var got *textv1.PredictResponse
		allocated := testing.AllocsPerRun(1, func() {
			var err error
			got, err = ask(t, many, 8, 512)
			require.NoError(t, err)
		})
		require.Empty(t, got.GetPredictions())
		require.Less(t, allocated, 50_000.0, "not one allocation for each")
	})
}

// optioned shows the options of every call.
type optioned struct {
	network
	look func([]grpc.CallOption)
}

type optionedConn struct {
	grpc.ClientConnInterface
	look func([]grpc.CallOption)
}

func (o optioned) To(n metagraph.Neuron) grpc.ClientConnInterface {
	return optionedConn{o.network.To(n), o.look}
}

func (o optionedConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	o.look(opts)
	return o.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

func (o optionedConn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	o.look(opts)
	return o.ClientConnInterface.NewStream(ctx, desc, method, opts...)
}

// The judge asks with these limits: else one hostile miner of 16 MB takes a gigabyte of its validator.
func TestJudgeBoundsAnswers(t *testing.T) {
	s := settings()
	seen := 0
	judge := newJudge(t, nil)
	net := optioned{network{0: honest(t, 2)}, func(opts []grpc.CallOption) {
		for _, o := range opts {
			if limit, ok := o.(grpc.MaxRecvMsgSizeCallOption); ok {
				seen = limit.MaxRecvMsgSize
			}
		}
	}}
	_, neurons := net.metagraph(t)
	require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	require.Positive(t, seen)
	require.Less(t, seen, 2*s.Items*s.KMax*25)
}

func TestStateWithAMinerOfNothing(t *testing.T) {
	judge := newJudge(t, nil)
	net := network{0: honest(t, 2)}
	_, neurons := net.metagraph(t)
	require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	state, err := judge.Encode()
	require.NoError(t, err)
	damaged := regexp.MustCompile(`"miners":\{("[^"]+"):\{[^}]*\}`).ReplaceAll(state, []byte(`"miners":{$1:null`))
	require.NotEqual(t, string(state), string(damaged))
	again := newJudge(t, damaged)
	require.NoError(t, again.Round(t.Context(), net, mechanism.Period{}, neurons))
}

func TestMaxRequestHoldsTheLargestHonestCall(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	for _, size := range []int{1, 256, 65536} {
		s := text.DefaultSettings()
		s.ContextBytes = size
		server, err := text.NewServer(text.ServerConfig{Predictor: models[2], Settings: s, Hotkey: hotkey(), AtOnce: text.Everybody})
		require.NoError(t, err)
		req := &textv1.PredictRequest{KMax: uint32(s.KMax)}
		for range s.Items {
			req.Contexts = append(req.Contexts, make([]byte, size))
		}
		require.GreaterOrEqual(t, server.Describe().MaxRequest, proto.Size(req))
		asJSON, err := protojson.Marshal(req)
		require.NoError(t, err)
		require.GreaterOrEqual(t, server.Describe().MaxRequest, len(asJSON))
	}
}
