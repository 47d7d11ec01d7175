package market

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/price"
)

// The chain's clock and pruning with default hyperparameters, in blocks of two seconds.
const (
	epochBlocks    = 2161
	immunityBlocks = 30_000
	minMortal      = 10  // min_non_immune_uids
	hidden         = 2   // epochs until rows that name a newcomer are committed, revealed and counted
	tick           = 150 // blocks between two looks of those who want slots: the caps leave at most six slots in 600
	epochsPerDay   = float64(blocksPerDay) / epochBlocks
)

// holder is somebody who has a uid or wants one.
type holder struct {
	farm    int     // 0: honest; farms begin at 1
	origin  bool    // the farm's honest uid
	units   float64 // pay before upkeep, relative; 0 for who has left
	start   int     // block of the registration
	leaves  int     // block
	ends    int     // block in which a lease ends; 0: never
	last    float64 // TAO of the latest epoch
	gross   float64 // the same before upkeep, relative
	paid    float64 // TAO for registrations
	earned  float64
	payback int // epochs until earned reached paid; 0: not yet
	gone    bool
}

// subnet is a game in progress.
type subnet struct {
	c       *Clones
	t       terms
	tactic  tactic
	r       *rand.Rand // entrants
	noise   *rand.Rand
	curve   *curve
	seats   []*holder
	waiting []*holder
	clones  []*holder // every clone that ever was, for the books
	newbies []*holder
	best    float64 // largest units of anybody
	bestPay float64 // of the latest epoch, TAO
	model   float64 // units of what farms clone
	sold    float64 // registrations a day, moving mean
	mean    float64 // price, mean of a day
	held    []int   // clones that each farm has in seats
	bought  []int
	begin   int       // block in which farms start
	view    *outlook  // nil when seats or their holders have changed
	watched []*holder // honest miners that stay: the best, the middle one, the last
	books   books
}

// books are what a game is about.
type books struct {
	farm               []float64 // at each of Days: TAO that clones earned
	cost               []float64 // TAO that clones cost
	total              []float64 // what farms' own honest uids and clones earned
	pot, clones        float64   // TAO paid since farms came: in all, and to clones
	top, median, worst float64   // what those honest miners earned who hold out from first to last: the best, the middle one, the last
	burned             float64
	days               float64
	bought             int       // clones
	payback            []float64 // epochs, of honest newcomers of median quality or more
	unpaid, newcomers  float64
	live               float64 // seats that are paid, mean
	samples            float64
}

func (c *Clones) subnet(t terms, tac tactic, full bool) *subnet {
	s := &subnet{
		c: c, t: t, tactic: tac, r: rand.New(rand.NewPCG(c.Seed, 5)), noise: rand.New(rand.NewPCG(c.Seed, 6)),
		begin: c.Warmup * blocksPerDay, held: make([]int, tac.farms+1), bought: make([]int, tac.farms+1),
	}
	s.curve = newCurve(240, cmp.Or(t.factor, 1.07), 1)
	s.curve.Max = gotensor.Rao(cmp.Or(t.most, 100) * float64(gotensor.RaoPerTAO))
	n := c.Few
	if full {
		n = c.Slots
	}
	// Quantiles instead of draws: the same field of honest models in every game.
	for i := range n {
		h := &holder{units: c.units((float64(i) + 0.5) / float64(n)), start: -100 * blocksPerDay}
		h.leaves = s.leaves(0)
		s.best = max(s.best, h.units)
		s.seats = append(s.seats, h)
	}
	// The best, the median and the worst stay. Each farm's model is as good as the best.
	for _, i := range []int{n - 1, n / 2, 0} {
		s.seats[i].leaves = math.MaxInt
		s.watched = append(s.watched, s.seats[i])
	}
	s.model = s.best
	for f := range tac.farms {
		s.seats[f+1].farm, s.seats[f+1].origin, s.seats[f+1].units, s.seats[f+1].leaves = f+1, true, s.model, math.MaxInt
	}
	s.books.farm, s.books.cost, s.books.total = make([]float64, len(c.Days)), make([]float64, len(c.Days)), make([]float64, len(c.Days))
	return s
}

// units of the honest model at a quantile: the square of its gain.
func (c *Clones) units(quantile float64) float64 {
	gain := max(0.1, 1+c.Spread*math.Sqrt2*math.Erfinv(2*quantile-1))
	return gain * gain
}

func (s *subnet) leaves(now int) int {
	return now + int(s.r.ExpFloat64()*s.c.StayDays*blocksPerDay)
}

// play runs a game; aDay honest newcomers come to a subnet.
func (s *subnet) play(aDay float64) books {
	end := s.begin + int(s.c.Days[len(s.c.Days)-1]*blocksPerDay)
	next := func(now int) int { return now + int(s.r.ExpFloat64()/aDay*blocksPerDay) }
	arrival, epoch, day := next(0), epochBlocks, 0
	for now := 0; now < end; now += tick {
		for ; arrival <= now; arrival = next(arrival) {
			w := &holder{units: s.c.units(s.r.Float64()), start: arrival}
			w.units = min(w.units, s.best)
			w.leaves = s.leaves(arrival)
			s.waiting = append(s.waiting, w)
		}
		if now >= epoch {
			s.pay(now)
			epoch += epochBlocks
		}
		s.expire(now)
		s.sell(now)
		for day < len(s.c.Days) && now+tick >= s.begin+int(s.c.Days[day]*blocksPerDay) {
			s.balance(day)
			day++
		}
	}
	s.books.days = float64(end-s.begin) / blocksPerDay
	s.books.bought = len(s.clones)
	s.conclude()
	return s.books
}

// nets are the pays of an epoch after upkeep, for pays before it in any unit: package price does it in rao.
func (s *subnet) nets(gross []float64) []float64 {
	sum := 0.0
	for _, g := range gross {
		sum += g
	}
	out := make([]float64, len(gross))
	if sum == 0 {
		return out
	}
	rao := make([]gotensor.Rao, len(gross))
	for i, g := range gross {
		rao[i] = gotensor.Rao(g / sum * s.c.Pot * float64(gotensor.RaoPerTAO))
	}
	for i, p := range price.Upkeep(rao, uint16(s.t.upkeep)) {
		out[i] = float64(p) / float64(gotensor.RaoPerTAO)
	}
	return out
}

// pay is an epoch.
func (s *subnet) pay(now int) {
	gross := make([]float64, len(s.seats))
	for i, h := range s.seats {
		if h.leaves <= now {
			h.units = 0
		}
		luck := max(0, 1+s.c.Noise*s.noise.NormFloat64())
		if now-h.start > hidden*epochBlocks {
			gross[i] = h.units * luck
		}
		h.gross = gross[i]
	}
	s.bestPay, s.view = 0, nil
	live := 0.0
	for i, p := range s.nets(gross) {
		h := s.seats[i]
		h.last = p
		s.bestPay = max(s.bestPay, p)
		if h.paid > 0 && h.payback == 0 && h.earned+p >= h.paid {
			h.payback = int(math.Ceil(float64(now-h.start) / epochBlocks))
		}
		h.earned += p
		if p > 0 {
			live++
		}
		if now < s.begin {
			h.earned = 0
			continue
		}
		s.books.pot += p
		if h.farm > 0 && !h.origin {
			s.books.clones += p
		}
	}
	s.books.live, s.books.samples = s.books.live+live, s.books.samples+1
}

// expire ends leases: who thinks that the next one pays takes it at the price of now.
func (s *subnet) expire(now int) {
	if s.t.lease == 0 {
		return
	}
	kept := s.seats[:0]
	for _, h := range s.seats {
		if h.ends == 0 {
			h.ends = now + s.t.lease*epochBlocks
		}
		if h.ends > now {
			kept = append(kept, h)
			continue
		}
		p := s.price(now)
		if h.last*float64(s.t.lease) > p {
			s.charge(h, p, now)
			h.ends = now + s.t.lease*epochBlocks
			kept = append(kept, h)
			continue
		}
		s.leave(h)
	}
	s.seats, s.view = kept, nil
}

func (s *subnet) leave(h *holder) {
	h.gone = true
	if h.farm > 0 && !h.origin {
		s.held[h.farm]--
	}
}

// price of a slot: the chain's, or the floor that follows pay.
func (s *subnet) price(now int) float64 {
	return max(s.curve.price(now), s.t.floor*s.bestPay)
}

func (s *subnet) charge(h *holder, p float64, now int) {
	h.paid += p
	if now >= s.begin {
		s.books.burned += p
	}
}

// sell gives slots to those who want one at the price of now, in an order that is chance.
func (s *subnet) sell(now int) {
	p := s.price(now)
	s.mean += (p - s.mean) * tick / blocksPerDay
	s.sold -= s.sold * tick / blocksPerDay
	s.waiting = slices.DeleteFunc(s.waiting, func(w *holder) bool { return now-w.start > 3*blocksPerDay })
	order := s.noise.Perm(len(s.waiting) + s.tactic.farms)
	for _, i := range order {
		if !s.curve.open(now) {
			return
		}
		p = s.price(now)
		if i < len(s.waiting) {
			if w := s.waiting[i]; p <= s.worth(w.units, 0) {
				s.admit(w, p, now)
			}
			continue
		}
		if f := i - len(s.waiting) + 1; now >= s.begin && s.wants(f, p) {
			h := &holder{farm: f, units: s.c.ClonePay * s.model, leaves: math.MaxInt}
			s.clones = append(s.clones, h)
			s.held[f]++
			s.bought[f]++
			s.admit(h, p, now)
		}
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(w *holder) bool { return w.paid > 0 })
}

// admit takes a newcomer in, as x/neuron does.
func (s *subnet) admit(w *holder, p float64, now int) {
	w.start = now
	s.charge(w, p, now)
	s.curve.last, s.curve.at = gotensor.Rao(p*float64(gotensor.RaoPerTAO)), now
	s.curve.sold(now)
	s.sold++
	s.view = nil
	if s.t.lease > 0 {
		w.ends = now + s.t.lease*epochBlocks
	}
	if w.farm == 0 && now >= s.begin {
		s.newbies = append(s.newbies, w)
	}
	if len(s.seats) < s.c.Slots {
		s.seats = append(s.seats, w)
		return
	}
	at := s.victim(now)
	s.leave(s.seats[at])
	s.seats[at] = w
}

// victim is the seat that is pruned: the rule of x/neuron.
func (s *subnet) victim(now int) int {
	mortal, at := 0, -1
	for _, h := range s.seats {
		if now-h.start >= immunityBlocks {
			mortal++
		}
	}
	for i, h := range s.seats {
		if immune := now-h.start < immunityBlocks; immune == (mortal > minMortal) {
			continue
		}
		if at < 0 || before(h, s.seats[at]) {
			at = i
		}
	}
	return at
}

// before tells who is pruned first.
func before(a, b *holder) bool {
	return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.gross, b.gross), cmp.Compare(a.start, b.start)) < 0
}

func (s *subnet) balance(day int) {
	for _, h := range s.clones {
		s.books.farm[day] += h.earned
		s.books.cost[day] += h.paid
	}
	s.books.total[day] = s.books.farm[day]
	for _, h := range s.seats {
		if h.origin {
			s.books.total[day] += h.earned
		}
	}
}

// conclude reads what honest miners got.
func (s *subnet) conclude() {
	s.books.top, s.books.median, s.books.worst = s.watched[0].earned, s.watched[1].earned, s.watched[2].earned
	for _, h := range s.newbies {
		if h.units < 1 {
			continue
		}
		s.books.newcomers++
		if h.payback == 0 {
			s.books.unpaid++
			continue
		}
		s.books.payback = append(s.books.payback, float64(h.payback))
	}
	slices.Sort(s.books.payback)
}
