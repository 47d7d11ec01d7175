package fair_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fair"
)

// One slot, one place to wait: the third call is told at once when to come again.
func Example() {
	q := fair.New(fair.Config{Slots: 1, MaxQueued: 1})
	rich := fair.Claim{Caller: gotensor.Address{1}, Weight: 100}
	poor := fair.Claim{Caller: gotensor.Address{2}, Weight: 1}

	first, err := q.Acquire(context.Background(), rich)
	fmt.Println("served:", err == nil)

	impatient, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = q.Acquire(impatient, rich)
	fmt.Println("waited:", err)

	waits := make(chan error)
	go func() {
		t, err := q.Acquire(context.Background(), rich)
		if err == nil {
			t.Release()
		}
		waits <- err
	}()
	for queued, _ := q.Depth(); queued == 0; queued, _ = q.Depth() {
		time.Sleep(time.Millisecond)
	}
	_, err = q.Acquire(context.Background(), poor)
	var full *fair.Overload
	fmt.Println("refused:", errors.As(err, &full), full.Why)

	first.Release()
	fmt.Println("in turn:", <-waits == nil)
	// Output:
	// served: true
	// waited: context deadline exceeded
	// refused: true the queue is full
	// in turn: true
}
