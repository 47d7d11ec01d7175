package chain

import (
	"context"
	"sync"

	"github.com/gotensor/gotensor/metagraph"
)

// Latest is the newest snapshot, between one Follow and any number of readers. A reader that is busy misses what came meanwhile
// and gets the newest later. The zero value is empty; it is safe for concurrent use.
type Latest struct {
	mu      sync.Mutex
	now     *metagraph.Metagraph
	changed chan struct{} // closed by the next Set; nil while nobody waits
}

// Set replaces the snapshot and wakes the readers.
func (l *Latest) Set(m *metagraph.Metagraph) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = m
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// Get is the newest snapshot, nil before the first.
func (l *Latest) Get() *metagraph.Metagraph {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Next waits for a snapshot other than the one that the reader has seen (nil: any) and returns it, or the context's error.
func (l *Latest) Next(ctx context.Context, seen *metagraph.Metagraph) (*metagraph.Metagraph, error) {
	for {
		l.mu.Lock()
		now := l.now
		if now == seen && l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		if now != seen {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}
