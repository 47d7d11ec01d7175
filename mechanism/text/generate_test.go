package text_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// writer is a Generator made of a function.
type writer func(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error

func (writer) Name() string { return "writer" }
func (w writer) Generate(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
	return w(ctx, p, emit)
}

// able is a writer that can do more.
type able struct{ writer }

func (able) Capabilities() []string { return []string{"tools", "logprobs", "flying"} }

// embedder is an Embedder made of a function.
type embedder func(ctx context.Context, texts []string) ([][]float32, model.Usage, error)

func (embedder) Name() string { return "embedder" }
func (e embedder) Embed(ctx context.Context, texts []string) ([][]float32, model.Usage, error) {
	return e(ctx, texts)
}

// nothing is a Predictor without opinions.
type nothing struct{}

func (nothing) Name() string { return "nothing" }
func (nothing) Predict(_ context.Context, contexts [][]byte, _ int) ([]model.Prediction, error) {
	out := make([]model.Prediction, len(contexts))
	for i := range out {
		out[i] = model.NoOpinion()
	}
	return out, nil
}

// sink is a stream without a network.
type sink struct {
	grpc.ServerStream
	ctx  context.Context //nolint:containedctx // a stream has one
	send func(*textv1.GenerateResponse) error
}

func (s *sink) Context() context.Context                  { return s.ctx }
func (s *sink) Send(piece *textv1.GenerateResponse) error { return s.send(piece) }

// hotkey is that of the miner under test.
func hotkey() gotensor.Address { return gotensor.Address{1} }

func newServer(t *testing.T, cfg text.ServerConfig) *text.Server {
	t.Helper()
	cfg.Predictor, cfg.Settings, cfg.Hotkey = nothing{}, text.DefaultSettings(), hotkey()
	if cfg.AtOnce == nil {
		cfg.AtOnce = text.Everybody
	}
	s, err := text.NewServer(cfg)
	require.NoError(t, err)
	return s
}

// write collects what a server writes.
func write(ctx context.Context, s *text.Server, req *textv1.GenerateRequest) ([]*textv1.GenerateResponse, error) {
	var got []*textv1.GenerateResponse
	err := s.Generate(req, &sink{ctx: ctx, send: func(p *textv1.GenerateResponse) error {
		got = append(got, p)
		return nil
	}})
	return got, err
}

func request() *textv1.GenerateRequest {
	return &textv1.GenerateRequest{Prompt: "Once upon", MaxTokens: 8, TopP: 1}
}

func done(emit func(model.Piece) error) error {
	return emit(model.Piece{Finish: model.FinishStop, Usage: &model.Usage{Prompt: 2, Completion: 3}})
}

func TestGenerateHandsThePromptOverAndPiecesBack(t *testing.T) {
	seed := uint64(7)
	req := &textv1.GenerateRequest{
		Messages: []*textv1.Message{
			{Role: "system", Content: "be brief"},
			{Role: "assistant", ToolCallsJson: []byte(`[{"id":"a"}]`)},
			{Role: "tool", Content: "4", ToolCallId: "a", Name: "add"},
		},
		MaxTokens: 8, Temperature: 0.5, TopP: 0.9, Seed: &seed, Stop: []string{"\n"}, Logprobs: true, TopLogprobs: 1,
		FrequencyPenalty: 1, PresencePenalty: -1, ToolsJson: []byte(`[]`), ToolChoiceJson: []byte(`"auto"`), ResponseFormatJson: []byte(`{"type":"text"}`),
	}
	s := newServer(t, text.ServerConfig{Generator: writer(func(_ context.Context, p model.Prompt, emit func(model.Piece) error) error {
		require.Equal(t, model.Prompt{
			Messages: []model.Message{
				{Role: "system", Content: "be brief"},
				{Role: "assistant", ToolCalls: json.RawMessage(`[{"id":"a"}]`)},
				{Role: "tool", Content: "4", ToolCallID: "a", Name: "add"},
			},
			MaxTokens: 8, Temperature: 0.5, TopP: 0.9, Seed: &seed, Stop: []string{"\n"}, Logprobs: true, TopLogprobs: 1,
			FrequencyPenalty: 1, PresencePenalty: -1, Tools: json.RawMessage(`[]`), ToolChoice: json.RawMessage(`"auto"`), ResponseFormat: json.RawMessage(`{"type":"text"}`),
		}, p)
		require.NoError(t, emit(model.Piece{Text: "h\xffi", Logprobs: []model.TokenLogprob{
			{Token: []byte("h"), Logprob: math.Inf(-1), Top: []model.TokenLogprob{{Token: bytes.Repeat([]byte("x"), 300), Logprob: math.NaN()}}},
		}}))
		return done(emit)
	})})
	got, err := write(t.Context(), s, req)
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "h\uFFFDi", got[0].GetText())
	l := got[0].GetLogprobs()[0]
	require.Equal(t, "h", string(l.GetToken()))
	require.InDelta(t, -1e4, l.GetLogprob(), 0)
	require.Len(t, l.GetTop()[0].GetToken(), 256)
	require.InDelta(t, -1e4, l.GetTop()[0].GetLogprob(), 0)
	require.Equal(t, "stop", got[1].GetFinishReason())
	require.Equal(t, uint32(3), got[1].GetUsage().GetCompletionTokens())
	_, err = proto.Marshal(got[0])
	require.NoError(t, err)
}

func TestGenerateRefusesWhatTheWireTypeForbids(t *testing.T) {
	s := newServer(t, text.ServerConfig{Generator: writer(func(context.Context, model.Prompt, func(model.Piece) error) error {
		return errors.New("asked in spite of a bad request")
	})})
	const secret = "confidential words"
	turn := func(m *textv1.Message) func(*textv1.GenerateRequest) {
		return func(r *textv1.GenerateRequest) { r.Prompt, r.Messages = "", []*textv1.Message{m} }
	}
	for name, c := range map[string]struct {
		edit func(*textv1.GenerateRequest)
		want string
	}{
		"no text":         {func(r *textv1.GenerateRequest) { r.Prompt = "" }, "messages and prompt are both empty"},
		"two texts":       {func(r *textv1.GenerateRequest) { r.Messages = []*textv1.Message{{Role: "user"}} }, "both set"},
		"turns":           {func(r *textv1.GenerateRequest) { r.Prompt, r.Messages = "", make([]*textv1.Message, 1025) }, "messages: 1025 of them, want 1 to 1024"},
		"long prompt":     {func(r *textv1.GenerateRequest) { r.Prompt = strings.Repeat("x", 65537) }, "65537 bytes, want at most 65536"},
		"long with tools": {func(r *textv1.GenerateRequest) { r.ToolsJson = []byte(`"` + strings.Repeat("x", 65530) + `"`) }, "want at most 65536"},
		"bytes":           {func(r *textv1.GenerateRequest) { r.Prompt = "\xff" }, "prompt is not UTF-8"},
		"role":            {turn(&textv1.Message{Role: secret}), "messages[0].role has 18 bytes"},
		"content":         {turn(&textv1.Message{Role: "user", Content: "\xff"}), "messages[0].content is not UTF-8"},
		"name":            {turn(&textv1.Message{Role: "user", Name: strings.Repeat("x", 65)}), "messages[0].name has 65 bytes, want at most 64"},
		"call id":         {turn(&textv1.Message{Role: "tool", ToolCallId: strings.Repeat("x", 129)}), "messages[0].tool_call_id has 129 bytes, want at most 128"},
		"call id of user": {turn(&textv1.Message{Role: "user", ToolCallId: "a"}), "messages[0].tool_call_id is set for the role user"},
		"calls of user":   {turn(&textv1.Message{Role: "user", ToolCallsJson: []byte("[]")}), "messages[0].tool_calls_json is set for the role user"},
		"calls no JSON":   {turn(&textv1.Message{Role: "assistant", ToolCallsJson: []byte("[" + secret)}), "messages[0].tool_calls_json is not JSON"},
		"no tokens":       {func(r *textv1.GenerateRequest) { r.MaxTokens = 0 }, "max_tokens is 0, want 1 to 4096"},
		"many tokens":     {func(r *textv1.GenerateRequest) { r.MaxTokens = 4097 }, "max_tokens is 4097, want 1 to 4096"},
		"temperature":     {func(r *textv1.GenerateRequest) { r.Temperature = 2.1 }, "temperature is 2.1, want 0 to 2"},
		"no temperature":  {func(r *textv1.GenerateRequest) { r.Temperature = math.NaN() }, "temperature is NaN"},
		"top_p 0":         {func(r *textv1.GenerateRequest) { r.TopP = 0 }, "top_p is 0, want over 0 up to 1"},
		"top_p NaN":       {func(r *textv1.GenerateRequest) { r.TopP = math.NaN() }, "top_p is NaN"},
		"stops":           {func(r *textv1.GenerateRequest) { r.Stop = make([]string, 17) }, "stop: 17 of them, want at most 16"},
		"stop":            {func(r *textv1.GenerateRequest) { r.Stop = []string{"a", ""} }, "stop[1] has 0 bytes, want 1 to 256"},
		"top without":     {func(r *textv1.GenerateRequest) { r.TopLogprobs = 1 }, "top_logprobs is 1 without logprobs"},
		"top":             {func(r *textv1.GenerateRequest) { r.Logprobs, r.TopLogprobs = true, 21 }, "top_logprobs is 21, want 0 to 20"},
		"frequency":       {func(r *textv1.GenerateRequest) { r.FrequencyPenalty = -2.5 }, "frequency_penalty is -2.5, want -2 to 2"},
		"presence":        {func(r *textv1.GenerateRequest) { r.PresencePenalty = math.Inf(1) }, "presence_penalty is +Inf"},
		"tools":           {func(r *textv1.GenerateRequest) { r.ToolsJson = []byte("{") }, "tools_json is not JSON"},
		"choice":          {func(r *textv1.GenerateRequest) { r.ToolChoiceJson = []byte(secret) }, "tool_choice_json is not JSON"},
		"format":          {func(r *textv1.GenerateRequest) { r.ResponseFormatJson = []byte("}") }, "response_format_json is not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			req := request()
			c.edit(req)
			_, err := write(t.Context(), s, req)
			require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestDescriptionSaysWhatIsServed(t *testing.T) {
	e := embedder(func(context.Context, []string) ([][]float32, model.Usage, error) { return nil, model.Usage{}, nil })
	w := writer(func(context.Context, model.Prompt, func(model.Piece) error) error { return nil })
	for name, c := range map[string]struct {
		cfg  text.ServerConfig
		want []string
	}{
		"least":      {text.ServerConfig{}, nil},
		"embed":      {text.ServerConfig{Embedder: e}, []string{"embed"}},
		"generate":   {text.ServerConfig{Generator: w, Parallel: 3}, []string{"generate"}},
		"everything": {text.ServerConfig{Generator: able{w}, Embedder: e}, []string{"embed", "generate", "logprobs", "tools"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newServer(t, c.cfg).Describe()
			require.Equal(t, c.want, d.Capabilities)
			require.Equal(t, c.cfg.Parallel, d.Parallel)
			require.Less(t, d.MaxRequest, 256<<10, "a stranger's largest request")
		})
	}
	t.Run("the largest honest Generate fits", func(t *testing.T) {
		req := &textv1.GenerateRequest{MaxTokens: 1, TopP: 1}
		for range 1024 {
			req.Messages = append(req.Messages, &textv1.Message{Role: "assistant", Content: strings.Repeat("\n", 64)})
		}
		s := newServer(t, text.ServerConfig{Generator: writer(func(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error { return done(emit) })})
		_, err := write(t.Context(), s, req)
		require.NoError(t, err)
		asJSON, err := json.Marshal(req)
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.Describe().MaxRequest, len(asJSON))
		require.GreaterOrEqual(t, s.Describe().MaxRequest, proto.Size(req))
	})
	t.Run("Predict takes no more for it", func(t *testing.T) {
		s := newServer(t, text.ServerConfig{Generator: w})
		req := &textv1.PredictRequest{Contexts: make([][]byte, 50_000), KMax: 1}
		require.Less(t, proto.Size(req), s.Describe().MaxRequest)
		_, err := s.Predict(t.Context(), req)
		require.ErrorContains(t, err, "want at most 20992")
	})
	t.Run("nothing to serve", func(t *testing.T) {
		_, err := text.NewServer(text.ServerConfig{Settings: text.DefaultSettings()})
		require.ErrorIs(t, err, text.ErrServer)
	})
}

func TestWhatIsNotServedIsUnimplemented(t *testing.T) {
	s := newServer(t, text.ServerConfig{})
	_, err := write(t.Context(), s, request())
	require.Equal(t, codes.Unimplemented, status.Code(err))
	_, err = s.Embed(t.Context(), &textv1.EmbedRequest{Texts: []string{"a"}})
	require.Equal(t, codes.Unimplemented, status.Code(err))
}

func TestAModelThatHangsIsUnavailable(t *testing.T) {
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, c := range map[string]struct {
		generate writer
		after    time.Duration
	}{
		"before the first token": {func(ctx context.Context, _ model.Prompt, _ func(model.Piece) error) error { return hang(ctx) }, 30 * time.Second},
		"between tokens": {func(ctx context.Context, _ model.Prompt, emit func(model.Piece) error) error {
			for range 3 {
				time.Sleep(9 * time.Second)
				if err := emit(model.Piece{Text: "x"}); err != nil {
					return err
				}
			}
			return hang(ctx)
		}, 37 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, text.ServerConfig{Generator: c.generate})
				begin := time.Now()
				_, err := write(t.Context(), s, request())
				require.Equal(t, codes.Unavailable, status.Code(err), "%v", err)
				require.Equal(t, c.after, time.Since(begin))
			})
		})
	}
	t.Run("vectors", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, text.ServerConfig{Embedder: embedder(func(ctx context.Context, _ []string) ([][]float32, model.Usage, error) {
				return nil, model.Usage{}, hang(ctx)
			})})
			_, err := s.Embed(t.Context(), &textv1.EmbedRequest{Texts: []string{"a"}})
			require.Equal(t, codes.Unavailable, status.Code(err), "%v", err)
		})
	})
}

func TestASlowCallerIsNotTheModelsFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, text.ServerConfig{Generator: writer(func(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error {
			if err := emit(model.Piece{Text: "x"}); err != nil {
				return err
			}
			return done(emit)
		})})
		err := s.Generate(request(), &sink{ctx: t.Context(), send: func(*textv1.GenerateResponse) error {
			time.Sleep(time.Minute)
			return nil
		}})
		require.NoError(t, err)
	})
}

func TestACallerWhoGivesUpEndsTheModelsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var ended time.Time
		s := newServer(t, text.ServerConfig{Generator: writer(func(ctx context.Context, _ model.Prompt, _ func(model.Piece) error) error {
			<-ctx.Done()
			ended = time.Now()
			return ctx.Err()
		})})
		begin := time.Now()
		time.AfterFunc(time.Second, cancel)
		_, err := write(ctx, s, request())
		require.Equal(t, codes.Canceled, status.Code(err))
		require.Equal(t, time.Second, ended.Sub(begin))
	})
}

func TestABrokenModelIsUnavailableAndItsLogHoldsNoPrompt(t *testing.T) {
	const secret = "my sister's diary, page 12: dear diary"
	for name, w := range map[string]writer{
		"quotes the prompt": func(_ context.Context, p model.Prompt, _ func(model.Piece) error) error {
			return errors.New("backend says 500: cannot read " + p.Messages[0].Content + " (end)")
		},
		"quotes a part": func(_ context.Context, p model.Prompt, _ func(model.Piece) error) error {
			return errors.New("backend says 500: " + p.Messages[0].Content[3:25] + "...")
		},
		"no finish": func(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error {
			return emit(model.Piece{Text: "x"})
		},
		"goes on": func(_ context.Context, _ model.Prompt, emit func(model.Piece) error) error {
			if err := done(emit); err != nil {
				return err
			}
			return done(emit)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := newServer(t, text.ServerConfig{Generator: w, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
			req := request()
			req.Prompt, req.Messages = "", []*textv1.Message{{Role: "user", Content: secret}}
			_, err := write(t.Context(), s, req)
			require.Equal(t, codes.Unavailable, status.Code(err))
			for i := range len(secret) - 12 {
				require.NotContains(t, log.String(), secret[i:i+12])
				require.NotContains(t, err.Error(), secret[i:i+12])
			}
			require.Contains(t, log.String(), "writer")
		})
	}
	t.Run("the caller's own mistake, in the model's words", func(t *testing.T) {
		s := newServer(t, text.ServerConfig{Generator: writer(func(context.Context, model.Prompt, func(model.Piece) error) error { return model.ErrRequest })})
		_, err := write(t.Context(), s, request())
		require.Equal(t, codes.InvalidArgument, status.Code(err))
	})
}

// busy is a model without room that says until when.
type busy struct{ time.Duration }

func (b busy) Error() string             { return "busy" }
func (b busy) Is(target error) bool      { return target == model.ErrBusy }
func (b busy) RetryAfter() time.Duration { return b.Duration }

func TestABusyModelSaysWhenToComeBack(t *testing.T) {
	for _, c := range []struct {
		err  error
		want time.Duration
	}{{busy{3 * time.Second}, 3 * time.Second}, {model.ErrBusy, time.Second}} {
		s := newServer(t, text.ServerConfig{Generator: writer(func(context.Context, model.Prompt, func(model.Piece) error) error { return c.err })})
		_, err := write(t.Context(), s, request())
		refusal, ok := synapse.RefusalOf(err)
		require.True(t, ok)
		require.Equal(t, codes.ResourceExhausted, refusal.Code)
		require.Equal(t, c.want, refusal.Retry)
	}
}

func TestEmbed(t *testing.T) {
	for name, c := range map[string]struct {
		texts   []string
		vectors [][]float32
		want    codes.Code
	}{
		"well":          {[]string{"a", ""}, [][]float32{{1, 0}, {0.6, 0.8}}, codes.OK},
		"no texts":      {nil, nil, codes.InvalidArgument},
		"many texts":    {make([]string, 257), nil, codes.InvalidArgument},
		"no UTF-8":      {[]string{"\xff"}, nil, codes.InvalidArgument},
		"long":          {[]string{strings.Repeat("x", 65537)}, nil, codes.InvalidArgument},
		"one too few":   {[]string{"a", "b"}, [][]float32{{1}}, codes.Unavailable},
		"not of length": {[]string{"a"}, [][]float32{{1, 1}}, codes.Unavailable},
		"not a number":  {[]string{"a"}, [][]float32{{float32(math.NaN())}}, codes.Unavailable},
		"two sizes":     {[]string{"a", "b"}, [][]float32{{1}, {1, 0}}, codes.Unavailable},
		"no values":     {[]string{"a"}, [][]float32{{}}, codes.Unavailable},
		"many values":   {[]string{"a"}, [][]float32{append(make([]float32, 8192), 1)}, codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, text.ServerConfig{Embedder: embedder(func(_ context.Context, texts []string) ([][]float32, model.Usage, error) {
				require.Equal(t, c.texts, texts)
				return c.vectors, model.Usage{Prompt: 5}, nil
			})})
			got, err := s.Embed(t.Context(), &textv1.EmbedRequest{Texts: c.texts})
			require.Equal(t, c.want, status.Code(err), "%v", err)
			if c.want == codes.OK {
				require.Len(t, got.GetVectors(), len(c.vectors))
				require.Equal(t, c.vectors[1], got.GetVectors()[1].GetValues())
				require.Equal(t, uint32(5), got.GetUsage().GetPromptTokens())
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(" a b"), []byte{2, 2}, 0.5, 0.25, 0.25, 2)
	f.Add([]byte("x"), []byte{200}, 1.0, 0.0, 0.0, 1)
	f.Fuzz(func(t *testing.T, arena, lengths []byte, p, q, floor float64, kMax int) {
		wire := &textv1.Prediction{Arena: arena, Lengths: lengths, Floor: floor}
		for i := range lengths {
			wire.Probabilities = append(wire.Probabilities, []float64{p, q}[i%2])
		}
		got, err := text.Decode(wire, min(max(kMax, 0), 4096))
		if err != nil {
			require.ErrorIs(t, err, model.ErrPrediction)
			return
		}
		require.NoError(t, got.Check(4096))
		again, err := text.Decode(text.Encode(&got), 4096)
		require.NoError(t, err)
		require.Len(t, again.Candidates, len(got.Candidates))
	})
}

func TestGenerateOverGRPC(t *testing.T) {
	ended := make(chan error, 1)
	s := newServer(t, text.ServerConfig{Generator: writer(func(ctx context.Context, p model.Prompt, emit func(model.Piece) error) error {
		if err := emit(model.Piece{Text: p.Text + " a time"}); err != nil {
			return err
		}
		<-ctx.Done() // until the caller gives up
		ended <- ctx.Err()
		return ctx.Err()
	})})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	server.RegisterService(s.Service())
	go func() { _ = server.Serve(lis) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///"+lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := textv1.NewTextClient(conn).Generate(ctx, request())
	require.NoError(t, err)
	piece, err := stream.Recv()
	require.NoError(t, err)
	require.Equal(t, "Once upon a time", piece.GetText())
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	_, err = stream.Recv()
	require.Equal(t, codes.Canceled, status.Code(err))
}

func FuzzGenerateRequest(f *testing.F) {
	for _, req := range []*textv1.GenerateRequest{request(), {Messages: []*textv1.Message{{Role: "user", Content: "x"}}, MaxTokens: 1, TopP: 1}} {
		data, err := proto.Marshal(req)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		req := new(textv1.GenerateRequest)
		if proto.Unmarshal(data, req) != nil {
			return
		}
		s := newServer(t, text.ServerConfig{Generator: writer(func(_ context.Context, p model.Prompt, emit func(model.Piece) error) error {
			require.NotEqual(t, len(p.Messages) > 0, p.Text != "", "exactly one")
			require.Positive(t, p.MaxTokens)
			require.True(t, p.TopP > 0 && p.TopP <= 1 && p.Temperature >= 0 && p.Temperature <= 2)
			return done(emit)
		})})
		if _, err := write(t.Context(), s, req); err != nil {
			require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
		}
	})
}
