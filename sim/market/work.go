package market

import (
	"math"
	"math/rand/v2"

	"github.com/gotensor/gotensor/pow"
)

// worked is what a subnet with registration by proof of work alone gives.
type worked struct {
	people, bots int
	cost         float64 // of the work for a slot to a bot, mean of the last half, as a share of the median value
	personal     float64 // the same work on a person's own machine
}

// work plays proof of work at the chain's adjustment. A person starts to mine when the wish is born and goes on until it
// is granted or given up, unless the work costs more than the slot is worth. Bots share what a farm finds; it mines as long as
// somebody's slot is worth the work, with as much power as it takes to bring the difficulty there within hours.
func (g *Game) work() worked {
	const (
		start    = 1e7 // x/subnet's initial and least difficulty
		perBlock = 2e7 // hashes of a person's processor in two seconds
	)
	adjust := pow.Adjustment{Target: perInterval / 3, Min: start, Max: 1 << 62}
	// A slot that takes a day of a person's processor is worth the median: that sets the price of electricity.
	hashCost := g.Value / (perBlock * blocksPerDay)
	r := rand.New(rand.NewPCG(g.Seed, 7))
	// Work has as many wishes for each slot that it aims at as the curve has for each that it sells.
	busy := *g
	scale := float64(adjust.Target) * blocksPerDay / interval / flow(g.HalfLife, g.Factor)
	busy.PeoplePerDay, busy.BotsPerDay = g.PeoplePerDay*scale, g.BotsPerDay*scale
	all := busy.wishes(g.Seed)
	var out worked
	var people, bots []*wish
	difficulty, inside, next := pow.Difficulty(start), 0, 0
	costs, samples := 0.0, 0
	blocks := g.Days * blocksPerDay
	for block := range blocks {
		if block%interval == 0 {
			difficulty, inside = adjust.Next(difficulty, uint64(inside)), 0
			people, bots = alive(people, block), alive(bots, block)
			if block > blocks/2 {
				costs, samples = costs+float64(difficulty)*hashCost, samples+1
			}
		}
		for ; next < len(all) && all[next].born <= block; next++ {
			if all[next].bot {
				bots = append(bots, all[next])
			} else {
				people = append(people, all[next])
			}
		}
		if inside == perInterval {
			continue
		}
		cost := float64(difficulty) * hashCost
		w := first(r, people, cost, perBlock/float64(difficulty))
		if b := first(r, bots, cost/g.Cores, perBlock*g.Cores/float64(difficulty)); b != nil && (w == nil || r.Float64() < g.Cores/(g.Cores+1)) {
			w = b
		}
		if w == nil {
			continue
		}
		w.paid, inside = cost, inside+1
		if w.bot {
			out.bots++
			bots = without(bots, w)
		} else {
			out.people++
			people = without(people, w)
		}
	}
	out.personal = costs / float64(samples) / g.Value
	out.cost = out.personal / g.Cores
	return out
}

// first draws who of those to whom a slot is worth its work finds one in a block, each at a mean number of finds; nil if nobody does.
func first(r *rand.Rand, of []*wish, cost, finds float64) *wish {
	n := 0
	for _, w := range of {
		if w.value >= cost {
			n++
		}
	}
	if n == 0 || r.Float64() >= -math.Expm1(-finds*float64(n)) {
		return nil
	}
	k := r.IntN(n)
	for _, w := range of {
		if w.value >= cost {
			if k == 0 {
				return w
			}
			k--
		}
	}
	return nil
}

func alive(of []*wish, block int) []*wish {
	out := of[:0]
	for _, w := range of {
		if w.dies > block {
			out = append(out, w)
		}
	}
	return out
}

func without(of []*wish, gone *wish) []*wish {
	out := of[:0]
	for _, w := range of {
		if w != gone {
			out = append(out, w)
		}
	}
	return out
}
