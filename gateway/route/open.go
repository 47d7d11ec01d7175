package route

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/mechanism"
)

// opener is what the caller of Open does with a neuron up to its first piece.
type opener = func(ctx context.Context, p mechanism.Peer, conn grpc.ClientConnInterface) (any, error)

// mostAsked bounds the neurons asked for one call, those that refused at once included.
const mostAsked = 16

// call is one Open under way. Its fields belong to the goroutine of Open but for won and results, where attempts report.
type call struct {
	r    *Router
	ctx  context.Context // of the caller; a call lives no longer than Open
	ask  mechanism.Ask
	open opener
	set  *set

	began   time.Time
	tried   int     // neurons asked, one that was asked again counted again
	asked   []*peer // that are not asked again
	refused []*peer // of those, who had no room: they may have some later
	running []*attempt
	worked  int // failures after which a neuron may have begun to work
	causes  []error
	picky   []*peer // who refused the request itself

	won     atomic.Bool   // somebody answered, or nobody waits any more
	results chan *attempt // buffered for all attempts: none ever waits
}

// Open implements mechanism.Network.
func (r *Router) Open(ctx context.Context, ask mechanism.Ask, open opener) (any, mechanism.Lease, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	r.stats.opens.Add(1)
	r.budget.earn()
	v := r.view.Load()
	if v == nil {
		return nil, nil, fmt.Errorf("%w: the metagraph of subnet %d was not read yet: no node has answered", mechanism.ErrNoNeuron, r.cfg.NetUID)
	}
	s, err := v.find(ask)
	if err != nil {
		return nil, nil, err
	}
	c := &call{r: r, ctx: ctx, ask: ask, open: open, set: s, began: time.Now(), results: make(chan *attempt, mostAsked)}
	a, err := c.run()
	if err != nil {
		return nil, nil, err
	}
	return a.value, a.lease(ctx, c.tried), nil
}

// run asks until one answers.
func (c *call) run() (*attempt, error) {
	if !c.launch(false) && !c.later() {
		return nil, c.none()
	}
	slow := time.NewTimer(c.running[0].hedgeAfter)
	defer slow.Stop()
	for {
		select {
		case <-c.ctx.Done():
			c.abandon()
			return nil, c.ctx.Err()
		case a := <-c.results:
			c.drop(a)
			if a.broken != nil {
				c.abandon()
				panic(a.broken)
			}
			if a.fault == none {
				c.cancel(errLost)
				for _, p := range c.picky {
					p.disown(time.Now())
				}
				if a.hedge {
					c.r.stats.hedgeWins.Add(1)
				}
				return a, nil
			}
			if done := c.failed(a); done && len(c.running) == 0 && !c.later() {
				return nil, c.none()
			}
		case <-slow.C:
			if len(c.running) == 1 && c.mayHedge() {
				c.launch(true)
			}
		}
		c.rearm(slow)
	}
}

// rearm sets the time at which the only neuron asked counts as slow.
func (c *call) rearm(slow *time.Timer) {
	if len(c.running) != 1 {
		slow.Stop()
		return
	}
	a := c.running[0]
	left := a.hedgeAfter - time.Since(a.started)
	if left <= 0 {
		left = a.hedgeAfter // there was no neuron or no budget for a hedge: perhaps later
	}
	slow.Reset(left)
}

// launch asks one more neuron, if there is one to ask.
func (c *call) launch(hedge bool) bool {
	if len(c.asked) >= mostAsked {
		return false
	}
	k := c.r.picker()
	k.inOrder = c.ask.Model == best
	k.explore = !c.ask.Once && !k.inOrder && c.tried == 0
	for range draws { // others may take the last place or the only try
		e, explored := k.pick(c.set, c.asked)
		if e == nil {
			return false
		}
		trial, ok := e.peer.begin(k.now, c.r.cfg.MaxRunning)
		if !ok {
			continue
		}
		c.count(hedge, explored)
		a := newAttempt(c, e, trial, hedge)
		c.tried++
		c.asked = append(c.asked, e.peer)
		c.running = append(c.running, a)
		go a.run()
		return true
	}
	return false
}

func (c *call) count(hedge, explored bool) {
	s := &c.r.stats
	s.tries.Add(1)
	switch {
	case hedge:
		c.r.budget.spend()
		s.hedges.Add(1)
	case c.tried > 0:
		s.retries.Add(1)
	}
	if explored {
		s.explored.Add(1)
	}
}

func (c *call) mayHedge() bool {
	if c.ask.Once || len(c.set.entries) == 1 || len(c.asked) >= mostAsked {
		return false
	}
	if !c.r.budget.has() {
		c.r.stats.unhedged.Add(1)
		return false
	}
	return true
}

// drop takes an attempt that has ended off the list.
func (c *call) drop(a *attempt) {
	for i, b := range c.running {
		if a == b {
			c.running = append(c.running[:i], c.running[i+1:]...)
			return
		}
	}
}

// failed goes on to the next neuron; true: there is none, or no more may be asked.
func (c *call) failed(a *attempt) bool {
	c.causes = append(c.causes, &failure{uid: a.entry.neuron.UID, fault: a.fault, err: a.err})
	if a.fault.worked() {
		c.worked++
	}
	if a.fault == rejected {
		c.picky = append(c.picky, a.entry.peer)
	}
	if a.fault == overloaded {
		c.refused = append(c.refused, a.entry.peer)
	}
	if a.fault == ours || c.ask.Once || c.worked >= c.r.cfg.MaxTries {
		return true
	}
	if len(c.running) > 0 && time.Since(c.running[0].started) < c.running[0].hedgeAfter {
		return false // one was asked in parallel and is not slow yet
	}
	return !c.launch(false)
}

// later asks a neuron that has no room now once it may have some. False: none will in time, or no more may be asked.
func (c *call) later() bool {
	for !c.ask.Once && c.worked < c.r.cfg.MaxTries {
		c.asked = slices.DeleteFunc(c.asked, func(p *peer) bool { return slices.Contains(c.refused, p) })
		c.refused = nil
		k := c.r.picker()
		o := k.outlook(c.set, c.asked)
		left := c.r.cfg.Patience - k.now.Sub(c.began)
		if o.busy+o.full == 0 || o.room.Sub(k.now) > left || len(c.asked) >= mostAsked {
			return false
		}
		// Whoever waits for the same neuron comes at another time.
		pause := max(o.room.Sub(k.now), 0) + time.Duration(c.r.cfg.Rand()*float64(leastRest))
		if pause > left || wait.Sleep(c.ctx, pause) != nil {
			return false
		}
		if c.launch(false) {
			// What it says now stands for what it said before.
			c.causes = slices.DeleteFunc(c.causes, func(err error) bool { return errors.Is(err, dendrite.ErrOverloaded) })
			return true
		}
	}
	return false
}

// cancel ends what is under way.
func (c *call) cancel(cause error) {
	for _, a := range c.running {
		a.cancel(cause)
	}
}

// abandon ends a call that nobody waits for any more. An answer that came at the same moment is let go.
func (c *call) abandon() {
	if !c.won.CompareAndSwap(false, true) {
		for a := range c.results { // one has won, and is there or about to be
			if a.fault == none {
				a.finish(ours, nil)
				break
			}
		}
	}
	c.cancel(errGaveUp)
}

// none is the error of a call that nobody answered.
func (c *call) none() error {
	c.won.Store(true)
	if len(c.causes) > 0 {
		return fmt.Errorf("%w: %w", mechanism.ErrUpstream, errors.Join(c.causes...))
	}
	k := c.r.picker()
	o := k.outlook(c.set, nil)
	if o.soonest == nil {
		return fmt.Errorf("%w: all were taken at this moment", mechanism.ErrNoNeuron)
	}
	back := max(o.back.Sub(k.now), leastRest).Round(10 * time.Millisecond)
	if o.busy+o.full == 0 {
		return fmt.Errorf("%w: all %d neurons that serve this are down, the next may be back in %v", mechanism.ErrNoNeuron, o.down, back)
	}
	n := o.soonest.neuron
	return fmt.Errorf("%w: %w", mechanism.ErrUpstream, &failure{uid: n.UID, fault: overloaded, err: &dendrite.Error{
		Target: targetOf(n), Kind: dendrite.ErrOverloaded, RetryAfter: back,
	}})
}
