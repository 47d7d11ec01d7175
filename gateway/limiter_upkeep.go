package gateway

import (
	"context"
	"maps"
	"time"
)

// settleEvery is how often what was spent without asking is told to the shared budget.
const settleEvery = time.Second

// run pays debts, renews what we hold and forgets what is idle, until ctx ends; then it gives everything back.
func (l *limiter) run(ctx context.Context) {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	renewed := l.now()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), asking)
			defer cancel()
			l.settle(last)
			l.renew(last, true)
			return
		case <-tick.C:
		}
		l.settle(ctx)
		if now := l.now(); now.Sub(renewed) >= renewEvery {
			renewed = now
			l.renew(ctx, false)
			if err := l.budget.Sweep(ctx, now); err != nil && ctx.Err() == nil {
				l.log.Debug("sweeping the shared limits", "error", err)
			}
			_ = l.fallback.Sweep(ctx, now) // in memory
		}
	}
}

// settle draws what was spent beyond our leases, so that the other gateways know, and forgets buckets that nobody uses.
func (l *limiter) settle(ctx context.Context) {
	l.mu.Lock()
	all := maps.Clone(l.buckets)
	l.mu.Unlock()
	now := l.now()
	for scope, b := range all {
		b.mu.Lock()
		if b.balance < 0 {
			l.draw(ctx, b, scope, -b.balance, -b.balance, now)
		}
		if idle := now.Sub(b.drawn) > 2*leaseFor && b.balance >= 0; idle {
			b.gone = true
			l.mu.Lock()
			delete(l.buckets, scope)
			l.mu.Unlock()
		}
		b.mu.Unlock()
	}
}

// renew says again what we hold, or gives it back.
func (l *limiter) renew(ctx context.Context, end bool) {
	l.mu.Lock()
	all := maps.Clone(l.slots)
	l.mu.Unlock()
	for scope, s := range all {
		s.mu.Lock()
		want := int64(0)
		if s.used > 0 && !end {
			want = min(s.limit, s.used+s.limit/leaseOfSlots)
		}
		if l.shared {
			l.hold(ctx, s, scope, want, l.now())
		}
		if s.used == 0 {
			s.gone = true
			l.mu.Lock()
			delete(l.slots, scope)
			l.mu.Unlock()
		}
		s.mu.Unlock()
	}
}
