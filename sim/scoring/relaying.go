package scoring

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// turn is the round in which those turn that were something else before.
const turn = 60

// ownMost and middlingMost bound the pay of a relay that is left with the weak model of the cast, which is worth 0.02, and with the middling
// one, which is worth 0.24. keptLeast is what victims keep at least.
const ownMost, middlingMost, keptLeast = 0.025, 0.26, 0.99

// defence is what protects miners from those that answer with their answers.
type defence struct {
	reach    []bool // by round: a relay has the answers of others before its own is due
	sealed   bool
	foretold known // questions that a relay knows long before, and that count
}

// relayCase is a strategy, and what its own model is worth.
type relayCase struct {
	attackCase
	own      []float64
	sampling *sampling // nil for others
}

// relayStage is what the cases are made of.
type relayStage struct {
	*cast
	e                         *exam
	d                         defence
	blurred, stained, blended []float64
	samples                   [][]float64 // by sampling
	shards                    map[int]known
	atOnce                    []bool
}

func (g *Relay) stage(ctx context.Context, e *exam) (*relayStage, error) {
	s := &relayStage{e: e, shards: map[int]known{}, atOnce: slices.Repeat([]bool{true}, g.Rounds)}
	var err error
	if s.cast, err = e.cast(ctx); err != nil {
		return nil, err
	}
	for _, v := range []struct {
		to    *[]float64
		sigma float64
	}{{&s.blurred, 0.3}, {&s.stained, 0.4}} {
		// The same noise as the first of noisy clones has.
		lie := noise(s.says, v.sigma, rand.New(rand.NewPCG(g.Seed, 100)))
		if *v.to, err = e.gains(ctx, lie); err != nil {
			return nil, err
		}
	}
	s.blended = make([]float64, len(s.best))
	for i := range s.blended {
		s.blended[i] = math.Log((math.Exp(s.best[i]) + math.Exp(s.left[i]) + math.Exp(s.right[i])) / 3)
	}
	if s.samples, err = g.sampled(ctx, e, samplings()); err != nil {
		return nil, err
	}
	for _, n := range shardValidators {
		share := shard(g.Seed, n)
		s.shards[n] = asShare(g.Seed+uint64(n), func(round int) float64 { return share[round%periodRounds] })
	}
	return s, nil
}

// shardValidators is how many validators ask about one shard.
var shardValidators = []int{1, 4, 16}

// relayed answers with theirs where a relay has those in time, else with its own.
func (s *relayStage) relayed(own, theirs []float64) func(r, i int) (float64, bool) {
	return reached(s.d.reach, own, theirs)
}

func reached(reach []bool, own, theirs []float64) func(r, i int) (float64, bool) {
	return func(r, i int) (float64, bool) {
		if reach[r] {
			return theirs[i], true
		}
		return own[i], true
	}
}

type answering = func(r, i int) (float64, bool)

// then answers in one way up to the turn and in another one afterwards.
func then(before, after answering) answering {
	return func(r, i int) (float64, bool) {
		if r < turn {
			return before(r, i)
		}
		return after(r, i)
	}
}

func steady(gains []float64) answering {
	return func(_, i int) (float64, bool) { return gains[i], true }
}

// relay is a case of a uid beside the three honest miners, of which the first is its victim.
func (s *relayStage) relay(name, about string, most, least float64, p player) relayCase {
	p.name = name
	return relayCase{own: s.weak, attackCase: attackCase{
		name: name, about: about, players: append(s.players(), p), owned: []int{3}, victim: 0, yardstick: s.best, from: turn + 20, most: most, least: least,
	}}
}

// seasoned makes a case one of a uid with a record: its own model is a middling one, as the weak one earns too little to have any. No other
// player has one of the same text.
func (s *relayStage) seasoned(c relayCase) relayCase {
	c.own, c.players[2] = s.weak2, always("third", 0, s.weak)
	return c
}

// cases are all, in the same order for every defence.
func (s *relayStage) cases() []relayCase {
	return slices.Concat(s.seniors(), s.relays(), s.turning(), s.seals(), s.foretold(), s.samplers())
}

// seniors take from who has just come and has no record: victim 0 registers when the attacker turns to it.
func (s *relayStage) seniors() []relayCase {
	take := func(name, about string, own, victim []float64, gain answering, most, least float64) relayCase {
		c := s.relay(name, about, most, least, player{gain: gain})
		c.players[0] = always("victim", turn, victim)
		c.players[1], c.players[2], c.yardstick, c.own = always("second", 0, s.weak2), always("third", 0, s.weak), own, own
		return c
	}
	half := mixed(s.left, s.right, 0.5)
	return []relayCase{
		take("usurper", "a senior that relays a better newcomer, which has no record yet", s.left, s.best, then(steady(s.left), s.relayed(s.left, s.best)), 1.01, keptLeast),
		take("absorber", "a senior that mixes as much of an equal newcomer's answers into its own", s.left, s.right, then(steady(s.left), s.relayed(s.left, half)), 1.01, keptLeast),
		take("usurper-at-once", "a senior that relays a better newcomer, which answers everybody at once: not stopped", s.left, s.best,
			then(steady(s.left), reached(s.atOnce, s.left, s.best)), 2.2, 0),
	}
}

func (s *relayStage) relays() []relayCase {
	got, better := s.relayed(s.weak, s.best), s.relayed(s.weak2, s.best)
	blur, stain, blend := s.relayed(s.weak, s.blurred), s.relayed(s.weak, s.stained), s.relayed(s.weak, s.blended)
	second := s.relay("second-owner", "the same public model, ten rounds later: no relay, and not stopped from running it", 0.01, keptLeast, player{from: 10, gain: steady(s.best)})
	second.own = s.best
	return []relayCase{
		s.relay("newcomer", "relays from its first round", ownMost, keptLeast, player{from: 40, gain: got}),
		s.relay("newcomer-at-once", "relays from its first round a victim that answers everybody at once", 0.01, keptLeast, player{from: 40, gain: reached(s.atOnce, s.weak, s.best)}),
		second,
		s.relay("blurred", "relays with noise of 0.3 nat", ownMost, keptLeast, player{from: 40, gain: blur}),
		s.seasoned(s.relay("senior", "a middling model for long, then relays", middlingMost, keptLeast, player{gain: then(steady(s.weak2), better)})),
		s.seasoned(s.relay("flapping", "ten rounds of its own middling model, ten of relaying, in turn", middlingMost, keptLeast, player{gain: func(r, i int) (float64, bool) {
			if r/10%2 == 0 {
				return s.weak2[i], true
			}
			return better(r, i)
		}})),
		s.relay("gated", "its own weak model on half of the items, relays the others", ownMost, keptLeast, player{from: 40, gain: func(r, i int) (float64, bool) {
			if i%2 == 0 {
				return s.weak[i], true
			}
			return got(r, i)
		}}),
		s.relay("blinking", "relays with noise of 0.4 nat, and in every eighth round has no opinion, to be far from the victim", ownMost, keptLeast, player{
			from: 40, gain: func(r, i int) (float64, bool) {
				if r%8 == 0 && s.d.reach[r] {
					return 0, true
				}
				return stain(r, i)
			},
		}),
		s.relay("churner", "relays under a new registration every 15 rounds", 0.01, keptLeast, player{from: 40, gain: got, churn: 15}),
		s.relay("blender", "the mixture of three miners' answers", ownMost, keptLeast, player{from: 40, gain: blend}),
		s.relay("blender-at-once", "the mixture of three miners that answer everybody at once: not stopped", 0.86, keptLeast, player{from: 40, gain: reached(s.atOnce, s.weak, s.blended)}),
	}
}

// turning are those that give a model up, or whose victim changes its own.
func (s *relayStage) turning() []relayCase {
	framed := s.seasoned(s.relay("framed", "a middling model, then copies the victim from the moment in which that upgrades its own", middlingMost, keptLeast,
		player{gain: then(steady(s.weak2), s.relayed(s.weak2, s.best))}))
	framed.players, framed.owned = append([]player{{name: "best", gain: then(steady(s.left), steady(s.best))}}, framed.players[2:]...), []int{2}
	grief := s.relay("griefer", "gives up a better model to be alike to a weaker victim", 1.01, keptLeast, player{gain: then(steady(s.best), s.relayed(s.best, s.left))})
	grief.players[0], grief.players[1], grief.own = always("victim", 0, s.left), always("third", 0, s.weak2), s.best
	turncoat := s.relay("turncoat", "an equal, independent model of its own, then only a weak one, and relays", 0.07, keptLeast, player{gain: then(steady(s.right), s.relayed(s.weak, s.left))})
	turncoat.players, turncoat.yardstick = append([]player{always("victim", 0, s.left), always("third", 0, s.weak2), always("best", 0, s.best)}, turncoat.players[3]), s.right
	return []relayCase{framed, grief, turncoat}
}

// seals are ways to break what was committed to.
func (s *relayStage) seals() []relayCase {
	worst := s.e.scorer.Settings().Worst()
	// Both have seen others' answers before they open their own. A seal that is not opened counts as wrong, a connection that breaks as silence.
	now := func(name, about string, most, gain float64, answers bool) relayCase {
		c := s.relay(name, about, most, keptLeast, player{from: 40, gain: func(r, i int) (float64, bool) {
			switch {
			case r%16 != 0:
				return s.right[i], true
			case s.d.sealed:
				return gain, answers
			}
			return 0, false // it sends nothing
		}})
		c.players[2], c.own, c.yardstick = always("third", 0, s.weak2), s.right, s.right
		return c
	}
	return []relayCase{
		s.relay("look-first", "opens what others answered, which its seal does not fit: every item is invalid", 0, keptLeast, player{from: 40, gain: func(_, i int) (float64, bool) {
			if s.d.sealed {
				return worst, true
			}
			return s.best[i], true
		}}),
		now("unopened", "does not open its seal in every sixteenth round", 0.06, worst, true),
		now("hangs-up", "breaks the connection instead of opening its seal in every sixteenth round", 0.9, 0, false),
	}
}

// foretold know questions long before they are asked.
func (s *relayStage) foretold() []relayCase {
	at := func(k known) answering {
		return func(r, i int) (float64, bool) {
			if k != nil && k(r, i) {
				return s.best[i], true
			}
			return s.weak[i], true
		}
	}
	return []relayCase{
		s.relay("foreknown", "knows half of the questions a round ahead, by the texts that eight uids of its owner were asked for", ownMost, keptLeast, player{from: 40, gain: at(s.d.foretold)}),
		s.relay("shard-1", "is asked about a shard's places again by the same validator: not stopped", 0.11, keptLeast, player{from: 40, gain: at(s.shards[1])}),
		s.relay("shard-4", "is asked about a shard's places again by four validators: not stopped", 0.42, 0.95, player{from: 40, gain: at(s.shards[4])}),
		s.relay("shard-16", "is asked about a shard's places again by sixteen validators: not stopped", 0.55, keptLeast, player{from: 40, gain: at(s.shards[16])}),
	}
}

func (s *relayStage) samplers() []relayCase {
	var out []relayCase
	for k, w := range samplings() {
		gains := s.samples[k]
		if w.shows.refused() && s.d.sealed {
			gains = s.weak
		}
		c := s.relay(w.name, w.about, w.most, keptLeast, player{from: 40, gain: steady(gains)})
		c.sampling = &w
		if w.own == "left" {
			c.own, c.players[1] = s.left, always("third", 0, s.weak2)
		}
		out = append(out, c)
	}
	return out
}

// halfKnown are the questions that the texts of eight uids are about: two each, of 32.
func (g *Relay) halfKnown() known {
	return asShare(g.Seed, func(int) float64 { return 16.0 / roundItems })
}
