package text

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// thinker knows one word and takes its time.
type thinker struct {
	takes time.Duration
	err   error
}

func (thinker) Name() string { return "thinker" }

func (m thinker) Predict(_ context.Context, contexts [][]byte, _ int) ([]model.Prediction, error) {
	time.Sleep(m.takes)
	out := make([]model.Prediction, len(contexts))
	for i := range out {
		out[i] = model.Prediction{Candidates: []model.Candidate{{Text: contexts[i], P: 0.5}}, Floor: 0.5}
	}
	return out, m.err
}

// post is a stream without a network that notes what comes when.
type post struct {
	grpc.ServerStream
	ctx  context.Context //nolint:containedctx // a stream has one
	fail error
	came []time.Time
	got  []*textv1.SealedPrediction
}

func (p *post) Context() context.Context { return p.ctx }

func (p *post) Send(m *textv1.SealedPrediction) error {
	p.came, p.got = append(p.came, time.Now()), append(p.got, m)
	return p.fail
}

func sealing(t *testing.T, cfg ServerConfig) *Server {
	t.Helper()
	if cfg.Settings == (Settings{}) {
		cfg.Settings = DefaultSettings()
	}
	cfg.Hotkey = gotensor.Address{7}
	s, err := NewServer(cfg)
	require.NoError(t, err)
	return s
}

func two() *textv1.PredictRequest {
	return &textv1.PredictRequest{Contexts: [][]byte{[]byte("one"), []byte("two")}, KMax: 8}
}

// TestSealComesFirstAndOpensInTime: the seal is there as soon as the answer is made, the opening not a nanosecond before Hold.
func TestSealComesFirstAndOpensInTime(t *testing.T) {
	for _, takes := range []time.Duration{0, time.Second, 5*time.Second + 999*time.Millisecond, 8 * time.Second} {
		t.Run(takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sealing(t, ServerConfig{Predictor: thinker{takes: takes}})
				p := &post{ctx: t.Context()}
				began := time.Now()
				require.NoError(t, s.PredictSealed(two(), p))
				require.Len(t, p.got, 2)
				require.Equal(t, takes, p.came[0].Sub(began))
				require.Equal(t, max(takes, s.cfg.Settings.held()), p.came[1].Sub(began))

				require.Len(t, p.got[0].GetSeal(), 32)
				require.True(t, proto.Equal(p.got[0], &textv1.SealedPrediction{Seal: p.got[0].GetSeal()}), "a seal and nothing else")
				require.Empty(t, p.got[1].GetSeal())
				answer, err := unseal(gotensor.Address{7}, p.got[0], p.got[1])
				require.NoError(t, err)
				var resp textv1.PredictResponse
				require.NoError(t, proto.Unmarshal(answer, &resp))
				require.Len(t, resp.GetPredictions(), 2)
				require.Equal(t, []byte("two"), resp.GetPredictions()[1].GetArena())

				_, err = unseal(gotensor.Address{8}, p.got[0], p.got[1])
				require.ErrorIs(t, err, ErrSeal, "another neuron cannot pass it off as its own")
			})
		})
	}
}

func TestSealsOfOneAnswerDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sealing(t, ServerConfig{Predictor: thinker{}})
		a, b := &post{ctx: t.Context()}, &post{ctx: t.Context()}
		require.NoError(t, s.PredictSealed(two(), a))
		require.NoError(t, s.PredictSealed(two(), b))
		require.Equal(t, a.got[1].GetAnswer(), b.got[1].GetAnswer())
		require.NotEqual(t, a.got[0].GetSeal(), b.got[0].GetSeal())
		_, err := unseal(gotensor.Address{7}, a.got[0], b.got[1])
		require.ErrorIs(t, err, ErrSeal)
	})
}

func TestUnsealChecksEveryByte(t *testing.T) {
	sealed, opened := seal(gotensor.Address{1}, []byte("answer"))
	got, err := unseal(gotensor.Address{1}, sealed, opened)
	require.NoError(t, err)
	require.Equal(t, []byte("answer"), got)
	for name, c := range map[string]struct {
		seal   []byte
		opened *textv1.SealedPrediction
	}{
		"no seal":      {nil, opened},
		"short seal":   {sealed.GetSeal()[:31], opened},
		"no opening":   {sealed.GetSeal(), nil},
		"other answer": {sealed.GetSeal(), &textv1.SealedPrediction{Nonce: opened.GetNonce(), Answer: []byte("Answer")}},
		"other nonce":  {sealed.GetSeal(), &textv1.SealedPrediction{Nonce: make([]byte, 32), Answer: opened.GetAnswer()}},
		"a byte of the answer in the nonce": {
			sealed.GetSeal(), &textv1.SealedPrediction{Nonce: append(opened.GetNonce()[:32:32], 'a'), Answer: []byte("nswer")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := unseal(gotensor.Address{1}, &textv1.SealedPrediction{Seal: c.seal}, c.opened)
			require.ErrorIs(t, err, ErrSeal)
		})
	}
}

func TestNothingIsSealedWithoutAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		model thinker
		req   *textv1.PredictRequest
		code  codes.Code
	}{
		"bad request":  {thinker{}, &textv1.PredictRequest{KMax: 8}, codes.InvalidArgument},
		"broken model": {thinker{err: errors.New("no")}, two(), codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			p := &post{ctx: t.Context()}
			err := sealing(t, ServerConfig{Predictor: c.model}).PredictSealed(c.req, p)
			require.Equal(t, c.code, status.Code(err))
			require.Empty(t, p.got)
		})
	}
}

func TestWhoeverGivesUpEndsTheHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sealing(t, ServerConfig{Predictor: thinker{}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p := &post{ctx: ctx}
		began := time.Now()
		require.Equal(t, codes.DeadlineExceeded, status.Code(s.PredictSealed(two(), p)))
		require.Equal(t, time.Second, time.Since(began))
		require.Len(t, p.got, 1)
		gone := &post{ctx: t.Context(), fail: errors.New("gone")}
		require.ErrorIs(t, s.PredictSealed(two(), gone), gone.fail)
		require.Len(t, gone.got, 1, "no opening after a seal that did not arrive")
	})
}

// TestWhoIsAnsweredAtOnce: Predict and likeliest tokens tell a prediction at once.
func TestWhoIsAnsweredAtOnce(t *testing.T) {
	open := DefaultSettings()
	open.Sealed = false
	for name, c := range map[string]struct {
		cfg  ServerConfig
		once bool
	}{
		"nobody by default":    {ServerConfig{}, false},
		"nobody":               {ServerConfig{AtOnce: Nobody}, false},
		"everybody":            {ServerConfig{AtOnce: Everybody}, true},
		"a caller without key": {ServerConfig{AtOnce: func(a gotensor.Address) bool { return a.IsZero() }}, true},
		"somebody else":        {ServerConfig{AtOnce: func(a gotensor.Address) bool { return !a.IsZero() }}, false},
		"not sealed":           {ServerConfig{Settings: open, AtOnce: Nobody}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.Predictor, c.cfg.Generator = thinker{}, wordy{}
			s := sealing(t, c.cfg)
			resp, err := s.Predict(t.Context(), two())
			top := s.Generate(&textv1.GenerateRequest{Prompt: "x", MaxTokens: 1, TopP: 1, Logprobs: true, TopLogprobs: 1}, &wire{ctx: t.Context()})
			if c.once {
				require.NoError(t, err)
				require.Len(t, resp.GetPredictions(), 2)
				require.NoError(t, top)
			} else {
				for _, err := range []error{err, top} {
					r, ok := synapse.RefusalOf(err)
					require.True(t, ok)
					require.Equal(t, codes.PermissionDenied, r.Code)
					require.Equal(t, synapse.ReasonSealed, r.Reason)
					require.Contains(t, r.Message, "--at-once")
				}
			}
			plain := &wire{ctx: t.Context()}
			require.NoError(t, s.Generate(&textv1.GenerateRequest{Prompt: "x", MaxTokens: 1, TopP: 1}, plain))
			require.Len(t, plain.got, 1, "texts are for everybody")
			drawn := s.Generate(&textv1.GenerateRequest{Prompt: "x", MaxTokens: 1, TopP: 1, Logprobs: true}, &wire{ctx: t.Context()})
			require.Equal(t, c.once, drawn == nil, "how likely each token was is part of a prediction")
		})
	}
}

func TestSealingNeedsAHotkey(t *testing.T) {
	_, err := NewServer(ServerConfig{Predictor: thinker{}, Settings: DefaultSettings()})
	require.ErrorIs(t, err, ErrServer)
	require.ErrorContains(t, err, "Hotkey")
	open := DefaultSettings()
	open.Sealed = false
	_, err = NewServer(ServerConfig{Predictor: thinker{}, Settings: open})
	require.NoError(t, err)
}

// wordy writes one token and tells the likeliest, asked or not.
type wordy struct{}

func (wordy) Name() string { return "wordy" }

func (wordy) Generate(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error {
	a := model.TokenLogprob{Token: []byte("a"), Logprob: -1}
	return emit(model.Piece{
		Text: "a", Finish: model.FinishStop, Usage: &model.Usage{},
		Logprobs: []model.TokenLogprob{{Token: a.Token, Logprob: a.Logprob, Top: []model.TokenLogprob{a}}},
	})
}

type wire struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // a stream has one
	got []*textv1.GenerateResponse
}

func (w *wire) Context() context.Context { return w.ctx }

func (w *wire) Send(m *textv1.GenerateResponse) error {
	w.got = append(w.got, m)
	return nil
}

func ExampleSettings_Hold() {
	s := DefaultSettings()
	fmt.Println(s.Deadline(), s.Hold())
	// Output: 12s 6s
}
