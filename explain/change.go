package explain

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/yuma"
)

// Cause is a part of what an epoch reads.
type Cause string

// The causes of a change in pay, in the order in which they are put in place.
const (
	CausePot    Cause = "pot"           // there was more or less to divide
	CauseRules  Cause = "rules"         // hyperparameters
	CauseStake  Cause = "stake"         // stakes, permits, and who is active
	CauseVotes  Cause = "votes"         // what validators give to this uid
	CauseOthers Cause = "other weights" // how they divide what they give to others
	CauseRow    Cause = "own row"       // the weights that this uid set
	CauseBonds  Cause = "bonds"         // bonds from the epochs before
)

var causes = []Cause{CausePot, CauseRules, CauseStake, CauseVotes, CauseOthers, CauseRow, CauseBonds}

// Change is how a uid's pay came from that of the epoch before.
type Change struct {
	// Newcomer tells that the uid belonged to somebody else, or to nobody, in the epoch before; then there are no causes.
	Newcomer bool `json:"newcomer"`
	// Before and After are incentive and dividends together, rao.
	Before gotensor.Rao `json:"rao_before"`
	After  gotensor.Rao `json:"rao_after"`
	// Causes add up to After - Before; the largest effect is first, causes that changed nothing are left out.
	Causes []Effect `json:"causes"`
	// Votes are those that changed, the largest change of a part first.
	Votes []VoteChange `json:"votes"`
	// IncentiveBefore, ... are the shares of both epochs.
	IncentiveBefore Share `json:"incentive_before"`
	IncentiveAfter  Share `json:"incentive_after"`
	DividendsBefore Share `json:"dividends_before"`
	DividendsAfter  Share `json:"dividends_after"`
	PlaceBefore     Place `json:"place_before"`
	PlaceAfter      Place `json:"place_after"`
}

// Effect is what one cause did to the pay, rao.
type Effect struct {
	Cause Cause `json:"cause"`
	Rao   int64 `json:"rao"`
}

// VoteChange is a validator's vote in both epochs.
type VoteChange struct {
	UID          uint16 `json:"uid"`
	SayBefore    Share  `json:"say_before"`
	SayAfter     Share  `json:"say_after"`
	WeightBefore Share  `json:"weight_before"`
	WeightAfter  Share  `json:"weight_after"`
	PartBefore   Share  `json:"part_before"`
	PartAfter    Share  `json:"part_after"`
}

// Compare explains how the pay of a uid changed between two epochs, the first replayed before the second. It fails with ErrUID for a uid that
// the second does not have.
//
// Each cause is put in place of the old one by itself, in order, and the epoch is replayed each time; then in the opposite order. An
// effect is the mean of both, so that what two causes did together is shared between them. All but the two ends of these chains
// are epochs that never were: their weights are rounded to the chain's 16 bits.
func Compare(before, after *Replay, uid uint16) (*Change, error) {
	if int(uid) >= after.Input.N {
		return nil, fmt.Errorf("%w: uid %d, the subnet had %d", ErrUID, uid, after.Input.N)
	}
	c := &Change{
		After: after.Incentive[uid] + after.Dividends[uid], IncentiveAfter: Share(after.Trace.Incentive[uid]), DividendsAfter: Share(after.Trace.Dividends[uid]),
		Causes: []Effect{}, Votes: []VoteChange{},
	}
	order, at := standing(after.Trace.Incentive, uid)
	c.PlaceAfter = placeOf(order, at)
	if int(uid) >= before.Input.N || before.Input.Registered[uid] != after.Input.Registered[uid] {
		c.Newcomer = true
		return c, nil
	}
	c.Before, c.IncentiveBefore = before.Incentive[uid]+before.Dividends[uid], Share(before.Trace.Incentive[uid])
	c.DividendsBefore = Share(before.Trace.Dividends[uid])
	order, at = standing(before.Trace.Incentive, uid)
	c.PlaceBefore = placeOf(order, at)
	c.Votes = voteChanges(before, after, uid)
	var err error
	c.Causes, err = effects(before, after, uid, int64(c.After)-int64(c.Before))
	return c, err
}

// effects splits the difference in pay by cause.
func effects(before, after *Replay, uid uint16, total int64) ([]Effect, error) {
	n := max(before.Input.N, after.Input.N)
	m := mixer{uid: uid, old: before.canon(n), new: after.canon(n)}
	changed := m.changed()
	twice := make([]int64, len(changed)) // of each effect, as two orders are added up
	for _, order := range [][]int{ascending(len(changed)), descending(len(changed))} {
		fresh := map[Cause]bool{}
		pay := int64(before.Incentive[uid] + before.Dividends[uid])
		for step, k := range order {
			fresh[changed[k]] = true
			now := int64(after.Incentive[uid] + after.Dividends[uid])
			if step < len(order)-1 {
				var err error
				if now, err = m.pay(fresh); err != nil {
					return nil, err
				}
			}
			twice[k] += now - pay
			pay = now
		}
	}
	out := []Effect{}
	for k, c := range changed {
		out = append(out, Effect{c, twice[k] / 2})
		total -= twice[k] / 2
	}
	slices.SortStableFunc(out, func(a, b Effect) int { return cmp.Compare(magnitude(b.Rao), magnitude(a.Rao)) })
	if len(out) > 0 {
		out[0].Rao += total // what halving dropped
	}
	return slices.DeleteFunc(out, func(e Effect) bool { return e.Rao == 0 }), nil
}

func magnitude(x int64) int64 { return max(x, -x) }

func ascending(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func descending(n int) []int {
	out := ascending(n)
	slices.Reverse(out)
	return out
}

// mixer puts parts of two epochs together.
type mixer struct {
	uid      uint16
	old, new parts
	work     yuma.Workspace
	out      yuma.Output
}

// changed lists the causes in which both epochs differ.
func (m *mixer) changed() []Cause {
	var out []Cause
	for _, c := range causes {
		if !m.same(c) {
			out = append(out, c)
		}
	}
	return out
}

func (m *mixer) same(c Cause) bool {
	old, now := m.pick(nil), m.pick(map[Cause]bool{c: true})
	return reflect.DeepEqual(old, now)
}

// pick takes the fresh causes from the new epoch and the others from the old one.
func (m *mixer) pick(fresh map[Cause]bool) parts {
	p := m.old
	if fresh[CausePot] {
		p.emission = m.new.emission
	}
	if fresh[CauseRules] {
		p.params = m.new.params
	}
	if fresh[CauseStake] {
		p.stake = m.new.stake
	}
	if fresh[CauseBonds] {
		p.bonds = m.new.bonds
	}
	p.rows = make([]yuma.Row, len(m.old.rows))
	for i := range p.rows {
		p.rows[i] = m.row(i, fresh)
	}
	return p
}

func (m *mixer) row(i int, fresh map[Cause]bool) yuma.Row {
	of := func(c Cause) yuma.Row {
		if fresh[c] {
			return m.new.rows[i]
		}
		return m.old.rows[i]
	}
	switch {
	case i == int(m.uid):
		return of(CauseRow)
	case fresh[CauseVotes] == fresh[CauseOthers]:
		return of(CauseVotes)
	default:
		return giveTo(m.uid, shareOf(of(CauseVotes), m.uid), of(CauseOthers))
	}
}

// pay replays a mixed epoch.
func (m *mixer) pay(fresh map[Cause]bool) (int64, error) {
	p := m.pick(fresh)
	in := p.input()
	if err := m.work.Epoch(in, &m.out); err != nil {
		return 0, err
	}
	_, incentive, dividends := payments(in, &m.out, p.stake.funded)
	return int64(incentive[m.uid] + dividends[m.uid]), nil
}

// voteChanges lists the votes that differ.
func voteChanges(before, after *Replay, uid uint16) []VoteChange {
	out := []VoteChange{}
	for i := range max(before.Input.N, after.Input.N) {
		v := VoteChange{UID: uint16(i)}
		v.SayBefore, v.WeightBefore, v.PartBefore = before.vote(i, uid)
		v.SayAfter, v.WeightAfter, v.PartAfter = after.vote(i, uid)
		if v.WeightBefore != v.WeightAfter || v.PartBefore != v.PartAfter {
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b VoteChange) int {
		return cmp.Compare(magnitude(int64(b.PartAfter-b.PartBefore)), magnitude(int64(a.PartAfter-a.PartBefore)))
	})
	return out
}

func (r *Replay) vote(i int, uid uint16) (say, weight, part Share) {
	if i >= r.Input.N {
		return 0, 0, 0
	}
	w := r.weight(i, uid)
	return Share(r.Trace.Say[i]), Share(w), Share(r.rankTerm(i, uid, w))
}
