package fair

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

func newQueue(slots, maxQueued, maxPerCaller int) *Queue {
	return New(Config{Slots: slots, MaxQueued: maxQueued, MaxPerCaller: maxPerCaller})
}

func addr(n byte) gotensor.Address { return gotensor.Address{n} }

const service = 5 * time.Millisecond

// callers keep `inFlight` calls each in the queue until the time is over, and count what was served.
func closedLoop(t *testing.T, q *Queue, weights []uint64, inFlight int, d time.Duration) []int {
	t.Helper()
	served := make([]int, len(weights))
	var mu sync.Mutex
	end := time.Now().Add(d)
	var all sync.WaitGroup
	for i, w := range weights {
		for range inFlight {
			all.Go(func() {
				for time.Now().Before(end) {
					tk, err := q.Acquire(t.Context(), Claim{Caller: addr(byte(i + 1)), Weight: w})
					if err != nil {
						return
					}
					time.Sleep(service)
					tk.Release()
					mu.Lock()
					served[i]++
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	return served
}

func TestQueueIsFair(t *testing.T) {
	for name, weights := range map[string][]uint64{
		"1:10:100":         {1e9, 10e9, 100e9},
		"equal":            {7, 7, 7},
		"1:2:3:4":          {1, 2, 3, 4},
		"rao of the whole": {21e14, 21e15, 21e13},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				served := closedLoop(t, newQueue(4, 1024, 16), weights, 16, time.Minute)
				var sumW, sumS float64
				for i := range weights {
					sumW += float64(weights[i])
					sumS += float64(served[i])
				}
				require.InEpsilon(t, time.Minute/service*4, sumS, 0.01, "no slot is idle")
				for i := range weights {
					require.InEpsilon(t, float64(weights[i])/sumW, float64(served[i])/sumS, 0.1, "%v", served)
				}
			})
		})
	}
}

func TestQueueIsFairUnderOpenLoopWithDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(4, 1024, 16)
		weights := []uint64{1, 10, 100}
		var served, expiredWaiting [3]int
		var mu sync.Mutex
		var all sync.WaitGroup
		rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a fixed sequence is what the test needs
		// 3 x 1,000 calls per second on slots for 800.
		for range 60_000 {
			i := rng.IntN(3)
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				tk, err := q.Acquire(ctx, Claim{Caller: addr(byte(i + 1)), Weight: weights[i]})
				mu.Lock()
				if errors.Is(err, context.DeadlineExceeded) {
					expiredWaiting[i]++
				}
				mu.Unlock()
				if err != nil {
					return
				}
				time.Sleep(service)
				tk.Release()
				mu.Lock()
				served[i]++
				mu.Unlock()
			})
			time.Sleep(time.Second / 3000)
		}
		all.Wait()
		require.InEpsilon(t, 10, float64(served[1])/float64(served[0]), 0.1, "%v", served)
		require.InEpsilon(t, 100, float64(served[2])/float64(served[0]), 0.1, "%v", served)
		require.Less(t, expiredWaiting[0], served[0]/10, "hopeless calls are refused early, not left to expire")
		require.Empty(t, q.flows, "an idle queue remembers nobody")
		require.Zero(t, q.queued)
		require.Equal(t, 4, q.free)
	})
}

func TestQueueSharesByTimeHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 1024, 16)
		held := map[byte]time.Duration{}
		var mu sync.Mutex
		var all sync.WaitGroup
		end := time.Now().Add(time.Minute)
		for who, each := range map[byte]time.Duration{1: 5 * time.Millisecond, 2: 100 * time.Millisecond} {
			for range 8 {
				all.Go(func() {
					for time.Now().Before(end) {
						tk, err := q.Acquire(t.Context(), Claim{Caller: addr(who), Weight: 1})
						if err != nil {
							return
						}
						time.Sleep(each)
						tk.Release()
						mu.Lock()
						held[who] += each
						mu.Unlock()
					}
				})
			}
		}
		all.Wait()
		require.Less(t, held[2], 4*held[1], "twenty times slower calls do not take twenty times the slots: %v", held)
	})
}

func TestQueueBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 4, 3)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		first, err := q.Acquire(ctx, Claim{Caller: addr(1), Weight: 1})
		require.NoError(t, err)
		results := make(chan error, 16)
		wait := func(who byte, weight uint64) {
			go func() {
				tk, err := q.Acquire(ctx, Claim{Caller: addr(who), Weight: weight})
				if err == nil {
					tk.Release()
				}
				results <- err
			}()
			synctest.Wait()
		}
		for range 3 {
			wait(1, 1)
		}
		require.Empty(t, results)
		wait(1, 1)
		requireOverloaded(t, <-results, "this caller")
		wait(2, 1)
		require.Equal(t, 4, q.queued)
		wait(3, 100) // full: the last call of the longest line makes room
		requireOverloaded(t, <-results, "full")
		require.Equal(t, 4, q.queued)
		require.Len(t, q.flows[addr(1)].waiting, 2)
		wait(4, 0) // nobody would be served after this one
		requireOverloaded(t, <-results, "full")
		first.Release()
		for range 4 {
			require.NoError(t, <-results)
		}
		synctest.Wait()
		require.Empty(t, q.flows)
	})
}

func requireOverloaded(t *testing.T, err error, why string) {
	t.Helper()
	var r *Overload
	require.ErrorAs(t, err, &r)
	require.Contains(t, r.Error(), why)
	require.GreaterOrEqual(t, r.Retry, minRetry)
	require.LessOrEqual(t, r.Retry, maxRetry)
}

func TestQueueRefusesHopelessCallsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 100, 16)
		warm, err := q.Acquire(t.Context(), Claim{Caller: addr(1), Weight: 1})
		require.NoError(t, err)
		time.Sleep(time.Second) // now a call is known to take a second
		warm.Release()
		holder, err := q.Acquire(t.Context(), Claim{Caller: addr(1), Weight: 1})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err = q.Acquire(ctx, Claim{Caller: addr(2), Weight: 1})
		requireOverloaded(t, err, "expire")
		require.Zero(t, time.Since(began))
		holder.Release()
	})
}

func TestQueueExpiredCallsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 100, 16)
		holder, err := q.Acquire(t.Context(), Claim{Caller: addr(1), Weight: 1})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = q.Acquire(ctx, Claim{Caller: addr(2), Weight: 1})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotContains(t, q.flows, addr(2))
		require.Empty(t, q.backlog)
		require.Zero(t, q.waitingW)
		holder.Release()
	})
}

func TestQueueFloors(t *testing.T) {
	q := newQueue(1, 10, 10)
	const heavy = 1_000_000_000
	require.InDelta(t, heavy, q.flow(Claim{Caller: addr(1), Weight: heavy}).weight, 0)
	require.InDelta(t, heavy*validatorFloor, q.flow(Claim{Caller: addr(2), Weight: 1, Validator: true}).weight, 1e-6)
	require.InDelta(t, heavy*lowestShare, q.flow(Claim{Caller: addr(3)}).weight, 1e-6)
}

// TestQueueLosesNothing plays random arrivals, departures and timeouts, and checks that no slot and no count is lost.
func TestQueueLosesNothing(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable on purpose
			q := newQueue(2, 6, 3)
			var all sync.WaitGroup
			for range 100 {
				c := Claim{Caller: addr(byte(rng.IntN(5))), Weight: rng.Uint64N(1e18), Validator: rng.IntN(3) == 0}
				patience, work := time.Duration(rng.IntN(7)+1)*time.Millisecond, time.Duration(rng.IntN(4))*time.Millisecond
				all.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					tk, err := q.Acquire(ctx, c)
					if err != nil {
						return
					}
					time.Sleep(work)
					tk.Release()
				})
				if rng.IntN(2) == 0 {
					time.Sleep(time.Millisecond / 2)
				}
				checkQueue(t, q)
			}
			all.Wait()
			require.Equal(t, 2, q.free)
			require.Empty(t, q.flows)
			require.Empty(t, q.backlog)
		})
	}
}

func checkQueue(t *testing.T, q *Queue) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := 0
	for _, f := range q.backlog {
		waiting += len(f.waiting)
	}
	require.Equal(t, waiting, q.queued)
	require.LessOrEqual(t, q.queued, 6)
	require.True(t, q.queued == 0 || q.free == 0, "a slot is idle while calls wait")
}

func BenchmarkQueue(b *testing.B) {
	for _, callers := range []int{1, 1000} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			q := newQueue(1, 1<<20, 1<<20)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				tk, err := q.Acquire(b.Context(), Claim{Caller: gotensor.Address{byte(i), byte(i % callers >> 8)}, Weight: uint64(i % callers)})
				if err != nil {
					b.Fatal(err)
				}
				tk.Release()
			}
		})
	}
}

func TestQueueKeepsASlotForValidators(t *testing.T) {
	q := New(Config{Slots: 3, Kept: 1})
	guest := func(n byte) Claim { return Claim{Caller: addr(n), Weight: 1} }
	judge := Claim{Caller: addr(99), Weight: 1e9, Validator: true}
	first, err := q.Acquire(t.Context(), guest(1))
	require.NoError(t, err)
	second, err := q.Acquire(t.Context(), guest(2))
	require.NoError(t, err)

	granted := make(chan *Ticket, 1)
	go func() {
		tk, err := q.Acquire(t.Context(), guest(3))
		if err == nil {
			granted <- tk
		}
	}()
	require.Eventually(t, func() bool { queued, _ := q.Depth(); return queued == 1 }, 10*time.Second, time.Millisecond, "the third guest waits")

	tk, err := q.Acquire(t.Context(), judge)
	require.NoError(t, err, "a validator does not")
	tk.Release()
	require.Empty(t, granted, "nor does its slot go to a guest")

	first.Release()
	third := <-granted
	fourth, err := q.Acquire(t.Context(), judge)
	require.NoError(t, err)
	for _, tk := range []*Ticket{second, third, fourth} {
		tk.Release()
	}
	queued, running := q.Depth()
	require.Zero(t, queued)
	require.Zero(t, running)
	require.Zero(t, q.guests)
}

// TestQueueStarvesNoValidator: the poorest validator waits for at most a thousand calls of the heaviest caller, whatever he sends.
func TestQueueStarvesNoValidator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 64, 32)
		const longest = 1 / validatorFloor
		heavy, served := Claim{Caller: addr(1), Weight: 1e18}, 0
		var mu sync.Mutex
		count := func() int {
			mu.Lock()
			defer mu.Unlock()
			return served
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for {
					tk, err := q.Acquire(ctx, heavy)
					if err != nil {
						return
					}
					time.Sleep(service)
					tk.Release()
					mu.Lock()
					served++
					mu.Unlock()
				}
			})
		}
		synctest.Wait()
		for range 5 {
			before := count()
			tk, err := q.Acquire(t.Context(), Claim{Caller: addr(2), Validator: true})
			require.NoError(t, err)
			require.LessOrEqual(t, count()-before, int(longest)+1)
			time.Sleep(service)
			tk.Release()
		}
		require.Greater(t, count(), int(longest), "the heaviest is served meanwhile")
		stop()
		all.Wait()
	})
}

func TestTicketIsGivenBackOnce(t *testing.T) {
	q := newQueue(1, 1, 1)
	tk, err := q.Acquire(t.Context(), Claim{Caller: addr(1)})
	require.NoError(t, err)
	tk.Release()
	tk.Release()
	_, running := q.Depth()
	require.Zero(t, running)
}
