package dendrite

import (
	"context"
	"sync"
)

// DefaultFanout is how many calls Each makes at the same time unless told otherwise. More only queue in our own process: with 64
// in flight a round of a thousand calls is as quick as with all at once, and a single call ten times quicker.
const DefaultFanout = 64

// Result is the outcome of one call of Each.
type Result[R any] struct {
	Value R
	Err   error
}

// Each calls f for every item, at most limit at a time (0: DefaultFanout), and returns the results in the order of the items
// when all have ended. Calls that have not begun when ctx ends get its error instead. Every f has its own deadline if it calls
// through a Client: the time spent waiting for a turn does not count.
func Each[T, R any](ctx context.Context, items []T, limit int, f func(ctx context.Context, item T) (R, error)) []Result[R] {
	if limit <= 0 {
		limit = DefaultFanout
	}
	results := make([]Result[R], len(items))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(limit, len(items)) {
		workers.Go(func() {
			for i := range next {
				if err := ctx.Err(); err != nil {
					results[i].Err = err
					continue
				}
				results[i].Value, results[i].Err = f(ctx, items[i])
			}
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	workers.Wait()
	return results
}
