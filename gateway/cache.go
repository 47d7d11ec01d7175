package gateway

import (
	"context"
	"sync"
	"time"
)

const (
	// nodeTime bounds how long one who reads waits for the node.
	nodeTime = 3 * time.Second
	// maxCached bounds the entries of a cache.
	maxCached = 1024
)

// cache keeps answers of the node for a moment and, while the node is away, for as long as that lasts. One question is asked once at a time.
type cache[K comparable, V any] struct {
	fresh time.Duration
	now   func() time.Time
	load  func(ctx context.Context, key K) (V, error)

	mu      sync.Mutex
	entries map[K]*entry[V]
}

type entry[V any] struct {
	mu    sync.Mutex
	value V
	err   error
	at    time.Time // of the value; zero: none yet
	tried time.Time
	used  time.Time // guarded by the cache's lock
}

func newCache[K comparable, V any](fresh time.Duration, now func() time.Time, load func(ctx context.Context, key K) (V, error)) *cache[K, V] {
	return &cache[K, V]{fresh: fresh, now: now, load: load, entries: map[K]*entry[V]{}}
}

// get returns the newest answer, and when it was given. The error is the node's if there is no answer at all.
func (c *cache[K, V]) get(ctx context.Context, key K) (V, time.Time, error) {
	e := c.entry(key)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := c.now()
	if now.Sub(e.tried) >= c.fresh || e.tried.IsZero() {
		limited, cancel := context.WithTimeout(ctx, nodeTime)
		defer cancel()
		v, err := c.load(limited, key)
		if err != nil && ctx.Err() != nil {
			return e.value, e.at, ctx.Err() // who asked is gone, which says nothing of the node
		}
		e.tried, e.err = now, err
		if err == nil {
			e.value, e.at = v, now
		}
	}
	if e.at.IsZero() {
		return e.value, e.at, e.err
	}
	return e.value, e.at, nil
}

func (c *cache[K, V]) entry(key K) *entry[V] {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	if e == nil {
		if len(c.entries) >= maxCached {
			c.evict()
		}
		e = &entry[V]{}
		c.entries[key] = e
	}
	e.used = c.now()
	return e
}

// evict drops the entry that was not asked for the longest.
func (c *cache[K, V]) evict() {
	var oldest K
	var at time.Time
	for k, e := range c.entries {
		if at.IsZero() || e.used.Before(at) {
			oldest, at = k, e.used
		}
	}
	delete(c.entries, oldest)
}
