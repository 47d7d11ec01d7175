package route

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gotensor/gotensor/internal/span"
	"github.com/gotensor/gotensor/mechanism"
)

// phases of an attempt. Who changes the phase does what the change means; so each happens once.
const (
	waiting  int32 = iota // for the first piece
	answered              // the first piece is there: a lease
	expired               // the first piece did not come in time
	ended
)

// lastWord is how long Done may take after the end of the caller's context.
const lastWord = time.Second

// attempt is one neuron's part in a call: a goroutine up to the first piece, then a lease.
type attempt struct {
	call       *call
	entry      *entry
	trial      bool
	hedge      bool
	hedgeAfter time.Duration
	started    time.Time

	ctx    context.Context // of this neuron's part only: ends with the lease
	cancel context.CancelCauseFunc
	step   span.Step // lasts as long as the attempt, its lease included
	phase  atomic.Int32
	timer  *time.Timer  // calls watch
	touch  atomic.Int64 // time of the latest piece since started, ns

	// Set by run before it reports.
	value  any
	err    error
	fault  fault
	broken any // what open panicked with
	took   time.Duration
}

func newAttempt(c *call, e *entry, trial, hedge bool) *attempt {
	a := &attempt{call: c, entry: e, trial: trial, hedge: hedge, started: time.Now()}
	a.hedgeAfter = e.peer.hedgeAfter(c.r.cfg.HedgeAfter, c.r.cfg.FirstPieceTimeout)
	a.ctx, a.cancel = context.WithCancelCause(c.ctx)
	if a.ctx, a.step = span.Start(a.ctx, "route.try"); a.step.On() {
		a.step.Int("uid", int(e.neuron.UID))
		a.step.Flag("hedge", hedge)
		a.step.Int("try", len(c.asked)+1)
	}
	a.timer = time.AfterFunc(c.r.cfg.FirstPieceTimeout, a.watch)
	return a
}

// run asks the neuron and reports to the call; if another was faster, it clears up after itself.
func (a *attempt) run() {
	c := a.call
	a.err = fmt.Errorf("%w: the call of the neuron did not return", mechanism.ErrBadAnswer) // stays if open ends its goroutine
	defer func() {
		if a.broken = recover(); a.broken != nil {
			a.broken = fmt.Sprintf("%v\n\n%s", a.broken, debug.Stack())
			a.fault = ours
		} else {
			a.took = time.Since(a.started)
			a.fault = faultOf(c.ctx, a.ctx, a.err, false)
		}
		if a.fault != none || !a.phase.CompareAndSwap(waiting, answered) {
			a.lose()
			c.results <- a
			return
		}
		a.entry.peer.first(a.took, a.trial, time.Now())
		a.trial = false // the try has succeeded
		c.r.observe(a.took)
		c.r.stats.firstPiece.Observe(a.took.Seconds())
		if !c.won.CompareAndSwap(false, true) {
			a.finish(lost, nil) // it came second
			return
		}
		a.touch.Store(int64(a.took))
		a.step.Event("first piece")
		c.results <- a
	}()
	a.value, a.err = c.open(a.ctx, c.r.peerOf(a.entry, time.Now()), c.r.cfg.Dial(targetOf(a.entry.neuron)))
}

// lose ends an attempt without a first piece.
func (a *attempt) lose() {
	if a.fault == none { // it answered just when its time was over
		a.fault, a.err = late, errLate
	}
	a.phase.Store(ended)
	a.timer.Stop()
	a.cancel(errDone)
	a.settle(a.fault, a.err, time.Since(a.started))
}

// watch runs when a deadline may have passed. A piece only notes its time, so that it costs nothing: the timer looks for itself.
func (a *attempt) watch() {
	if a.phase.CompareAndSwap(waiting, expired) {
		a.cancel(errLate)
		return
	}
	if a.phase.Load() != answered {
		return
	}
	idle := time.Since(a.started) - time.Duration(a.touch.Load())
	stall := a.call.r.cfg.StallTimeout
	switch {
	case idle < stall:
		a.timer.Reset(stall - idle)
	case a.call.ask.Streams:
		a.cancel(mechanism.ErrStalled)
		a.finish(stalled, mechanism.ErrStalled)
	default: // the whole answer was there at once, and somebody forgot Done
		a.finish(ours, nil)
	}
}

// finish ends a lease; only its first call counts.
func (a *attempt) finish(f fault, err error) {
	if !a.phase.CompareAndSwap(answered, ended) {
		return
	}
	a.timer.Stop()
	a.cancel(errDone)
	a.settle(f, err, 0)
}

// settle gives the place back and lets what was seen weigh.
func (a *attempt) settle(f fault, err error, waited time.Duration) {
	r := a.call.r
	pause := a.entry.peer.settle(end{fault: f, err: err, trial: a.trial, waited: waited, jitter: r.cfg.Rand()}, time.Now())
	r.stats.faults[f].Add(1)
	if f != none {
		a.step.Fail(f.String())
	}
	a.step.End(nil)
	r.noted(a.entry.neuron, f, pause)
}

// lease makes the lease of an attempt that has won.
func (a *attempt) lease(caller context.Context, tried int) *lease {
	l := &lease{a: a, caller: caller, peer: a.call.r.peerOf(a.entry, time.Now()), tried: tried}
	a.timer.Reset(a.call.r.cfg.StallTimeout)
	// Who forgets Done loses the lease soon after the request; where that ran out of time, Done may still say whose fault it was.
	l.forget = context.AfterFunc(caller, func() { time.AfterFunc(lastWord, func() { a.finish(ours, nil) }) })
	return l
}

// lease implements mechanism.Lease.
type lease struct {
	a      *attempt
	caller context.Context // asked only whether it has ended
	peer   mechanism.Peer
	tried  int
	forget func() bool
}

func (l *lease) Peer() mechanism.Peer      { return l.peer }
func (l *lease) FirstPiece() time.Duration { return l.a.took }
func (l *lease) Tried() int                { return l.tried }
func (l *lease) Touch()                    { l.a.touch.Store(int64(time.Since(l.a.started))) }

// Done implements mechanism.Lease.
func (l *lease) Done(err error) {
	l.forget()
	l.a.finish(faultOf(l.caller, l.a.ctx, err, true), err)
}
