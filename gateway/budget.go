package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/gotensor/gotensor/gateway/store"
)

// maxScopes bounds what a memory remembers; callers beyond it share one budget.
const maxScopes = 1 << 16

// memory is the Budget of a gateway that shares its limits with nobody.
type memory struct {
	mu     sync.Mutex
	levels map[string]level
}

type level struct {
	millionths int64
	at         time.Time
}

func newMemory() *memory { return &memory{levels: map[string]level{}} }

// Draw implements Budget, with the same arithmetic as the store's.
func (m *memory) Draw(_ context.Context, scope string, perMinute, must, want int64, now time.Time) (granted, left int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, known := m.levels[scope]
	if !known {
		if len(m.levels) >= maxScopes {
			m.sweep(now)
		}
		if len(m.levels) >= maxScopes {
			scope = "everybody else"
			l, known = m.levels[scope]
		}
	}
	if !known {
		l = level{store.Refill(0, time.Minute, perMinute), now}
	}
	granted, rest := store.Split(store.Refill(l.millionths, now.Sub(l.at), perMinute), must, want)
	if l.at.Before(now) {
		l.at = now
	}
	m.levels[scope] = level{rest, l.at}
	return granted, store.Whole(rest), nil
}

// Hold implements Budget: whoever is alone gets what there is.
func (m *memory) Hold(_ context.Context, _ store.Holding, limit, want int64, _, _ time.Time) (granted int64, err error) {
	return min(limit, want), nil
}

// Sweep implements Budget.
func (m *memory) Sweep(_ context.Context, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	return nil
}

func (m *memory) sweep(now time.Time) {
	for scope, l := range m.levels {
		if idle := now.Sub(l.at); (idle > time.Minute && l.millionths >= 0) || idle > time.Hour {
			delete(m.levels, scope)
		}
	}
}
