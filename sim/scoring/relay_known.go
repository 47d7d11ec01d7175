package scoring

import (
	"math/rand/v2"
)

// A shard as docs/scoring.md has it: periodRounds rounds about shardPlaces places of each source, and a quarter of the questions from elsewhere.
const (
	shardPlaces  = 350
	periodRounds = 40
	shardItems   = roundItems / 2 * 3 / 4 // of a source and round
)

// known tells which questions a relay has seen before, so that it could ask a victim about them in peace.
type known func(round, item int) bool

// asShare draws known questions with a share that depends on the round.
func asShare(seed uint64, share func(round int) float64) known {
	return func(round, item int) bool {
		return rand.New(rand.NewPCG(seed^uint64(round)<<32, uint64(item))).Float64() < share(round)
	}
}

// shard is the share of one validator's questions that a relay was asked before in the same period, by this or another one of so many
// validators, by round of the period. Each goes through the shard in an order of its own.
func shard(seed uint64, validators int) []float64 {
	rng := rand.New(rand.NewPCG(seed, uint64(500+validators)))
	orders, seen, out := make([][]int, validators), make([]bool, shardPlaces), make([]float64, periodRounds)
	for r := range out {
		var asked []int
		for v := range orders {
			for range shardItems {
				if len(orders[v]) == 0 {
					orders[v] = rng.Perm(shardPlaces)
				}
				place := orders[v][0]
				orders[v] = orders[v][1:]
				if asked = append(asked, place); v == 0 && seen[place] {
					out[r] += 2 / float64(roundItems) // of each of two sources
				}
			}
		}
		for _, place := range asked {
			seen[place] = true
		}
	}
	return out
}
