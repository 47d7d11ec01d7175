package tune

import (
	"context"
	"math"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/sim/arena"
	"github.com/gotensor/gotensor/sim/retention"
)

// Goals are the worths of a point; less is better in each.
const (
	goalRetention   = iota // honest weight that is always enough for a majority of 0.60
	goalCopier             // dividends per stake of a weight copier, over those of the honest
	goalRecognition        // hours until a new good miner has four fifths of its fair share
	goalRamp               // hours until a new validator has four fifths of its fair dividends
	goalCabal              // what a cabal of 40 % of the stake takes, over its stake
	goalError              // part of the incentive that goes to the wrong miners, while qualities move
	goalLuck               // spread of what equal validators earn, relative
	goals
)

var goalNames = [goals]string{"retention", "copier", "recognition", "ramp", "cabal", "error", "luck"}

var goalAbout = [goals]string{
	"honest weight that is always enough for a majority of 0.60 to keep its share",
	"dividends per stake of a validator that copies weights, over those of honest ones",
	"hours until a new good miner has four fifths of its fair share",
	"hours until a new validator has four fifths of its fair dividends",
	"share of the emission that a cabal of 40 % of the stake takes, over its share of stake",
	"part of the incentive that goes to the wrong miners while qualities move",
	"spread of what equal validators earn over the time played, relative",
}

// goalAxis are the same, short enough for an axis.
var goalAxis = [goals]string{
	"honest weight needed at a stake of 0.60", "a copier's dividends per stake, honest = 1", "hours to recognise a new good miner",
	"hours to recognise a new validator", "a cabal's emission over its stake", "incentive to wrong miners", "spread of pay by luck",
}

// worth is what a point measured.
type worth [goals]float64

// world is what is played in the arena, the same for all points.
type world struct {
	validators, miners int
	hours              float64 // that each game lasts
	noise              float64 // of a round's measure, relative
	drift              float64 // of qualities in 72 minutes, relative
	grid, repeats      int
	seed               uint64
}

// A round a minute, and averages that forget a twentieth in each: what validators of the text mechanism do.
const (
	roundMinutes = 1.0
	keepOfRound  = 0.95
	leastEpochs  = 24
	honestEpochs = 6 // before the copier begins to copy
	mostEpochs   = 400
	cabalStake   = 0.4
	fairPart     = 0.8
)

// measure plays all games with a point's hyperparameters.
func (w *world) measure(ctx context.Context, p Point) (worth, error) {
	var out worth
	var err error
	if out[goalRetention], err = w.retention(ctx, p); err != nil {
		return out, err
	}
	if err = w.copying(ctx, p, &out); err != nil {
		return out, err
	}
	if err = w.arrivals(ctx, p, &out); err != nil {
		return out, err
	}
	if out[goalCabal], err = w.cabal(ctx, p); err != nil {
		return out, err
	}
	for g := range out {
		out[g] = math.Round(out[g]*1e4) / 1e4
	}
	return out, nil
}

func (w *world) retention(ctx context.Context, p Point) (float64, error) {
	r := retention.Default()
	r.N, r.Validators, r.Steps, r.Stake = 192, 32, w.grid, []float64{0.6}
	r.Kappa, r.BondsPenalty, r.Seed = p.Kappa, p.BondsPenalty, w.seed
	m, err := r.Map(ctx, nil)
	if err != nil {
		return 0, err
	}
	return m.Contour(0).Required, nil
}

// rounds of a period.
func rounds(p Point) float64 { return p.Tempo / roundMinutes }

// epochs of a game.
func (w *world) epochs(p Point) int {
	return min(max(int(w.hours*60/p.Tempo), leastEpochs), mostEpochs)
}

// config is a subnet of honest validators. A period's measure is the mean of its rounds, and the running mean keeps what those
// rounds have not forgotten.
func (w *world) config(p Point, repeat int) arena.Config {
	keep := math.Pow(keepOfRound, rounds(p))
	// The mean of a period weighs its rounds as the running mean does: so many rounds it is worth.
	worth := (1 - keep) * (1 - keep) * (1 + keepOfRound) / ((1 - keepOfRound) * (1 - keep*keep))
	seats := make([]arena.Seat, w.validators)
	for i := range seats {
		seats[i] = arena.Seat{Stake: 1000 * arena.TAO, Strategy: &arena.Patient{Keep: keep}}
	}
	return arena.Config{
		Params: p.Params(w.validators + 1), Seats: seats, Quality: arena.Levels(w.miners, 1, 3), Noise: w.noise / math.Sqrt(worth),
		Seed: w.seed + uint64(repeat)*7919,
	}
}

// copier is honest at first and then commits the mean of all rows in force, weighted by stake: so its bonds do not lack because it
// began late.
type copier struct {
	arena.Patient
	from int // epoch
}

func (c *copier) Row(v *arena.View, row []float64) bool {
	if v.Epoch < c.from {
		return c.Patient.Row(v, row)
	}
	clear(row)
	found := false
	for uid, r := range v.Rows[:v.First] {
		if uid == v.UID {
			continue
		}
		sum := 0.0
		for _, x := range r.Values {
			sum += float64(x)
		}
		for k, target := range r.UIDs {
			row[target] += float64(v.Stake[uid]) * float64(r.Values[k]) / sum
			found = true
		}
	}
	return found
}

// memory is the number of epochs after which bonds have forgotten nineteen twentieths, within bounds.
func memory(p Point) int {
	pace := 1 - p.BondsMovingAverage
	if p.Liquid {
		pace = p.AlphaLow
	}
	return int(min(3/pace, mostEpochs/4))
}

// copying lets one copier live among honest validators while qualities move, and looks at it once bonds are what its copies made them.
func (w *world) copying(ctx context.Context, p Point, out *worth) error {
	from := honestEpochs + memory(p)
	epochs := from + w.epochs(p)
	honest := arena.UIDs(0, w.validators)
	for repeat := range w.repeats {
		c := w.config(p, repeat)
		c.Move = arena.Drift(w.drift * math.Sqrt(p.Tempo/72))
		keep := c.Seats[0].Strategy.(*arena.Patient).Keep
		c.Seats = append(c.Seats, arena.Seat{Stake: 1000 * arena.TAO, Strategy: &copier{Patient: arena.Patient{Keep: keep}, from: honestEpochs}})
		a, err := arena.New(c)
		if err != nil {
			return err
		}
		if err := a.Run(ctx, epochs); err != nil {
			return err
		}
		part := 1 / float64(w.repeats)
		out[goalCopier] += part * a.PerStake(from, epochs, []int{w.validators}, honest)
		out[goalError] += part * a.Past.Error(from, epochs)
		out[goalLuck] += part * spread(a.Past, from, epochs, honest)
	}
	return nil
}

// spread is the relative standard deviation of what validators of equal stake earned.
func spread(past *arena.Past, from, to int, uids []int) float64 {
	sum, square := 0.0, 0.0
	for _, uid := range uids {
		x := past.Dividends(from, to, []int{uid})
		sum += x
		square += x * x
	}
	n := float64(len(uids))
	if sum == 0 {
		return 0
	}
	return math.Sqrt(max(0, square/n-sum*sum/n/n)) / (sum / n)
}

// arrivals lets a good miner and a validator register, each where nobody was, and waits for their fair shares.
func (w *world) arrivals(ctx context.Context, p Point, out *worth) error {
	const arrive = 4
	epochs := min(max(w.epochs(p), 96), mostEpochs)
	miner, validator := w.validators, 0
	c := w.config(p, 0)
	c.Quality[0] = 0
	c.Change = func(a *arena.World) {
		if a.Epoch == arrive {
			a.Replace(miner, 3)
			a.Replace(validator, 0)
			c.Seats[validator].Strategy.(*arena.Patient).Keep = 0 // it has nothing to remember, and asks as often as the others
		}
	}
	a, err := arena.New(c)
	if err != nil {
		return err
	}
	if err := a.Run(ctx, epochs); err != nil {
		return err
	}
	wait := func(reached func(epoch int) bool) float64 {
		e := arrive
		for e < epochs && !reached(e) {
			e++
		}
		return float64(e+1-arrive) * p.Tempo / 60
	}
	out[goalRecognition] = wait(func(e int) bool { return a.Past.Incentive[e][miner] >= fairPart*a.Past.Fair[e][miner] })
	out[goalRamp] = wait(func(e int) bool { return a.Past.Dividend[e][validator] >= fairPart/float64(w.validators) })
	return nil
}

// selfish pays the last miners alone.
type selfish struct {
	arena.Prompt
	own int // uid of its first miner
}

func (s selfish) Row(_ *arena.View, row []float64) bool {
	clear(row)
	for uid := s.own; uid < len(row); uid++ {
		row[uid] = 1
	}
	return true
}

// cabal lets validators with 40 % of the stake pay only their own miners, whose quality is nothing.
func (w *world) cabal(ctx context.Context, p Point) (float64, error) {
	c := w.config(p, 0)
	n := w.validators
	bad := max(1, int(math.Round(cabalStake*float64(n))))
	own := n + w.miners - max(1, w.miners/4)
	stake := cabalStake / float64(bad) / ((1 - cabalStake) / float64(n-bad))
	for i := n - bad; i < n; i++ {
		c.Seats[i] = arena.Seat{Stake: gotensor.Rao(stake * float64(1000*arena.TAO)), Strategy: selfish{own: own}}
	}
	for k := own - n; k < w.miners; k++ {
		c.Quality[k] = 0
	}
	a, err := arena.New(c)
	if err != nil {
		return 0, err
	}
	epochs := w.epochs(p)
	if err := a.Run(ctx, epochs); err != nil {
		return 0, err
	}
	team := append(arena.UIDs(n-bad, n), arena.UIDs(own, n+w.miners)...)
	return a.Past.Emission(epochs/4, epochs, team) / cabalStake, nil
}
