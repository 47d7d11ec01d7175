package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/test/postgres"
)

var silent = slog.New(slog.DiscardHandler)

// counting is a shared budget in memory that counts round trips and can go away.
type counting struct {
	*memory
	mu    sync.Mutex
	held  map[store.Holding]int64
	trips int
	away  bool
}

func newCounting() *counting { return &counting{memory: newMemory(), held: map[store.Holding]int64{}} }

func (c *counting) trip() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trips++
	if c.away {
		return errors.New("away")
	}
	return nil
}

func (c *counting) Draw(ctx context.Context, scope string, perMinute, must, want int64, now time.Time) (int64, int64, error) {
	if err := c.trip(); err != nil {
		return 0, 0, err
	}
	return c.memory.Draw(ctx, scope, perMinute, must, want, now)
}

func (c *counting) Hold(_ context.Context, h store.Holding, limit, want int64, _, _ time.Time) (int64, error) {
	if err := c.trip(); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	others := int64(0)
	for at, n := range c.held {
		if at.Scope == h.Scope && at.Gateway != h.Gateway {
			others += n
		}
	}
	c.held[h] = min(max(limit-others, 0), want)
	return c.held[h], nil
}

func TestLeasesSaveRoundTripsAndKeepTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perMinute = 200
		shared := newCounting()
		gateways := []*limiter{newLimiter(shared, time.Now, silent), newLimiter(shared, time.Now, silent)}
		ask := func(tries int) (granted int64) {
			for i := range tries {
				if gateways[i%2].take(t.Context(), "s", perMinute, 1, 1).wait == 0 {
					granted++
				}
			}
			return granted
		}
		granted := ask(500)
		require.LessOrEqual(t, granted, int64(perMinute))
		require.Greater(t, granted, int64(perMinute-2*perMinute/leaseOfMinute))
		require.Less(t, shared.trips, 40, "most requests are served from a lease, and refusals are remembered")

		// Over the next minutes no more than comes in, and one lease of each.
		for range 600 {
			time.Sleep(200 * time.Millisecond)
			granted += ask(4)
		}
		require.LessOrEqual(t, granted, int64(3*perMinute+2*perMinute/leaseOfMinute))
		require.Greater(t, granted, int64(3*perMinute-2*perMinute/leaseOfMinute))
	})
}

func TestWhatWasSpentIsToldToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newCounting()
		a, b := newLimiter(shared, time.Now, silent), newLimiter(shared, time.Now, silent)
		require.Zero(t, a.take(t.Context(), "s tokens", 1000, 0, 1).wait)
		a.spend(t.Context(), "s tokens", 1000, 3000)
		require.Zero(t, b.take(t.Context(), "s tokens", 1000, 0, 1).wait, "b does not know yet")
		a.settle(t.Context())
		b.spend(t.Context(), "s tokens", 1000, 1000) // and uses up its lease
		b.settle(t.Context())
		require.Greater(t, b.take(t.Context(), "s tokens", 1000, 0, 1).wait, 2*time.Minute)
		time.Sleep(4 * time.Minute)
		require.Zero(t, b.take(t.Context(), "s tokens", 1000, 0, 1).wait)
	})
}

func TestRunningRequestsAcrossGateways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 16
		shared := newCounting()
		a, b := newLimiter(shared, time.Now, silent), newLimiter(shared, time.Now, silent)
		var running []func()
		for i := range 3 * limit {
			l := []*limiter{a, b}[i%2]
			if leave, ok := l.enter(t.Context(), "s", limit); ok {
				running = append(running, leave)
			}
		}
		require.LessOrEqual(t, len(running), limit)
		require.GreaterOrEqual(t, len(running), limit-2*limit/leaseOfSlots)
		for _, leave := range running {
			leave()
		}
		a.renew(t.Context(), false)
		time.Sleep(askAgain)
		for range limit {
			_, ok := b.enter(t.Context(), "s", limit)
			require.True(t, ok, "a gave its part back")
		}
		_, ok := b.enter(t.Context(), "s", limit)
		require.False(t, ok)
	})
}

func TestGatewaysCountForThemselvesWhileTheBudgetIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newCounting()
		shared.away = true
		l := newLimiter(shared, time.Now, silent)
		for range 60 {
			require.Zero(t, l.take(t.Context(), "s", 60, 1, 1).wait)
		}
		require.NotZero(t, l.take(t.Context(), "s", 60, 1, 1).wait)
		for range 8 {
			_, ok := l.enter(t.Context(), "s", 8)
			require.True(t, ok)
		}
		_, ok := l.enter(t.Context(), "s", 8)
		require.False(t, ok)
	})
}

func TestIdleScopesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(nil, time.Now, silent)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { l.run(ctx); close(done) }()
		leave, ok := l.enter(ctx, "s", 2)
		require.True(t, ok)
		require.Zero(t, l.take(ctx, "s", 60, 1, 1).wait)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Len(t, l.slots, 1, "it still runs")
		require.Empty(t, l.buckets)
		require.Empty(t, l.fallback.levels)
		leave()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, l.slots)
		stop()
		<-done
	})
}

// Two gateways on one PostgreSQL together keep one limit.
func TestTwoGatewaysOnOneDatabase(t *testing.T) {
	url := postgres.Start(t).Database(t)
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	var gateways []*limiter
	for range 2 {
		db, err := store.Open(t.Context(), url)
		require.NoError(t, err)
		t.Cleanup(func() { _ = db.Close() })
		require.True(t, db.Shared())
		gateways = append(gateways, newLimiter(db, func() time.Time { return now }, silent))
	}
	const perMinute, limit = 200, 16
	var mu sync.Mutex
	var taken, running int
	var leave []func()
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Go(func() {
			l := gateways[i%2]
			ok := l.take(t.Context(), "s", perMinute, 1, 1).wait == 0
			end, entered := l.enter(t.Context(), "s", limit)
			mu.Lock()
			defer mu.Unlock()
			if ok {
				taken++
			}
			if entered {
				running++
				leave = append(leave, end)
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, taken, perMinute)
	require.GreaterOrEqual(t, taken, perMinute-2*perMinute/leaseOfMinute)
	require.LessOrEqual(t, running, limit)
	require.GreaterOrEqual(t, running, limit-2*limit/leaseOfSlots)
	for _, end := range leave {
		end()
	}
	gateways[0].renew(t.Context(), true)
	now = now.Add(time.Second)
	for range limit {
		_, ok := gateways[1].enter(t.Context(), "s", limit)
		require.True(t, ok)
	}
}

func TestScale(t *testing.T) {
	s := Scale{Base: 60, PerTAO: 6, Max: 1000}
	for stake, want := range map[gotensor.Rao]int64{
		0: 60, gotensor.RaoPerTAO / 2: 63, gotensor.RaoPerTAO: 66, 100 * gotensor.RaoPerTAO: 660, gotensor.MaxSupply: 1000, 1<<64 - 1: 1000,
	} {
		require.Equal(t, want, s.Of(stake), stake.String())
	}
}

func TestBandwidthIsLookedUpInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stake, fail, lookups := gotensor.Rao(5), false, 0
		b := newBandwidths(func(context.Context, gotensor.Address) (gotensor.Rao, error) {
			time.Sleep(time.Second) // a slow node
			lookups++
			if fail {
				return 0, errAway
			}
			return stake, nil
		}, time.Now, silent)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { b.run(ctx); close(done) }()
		now := func() gotensor.Rao {
			began := time.Now()
			defer func() { require.Zero(t, time.Since(began), "nobody waits") }()
			return b.of(alice)
		}
		require.Zero(t, now())
		require.Zero(t, now())
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 5, now())
		require.Equal(t, 1, lookups)
		stake = 7
		time.Sleep(bandwidthFor)
		require.EqualValues(t, 5, now(), "old, and asked for")
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 7, now())
		fail = true
		time.Sleep(10 * time.Minute)
		require.EqualValues(t, 7, now(), "the node is away: what was known holds")
		time.Sleep(10 * time.Minute)
		require.EqualValues(t, 7, now())
		require.Zero(t, b.of(gotensor.Address{}))
		stop()
		<-done
	})
}
