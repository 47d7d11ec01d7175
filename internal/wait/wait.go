// Package wait is how long-running programs wait: for a time, for something that will come back, and for their own end.
//
// Start at Sleep and Pause.
package wait

import (
	"context"
	"errors"
	"time"
)

// Sleep returns nil after d, or the context's error if that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Ended turns the end of the context, which is how a program is stopped, into success. Any other error passes, also when it
// came while the program was being stopped.
func Ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}

// Pause is the time between two tries: Least at first, then twice as long each time, up to Most.
type Pause struct {
	Least, Most time.Duration
	next        time.Duration
}

// Next is the pause to make now.
func (p *Pause) Next() time.Duration {
	d := min(max(p.next, p.Least), p.Most)
	p.next = 2 * d
	return d
}

// Reset starts again at Least: it worked.
func (p *Pause) Reset() { p.next = 0 }

// Sleep makes the next pause.
func (p *Pause) Sleep(ctx context.Context) error { return Sleep(ctx, p.Next()) }
