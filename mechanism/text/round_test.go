package text_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// noOpinion answers that anything may come.
func noOpinion(_ context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	out := &textv1.PredictResponse{}
	for range req.Contexts {
		out.Predictions = append(out.Predictions, &textv1.Prediction{Floor: 1})
	}
	return out, nil
}

// TestGroupsAreAskedAtOnce: nobody is asked when others have answered already, whatever group they are in.
func TestGroupsAreAskedAtOnce(t *testing.T) {
	const n = 12 // three groups
	var all sync.WaitGroup
	all.Add(n)
	waiting := func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		all.Done()
		all.Wait()
		return noOpinion(ctx, req)
	}
	net := network{}
	for uid := range n {
		net[gotensor.UID(uid)] = waiting
	}
	m, neurons := net.metagraph(t)
	j := judgeWith(t, func(c *text.JudgeConfig) {
		c.Settings.Sealed, c.Settings.Probes, c.Settings.DeadlineMs, c.Settings.RoundMs = true, 0, 60_000, 60_000
	})
	began := time.Now()
	require.NoError(t, j.Round(t.Context(), net, mechanism.Period{}, neurons))
	require.Less(t, time.Since(began), 20*time.Second)
	for _, s := range j.Standings(m).Neurons {
		require.Zero(t, s.Silent)
	}
}

// TestLaterBatchesAreAskedOtherQuestions: what could be told from one batch to the next is worth nothing.
func TestLaterBatchesAreAskedOtherQuestions(t *testing.T) {
	const n = text.MostAtOnce + 40
	var mu sync.Mutex
	asked := map[string]int{}
	net := network{}
	for uid := range n {
		net[gotensor.UID(uid)] = func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, c := range req.Contexts {
				asked[string(c)]++
			}
			return nil, errors.New("no")
		}
	}
	_, neurons := net.metagraph(t)
	j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings.Sealed = true })
	require.NoError(t, j.Round(t.Context(), net, mechanism.Period{}, neurons))
	s := settings()
	apart := s.Items / 4
	count := map[bool]int{}
	for _, times := range asked {
		count[times == n]++
		require.True(t, times == n || times <= text.MostAtOnce)
	}
	require.Equal(t, map[bool]int{true: apart, false: 2 * (s.Items - apart)}, count, "all are asked the same about texts, as it does not pay")
}

// breaker sends a seal and then something else, or nothing.
type breaker struct {
	textv1.UnimplementedTextServer
	then func(grpc.ServerStreamingServer[textv1.SealedPrediction]) error
}

func (b breaker) PredictSealed(_ *textv1.PredictRequest, s grpc.ServerStreamingServer[textv1.SealedPrediction]) error {
	if err := s.Send(&textv1.SealedPrediction{Seal: make([]byte, 32)}); err != nil {
		return err
	}
	return b.then(s)
}

// TestABrokenSealIsWrongAndNoSealIsSilence goes over real gRPC, with a real miner beside those that break the rules.
func TestABrokenSealIsWrongAndNoSealIsSilence(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	s := settings()
	s.DeadlineMs, s.RoundMs, s.Probes = 2_000, 2_000, 0
	serving := func(own gotensor.Address, takes time.Duration) textv1.TextServer {
		server, err := text.NewServer(text.ServerConfig{Predictor: slow{models[4].AtWords(), takes}, Settings: s, Hotkey: own})
		require.NoError(t, err)
		return server
	}
	nothing := func(grpc.ServerStreamingServer[textv1.SealedPrediction]) error { return nil }
	net := wires{}
	net.serve(t, serving(gotensor.Address{1}, 0))
	net.serve(t, serving(gotensor.Address{9}, 0)) // it stands behind another's uid
	net.serve(t, serving(gotensor.Address{3}, 1_200*time.Millisecond))
	net.serve(t, breaker{then: nothing})
	net.serve(t, breaker{then: func(s grpc.ServerStreamingServer[textv1.SealedPrediction]) error {
		return s.Send(&textv1.SealedPrediction{Nonce: make([]byte, 32), Answer: []byte("x")})
	}})
	net.serve(t, breaker{then: func(s grpc.ServerStreamingServer[textv1.SealedPrediction]) error { return errors.New("broken") }})
	net.serve(t, breaker{then: func(s grpc.ServerStreamingServer[textv1.SealedPrediction]) error {
		<-s.Context().Done()
		return nil
	}})
	m, neurons := net.metagraph(t)
	j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings = s; c.Settings.Group = 64 })
	require.NoError(t, j.Round(t.Context(), net, mechanism.Period{}, neurons))
	worst := math.Log(score.Defaults().Lambda)
	for i, want := range []struct {
		gain   float64 // NaN: any but 0
		silent int
	}{{math.NaN(), 0}, {worst, 0}, {0, 1}, {worst, 0}, {worst, 0}, {0, 1}, {0, 1}} {
		got := j.Standings(m).Neurons[i]
		require.Equal(t, want.silent, got.Silent, i)
		if math.IsNaN(want.gain) {
			require.NotZero(t, got.Gain)
			require.Greater(t, got.Gain, worst)
		} else {
			require.InDelta(t, want.gain, got.Gain, 1e-9, i)
		}
	}
}

// slow is a model that takes its time.
type slow struct {
	model.Predictor
	takes time.Duration
}

func (s slow) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
	}
	return s.Predictor.Predict(ctx, contexts, k)
}

// giveaway predicts what it was asked to write about, as if it had learned the answer meanwhile, and has no opinion on all else.
type giveaway struct {
	*remembering
	known int
}

func (g *giveaway) Predict(_ context.Context, contexts [][]byte, _ int) ([]model.Prediction, error) {
	out := make([]model.Prediction, len(contexts))
	for i, c := range contexts {
		out[i].Floor = 1
		g.mu.Lock()
		if g.seen[string(c)] {
			g.known++
			out[i] = model.Prediction{Candidates: []model.Candidate{{Text: []byte(" "), P: 1}}} // truths begin so
		}
		g.mu.Unlock()
	}
	return out, nil
}

// TestWhatTextsWereAskedAboutDoesNotPay: those who wrote know these questions a round ahead.
func TestWhatTextsWereAskedAboutDoesNotPay(t *testing.T) {
	for name, shard := range map[string]int{"all of the text": 0, "a shard": 6} {
		t.Run(name, func(t *testing.T) {
			models, err := trained()
			require.NoError(t, err)
			net := wires{}
			g := &giveaway{remembering: &remembering{Model: models[4], cheap: models[2], seen: map[string]bool{}}}
			net.connect(t, g, g)
			net.connect(t, models[4].AtWords(), models[4])
			m, neurons := net.metagraph(t)
			j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings.Probes, c.Settings.Shard = 2, shard })
			for range 10 {
				require.NoError(t, j.Round(t.Context(), net, mechanism.Period{Number: 1, Beacon: [32]byte{1}}, neurons))
				j.WaitTexts()
			}
			require.Equal(t, 2*9, g.known, "it was asked about all that it had to write about")
			got := j.Standings(m).Neurons
			require.Zero(t, got[0].Gain)
			require.Zero(t, got[0].Weight)
			require.Positive(t, got[1].Gain)
		})
	}
}

// TestStateWithQuestionsOfOldIsTakenUp: earlier versions kept the coming questions.
func TestStateWithQuestionsOfOldIsTakenUp(t *testing.T) {
	net := network{0: honest(t, 2)}
	m, neurons := net.metagraph(t)
	judge := newJudge(t, nil)
	require.NoError(t, judge.Round(t.Context(), net, mechanism.Period{}, neurons))
	state, err := judge.Encode()
	require.NoError(t, err)
	old := append([]byte(`{"next":[{"source":0,"context":"YQ==","truth":"Yg==","apart":true}],`), state[1:]...)
	again := newJudge(t, old)
	require.Equal(t, judge.Standings(m), again.Standings(m))
	require.NoError(t, again.Round(t.Context(), net, mechanism.Period{}, neurons))
}
