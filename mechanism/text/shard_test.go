package text_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model/ngram"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// little is a reference that knows little.
var little = sync.OnceValues(func() (*ngram.Reference, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	return ngram.NewReference(context.Background(), dataset.Excerpt(dataset.Reference, littleText, sources...))
})

// sharing makes validators with the same text and secrets of their own.
func sharing(t *testing.T, validators, shard, seed int) []*text.Judge {
	t.Helper()
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	reference, err := little()
	require.NoError(t, err)
	out := make([]*text.Judge, validators)
	for i := range out {
		s := settings()
		s.Shard, s.Probes, s.DeadlineMs, s.RoundMs = shard, 0, 10_000, 10_000
		out[i], err = text.NewJudge(text.JudgeConfig{Settings: s, Sources: sources, Reference: reference.AtWords(), Rand: rand.New(rand.NewChaCha8([32]byte{byte(seed), byte(i)}))})
		require.NoError(t, err)
	}
	return out
}

// common plays periods in which validators ask and one copies the consensus of the period before. For each it takes by how much uid 0
// was above its mean share, and returns how that of the second validator goes with that of the first, and how the copier's does.
func common(t *testing.T, shard int) (honestly, copied float64) {
	t.Helper()
	const periods, rounds = 48, 6
	net := network{0: honest(t, 4), 1: honest(t, 6)}
	m, neurons := net.metagraph(t)
	share := make([][]float64, 2)
	for p := range periods {
		// New judges each period: what moving means keep of earlier periods is another matter.
		for i, j := range sharing(t, 2, shard, p) {
			for range rounds {
				require.NoError(t, j.Round(t.Context(), net, mechanism.Period{Number: uint64(p), Beacon: [32]byte{1, byte(p)}}, neurons))
			}
			row, err := j.Weights(m)
			require.NoError(t, err)
			require.Len(t, row.Weights, 2)
			share[i] = append(share[i], float64(row.Weights[0])/(float64(row.Weights[0])+float64(row.Weights[1])))
		}
	}
	consensus := make([]float64, periods)
	for p := range consensus {
		consensus[p] = (share[0][p] + share[1][p]) / 2
	}
	return correlation(share[0], share[1]), correlation(share[0][1:], consensus[:periods-1])
}

func correlation(a, b []float64) float64 {
	var ma, mb, ab, aa, bb float64
	for i := range a {
		ma, mb = ma+a[i]/float64(len(a)), mb+b[i]/float64(len(b))
	}
	for i := range a {
		ab, aa, bb = ab+(a[i]-ma)*(b[i]-mb), aa+(a[i]-ma)*(a[i]-ma), bb+(b[i]-mb)*(b[i]-mb)
	}
	return ab / math.Sqrt(aa*bb)
}

// TestShardIsWhatOnlyAskersKnow: with a shard the rows of all who ask move together, and a copy of the period before does not; without
// one, neither does.
func TestShardIsWhatOnlyAskersKnow(t *testing.T) {
	with, copied := common(t, 12)
	t.Logf("with a shard: honest rows correlate by %.2f, a copy by %.2f", with, copied)
	require.Greater(t, with, 0.7)
	require.Less(t, math.Abs(copied), 0.45)
	without, copied := common(t, 0)
	t.Logf("without: honest rows correlate by %.2f, a copy by %.2f", without, copied)
	require.Less(t, math.Abs(without), 0.45)
	require.Less(t, math.Abs(copied), 0.45)
}

// listener keeps the contexts that its miner is asked about.
type listener struct {
	sync.Mutex
	seen map[string]int
}

func (l *listener) hear(a answerer) answerer {
	return func(ctx context.Context, req *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		l.Lock()
		for _, c := range req.Contexts {
			l.seen[string(c)]++
		}
		l.Unlock()
		return a(ctx, req)
	}
}

func TestShardOfAPeriod(t *testing.T) {
	ask := func(j *text.Judge, period mechanism.Period, rounds int) map[string]int {
		l := &listener{seen: map[string]int{}}
		net := network{0: l.hear(honest(t, 2))}
		_, neurons := net.metagraph(t)
		for range rounds {
			require.NoError(t, j.Round(t.Context(), net, period, neurons))
		}
		return l.seen
	}
	judges := sharing(t, 2, 8, 1)
	first, second := mechanism.Period{Number: 1, Beacon: [32]byte{1}}, mechanism.Period{Number: 2, Beacon: [32]byte{2}}
	a := ask(judges[0], first, 4) // of two sources, four items of each: two cycles
	require.Len(t, a, 16)
	for _, n := range a {
		require.Equal(t, 2, n)
	}
	require.Equal(t, a, ask(judges[1], first, 4), "all validators ask the same")

	state, err := judges[0].Encode()
	require.NoError(t, err)
	require.Contains(t, string(state), `"shard"`)
	b := ask(judges[0], second, 2)
	for c := range b {
		require.NotContains(t, a, c)
	}
	require.Len(t, ask(judges[1], mechanism.Period{Number: 2}, 8), 64, "without a beacon, from all of the text")
}

// witness keeps what texts are asked for.
type witness struct {
	textv1.TextServer
	predict answerer
	sync.Mutex
	prompts []string
}

func (w *witness) Predict(ctx context.Context, r *textv1.PredictRequest) (*textv1.PredictResponse, error) {
	return w.predict(ctx, r)
}

func (w *witness) Generate(r *textv1.GenerateRequest, s grpc.ServerStreamingServer[textv1.GenerateResponse]) error {
	w.Lock()
	w.prompts = append(w.prompts, r.GetPrompt())
	w.Unlock()
	return w.TextServer.Generate(r, s)
}

// TestTextsAreNotAboutTheShard: a miner is asked about its places again and again, and would know such a request for a text.
func TestTextsAreNotAboutTheShard(t *testing.T) {
	models, err := trained()
	require.NoError(t, err)
	l := &listener{seen: map[string]int{}}
	server, err := text.NewServer(text.ServerConfig{Predictor: models[2].AtWords(), Generator: models[2], Settings: settings(), Hotkey: hotkey(), AtOnce: text.Everybody})
	require.NoError(t, err)
	w := &witness{TextServer: server, predict: l.hear(server.Predict)}
	net := wires{}
	net.serve(t, w)
	_, neurons := net.metagraph(t)
	j := judgeWith(t, func(c *text.JudgeConfig) { c.Settings.Shard = 6 })
	for range 12 {
		require.NoError(t, j.Round(t.Context(), net, mechanism.Period{Number: 1, Beacon: [32]byte{1}}, neurons))
		j.WaitTexts()
	}
	require.Len(t, w.prompts, 24)
	shard := 0
	for c, n := range l.seen {
		if n > 1 {
			shard++
			require.NotContains(t, w.prompts, c)
		}
	}
	require.Equal(t, 12, shard)
}

func TestTextsNeedItemsOfTheirOwn(t *testing.T) {
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	reference, err := little()
	require.NoError(t, err)
	for _, c := range []struct {
		items, probes, shard int
		fails                string
	}{
		{2, 2, 0, "items is 2 with 2 sources, want 4 or more"},
		{2, 2, 8, "or set probes to 0"},
		{2, 0, 0, ""},
		{2, 0, 8, ""},
		{4, 2, 0, ""},
		{4, 2, 8, ""},
		{5, 2, 0, "equally many items of each"},
	} {
		s := settings()
		s.Items, s.Probes, s.Shard = c.items, c.probes, c.shard
		_, err = text.NewJudge(text.JudgeConfig{Settings: s, Sources: sources, Reference: reference.AtWords(), Rand: rand.New(rand.NewPCG(1, 2))})
		if c.fails == "" {
			require.NoError(t, err, c)
			continue
		}
		require.ErrorIs(t, err, text.ErrSettings)
		require.ErrorContains(t, err, c.fails)
	}
}

func TestGainPowerIsOfThePay(t *testing.T) {
	share := func(power int) float64 {
		sources, err := dataset.Embedded()
		require.NoError(t, err)
		reference, err := little()
		require.NoError(t, err)
		s, err := text.ParseSettings(fmt.Sprintf(`{"items":8,"context_bytes":64,"k_max":64,"deadline_ms":10000,"round_ms":10000,"probes":0,"gain_power":%d}`, power))
		require.NoError(t, err)
		j, err := text.NewJudge(text.JudgeConfig{Settings: s, Sources: sources, Reference: reference.AtWords(), Rand: rand.New(rand.NewPCG(1, 2))})
		require.NoError(t, err)
		net := network{0: honest(t, 4), 1: honest(t, 6)}
		m, neurons := net.metagraph(t)
		for range 12 {
			require.NoError(t, j.Round(t.Context(), net, mechanism.Period{}, neurons))
		}
		row, err := j.Weights(m)
		require.NoError(t, err)
		return float64(row.Weights[0]) / float64(row.Weights[1])
	}
	one, two, four := share(1), share(2), share(4)
	t.Logf("the weaker model's pay, the better one's being 1: %.3f, %.3f, %.3f", one, two, four)
	require.Less(t, two, 0.8*one)
	require.Less(t, four, 0.7*two)
	_, err := text.ParseSettings(`{"gain_power":9}`)
	require.ErrorContains(t, err, "gain_power is 9, want 1 to 8")
	_, err = text.ParseSettings(`{"shard":-1}`)
	require.ErrorContains(t, err, "shard is -1, want 0 to 65536")
}
