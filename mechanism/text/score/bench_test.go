package score_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

const benchLetters = "abcdefghijklmnopqrstuvwxyz .,'"

// columns is one answer to one item as it lies in a message.
type columns struct {
	lengths, text []byte
	probs         []float32
	floor         float32
}

// benchRound draws a round of 32 items and the answers of n miners with k candidates each. Half of the candidates are cut from
// the truth's neighbourhood, so that most items are hits; hits off leaves only misses.
func benchRound(b *testing.B, n, k int, hits bool) ([]score.Item, [][]columns) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	items := make([]score.Item, 32)
	sent := make([][]columns, n)
	for i := range items {
		items[i] = score.Item{Stratum: i % 2, Context: randomText(r, benchLetters, 200), Truth: randomText(r, benchLetters, 16)}
		if !hits {
			items[i].Truth[0] = 'A'
		}
	}
	for m := range sent {
		for i := range items {
			var list []score.Candidate
			for len(list) < k {
				text := randomText(r, benchLetters, 2+r.IntN(7))
				if hits && r.IntN(8) == 0 {
					copy(text, items[i].Truth[:1+r.IntN(len(text)-1)])
				}
				list = append(list, score.Candidate{Text: text, P: r.Float64() / float64(k)})
			}
			list, floor := score.Disjoint(list, k)
			c := columns{floor: float32(floor)}
			for _, one := range list {
				c.lengths, c.text = append(c.lengths, byte(len(one.Text))), append(c.text, one.Text...)
				c.probs = append(c.probs, float32(one.P))
			}
			sent[m] = append(sent[m], c)
		}
	}
	return items, sent
}

// BenchmarkRound checks every answer in one streaming pass and scores the round. The two parts are measured apart too.
func BenchmarkRound(b *testing.B) {
	for _, c := range []struct {
		answers, k int
		hits       bool
	}{{20, 512, true}, {64, 512, true}, {20, 4096, true}, {64, 512, false}} {
		items, sent := benchRound(b, c.answers, c.k, c.hits)
		s := score.Defaults()
		s.KMax = score.CandidateLimit
		scorer, err := score.NewScorer(s, bigram{benchLetters})
		require.NoError(b, err)
		replies := make([]score.Reply, c.answers)
		for m := range replies {
			replies[m] = score.Reply{Key: score.Key(fmt.Sprint(m)), Answers: make([]*score.Answer, len(items))}
			for i := range items {
				replies[m].Answers[i] = new(score.Answer)
			}
		}
		check := func(b *testing.B) {
			b.Helper()
			for m := range replies {
				for i, a := range replies[m].Answers {
					w := &sent[m][i]
					if err := score.Load(a, scorer.Settings(), w.lengths, w.text, w.probs, w.floor); err != nil || a.Verdict() != score.OK {
						b.Fatal(err, a.Verdict())
					}
				}
			}
		}
		gain := func(b *testing.B) {
			b.Helper()
			if _, err := scorer.Round(items, replies); err != nil {
				b.Fatal(err)
			}
		}
		name := fmt.Sprintf("%dx32x%d/hits=%v", c.answers, c.k, c.hits)
		b.Run(name+"/check", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				check(b)
			}
		})
		b.Run(name+"/gain", func(b *testing.B) {
			check(b)
			b.ReportAllocs()
			for b.Loop() {
				gain(b)
			}
		})
		b.Run(name+"/both", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				check(b)
				gain(b)
			}
		})
	}
}

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
