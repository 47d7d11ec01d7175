package issuance

import "errors"

var (
	// ErrState is returned for a state that no sequence of blocks leaves behind.
	ErrState = errors.New("invalid issuance state")
	// ErrShares is returned for shares that add up to more than the whole.
	ErrShares = errors.New("invalid shares")
)
