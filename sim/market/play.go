package market

import (
	"cmp"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// wish is somebody's for one slot.
type wish struct {
	born, dies int // blocks
	value      float64
	looks      []int // blocks in which a person looks; empty for a bot, which always does
	bot        bool
	band       int // of value: the wishes of all in `bands` groups of equal size
	paid       float64
}

const bands = 8

// wishes draws all wishes of a game, in the order of birth.
func (g *Game) wishes(seed uint64) []*wish {
	var out []*wish
	for side, perDay := range []float64{g.PeoplePerDay, g.BotsPerDay} {
		r := rand.New(rand.NewPCG(seed, uint64(side)+1))
		for t := 0.0; ; {
			t += r.ExpFloat64() / perDay * blocksPerDay
			if t >= float64(g.Days*blocksPerDay) {
				break
			}
			w := &wish{born: int(t), bot: side == 1, value: g.Value * math.Exp(g.Spread*r.NormFloat64())}
			w.dies = w.born + int(g.PatienceDays*blocksPerDay)
			if !w.bot {
				w.looks = g.looks(r, w)
			}
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b *wish) int { return cmp.Compare(a.value, b.value) })
	for i, w := range out {
		w.band = i * bands / len(out)
	}
	slices.SortStableFunc(out, func(a, b *wish) int { return cmp.Compare(a.born, b.born) })
	return out
}

// looks draws when a person looks: at birth, then every LookHours on average, less at night than by day.
func (g *Game) looks(r *rand.Rand, w *wish) []int {
	out := []int{w.born}
	for t := float64(w.born); ; {
		t += r.ExpFloat64() * g.LookHours * blocksPerHour / (1 + g.Night)
		if t >= float64(w.dies) {
			return out
		}
		awake := (1 + g.Night*math.Sin(2*math.Pi*t/blocksPerDay)) / (1 + g.Night)
		if r.Float64() < awake {
			out = append(out, int(t))
		}
	}
}

// tally is what one side got.
type tally struct {
	wishes, slots int
	paid          float64
	bandSlots     [bands]int
	bandPaid      [bands]float64
}

func (t tally) mean() float64 { return ratio(t.paid, float64(t.slots)) }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func (t *tally) add(o tally) {
	t.wishes, t.slots, t.paid = t.wishes+o.wishes, t.slots+o.slots, t.paid+o.paid
	for b := range bands {
		t.bandSlots[b] += o.bandSlots[b]
		t.bandPaid[b] += o.bandPaid[b]
	}
}

// outcome of games under one rule.
type outcome struct {
	people, bots tally
	prices       []float64 // every six hours, of the first game
	risen        int       // first block in which the price was 0.8 times the value, of the first game; -1 if never
	cheap        int       // slots sold below half the value
	cheapBots    int
}

func (o *outcome) add(p outcome) {
	o.people.add(p.people)
	o.bots.add(p.bots)
	o.cheap, o.cheapBots = o.cheap+p.cheap, o.cheapBots+p.cheapBots
	if o.prices == nil {
		o.prices, o.risen = p.prices, p.risen
	}
}

// priceRatio is what a bot pays for what a person of the same value pays 1 for: bands are weighed by people's slots.
func (o outcome) priceRatio() float64 {
	var bots, people float64
	for b := range bands {
		n, m := o.people.bandSlots[b], o.bots.bandSlots[b]
		if n < 5 || m < 5 {
			continue
		}
		bots += float64(n) * o.bots.bandPaid[b] / float64(m)
		people += o.people.bandPaid[b]
	}
	return ratio(bots, people)
}

// fairShare is people's share of the slots over their share of the wishes.
func (o outcome) fairShare() float64 {
	slots := ratio(float64(o.people.slots), float64(o.people.slots+o.bots.slots))
	return ratio(slots, ratio(float64(o.people.wishes), float64(o.people.wishes+o.bots.wishes)))
}

// agenda is who looks in which block: lists through one slice, since most blocks have nobody.
type agenda struct {
	head []int32 // by block: index of the first visit plus one
	all  []visit
}

type visit struct {
	w    *wish
	next int32
}

// add enters a visit; those after the end of the game are left out.
func (a *agenda) add(block int, w *wish) {
	if block < len(a.head) {
		a.all = append(a.all, visit{w, a.head[block]})
		a.head[block] = int32(len(a.all))
	}
}

func (a *agenda) at(block int) iter.Seq[*wish] {
	return func(yield func(*wish) bool) {
		for i := a.head[block]; i > 0 && yield(a.all[i-1].w); i = a.all[i-1].next {
		}
	}
}

// field is a game in progress.
type field struct {
	r      *rand.Rand
	rule   rule
	aim    float64
	agenda agenda
	bots   []*wish // alive, in the order of birth
	mean   float64 // price of the last day
	out    outcome
}

// setup is one game of those that a run plays.
type setup struct {
	name   string
	rule   func() rule
	aim    float64
	skip   int  // blocks at the start that are not counted
	orders bool // people leave standing orders: a program looks for them
	games  int
}

// play runs several games of a setup, with wishes of their own, and adds up what was got.
func (g *Game) play(s setup) outcome {
	var out outcome
	for i := range s.games {
		out.add(g.game(s, g.Seed+uint64(i)<<32))
	}
	return out
}

func (g *Game) game(s setup, seed uint64) outcome {
	blocks := g.Days * blocksPerDay
	all := g.wishes(seed)
	rule, skip := s.rule(), s.skip
	f := field{r: rand.New(rand.NewPCG(seed, 99)), aim: s.aim, rule: rule, agenda: agenda{head: make([]int32, blocks)}}
	f.out.risen = -1
	next := 0
	for _, w := range all {
		for _, at := range w.looks {
			f.agenda.add(at, w)
		}
		if w.born >= skip {
			f.side(w).wishes++
		}
	}
	f.mean = rule.price(0)
	for block := range blocks {
		for next < len(all) && all[next].born <= block {
			if all[next].bot || s.orders {
				f.bots = append(f.bots, all[next])
			}
			next++
		}
		p := rule.price(block)
		f.mean += (p - f.mean) / blocksPerDay
		if f.out.risen < 0 && p >= 0.8*g.Value {
			f.out.risen = block
		}
		if block%(blocksPerDay/4) == 0 {
			f.out.prices = append(f.out.prices, p)
		}
		if w := f.buyer(block, p); w != nil {
			rule.sold(block)
			w.paid = p
			f.retry(w, block)
			if block >= skip {
				f.count(w, g.Value)
			}
		}
	}
	return f.out
}

func (f *field) side(w *wish) *tally {
	if w.bot {
		return &f.out.bots
	}
	return &f.out.people
}

func (f *field) count(w *wish, value float64) {
	t := f.side(w)
	t.slots++
	t.paid += w.paid
	t.bandSlots[w.band]++
	t.bandPaid[w.band] += w.paid
	if w.paid < value/2 {
		f.out.cheap++
		if w.bot {
			f.out.cheapBots++
		}
	}
}

// buyer draws the first of those who want the slot of a block at its price: the order in a block is chance. Bots want it if
// the price is at most aim times its mean of the last day, and at what it is worth to them in the last tenth of their patience;
// an aim of 0 takes any price up to the value at once.
func (f *field) buyer(block int, p float64) *wish {
	for len(f.bots) > 0 && f.bots[0].dies <= block {
		f.bots = f.bots[1:]
	}
	if !f.rule.open(block) {
		f.postpone(block, p)
		return nil
	}
	var won *wish
	n := 0
	offer := func(w *wish) {
		if w.paid == 0 && p <= w.value {
			n++
			if f.r.IntN(n) == 0 {
				won = w
			}
		}
	}
	for w := range f.agenda.at(block) {
		offer(w)
	}
	cheap := f.aim == 0 || p <= f.aim*f.mean
	for _, w := range f.bots {
		if cheap || (w.dies-block)*10 < w.dies-w.born {
			offer(w)
		} else if !cheap {
			break // those born later have more patience left
		}
	}
	return won
}

// again is how long a person who was too late waits before the next try.
const again = 10 * 60 / blockSeconds

// retry takes the buyer off the field and lets people who lost the block try again later.
func (f *field) retry(won *wish, block int) {
	if i := slices.Index(f.bots, won); i >= 0 {
		f.bots = slices.Delete(f.bots, i, i+1)
	}
	f.postpone(block, won.paid)
}

// postpone lets the people who would have bought in a block try again later.
func (f *field) postpone(block int, p float64) {
	for w := range f.agenda.at(block) {
		if w.paid == 0 && p <= w.value && block+again < w.dies {
			f.agenda.add(block+again, w)
		}
	}
}
