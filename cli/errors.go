package cli

import (
	"errors"
	"fmt"
)

// What a command finds out before it asks the chain; each has its exit code.
var (
	// ErrRefused: the chain would not take this, or it would do harm (exit code 4).
	ErrRefused = errors.New("refused")
	// ErrLater: not now; the message says when (exit code 3).
	ErrLater = errors.New("not yet")
	// ErrNothing: what was named is not there (exit code 5).
	ErrNothing = errors.New("not found")
)

func refusedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

func laterf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrLater, fmt.Sprintf(format, args...))
}

func nothingf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNothing, fmt.Sprintf(format, args...))
}
