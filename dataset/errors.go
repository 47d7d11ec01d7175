package dataset

import "errors"

var (
	// ErrTooShort says that a text is too short to be cut into passages of all splits.
	ErrTooShort = errors.New("text too short")
	// ErrTooLong says that a text is larger than MaxText.
	ErrTooLong = errors.New("text too long")
	// ErrFormat says that a file is not of a kind that Open reads, or that a line of it is broken.
	ErrFormat = errors.New("unreadable text source")
	// ErrNoItems says that a source has too few places for a question: held-out word boundaries with enough text around.
	ErrNoItems = errors.New("too few places for an item")
	// ErrState says that a saved state of a Drawer is damaged.
	ErrState = errors.New("damaged drawer state")
)
