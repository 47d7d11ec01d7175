package route

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// Router is a subnet as a gateway sees it: a mechanism.Network. Make one with New and let Run keep it up to date.
type Router struct {
	cfg    Config
	log    *slog.Logger
	stats  counters
	budget budget

	view    atomic.Pointer[view]
	typical atomic.Uint64 // bits of the subnet's typical time to a first piece, seconds; 0: not known
	wake    chan struct{} // a snapshot has changed who serves
	stale   atomic.Bool   // claims have changed since the view was made

	mu    sync.Mutex // guards the making of views, never the choice in one
	known map[tenure]*peer
}

var _ mechanism.Network = (*Router)(nil)

// New returns a Router that knows what its snapshot file holds; it fails with ErrConfig. A file that cannot be read is logged and
// left for Run to replace.
func New(cfg Config) (*Router, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := &Router{cfg: cfg, log: cfg.Log.With("netuid", cfg.NetUID), known: map[tenure]*peer{}, wake: make(chan struct{}, 1)}
	r.budget.set(cfg.HedgeShare)
	r.stats.firstPiece = newFirstPiece(cfg.NetUID)
	if cfg.SnapshotFile != "" {
		switch g, err := load(cfg.SnapshotFile, cfg.NetUID); {
		case err != nil:
			r.log.Warn("the snapshot of the metagraph cannot be used", "file", cfg.SnapshotFile, "err", err)
		case g != nil:
			r.log.Info("beginning with the metagraph of an earlier run", "height", g.Height, "time", g.Time)
			r.arrange(g)
		}
	}
	return r, nil
}

// Run follows the chain and keeps asking neurons what they can do, until ctx ends; then it returns nil. It runs once.
func (r *Router) Run(ctx context.Context) error {
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return r.cfg.Follow(gctx, func(g *metagraph.Metagraph) error {
			r.arrange(g)
			return nil
		})
	})
	group.Go(func() error { return r.refresh(gctx) })
	group.Go(func() error { return r.rearranging(gctx) })
	if r.cfg.SnapshotFile != "" {
		group.Go(func() error { return r.keep(gctx) })
	}
	return wait.Ended(ctx, group.Wait())
}

// arrange makes a snapshot the newest. What is remembered of neurons that stay stays; that of others is forgotten.
func (r *Router) arrange(g *metagraph.Metagraph) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := make(map[tenure]*peer, len(r.known))
	fresh := false
	for n := range g.All() {
		if !n.Endpoint.Serves() {
			continue
		}
		t := tenureOf(n)
		p := r.known[t]
		if p == nil {
			p, fresh = &peer{}, true
		}
		known[t] = p
	}
	r.known = known
	r.stale.Store(false)
	r.view.Store(newView(g, known))
	if fresh {
		select {
		case r.wake <- struct{}{}:
		default: // it is awake already
		}
	}
}

// rearrange takes new claims into the view.
func (r *Router) rearrange() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.view.Load(); v != nil && r.stale.Swap(false) {
		r.view.Store(newView(v.graph, r.known))
	}
}

// Metagraph implements mechanism.Network.
func (r *Router) Metagraph() *metagraph.Metagraph {
	if v := r.view.Load(); v != nil {
		return v.graph
	}
	return nil
}

// Peers implements mechanism.Network: those that are likeliest to be asked first, those that are down last.
func (r *Router) Peers(capability string) []mechanism.Peer {
	v := r.view.Load()
	if v == nil {
		return nil
	}
	s := v.sets[need{capability: capability}]
	if s == nil {
		return nil
	}
	k := r.picker()
	type ranked struct {
		entry *entry
		class int // 0: can be asked, 1: not now, 2: trying, 3: down
		p     float64
	}
	all := make([]ranked, len(s.entries))
	for i, e := range s.entries {
		g := e.peer.glance(k.now, k.typical, k.maxRunning)
		all[i] = ranked{entry: e, p: preference(s.weights[i], g.cost)}
		switch {
		case g.state == down:
			all[i].class = 3
		case g.state == trying:
			all[i].class = 2
		case !g.usable:
			all[i].class = 1
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(b.p, a.p)) })
	out := make([]mechanism.Peer, len(all))
	for i, a := range all {
		out[i] = r.peerOf(a.entry, k.now)
	}
	return out
}

// peerOf is what others see of a neuron.
func (r *Router) peerOf(e *entry, now time.Time) mechanism.Peer {
	out := mechanism.Peer{Neuron: e.neuron, Share: e.share, Running: int(e.peer.running.Load())}
	if c := e.claims; c != nil { // those by which it is found now, which may be a moment old
		out.Model, out.Capabilities, out.Schema = c.model, c.capabilities, c.schema
	}
	p := e.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	out.Latency = time.Duration(p.latency.value * float64(time.Second))
	out.Success = p.success.value
	out.State = p.breaker.at(now).String()
	return out
}

// picker is ready for one choice.
func (r *Router) picker() *picker {
	k := &picker{now: time.Now(), typical: priorLatency, maxRunning: r.cfg.MaxRunning, rand: r.cfg.Rand}
	if bits := r.typical.Load(); bits != 0 {
		k.typical = time.Duration(math.Float64frombits(bits) * float64(time.Second))
	}
	return k
}

// observe moves the subnet's typical latency. Of two at once one may be lost, which does not matter.
func (r *Router) observe(took time.Duration) {
	s := took.Seconds()
	if bits := r.typical.Load(); bits != 0 {
		old := math.Float64frombits(bits)
		s = old + (s-old)/20
	}
	r.typical.Store(math.Float64bits(s))
}

// noted logs when a breaker opened.
func (r *Router) noted(n metagraph.Neuron, f fault, pause time.Duration) {
	if pause > 0 {
		r.log.Info("a neuron is left alone for a while", "uid", n.UID, "hotkey", keys.Account(n.Hotkey), "why", f.String(), "pause", pause.Round(time.Millisecond))
	}
}

func targetOf(n metagraph.Neuron) dendrite.Target {
	return dendrite.Target{Addr: n.Endpoint.Addr, Pin: n.Endpoint.Pin, Hotkey: n.Hotkey}
}
