package route

import "time"

// state of a breaker, as people see it in mechanism.Peer.
type state uint8

const (
	unknown state = iota // nothing was ever asked
	up
	trying // its pause is over: one call may try
	down
)

func (s state) String() string { return [...]string{"unknown", "up", "trying", "down"}[s] }

const (
	openAt                = 4 // points of failures in a row that open the breaker, see fault.points
	leastPause, mostPause = time.Second, 2 * time.Minute
	enoughAnswers         = 10.0
	worstRate             = 0.5 // of answers that ended well, once there are enough
)

// breaker leaves a neuron alone that fails. It is a small state machine without a lock or a clock, where libraries for HTTP
// clients want to own the call and the clock, know no growing pauses and no outcome that counts for neither side, and cannot
// be closed by a sign of life from elsewhere.
type breaker struct {
	state       state // never trying: that is down with until in the past
	points      int   // of failures since the last answer that ended well
	level       int   // of pauses, which double
	until       time.Time
	trial       bool // a call is trying
	unreachable bool // it opened because nothing answered
	rate        mean // of answers that ended well, since it last opened
}

func (b *breaker) at(now time.Time) state {
	if b.state == down && !now.Before(b.until) {
		return trying
	}
	return b.state
}

// admits tells whether a call may go there now; trial: whether it is the one that tries.
func (b *breaker) admits(now time.Time) (ok, trial bool) {
	switch b.at(now) {
	case unknown, up:
		return true, false
	case trying:
		return !b.trial, true
	default:
		return false, false
	}
}

// first notes that an answer began: the neuron is there, yet after a pause one more failure is enough.
func (b *breaker) first(trial bool) {
	switch {
	case b.state == unknown:
		b.state = up
	case trial && b.state == down:
		b.close()
	}
}

// reached notes that the neuron said what it can do.
func (b *breaker) reached() {
	if b.state == unknown {
		b.state = up
	}
	if b.state == down && b.unreachable {
		b.close()
	}
}

func (b *breaker) close() {
	b.state, b.points, b.trial = up, openAt-1, false
}

// good notes that an answer ended well.
func (b *breaker) good(trial bool, now time.Time) {
	b.first(trial)
	if b.state == up {
		b.points, b.level = 0, max(0, b.level-1)
		b.rate.add(1, now)
	}
}

// bad notes a failure and tells whether the breaker opened. jitter in [0, 1) keeps many gateways from coming back at once.
func (b *breaker) bad(f fault, trial bool, now time.Time, jitter float64) bool {
	if b.state == down && !trial {
		return false // an older call: nothing new
	}
	b.points += f.points()
	b.rate.add(0, now)
	broken := b.rate.seen(now) >= enoughAnswers && b.rate.value < worstRate
	if b.points < openAt && !broken && b.state != down {
		return false
	}
	pause := min(leastPause<<min(b.level, 10), mostPause)
	b.level++
	*b = breaker{state: down, points: openAt - 1, level: b.level, unreachable: f.unreached()}
	b.until = now.Add(time.Duration((0.8 + 0.4*jitter) * float64(pause)))
	return true
}

// skip frees the trial of a call whose end says nothing.
func (b *breaker) skip(trial bool) {
	if trial {
		b.trial = false
	}
}
