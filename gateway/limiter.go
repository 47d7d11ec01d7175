package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"github.com/gotensor/gotensor/gateway/store"
)

const (
	// A lease is a twentieth of a minute's budget, and an eighth of the concurrent requests beyond those that run.
	leaseOfMinute, leaseOfSlots = 20, 8
	// leaseFor is how long what was leased and not used stays ours: by then the bucket it came from would have been full again anyway.
	leaseFor = time.Minute
	// slotsFor is how long others keep slots of ours free when they hear nothing; renewEvery how often we say so.
	slotsFor, renewEvery = 30 * time.Second, 10 * time.Second
	// asking bounds one round trip, askAgain how soon after a refusal the next is made.
	asking, askAgain = time.Second, 100 * time.Millisecond
)

// limiter counts requests and tokens by the minute, and requests that run. Between it and a Budget that is shared stand leases.
type limiter struct {
	budget   Budget
	shared   bool
	fallback *memory // while the shared budget does not answer
	gateway  string  // names this process
	now      func() time.Time
	log      *slog.Logger

	mu      sync.Mutex
	buckets map[string]*bucket
	slots   map[string]*slots
	away    bool // the shared budget did not answer
}

// bucket is our part of one scope's budget.
type bucket struct {
	mu        sync.Mutex
	perMinute int64
	balance   int64 // leased and not used; negative: spent and not drawn yet
	left      int64 // beyond our lease, when last drawn
	drawn     time.Time
	again     time.Time // before then there is nothing, as far as we know
	gone      bool      // forgotten: who waited for the lock looks for the new one
}

// slots is our part of one scope's concurrent requests.
type slots struct {
	mu           sync.Mutex
	used, leased int64
	limit        int64
	renewed      time.Time
	again        time.Time
	gone         bool
}

func newLimiter(b Budget, now func() time.Time, log *slog.Logger) *limiter {
	l := &limiter{budget: b, shared: b != nil, fallback: newMemory(), now: now, log: log, buckets: map[string]*bucket{}, slots: map[string]*slots{}}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	l.gateway = hex.EncodeToString(id[:])
	if !l.shared {
		l.budget = l.fallback
	}
	return l
}

// state is how a budget stands, for the caller to see.
type state struct {
	limit, remaining int64
	wait             time.Duration // until there is enough; 0: there is
}

// reset is how long until the whole limit is there again.
func (s state) reset() time.Duration {
	if s.limit <= 0 {
		return 0
	}
	return time.Duration(float64(s.limit-min(s.remaining, s.limit)) / float64(s.limit) * float64(time.Minute))
}

// take takes n from a scope's minute if there is at least need.
func (l *limiter) take(ctx context.Context, scope string, perMinute, n, need int64) state { //nolint:unparam // n alone would not say that 0 may be taken where 1 must be there
	b := l.bucket(scope)
	defer b.mu.Unlock()
	now := l.now()
	b.perMinute = perMinute
	if l.shared && b.balance > 0 && now.Sub(b.drawn) > leaseFor {
		b.balance = 0
	}
	if b.balance < need && !now.Before(b.again) {
		must := max(-b.balance, 0)
		want := must + need - max(b.balance, 0)
		if l.shared {
			want += perMinute / leaseOfMinute
		}
		l.draw(ctx, b, scope, must, want, now)
	}
	if b.balance < need {
		missing := need - b.balance - b.left
		wait := max(time.Duration(float64(missing)/float64(max(perMinute, 1))*float64(time.Minute)), time.Millisecond)
		if l.shared {
			b.again = now.Add(min(wait, askAgain))
		}
		return state{limit: perMinute, wait: wait}
	}
	b.balance -= n
	gained := int64(now.Sub(b.drawn).Minutes() * float64(perMinute))
	return state{limit: perMinute, remaining: max(min(b.balance+max(b.left, 0)+gained, perMinute), 0)}
}

// spend takes n from a scope's minute, whether it is there or not: what comes later has to wait for it.
func (l *limiter) spend(ctx context.Context, scope string, perMinute, n int64) {
	b := l.bucket(scope)
	defer b.mu.Unlock()
	b.perMinute = perMinute
	b.balance -= n
	if !l.shared && b.balance < 0 {
		l.draw(ctx, b, scope, -b.balance, -b.balance, l.now())
	}
}

// draw moves budget into a bucket, which is locked.
func (l *limiter) draw(ctx context.Context, b *bucket, scope string, must, want int64, now time.Time) {
	var granted int64
	err := l.ask(ctx, func(ctx context.Context, from Budget) (err error) {
		granted, b.left, err = from.Draw(ctx, scope, b.perMinute, must, want, now)
		return err
	})
	if err != nil {
		return // the caller is gone
	}
	b.balance += granted
	b.drawn = now
}

// ask calls fn with the budget, or with one of our own while that does not answer: then every gateway has the whole limit.
func (l *limiter) ask(ctx context.Context, fn func(ctx context.Context, from Budget) error) error {
	if !l.shared {
		return fn(ctx, l.budget)
	}
	limited, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	err := fn(limited, l.budget)
	if err != nil && ctx.Err() != nil {
		return err
	}
	l.mu.Lock()
	changed := l.away != (err != nil)
	l.away = err != nil
	l.mu.Unlock()
	switch {
	case changed && err != nil:
		l.log.Warn("the shared limits do not answer; this gateway counts for itself", "error", err)
	case changed:
		l.log.Info("the shared limits answer again")
	}
	if err != nil {
		return fn(ctx, l.fallback)
	}
	return nil
}

// enter counts one more running request of a scope, which leave ends, or tells that there are limit of them.
func (l *limiter) enter(ctx context.Context, scope string, limit int64) (leave func(), ok bool) {
	s := l.slot(scope)
	defer s.mu.Unlock()
	now := l.now()
	s.limit = limit
	if !l.shared {
		s.leased = limit
	} else if (s.used >= s.leased || now.Sub(s.renewed) > slotsFor) && s.used < limit && !now.Before(s.again) {
		l.hold(ctx, s, scope, min(limit, s.used+1+limit/leaseOfSlots), now)
		if s.used >= s.leased {
			s.again = now.Add(askAgain)
		}
	}
	if s.used >= min(s.leased, limit) {
		return nil, false
	}
	s.used++
	return func() {
		s.mu.Lock()
		s.used--
		s.mu.Unlock()
	}, true
}

func (l *limiter) hold(ctx context.Context, s *slots, scope string, want int64, now time.Time) {
	err := l.ask(ctx, func(ctx context.Context, from Budget) (err error) {
		s.leased, err = from.Hold(ctx, store.Holding{Scope: scope, Gateway: l.gateway}, s.limit, want, now, now.Add(slotsFor))
		return err
	})
	if err == nil {
		s.renewed = now
	}
}

// bucket returns a scope's bucket, locked.
func (l *limiter) bucket(scope string) *bucket {
	for {
		l.mu.Lock()
		b := l.buckets[scope]
		if b == nil {
			b = &bucket{}
			l.buckets[scope] = b
		}
		l.mu.Unlock()
		b.mu.Lock()
		if !b.gone {
			return b
		}
		b.mu.Unlock()
	}
}

// slot returns a scope's slots, locked.
func (l *limiter) slot(scope string) *slots {
	for {
		l.mu.Lock()
		s := l.slots[scope]
		if s == nil {
			s = &slots{}
			l.slots[scope] = s
		}
		l.mu.Unlock()
		s.mu.Lock()
		if !s.gone {
			return s
		}
		s.mu.Unlock()
	}
}
