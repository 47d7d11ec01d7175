package score_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// naiveBoard is section 4 of docs/scoring.md as it is written there, for neurons named by numbers: all in maps, each pair both ways.
type naiveBoard struct {
	s       score.Settings
	strata  map[int]*[2]score.Average // moving mean of each of two strata
	own     map[int]*score.Average
	copies  map[int]float64
	between map[[2]int]float64 // d of each two that met
	before  map[[2]int]bool    // [i, j]: i was clearly before j
	limits  map[[2]int]float64 // d in limits of each round
	guess   map[[2]int]float64 // what is left of the guess that those two are far from each other
}

func newNaiveBoard(s score.Settings) *naiveBoard {
	return &naiveBoard{s, map[int]*[2]score.Average{}, map[int]*score.Average{}, map[int]float64{}, map[[2]int]float64{}, map[[2]int]bool{}, map[[2]int]float64{}, map[[2]int]float64{}}
}

func (b *naiveBoard) level(i int) float64 { return (b.strata[i][0].Mean() + b.strata[i][1].Mean()) / 2 }

func (b *naiveBoard) scale(i, j int) float64 {
	return b.s.Kappa * max(b.s.LevelFloor, (max(0, b.level(i))+max(0, b.level(j)))/2)
}

// round takes in the gains of those that answered, items of the two strata in turn, and the group of each.
func (b *naiveBoard) round(gains map[int][]float64, group map[int]int) {
	for i, g := range gains {
		if b.own[i] == nil {
			b.strata[i], b.own[i] = &[2]score.Average{}, &score.Average{}
		}
		for d := range 2 {
			sum := 0.0
			for t := d; t < len(g); t += 2 {
				sum += g[t]
			}
			b.strata[i][d].Add(b.s.Alpha, sum/float64(len(g)/2))
		}
	}
	factors, unlike, keep := map[int]float64{}, map[int]float64{}, map[int]float64{}
	for i := range gains {
		leader, same, most := 0.0, 1.0, 0.0
		for j := range gains {
			if i == j {
				continue
			}
			s, first := b.meet(min(i, j), max(i, j), gains, group[i] == group[j])
			if i > j {
				first = -first
			}
			switch {
			case s == 0 || first > 0:
			case first < 0:
				leader, most = max(leader, s), max(most, s)
			default:
				same, most = same+s, max(most, s)
			}
		}
		factors[i], unlike[i], keep[i] = max((1-leader)/same, 1.0/65536), 1-most, 1-leader*leader/2
	}
	for i, g := range gains {
		mean := 0.0
		for _, x := range g {
			mean += x / float64(len(g))
		}
		if b.copies[i] == 0 {
			b.copies[i] = factors[i]
		} else {
			b.copies[i] += b.s.CopyRate * (factors[i] - b.copies[i])
		}
		own := b.own[i]
		if own.W > 0 && keep[i] < 1 {
			w := own.W * keep[i]
			*own = score.Average{W: w, Q: min(own.Q*keep[i], w*w), S1: own.S1 * keep[i], S2: own.S2 * keep[i]}
			if w < 1e-6 {
				*own = score.Average{}
			}
		}
		if unlike[i] > 0 {
			own.Add(b.s.Alpha*unlike[i], mean)
		}
	}
	for p := range b.between { // what was seen in this round counts once
		if p[0] > p[1] {
			delete(b.between, p)
		}
	}
}

// meet returns how alike two are, i below j, and who was before: 1 for i, -1 for j. Asked again within a round it says the same. Those of two groups are
// what they were when they were in one.
func (b *naiveBoard) meet(i, j int, gains map[int][]float64, together bool) (like float64, first int) {
	now := 0.0
	for t := range gains[i] {
		now += math.Log(math.Cosh((gains[i][t]-gains[j][t])/2)) / float64(len(gains[i]))
	}
	scale := b.scale(i, j)
	d := min(now, 2*scale)
	old, met := b.between[[2]int{i, j}]
	seen, asked := b.between[[2]int{j, i}] // this round already
	switch {
	case asked:
		d = seen
	case !together && !met:
		return 0, 0
	case !together:
		d = old
	default:
		if met {
			d = old + b.s.PairRate*(d-old)
		}
		if b.between[[2]int{i, j}], b.between[[2]int{j, i}] = d, d; !met {
			b.guess[[2]int{i, j}], b.limits[[2]int{i, j}] = 1, min(now, 2*scale)/scale
		}
		b.limits[[2]int{i, j}] += b.s.PairRate * (min(now, 2*scale)/scale - b.limits[[2]int{i, j}])
		b.guess[[2]int{i, j}] *= 1 - b.s.PairRate
	}
	if together && d > b.s.Apart*scale {
		delete(b.before, [2]int{i, j})
		delete(b.before, [2]int{j, i})
	}
	like = max(0, 1-d/scale, (1-now/scale-b.s.Sure)/(1-b.s.Sure))
	if !together {
		like = max(0, 1-b.limits[[2]int{i, j}]*(1-b.guess[[2]int{i, j}])-2*b.guess[[2]int{i, j}])
	}
	worth := max(0, min(b.level(i), b.level(j)))
	mine, theirs := b.claim(i, worth), b.claim(j, worth)
	lead, sure := b.s.Lead*max(b.s.LevelFloor, mine, theirs), 2*b.s.Lead*max(worth/5, mine, theirs)
	reach := b.s.Apart > 0 && (like > 0 || together && d <= b.s.Apart*scale || !together && b.limits[[2]int{i, j}] <= b.s.Apart)
	for _, x := range []struct{ a, b, first int }{{i, j, 1}, {j, i, -1}} {
		ahead := mine - theirs
		if x.first < 0 {
			ahead = -ahead
		}
		if ahead <= lead {
			continue
		}
		if reach {
			delete(b.before, [2]int{x.b, x.a})
			if ahead > sure {
				b.before[[2]int{x.a, x.b}] = true
			}
		}
		return like, x.first
	}
	switch {
	case b.before[[2]int{i, j}]:
		return like, 1
	case b.before[[2]int{j, i}]:
		return like, -1
	}
	return like, 0
}

func (b *naiveBoard) claim(i int, worth float64) float64 {
	return b.own[i].W * max(0, min(b.own[i].Mean(), worth))
}

// crowdOf plays rounds in which neurons answer, are away, copy each other with more or less noise, and change whom they copy. The first byte is the
// setting, every other one what a neuron does from then on.
func crowdOf(t *testing.T, script []byte) {
	t.Helper()
	const neurons, items, spell = 5, 16, 7
	settings := score.Defaults()
	if len(script) > 0 {
		settings.Apart = float64(script[0]%8) / 4
		script = script[1:]
	}
	board, err := score.NewBoard(settings, twoSources)
	require.NoError(t, err)
	naive := newNaiveBoard(settings)
	rng := rand.New(rand.NewPCG(uint64(len(script)), 9))
	does := make([]byte, neurons)
	for r := 0; r < spell*len(script); r++ {
		if r%spell == 0 {
			does[r/spell%neurons] = script[r/spell]
		}
		gains := map[int][]float64{}
		voice := make([][]float64, 4)
		for v := range voice {
			for range items {
				voice[v] = append(voice[v], float64(v)+rng.NormFloat64())
			}
		}
		groups, group := make([]score.Scores, 1+rng.IntN(3)), map[int]int{}
		for g := range groups {
			for t := range items {
				groups[g].Strata = append(groups[g].Strata, t%2)
			}
		}
		for k, do := range does {
			if do%8 == 7 {
				continue // away
			}
			reply := score.ReplyScore{Key: score.Key(fmt.Sprint(k)), Answered: true}
			for i := range items {
				g := min(max(voice[do%4][i]+float64(do>>4)/10*rng.NormFloat64(), settings.Worst()), settings.Cap)
				gains[k] = append(gains[k], g)
				reply.Gains = append(reply.Gains, score.Gain{Nats: g})
			}
			group[k] = rng.IntN(len(groups))
			in := &groups[group[k]]
			in.Replies = append(in.Replies, reply)
		}
		if len(gains) == 0 {
			continue
		}
		reports, err := board.Observe(groups...)
		require.NoError(t, err)
		require.Len(t, reports, len(groups))
		naive.round(gains, group)
		for k := range gains {
			s, ok := board.Standing(score.Key(fmt.Sprint(k)))
			require.True(t, ok)
			require.InDelta(t, naive.copies[k], s.CopyFactor, 1e-4, "round %d, factor of %d", r, k)
			require.InDelta(t, naive.claim(k, math.Inf(1)), s.Claim, 1e-4, "round %d, claim of %d", r, k)
		}
	}
}

func TestPrecedenceIsNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 40 {
		script := make([]byte, 1+rng.IntN(30))
		for i := range script {
			script[i] = byte(rng.Uint32())
		}
		crowdOf(t, script)
	}
}

func FuzzPrecedenceIsNaive(f *testing.F) {
	f.Add([]byte{7, 0x02, 0x52, 0x72, 0x07, 0x63, 0x02})
	f.Add([]byte{0, 0x13, 0x13, 0x23, 0x33, 0x43, 0x01, 0x11})
	f.Fuzz(func(t *testing.T, script []byte) { crowdOf(t, script[:min(len(script), 60)]) })
}
