package score_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/internal/cputime"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

const benchLetters = "abcdefghijklmnopqrstuvwxyz .,'"

// benchCase is a round of 32 items.
type benchCase struct {
	answers, k int
	// kind of answers: "text" are those of n-gram models, no two trained on the same, about text that they have not seen; "random" are any
	// strings, one in eight of which begins like the truth; "missing" begin with a byte that no text has, so that all
	// of a list has to be looked up; "long" are 16 random letters each, "likely" are 16 bytes as the reference itself would write them, no two
	// alike, and "nested" are strings of zeros and ones, which share all that they can; no truth begins with any of these.
	kind string
}

func (c benchCase) String() string { return fmt.Sprintf("%s/%dx32x%d", c.kind, c.answers, c.k) }

// BenchmarkRound takes in answers as they come from the network and scores the round, against the reference that validators use. Decode is
// what the message costs, check what Load adds to it, both of them while answers arrive; gain is what is left to do then.
func BenchmarkRound(b *testing.B) {
	for _, c := range []benchCase{
		{20, 512, "text"},
		{64, 512, "text"},
		{20, 4096, "text"},
		{64, 4096, "text"},
		{20, 512, "random"},
		{64, 512, "random"},
		{20, 4096, "random"},
		{20, 512, "missing"},
		{64, 512, "missing"},
		{20, 4096, "missing"},
		{64, 512, "long"},
		{20, 4096, "long"},
		{64, 512, "likely"},
		{20, 4096, "likely"},
		{64, 512, "nested"},
		{20, 4096, "nested"},
	} {
		b.Run(c.String(), func(b *testing.B) { benchRound(b, c) })
	}
}

func benchRound(b *testing.B, c benchCase) {
	b.Helper()
	prepare := sync.OnceValue(func() *round { return newRound(b, c) })
	for _, part := range []struct {
		name string
		run  func(*round) error
	}{{"decode", (*round).decode}, {"check", (*round).check}, {"gain", (*round).gain}, {"check+gain", (*round).checkAndGain}} {
		b.Run(part.name, func(b *testing.B) {
			r := prepare()
			require.NoError(b, r.check())
			median := cputime.Loop(b, func() error { return part.run(r) })
			b.ReportMetric(median*1e6/float64(r.candidates), "ns/candidate")
		})
	}
}

// round is a round as it arrives.
type round struct {
	scorer     *score.Scorer
	items      []score.Item
	messages   [][]byte // of each miner, encoded
	sent       []*textv1.PredictResponse
	replies    []score.Reply
	candidates int
}

func newRound(b *testing.B, c benchCase) *round {
	b.Helper()
	sources, err := dataset.Embedded()
	require.NoError(b, err)
	reference, err := ngram.NewReference(b.Context(), dataset.Text(dataset.Reference, sources...))
	require.NoError(b, err)
	settings := score.Defaults()
	settings.KMax = c.k
	r := new(round)
	r.scorer, err = score.NewScorer(settings, reference.AtWords())
	require.NoError(b, err)
	rng := rand.New(rand.NewPCG(1, 1))
	drawer, err := dataset.NewDrawer(sources, 200, rng)
	require.NoError(b, err)
	drawn, err := drawer.Draw(32 / len(sources))
	require.NoError(b, err)
	contexts := make([][]byte, len(drawn))
	for i, it := range drawn {
		r.items = append(r.items, score.Item{Stratum: it.Source, Context: it.Context, Truth: it.Continuation})
		contexts[i] = it.Context
	}
	text := dataset.Text(dataset.Training, sources...)
	for m := range c.answers {
		var predictions []model.Prediction
		if c.kind == "text" {
			own := text[m*len(text)/c.answers : (m+1)*len(text)/c.answers]
			miner, err := ngram.Train(b.Context(), 3+m%4, own, nil)
			require.NoError(b, err)
			predictions, err = miner.AtWords().Predict(b.Context(), contexts, c.k)
			require.NoError(b, err)
		} else {
			predictions = randomPredictions(rng, c, r.items)
		}
		r.send(b, m, predictions)
	}
	return r
}

// randomPredictions lists strings that no model would list.
func randomPredictions(rng *rand.Rand, c benchCase, items []score.Item) []model.Prediction {
	out := make([]model.Prediction, len(items))
	write := writer(rng, c.kind)
	for i := range items {
		var list []score.Candidate
		for len(list) < c.k {
			text := write(items[i].Truth)
			if c.kind == "random" || c.kind == "missing" || text[0] != items[i].Truth[0] {
				list = append(list, score.Candidate{Text: text, P: rng.Float64() / float64(c.k)})
			}
		}
		list, out[i].Floor = score.Disjoint(list, c.k)
		for _, one := range list {
			out[i].Candidates = append(out[i].Candidates, model.Candidate(one))
		}
	}
	return out
}

// writer returns what writes candidates of a kind.
func writer(rng *rand.Rand, kind string) func(truth []byte) []byte {
	switch kind {
	case "long":
		return func([]byte) []byte { return randomText(rng, benchLetters, score.MaxLen) }
	case "nested":
		return func([]byte) []byte { return randomText(rng, "\x00\x01", 1+rng.IntN(score.MaxLen)) }
	case "likely":
		return likely(rng)
	}
	return func(truth []byte) []byte {
		text := randomText(rng, benchLetters, 2+rng.IntN(7))
		if kind == "missing" {
			text[0] = 0xff
		} else if rng.IntN(8) == 0 {
			copy(text, truth[:1+rng.IntN(len(text)-1)])
		}
		return text
	}
}

// likely writes as a model of order 5 of the reference's text does: byte by byte, what followed the four before somewhere there.
func likely(rng *rand.Rand) func(truth []byte) []byte {
	sources, err := dataset.Embedded()
	if err != nil {
		panic(err)
	}
	text := dataset.Text(dataset.Reference, sources...)
	places := map[string][]int{}
	for i := 4; i < len(text); i++ {
		before := string(text[i-4 : i])
		places[before] = append(places[before], i)
	}
	return func([]byte) []byte {
		at := rng.IntN(len(text) - 4)
		out := append(make([]byte, 0, score.MaxLen), text[at:at+4]...)
		for len(out) < score.MaxLen {
			next := places[string(out[len(out)-4:])]
			if next == nil {
				return likely(rng)(nil)
			}
			out = append(out, text[next[rng.IntN(len(next))]])
		}
		return out
	}
}

// send adds a miner and what it answers.
func (r *round) send(b *testing.B, miner int, predictions []model.Prediction) {
	b.Helper()
	resp := new(textv1.PredictResponse)
	reply := score.Reply{Key: score.Key(fmt.Sprint(miner))}
	for _, prediction := range predictions {
		p := &textv1.Prediction{Floor: prediction.Floor}
		for _, one := range prediction.Candidates {
			p.Lengths, p.Arena = append(p.Lengths, byte(len(one.Text))), append(p.Arena, one.Text...)
			p.Probabilities = append(p.Probabilities, one.P)
		}
		r.candidates += len(prediction.Candidates)
		resp.Predictions = append(resp.Predictions, p)
		reply.Answers = append(reply.Answers, new(score.Answer))
	}
	message, err := proto.Marshal(resp)
	require.NoError(b, err)
	r.messages, r.sent, r.replies = append(r.messages, message), append(r.sent, resp), append(r.replies, reply)
}

func (r *round) decode() error {
	for _, message := range r.messages {
		if err := proto.Unmarshal(message, new(textv1.PredictResponse)); err != nil {
			return err
		}
	}
	return nil
}

func (r *round) check() error {
	for m := range r.sent {
		for i, p := range r.sent[m].GetPredictions() {
			a := r.replies[m].Answers[i]
			err := score.Load(a, r.scorer.Settings(), p.GetLengths(), p.GetArena(), p.GetProbabilities(), p.GetFloor())
			if err != nil || a.Verdict() != score.OK {
				return fmt.Errorf("miner %d, item %d: verdict %v, %w", m, i, a.Verdict(), err)
			}
		}
	}
	return nil
}

func (r *round) gain() error {
	_, err := r.scorer.Round(r.items, r.replies)
	return err
}

func (r *round) checkAndGain() error { return errors.Join(r.check(), r.gain()) }

// BenchmarkObserve takes in a round of a whole group and shares the pay.
func BenchmarkObserve(b *testing.B) {
	gains := map[score.Key]func(int) float64{}
	var keys []score.Key
	for i := range 64 {
		keys = append(keys, score.Key(fmt.Sprint(i)))
		gains[keys[i]] = noisy(uint64(i), 2)
	}
	round := roundOf(gains, keys...)
	board := newBoard(b)
	b.ReportAllocs()
	for b.Loop() {
		observe(b, board, round)
		weightsOf(b, board, keys...)
	}
}
