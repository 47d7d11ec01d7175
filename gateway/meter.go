package gateway

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/mechanism"
)

// anonymousID stands for callers without a key where usage is kept.
const anonymousID = "anonymous"

// meter counts what one request takes; it implements mechanism.Meter.
type meter struct {
	account mechanism.Account
	spend   func(tokens int64)
	in, out atomic.Int64
}

// Account implements mechanism.Meter.
func (m *meter) Account() mechanism.Account { return m.account }

// Spend implements mechanism.Meter.
func (m *meter) Spend(u mechanism.Usage) {
	m.in.Add(int64(max(u.In, 0)))
	m.out.Add(int64(max(u.Out, 0)))
	m.spend(int64(max(u.In, 0)) + int64(max(u.Out, 0)))
}

const (
	// flushEvery is how often usage goes to the store, and maxUnsaved how many keys of usage are kept while that does not answer.
	flushEvery = 5 * time.Second
	maxUnsaved = 1 << 16
)

// ledger gathers usage between two writes to the store.
type ledger struct {
	store Store
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	more map[day]store.Usage
}

type day struct{ key, date string }

func newLedger(s Store, now func() time.Time, log *slog.Logger) *ledger {
	return &ledger{store: s, now: now, log: log, more: map[day]store.Usage{}}
}

// add notes one request.
func (l *ledger) add(id string, in, out int64) {
	if id == "" {
		id = anonymousID
	}
	date := l.now().UTC().Format(time.DateOnly)
	l.put(store.Usage{KeyID: id, Day: date, Requests: 1, In: in, Out: out})
}

func (l *ledger) put(u store.Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := day{u.KeyID, u.Day}
	have, known := l.more[at]
	if !known && len(l.more) >= maxUnsaved {
		return
	}
	l.more[at] = store.Usage{KeyID: u.KeyID, Day: u.Day, Requests: have.Requests + u.Requests, In: have.In + u.In, Out: have.Out + u.Out}
}

// run writes to the store until ctx ends, and once more then.
func (l *ledger) run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushEvery)
			defer cancel()
			l.flush(last)
			return
		}
	}
}

// flush writes what was gathered; what could not be written is kept for the next time.
func (l *ledger) flush(ctx context.Context) {
	l.mu.Lock()
	more := l.more
	l.more = map[day]store.Usage{}
	l.mu.Unlock()
	if len(more) == 0 {
		return
	}
	list := make([]store.Usage, 0, len(more))
	for _, u := range more {
		list = append(list, u)
	}
	if err := l.store.AddUsage(ctx, list); err != nil {
		l.log.Warn("usage could not be written; it is kept for the next try", "error", err)
		for _, u := range list {
			l.put(u)
		}
	}
}
