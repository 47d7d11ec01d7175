package scoring

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor/mechanism/text/score"
)

// player is a holder of a uid: its gain on an item in a round, false if it is silent there.
type player struct {
	name  string
	from  int // first round in which it is registered
	gain  func(round, item int) (float64, bool)
	churn int // leaves and comes back under a new registration after so many rounds; 0: never
}

// always answers with the same recorded gains.
func always(name string, from int, gains []float64) player {
	return player{name: name, from: from, gain: func(_, item int) (float64, bool) { return gains[item], true }}
}

func (p *player) key(round int) score.Key {
	if p.churn == 0 {
		return score.Key(p.name)
	}
	return score.Key(fmt.Sprint(p.name, "@", (round-p.from)/p.churn))
}

// match is what a validator sees and pays.
type match struct {
	points [][][]float64 // by player, round and stratum: lcb^gamma times the copy factor
	shares []float64     // by player: mean share of the pay in the second half of the rounds
}

// mean points of a player in rounds from on, by stratum.
func (m *match) mean(player, from int) []float64 {
	out := make([]float64, len(m.points[player][0]))
	for _, round := range m.points[player][from:] {
		for d, v := range round {
			out[d] += v / float64(len(m.points[player])-from)
		}
	}
	return out
}

// hair are points, nats squared, that are next to nothing: a lower bound of 0.03 nats. Whoever earns less on a source is paid there by luck.
const hair = 0.03 * 0.03

// relative is the pay for some points in units of that for others: the mean over strata, whose pots are equal. Strata where the others
// earn less than a hair do not count, as little more than nothing would be many times as much; NaN if they earn no more anywhere.
func relative(points, others []float64) float64 {
	sum, n := 0.0, 0
	for d, v := range others {
		if v >= hair {
			sum += points[d] / v
			n++
		}
	}
	return sum / float64(n)
}

// play runs the rounds of one validator with groups of the given size.
func (e *exam) play(ctx context.Context, rule score.Settings, seed uint64, rounds, group int, players []player) (*match, error) {
	rng, groups := rand.New(rand.NewPCG(seed, 77)), rand.New(rand.NewPCG(seed, 78))
	board, err := score.NewBoard(rule, e.names)
	if err != nil {
		return nil, err
	}
	out := &match{points: make([][][]float64, len(players)), shares: make([]float64, len(players))}
	var order []int
	for r := range rounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(order) < e.asked {
			order = rng.Perm(e.each)
		}
		items := make([]int, 0, e.asked*len(e.names))
		for d := range e.names {
			for _, i := range order[:e.asked] {
				items = append(items, d*e.each+i)
			}
		}
		order = order[e.asked:]
		if err := e.round(board, players, r, items, group, groups); err != nil {
			return nil, err
		}
		if err := out.pay(board, &rule, players, r, rounds); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// round asks all that are registered, in random groups.
func (e *exam) round(board *score.Board, players []player, r int, items []int, group int, rng *rand.Rand) error {
	var here []int
	for _, i := range rng.Perm(len(players)) {
		if players[i].from <= r {
			here = append(here, i)
		}
	}
	var all []score.Scores
	for part := range slices.Chunk(here, group) {
		scores := score.Scores{}
		for _, item := range items {
			scores.Strata = append(scores.Strata, e.items[item].Stratum)
		}
		for _, i := range part {
			reply := score.ReplyScore{Key: players[i].key(r), Gains: make([]score.Gain, len(items))}
			for t, item := range items {
				if g, ok := players[i].gain(r, item); ok {
					reply.Gains[t].Nats, reply.Answered = g, true
				}
			}
			scores.Replies = append(scores.Replies, reply)
		}
		all = append(all, scores)
	}
	if len(all) == 0 {
		return nil
	}
	_, err := board.Observe(all...)
	return err
}

// pay notes what each player earns after a round.
func (m *match) pay(board *score.Board, rule *score.Settings, players []player, r, rounds int) error {
	keys := make([]score.Key, len(players))
	for i := range players {
		keys[i] = players[i].key(r)
		points := make([]float64, len(board.Strata()))
		if s, ok := board.Standing(keys[i]); ok && !s.Muted && players[i].from <= r {
			for d, st := range s.Strata {
				points[d] = math.Pow(max(0, st.LCB), rule.Gamma) * s.CopyFactor
			}
		}
		m.points[i] = append(m.points[i], points)
	}
	payout, err := board.Weights(keys)
	if err != nil || payout.Weights == nil || r < rounds/2 {
		return err
	}
	for i, w := range payout.Weights {
		m.shares[i] += w / float64(rounds-rounds/2)
	}
	return nil
}
