package fair

import (
	"fmt"
	"time"
)

// Overload is the refusal of a call for which there is no room.
type Overload struct {
	// Why in a few words.
	Why string
	// Retry is when to try again, 100 ms to a minute.
	Retry time.Duration
}

// Error says why there is no room.
func (o *Overload) Error() string {
	return fmt.Sprintf("overloaded: %s, try again in %v", o.Why, o.Retry.Round(time.Millisecond))
}

func overloaded(why string, wait time.Duration) error {
	return &Overload{Why: why, Retry: min(max(wait, minRetry), maxRetry)}
}
