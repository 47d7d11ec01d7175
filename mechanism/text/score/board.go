package score

import (
	"fmt"
	"maps"
	"math"
)

// maxNeurons bounds a board: a subnet has at most 65,536 uids.
const maxNeurons = 1 << 16

// maxKey bounds the bytes of a Key.
const maxKey = 256

// Board keeps the moving state of every neuron that was asked. It is not safe for concurrent use.
type Board struct {
	settings Settings
	strata   []string
	rounds   int
	neurons  map[Key]*neuron
	pairs    map[pair]bond     // of those that were in one group
	use      func(Key) float64 // nil: 1 for all
}

// PayFor sets what every neuron's pay is multiplied with, 0..1: see Services.Use.
func (b *Board) PayFor(use func(Key) float64) { b.use = use }

// neuron is the state of one holder of a uid.
type neuron struct {
	averages []Average // by stratum
	copies   float64   // moving mean of the copy factor; 0 before the first answer
	own      Average   // gain of the rounds in which nobody answered like it, over all strata
	silent   int       // consecutive wholly silent rounds
	rounds   int       // rounds in which it was asked
}

// Report says what a round showed about the group that was asked. Nothing in it is paid by itself.
type Report struct {
	Keys         []Key      // the neurons that answered, in the order of the scores; the other fields follow it
	Similarity   Similarity // who copies whom
	Mixture      []float64  // gain of the equal mixture of all answers, by item, nats
	MixtureGain  float64    // its mean
	Shapley      []float64  // exact Shapley value of each answer, nats; nil above ShapleyLimit answers
	ShapleyTotal float64    // what they sum to
}

// Standing is what the board knows of one neuron.
type Standing struct {
	Rounds     int     `json:"rounds"`      // rounds in which it was asked
	Level      float64 `json:"level"`       // mean over the strata of the moving mean gain, nats
	CopyFactor float64 `json:"copy_factor"` // (0, 1]: 1 if it copies nobody, near 0 for a copy of who was before, 1/n of n that came at once
	Claim      float64 `json:"claim"`       // mean gain while nobody before it answered like it, times the evidence for that, nats: of two that are alike the larger one is the original's
	Silent     int     `json:"silent"`      // consecutive wholly silent rounds
	Muted      bool    `json:"muted"`       // silent for so long that its weight is 0 until it answers

	Strata []StratumStanding `json:"strata"`
}

// LCB is the mean of the lower bounds over the sources, nats.
func (s *Standing) LCB() float64 {
	sum := 0.0
	for i := range s.Strata {
		sum += s.Strata[i].LCB
	}
	return sum / float64(len(s.Strata))
}

// StratumStanding is the part of one source of text. All numbers but Rounds are nats; all are 0 if never asked.
type StratumStanding struct {
	Name   string  `json:"name"`
	Mean   float64 `json:"mean"`
	StdErr float64 `json:"std_err"`
	LCB    float64 `json:"lcb"`
	Rounds float64 `json:"rounds"` // effective number of rounds behind the mean
}

// NewBoard returns an empty board for the named sources of text, of which Item.Stratum is the index. A network has two or
// more; names must be unique and not empty. It fails with ErrSettings.
func NewBoard(s Settings, strata []string) (*Board, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if len(strata) == 0 {
		return nil, fmt.Errorf("%w: no strata, want one or more names", ErrSettings)
	}
	seen := make(map[string]bool, len(strata))
	for _, name := range strata {
		if name == "" || seen[name] {
			return nil, fmt.Errorf("%w: stratum %q is empty or given twice", ErrSettings, name)
		}
		seen[name] = true
	}
	return &Board{settings: s, strata: append([]string(nil), strata...), neurons: map[Key]*neuron{}, pairs: map[pair]bond{}}, nil
}

// Strata returns the names of the strata in the order of their indices.
func (b *Board) Strata() []string { return append([]string(nil), b.strata...) }

// Rounds returns how often Observe succeeded since the board began, restarts included.
func (b *Board) Rounds() int { return b.rounds }

// Observe takes in a round: the scores of one or more groups, each of which was asked something. Every neuron in them was asked; neurons that are
// not in them were not, and stay as they are. Who was found alike before is so in whatever group it is now. It fails with ErrScores, and changes
// nothing, if the scores do not fit the board or name a neuron twice. There is one report for each group.
func (b *Board) Observe(groups ...Scores) ([]Report, error) {
	if err := b.check(groups); err != nil {
		return nil, err
	}
	after := map[Key]*neuron{}
	reports := make([]Report, len(groups))
	var all crowd
	for g := range groups {
		var gains [][]float64
		first := len(all.keys)
		for i := range groups[g].Replies {
			reply := &groups[g].Replies[i]
			n := b.next(reply, groups[g].Strata)
			if after[reply.Key] = n; reply.Answered {
				all.add(reply.Key, g, len(gains), n, reply.Mean())
				gains = append(gains, nats(reply.Gains))
			}
		}
		reports[g].Keys = all.keys[first:len(all.keys):len(all.keys)]
		all.alike = append(all.alike, &reports[g].Similarity)
		if len(gains) > 0 {
			if err := reports[g].fill(&b.settings, gains, all.level[first:]); err != nil {
				return nil, err
			}
		}
	}
	b.settle(&all)
	maps.Copy(b.neurons, after)
	b.rounds++
	return reports, nil
}

// fill computes what is shown of a group.
func (r *Report) fill(s *Settings, gains [][]float64, level []float64) error {
	var err error
	if r.Similarity, err = Compare(s, gains, level); err != nil {
		return err
	}
	equal := make([]float64, len(gains))
	for i := range equal {
		equal[i] = 1
	}
	if r.Mixture, r.MixtureGain, err = Mixture(gains, equal); err != nil {
		return err
	}
	if len(gains) <= ShapleyLimit {
		r.Shapley, r.ShapleyTotal, err = Shapley(gains)
	}
	return err
}

// next returns the state of a neuron after a round, copies aside.
func (b *Board) next(reply *ReplyScore, strata []int) *neuron {
	n := &neuron{averages: make([]Average, len(b.strata))}
	if old, ok := b.neurons[reply.Key]; ok {
		copy(n.averages, old.averages)
		n.copies, n.own, n.silent, n.rounds = old.copies, old.own, old.silent, old.rounds
	}
	sum, count := make([]float64, len(b.strata)), make([]int, len(b.strata))
	for t, d := range strata {
		sum[d] += reply.Gains[t].Nats
		count[d]++
	}
	for d := range sum {
		if count[d] > 0 {
			n.averages[d].Add(b.settings.Alpha, sum[d]/float64(count[d]))
		}
	}
	n.rounds++
	n.silent++
	if reply.Answered {
		n.silent = 0
	}
	return n
}

// level is the mean over the strata in which the neuron was asked.
func (n *neuron) level() float64 {
	sum, asked := 0.0, 0
	for d := range n.averages {
		if n.averages[d].Asked() {
			sum += n.averages[d].Mean()
			asked++
		}
	}
	return sum / float64(max(1, asked))
}

func (n *neuron) copyFactor() float64 {
	if n.copies == 0 {
		return 1
	}
	return min(n.copies, 1)
}

// Weights shares the pay among the given neurons (a caller gives the miners of the metagraph by uid, so that who left is paid
// nothing). The results follow the order of keys; unknown keys get 0. Payout.Weights is nil if nobody earned anything: then no
// weights are to be set.
func (b *Board) Weights(keys []Key) (Payout, error) {
	lcb, factor := make([][]float64, len(keys)), make([]float64, len(keys))
	seen := make(map[Key]bool, len(keys))
	for i, key := range keys {
		lcb[i] = make([]float64, len(b.strata))
		n, ok := b.neurons[key]
		if ok && seen[key] {
			return Payout{}, fmt.Errorf("%w: neuron %q is given twice", ErrScores, key)
		}
		seen[key] = true
		if ok && n.silent < b.settings.SilentRounds {
			factor[i] = n.copyFactor()
			if b.use != nil {
				factor[i] *= b.use(key)
			}
		}
		for d := range lcb[i] {
			lcb[i][d] = math.NaN()
			if ok {
				lcb[i][d] = n.averages[d].LCB(&b.settings)
			}
		}
	}
	return Shares(&b.settings, lcb, factor)
}

// Standing returns what is known of a neuron, false if it was never asked.
func (b *Board) Standing(key Key) (Standing, bool) {
	n, ok := b.neurons[key]
	if !ok {
		return Standing{}, false
	}
	out := Standing{
		Rounds: n.rounds, Level: n.level(), CopyFactor: n.copyFactor(), Claim: n.claim(math.Inf(1)), Silent: n.silent,
		Muted: n.silent >= b.settings.SilentRounds, Strata: make([]StratumStanding, len(b.strata)),
	}
	for d := range out.Strata {
		out.Strata[d].Name = b.strata[d]
		if a := &n.averages[d]; a.Asked() {
			out.Strata[d].Mean, out.Strata[d].Rounds = a.Mean(), a.Rounds()
			out.Strata[d].StdErr, out.Strata[d].LCB = a.StdErr(b.settings.V0), a.LCB(&b.settings)
		}
	}
	return out, true
}

// Keep forgets every neuron that is not in keys: those that lost their uid.
func (b *Board) Keep(keys []Key) {
	kept := make(map[Key]*neuron, len(keys))
	for _, key := range keys {
		if n, ok := b.neurons[key]; ok {
			kept[key] = n
		}
	}
	b.neurons = kept
	b.keepPairs()
}

// check refuses scores that do not fit the board.
func (b *Board) check(groups []Scores) error {
	if len(groups) == 0 {
		return fmt.Errorf("%w: the round has no groups", ErrScores)
	}
	seen := map[Key]bool{}
	added := 0
	for g := range groups {
		scores := &groups[g]
		if len(scores.Strata) == 0 {
			return fmt.Errorf("%w: the round has no items", ErrScores)
		}
		for t, d := range scores.Strata {
			if d < 0 || d >= len(b.strata) {
				return fmt.Errorf("%w: item %d is of stratum %d, want 0..%d", ErrScores, t, d, len(b.strata)-1)
			}
		}
		for i := range scores.Replies {
			reply := &scores.Replies[i]
			if len(reply.Key) == 0 || len(reply.Key) > maxKey || seen[reply.Key] {
				return fmt.Errorf("%w: key %q of reply %d is empty, over %d bytes or given twice", ErrScores, reply.Key, i, maxKey)
			}
			seen[reply.Key] = true
			if _, ok := b.neurons[reply.Key]; !ok {
				added++
			}
			if err := b.checkGains(reply, len(scores.Strata)); err != nil {
				return err
			}
		}
	}
	if len(b.neurons)+added > maxNeurons {
		return fmt.Errorf("%w: more than %d neurons; forget those that left with Keep", ErrScores, maxNeurons)
	}
	return nil
}

func (b *Board) checkGains(reply *ReplyScore, items int) error {
	if len(reply.Gains) != items {
		return fmt.Errorf("%w: %q has %d gains, want %d", ErrScores, reply.Key, len(reply.Gains), items)
	}
	worst := b.settings.Worst() - 1e-9
	for t := range reply.Gains {
		if g := reply.Gains[t].Nats; !(g >= worst && g <= b.settings.Cap) {
			return fmt.Errorf("%w: gain of %q on item %d is %v, want %v..%v", ErrScores, reply.Key, t, g, worst, b.settings.Cap)
		}
	}
	return nil
}

func nats(gains []Gain) []float64 {
	out := make([]float64, len(gains))
	for t := range gains {
		out[t] = gains[t].Nats
	}
	return out
}
