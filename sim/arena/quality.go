package arena

import (
	"math"
	"math/rand/v2"
)

// Drift moves every miner's quality by a random step of the given size per epoch, as a share of it. A step back towards where the miner
// started, a tenth of the distance, keeps the field from spreading without end. Each world needs a Drift of its own.
func Drift(size float64) Move {
	var start []float64
	return func(_ int, q []float64, r *rand.Rand) {
		if start == nil {
			start = append(start, q...)
		}
		for k := range q {
			if start[k] <= 0 {
				continue
			}
			back := 0.1 * math.Log(start[k]/q[k])
			q[k] *= math.Exp(back + size*r.NormFloat64())
		}
	}
}

// Jumps gives each miner a new quality with the given chance per epoch, between low and high.
func Jumps(chance, low, high float64) Move {
	return func(_ int, q []float64, r *rand.Rand) {
		for k := range q {
			if r.Float64() < chance {
				q[k] = low + (high-low)*r.Float64()
			}
		}
	}
}

// Arrival is a Config.Change: at an epoch someone of the quality given registers at a miner's uid.
func Arrival(epoch, uid int, quality float64) func(*World) {
	return func(w *World) {
		if w.Epoch == epoch {
			w.Replace(uid, quality)
		}
	}
}
