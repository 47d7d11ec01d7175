package route

import (
	"math"
	"slices"
	"time"
)

// The formulas of the package's documentation. Everything here is pure: the time and the random number come from outside.
const (
	halfLife      = 2 * time.Minute        // of what was seen of a neuron
	mostWeight    = 12.0                   // of what was seen, against 1 of what is assumed: about the latest dozen answers count
	priorSuccess  = 0.9                    // assumed before the first answer
	priorLatency  = time.Second            // assumed before any neuron has answered
	leastLatency  = 100 * time.Millisecond // nobody notices less, and whoever answers nonsense at once gains no more by it
	failurePrice  = 2 * time.Second        // what a failure costs: the time lost and the second neuron's
	freeRunning   = 8.0                    // answers under way that double the expected latency
	floorShare    = 0.02                   // of the calls go to neurons whatever the chain pays them
	exploreShare  = 0.02                   // of the calls go where the least is known
	draws         = 16                     // neurons that are looked at per call
	recentPieces  = 32                     // latencies from which the time of a hedge is known
	enoughPieces  = 4
	mostWaits     = 8   // in vain that are counted in a row
	growthOfWaits = 1.5 // a neuron that had not answered when a call was broken off is expected to need this much longer
)

// mean is a moving average that forgets with time. The zero value knows nothing.
type mean struct {
	value, weight float64
	at            time.Time
}

// seen is the weight that is left now.
func (m *mean) seen(now time.Time) float64 {
	if m.weight == 0 {
		return 0
	}
	return m.weight * math.Exp2(-max(0, now.Sub(m.at).Seconds())/halfLife.Seconds())
}

// add takes in one more value.
func (m *mean) add(x float64, now time.Time) {
	w := m.seen(now)
	m.value = (m.value*w + x) / (w + 1)
	m.weight, m.at = min(w+1, mostWeight), now
}

// estimate is the mean of what was seen and one assumed value: the less was seen and the longer ago, the more that one counts.
func (m *mean) estimate(assumed float64, now time.Time) float64 {
	w := m.seen(now)
	return (m.value*w + assumed) / (w + 1)
}

// cost is the expected time in seconds to an answer.
func cost(latency time.Duration, success float64, running int) float64 {
	l := max(latency, leastLatency).Seconds()
	return l*(1+float64(max(running, 0))/freeRunning) + (1/min(max(success, 0.01), 1)-1)*failurePrice.Seconds()
}

// shareWeights are the parts of the incentive; they sum to 1. Without any incentive all are equal.
func shareWeights(shares []float64) []float64 {
	sum := 0.0
	for _, s := range shares {
		sum += s
	}
	out := make([]float64, len(shares))
	for i, s := range shares {
		out[i] = 1 / float64(len(shares))
		if sum > 0 {
			out[i] = s / sum
		}
	}
	return out
}

// preference is in proportion to the probability of being picked.
func preference(weight, cost float64) float64 { return weight / (cost * cost) }

// draw turns a uniform number in [0, 1) into an index with probability in proportion to the weights; -1 if all are 0.
func draw(weights []float64, u float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	last := -1
	at := u * sum
	for i, w := range weights {
		if w <= 0 {
			continue
		}
		last = i
		if at -= w; at < 0 {
			return i
		}
	}
	return last // rounding
}

// hedgeDelay is the time that about 9 of 10 recent first pieces needed, within bounds; what is configured before enough is known.
func hedgeDelay(recent []time.Duration, configured, most time.Duration) time.Duration {
	if len(recent) < enoughPieces {
		return min(configured, most)
	}
	var buf [recentPieces]time.Duration
	sorted := buf[:copy(buf[:], recent)]
	slices.Sort(sorted)
	return min(max(sorted[len(sorted)-1-len(sorted)/16], leastHedge), most)
}
