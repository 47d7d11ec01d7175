package arena

import (
	"cmp"
	"math"
	"slices"
)

// copier is a validator that asks nobody. It commits what it can make of the rows it sees.
type copier struct {
	Prompt
	how   string // one of the names in Copiers
	last  []float64
	trend []float64
	seen  []float64
	votes [][]vote // scratch of majority
	// knows is what a learning copier has of the challenges, nil elsewhere.
	knows *lesson
}

// Copiers are the ways to copy: the weight that a kappa majority supports, in the rows in force; their mean by stake; the mean and how
// it moved since the period before.
var Copiers = []string{"consensus", "mean", "trend"}

// Row makes a row of what others revealed.
func (c *copier) Row(v *View, row []float64) bool {
	if c.seen == nil {
		c.seen, c.last, c.trend = make([]float64, len(row)), make([]float64, len(row)), make([]float64, len(row))
	}
	if c.how == "consensus" {
		c.majority(v, c.seen)
	} else {
		average(v, c.seen)
	}
	if total(c.seen) == 0 {
		return false
	}
	copy(row, c.seen)
	switch {
	case c.knows != nil:
		c.knows.learn(v, c.seen)
		c.knows.predict(v, row)
	case c.how == "trend":
		if total(c.last) > 0 {
			for uid, x := range c.seen {
				// A trend that is mostly noise is worth half at most.
				c.trend[uid] = 0.5*c.trend[uid] + 0.5*(x-c.last[uid])
				row[uid] = max(0, x+c.trend[uid])
			}
		}
		copy(c.last, c.seen)
	}
	return true
}

func total(x []float64) float64 {
	sum := 0.0
	for _, y := range x {
		sum += y
	}
	return sum
}

// average writes the mean of the normalised rows of others in force, by stake.
func average(v *View, to []float64) {
	clear(to)
	for i, r := range v.Rows[:v.First] {
		if i == v.UID {
			continue
		}
		sum := 0.0
		for _, x := range r.Values {
			sum += float64(x)
		}
		for k, uid := range r.UIDs {
			to[uid] += float64(v.Stake[i]) * float64(r.Values[k]) / sum
		}
	}
}

// vote is a weight and the stake behind it.
type vote struct{ weight, stake float64 }

// majority writes per miner the median by stake of the others' normalised rows.
func (c *copier) majority(v *View, to []float64) {
	clear(to)
	if c.votes == nil {
		c.votes = make([][]vote, len(to))
	}
	for uid := range c.votes {
		c.votes[uid] = c.votes[uid][:0]
	}
	all := 0.0
	for i, r := range v.Rows[:v.First] {
		if i == v.UID || len(r.UIDs) == 0 {
			continue
		}
		all += float64(v.Stake[i])
		sum := 0.0
		for _, x := range r.Values {
			sum += float64(x)
		}
		for k, uid := range r.UIDs {
			c.votes[uid] = append(c.votes[uid], vote{float64(r.Values[k]) / sum, float64(v.Stake[i])})
		}
	}
	for uid, votes := range c.votes {
		slices.SortFunc(votes, func(a, b vote) int { return cmp.Compare(b.weight, a.weight) })
		above := 0.0
		for _, x := range votes {
			if above += x.stake; above >= all/2 {
				to[uid] = x.weight
				break
			}
		}
	}
}

// rotation are challenges that a beacon draws: each period weighs K strata anew, and all validators judge by the same weights. How good a
// miner is in each stratum is a table that stays as it is.
type rotation struct {
	base  []float64
	table [][]float64 // per miner, relative to its quality, by stratum
	now   []float64   // weights of this period's strata, they sum to one
	was   []float64   // those of the period before
}

// newRotation returns challenges by which quality varies with the standard deviation given.
func newRotation(base []float64, strata int, spread float64, seed uint64) *rotation {
	r := stream(seed, math.MaxUint64)
	out := &rotation{base: base, now: make([]float64, strata), was: make([]float64, strata)}
	for range base {
		row := make([]float64, strata)
		for s := range row {
			// Squared weights drawn as below sum to 2/(strata+1) on average.
			row[s] = spread * math.Sqrt(float64(strata+1)/2) * r.NormFloat64()
		}
		out.table = append(out.table, row)
	}
	return out
}

// change is a Config.Change: it draws this period's weights, uniform among those that sum to one.
func (o *rotation) change(w *World) {
	copy(o.was, o.now)
	r := stream(w.cfg.Seed^0x5eed, uint64(w.Epoch))
	sum := 0.0
	for s := range o.now {
		o.now[s] = r.ExpFloat64()
		sum += o.now[s]
	}
	for s := range o.now {
		o.now[s] /= sum
	}
	for k, base := range o.base {
		w.Quality[k] = base * max(0, 1+dot(o.table[k], o.now))
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for k := range a {
		sum += a[k] * b[k]
	}
	return sum
}

// lesson is a regression, by least squares, of what consensus gave each miner on the strata's weights of the period in which it was measured.
// The beacon is public, so that a copier knows the weights of every period, this one included.
type lesson struct {
	beacon *rotation
	gram   [][]float64 // strata x strata
	sums   [][]float64 // per uid, by stratum
	coef   [][]float64 // scratch of the solver
	rows   int
}

func newLesson(o *rotation, n int) *lesson {
	k := len(o.now)
	l := &lesson{beacon: o}
	for s := range k {
		l.gram = append(l.gram, make([]float64, k))
		l.gram[s][s] = 1e-6
		l.coef = append(l.coef, make([]float64, k+1))
	}
	for range n {
		l.sums = append(l.sums, make([]float64, k))
	}
	return l
}

// learn takes up rows that were revealed now and measured in the period before.
func (l *lesson) learn(v *View, seen []float64) {
	if v.Epoch == 0 {
		return
	}
	l.rows++
	sum := total(seen)
	for a, x := range l.beacon.was {
		for b, y := range l.beacon.was {
			l.gram[a][b] += x * y
		}
		for uid := range seen {
			l.sums[uid][a] += x * seen[uid] / sum
		}
	}
}

// predict writes what this period's weights make of what was learnt, once there is enough of it.
func (l *lesson) predict(v *View, row []float64) {
	k := len(l.gram)
	if l.rows < 2*k {
		return
	}

	for s := range k {
		copy(l.coef[s], l.gram[s])
		l.coef[s][k] = l.beacon.now[s]
	}
	weights := solve(l.coef)
	for uid := v.First; uid < len(row); uid++ {
		row[uid] = max(0, dot(weights, l.sums[uid]))
	}
}

// solve returns x of a positive definite system, each row of which ends with the right side; it destroys the system.
func solve(a [][]float64) []float64 {
	n := len(a)
	for c := range n {
		for r := c + 1; r < n; r++ {
			f := a[r][c] / a[c][c]
			for k := c; k <= n; k++ {
				a[r][k] -= f * a[c][k]
			}
		}
	}
	x := make([]float64, n)
	for r := n - 1; r >= 0; r-- {
		x[r] = a[r][n]
		for k := r + 1; k < n; k++ {
			x[r] -= a[r][k] * x[k]
		}
		x[r] /= a[r][r]
	}
	return x
}
