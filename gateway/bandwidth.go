package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
)

const (
	// bandwidthFor is how old a bandwidth may be before it is looked up anew; it holds until then, and for as long as the node is away.
	bandwidthFor = 30 * time.Second
	// maxAccounts bounds the bandwidths that are remembered, maxWanted those that wait to be looked up.
	maxAccounts, maxWanted = 1 << 16, 1024
	// retryAfter is the pause after a lookup that failed.
	retryAfter = time.Second
)

// bandwidths remembers what accounts have. Nobody waits for a lookup: an account that was never looked up has nothing yet.
type bandwidths struct {
	node   func(ctx context.Context, account gotensor.Address) (gotensor.Rao, error)
	now    func() time.Time
	log    *slog.Logger
	wanted chan gotensor.Address

	mu    sync.Mutex
	known map[gotensor.Address]*bandwidth
}

type bandwidth struct {
	rao    gotensor.Rao
	at     time.Time // of the lookup; zero: none yet
	asked  bool      // it waits to be looked up
	wanted time.Time // last
}

func newBandwidths(node func(context.Context, gotensor.Address) (gotensor.Rao, error), now func() time.Time, log *slog.Logger) *bandwidths {
	return &bandwidths{node: node, now: now, log: log, wanted: make(chan gotensor.Address, maxWanted), known: map[gotensor.Address]*bandwidth{}}
}

// of is what is known of an account's bandwidth.
func (b *bandwidths) of(account gotensor.Address) gotensor.Rao {
	if account.IsZero() {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	x := b.known[account]
	if x == nil {
		if len(b.known) >= maxAccounts && !b.forget(now) {
			return 0
		}
		x = &bandwidth{}
		b.known[account] = x
	}
	x.wanted = now
	if !x.asked && now.Sub(x.at) > bandwidthFor {
		select {
		case b.wanted <- account:
			x.asked = true
		default: // many at once: this one is looked up when it comes again
		}
	}
	return x.rao
}

// forget makes room: whoever was not here for a while goes.
func (b *bandwidths) forget(now time.Time) bool {
	for a, x := range b.known {
		if !x.asked && now.Sub(x.wanted) > bandwidthFor {
			delete(b.known, a)
		}
	}
	return len(b.known) < maxAccounts
}

// set notes what was found.
func (b *bandwidths) set(account gotensor.Address, rao gotensor.Rao) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	x := b.known[account]
	if x == nil {
		x = &bandwidth{wanted: now}
		b.known[account] = x
	}
	x.rao, x.at, x.asked = rao, now, false
}

// run looks up what is wanted until ctx ends.
func (b *bandwidths) run(ctx context.Context) {
	away := false
	for {
		var account gotensor.Address
		select {
		case <-ctx.Done():
			return
		case account = <-b.wanted:
		}
		rao, err := b.node(ctx, account)
		if err == nil || errors.Is(err, chain.ErrNotFound) {
			b.set(account, rao)
			away = false
			continue
		}
		b.mu.Lock()
		if x := b.known[account]; x != nil { // it may have been forgotten
			x.asked = false // it is asked for again when its account comes again
		}
		b.mu.Unlock()
		if !away && ctx.Err() == nil {
			b.log.Warn("the node does not say what stake accounts have; what was known holds", "error", err)
		}
		away = true
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryAfter):
		}
	}
}
