package route

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/keys"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

// claims are a neuron's own words. They never change.
type claims struct {
	model        string
	capabilities []string // ascending
	schema       []byte
}

func (c *claims) equal(d *claims) bool {
	return d != nil && c.model == d.model && slices.Equal(c.capabilities, d.capabilities) && string(c.schema) == string(d.schema)
}

// What is taken of a stranger's words, as the protocol bounds them.
const (
	mostCapabilities = 32
	mostCapability   = 32 // bytes
	mostSchema       = 64 << 10
	mostInfo         = 128 << 10
	mostSchemas      = 16 << 20 // of all neurons together, those that are equal counted once
)

// errOther: what answers is not the neuron that the chain lists.
var errOther = errors.New("another neuron answers there")

// read checks an answer and takes over what is within the bounds.
func read(info *axonv1.InfoResponse, hotkey string, netuid uint32) (*claims, error) {
	if info.GetHotkey() != hotkey || info.GetNetuid() != netuid {
		return nil, fmt.Errorf("%w: %s of subnet %d, want %s of subnet %d", errOther,
			synapse.Printable(info.GetHotkey(), 90), info.GetNetuid(), hotkey, netuid)
	}
	c := &claims{model: strings.TrimSpace(printable(info.GetModel(), maxModel))}
	for _, word := range info.GetCapabilities()[:min(len(info.GetCapabilities()), mostCapabilities)] {
		if word != "" && len(word) <= mostCapability && synapse.Printable(word, mostCapability) == word {
			c.capabilities = append(c.capabilities, word)
		}
	}
	slices.Sort(c.capabilities)
	c.capabilities = slices.Compact(c.capabilities)
	if s := info.GetSchema(); len(s) <= mostSchema && json.Valid(s) {
		c.schema = s
	}
	return c, nil
}

// printable cuts where synapse.Printable would append dots: a name must not grow.
func printable(text string, limit int) string {
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return synapse.Printable(text, limit)
}

const (
	refreshTick    = 250 * time.Millisecond
	infoTimeout    = 5 * time.Second
	leastInfoPause = 5 * time.Second // between two questions to one neuron
	mostPerRound   = 256             // neurons asked before the list is made anew
)

// refresh asks neurons what they can do: new ones at once, those that failed soon, all now and then.
func (r *Router) refresh(ctx context.Context) error {
	tick := time.NewTicker(refreshTick)
	defer tick.Stop()
	var asking errgroup.Group
	asking.SetLimit(r.cfg.RefreshParallel)
	defer func() { _ = asking.Wait() }() // they return nil
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
		case <-tick.C:
		}
		for _, e := range r.due(time.Now()) {
			asking.Go(func() error {
				if ctx.Err() == nil {
					r.inquire(ctx, e)
				}
				return nil
			})
		}
	}
}

// rearranging takes new claims into the view, all of a tick together.
func (r *Router) rearranging(ctx context.Context) error {
	tick := time.NewTicker(refreshTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if r.stale.Load() {
				r.rearrange()
			}
		}
	}
}

// due are the neurons to ask now, the most urgent first: never reached, then by how long ago they should have been asked.
func (r *Router) due(now time.Time) []*entry {
	v := r.view.Load()
	if v == nil {
		return nil
	}
	type late struct {
		entry *entry
		since time.Time
	}
	var list []late
	for _, e := range v.entries {
		p := e.peer
		p.mu.Lock()
		if at := p.nextInfo; !p.asking && !now.Before(at) {
			list = append(list, late{e, at})
		}
		p.mu.Unlock()
	}
	slices.SortStableFunc(list, func(a, b late) int { return cmp.Compare(a.since.UnixNano(), b.since.UnixNano()) })
	out := make([]*entry, 0, min(len(list), mostPerRound))
	for _, l := range list[:min(len(list), mostPerRound)] {
		l.entry.peer.mu.Lock()
		l.entry.peer.asking = true
		l.entry.peer.mu.Unlock()
		out = append(out, l.entry)
	}
	return out
}

// inquire asks one neuron what it can do.
func (r *Router) inquire(ctx context.Context, e *entry) {
	cctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	info, err := axonv1.NewAxonClient(r.cfg.Dial(targetOf(e.neuron))).Info(cctx, &axonv1.InfoRequest{}, grpc.MaxCallRecvMsgSize(mostInfo))
	var c *claims
	if err == nil {
		c, err = read(info, keys.Account(e.neuron.Hotkey), uint32(r.cfg.NetUID))
	}
	f := faultOf(ctx, cctx, err, false)
	if errors.Is(err, errOther) {
		f = impostor
	}
	if f != none {
		r.unreached(e, f, err)
		return
	}
	p := e.peer
	if old := p.claims.Load(); !c.equal(old) {
		p.claims.Store(r.intern(c))
		r.stale.Store(true)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.breaker.reached()
	p.asking, p.unanswered, p.inquired = false, 0, time.Now()
	p.nextInfo = p.inquired.Add(time.Duration((0.8 + 0.4*r.cfg.Rand()) * float64(r.cfg.RefreshEvery)))
}

// unreached notes a question without an answer.
func (r *Router) unreached(e *entry, f fault, err error) {
	p, now := e.peer, time.Now()
	r.stats.infoFailures.Add(1)
	p.mu.Lock()
	p.asking, p.inquired = false, now
	p.unanswered++
	p.nextInfo = now.Add(min(leastInfoPause<<min(p.unanswered-1, 10), r.cfg.RefreshEvery))
	var pause time.Duration
	switch state := p.breaker.at(now); {
	case f == ours:
	case f == overloaded:
		p.rest(err, now)
	case state == trying && !p.breaker.unreachable: // a call decides
	default: // while no call tries, this does
		pause = p.blame(end{fault: f, trial: state == trying && !p.breaker.trial, jitter: r.cfg.Rand()}, now)
	}
	p.mu.Unlock()
	r.noted(e.neuron, f, pause)
}

// intern keeps one copy of schemas that are equal, and none of those that exceed what all may take together.
func (r *Router) intern(c *claims) *claims {
	if len(c.schema) == 0 {
		return c
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := 0
	seen := map[*byte]bool{} // equal ones are one
	for _, p := range r.known {
		old := p.claims.Load()
		if old == nil || len(old.schema) == 0 {
			continue
		}
		if string(old.schema) == string(c.schema) {
			c.schema = old.schema
			return c
		}
		if at := &old.schema[0]; !seen[at] {
			seen[at] = true
			sum += len(old.schema)
		}
	}
	if sum+len(c.schema) > mostSchemas {
		c.schema = nil
	}
	return c
}
