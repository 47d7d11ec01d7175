package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

const (
	// roundLate and roundGone are ages of a validator's status.json, which it writes after each round and each block of waiting.
	roundLate, roundGone = 5 * time.Minute, 30 * time.Minute
	// leastPeers is how many validators, itself included, make a quartile of trust worth a word.
	leastPeers = 4
	// commitBy is the part of a period, in hundredths, by which a validator that runs has committed; it begins at half.
	commitBy, revealBy = 85, 50
	// allSubnets is the netuid of an appointment for all subnets without one of their own.
	allSubnets = 65535
)

var validatorChecks = []check{
	{Validator, "process", checkValidatorProcess},
	{Validator, "stake", checkStake},
	{Validator, "appointment", checkAppointment},
	{Validator, "staking validator", checkStaking},
	{Validator, "permit", checkPermit},
	{Validator, "weights", checkWeights},
	{Validator, "commitment", checkCommitment},
	{Validator, "reveals", checkReveals},
	{Validator, "trust", checkTrust},
	{Validator, "risk", checkRisk},
}

func checkValidatorProcess(f *Facts) Check {
	s := f.Validator.Status
	if !s.known() {
		return warn("no status of a running validator in %s: %v", f.Validator.Home, s.why()).
			next("start it with `gotensor validator run`, or name its folder with --home")
	}
	if s.Value.Hotkey != keys.Account(f.Hotkey) {
		return fail("the validator in %s runs hotkey %s, not this one", f.Validator.Home, s.Value.Hotkey).next("name the right --hotkey or --home")
	}
	if f.now().IsZero() {
		return skip("after round %d; how lately is not known, as the node does not answer", s.Value.Round)
	}
	age := f.now().Sub(s.Value.Time)
	seen := fmt.Sprintf("round %d, wrote its status %s ago", s.Value.Round, span(age))
	switch {
	case age > roundGone:
		return fail("%s", seen).next("it does not run or its node is away: start it with `gotensor validator run`, look at its log")
	case age > roundLate:
		return warn("%s", seen).next("it should write after each round: look at its log")
	case s.Value.Waiting != "":
		return warn("%s; it waits: %s", seen, s.Value.Waiting).next("`gotensor subnet metagraph` shows when that has changed")
	case s.Value.WarmingUp:
		return ok("%s; it commits after %d rounds", seen, s.Value.MinRounds)
	default:
		return ok("%s", seen)
	}
}

func checkStake(f *Facts) Check {
	n, found := f.me()
	switch {
	case !found:
		return f.unregistered()
	case n.Stake == 0:
		return fail("no stake behind the hotkey").next("appoint it with `gotensor validator run --stake TAO`; an appointment counts from the second boundary after it")
	case f.Rules.known() && n.Stake < f.Rules.Value.StakeThreshold:
		return fail("%s, less than the %s that a permit needs", tao(n.Stake), tao(f.Rules.Value.StakeThreshold)).next("`gotensor stake add` raises it")
	default:
		return ok("%s", tao(n.Stake))
	}
}

// appointment finds the one that makes a hotkey act on a subnet.
func appointment(all []neuron.Appointment, netuid gotensor.NetUID, hotkey string) (neuron.Appointment, bool) {
	var found *neuron.Appointment
	for i, a := range all {
		if a.Hotkey != hotkey || (a.Netuid != uint32(netuid) && a.Netuid != allSubnets) {
			continue
		}
		if found == nil || a.Netuid == uint32(netuid) {
			found = &all[i]
		}
	}
	if found == nil {
		return neuron.Appointment{}, false
	}
	return *found, true
}

func checkAppointment(f *Facts) Check {
	n, found := f.me()
	if !found {
		return f.unregistered()
	}
	if !n.Validator.IsZero() {
		return ok("acts for %s", keys.Operator(n.Validator))
	}
	if !f.Validator.Appointments.known() {
		return unknown("who was appointed", f.Validator.Appointments.why())
	}
	a, found := appointment(f.Validator.Appointments.Value, f.NetUID, keys.Account(f.Hotkey))
	if !found {
		return fail("no staking validator has appointed this hotkey").next("`gotensor validator run --stake TAO` makes what is missing, with the coldkey")
	}
	m := f.Graph.Value
	if a.Height == 0 || a.Height < int64(m.LastBoundary) {
		return fail("%s has appointed this hotkey, but has no stake that counts", a.Validator).next("see the check of the staking validator")
	}
	from := int64(m.NextBoundary) + int64(m.Tempo) + 1
	return warn("%s has appointed this hotkey; it counts from block %d on, in %s", a.Validator, from, f.blocks(max(from-int64(m.Height), 0))).next("wait")
}

func checkStaking(f *Facts) Check {
	s := f.Validator.Staking
	if !s.known() {
		return skip("which staking validator it is, is not known: %v", s.why())
	}
	v := s.Value
	name := synopsis(v.Moniker, v.Operator)
	switch {
	case v.Jailed:
		return fail("%s is jailed: its stake does not count", name).next("unjail it with the operator's key once the cause is gone")
	case !v.Bonded:
		return fail("%s is not bonded: its stake does not count", name).next("it needs at least 1 TAO and a place among the bonded")
	}
	if u := f.Validator.Unbonding; u.known() {
		var leaving gotensor.Rao
		for _, x := range u.Value {
			if x.Operator == v.Operator {
				leaving += x.Amount
			}
		}
		if leaving > 0 {
			return warn("%s is bonded with %s; its operator takes back %s", name, tao(v.Stake), tao(leaving)).next("nothing, if that is meant")
		}
	}
	return ok("%s is bonded with %s", name, tao(v.Stake))
}

func synopsis(moniker string, operator gotensor.Address) string {
	if moniker == "" {
		return keys.Operator(operator)
	}
	return moniker
}

func checkPermit(f *Facts) Check {
	n, found := f.me()
	switch {
	case !found:
		return f.unregistered()
	case n.Permit:
		return ok("uid %d may commit weights", n.UID)
	case n.Stake == 0:
		return fail("no permit, for lack of stake").next("see the checks of stake and appointment")
	default:
		return warn("no permit").next("permits go to the largest stakes at each boundary, the next in %s", f.blocks(int64(f.Graph.Value.NextBoundary)-int64(f.Graph.Value.Height)))
	}
}

func checkWeights(f *Facts) Check {
	n, found := f.me()
	switch {
	case !found:
		return f.unregistered()
	case n.LastUpdate == 0 && !n.Permit:
		return skip("none, and no permit to set any")
	case n.LastUpdate == 0:
		return warn("none in force").next("wait two periods: weights are committed in one, revealed in the next, and in force at its end")
	case !f.Rules.known():
		return unknown("how long weights count", f.Rules.why())
	}
	m := f.Graph.Value
	age, cutoff := int64(m.Height)-int64(n.LastUpdate), int64(f.Rules.Value.ActivityCutoffBlocks(uint64(m.Tempo)))
	seen := fmt.Sprintf("committed at block %d, %s ago; they count for %s", n.LastUpdate, f.blocks(age), f.blocks(cutoff))
	switch {
	case age > cutoff:
		return fail("%s", seen).next("its weights and bonds do not count now: look at the validator's log for commitments that failed")
	case age > cutoff/4*3:
		return warn("%s", seen).next("look at the validator's log for commitments that failed")
	default:
		return ok("%s", seen)
	}
}

// passed is how much of the present period is over, in hundredths.
func passed(f *Facts) int64 {
	m := f.Graph.Value
	whole := max(int64(m.NextBoundary)-int64(m.LastBoundary), 1)
	return 100 * (int64(m.Height) - int64(m.LastBoundary)) / whole
}

func checkCommitment(f *Facts) Check {
	n, found := f.me()
	switch {
	case !found:
		return f.unregistered()
	case !n.Permit:
		return skip("no permit to commit")
	case !f.Validator.Commitments.known():
		return unknown("what it committed to", f.Validator.Commitments.why())
	}
	m, done := f.Graph.Value, passed(f)
	for _, c := range f.Validator.Commitments.Value {
		if c.Epoch == m.Epoch {
			return ok("made at block %d in period %d", c.Height, m.Epoch)
		}
	}
	seen := fmt.Sprintf("none yet in period %d, of which %d %% are over", m.Epoch, done)
	s := f.Validator.Status
	switch {
	case s.known() && s.Value.WarmingUp:
		return ok("%s; %d rounds of %d are judged", seen, s.Value.Round, s.Value.MinRounds)
	case done > commitBy:
		return warn("%s", seen).next("it should come in the second half: look at the validator's log")
	default:
		return ok("%s; it comes in the second half", seen)
	}
}

func checkReveals(f *Facts) Check {
	if _, found := f.me(); !found {
		return f.unregistered()
	}
	if !f.Validator.Commitments.known() && !f.Validator.Saved.known() {
		return unknown("what it committed to", f.Validator.Commitments.why())
	}
	epoch := f.Graph.Value.Epoch
	missed, due := map[uint64]bool{}, false
	note := func(of uint64, revealed bool) {
		switch {
		case revealed || of >= epoch:
		case of+1 == epoch:
			due = true
		default:
			missed[of] = true
		}
	}
	onChain := map[uint64]bool{}
	for _, c := range f.Validator.Commitments.Value {
		onChain[c.Epoch] = true
		note(c.Epoch, c.Revealed)
	}
	for _, c := range f.Validator.Saved.Value {
		if c.Sent && !onChain[c.Epoch] { // the chain forgets old ones
			note(c.Epoch, c.Revealed)
		}
	}
	switch {
	case len(missed) > 0:
		var periods []string
		for _, e := range slices.Sorted(maps.Keys(missed)) {
			periods = append(periods, fmt.Sprint(e))
		}
		return warn("missed in period %s: it had no weights in force then", strings.Join(periods, ", ")).
			next("a validator must run at the beginning of each period; keep its home, which has the salts")
	case due && passed(f) > revealBy:
		return warn("that of period %d is not revealed yet, and %d %% of the period are over", epoch-1, passed(f)).next("it should come early: is the validator running, with the home that has the salts?")
	case due:
		return ok("none missed; that of period %d comes now", epoch-1)
	default:
		return ok("none missed")
	}
}

func checkTrust(f *Facts) Check {
	n, found := f.me()
	switch {
	case !found:
		return f.unregistered()
	case !n.Permit || n.LastUpdate == 0:
		return skip("no weights in force")
	}
	below, peers := 0, 0
	for x := range f.Graph.Value.All() {
		if !x.Permit || !x.Active || x.Stake == 0 {
			continue
		}
		peers++
		if x.Trust < n.Trust {
			below++
		}
	}
	seen := fmt.Sprintf("%.4f, more than %d of %s", float64(n.Trust)/65535, below, many(peers, "active validator"))
	if peers >= leastPeers && below < peers/4 && behind(f, n.Trust) {
		return warn("%s", seen).next("it judges unlike the others: is its text source of the same kind, and does it reach all miners in time?")
	}
	return ok("%s", seen)
}

// behind tells whether three quarters of the active validators have more trust: ties at the top are no fault.
func behind(f *Facts, trust uint16) bool {
	above, peers := 0, 0
	for x := range f.Graph.Value.All() {
		if x.Permit && x.Active && x.Stake > 0 {
			peers++
			if x.Trust > trust {
				above++
			}
		}
	}
	return 4*above >= 3*peers
}

func checkRisk(f *Facts) Check {
	r := f.Validator.Risk
	switch {
	case !r.known():
		return unknown("whether stake is at risk", r.why())
	case strings.HasPrefix(r.Value, "at risk"):
		return warn("%s", r.Value).next("run the producer's key on one machine only")
	case strings.HasPrefix(r.Value, "unknown"):
		return skip("%s", r.Value)
	default:
		return ok("%s", r.Value)
	}
}
