package route

import "sync/atomic"

// budget bounds hedges to a share of the calls: each call earns that share of one, and what is saved is bounded.
type budget struct {
	share int64 // of a hedge that a call earns, in thousandths
	saved atomic.Int64
}

const (
	oneHedge  = 1000
	mostSaved = 10 * oneHedge
)

func (b *budget) set(share float64) {
	b.share = int64(max(share, 0) * oneHedge)
	if b.share > 0 {
		b.saved.Store(mostSaved)
	}
}

func (b *budget) earn() {
	if b.saved.Load() < mostSaved { // two at once may exceed it by a share each
		b.saved.Add(b.share)
	}
}

func (b *budget) has() bool { return b.saved.Load() >= oneHedge }
func (b *budget) spend()    { b.saved.Add(-oneHedge) }
