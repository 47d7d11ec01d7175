package arena

import (
	"cmp"
	"context"
	"fmt"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// Hopping is the experiment in which stake comes for the epoch and leaves.
type Hopping struct {
	Seed      uint64  `json:"seed" help:"unused: nothing here is chance"`
	Pool      float64 `json:"pool" help:"TAO of everybody else, staked with other validators"`
	Stake     float64 `json:"stake" help:"TAO that hop"`
	Period    int     `json:"period" help:"blocks of a period"`
	Unbonding int     `json:"unbonding" help:"blocks until unbonded stake is free, and a redelegated one can be redelegated again"`
	Periods   int     `json:"periods" help:"played"`
	Around    []int   `json:"around" help:"blocks that stake is there for around a boundary"`
	Unbonds   []int   `json:"unbonds" help:"unbonding times that redelegation is played with, in periods"`
}

// NewHopping returns the experiment with the chain's defaults: blocks of two seconds, epochs of 72 minutes, unbonding of three days.
func NewHopping() *Hopping {
	return &Hopping{
		Seed: 1, Pool: 1e6, Stake: 1e3, Period: 2161, Unbonding: 129_600, Periods: 300,
		Around: []int{2, 20, 200, 1000}, Unbonds: []int{0, 1, 2, 5, 10, 20, 60, 100},
	}
}

// Name of the experiment.
func (h *Hopping) Name() string { return "stake-hopping" }

// About the experiment.
func (h *Hopping) About() string {
	return `Stake that comes for the epoch and leaves

An epoch divides dividends among validators by their stake in the block of the boundary. What a validator gets becomes a stream
that runs until the next boundary, and each block's part goes to the delegators of that block. Numbers are what a TAO earns per
block that it is bound to it, staked or unbonding, over what a TAO that stays earns.

Visit: stake comes to a validator of the hopper's own a few blocks before a boundary and is unbonded after it; a crumb that stays behind
takes the whole stream. Move: it is redelegated after the boundary to a validator of others, where it takes part in a stream that it did not bring,
while the crumb takes the stream that it did bring; as soon as the chain lets it, it is back before a boundary and goes again. Stake that
was redelegated cannot be redelegated on, nor back, until the unbonding time is over: that is all that stops it. Late: it
joins others after a boundary and leaves before the next, thus never brings anything.

Before, in visit: all is paid at the boundary to who is there then, and unbonding is immediate. Before, in move: no unbonding
time. An unbonding time of n periods leaves a gain of about 1/(2n), 0.7 % at the chain's default of 60 periods. A subnet whose tempo were
longer than the unbonding time could be milked for a whole second pay; the chain takes no tempo above a tenth of the default
unbonding time (yield-move-long-tempo, before: without that bound).
Shrink is a rule that would end it without any unbonding time: what a stream pays falls with the validator's stake where that is less than
at the boundary. It is not on the chain.`
}

// Validate the parameters.
func (h *Hopping) Validate() error {
	around, unbonds := make([]float64, len(h.Around)), make([]float64, len(h.Unbonds))
	for i, k := range h.Around {
		around[i] = float64(k)
	}
	for i, k := range h.Unbonds {
		unbonds[i] = float64(k)
	}
	return cmp.Or(sim.Within("pool", 1, 1e9, h.Pool), sim.Within("stake", 0.001, 1e9, h.Stake), counts("period", h.Period, 4), sim.Within("unbonding", 0, 1e7, float64(h.Unbonding)),
		sim.Within("periods", 10, 10_000, float64(h.Periods)), sim.Within("around", 2, float64(h.Period-2), around...), sim.Within("unbonds", 0, 1000, unbonds...))
}

// place is where the hopper's stake is.
type place int

const (
	free   place = iota // in the purse: bound to nothing
	own                 // with the hopper's own validator, beside the crumb
	others              // with the validators of all others
	locked              // unbonding
)

// crumb is what always stays with the hopper's validator, as a share of the stake: it keeps the permit and takes what is left of a stream.
// Dividends reward stake that is there at a boundary whose permit is one epoch older; a crumb has that too.
const crumb = 1e-6

// staker is the state of the game. Rules: x/emission/keeper/dividends.go (streams), x/staking of the SDK (unbonding, no redelegation of
// what was redelegated), x/emission/keeper/gather.go (stake of the boundary's block).
type staker struct {
	h         *Hopping
	unbonding int
	at        place
	until     int // block in which unbonding ends
	moved     int // block from which it may be redelegated again
	stream    [3]float64
	earned    float64
	tied      int // blocks staked or unbonding
	kind
}

// kind is the rule by which dividends are paid.
type kind struct {
	lump   bool // at the boundary, to who is there then
	shrink bool // a stream pays in proportion to the stake that is left of what was there at the boundary
}

// block plays one block: the boundary comes first, then the hopper's transaction, then the block is paid.
func (s *staker) block(b int, act func(s *staker, b int)) {
	if s.at == locked && b >= s.until {
		s.at = free
	}
	stake, pool := s.h.Stake, s.h.Pool
	if b%s.h.Period == 0 {
		s.stream = [3]float64{}
		mine, theirs := crumb*stake, pool
		switch s.at {
		case own:
			mine += stake
		case others:
			theirs += stake
		case free, locked:
		}
		s.stream[own], s.stream[others] = mine/(pool+stake), theirs/(pool+stake)
		if s.lump && s.at != free && s.at != locked {
			s.earned += stake / (pool + stake) // the period's pay, at once
		}
	}
	if act != nil {
		act(s, b)
	}
	if s.at != free {
		s.tied++
	}
	if s.lump {
		return
	}
	// With the own validator nobody else is there: the crumb takes the stream, whether the stake is there or not.
	mine := s.stream[own] / float64(s.h.Period)
	if s.shrink && s.at != own {
		mine = min(mine, crumb*s.h.fair())
	}
	s.earned += mine
	if s.at == others {
		s.earned += s.stream[others] / float64(s.h.Period) * stake / (pool + stake)
	}
}

func (s *staker) redelegate(to place, b int) {
	if (s.at == own || s.at == others) && b >= s.moved {
		s.at, s.moved = to, b+s.unbonding
	}
}

func (s *staker) unbond(b int) {
	if s.at == own || s.at == others {
		s.at, s.until = locked, b+s.unbonding
		if s.unbonding == 0 {
			s.at = free
		}
	}
}

func (s *staker) delegate(to place) {
	if s.at == free {
		s.at = to
	}
}

// visit is there for k blocks around a boundary.
func visit(k int) func(*staker, int) {
	return func(s *staker, b int) {
		before := (k + 1) / 2
		switch b % s.h.Period {
		case s.h.Period - before:
			s.delegate(own)
		case k - before:
			s.unbond(b)
		}
	}
}

// move sits with its own validator at boundaries and with the others between, as often as the chain allows.
func move(s *staker, b int) {
	s.delegate(own)
	switch in := b % s.h.Period; {
	case s.at == own && in == 0:
		s.redelegate(others, b)
	case s.at == others && in == s.h.Period-1:
		s.redelegate(own, b)
	}
}

// late joins the others after each boundary and leaves before the next.
func late(s *staker, b int) {
	switch b % s.h.Period {
	case 0:
		s.delegate(others)
	case s.h.Period - 1:
		s.unbond(b)
	}
}

func stay(s *staker, _ int) { s.delegate(others) }

// yield is the hopper's pay per block that its stake was bound, in shares of a period's dividends.
func (h *Hopping) yield(unbonding int, rule kind, act func(*staker, int)) float64 {
	s := &staker{h: h, unbonding: unbonding, kind: rule}
	for b := 1; b <= h.Period*h.Periods; b++ {
		s.block(b, act)
	}
	if s.tied == 0 {
		return 0
	}
	return s.earned / float64(s.tied)
}

// fair is the yield of stake that stays, but for the first period, of which it is not paid yet.
func (h *Hopping) fair() float64 { return h.Stake / (h.Pool + h.Stake) / float64(h.Period) }

// trip is one of the games of a run.
type trip struct {
	name      string
	k         int // blocks around, or unbonding in periods
	unbonding int
	rule      kind
	act       func(*staker, int)
	yield     float64
}

func (h *Hopping) trips() []trip {
	var out []trip
	for _, k := range h.Around {
		out = append(out,
			trip{name: "visit", k: k, unbonding: h.Unbonding, act: visit(k)},
			trip{name: "visit, unbonding at once", k: k, act: visit(k)},
			trip{name: "visit, streams shrink", k: k, rule: kind{shrink: true}, act: visit(k)},
			trip{name: "visit, paid at the boundary", k: k, rule: kind{lump: true}, act: visit(k)})
	}
	for _, u := range h.Unbonds {
		out = append(out, trip{name: "move", k: u, unbonding: u * h.Period, act: move})
	}
	return append(out,
		trip{name: "move, longest tempo", unbonding: tightest * h.Period, act: move},
		trip{name: "move, streams shrink", rule: kind{shrink: true}, act: move},
		trip{name: "move by default", unbonding: h.Unbonding, act: move},
		trip{name: "late", act: late},
		trip{name: "late, unbonding", unbonding: h.Unbonding, act: late},
		trip{name: "stay", act: stay})
}

// tightest is how many of the longest periods the default unbonding time holds (x/subnet's schema, genesis).
const tightest = 10

// Run plays all trips.
func (h *Hopping) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	if err := h.Validate(); err != nil {
		return nil, err
	}
	trips := h.trips()
	err := sim.Parallel(ctx, len(trips), progress, func(i int) error {
		t := &trips[i]
		t.yield = h.yield(t.unbonding, t.rule, t.act) / h.fair()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h.report(trips), nil
}

func (h *Hopping) report(trips []trip) *sim.Report {
	out := &sim.Report{Name: h.Name(), Title: "Stake that comes for the epoch and leaves", Params: h}
	table := sim.Table{Name: "hopping", Title: "Pay per TAO and block bound, over that of stake that stays", Columns: []string{"trip", "blocks around / periods of unbonding", "unbonding, blocks", "yield"}}
	best, x, y := map[string]float64{}, map[string][]float64{}, map[string][]float64{}
	for _, t := range trips {
		table.Add(t.name, t.k, t.unbonding, sim.Round(t.yield))
		best[t.name] = max(best[t.name], t.yield)
		x[t.name], y[t.name] = append(x[t.name], float64(t.k)), append(y[t.name], t.yield)
	}
	number := func(name, about, trip string, most float64) sim.Number {
		return sim.Number{Name: name, About: about, Value: sim.Round(best[trip]), AtMost: sim.Bound(most)}
	}
	visits := number("yield-visit", "best visit around boundaries", "visit", 1)
	visits.Before = sim.Bound(sim.Round(best["visit, paid at the boundary"]))
	moves := number("yield-move", "redelegation around boundaries", "move by default", 1.02)
	for _, t := range trips {
		if t.name == "move" && t.unbonding == 0 {
			moves.Before = sim.Bound(sim.Round(t.yield))
		}
	}
	long := number("yield-move-long-tempo", "redelegation around boundaries at the longest tempo that the chain takes", "move, longest tempo", 1.06)
	long.Before = sim.Bound(sim.Round(best["move"]))
	out.Numbers = []sim.Number{
		visits, moves,
		number("yield-visit-no-unbonding", "best visit with dividends in streams but no unbonding time", "visit, unbonding at once", 2000),
		long,
		number("yield-move-shrink", "the same if streams shrank with stake", "move, streams shrink", 1.001),
		number("yield-visit-shrink", "best visit without unbonding time if streams shrank with stake", "visit, streams shrink", 1),
		number("yield-late", "joining after a boundary and leaving before the next, without unbonding time", "late", 1.001),
		number("yield-late-unbonding", "the same with it", "late, unbonding", 1),
		{Name: "yield-stay", About: "stake that stays: the measure of all others", Value: sim.Round(best["stay"]), AtLeast: sim.Bound(0.99), AtMost: sim.Bound(1.001)},
	}
	out.Tables = []sim.Table{table}
	var bound []float64
	for _, u := range x["move"] {
		bound = append(bound, 1+1/max(u, 1))
	}
	around := figure.Figure{
		Name: "stake-hopping-visit", Title: "Stake around the boundary", X: "blocks there", Y: "yield over that of stake that stays", LogY: true, LogX: true, Rules: []float64{1},
		Caption: "Streams alone don't stop a visitor with a validator of its own; the unbonding time does.",
	}
	for _, name := range []string{"visit, paid at the boundary", "visit, unbonding at once", "visit"} {
		around.Series = append(around.Series, line(name, figure.Line, x[name], y[name]))
	}
	out.Figures = []figure.Figure{around, {
		Name: "stake-hopping-move", Title: "Redelegation around the boundary", X: "unbonding time in periods", Y: "yield over that of stake that stays", Rules: []float64{1},
		Caption: fmt.Sprintf("The gain falls as the unbonding time grows; the chain's is %.0f periods.", float64(h.Unbonding)/float64(h.Period)),
		Series:  []figure.Series{line("redelegated as often as allowed", figure.Line, x["move"], y["move"]), line("1 + 1/n", figure.Dashed, x["move"], bound)},
	}}
	return out
}
