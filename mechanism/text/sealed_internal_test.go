package text

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// handler is the serving side of PredictSealed.
type handler func(*textv1.PredictRequest, grpc.ServerStreamingServer[textv1.SealedPrediction]) error

// network connects to one handler; every message takes way, and nothing is lost. With 0 it is faster than any real one.
type network struct {
	serve handler
	way   time.Duration
}

func (n network) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return errors.New("streams only")
}

func (n network) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return &stream{network: n, ctx: ctx, came: make(chan *textv1.SealedPrediction, 8), ended: make(chan error, 1)}, nil
}

// stream is both ends of a call.
type stream struct {
	grpc.ClientStream
	network
	ctx   context.Context //nolint:containedctx // a stream has one
	came  chan *textv1.SealedPrediction
	ended chan error
}

func (s *stream) CloseSend() error { return nil }

func (s *stream) SendMsg(m any) error {
	go func() {
		time.Sleep(s.way)
		err := s.serve(proto.CloneOf(m.(*textv1.PredictRequest)), &farEnd{stream: s})
		time.Sleep(s.way)
		close(s.came)
		s.ended <- err
	}()
	return nil
}

func (s *stream) RecvMsg(m any) error {
	select {
	case got, ok := <-s.came:
		if ok {
			proto.Merge(m.(proto.Message), got)
			return nil
		}
		if err := <-s.ended; err != nil {
			return err
		}
		return io.EOF
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

type farEnd struct {
	grpc.ServerStream
	*stream
}

func (f *farEnd) Context() context.Context { return f.ctx }

func (f *farEnd) RecvMsg(any) error { return io.EOF }

func (f *farEnd) SendMsg(any) error { return errors.New("use Send") }

func (f *farEnd) Send(m *textv1.SealedPrediction) error {
	time.Sleep(f.way)
	f.came <- m
	return nil
}

// hotkeys of those who take part.
var victim, relayer = gotensor.Address{7}, gotensor.Address{8}

func askSealed(ctx context.Context, serve handler, way time.Duration, hotkey gotensor.Address) (*textv1.PredictResponse, error) {
	s := DefaultSettings()
	ctx, cancel := context.WithTimeout(ctx, s.Deadline())
	defer cancel()
	return PredictSealed(ctx, network{serve, way}, hotkey, two(), s.Hold())
}

// bubble runs a test on a clock of its own, until every call has ended.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t)
		time.Sleep(2 * time.Hour)
	})
}

func TestASealCountsUpToHalfOfTheDeadline(t *testing.T) {
	hold := DefaultSettings().Hold()
	for name, c := range map[string]struct {
		takes, way time.Duration
		late       bool
	}{
		"at once":                   {0, 0, false},
		"just in time":              {hold - 1, 0, false},
		"at the very moment":        {hold, 0, true},
		"late":                      {hold + time.Second, 0, true},
		"in time with its ways":     {hold - 2*time.Second, time.Second - 1, false},
		"made in time, came late":   {hold - 2*time.Second, time.Second, true},
		"never while anybody waits": {time.Hour, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				t.Helper()
				began := time.Now()
				resp, err := askSealed(t.Context(), sealing(t, ServerConfig{Predictor: thinker{takes: c.takes}}).PredictSealed, c.way, victim)
				if c.late {
					require.ErrorIs(t, err, errLateSeal)
					require.NotErrorIs(t, err, ErrSeal, "silent, not wrong")
					require.Equal(t, hold, time.Since(began), "nobody waits longer for it")
					return
				}
				require.NoError(t, err)
				require.Len(t, resp.GetPredictions(), 2)
				require.Equal(t, DefaultSettings().held()+2*c.way, time.Since(began)-c.way, "the opening and the end of the call")
			})
		})
	}
}

// TestNobodyPassesAnAnswerOn: whoever forwards a question to a neuron that seals has nothing to seal when its own seal is due, however
// quick all three and the ways between them are.
func TestNobodyPassesAnAnswerOn(t *testing.T) {
	for name, ways := range map[string]struct{ toRelay, toVictim time.Duration }{
		"no ways at all":        {0, 0},
		"next to the victim":    {time.Second, 0},
		"next to the validator": {0, time.Millisecond},
		"slow":                  {time.Second, time.Second},
	} {
		for how, relay := range map[string]func(*textv1.PredictRequest, grpc.ServerStreamingServer[textv1.SealedPrediction], grpc.ServerStreamingClient[textv1.SealedPrediction]) error{
			"seals what was opened": relayOpened,
			"hands on both":         relayBoth,
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					t.Helper()
					honest := network{sealing(t, ServerConfig{Predictor: thinker{}}).PredictSealed, ways.toVictim}
					_, err := askSealed(t.Context(), func(req *textv1.PredictRequest, out grpc.ServerStreamingServer[textv1.SealedPrediction]) error {
						in, err := textv1.NewTextClient(honest).PredictSealed(out.Context(), req)
						if err != nil {
							return err
						}
						return relay(req, out, in)
					}, ways.toRelay, relayer)
					if how == "hands on both" {
						require.ErrorIs(t, err, ErrSeal, "the seal is the victim's, and not the relay's")
					} else {
						require.ErrorIs(t, err, errLateSeal)
					}
					resp, err := askSealed(t.Context(), honest.serve, ways.toVictim, victim)
					require.NoError(t, err, "the victim itself is in time")
					require.Len(t, resp.GetPredictions(), 2)
				})
			})
		}
	}
}

// relayOpened waits for the victim's answer and seals it as its own.
func relayOpened(_ *textv1.PredictRequest, out grpc.ServerStreamingServer[textv1.SealedPrediction], in grpc.ServerStreamingClient[textv1.SealedPrediction]) error {
	if _, err := in.Recv(); err != nil {
		return err
	}
	opened, err := in.Recv()
	if err != nil {
		return err
	}
	sealed, again := seal(relayer, opened.GetAnswer())
	if err := out.Send(sealed); err != nil {
		return err
	}
	return out.Send(again)
}

// relayBoth passes the victim's messages on as they are.
func relayBoth(_ *textv1.PredictRequest, out grpc.ServerStreamingServer[textv1.SealedPrediction], in grpc.ServerStreamingClient[textv1.SealedPrediction]) error {
	for range 2 {
		m, err := in.Recv()
		if err != nil {
			return err
		}
		if err := out.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// TestWhatBreaksASeal: what a neuron did is its fault; what did not come is nobody's.
func TestWhatBreaksASeal(t *testing.T) {
	good, err := proto.Marshal(&textv1.PredictResponse{Predictions: []*textv1.Prediction{{Floor: 1}, {Floor: 1}}})
	require.NoError(t, err)
	sealed, opened := seal(victim, good)
	_, other := seal(victim, good)
	foreignSeal, foreign := seal(relayer, good)
	garbageSeal, garbage := seal(victim, []byte{0x0a, 0xff})
	refused := errors.New("the connection broke")
	for name, c := range map[string]struct {
		send  []*textv1.SealedPrediction
		end   error
		fault bool // ErrSeal
		ok    bool
	}{
		"in order":                    {[]*textv1.SealedPrediction{sealed, opened}, nil, false, true},
		"in order, a broken end":      {[]*textv1.SealedPrediction{sealed, opened}, refused, false, true},
		"another nonce":               {[]*textv1.SealedPrediction{sealed, other}, nil, true, false},
		"another neuron's":            {[]*textv1.SealedPrediction{foreignSeal, foreign}, nil, true, false},
		"no answer":                   {[]*textv1.SealedPrediction{garbageSeal, garbage}, nil, true, false},
		"an empty seal":               {[]*textv1.SealedPrediction{{}, opened}, nil, true, false},
		"a seal of too many bytes":    {[]*textv1.SealedPrediction{{Seal: append(bytes.Clone(sealed.GetSeal()), 0)}, opened}, nil, true, false},
		"a seal with ballast":         {[]*textv1.SealedPrediction{{Seal: sealed.GetSeal(), Answer: make([]byte, 1000)}, opened}, nil, false, true},
		"sealed twice":                {[]*textv1.SealedPrediction{sealed, sealed}, nil, true, false},
		"not opened":                  {[]*textv1.SealedPrediction{sealed}, nil, true, false},
		"more than two":               {[]*textv1.SealedPrediction{sealed, opened, opened}, nil, true, false},
		"a connection that broke":     {[]*textv1.SealedPrediction{sealed}, refused, false, false},
		"broke before":                {nil, refused, false, false},
		"ended before there was any":  {nil, nil, false, false},
		"as long as anybody waits":    {[]*textv1.SealedPrediction{sealed}, context.DeadlineExceeded, false, false},
		"opened, and then for ever":   {[]*textv1.SealedPrediction{sealed, opened}, context.DeadlineExceeded, false, true},
		"the answer with the seal":    {[]*textv1.SealedPrediction{{Seal: sealed.GetSeal(), Nonce: opened.GetNonce(), Answer: good}}, nil, true, false},
		"the opening before the seal": {[]*textv1.SealedPrediction{opened, sealed}, nil, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				t.Helper()
				resp, err := askSealed(t.Context(), func(_ *textv1.PredictRequest, out grpc.ServerStreamingServer[textv1.SealedPrediction]) error {
					for _, m := range c.send {
						if err := out.Send(m); err != nil {
							return err
						}
					}
					if errors.Is(c.end, context.DeadlineExceeded) {
						<-out.Context().Done()
					}
					return c.end
				}, time.Millisecond, victim)
				require.Equal(t, c.ok, err == nil, err)
				require.Equal(t, c.fault, errors.Is(err, ErrSeal), err)
				if c.ok {
					require.Len(t, resp.GetPredictions(), 2)
				}
			})
		})
	}
}

func TestWhoeverAsksCanGiveUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(7*time.Second, cancel)
		_, err := askSealed(ctx, func(_ *textv1.PredictRequest, out grpc.ServerStreamingServer[textv1.SealedPrediction]) error {
			sealed, _ := seal(victim, nil)
			if err := out.Send(sealed); err != nil {
				return err
			}
			<-out.Context().Done()
			return nil
		}, 0, victim)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ErrSeal, "a validator that ends blames nobody")
	})
}

func FuzzDecodeSealed(f *testing.F) {
	good, err := proto.Marshal(&textv1.PredictResponse{Predictions: []*textv1.Prediction{
		{Arena: []byte(" a b"), Lengths: []byte{2, 2}, Probabilities: []float64{0.25, 0.5}, Floor: 0.25}, {Silent: true},
	}})
	require.NoError(f, err)
	f.Add(good, 2)
	f.Add(good, 1)
	f.Add(good[:9], 2)
	f.Add([]byte{}, 1)
	f.Add(protowire.AppendTag(nil, predictionsField, protowire.StartGroupType), 1)
	rule := DefaultSettings()
	scoring := rule.scoring()
	f.Fuzz(func(t *testing.T, answer []byte, contexts int) {
		contexts = 1 + int(math.Abs(float64(contexts%64)))
		resp, err := decodeSealed(answer, contexts)
		if err != nil {
			require.ErrorIs(t, err, ErrSeal)
			return
		}
		require.LessOrEqual(t, len(resp.GetPredictions()), contexts)
		order := make([]int, contexts)
		for i := range order {
			order[i] = contexts - 1 - i
		}
		reply := decode(resp, order, &scoring)
		require.Equal(t, len(resp.GetPredictions()) != contexts, reply.Invalid)
		require.True(t, reply.Answers == nil || len(reply.Answers) == contexts)
	})
}
