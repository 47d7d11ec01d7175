package route

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism"
)

// counters are what Stats reads.
type counters struct {
	opens, tries, hedges, hedgeWins, unhedged, retries, explored, infoFailures atomic.Uint64
	faults                                                                     [faults]atomic.Uint64
	firstPiece                                                                 prometheus.Histogram
}

// Stats counts since the start, but for States, Running and Height, which are of the moment.
type Stats struct {
	Height       gotensor.Block // of the newest snapshot, 0 before the first
	Time         time.Time      // of that block
	Opens        uint64         // calls of Open
	Tries        uint64         // neurons asked, hedges and retries included
	Hedges       uint64         // neurons asked because another one was slow
	HedgeWins    uint64         // hedges that answered first
	Unhedged     uint64         // hedges that the budget did not allow
	Retries      uint64         // neurons asked because another one failed
	Explored     uint64         // neurons asked to learn about them
	Answers      uint64         // that ended well
	InfoFailures uint64         // unanswered questions what a neuron can do
	// Failures by kind: rejected, overloaded, unreachable, impostor, denied, late, stalled, failed, garbage, and those that are
	// nobody's fault: ours (the caller went away), lost (another neuron was faster), too_large. All kinds are there, also at 0.
	Failures map[string]uint64
	// States counts the neurons that serve by the state of their breaker; all states are there.
	States  map[string]int
	Running int // answers under way, those before their first piece included
}

// Stats reads all counters. They belong together up to what happens meanwhile.
func (r *Router) Stats() Stats {
	c := &r.stats
	out := Stats{
		Opens: c.opens.Load(), Tries: c.tries.Load(), Hedges: c.hedges.Load(), HedgeWins: c.hedgeWins.Load(), Unhedged: c.unhedged.Load(),
		Retries: c.retries.Load(), Explored: c.explored.Load(), InfoFailures: c.infoFailures.Load(), Answers: c.faults[none].Load(),
		Failures: map[string]uint64{}, States: map[string]int{},
	}
	for f := none + 1; f < faults; f++ {
		out.Failures[f.String()] = c.faults[f].Load()
	}
	for s := unknown; s <= down; s++ {
		out.States[s.String()] = 0
	}
	v := r.view.Load()
	if v == nil {
		return out
	}
	out.Height, out.Time = v.graph.Height, v.graph.Time
	now := time.Now()
	for _, e := range v.entries {
		e.peer.mu.Lock()
		out.States[e.peer.breaker.at(now).String()]++
		e.peer.mu.Unlock()
		out.Running += int(e.peer.running.Load())
	}
	return out
}

// Standing is one neuron that serves, as this gateway sees it.
type Standing struct {
	mechanism.Peer
	Asked, Answered, Failed uint64
	LastFault               string        // the latest failure's kind, as in Stats.Failures; empty: none
	HedgeAfter              time.Duration // after which a second neuron is asked
	Back                    time.Time     // when a neuron that is down or has no room may be asked again; zero: now
}

// Standings are all neurons that serve, by their share of the incentive.
func (r *Router) Standings() []Standing {
	v := r.view.Load()
	if v == nil {
		return nil
	}
	now := time.Now()
	out := make([]Standing, len(v.entries))
	for i, e := range v.entries {
		p := e.peer
		s := Standing{Peer: r.peerOf(e, now), HedgeAfter: p.hedgeAfter(r.cfg.HedgeAfter, r.cfg.FirstPieceTimeout)}
		p.mu.Lock()
		s.Asked, s.Answered, s.Failed = p.asked, p.answered, p.failed
		if p.lastFault != none {
			s.LastFault = p.lastFault.String()
		}
		if p.breaker.state == down && now.Before(p.breaker.until) {
			s.Back = p.breaker.until
		} else if now.Before(p.busy) {
			s.Back = p.busy
		}
		p.mu.Unlock()
		out[i] = s
	}
	return out
}
